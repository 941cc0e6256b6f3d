"""The quarantine: events that were kept out, as they would have been stored, for seven days.

Somebody who looks at it may release some, which stores them like any other event, or put them under another reason.
It is written beside the requests and within bounds, since a flood of bots must not cost more than its counting; so it
is no promise: what the answer's header says and the counters count is all of it, what stands here may be less.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline import clock, metrics
from sightline.database.pool import Database
from sightline.errors import InvalidValue, Unavailable
from sightline.signals.event import Event
from sightline.signals.journal import Batch, Journal
from sightline.signals.ledger import Tombstone
from sightline.signals.open_visits import VISIT_GAP_MS, new_visit
from sightline.sql import queries

log = logging.getLogger("sightline.quarantine")
SQL: Final = queries("sightline.signals", "quarantine.sql")
DAYS: Final = 7
_DAY_MS: Final = 24 * 3600 * 1000
_WAITING: Final = 5000
_EVERY_S: Final = 0.5
_AT_ONCE: Final = 500
_COLUMNS: Final = ("site", "received_ms", "visitor", "person", "reason", "detail", "event")


class Kept(Struct, frozen=True, kw_only=True):
    """One row."""

    id: int
    received_ms: int
    reason: str
    detail: str
    event: dict[str, Any]


class Chosen(Struct, frozen=True, kw_only=True):
    """Which rows of a site: these, or all of a reason, perhaps with one detail."""

    ids: Sequence[int] | None = None
    reason: str | None = None
    detail: str | None = None

    def check(self) -> None:
        if self.ids is None and self.reason is None:
            raise InvalidValue("say which: ids, or a reason", field="ids")


class Quarantine:
    """Writes what is kept out, beside the requests."""

    def __init__(self, database: Database, *, rows_per_day: int) -> None:
        self._database = database
        self._rows_per_day = rows_per_day
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._day = 0
        self._counts: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def put(self, event: Event, reason: str, detail: str) -> bool:
        """Keep an event; False when there is no room."""
        now_ms = clock.now_ms()
        if now_ms // _DAY_MS != self._day:
            self._day, self._counts = now_ms // _DAY_MS, {}
        count = self._counts.get(event.site, 0)
        if count >= self._rows_per_day or len(self._waiting) >= _WAITING:
            return False
        self._counts[event.site] = count + 1
        self._waiting.append((event.site, now_ms, event.visitor, event.person, reason, detail, _text(event)))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_soon(), name="quarantine")
        return True

    async def flush(self) -> None:
        """Write what waits."""
        while self._waiting:
            rows = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
            try:
                async with self._database.connection() as connection:
                    await connection.copy_records_to_table("quarantine", records=rows, columns=_COLUMNS)
            except Unavailable:
                log.warning("what was kept out is lost: the database is away", extra={"rows": len(rows)})

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.flush()

    async def _write_soon(self) -> None:
        await asyncio.sleep(_EVERY_S)
        await asyncio.shield(self.flush())


async def listing(
    database: Database, site: int, *, before: int | None = None, reason: str | None = None, limit: int = 50
) -> list[Kept]:
    rows = await database.fetch(SQL["list"], site, before, reason, limit)
    return [Kept(**{**row, "event": msgspec.json.decode(row["event"])}) for row in rows]


async def summary(database: Database, site: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.fetch(SQL["summary"], site)]


async def release(database: Database, journal: Journal, site: int, chosen: Chosen) -> int:
    """Store the chosen ones as events, and take them out; return how many.

    Each goes with a key of its own, so what is interrupted between the two is not stored twice by the next attempt.
    """
    chosen.check()
    done, after = 0, 0
    while rows := await database.fetch(
        SQL["chosen"], site, chosen.ids, chosen.reason, chosen.detail, after, _AT_ONCE
    ):  # fmt: skip
        events = with_visits([(row["id"], msgspec.json.decode(row["event"], type=Event)) for row in rows])
        batches = [Batch(signals=[event], key=f"quarantine {number}") for number, event in events]
        await asyncio.gather(*(journal.append(batch) for batch in batches))
        after = rows[-1]["id"]
        await database.execute(SQL["remove"], [row["id"] for row in rows])
        done += len(rows)
    metrics.count("HitsReleased", done)
    return done


async def reclassify(database: Database, site: int, chosen: Chosen, reason: str) -> int:
    """Put the chosen ones under another reason; return how many."""
    chosen.check()
    done = await database.execute(SQL["reclassify"], site, chosen.ids, chosen.reason, chosen.detail, reason)
    return int(done.split()[-1])


async def forget_old(database: Database, now_ms: int) -> int:
    """Forget what was kept long enough."""
    total = 0
    while gone := int((await database.execute(SQL["forget_old"], now_ms - DAYS * _DAY_MS)).split()[-1]):
        total += gone
    return total


class QuarantineEraser:
    """Erases from the quarantine, like from every store that holds what belongs to visitors."""

    name = "quarantine"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, tombstone: Tombstone) -> int:
        if tombstone.kinds and "event" not in tombstone.kinds:
            return 0
        named = bool(tombstone.visitors or tombstone.persons or tombstone.visits)
        if not named and not tombstone.sites:
            return 0
        done = await self._database.execute(
            SQL["erase"], list(tombstone.sites), named, list(tombstone.visitors), list(tombstone.persons),
            tombstone.before_ms,
        )  # fmt: skip
        return int(done.split()[-1])


def with_visits(events: Sequence[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Give each visitor's events the visits that they would have been: nobody drew any when they came."""
    open_visits: dict[int, tuple[int, int]] = {}
    found = []
    for number, event in sorted(events, key=lambda pair: (pair[1].created_ms, pair[0])):
        visit, last_ms = open_visits.get(event.visitor, (0, 0))
        if not visit or event.created_ms - last_ms > VISIT_GAP_MS:
            visit = new_visit()
        open_visits[event.visitor] = visit, event.created_ms
        found.append((number, msgspec.structs.replace(event, visit=visit)))
    return found


_DEFAULTS: Final = dict(
    zip(Event.__struct_fields__[-len(Event.__struct_defaults__) :], Event.__struct_defaults__, strict=True)
)


def _text(event: Event) -> str:
    """An event as JSON, without what has its default."""
    said = msgspec.structs.asdict(event)
    short = {name: value for name, value in said.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}
    return msgspec.json.encode(short).decode()
