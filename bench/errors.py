"""Errors: what their key costs when they arrive, and whether counting them keeps up with storing them."""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from bench.measurements import Figure, Result
from bench.pairs import Comparison, compare
from bench.storage import migrated
from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.database.pool import Database
from sightline.health.failures import Failure
from sightline.health.fingerprints import key_of
from sightline.health.grouping import Grouping
from sightline.privacy.dictionary import default
from sightline.privacy.structures import mask_exception
from sightline.settings import SignalSettings
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal

TITLE = "Errors"
_ERRORS = 4_000
_KINDS = 200
_CALLERS = 32
_ROUNDS = 5
NOTE = (
    f"{_ERRORS:,} errors of {_KINDS} kinds with stacks of ten frames, sent one by one by 32 callers; PostgreSQL with "
    "fsync on, on the same machine. Control of the key: masking the same message and stack, which every error needs."
)


def made_failures(count: int) -> list[Failure]:
    source, found = random.Random(7), []
    for number in range(count):
        kind = number % _KINDS
        lines = [
            f"    at f{kind}_{n} (https://shop.example/assets/index-B3kD9x1f.js:{kind + 1}:{n})" for n in range(10)
        ]
        name, message, stack = "TypeError", f"cannot read order {number}", "\n".join(["TypeError: x", *lines])
        found.append(
            Failure(
                site=1, created_ms=clock.now_ms(), visitor=source.randint(1, 500), visit=source.randint(1, 900),
                name=name, message=message, stack=stack, release=f"1.{number % 3}",
                fingerprint=key_of(name, message, "error", stack),
            )
        )  # fmt: skip
    return found


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    failures, rules = made_failures(_ERRORS), default()
    some = failures[:500]
    numbers = iter(range(10**9))

    def keys() -> None:
        for one in some:
            key_of(one.name, one.message, one.source, one.stack)

    def masks() -> None:
        for one in some:  # never the same text twice: what was masked is remembered
            mask_exception(
                rules, f"{one.message} {next(numbers)}", one.stack.replace("TypeError: x", f"E {next(numbers)}")
            )

    return [compare("the key of an error, to masking it", keys, masks, bound=2), *asyncio.run(_counted(failures))]


async def _counted(failures: list[Failure]) -> list[Result]:
    """Store, then count what was stored, round after round: counting cannot come first."""
    async with migrated() as address:
        database = await Database.open(address, minimum=0, maximum=4)
        journal = Journal(address, SignalSettings())
        await journal.start()
        with tempfile.TemporaryDirectory() as folder:
            grouping = Grouping(Catalogue(database, FolderStore(Path(folder))))
            stored, counted = [], []
            for _ in range(_ROUNDS + 1):
                stored.append(await _timed(_append(journal, failures)))
                counted.append(await _timed(_count(grouping)))
        kept = "SELECT (SELECT count(*) FROM issue_count) + (SELECT count(*) FROM issue_key)"
        rows = int(str(await database.fetchval(kept)))
        await journal.close()
        await database.close()
    ratios = sorted(s / c for s, c in zip(stored[1:], counted[1:], strict=True))
    return [
        Comparison(
            "counting errors, to storing them", statistics.median(ratios), ratios[0], ratios[-1], _ROUNDS,
            statistics.median(counted[1:]) * 1000, statistics.median(stored[1:]) * 1000, bound=1,
        ),
        Figure("rows that counting keeps, for each 1,000 errors", 1000 * rows / len(failures) / (_ROUNDS + 1), "rows"),
    ]  # fmt: skip


async def _timed(work: Coroutine[Any, Any, None]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def _append(journal: Journal, failures: list[Failure]) -> None:
    waiting = iter(failures)

    async def caller() -> None:
        for one in waiting:
            await journal.append(Batch(signals=[one]))

    await asyncio.gather(*(caller() for _ in range(_CALLERS)))


async def _count(grouping: Grouping) -> None:
    while await grouping.catch_up():
        pass
