"""`sightline logs`: search the lines of a site's backend, and follow them, through the server."""

import asyncio
import json as jsonlib
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import click

from sightline.cli.client import Client
from sightline.cli.output import as_json, places, run_async
from sightline.errors import CallerError
from sightline.settings import Loaded

_COLOURS: Final = {"error": "red", "fatal": "red", "warn": "yellow", "debug": "bright_black", "trace": "bright_black"}
_MOST_AT_ONCE: Final = 1000


@click.group()
def logs() -> None:
    """Search the lines of a site's backend, and follow them."""


@logs.command()
@places
@click.option("--site", required=True, help="An id, a UUID, a name or a domain.")
@click.argument("query", nargs=-1)
@click.option("--range", "range_", default="24h", show_default=True, help="today, 7d, 30d, this_month …")
@click.option("--start", help="Instead of --range: 2026-01-31, or 2026-01-31T12:00 in the site's zone.")
@click.option("--end", help="With --start: the end; a day counts whole.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most so many.")
@as_json
@run_async
async def search(  # noqa: PLR0913 - one per option
    *, loaded: Loaded, site: str, query: tuple[str, ...], range_: str, start: str | None, end: str | None, limit: int,
    json: bool,
) -> None:  # fmt: skip
    """Print the latest lines that QUERY takes, the latest last.

    \b
    sightline logs search --site Shop level:error service:checkout
    sightline logs search --site Shop 'order_id:4711 OR "card declined"' --range 7d
    """
    client = Client(loaded.settings)
    if bool(start) is not bool(end):
        raise CallerError("--start and --end go together", hint="Give both, or --range.")
    over = {"start": start, "end": end} if start and end else {"range": range_}
    rows = await asyncio.to_thread(lambda: list(_found(client, site, " ".join(query), over, limit)))
    for row in reversed(rows):
        _print(row, json=json)
    if not rows:
        click.echo("nothing was found", err=True)


@logs.command()
@places
@click.option("--site", required=True, help="An id, a UUID, a name or a domain.")
@click.argument("query", nargs=-1)
@click.option("--count", type=click.IntRange(1), help="End after so many lines.")
@as_json
def tail(*, loaded: Loaded, site: str, query: tuple[str, ...], count: int | None, json: bool) -> None:
    """Print the lines that QUERY takes as they arrive, until Ctrl-C.

    \b
    sightline logs tail --site Shop level:>=warn
    """
    _follow(Client(loaded.settings), site, " ".join(query), count, json=json)


def _found(client: Client, site: str, query: str, over: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    path = f"/sites/{client.site_id(site)}/reports/logs"
    cursor: str | None = None
    while limit > 0:
        asked = {
            "q": query,
            **over,
            "limit": min(limit, _MOST_AT_ONCE),
            **({"cursor": cursor} if cursor else {}),
        }
        page = client.get(f"{path}?{urllib.parse.urlencode(asked)}")
        yield from page["rows"]
        limit -= len(page["rows"])
        cursor = page["next"]
        if cursor is None:
            return


def _follow(client: Client, site: str, query: str, count: int | None, *, json: bool) -> None:
    path = f"/sites/{client.site_id(site)}/logs/tail?{urllib.parse.urlencode({'q': query})}"
    last = ""
    while True:
        for name, number, data in client.events(path, last):
            last = number or last
            if name == "dropped":
                click.echo(f"{data['count']:,} lines passed by unseen", err=True)
                continue
            if name != "line":
                continue
            _print(data, json=json)
            if count is not None:
                count -= 1
                if count == 0:
                    return
        time.sleep(1)  # the server ends a stream after a while, or stops


def _print(row: dict[str, Any], *, json: bool) -> None:
    if json:
        click.echo(jsonlib.dumps(row, ensure_ascii=False, separators=(",", ":")))
        return
    moment = datetime.fromtimestamp(row["at_ms"] / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")[:-6]
    level = click.style(f"{row['level']:<5}", fg=_COLOURS.get(row["level"]))
    fields = " ".join(f"{name}={value}" for name, value in row["fields"].items())
    click.echo(" ".join(part for part in (moment, level, row["service"], row["message"], fields) if part))
