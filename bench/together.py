"""Collecting while the same process rebuilds its warehouse and answers heavy reports."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bench.collect import driven
from bench.filled import Filled, eventually, filled
from bench.measurements import Figure, Result

TITLE = "Collecting beside reports"
_EVENTS = 1_000_000
_ROUNDS = 3
NOTE = (
    f"`sightline up` on its own PostgreSQL with {_EVENTS:,} signals; client, server, PostgreSQL and DuckDB share the "
    "machine. 32 connections send single events as fast as they are answered; p99 is the median of "
    f"{_ROUNDS} rounds of each kind, taken in turn."
)


async def run() -> list[Result]:
    async with filled(_EVENTS, SIGHTLINE_SERVER_TRUSTED_PROXIES="127.0.0.1") as found:
        await asyncio.to_thread(eventually, lambda: _answers(found), within_s=300)
        assert found.running.url is not None
        port, site = int(found.running.url.rpartition(":")[2]), found.site["uuid"]
        await driven(port, "/api/send", site)
        noted: dict[str, list[dict[str, Any]]] = {}
        for number in range(_ROUNDS):
            for name, beside in (("alone", _nothing), ("heavy reports", _reports), ("a rebuild", _rebuild)):
                async with _meanwhile(found, beside):
                    noted.setdefault(name, []).append(await driven(port, "/api/send", site, seed=number))
        return [
            figure
            for name, rounds in noted.items()
            for figure in (
                Figure(
                    f"p99 beside {name}" if name != "alone" else "p99 alone", _median(rounds, "p99"), "ms", limit=15
                ),
                Figure(f"events a second, {name}", _median(rounds, "rate"), "/s"),
            )
        ]


def _median(rounds: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(found[name] for found in rounds))


@asynccontextmanager
async def _meanwhile(found: Filled, work: Callable[[Filled], None]) -> AsyncIterator[None]:
    """Do something again and again in a thread, as long as the block runs."""
    stopping = asyncio.Event()

    async def forever() -> None:
        while not stopping.is_set():
            await asyncio.to_thread(work, found)

    task = asyncio.create_task(forever())
    try:
        yield
    finally:
        stopping.set()
        with contextlib.suppress(Exception):
            await task


def _nothing(_found: Filled) -> None:
    """Only wait."""
    time.sleep(0.1)


def _reports(found: Filled) -> None:
    for name, query in (("journeys", {}), ("breakdown", {"by": "path", "metric": ["visitors", "bounces"]})):
        found.client.get(f"{found.path}/reports/{name}", params={"range": "90d", **query}).raise_for_status()


def _rebuild(found: Filled) -> None:
    found.client.post("/api/v1/warehouse/rebuild").raise_for_status()
    eventually(lambda: _answers(found), within_s=120)


def _answers(found: Filled) -> bool:
    return found.client.get(f"{found.path}/reports/overview").status_code == 200
