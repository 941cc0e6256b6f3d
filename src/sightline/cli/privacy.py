"""`sightline privacy`: the rules, what they say, what they find, and their export."""

import sys
from pathlib import Path

import click
import msgspec

from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.cli import stored
from sightline.cli.opening import opened
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async
from sightline.cli.stored import for_site, scope
from sightline.errors import CheckFailed, InvalidValue
from sightline.privacy import dictionary
from sightline.privacy.export import export_for
from sightline.privacy.masks import find
from sightline.privacy.structures import mask_log_line
from sightline.settings import Loaded
from sightline.signals.activation import Activation, Wanted, activate
from sightline.signals.rules import INSTANCE

_MAX_TEST_BYTES = 50_000_000


@click.group()
def privacy() -> None:
    """What is personal, and how it is masked."""


for command in stored.COMMANDS:
    privacy.add_command(command)


@privacy.group()
def rules() -> None:
    """The dictionary: list, show, compare, activate, test and export its rules."""


def _loaded(path: str | None) -> dictionary.Rules:
    """The default dictionary, or a site's file laid over it."""
    if path is None or path == "default":
        return dictionary.default()
    text = source_of(path)
    try:
        return dictionary.load(text, dictionary.default())
    except dictionary.DictionaryError as exc:
        raise dictionary.DictionaryError(f"{path}: {exc.message}", hint=exc.hint) from exc


def source_of(path: str) -> str:
    """The text of a dictionary file; `default` is what lies below as it is."""
    if path == "default":
        return ""
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidValue(f"cannot read {path!r}: {exc}", hint="Name a dictionary file, or `default`.") from exc


async def _named(loaded: Loaded, reference: str, site: str | None) -> dictionary.Rules:
    """The rules that somebody means: `active`, a version's number, `default`, or a file laid over the default."""
    if reference != "active" and not reference.isdigit():
        return _loaded(reference)
    async with opened(loaded) as house:
        if reference.isdigit():
            return (await house.rules.version(int(reference))).rules
        meant = await scope(house.database, site, Permission.PRIVACY_READ)
        return (await house.rules.active(meant.site if site else INSTANCE)).rules


@rules.command("list")
@places
@for_site
@as_json
@run_async
async def list_(*, loaded: Loaded, site: str | None, json: bool) -> None:
    """List the versions that are and were in force, the latest first; * is in force."""
    async with opened(loaded) as house:
        wanted = (await scope(house.database, site, Permission.PRIVACY_READ)).site if site is not None else None
        found = await house.rules.listing(wanted)
    if json:
        print_json({"items": [msgspec.to_builtins(version) for version in found]})
        return
    print_table(
        [
            {
                "": "*" if version.is_active else "",
                "version": version.number,
                "for": "all sites" if version.site == INSTANCE else f"site {version.site}",
                "name": version.name,
                "hash": version.hash,
                "activated": f"{version.activated_at:%Y-%m-%d %H:%M}",
                "by": "operator" if version.activated_by is None else f"user {version.activated_by}",
                "note": version.note,
            }
            for version in found
        ]
    )


@rules.command()
@places
@click.argument("which", metavar="[FILE|VERSION|active|default]", default="active")
@for_site
@as_json
@run_async
async def show(*, loaded: Loaded, which: str, site: str | None, json: bool) -> None:
    """Show the fields of the rules in force, of a version, of what ships, or of a file laid over that."""
    shown = await _named(loaded, which, site)
    if json:
        print_json(msgspec.json.decode(shown.canonical) | {"version": shown.version})
        return
    click.echo(f"rules {shown.document.name}, version {shown.version}\n")
    print_table(
        [
            {
                "number": field.number,
                "field": field.name,
                "tier": field.tier,
                "can be unmasked": not field.never_unmask,
                "detectors": len(field.detectors),
                "meaning": field.title,
            }
            for field in sorted(shown.fields, key=lambda field: field.number)
        ]
    )
    if shown.unmask:
        click.echo("\nunmasked:")
        print_table(
            [
                {"what": entry.what, "reason": entry.reason, "signed_by": entry.signed_by, "date": entry.date}
                for entry in shown.unmask
            ]
        )


@rules.command()
@places
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@for_site
@as_json
@run_async
async def diff(*, loaded: Loaded, a: str, b: str, site: str | None, json: bool) -> None:
    """Show what rules B have that A have not; each a FILE, a VERSION's number, `active`, or `default`."""
    before, after = await _named(loaded, a, site), await _named(loaded, b, site)
    rows = dictionary.diff(before, after)
    if json:
        print_json({"from": before.version, "to": after.version, "changes": rows})
        return
    click.echo(f"{before.version} -> {after.version}")
    print_table(rows) if rows else click.echo("no difference")


@rules.command("activate")
@places
@click.argument("file")
@for_site
@click.option("--sign-off", default="", metavar="NAME", help="Who answers for what may be seen from now on.")
@click.option("--note", default="", help="Why, for the history.")
@dry_run
@as_json
@run_async
async def activate_(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, file: str, site: str | None, sign_off: str, note: str, dry_run: bool, json: bool
) -> None:
    """Put the rules of FILE into force, for all sites or for one; `default`: what lies below as it is.

    The file may only tighten what ships (a site's: what the instance has in force), except for unmask entries. These,
    and anything that hides less than what is in force, need --sign-off.

    \b
    Example: sightline privacy rules activate rules.toml --dry-run
    """
    source = source_of(file)
    async with opened(loaded) as house:
        meant = await scope(house.database, site, Permission.PRIVACY_MANAGE)
        wanted = Wanted(
            source=source, site=meant.site if site else INSTANCE, tenant=meant.tenant if site else None,
            sign_off=sign_off, note=note, dry_run=dry_run,
        )  # fmt: skip
        try:
            done = await activate(house.database, operator(), wanted)
        except dictionary.DictionaryError as exc:
            raise dictionary.DictionaryError(f"{file}: {exc.message}", hint=exc.hint) from exc
    if json:
        print_json(msgspec.to_builtins(done))
        return
    _say_activated(done)


def _say_activated(done: Activation) -> None:
    if not done.is_new:
        click.echo(f"version {done.before} says the same already; nothing to activate")
        return
    print_table(done.changes)
    for line in done.loosened:
        click.echo(f"hides less: {line}")
    also = f", and the rules of {len(done.sites)} sites laid over them" if done.sites else ""
    if done.number is None:
        click.echo(f"dry run: {done.hash} would follow version {done.before}{also}")
    else:
        click.echo(f"version {done.number} ({done.hash}) is in force{also}")
        click.echo("what is stored stays as it was masked: `sightline privacy remask` masks it anew", err=True)


@rules.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--rules", "rules_file", help="A site's dictionary; without it the default.")
@click.option("--masked", is_flag=True, help="Print the text masked instead of what was found.")
@as_json
def test(file: Path, rules_file: str | None, masked: bool, json: bool) -> None:
    """Search FILE (`-`: standard input) line by line; exit code 1 when something personal stands in it.

    It says where and what kind, never the value itself.
    """
    active = _loaded(rules_file)
    lines = _lines(file)
    if masked:
        for line in lines:
            click.echo(mask_log_line(active, line))
        return
    rows = [row for number, line in enumerate(lines, 1) for row in _findings(active, number, line)]
    if json:
        print_json({"version": active.version, "lines": len(lines), "findings": rows})
    elif rows:
        print_table(rows)
    else:
        click.echo(f"nothing found in {len(lines)} lines (rules {active.version})")
    if rows:
        raise CheckFailed(f"{len(rows)} findings in {len(lines)} lines", hint="`--masked` prints the text masked.")


def _lines(file: Path) -> list[str]:
    try:
        data = sys.stdin.buffer.read(_MAX_TEST_BYTES + 1) if str(file) == "-" else file.read_bytes()
    except OSError as exc:
        raise InvalidValue(f"cannot read {str(file)!r}: {exc.strerror}", hint="Name a readable file.") from exc
    if len(data) > _MAX_TEST_BYTES:
        raise InvalidValue(f"{str(file)!r} is over {_MAX_TEST_BYTES} bytes", hint="Split it.")
    return data.decode("utf-8", "replace").splitlines()


def _findings(active: dictionary.Rules, number: int, line: str) -> list[dict[str, object]]:
    hits = find(active, line)
    if hits is None:
        return [{"line": number, "column": 1, "length": len(line), "field": "encoded", "tier": None}]
    return [
        {
            "line": number,
            "column": hit.start + 1,
            "length": hit.end - hit.start,
            "field": hit.field.name,
            "tier": hit.field.tier,
        }
        for hit in hits
    ]


@rules.command()
@click.option("--for", "consumer", type=click.Choice(["browser", "lambda"]), required=True, help="Who will read it.")
@click.option("--rules", "rules_file", help="A site's dictionary; without it the default.")
def export(consumer: str, rules_file: str | None) -> None:
    """Print the rules as versioned JSON for the browser SDK or the Lambda libraries."""
    print_json(export_for("browser" if consumer == "browser" else "lambda", _loaded(rules_file)))
