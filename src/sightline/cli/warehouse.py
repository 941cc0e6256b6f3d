"""`sightline warehouse`: the local DuckDB file that reports read."""

import asyncio
import sys
from typing import Any, Final

import click
import msgspec

from sightline.analytics.athena import table_definition
from sightline.cli.client import Client
from sightline.cli.opening import opened
from sightline.cli.output import as_json, places, print_json, run_async
from sightline.errors import Conflict, Unavailable
from sightline.operate.house import House, local_warehouse
from sightline.settings import Loaded
from sightline.signals.kinds import KINDS
from sightline.signals.warehouse import Phase, Warehouse

_LOOK_AGAIN_S: Final = 0.3
_local = click.option("--local", is_flag=True, help="Open this node's own file, while no server has it open.")


@click.group()
def warehouse() -> None:
    """Show the warehouse, and make it anew.

    It is a local copy of journal and extents; nothing is lost with it. The server is asked at client.url with the API
    key in client.key (SIGHTLINE_CLIENT_KEY).
    """


@warehouse.command()
@places
@as_json
@run_async
async def status(*, loaded: Loaded, json: bool) -> None:
    """Show what the warehouse of the running server does."""
    found = await asyncio.to_thread(Client(loaded.settings).get, "/warehouse")
    if json:
        print_json(found)
    else:
        click.echo(_line(found))


@warehouse.command()
@places
@_local
@click.option("--wait", is_flag=True, help="Wait for its end.")
@as_json
@run_async
async def rebuild(*, loaded: Loaded, local: bool, wait: bool, json: bool) -> None:
    """Make the warehouse anew from extents and journal. Collecting goes on; reports answer 503 meanwhile."""
    if local:
        async with opened(loaded) as house:
            found = await _rebuilt(house)
    else:
        client = Client(loaded.settings)
        found = await asyncio.to_thread(client.post, "/warehouse/rebuild")
        while wait and found["phase"] != Phase.OPEN:
            _show(found)
            await asyncio.sleep(_LOOK_AGAIN_S)
            found = await asyncio.to_thread(client.get, "/warehouse")
            if found["phase"] == Phase.CLOSED:
                raise Unavailable(f"the warehouse was closed: {found['reason'] or 'nobody asked'}")
    _clear()
    if json:
        print_json(found)
    else:
        click.echo(_line(found))


@warehouse.command()
@click.option("--location", required=True, metavar="URL", help="Where the extents are: s3://bucket/prefix.")
@click.option("--kind", "name", default="event", show_default=True, help="Which signals.")
def athena(*, location: str, name: str) -> None:
    """Print the statement that makes the extents a table of Athena."""
    if name not in KINDS:
        raise click.UsageError(f"there is no kind {name!r}; there are {', '.join(KINDS.names())}.")
    click.echo(table_definition(KINDS[name], location), nl=False)


async def _rebuilt(house: House) -> dict[str, Any]:
    """Rebuild in this process, and close the file again."""
    own = house.warehouse or local_warehouse(house)
    try:
        own.rebuild()
        waiting = asyncio.ensure_future(own.caught_up(within_s=24 * 3600))
        while not waiting.done():
            found = _document(own)
            if found["phase"] == Phase.CLOSED and found["reason"]:
                waiting.cancel()
                raise Conflict(found["reason"], hint="Stop what has it open, or leave --local away.")
            _show(found)
            await asyncio.wait({waiting}, timeout=_LOOK_AGAIN_S)
        await waiting
        return _document(own)
    finally:
        await own.close()


def _document(own: Warehouse) -> dict[str, Any]:
    found = own.status()
    return {**msgspec.structs.asdict(found), "pos": str(found.pos), "progress": found.progress}


def _line(found: dict[str, Any]) -> str:
    size = f"{found['size'] / 1e6:,.1f} MB"
    match found["phase"]:
        case Phase.BUILDING:
            return f"building: {found['rows_done']:,} of about {found['rows_total']:,} signals, {found['progress']:.0%}"
        case Phase.OPEN:
            return f"open: {size}, {found['lag_ms']} ms behind"
    return f"closed until somebody asks for a report: {size}" + (f" ({found['reason']})" if found["reason"] else "")


def _show(found: dict[str, Any]) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[K  {_line(found)}", nl=False, err=True)


def _clear() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
