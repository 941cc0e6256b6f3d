"""Umami's events into the journal: read in the order of their time, masked, and committed with the place after them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.collect.channels import table
from sightline.collect.pages import Reader
from sightline.collect.umami_rows import UmamiRows, fault_of
from sightline.moving.cursors import Cursor
from sightline.moving.progress import Meter, Watch, unwatched
from sightline.moving.umami_source import Portion, Source, portions, str_of
from sightline.operate.house import House
from sightline.privacy import pseudonyms
from sightline.signals.event import Event
from sightline.signals.journal import Journal

EVENTS: Final = "events"
IDENTITIES: Final = "identities"
# Enough that a commit costs little of it, few enough that a portion is small beside the rest of the process.
_AT_ONCE: Final = 5000
_ROWS_AT_ONCE: Final = 5000
_COMMIT_S: Final = 60
_TURN: Final = 100
_NOBODY: Final = bytes(16)


class Task(Struct, frozen=True, kw_only=True):
    """One source site (or link, or pixel), and the site of ours that it becomes."""

    website: bytes
    name: str
    site: int
    tenant: int
    from_us: int
    until_us: int
    total: int
    extras: frozenset[str]

    @property
    def source(self) -> str:
        return f"umami:{str_of(self.website)}"


@asynccontextmanager
async def journal_of(house: House) -> AsyncIterator[Journal]:
    """A journal for large commits, which waits for nobody."""
    settings = msgspec.structs.replace(house.settings.signals, gather_ms=0, commit_timeout_s=_COMMIT_S)
    journal = Journal(house.direct, settings)
    await journal.start()
    try:
        yield journal
    finally:
        await journal.close()


async def rows_of(house: House, task: Task) -> UmamiRows:
    """What reads the rows of a site under the rules that are in force for it."""
    active = await house.rules.active(task.site)
    ids = await house.keys.hmac_key(task.tenant, "import")
    person = await house.keys.hmac_key(task.tenant, "person")
    key = ids.digest(f"umami {task.site}".encode())

    def name(who: str) -> int:
        return pseudonyms.person(person, str(task.tenant), who)

    return UmamiRows(
        task.site, reader=Reader(active.rules), rules=active.number, channels=table(), key=key, person=name
    )


async def move_events(
    house: House, journal: Journal, source: Source, task: Task, *, watch: Watch = unwatched
) -> dict[str, int]:
    """Read and store what is not stored yet; return what was counted since the first beginning."""
    cursor = await Cursor.open(house.database, task.site, task.source, EVENTS)
    meter = Meter(task.name, task.total, watch)
    meter.add(cursor.counts.get("read", 0))
    rows = await rows_of(house, task)
    position = _position(cursor.position, task.from_us)
    async with portions(source, task.website, position, task.until_us, size=_AT_ONCE, extras=task.extras) as fetch:
        storing = asyncio.create_task(_nothing())
        upcoming = asyncio.create_task(fetch())
        try:
            while (portion := await upcoming) is not None:
                # While this portion is made ready, the source works on the next and the one before is stored.
                upcoming = asyncio.create_task(fetch())
                signals, counted = await converted(rows, portion)
                await storing
                last = portion.rows[-1]
                place = f"{last['created_at']} {last['event_id'].hex()}"
                storing = asyncio.create_task(cursor.store(journal, signals, place, counted))
                meter.add(len(portion.rows))
            await storing
        finally:
            upcoming.cancel()
            await asyncio.gather(storing, upcoming, return_exceptions=True)
    return cursor.counts


async def _nothing() -> None:
    """What is stored before the first portion."""


async def converted(rows: UmamiRows, portion: Portion) -> tuple[list[Event], Counter[str]]:
    """The events of a portion, and how many of what there were."""
    signals: list[Event] = []
    counted: Counter[str] = Counter(read=len(portion.rows))
    data, money = portion.data, portion.money
    event = rows.event
    for number, row in enumerate(portion.rows, 1):
        if not number % _TURN:
            await asyncio.sleep(0)  # lets both databases be read and written meanwhile
        id_ = row[0]
        bought: Sequence[Any] | None = None
        if money is not None:
            bought = money.get(id_, ())
            if bought:
                counted += _money(bought)
        found = event(row, data.get(id_, ()), bought)
        if isinstance(found, str):
            counted[found] += 1
        else:
            signals.append(found)
    counted["stored"] = len(signals)
    counted["properties"] = sum(map(len, data.values()))
    return signals, counted


def _money(bought: Sequence[Any]) -> Counter[str]:
    counted: Counter[str] = Counter(revenue=len(bought))
    first = ""
    for amount, currency in bought:
        fault = fault_of(amount, currency)
        if fault is None:
            first = first or currency.upper()
            fault = None if currency.upper() == first else "revenue_currency"
        if fault is not None:
            counted[fault] += 1
    return counted


def _position(text: str, from_us: int) -> tuple[int, bytes]:
    """The place from which is read: after the last event, or at a moment."""
    if not text:
        return from_us, _NOBODY
    at, _, id_ = text.partition(" ")
    return int(at), bytes.fromhex(id_)


async def move_identities(
    house: House, journal: Journal, source: Source, task: Task, *, watch: Watch = unwatched
) -> dict[str, int]:
    """What `identify` has said of visitors, each saying as an event of its time."""
    if not source.has("session_data"):
        return {}
    cursor = await Cursor.open(house.database, task.site, task.source, IDENTITIES)
    rows = await rows_of(house, task)
    meter = Meter(f"{task.name}, identities", None, watch)
    position = _position(cursor.position, task.from_us)
    async with source.connection.transaction(isolation="repeatable_read", readonly=True):
        found = await source.connection.cursor(source.identities_query(), task.website, task.until_us, *position)
        held: list[Any] = []
        while True:
            portion = await found.fetch(_ROWS_AT_ONCE)
            held += portion
            # What was said at once is one event: the last saying waits until it is known to be whole.
            said = _sayings(held)
            whole = said if not portion else said[:-1]
            held = [] if not portion else list(said[-1])
            if whole:
                signals, counted = _identified(rows, whole)
                last = whole[-1][0]
                await cursor.store(journal, signals, f"{last['created_at']} {last['session_id'].hex()}", counted)
                meter.add(counted["read"])
            if not portion:
                return cursor.counts


def _sayings(rows: Sequence[Any]) -> list[list[Any]]:
    said: list[list[Any]] = []
    key = None
    for row in rows:
        if (row[0], row[1]) != key:
            key = (row[0], row[1])
            said.append([])
        said[-1].append(row)
    return said


def _identified(rows: UmamiRows, sayings: Sequence[Sequence[Any]]) -> tuple[list[Event], Counter[str]]:
    signals: list[Event] = []
    counted: Counter[str] = Counter(read=sum(map(len, sayings)))
    for saying in sayings:
        session, at, who, visit = saying[0][:4]
        if visit is None:  # nothing that this visitor did is there, so there is nobody to say it of
            counted["without_events"] += len(saying)
            continue
        signals.append(rows.identify(at, session, visit, who, [tuple(row[4:]) for row in saying]))
    counted["stored"] = len(signals)
    return signals, counted
