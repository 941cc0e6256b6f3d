"""`sightline issues`: errors that are one and the same, and what is decided about them."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import click
import msgspec

from sightline import clock
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for, site_named
from sightline.cli.opening import opened
from sightline.cli.output import as_json, document, places, print_json, print_table, run_async
from sightline.errors import InvalidValue
from sightline.health import issues as deciding
from sightline.health import noise
from sightline.health.frames import frames
from sightline.health.issues import Issue, JournalErrors, Order, Status
from sightline.operate.house import House
from sightline.server.grouping import grouping_of, resolver_of
from sightline.settings import Loaded

_SPAN: Final = re.compile(r"([1-9]\d{0,3})([hdw])")
_HOURS: Final = {"h": 1, "d": 24, "w": 168}
on_site = click.option("--site", required=True, help="An id, a UUID, a name or a domain.")
some = click.argument("numbers", nargs=-1, required=True, type=int, metavar="ISSUE...")


@click.group()
def issues() -> None:
    """List and show issues, decide about them, merge and split them.

    Visitors are counted in PostgreSQL here: of errors that are not pruned from the journal yet.
    """


@issues.command("list")
@places
@on_site
@click.option("--status", type=click.Choice([one.value for one in Status]), help="Only issues of this status.")
@click.option("--regressed", is_flag=True, help="Only those that came back after they were resolved.")
@click.option("--release", help="Only those seen in this release.")
@click.option("--search", help="Only those with this in title or place.")
@click.option(
    "--order",
    type=click.Choice([one.value for one in Order]),
    default=Order.LAST.value,
    show_default=True,
    help="Which come first.",
)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@as_json
@run_async
async def list_(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, status: str | None, regressed: bool, release: str | None, search: str | None,
    order: str, limit: int, json: bool,
) -> None:  # fmt: skip
    """List the issues of a site.

    \b
    Example: sightline issues list --site Shop --status open --order events
    """
    async with _opened(loaded, site) as (house, scope):
        await grouping_of(house).catch_up()
        wanted = deciding.Wanted(
            status=Status(status) if status else None, regressed=True if regressed else None, release=release,
            search=search, order=Order(order), limit=limit,
        )  # fmt: skip
        found = await deciding.listing(house.database, scope, wanted, JournalErrors(house.database))
    _print(found, json=json)


@issues.command()
@places
@on_site
@click.argument("number", type=int, metavar="ISSUE")
@as_json
@run_async
async def show(*, loaded: Loaded, site: str, number: int, json: bool) -> None:
    """Show an issue: why its errors are one, where they were seen, and the last of them with its stack."""
    async with _opened(loaded, site) as (house, scope):
        await grouping_of(house).catch_up()
        errors = JournalErrors(house.database)
        found = await deciding.show(house.database, scope, number, errors)
        groups = await deciding.groups(house.database, scope, number)
        releases = await deciding.releases_of(house.database, scope, number)
        keys = await deciding.keys_of(house.database, scope, number)
        last = await deciding.occurrences(errors, scope.site, keys, limit=1)
        stack = (
            await resolver_of(house).resolve(scope.site, last[0]["release"], frames(last[0]["stack"])) if last else []
        )
    if json:
        print_json(
            {
                **document(found),
                "groups": [{**msgspec.to_builtins(one), "fingerprint": str(one.fingerprint)} for one in groups],
                "releases": releases,
                "frames": [msgspec.to_builtins(one) for one in stack],
            }
        )
        return
    _print_one(found)
    for group in groups:
        click.echo(f"\n{group.events} errors (fingerprint {group.fingerprint}): {group.why.sentence}")
        for text in (group.why.message, *group.why.frames):
            if text:
                click.echo(f"    {text}")
    for frame in stack:
        click.echo(f"\n  {frame.function or '(anonymous)'}  {frame.file}:{frame.line}:{frame.column}")
        if frame.missing:
            click.echo(f"    no source: {frame.missing}")
        for line in frame.code:
            click.echo(f"  {'>' if line.number == frame.line else ' '} {line.number:5} {line.text}")


@issues.command()
@places
@on_site
@some
@click.option("--release", "release", default="", help="In which release it is done, or `next`: it is back in a later.")
@as_json
@run_async
async def resolve(*, loaded: Loaded, site: str, numbers: tuple[int, ...], release: str, json: bool) -> None:
    """Say that issues are done.

    \b
    Example: sightline issues resolve 12 13 --site Shop --release 2.4.0
    """
    async with _opened(loaded, site, Permission.SITE_CHANGE) as (house, scope):
        await deciding.resolve(house.database, scope, numbers, release)
        await _print_some(house, scope, numbers, json=json)


@issues.command()
@places
@on_site
@some
@click.option("--until", help="2026-12-31, or 12h, 7d, 4w from now; for good if nothing is said.")
@click.option("--events", type=click.IntRange(1), help="Until it was seen so many times more.")
@as_json
@run_async
async def ignore(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, numbers: tuple[int, ...], until: str | None, events: int | None, json: bool
) -> None:
    """Ignore issues, for good or until then.

    \b
    Example: sightline issues ignore 12 --site Shop --until 7d
    """
    until_ms = None if until is None else _moment(until)
    async with _opened(loaded, site, Permission.SITE_CHANGE) as (house, scope):
        await deciding.ignore(house.database, scope, numbers, until_ms=until_ms, events=events)
        await _print_some(house, scope, numbers, json=json)


@issues.command("open")
@places
@on_site
@some
@as_json
@run_async
async def open_(*, loaded: Loaded, site: str, numbers: tuple[int, ...], json: bool) -> None:
    """Open issues again."""
    async with _opened(loaded, site, Permission.SITE_CHANGE) as (house, scope):
        await deciding.reopen(house.database, scope, numbers)
        await _print_some(house, scope, numbers, json=json)


@issues.command()
@places
@on_site
@some
@click.option("--to", "login", required=True, help="An e-mail address or user name; '' for nobody.")
@as_json
@run_async
async def assign(*, loaded: Loaded, site: str, numbers: tuple[int, ...], login: str, json: bool) -> None:
    """Say who looks after issues."""
    async with _opened(loaded, site, Permission.SITE_CHANGE) as (house, scope):
        user = await deciding.user_of_login(house.database, login) if login else None
        await deciding.assign(house.database, scope, numbers, user)
        await _print_some(house, scope, numbers, json=json)


@issues.command()
@places
@on_site
@some
@click.option("--into", required=True, type=int, metavar="ISSUE", help="Whose status and assignee stay.")
@as_json
@run_async
async def merge(*, loaded: Loaded, site: str, numbers: tuple[int, ...], into: int, json: bool) -> None:
    """Let some issues be one with another."""
    async with _opened(loaded, site, Permission.SITE_CHANGE) as (house, scope):
        await deciding.merge(house.database, scope, numbers, into)
        await _print_some(house, scope, (into,), json=json)


@issues.command()
@places
@on_site
@click.argument("number", type=int, metavar="ISSUE")
@click.option("--fingerprint", "fingerprints", multiple=True, type=int, help="A part, as `show` names it.")
@click.option("--key", "keys", multiple=True, type=int, help="One message at one place of one build.")
@as_json
@run_async
async def split(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, number: int, fingerprints: tuple[int, ...], keys: tuple[int, ...], json: bool
) -> None:
    """Take parts out of an issue; they are an issue of their own."""
    async with _opened(loaded, site, Permission.SITE_CHANGE) as (house, scope):
        new = await deciding.split(house.database, scope, number, fingerprints=fingerprints, keys=keys)
        await _print_some(house, scope, (new.id,), json=json)


@issues.command("noise")
@places
@on_site
@click.option("--off", multiple=True, type=click.Choice(noise.NAMES), help="A known rule that this site does not want.")
@click.option("--on", multiple=True, type=click.Choice(noise.NAMES), help="Want it again.")
@click.option("--add", multiple=True, metavar="PATTERN", help="A message that is noise, with * for any characters.")
@click.option("--add-file", multiple=True, metavar="PATTERN", help="A file whose errors are noise.")
@click.option("--remove", multiple=True, metavar="PATTERN", help="A rule of this site that goes.")
@as_json
@run_async
async def noise_(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, off: tuple[str, ...], on: tuple[str, ...], add: tuple[str, ...],
    add_file: tuple[str, ...], remove: tuple[str, ...], json: bool,
) -> None:  # fmt: skip
    """Show or change what is taken for noise, and how much of it came in the last 30 days.

    \b
    Example: sightline issues noise --site Shop --add 'Failed to fetch*analytics*'
    """
    changes = bool(off or on or add or add_file or remove)
    async with _opened(loaded, site, Permission.SITE_CHANGE if changes else Permission.SITE_ERRORS) as (house, scope):
        await grouping_of(house).catch_up()
        found = await deciding.noise_rules(house.database, scope)
        if changes:
            now_off = {one.name for one in found if not one.is_on} | set(off)
            own = [noise.Rule(r.name, r.over) for r in found if r.over != "known" and r.name not in remove]
            own += [noise.Rule(pattern) for pattern in add] + [noise.Rule(pattern, "file") for pattern in add_file]
            await deciding.change_noise(
                house.database, grouping_of(house), scope, off=sorted(now_off - set(on)), own=own
            )  # fmt: skip
            found = await deciding.noise_rules(house.database, scope)
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    print_table(
        [{"rule": r.name, "over": r.over, "on": r.is_on, "errors": r.events, "meaning": r.meaning} for r in found]
    )


@issues.command()
@places
@on_site
@as_json
@run_async
async def releases(*, loaded: Loaded, site: str, json: bool) -> None:
    """List the releases of a site, the latest first, with their errors."""
    async with _opened(loaded, site) as (house, scope):
        await grouping_of(house).catch_up()
        found = await deciding.releases(house.database, scope, limit=200)
    if json:
        print_json({"items": found})
        return
    print_table([{**row, "first_ms": _shown(row["first_ms"])} for row in found])


@issues.command()
@places
@on_site
@as_json
@run_async
async def regroup(*, loaded: Loaded, site: str, json: bool) -> None:
    """Count all errors anew, and work out which are one, with the source maps and rules of now."""
    async with _opened(loaded, site, Permission.SITE_CHANGE) as (house, scope):
        grouping = grouping_of(house)
        errors = await grouping.recount([scope.site])
        changed = await grouping.regroup(scope.site)
    if json:
        print_json({"errors": errors, "changed": changed})
    else:
        click.echo(f"counted {errors:,} errors; {changed:,} kinds of them changed")


@asynccontextmanager
async def _opened(
    loaded: Loaded, site: str, permission: Permission = Permission.SITE_ERRORS
) -> AsyncIterator[tuple[House, Scope]]:
    async with opened(loaded) as house:
        named = await site_named(house.database, site)
        yield house, await scope_for(house.database, operator(), permission, site=named)


async def _print_some(house: House, scope: Scope, numbers: Sequence[int], *, json: bool) -> None:
    _print([await deciding.show(house.database, scope, one) for one in numbers], json=json)


def _print(found: Sequence[Issue], *, json: bool) -> None:
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    print_table([_row(one) for one in found])


def _row(one: Issue) -> dict[str, Any]:
    return {
        "issue": one.id, "status": _status(one), "errors": one.events, "visitors": one.visitors,
        "last": _shown(one.last_ms), "release": one.last_release or None, "title": one.title[:80],
    }  # fmt: skip


def _print_one(one: Issue) -> None:
    for label, value in (
        ("title", one.title),
        ("where", one.culprit or "-"),
        ("status", _status(one)),
        ("errors", f"{one.events:,} of {'unknown' if one.visitors is None else one.visitors} visitors"),
        ("seen", f"{_shown(one.first_ms)} to {_shown(one.last_ms)}"),
        ("releases", " to ".join(dict.fromkeys([one.first_release, one.last_release])) or "-"),
    ):
        click.echo(f"{label:14} {value}")


def _status(one: Issue) -> str:
    if one.status is Status.OPEN and one.regressed_ms is not None:
        return "regressed" + (f" in {one.regressed_in}" if one.regressed_in else "")
    if one.status is Status.RESOLVED and one.resolved_in:
        return f"resolved in {one.resolved_in}"
    return one.status.value


def _shown(moment_ms: int) -> str:
    return f"{clock.from_ms(moment_ms):%Y-%m-%d %H:%M}"


def _moment(text: str) -> int:
    if span := _SPAN.fullmatch(text):
        return clock.now_ms() + int(span[1]) * _HOURS[span[2]] * 3_600_000
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"--until {text!r}", hint="Write 2026-12-31, or 12h, 7d, 4w.") from None
    return clock.to_ms(found if found.tzinfo else found.replace(tzinfo=UTC))
