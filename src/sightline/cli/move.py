"""`sightline import` and `sightline export`: moving in from other products and files, and out again."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import click
import msgspec

from sightline.accounts import names
from sightline.accounts import sites as accounts
from sightline.accounts.permissions import Permission
from sightline.analytics.export import Format
from sightline.analytics.period import period
from sightline.cli.opening import opened
from sightline.cli.output import as_json, dry_run, places, print_json, print_table, run_async
from sightline.cli.stored import Moment, scope
from sightline.collect.csv_rows import FIELDS
from sightline.collect.umami_rows import EPOCH_US
from sightline.errors import CheckFailed, NotFound
from sightline.moving import addresses, umami
from sightline.moving.csv_file import CsvResult, CsvWish, move_csv
from sightline.moving.export import exported, kind_named
from sightline.moving.progress import Progress
from sightline.moving.reconcile import Reconciled, reconcile
from sightline.moving.stored import Range
from sightline.moving.umami_plan import REASONS, Plan
from sightline.moving.umami_source import open_source
from sightline.settings import Loaded
from sightline.signals.extents import Catalogue

_SHOWN_EVERY_S: Final = 10.0
_MOST_DIFFERENCES: Final = 50


class Shown:
    """Progress on stderr: one line that is written over for people, a line every ten seconds for logs."""

    def __init__(self) -> None:
        self._people = sys.stderr.isatty()
        self._last = time.monotonic()
        self._is_open = False

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last < (0.2 if self._people else _SHOWN_EVERY_S):
            return
        self._last = now
        click.echo(f"\r  {progress.line():<78}" if self._people else progress.line(), err=True, nl=not self._people)
        self._is_open = self._people

    def end(self) -> None:
        """Leave the line that was written over."""
        if self._is_open:
            click.echo("", err=True)
            self._is_open = False


@click.group("import")
def import_() -> None:
    """Move in: what another product or a file holds becomes signals of a site, masked like live traffic."""


@import_.command("umami")
@places
@click.argument("url", required=False, metavar="[POSTGRES_URL]")
@click.option("--site", "sites", multiple=True, help="Only this site there: UUID, name or domain; may be repeated.")
@click.option("--since", type=Moment(), help="Only events from then on: 2026-11-20, 7d.")
@click.option(
    "--time-zone", default="UTC", show_default=True, help="The zone of the sites that are made; Umami has none."
)
@dry_run
@as_json
@run_async
async def umami_(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, url: str | None, sites: tuple[str, ...], since: int | None, time_zone: str, dry_run: bool,
    json: bool,
) -> None:  # fmt: skip
    """Move from Umami 2 or 3 on PostgreSQL: sites, users, teams, events with all that belongs to them.

    \b
    Example: SIGHTLINE_SOURCE_PASSWORD_FILE=pw sightline import umami postgresql://umami@127.0.0.1/umami --dry-run

    Nothing is written there. It may be interrupted and started again, and be repeated later for what has come since:
    nothing is stored twice. At the end both sides are counted; exit code 1 when they differ. Also read:
    SIGHTLINE_SOURCE_URL, SIGHTLINE_SOURCE_PASSWORD, each with _FILE.
    """
    address = addresses.source_address(url, loaded.settings.source)
    wish = umami.Wanted(sites=sites, since_ms=since or 0, time_zone=time_zone)
    source = await open_source(address)
    async with source:
        if dry_run:
            found = await umami.planned(source, wish)
            print_json(_plan_document(found)) if json else _print_plan(found)
            return
        shown = Shown()
        async with opened(loaded) as house:
            result = await umami.move(house, source, wish, watch=shown)
            shown.end()
            compared = await reconcile(house, source, result.tasks)
    if json:
        print_json(_result_document(result, compared))
    else:
        _print_result(result, compared)
    if compared.differences:
        raise CheckFailed(
            f"{len(compared.differences):,} days differ between the source and what stands here",
            hint="docs/how-to/import.md says what each can mean.",
        )


def _day(at_us: int | None) -> str | None:
    if at_us is None:
        return None
    try:
        return datetime.fromtimestamp((at_us + EPOCH_US) / 1e6, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _plan_document(found: Plan) -> dict[str, Any]:
    sites = [
        {**{name: value for name, value in msgspec.structs.asdict(site).items() if name != "first_us"},
         "first_day": _day(site.first_us)}
        for site in found.sites
    ]  # fmt: skip
    return {
        "release": found.release, "events": found.events, "sites": sites,
        "tables": [msgspec.structs.asdict(table) for table in found.tables],
        "skipped": [{"reason": reason, "rows": rows, "meaning": REASONS[reason]}
                    for reason, rows in sorted(found.skipped().items())],
    }  # fmt: skip


def _print_plan(found: Plan) -> None:
    click.echo(
        f"{found.release}: {found.events:,} events of {sum(s.chosen for s in found.sites)} sites, links and pixels"
    )
    print_table(
        [
            {
                "name": site.name, "kind": site.kind, "events": f"{site.events:,}", "since": _day(site.first_us),
                "sessions": f"{site.sessions:,}", "properties": f"{site.properties:,}",
                "identify": f"{site.identities:,}", "revenue": f"{site.revenue:,}",
                "skipped": f"{sum(site.skipped.values()):,}",
            }
            for site in found.sites
        ]
    )  # fmt: skip
    click.echo("")
    print_table(
        [
            {"table": one.table, "rows": f"{one.rows:,}", "moved": one.moved, "why_not": one.why or None}
            for one in found.tables
        ]
    )
    _print_skipped(found.skipped())


def _print_skipped(skipped: Mapping[str, int]) -> None:
    for reason, rows in sorted(skipped.items()):
        click.echo(f"skipped {rows:,}: {REASONS[reason]}")


def _result_document(result: umami.Result, compared: Reconciled) -> dict[str, Any]:
    return {
        "plan": _plan_document(result.plan), "new": result.new, "notes": result.notes,
        "without_password": result.without_password, "counts": result.counts,
        "skipped": _skipped(result),
        "reconciled": msgspec.to_builtins(compared),
    }  # fmt: skip


def _skipped(result: umami.Result) -> dict[str, int]:
    """What was passed over, now and in earlier runs, by reason."""
    total = result.plan.skipped()
    for counts in result.counts.values():
        for name, count in counts.items():
            plain = name.removeprefix("identities_")
            if plain in {"without_events", "revenue_amount", "revenue_currency"} and count:
                total[plain] = total.get(plain, 0) + count
    return total


def _print_result(result: umami.Result, compared: Reconciled) -> None:
    stored = sum(counts.get("stored", 0) for counts in result.counts.values())
    made = ", ".join(f"{count:,} {what}" for what, count in result.new.items() if count)
    click.echo(f"{result.plan.release}: {stored:,} events are here" + (f"; new: {made}" if made else ""))
    for note in result.notes:
        click.echo(f"note: {note}")
    _print_skipped(_skipped(result))
    if result.without_password:
        click.echo("Without a password, since a hash of Umami's cannot be made into one of ours; give them one each:")
        for login in result.without_password:
            click.echo(f"  sightline user password {login}")
    click.echo(
        f"compared {compared.events:,} events on {compared.days:,} days of {compared.sites} sites with the source"
    )
    if compared.differences:
        rows = [msgspec.structs.asdict(one) for one in compared.differences]
        print_table(rows[:_MOST_DIFFERENCES], ["name", "day", "what", "source", "here"])
        if len(rows) > _MOST_DIFFERENCES:
            click.echo(f"… and {len(rows) - _MOST_DIFFERENCES:,} more; --json lists all")


_FIELD_LIST: Final = "\n".join(["\b", *(f"  {name:14} {meaning}" for name, meaning in FIELDS.items())])


@import_.command("csv", epilog=_FIELD_LIST)
@places
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", required=True, help="Where to: an id, a UUID, a name or a domain.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="What a column is; - ignores it.")
@click.option("--time-zone", default="UTC", show_default=True, help="The zone of times that name none.")
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "latin-1", "cp1252"]),
    default="utf-8",
    show_default=True,
    help="How the file writes letters.",
)
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Write the lines that are refused.")
@dry_run
@as_json
@run_async
async def csv_(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, file: Path, site: str, maps: tuple[str, ...], time_zone: str, encoding: str,
    rejects: Path | None, dry_run: bool, json: bool,
) -> None:  # fmt: skip
    """Move events in from a CSV file with a header; our own export is one.

    \b
    Example: sightline import csv old.csv --site Shop --map when=time --map page=url --map client=visitor --dry-run

    A line that cannot be read is refused, with its number and the reason; exit code 1 when there was one. The same file
    is never stored twice. Fields, beside property:KEY:
    """
    wish = CsvWish(
        file=file, mapped=dict(_pair(text) for text in maps), zone=ZoneInfo(names.time_zone(time_zone)),
        encoding=encoding, dry_run=dry_run,
    )  # fmt: skip
    shown = Shown()
    async with opened(loaded) as house:
        found = await scope(house.database, site, Permission.SITE_CHANGE)
        refused = rejects.open("w", encoding="utf-8", errors="surrogateescape", newline="") if rejects else None
        try:
            result = await move_csv(house, found.site, found.tenant, wish, rejects=refused, watch=shown)
        finally:
            if refused is not None:
                refused.close()
    shown.end()
    if json:
        print_json(result)
    else:
        _print_csv(result, dry_run=dry_run)
    if result.refused:
        raise CheckFailed(
            f"{result.refused:,} of {result.read:,} lines were refused", hint="--rejects FILE keeps them."
        )


def _pair(text: str) -> tuple[str, str]:
    column, equals, wanted = text.rpartition("=")
    if not equals or not column or not wanted:
        raise click.UsageError(f"{text!r}: write --map COLUMN=FIELD, as --map when=time.")
    return column, wanted


def _print_csv(result: CsvResult, *, dry_run: bool) -> None:
    for column, wanted in result.fields.items():
        if column != wanted:
            click.echo(f"{column} is {'ignored' if wanted == '-' else wanted}")
    good = result.read - result.refused
    if dry_run:
        click.echo(f"{result.read:,} rows: {good:,} would be stored, {result.refused:,} refused")
    else:
        before = f", {result.before:,} were stored before" if result.before else ""
        click.echo(f"{result.read:,} rows: {result.stored:,} stored now{before}, {result.refused:,} refused")
    for one in result.reasons:
        lines = ", ".join(map(str, one.lines)) + (" …" if one.rows > len(one.lines) else "")
        click.echo(f"  {one.rows:,}: {one.reason} (line {lines})")


@click.command()
@places
@click.option("--site", required=True, help="An id, a UUID, a name or a domain.")
@click.option("--kind", default="event", show_default=True, help="Which kind of signals.")
@click.option("--range", "range_", default="all", show_default=True, help="By when it happened: 30d, this_month, all …")
@click.option("--start", help="Instead of --range: 2026-01-01, a moment, or milliseconds.")
@click.option("--end", help="The end; a date's whole day is included.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default="csv",
    show_default=True,
    help="What the file is.",
)
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file, or -.")
@run_async
async def export(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, kind: str, range_: str, start: str | None, end: str | None, form: str, output: Path,
) -> None:  # fmt: skip
    """Write every stored row of a kind, as it is stored, each once.

    \b
    Example: sightline export --site Shop --kind event --range this_month --format parquet -o shop.parquet

    The file gets its name when it is whole. What is committed after the beginning is not in it.
    """
    shown = Shown()
    rows = 0

    def watch(progress: Progress) -> None:
        nonlocal rows
        rows = progress.done
        shown(progress)

    wanted_kind = kind_named(kind)
    async with opened(loaded) as house:
        found = await scope(house.database, site, Permission.SITE_READ)
        wanted = Range(kind=wanted_kind, site=found.site)
        if range_ != "all" or start is not None or end is not None:
            zone = (await accounts.show(house.database, found)).time_zone
            over = period(range_, zone=zone, start=start, end=end)
            wanted = Range(kind=wanted_kind, site=found.site, from_ms=over.from_ms, to_ms=over.to_ms)
        catalogue = Catalogue(house.database, house.stores.extents, house.direct)
        with _written(output) as file:
            async for data in exported(catalogue, wanted, Format(form), watch=watch):
                file.write(data)
    shown.end()
    click.echo(f"wrote {rows:,} rows of {kind}" + ("" if str(output) == "-" else f" to {output}"), err=True)


@contextmanager
def _written(output: Path) -> Iterator[BinaryIO]:
    """A file that has its name only once it is whole; or standard output."""
    if str(output) == "-":
        yield sys.stdout.buffer
        return
    partial = output.with_name(f".{output.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(output)
    except FileNotFoundError as exc:
        raise NotFound(f"there is no folder {str(output.parent)!r}", hint="Make it first.") from exc
    finally:
        partial.unlink(missing_ok=True)
