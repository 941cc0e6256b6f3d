"""The journal against a raw binary COPY of the same events: what group commit, ledger and keys cost."""

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import asyncpg
import uvloop
from msgspec import Struct

from bench.made import made_events
from bench.measurements import Figure, Result
from bench.pairs import compare
from bench.storage import migrated
from sightline import clock
from sightline.database.address import Address, connect
from sightline.settings import SignalSettings
from sightline.signals.event import EVENT, Event
from sightline.signals.journal import Batch, Journal
from sightline.signals.kinds import KINDS
from sightline.signals.partitions import create_partitions

TITLE = "Journal"
NOTE = (
    "PostgreSQL 15 with its defaults and fsync on, on the same machine. Control: binary COPY on one connection into "
    "the same table, so many rows a commit, without ledger or keys. Texts of natural length."
)
_CONCURRENCY = 32
_SINGLE = 8_000
_BATCHED = 20_000
_PER_BATCH = 20


class _Case(Struct):
    name: str
    work: Callable[[], Coroutine[Any, Any, None]]
    events: Sequence[Event]
    per_copy: int
    bound: float | None = None
    limit_ms: float | None = None


class _Bench:
    def __init__(self, address: Address, journal: Journal, raw: asyncpg.Connection) -> None:
        self._address = address
        self._journal = journal
        self._raw = raw
        self._number = 0
        self.latencies: list[float] = []

    async def append(self, batches: Sequence[Batch]) -> None:
        """Append with so many callers at once, each of whom waits for its answer before it sends again."""
        waiting = iter(batches)

        async def caller() -> None:
            for batch in waiting:
                started = time.perf_counter()
                await self._journal.append(batch)
                self.latencies.append(time.perf_counter() - started)

        await asyncio.gather(*(caller() for _ in range(_CONCURRENCY)))

    async def copy(self, events: Sequence[Event], per_commit: int) -> None:
        for start in range(0, len(events), per_commit):
            self._number -= 1
            rows = EVENT.rows(events[start : start + per_commit], received_ms=clock.now_ms(), batch=self._number)
            await self._raw.copy_records_to_table(EVENT.table, records=rows, columns=EVENT.column_names)


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    events = made_events(_BATCHED)
    singles = [Batch(signals=[event]) for event in events[:_SINGLE]]
    batches = [Batch(signals=events[n : n + _PER_BATCH]) for n in range(0, _BATCHED, _PER_BATCH)]
    numbers = iter(range(10**9))

    def with_keys() -> list[Batch]:
        return [Batch(signals=batch.signals, key=str(next(numbers))) for batch in batches]

    results: list[Result] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:

        def do(work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
            return lambda: runner.run(work())

        stack, bench = runner.run(_open())
        for case in (
            _Case(f"{_PER_BATCH} events an append", lambda: bench.append(batches), events, 1000, bound=0.4),
            _Case(f"{_PER_BATCH} events an append with a key each", lambda: bench.append(with_keys()), events, 1000),
            _Case("1 event an append", lambda: bench.append(singles), events[:_SINGLE], _CONCURRENCY, limit_ms=15),
        ):
            bench.latencies.clear()
            found = compare(
                f"{case.name}, {_CONCURRENCY} at once, against COPY of {case.per_copy}",
                do(case.work),
                do(functools.partial(bench.copy, case.events, case.per_copy)),
                rounds=7,
                clock="wall",
                bound=case.bound,
            )
            results += [
                found,
                Figure(f"{case.name}: events per second", len(case.events) / found.candidate_ms * 1000, "/s"),
                Figure(f"{case.name}: p99 of an append", _p99_ms(bench.latencies), "ms", limit=case.limit_ms),
            ]
        runner.run(stack())
    return results


def _p99_ms(latencies: Sequence[float]) -> float:
    return sorted(latencies)[int(len(latencies) * 0.99)] * 1000


async def _open() -> tuple[Callable[[], Coroutine[Any, Any, None]], _Bench]:
    context = migrated()
    address = await context.__aenter__()
    journal = Journal(address, SignalSettings())
    await create_partitions(address, KINDS, clock.now_ms())
    await journal.start()
    raw = await connect(address)

    async def close() -> None:
        await raw.close()
        await journal.close()
        await context.__aexit__(None, None, None)

    return close, _Bench(address, journal, raw)
