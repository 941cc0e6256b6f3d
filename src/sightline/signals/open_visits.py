"""Open visits: which visit a visitor is in, the same on all nodes.

A visit ends after 30 minutes without a hit. Each node remembers the visits that it has seen lately; on a miss it asks
`open_visit`, for many visitors at once, and while a visit goes on its last moment is written at most once a minute,
inside the group commit that stores its events.

A visit also remembers the channel by which its visitor came, so that what they do afterwards belongs to it as well: the
views and orders of somebody who came by a search are none of direct traffic.
"""

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
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
_WORD: Final = re.compile("[a-z-]{0,40}")


class OpenVisit(Struct, frozen=True, gc=False):
    """The visit that a visitor is in, as far as it is known."""

    visitor: int
    site: int
    visit: int
    person: int | None
    started_ms: int
    last_ms: int
    channel: str = ""


class Hit(Struct, frozen=True, gc=False):
    """What a hit belongs to; `touched` goes into the batch that stores the hit, so that other nodes learn of it."""

    visit: int
    person: int | None
    touched: OpenVisit | None
    channel: str = ""


class _Remembered(Struct, gc=False):
    visit: int
    person: int | None
    started_ms: int
    last_ms: int
    written_ms: int
    channel: str


class OpenVisits:
    """The open visits that this node knows."""

    def __init__(self, database: Database, *, remembered: int = _REMEMBERED) -> None:
        self._database = database
        self._limit = remembered
        self._known: OrderedDict[int, _Remembered] = OrderedDict()
        # Who waits for which visitor: everybody a future of their own, since who gives up may not end it for others.
        self._asked: dict[int, list[asyncio.Future[_Remembered]]] = {}
        self._missing: list[tuple[int, int, int, str]] = []
        self._task: asyncio.Task[None] | None = None

    async def hit(self, site: int, visitor: int, at_ms: int, *, person: int | None = None, came: str = "") -> Hit:
        """Return the visit in which a hit at `at_ms` falls; a new one when the last is over.

        `came` is the channel by which the visitor came with this very hit; empty where it tells of none.
        """
        return self.hit_known(site, visitor, at_ms, person=person, came=came) or self._note(
            await self._ask(site, visitor, at_ms, came), site, visitor, at_ms, person, came
        )

    def hit_known(
        self, site: int, visitor: int, at_ms: int, *, person: int | None = None, came: str = ""
    ) -> Hit | None:
        """The same without waiting, for a visitor whose open visit this node knows; else None."""
        known = self._known.get(visitor)
        if known is None or at_ms - known.last_ms > VISIT_GAP_MS:
            return None
        self._known.move_to_end(visitor)
        return self._note(known, site, visitor, at_ms, person, came)

    @staticmethod
    def _note(  # noqa: PLR0913, PLR0917 - a hit and all that it tells
        known: "_Remembered", site: int, visitor: int, at_ms: int, person: int | None, came: str
    ) -> Hit:
        known.last_ms = max(known.last_ms, at_ms)
        news = False
        if person is not None and person != known.person:
            known.person, news = person, True
        if came and came != known.channel:
            known.channel, news = came, True
        if not news and known.last_ms - known.written_ms < REFRESH_MS:
            return Hit(known.visit, known.person, None, known.channel)
        known.written_ms = known.last_ms
        touched = OpenVisit(
            visitor, site, known.visit, known.person, known.started_ms, known.last_ms, known.channel
        )  # fmt: skip
        return Hit(known.visit, known.person, touched, known.channel)

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

    def _remember(  # noqa: PLR0913, PLR0917 - a row
        self, visitor: int, visit: int, person: int | None, started_ms: int, last_ms: int, channel: str
    ) -> _Remembered:
        known = self._known.get(visitor)
        if known is None or known.visit != visit:
            known = self._known[visitor] = _Remembered(visit, person, started_ms, last_ms, last_ms, channel)
            if len(self._known) > self._limit:
                self._known.popitem(last=False)
        # Of a visit that went on elsewhere, what was learned there.
        known.last_ms = max(known.last_ms, last_ms)
        known.person = known.person if person is None else person
        known.channel = channel or known.channel
        return known

    def _ask(self, site: int, visitor: int, at_ms: int, came: str) -> "asyncio.Future[_Remembered]":
        """Ask together with everybody else who has to ask."""
        answer: asyncio.Future[_Remembered] = asyncio.get_running_loop().create_future()
        asked = self._asked.get(visitor)
        if asked is None:
            self._asked[visitor] = [answer]
            self._missing.append((visitor, site, at_ms, came))
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._answer(), name="open visits")
        else:
            asked.append(answer)
        return answer

    async def _answer(self) -> None:
        await asyncio.sleep(0)  # everybody of this turn of the loop asks at once
        while self._missing:
            taken, self._missing = self._missing[:_AT_ONCE], self._missing[_AT_ONCE:]
            try:
                rows = await self._resolve(taken)
            except Exception as exc:  # noqa: BLE001 - whatever it was, nobody may wait forever for an answer
                for visitor, *_ in taken:
                    for answer in self._asked.pop(visitor):
                        if not answer.done():
                            answer.set_exception(exc)
                continue
            for visitor, visit, person, started_ms, last_ms, channel in rows:
                known = self._remember(visitor, visit, person, started_ms, last_ms, channel)
                for answer in self._asked.pop(visitor):
                    if not answer.done():
                        answer.set_result(known)

    async def _resolve(self, taken: Sequence[tuple[int, int, int, str]]) -> list[asyncpg.Record]:
        ordered = sorted(taken)  # in one order everywhere, so that two nodes cannot wait for each other
        return await self._database.fetch(
            SQL["open_visits"],
            [visitor for visitor, *_ in ordered],
            [site for _, site, *_ in ordered],
            [new_visit() for _ in ordered],
            [at_ms for _, _, at_ms, _ in ordered],
            VISIT_GAP_MS,
            [came for *_, came in ordered],
        )


def new_visit() -> int:
    """Return a random id of 63 bits; 0 stands for no visit."""
    return secrets.randbits(63) or 1


async def touch(connection: asyncpg.Connection, visits: Sequence[OpenVisit]) -> None:
    """Write, in the transaction of a group commit, that these visits were seen again."""
    if visits:
        await connection.execute(SQL["touch_visits"], *_columns(visits))


def touch_text(visits: Sequence[OpenVisit]) -> str:
    """The same as a statement without parameters, which can go with others."""
    text = SQL["touch_visits"]
    for number, column in enumerate(_columns(visits), 1):
        values = ",".join(_literal(value) for value in column)
        text = text.replace(f"${number}::", f"'{{{values}}}'::")
    return text


def _literal(value: int | str | None) -> str:
    """An element of an array within quotes: a number, nothing, or the name of a channel, which is a plain word."""
    if isinstance(value, str):
        return f'"{value}"' if _WORD.fullmatch(value) else '""'
    return "NULL" if value is None else str(int(value))


def _columns(visits: Sequence[OpenVisit]) -> tuple[Sequence[int | str | None], ...]:
    """The latest state of each visitor's visit, in one order everywhere, column by column."""
    latest = {visit.visitor: visit for visit in sorted(visits, key=lambda visit: visit.last_ms)}
    ordered = sorted(latest.values(), key=lambda visit: visit.visitor)
    return (
        [visit.visitor for visit in ordered], [visit.site for visit in ordered], [visit.visit for visit in ordered],
        [visit.person for visit in ordered], [visit.started_ms for visit in ordered],
        [visit.last_ms for visit in ordered], [visit.channel for visit in ordered],
    )  # fmt: skip


async def whose(database: Database, site: int, visits: Iterable[int]) -> dict[int, tuple[int, int | None]]:
    """The visitor and person of each of these visits that is open, or was until a short while ago."""
    rows = await database.fetch(SQL["whose"], site, list(visits))
    return {row["visit"]: (row["visitor"], row["person"]) for row in rows}


async def forget_ended(database: Database, now_ms: int) -> int:
    """Delete visits that have ended long enough ago that no node takes them for open."""
    done = await database.execute(SQL["forget_visits"], now_ms - VISIT_GAP_MS - REFRESH_MS)
    return int(done.split()[-1])
