"""`sightline privacy`: the rules, what they say, what they find, and their export."""

import sys
from pathlib import Path

import click
import msgspec

from sightline.cli.output import as_json, print_json, print_table
from sightline.errors import CheckFailed, InvalidValue
from sightline.privacy import dictionary
from sightline.privacy.export import export_for
from sightline.privacy.masks import find
from sightline.privacy.structures import mask_log_line

_MAX_TEST_BYTES = 50_000_000


@click.group()
def privacy() -> None:
    """What is personal, and how it is masked."""


@privacy.group()
def rules() -> None:
    """The dictionary: show, compare, test and export its rules."""


def _loaded(path: str | None) -> dictionary.Rules:
    """The default dictionary, or a site's file laid over it."""
    if path is None or path == "default":
        return dictionary.default()
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidValue(f"cannot read {path!r}: {exc}", hint="Name a dictionary file, or `default`.") from exc
    try:
        return dictionary.load(text, dictionary.default())
    except dictionary.DictionaryError as exc:
        raise dictionary.DictionaryError(f"{path}: {exc.message}", hint=exc.hint) from exc


@rules.command()
@click.argument("file", required=False)
@as_json
def show(file: str | None, json: bool) -> None:
    """Show the fields of the default dictionary, or of FILE laid over it."""
    shown = _loaded(file)
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
@click.argument("a")
@click.argument("b")
@as_json
def diff(a: str, b: str, json: bool) -> None:
    """Show what the rules of file B have that those of A have not; `default` stands for the shipped ones."""
    before, after = _loaded(a), _loaded(b)
    rows = dictionary.diff(before, after)
    if json:
        print_json({"from": before.version, "to": after.version, "changes": rows})
        return
    click.echo(f"{before.version} -> {after.version}")
    print_table(rows) if rows else click.echo("no difference")


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
