"""Erasure: take a visitor, a visit, a person or a site out of every store, so that nothing brings it back.

The steps, each of which may be interrupted and is done again by `resume`:

1. A tombstone says what is to go; it enters the ledger in the same transaction. Every warehouse erases it there, all
   kinds in one transaction, so no reader sees half of it. `request` does only this, within the caller's transaction:
   a background job does the rest.
2. The erasure is appended to a log in the object store, outside the database and its backups.
3. The journal is cleaned partition by partition, extents are rewritten without the rows and their old objects deleted
   at once, and everything that registered a walker erases what it keeps.
4. Under the ledger's lock what arrived meanwhile is deleted too and the tombstone enters the ledger again. From there
   on journal, extents and warehouses agree, and the tombstone is finished.

Sealing, compaction, retention and erasure exclude each other. After a restore `replay` does again what the log says.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import asyncpg
import msgspec
from msgspec import Struct

from sightline import clock
from sightline.blobs.store import BlobStore
from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.signals import open_visits, parquet, partitions
from sightline.signals.extents import SQL as EXTENTS
from sightline.signals.extents import Catalogue, Extent, extent_of
from sightline.signals.kind import Identity, Kind, Registry
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import Tombstone
from sightline.signals.sealing import (
    Busy,
    Progress,
    alone,
    columns,
    described,
    drop_replaced,
    nobody,
    placed,
    store,
)
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy as PoolConnection

SQL: Final = queries("sightline.signals", "erasure.sql")
LOG: Final = "erasures"
# Reasons that need no log: the rule that caused them is still there after a restore.
RETENTION: Final = "retention"
_NOTE_EVERY_MS: Final = 1000


class Eraser(Protocol):
    """Something that keeps what belongs to visits outside of the kinds' tables: recordings, their keys."""

    @property
    def name(self) -> str: ...

    async def erase(self, tombstone: Tombstone) -> int:
        """Erase what the tombstone takes, also when that was done before; return how much it was."""


class Asked(Struct, frozen=True, kw_only=True):
    """An erasure of a site as whoever asked for it sees it: how many names it has, and how far it is (0 to 1)."""

    id: int
    reason: str
    visitors: int
    visits: int
    persons: int
    rows: int
    done: float
    requested_at: datetime
    finished_at: datetime | None


class Erased(Struct, frozen=True):
    """What an erasure did."""

    id: int
    rows: int
    extents: int
    others: dict[str, int]


class Logged(Struct, frozen=True, kw_only=True):
    """One entry of the log: what was erased, and when it was asked for."""

    tombstone: Tombstone
    requested_ms: int


class Erasure:
    """Erases from one database, its extents, and everything that has registered."""

    def __init__(
        self, catalogue: Catalogue, log: BlobStore, *, kinds: Registry = KINDS, erasers: Sequence[Eraser] = ()
    ) -> None:
        self._catalogue = catalogue
        self._database = catalogue.database
        self._log = log
        self._kinds = kinds
        self._erasers = list(erasers)

    async def erase(self, tombstone: Tombstone, *, progress: Progress = nobody) -> Erased:
        """Erase now; returns when nothing is left in any store but the warehouses, which follow within a second."""
        if not any(tombstone.condition(kind) for kind in self._kinds):
            raise InvalidValue("this erasure takes nothing", hint="Name sites, visitors, visits or persons.")
        async with alone(self._catalogue.direct) as connection:
            await self._finish_open(connection, nobody)
            started = await self._begin(connection, await self._widened(connection, tombstone))
            await self._note_in_log(started)
            return await self._carry_out(connection, started, progress)

    async def resume(self, *, progress: Progress = nobody) -> int:
        """Finish what was interrupted; return how many erasures that were."""
        async with alone(self._catalogue.direct) as connection:
            return await self._finish_open(connection, progress)

    async def replay(self, *, since_ms: int = 0, progress: Progress = nobody) -> int:
        """Erase again what the log says was asked for since a moment: after a restore, before anything is served."""
        names = sorted([listed.name async for listed in self._log.walk(LOG)])
        done = 0
        for number, name in enumerate(names):
            entry = msgspec.json.decode(await self._log.get(name), type=Logged)
            if entry.requested_ms >= since_ms:
                # Only what existed then: a site may have been filled again since it was reset.
                older = entry.tombstone.before_ms
                before_ms = entry.requested_ms + 1 if older is None else older
                again = msgspec.structs.replace(entry.tombstone, id=0, before_ms=before_ms)
                async with alone(self._catalogue.direct) as connection:
                    await self._carry_out(connection, await self._begin(connection, again), nobody)
                done += 1
            await progress((number + 1) / len(names))
        return done

    async def preview(self, tombstone: Tombstone) -> dict[str, int]:
        """Count what an erasure would take, by kind, without taking it."""
        counts: dict[str, int] = {}
        async with self._database.connection() as connection:
            wide = await self._widened(connection, tombstone)
            for kind in self._kinds:
                if condition := wide.condition(kind):
                    query = SQL["count_hot"].format(table=kind.table, condition=condition)
                    counts[kind.name] = int(await connection.fetchval(query))
                    async for extent in self._possible(wide, kind):
                        data = await self._catalogue.read(extent)
                        counts[kind.name] += await asyncio.to_thread(matches, kind, data, wide)
        return counts

    async def _finish_open(self, connection: asyncpg.Connection, progress: Progress) -> int:
        rows = await connection.fetch(SQL["open_tombstones"])
        for row in rows:
            fields = {name: row[name] for name in Tombstone.__struct_fields__}
            asked_ms = clock.to_ms(row["requested_at"])
            # What was only asked for so far does not know the pseudonyms of its persons yet.
            tombstone = await self._widened(connection, msgspec.convert(fields, Tombstone))
            await connection.execute(SQL["note_names"], tombstone.id, list(tombstone.visitors), list(tombstone.visits))
            started = _Started(tombstone, row["pos"], asked_ms)
            await self._note_in_log(started)
            await self._carry_out(connection, started, progress)
        return len(rows)

    async def _widened(self, connection: "asyncpg.Connection | PoolConnection", tombstone: Tombstone) -> Tombstone:
        """A person's pseudonyms go too: what came before `identify` is of the same browser.

        So do the visits of all of them: a line that a backend wrote may know the visit and nothing else.
        """
        if tombstone.persons:
            asked = msgspec.structs.replace(tombstone, visitors=(), visits=())
            found = set(tombstone.visitors) | await self._named_in(connection, asked, Identity.VISITOR)
            tombstone = msgspec.structs.replace(tombstone, visitors=tuple(sorted(found - {0})))
        if tombstone.visitors:
            asked = msgspec.structs.replace(tombstone, visits=())
            found = set(tombstone.visits) | await self._named_in(connection, asked, Identity.VISIT)
            tombstone = msgspec.structs.replace(tombstone, visits=tuple(sorted(found - {0})))
        return tombstone

    async def _named_in(
        self, connection: "asyncpg.Connection | PoolConnection", asked: Tombstone, identity: Identity
    ) -> set[int]:
        """What stands in the column of an identity, in the rows that a tombstone takes."""
        found: set[int] = set()
        for kind in self._kinds:
            condition, column = asked.condition(kind), kind.identified_by(identity)
            if condition is None or column is None:
                continue
            query = SQL["named_in"].format(table=kind.table, column=column, condition=condition)
            found.update(row["name"] for row in await connection.fetch(query))
            async for extent in self._possible(asked, kind):
                data = await self._catalogue.read(extent)
                found.update(await asyncio.to_thread(values, kind, data, asked, column))
        return found

    async def _begin(self, connection: asyncpg.Connection, tombstone: Tombstone) -> "_Started":
        now_ms = clock.now_ms()
        async with connection.transaction():
            number, pos = await request(connection, tombstone, now_ms)
        return _Started(msgspec.structs.replace(tombstone, id=number), pos, now_ms)

    async def _note_in_log(self, started: "_Started") -> None:
        tombstone = started.tombstone
        if tombstone.reason == RETENTION:
            return
        entry = Logged(tombstone=tombstone, requested_ms=started.requested_ms)
        await self._log.put(f"{LOG}/{started.requested_ms:015}-{tombstone.id:012}.json", msgspec.json.encode(entry))

    async def _carry_out(self, connection: asyncpg.Connection, started: "_Started", progress: Progress) -> Erased:
        tombstone = started.tombstone
        progress = _noting(connection, tombstone.id, progress)
        await progress(0.02)
        extents = await self._clean_extents(connection, tombstone, progress)
        await self._clean_journal(connection, tombstone)
        await progress(0.95)
        others = {eraser.name: await eraser.erase(tombstone) for eraser in self._erasers}
        rows = await self._close(connection, started)
        await progress(1.0)
        return Erased(tombstone.id, rows, extents, others)

    async def _clean_journal(self, connection: asyncpg.Connection, tombstone: Tombstone) -> None:
        """Delete from each partition in a transaction of its own, so that none is long."""
        for kind in self._kinds:
            condition = tombstone.condition(kind)
            if condition is None:
                continue
            query = SQL["delete_counted"].format(table=kind.table, condition=condition)
            for partition in await partitions.partitions(connection, kind):
                async with connection.transaction():
                    rows = await connection.fetchval(query, partition.from_ms, partition.to_ms)
                    await connection.execute(SQL["note_rows"], tombstone.id, rows)
        if tombstone.before_ms is None:
            sites = () if tombstone.by_name else tombstone.sites
            await connection.execute(
                open_visits.SQL["erase_visits"],
                *(list(ids) for ids in (tombstone.visitors, tombstone.visits, tombstone.persons, sites)),
            )

    async def _clean_extents(self, connection: asyncpg.Connection, tombstone: Tombstone, progress: Progress) -> int:
        """Rewrite the extents that hold such rows; their old objects go at once, and so does whatever nobody lists."""
        await drop_replaced(self._catalogue, connection, *self._kinds)
        changed = 0
        for kind in self._kinds:
            possible = [extent async for extent in self._possible(tombstone, kind)]
            for number, extent in enumerate(possible):
                kept = await self._without(kind, extent, tombstone)
                if kept is not extent:
                    await self._exchange(connection, tombstone, extent, kept)
                    changed += 1
                await progress(0.02 + 0.88 * (number + 1) / len(possible))
        return changed

    async def _without(self, kind: Kind, extent: Extent, tombstone: Tombstone) -> Extent | None:
        """Write what an extent keeps; None when that is nothing, the extent itself when it keeps everything."""
        whole = set(extent.sites) <= set(tombstone.sites) and not tombstone.by_name
        if whole and (tombstone.before_ms is None or extent.to_ms < tombstone.before_ms):
            return None
        data = await self._catalogue.read(extent)
        found = await asyncio.to_thread(parquet.rewritten, kind, data, lambda table: kept_rows(kind, table, tombstone))
        if found is None:
            return extent
        rest, shape = found
        if not shape.num_rows:
            return None
        new = placed(described(kind, extent.day, rest, shape), extent.sealed_pos)
        await store(self._catalogue, new, rest)
        return new

    async def _exchange(
        self, connection: asyncpg.Connection, tombstone: Tombstone, old: Extent, new: Extent | None
    ) -> None:
        async with connection.transaction():
            if await connection.fetchval(EXTENTS["take_out"], old.id) is None:
                raise Busy(f"the extent {old.object!r} was replaced by somebody else", hint="Try again.")
            if new is not None:
                await connection.execute(EXTENTS["add_extent"], *columns(new))
            await connection.execute(SQL["note_rows"], tombstone.id, old.rows - (new.rows if new else 0))
        await self._catalogue.objects.delete(old.object)

    async def _possible(self, tombstone: Tombstone, kind: Kind) -> AsyncIterator[Extent]:
        """The extents that can hold rows of a tombstone."""
        if tombstone.condition(kind) is None:
            return
        for row in await self._database.fetch(EXTENTS["current_of_kind"], kind.name):
            extent = extent_of(row)
            other_site = tombstone.sites and not set(tombstone.sites) & set(extent.sites)
            if not other_site and (tombstone.before_ms is None or extent.from_ms < tombstone.before_ms):
                yield extent

    async def _close(self, connection: asyncpg.Connection, started: "_Started") -> int:
        """Take what arrived since the tombstone entered the ledger, and let the ledger say so."""
        tombstone = started.tombstone
        async with connection.transaction():
            await connection.execute(SQL["lock_ledger"])
            batches = [row["batch"] for row in await connection.fetch(SQL["batches_since"], started.pos)]
            for kind in self._kinds:
                condition = tombstone.condition(kind)
                if condition and batches:
                    query = SQL["delete_late"].format(table=kind.table, condition=condition)
                    rows = await connection.fetchval(query, batches)
                    await connection.execute(SQL["note_rows"], tombstone.id, rows)
            await connection.fetchval(SQL["enter_ledger"], tombstone.id, clock.now_ms())
            return int(await connection.fetchval(SQL["finish"], tombstone.id, clock.now()))


async def request(
    connection: "asyncpg.Connection | PoolConnection", tombstone: Tombstone, now_ms: int
) -> tuple[int, int]:
    """Erase for every reader as soon as the transaction commits; return the number and the place in the ledger."""
    number = int(
        await connection.fetchval(
            SQL["add_tombstone"], tombstone.reason, list(tombstone.sites), list(tombstone.visitors),
            list(tombstone.visits), list(tombstone.persons), list(tombstone.kinds), tombstone.before_ms,
            clock.from_ms(now_ms),
        )
    )  # fmt: skip
    pos = int(await connection.fetchval(SQL["enter_ledger"], number, now_ms))
    await connection.execute(SQL["note_pos"], number, pos)
    return number, pos


async def asked(
    database: Database, site: int, *, before: int | None = None, since: int = 0, limit: int = 50
) -> list[Asked]:
    """What was asked to be erased on a site, the latest first."""
    rows = await database.fetch(SQL["erasures_of_site"], site, before, since, limit)
    return [msgspec.convert(dict(row), Asked) for row in rows]


def _noting(connection: asyncpg.Connection, number: int, progress: Progress) -> Progress:
    """Also write down how far it is, once a second."""
    noted_ms = 0

    async def note(done: float) -> None:
        nonlocal noted_ms
        if clock.now_ms() - noted_ms >= _NOTE_EVERY_MS:
            noted_ms = clock.now_ms()
            await connection.execute(SQL["note_done"], number, done)
        await progress(done)

    return note


async def renew(database: Database) -> None:
    """Let every warehouse be made anew: stored rows were rewritten or restored in a way that no ledger row tells."""
    await database.execute(SQL["bump_generation"])


class _Started(Struct, frozen=True):
    tombstone: Tombstone
    pos: int
    requested_ms: int


def taken_rows(kind: Kind, table: Any, tombstone: Tombstone) -> Any:
    """Which rows of an Arrow table a tombstone takes: the same as `Tombstone.condition` says in SQL."""
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    named = [
        pc.fill_null(pc.is_in(table.column(column), value_set=pa.array(ids, pa.int64())), fill_value=False)
        for column, ids in tombstone.named(kind)
    ]
    if not named and (tombstone.by_name or not tombstone.sites):
        return pa.repeat(False, table.num_rows)  # noqa: FBT003 - pyarrow's own signature
    mask = functools.reduce(pc.or_, named) if named else pa.repeat(True, table.num_rows)  # noqa: FBT003
    if tombstone.sites:
        sites = pa.array(tombstone.sites, pa.int64())
        mask = pc.and_(mask, pc.is_in(table.column("site"), value_set=sites))
    if tombstone.before_ms is not None:
        mask = pc.and_(mask, pc.less(table.column("created_ms"), tombstone.before_ms))
    return mask


def kept_rows(kind: Kind, table: Any, tombstone: Tombstone) -> Any:
    """The rows that stay; the table itself when that is all of them."""
    import pyarrow.compute as pc  # noqa: PLC0415 - a process that only collects never loads Arrow

    mask = taken_rows(kind, table, tombstone)
    return table.filter(pc.invert(mask)) if pc.any(mask).as_py() else table


def matches(kind: Kind, data: bytes, tombstone: Tombstone) -> int:
    """How many rows of an extent a tombstone takes."""
    return len(values(kind, data, tombstone, "created_ms"))


def values(kind: Kind, data: bytes, tombstone: Tombstone, column: str) -> list[int]:
    """One column of the rows that a tombstone takes."""
    needed = {"site", "created_ms", column, *(name for name, _ in tombstone.named(kind))}
    table = parquet.decode(kind, data, sorted(needed))
    found: list[int] = table.filter(taken_rows(kind, table, tombstone)).column(column).to_pylist()
    return found
