"""The stores of signals: bytes, sealing, freshness and rebuilding."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.made import made_events
from bench.measurements import Figure, Result
from bench.storage import HOT, migrated
from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.settings import SignalSettings, WarehouseSettings
from sightline.signals.event import Event
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.sealing import Sealer
from sightline.signals.warehouse import Warehouse

TITLE = "Stores of signals"
NOTE = (
    "5,000 paths, visitors with about five events each, one day; committed 1,000 events at a time to PostgreSQL 15 "
    "with its defaults and fsync on. Hot bytes are the tables, their indexes and the ledger."
)
_EVENTS = 300_000
_PER_SECOND = 4_000
_FRESH_S = 8.0


async def run() -> list[Result]:
    results: list[Result] = []
    for low in (True, False):
        async with migrated() as address:
            results += await _stores(address, made_events(_EVENTS, low=low), low=low)
    return results


async def _stores(address: Address, events: Sequence[Event], *, low: bool) -> list[Result]:
    shape = _shape(events, low=low)
    with tempfile.TemporaryDirectory(prefix="sl-bench-") as folder:
        database = await Database.open(address)
        journal = Journal(address, SignalSettings())
        await journal.start()
        for start in range(0, len(events), 1000):
            await journal.append(Batch(signals=events[start : start + 1000]))
        hot = int(str(await database.fetchval(HOT)))
        results: list[Result] = [Figure(f"hot bytes per event, {shape}", hot / len(events), "B", limit=300)]
        catalogue = Catalogue(database, FolderStore(Path(folder) / "extents"))
        results += await _sealed(catalogue, len(events), shape)
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb", catalogue, WarehouseSettings(memory_mb=256))
        results += await _rebuilt(warehouse, len(events), shape)
        if not low:
            results += await _fresh(warehouse, journal, events)
        await warehouse.close()
        await journal.close()
        await database.close()
    return results


def _shape(events: Sequence[Event], *, low: bool) -> str:
    length = statistics.fmean(len(e.path) + len(e.title) + len(e.query) + len(e.properties) for e in events[:5000])
    return f"{'short' if low else 'natural'} texts ({length:.0f} letters of path, query, title, properties)"


async def _sealed(catalogue: Catalogue, count: int, shape: str) -> list[Result]:
    sealer = Sealer(catalogue)
    started, cpu = time.perf_counter(), time.process_time()
    sealed = await sealer.seal(clock.now_ms() + 60_000)
    taken, used = time.perf_counter() - started, time.process_time() - cpu
    assert sealed.signals == count
    await sealer.compact()
    size = sum(extent.size for extent in (await catalogue.snapshot()).extents)
    return [
        Figure(f"sealing, {shape}, per 100,000 signals", taken / count * 100_000, "s", limit=1),
        Figure(f"sealing, {shape}, CPU time of our process per 100,000 signals", used / count * 100_000, "s"),
        Figure(f"sealed bytes per event, {shape}", size / count, "B", limit=30),
    ]


async def _rebuilt(warehouse: Warehouse, count: int, shape: str) -> list[Result]:
    started = time.perf_counter()
    await warehouse.start()
    await warehouse.caught_up(within_s=300)
    taken = time.perf_counter() - started
    return [
        Figure(f"rebuild from extents, {shape}, signals per second", count / taken, "/s"),
        Figure(f"bytes of the DuckDB file per event, {shape}", warehouse.status().size / count, "B"),
    ]


async def _fresh(warehouse: Warehouse, journal: Journal, events: Sequence[Event]) -> list[Result]:
    """How old an answered event is when the warehouse first shows it, while events come and a report runs."""
    ages: list[float] = []
    until = time.perf_counter() + _FRESH_S
    base = (await warehouse.query("SELECT count(*) AS n FROM event")).to_pylist()[0]["n"]
    committed: list[tuple[int, float]] = []

    async def write() -> None:
        total = base
        while time.perf_counter() < until:
            part = _PER_SECOND // 20
            await journal.append(Batch(signals=events[:part]))
            total += part
            committed.append((total, time.perf_counter()))
            await asyncio.sleep(0.05)

    async def report() -> None:
        while time.perf_counter() < until:
            await warehouse.query(
                "SELECT path, count(DISTINCT visitor) FROM event GROUP BY path ORDER BY 2 DESC LIMIT 10"
            )
            await asyncio.sleep(0.5)

    async def look() -> None:
        seen = 0
        while time.perf_counter() < until:
            shown = (await warehouse.query("SELECT count(*) AS n FROM event")).to_pylist()[0]["n"]
            while seen < len(committed) and committed[seen][0] <= shown:
                ages.append(time.perf_counter() - committed[seen][1])
                seen += 1
            await asyncio.sleep(0.01)

    await asyncio.gather(write(), report(), look())
    ages.sort()
    return [
        Figure(f"freshness at {_PER_SECOND:,} events/s and a looping report, p50", statistics.median(ages), "s"),
        Figure(f"freshness at {_PER_SECOND:,} events/s and a looping report, most", ages[-1], "s", limit=1),
    ]
