"""`sightline report`: run a report, through the server that runs, or on one of the engines from here."""

import asyncio
import json as jsonlib
import urllib.parse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_origin, get_type_hints

import click
import msgspec

from sightline.accounts import sites
from sightline.accounts.callers import operator
from sightline.accounts.scopes import scope_for, site_named
from sightline.analytics import segments
from sightline.analytics.asking import Asker, Asks
from sightline.analytics.catalogue import REPORTS, Report
from sightline.analytics.catalogue import report as report_named
from sightline.analytics.export import Format, written
from sightline.cli.client import Client
from sightline.cli.opening import opened
from sightline.cli.output import as_json, places, print_table, run_async
from sightline.errors import Conflict, InvalidValue
from sightline.operate.house import House, local_warehouse
from sightline.settings import Loaded, Settings
from sightline.signals.warehouse import Phase

_LIST: Final = "\n\n".join(["\b"] + [f"  {one.name:16} {one.summary}" for one in REPORTS.values()]).replace(
    "\n\n", "\n"
)


_BUILD_S: Final = 24 * 3600
_LOOK_AGAIN_S: Final = 0.1


class InUse(Conflict):
    """Another process has the warehouse open."""


@click.command(epilog=_LIST)
@places
@click.argument("name")
@click.argument("more", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--site", required=True, help="An id, a UUID, a name or a domain.")
@click.option("--range", "range_", help="today, 24h, 7d, 30d, 12w, 6mo, this_month, last_year, all …")
@click.option("--start", help="Instead of --range: 2026-01-01, a moment, or milliseconds.")
@click.option("--end", help="The end; a date's whole day is included.")
@click.option("--filter", "filters", multiple=True, help="field:operator:value, as country:eq:NL; may be repeated.")
@click.option(
    "--engine",
    type=click.Choice(["server", "duckdb", "postgres", "spark"]),
    default="server",
    show_default=True,
    help="The server that runs; this node's warehouse, opened here when no server has it; PostgreSQL itself: slower,"
    " and only what is not yet pruned there; or a Spark cluster over the extents.",
)
@click.option("--master", metavar="URL", help="Of Spark: spark://host:7077, yarn, local[*] …")
@click.option("--conf", multiple=True, metavar="NAME=VALUE", help="A setting of Spark; may be repeated.")
@click.option("--format", "form", type=click.Choice([form.value for form in Format]), help="Instead of a table.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to a file.")
@as_json
@run_async
async def report(  # noqa: PLR0913 - one per option
    *,
    loaded: Loaded,
    name: str,
    more: tuple[str, ...],
    site: str,
    range_: str | None,
    start: str | None,
    end: str | None,
    filters: tuple[str, ...],
    engine: str,
    master: str | None,
    conf: tuple[str, ...],
    form: str | None,
    output: Path | None,
    json: bool,
) -> None:
    """Run a report.

    \b
    Examples: sightline report overview --site Shop --range 7d
              sightline report breakdown --site Shop by=path by=country metric=views limit=10
              sightline report funnel --site Shop step=path:/ step=event:buy --engine postgres --json
              sightline report retention --site Shop --range 12mo --engine spark --master spark://10.0.0.5:7077

    The server is asked at client.url with the API key in client.key (SIGHTLINE_CLIENT_KEY).

    Reports:
    """
    said = {"range": range_, "start": start, "end": end, "filter": list(filters)}
    asked = {key: value for key, value in said.items() if value} | _parameters(more)
    wanted = Format(form) if form else Format.JSON
    engines = Engines(engine, master, conf)
    found = report_named(name)
    if engine == "server":
        body = await asyncio.to_thread(_from_server, loaded.settings, found, site, {**asked, "format": wanted.value})
    else:
        body = await _from_here(loaded, found, site, asked, wanted, engines=engines)
    if output is not None:
        await asyncio.to_thread(output.write_bytes, body)
    elif json or form:
        click.echo(msgspec.json.format(body, indent=2) if wanted is Format.JSON else body, nl=wanted is Format.JSON)
    else:
        _print(jsonlib.loads(body))


def _parameters(texts: tuple[str, ...]) -> dict[str, Any]:
    """Read parameters as they are typed; one that stands several times is a list."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{text!r}: write PARAMETER=VALUE, as by=path.")
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


@dataclass(frozen=True)
class Engines:
    """Which engine a report runs on from here."""

    name: str
    master: str | None
    conf: tuple[str, ...]

    def __post_init__(self) -> None:
        if (self.name == "spark") != (self.master is not None):
            raise click.UsageError("--engine spark and --master go together, as --master spark://10.0.0.5:7077.")

    @asynccontextmanager
    async def opened(self, house: House) -> AsyncIterator[Asks]:
        if self.name == "postgres":
            from sightline.analytics.engines import PostgresEngine  # noqa: PLC0415 - only who asks loads an engine

            yield PostgresEngine(house.database)
        elif self.name == "duckdb":
            async with _own_warehouse(house) as engine:
                yield engine
        else:
            from sightline.analytics.spark import spark_engine  # noqa: PLC0415

            assert self.master is not None
            settings = {name: str(value) for name, value in _parameters(self.conf).items()}
            async with spark_engine(house.catalogue, master=self.master, conf=settings) as spark:
                click.echo(f"Spark reads {spark.coverage}", err=True)
                yield spark


@asynccontextmanager
async def _own_warehouse(house: House) -> AsyncIterator[Asks]:
    """The file of this node; whoever has it open is told, since two processes cannot."""
    from sightline.analytics.engines import DuckEngine  # noqa: PLC0415

    own = local_warehouse(house)
    try:
        waiting = asyncio.ensure_future(own.caught_up(within_s=_BUILD_S))
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=_LOOK_AGAIN_S)
            found = own.status()
            if not waiting.done() and found.phase is Phase.CLOSED and found.reason:
                waiting.cancel()
                raise InUse(found.reason)
        await waiting
        yield DuckEngine(own)
    finally:
        await own.close()


async def _from_here(  # noqa: PLR0913 - what is asked, and where
    loaded: Loaded, found: Report, site: str, asked: dict[str, Any], form: Format, *, engines: Engines
) -> bytes:
    try:
        async with opened(loaded) as house:
            scope = await scope_for(
                house.database, operator(), found.permission, site=await site_named(house.database, site)
            )
            zone = (await sites.show(house.database, scope)).time_zone
            params = _params(found, asked)
            saved = await segments.saved(house.database, scope, getattr(params, "segment", ()), zone=zone)
            async with engines.opened(house) as engine:
                return written(await found.run(Asker(engine, scope, zone=zone, saved=saved), params), form)
    except InUse:  # by the server, which then answers
        return await asyncio.to_thread(_from_server, loaded.settings, found, site, {**asked, "format": form.value})


def _params(found: Report, asked: dict[str, Any]) -> Any:
    hints = get_type_hints(found.params)
    lists = {name for name, hint in hints.items() if get_origin(hint) is tuple}
    values = {name: [value] if name in lists and isinstance(value, str) else value for name, value in asked.items()}
    try:
        return msgspec.convert(values, found.params, strict=False)
    except msgspec.ValidationError as exc:
        known = ", ".join(found.params.__struct_fields__)
        raise InvalidValue(f"report {found.name}: {exc}", hint=f"It takes {known}.") from None


def _from_server(settings: Settings, found: Report, site: str, asked: dict[str, Any]) -> bytes:
    client = Client(settings, otherwise="use --engine postgres")
    query = urllib.parse.urlencode(asked, doseq=True)
    return client.read(f"/sites/{client.site_id(site)}/reports/{found.name}?{query}")


def _print(document: dict[str, Any]) -> None:
    """The rows as a table, under what else the answer says."""
    for name, value in document.items():
        if not isinstance(value, list | dict) and value is not None:
            click.echo(f"{name}: {value}", err=True)
    rows = document.get("rows", [])
    print_table([{name: _shown(value) for name, value in row.items()} for row in rows])


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.0f}" if value == int(value) else f"{value:.4g}"
    return " > ".join(value) if isinstance(value, list) else value
