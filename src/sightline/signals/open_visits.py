"""Open visits: which visit a visitor is in, the same on all nodes.

A visit ends after 30 minutes without a hit. Each node remembers the visits that it has seen lately; on a miss it asks
`open_visit`, for many visitors at once, and while a visit goes on its last moment is written at most once a minute,
inside the group commit that stores its events.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import asyncpg
from msgspec import Struct

from sightline.database.pool import Database
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "open_visits.sql")
VISIT_GAP_MS: Final = 30 * 60 * 1000
REFRESH_MS: Final = 60 * 1000
_REMEMBERED: Final = 100_000
_AT_ONCE: Final = 500


class OpenVisit(Struct, frozen=True, gc=False):
    """The visit that a visitor is in, as far as it is known."""

    visitor: int
    site: int
    visit: int
    person: int | None
    started_ms: int
    last_ms: int


class Hit(Struct, frozen=True, gc=False):
    """What a hit belongs to; `touched` goes into the batch that stores the hit, so that other nodes learn of it."""

    visit: int
    person: int | None
    touched: OpenVisit | None


class _Remembered(Struct, gc=False):
    visit: int
    person: int | None
    started_ms: int
    last_ms: int
    written_ms: int


class OpenVisits:
    """The open visits that this node knows."""

    def __init__(self, database: Database, *, remembered: int = _REMEMBERED) -> None:
        self._database = database
        self._limit = remembered
        self._known: OrderedDict[int, _Remembered] = OrderedDict()
        self._asked: dict[int, asyncio.Future[OpenVisit]] = {}
        self._missing: list[tuple[int, int, int]] = []
        self._task: asyncio.Task[None] | None = None

    async def hit(self, site: int, visitor: int, at_ms: int, *, person: int | None = None) -> Hit:
        """Return the visit in which a hit at `at_ms` falls; a new one when the last is over."""
        known = self._known.get(visitor)
        if known is None or at_ms - known.last_ms > VISIT_GAP_MS:
            found = await self._ask(site, visitor, at_ms)
            known = self._remember(found)
        else:
            self._known.move_to_end(visitor)
        known.last_ms = max(known.last_ms, at_ms)
        news = person is not None and person != known.person
        if news:
            known.person = person
        if not news and known.last_ms - known.written_ms < REFRESH_MS:
            return Hit(known.visit, known.person, None)
        known.written_ms = known.last_ms
        touched = OpenVisit(visitor, site, known.visit, known.person, known.started_ms, known.last_ms)
        return Hit(known.visit, known.person, touched)

    async def is_open(self, visitor: int, at_ms: int) -> bool:
        """Whether a visitor has a visit open at a moment, here or on another node; begins none."""
        known = self._known.get(visitor)
        last_ms = known.last_ms if known else await self._database.fetchval(SQL["last_seen"], visitor)
        return isinstance(last_ms, int) and at_ms - last_ms <= VISIT_GAP_MS

    def knows(self, visitor: int) -> bool:
        return visitor in self._known

    def forget(self, visitors: Sequence[int] = ()) -> None:
        """Forget some visitors, or all: after an erasure."""
        if not visitors:
            self._known.clear()
        for visitor in visitors:
            self._known.pop(visitor, None)

    async def close(self) -> None:
        if self._task:
            await self._task

    def _remember(self, found: OpenVisit) -> _Remembered:
        known = self._known.get(found.visitor)
        if known is None or known.visit != found.visit:
            known = _Remembered(found.visit, found.person, found.started_ms, found.last_ms, found.last_ms)
            self._known[found.visitor] = known
            if len(self._known) > self._limit:
                self._known.popitem(last=False)
        known.last_ms = max(known.last_ms, found.last_ms)
        return known

    async def _ask(self, site: int, visitor: int, at_ms: int) -> OpenVisit:
        """Ask together with everybody else who has to ask; the first question waits for nobody."""
        asked = self._asked.get(visitor)
        if asked is None:
            asked = self._asked[visitor] = asyncio.get_running_loop().create_future()
            self._missing.append((visitor, site, at_ms))
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._answer(), name="open visits")
        return await asyncio.shield(asked)

    async def _answer(self) -> None:
        while self._missing:
            taken, self._missing = self._missing[:_AT_ONCE], self._missing[_AT_ONCE:]
            try:
                found = await self._resolve(taken)
            except Exception as exc:  # noqa: BLE001 - whatever it was, nobody may wait forever for an answer
                for visitor, _, _ in taken:
                    asked = self._asked.pop(visitor)
                    asked.set_exception(exc)
                    asked.exception()  # whoever asked may have gone
                continue
            for visitor, _, _ in taken:
                self._asked.pop(visitor).set_result(found[visitor])

    async def _resolve(self, taken: Sequence[tuple[int, int, int]]) -> dict[int, OpenVisit]:
        ordered = sorted(taken)  # in one order everywhere, so that two nodes cannot wait for each other
        rows = await self._database.fetch(
            SQL["open_visits"],
            [visitor for visitor, _, _ in ordered],
            [site for _, site, _ in ordered],
            [new_visit() for _ in ordered],
            [at_ms for _, _, at_ms in ordered],
            VISIT_GAP_MS,
        )
        return {row["visitor"]: OpenVisit(**dict(row)) for row in rows}


def new_visit() -> int:
    """Return a random id of 63 bits; 0 stands for no visit."""
    return secrets.randbits(63) or 1


async def touch(connection: asyncpg.Connection, visits: Sequence[OpenVisit]) -> None:
    """Write, in the transaction of a group commit, that these visits were seen again."""
    if not visits:
        return
    latest = {visit.visitor: visit for visit in sorted(visits, key=lambda visit: visit.last_ms)}
    ordered = sorted(latest.values(), key=lambda visit: visit.visitor)
    await connection.execute(
        SQL["touch_visits"],
        [visit.visitor for visit in ordered], [visit.site for visit in ordered], [visit.visit for visit in ordered],
        [visit.person for visit in ordered], [visit.started_ms for visit in ordered],
        [visit.last_ms for visit in ordered],
    )  # fmt: skip


async def forget_ended(database: Database, now_ms: int) -> int:
    """Delete visits that have ended long enough ago that no node takes them for open."""
    done = await database.execute(SQL["forget_visits"], now_ms - VISIT_GAP_MS - REFRESH_MS)
    return int(done.split()[-1])
