"""Sealing: turn what is committed and closed into extents, and merge small extents into larger ones.

A seal takes a range of the ledger, writes its signals as Parquet, reads them back, and only then says in one
transaction that these extents exist and that the journal is sealed up to that place. It says so only if the place
from which it began still holds, so two sealers cannot both be right; what the other has written is an object without
an entry, which is deleted. A crash anywhere leaves at most such objects.
"""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any, Final, TypeVar

import asyncpg
from msgspec import Struct

from sightline import clock, metrics
from sightline.blobs.store import Damaged
from sightline.database.address import Address, connect
from sightline.errors import Conflict, ServiceError
from sightline.signals import ledger, parquet
from sightline.signals.extents import SQL, Catalogue, Extent
from sightline.signals.kind import Kind, Registry
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import ArrowReader, Row

R = TypeVar("R")
Progress = Callable[[float], Awaitable[None]]

# A portion is held in memory three times over: as read, as sorted, and the next one.
SIGNALS_AT_ONCE: Final = 50_000
# An extent below this is merged with its neighbours of the same day.
SMALL_BYTES: Final = 4 << 20
LARGE_BYTES: Final = 8 << 20
LARGE_ROWS: Final = 200_000
_ATTEMPTS: Final = 10
# Whoever reads a replaced extent has this long to finish.
REPLACED_FOR: Final = timedelta(hours=1)


class NotWhole(ServiceError):
    """What was sealed is not what the journal holds."""

    code = "not_whole"


class Busy(Conflict):
    """Another process is sealing or erasing."""

    code = "busy"


class Sealed(Struct, frozen=True):
    """What a run did."""

    signals: int
    extents: int
    pos: int


async def nobody(_done: float) -> None:
    """Nobody watches the progress."""


@asynccontextmanager
async def alone(address: Address) -> AsyncIterator[asyncpg.Connection]:
    """Hold the one lock under which extents change: for sealing, compaction, retention, erasure and re-masking."""
    connection = await connect(address, application="sightline-extents")
    try:
        for attempt in range(_ATTEMPTS):
            if await connection.fetchval(SQL["lock"]):
                break
            if attempt == _ATTEMPTS - 1:
                raise Busy(hint="Wait until it has finished; it goes on by itself.")
            await asyncio.sleep(0.1)  # a holder that has just ended may not be gone yet
        yield connection
        await connection.execute(SQL["unlock"])
    finally:
        connection.terminate()


class Sealer:
    """Seals one database into one object store."""

    def __init__(self, catalogue: Catalogue, kinds: Registry = KINDS) -> None:
        self._catalogue = catalogue
        self.database = catalogue.database
        self.direct = catalogue.direct
        self.kinds = kinds
        # One thread each: the allocators keep what they freed for every thread that ever asked them.
        self._reading = ThreadPoolExecutor(1, "sealing-read")
        self._working = ThreadPoolExecutor(1, "sealing-work")

    async def seal(self, before_ms: int | None = None, *, progress: Progress = nobody) -> Sealed:
        """Seal what was received before a moment, by default before today."""
        if before_ms is None:
            before_ms = clock.now_ms() // parquet.DAY_MS * parquet.DAY_MS
        async with alone(self._catalogue.direct) as connection:
            if await connection.fetchval(SQL["has_open_tombstone"]):
                raise Conflict("an erasure is not finished", hint="It is finished first; then try again.")
            return await self._seal(connection, before_ms, progress)

    async def compact(self, *, progress: Progress = nobody) -> int:
        """Merge small extents of one kind and day; return how many there are less."""
        async with alone(self._catalogue.direct) as connection:
            snapshot = await self._catalogue.snapshot()
            groups = mergeable([extent for extent in snapshot.extents if extent.kind in self.kinds])
            fewer = 0
            for number, group in enumerate(groups):
                fewer += len(group) - await self._merge(connection, group)
                await progress((number + 1) / len(groups))
            return fewer

    async def sweep(self) -> int:
        """Delete extents that were replaced a while ago, and objects that a crash left without an entry."""
        async with alone(self._catalogue.direct) as connection:
            old = await connection.fetch(SQL["replaced"], clock.now() - REPLACED_FOR)
            for row in old:
                await self._catalogue.objects.delete(row["object"])
                await connection.execute(SQL["forget_extent"], row["id"])
            before_ms = clock.to_ms(clock.now() - REPLACED_FOR)
            return len(old) + await drop_orphans(self._catalogue, connection, self.kinds, before_ms)

    async def _seal(self, connection: asyncpg.Connection, before_ms: int, progress: Progress) -> Sealed:
        start = int(await connection.fetchval("SELECT sealed_pos FROM journal_state"))
        end = int(await connection.fetchval(ledger.SQL["closed_pos"], start, before_ms))
        reader = ArrowReader(self._catalogue.direct)
        done, signals, extents = start, 0, 0
        upcoming: asyncio.Task[_Portion] | None = None
        try:
            while done < end:
                current = await (upcoming or self._start_reading(reader, done, end))
                # The next portion is read from PostgreSQL while this one is sorted and encoded.
                upcoming = self._start_reading(reader, current.to, end) if current.to < end else None
                made = await self._write(current)
                await self._record(connection, done, current.to, made)
                done, extents = current.to, extents + len(made)
                signals += sum(extent.rows for extent in made)
                await progress((done - start) / (end - start))
        finally:
            if upcoming:
                upcoming.cancel()
            await _in(self._reading, reader.close)
        return Sealed(signals, extents, done)

    def _start_reading(self, reader: ArrowReader, after: int, end: int) -> "asyncio.Task[_Portion]":
        return asyncio.create_task(self._read(reader, after, end))

    async def _read(self, reader: ArrowReader, after: int, end: int) -> "_Portion":
        rows = await ledger.rows_between(self.database, after, end)
        taken: list[Row] = []
        size = 0
        for row in rows:
            size += sum(row.counts.values())
            if taken and size > SIGNALS_AT_ONCE:
                break
            taken.append(row)
        if not taken:
            return _Portion(end, {})
        if unknown := {name for row in taken for name in row.counts} - set(self.kinds.names()):
            raise NotWhole(
                f"the journal holds signals of a kind that this process does not know: {', '.join(sorted(unknown))}",
                hint="Let the release that stored them seal them.",
            )
        tables: dict[Kind, Any] = {}
        for kind in self.kinds:
            batches = [row for row in taken if row.counts.get(kind.name)]
            if batches:
                tables[kind] = await _in(self._reading, _checked, reader, kind, batches)
        return _Portion(taken[-1].pos, tables)

    async def _write(self, portion: "_Portion") -> list[Extent]:
        made: list[Extent] = []
        try:
            for kind, table in portion.tables.items():
                made += await self._write_table(kind, table, portion.to)
        except BaseException:
            await self._discard(made)
            raise
        return made

    async def _write_table(self, kind: Kind, table: Any, pos: int) -> list[Extent]:
        files = await _in(self._working, encoded, kind, table)
        made: list[Extent] = []
        try:
            for extent, data in files:
                made.append(placed(extent, pos))
                await store(self._catalogue, made[-1], data)
        except BaseException:
            await self._discard(made)
            raise
        return made

    async def _record(self, connection: asyncpg.Connection, start: int, to: int, made: Sequence[Extent]) -> None:
        try:
            async with connection.transaction():
                if await connection.fetchval(SQL["move_seal"], start, to) is None:
                    raise Busy(hint="Another process has sealed the same signals; nothing was lost.")
                await connection.executemany(SQL["add_extent"], [columns(extent) for extent in made])
        except (Conflict, asyncpg.PostgresError):  # known not to be committed
            await self._discard(made)
            raise
        for extent in made:
            metrics.count("SignalsSealed", extent.rows, Kind=extent.kind)

    async def _merge(self, connection: asyncpg.Connection, group: Sequence[Extent]) -> int:
        """Merge extents into one; return how many took their place."""
        kind = self.kinds[group[0].kind]
        parts = [await self._catalogue.read(extent) for extent in group]
        table = await _in(self._working, _joined, kind, parts)
        if table.num_rows != sum(extent.rows for extent in group):
            raise NotWhole(f"{len(group)} extents of {kind.name} on {group[0].day} do not hold what the catalogue says")
        made = await self._write_table(kind, table, max(extent.sealed_pos for extent in group))
        try:
            await replace(connection, group, made)
        except (Conflict, asyncpg.PostgresError):  # known not to be committed
            await self._discard(made)
            raise
        return len(made)

    async def _discard(self, made: Sequence[Extent]) -> None:
        for extent in made:
            with contextlib.suppress(Exception):
                await self._catalogue.objects.delete(extent.object)


async def _in(threads: ThreadPoolExecutor, work: Callable[..., R], *given: object) -> R:
    return await asyncio.get_running_loop().run_in_executor(threads, work, *given)


class _Portion(Struct, frozen=True):
    """Signals of a range of the ledger, by kind."""

    to: int
    tables: dict[Kind, Any]


async def store(catalogue: Catalogue, extent: Extent, data: bytes) -> None:
    """Write an object and read it back."""
    await catalogue.objects.put(extent.object, data)
    try:
        await catalogue.read(extent)
    except Damaged as exc:
        raise NotWhole(f"{extent.object!r} is not what was written", hint="Check the object store.") from exc


async def replace(connection: asyncpg.Connection, old: Sequence[Extent], new: Sequence[Extent]) -> None:
    """Let new extents take the place of old ones, if nobody has replaced those meanwhile."""
    async with connection.transaction():
        done = await connection.execute(SQL["replace"], [extent.id for extent in old], clock.now())
        if int(done.split()[-1]) != len(old):
            raise Busy(hint="Another process has replaced the same extents; nothing was lost.")
        await connection.executemany(SQL["add_extent"], [columns(extent) for extent in new])


async def drop_replaced(catalogue: Catalogue, connection: asyncpg.Connection, *kinds: Kind) -> None:
    """Delete at once what nobody may read any more: replaced extents, and objects without an entry."""
    for row in await connection.fetch(SQL["replaced"], clock.now()):
        await catalogue.objects.delete(row["object"])
        await connection.execute(SQL["forget_extent"], row["id"])
    await drop_orphans(catalogue, connection, kinds, clock.now_ms() + 1000)


async def drop_orphans(
    catalogue: Catalogue, connection: asyncpg.Connection, kinds: Iterable[Kind], before_ms: int
) -> int:
    """Delete objects without an entry that are older than a moment."""
    found = [
        listed.name
        for kind in kinds
        async for listed in catalogue.objects.walk(kind.name)
        if listed.modified_ms < before_ms
    ]
    known = {row["object"] for row in await connection.fetch(SQL["objects"], found)}
    orphans = [name for name in found if name not in known]
    for name in orphans:
        await catalogue.objects.delete(name)
    return len(orphans)


def encoded(kind: Kind, table: Any) -> list[tuple[Extent, bytes]]:
    """Cut by day, sort, encode, decode again and compare: what comes back is what was given."""
    made, sums = [], []
    for day, part in parquet.by_day(table):
        data = parquet.encode(kind, part)
        sums.append(parquet.sums_of_table(kind, parquet.decode(kind, data)))
        made.append((described(kind, day, data, part), data))
    if made and parquet.added(sums) != parquet.sums_of_table(kind, table):
        raise NotWhole(f"Parquet gives back other values of {kind.name} than were written")
    return made


def described(kind: Kind, day: date, data: bytes, table: Any) -> Extent:
    """Describe a file by what is in it; it has no name yet."""
    sites, counts = parquet.site_counts(table)
    from_ms, to_ms = parquet.bounds(table, "created_ms")
    return Extent(
        kind=kind.name, day=day, object="", rows=table.num_rows, size=len(data),
        sha256=hashlib.sha256(data).digest(), sites=sites, site_rows=counts, from_ms=from_ms, to_ms=to_ms,
        rules=parquet.bounds(table, "rules")[0], sealed_pos=0,
    )  # fmt: skip


def _checked(reader: ArrowReader, kind: Kind, rows: Sequence[Row]) -> Any:
    """The signals of some batches, held against what PostgreSQL itself counts and sums up."""
    # Bytes stay behind: they become objects of their own, and until then nothing drops their partition.
    table = kind.conformed(reader.batches(kind, rows, kind.shadowed))
    expected = parquet.sums_of_row(reader.row(ledger.select_batches(kind, rows, parquet.sums_query(kind))))
    if parquet.sums_of_table(kind, table) != expected:
        raise NotWhole(f"{table.num_rows} signals of {kind.name} were read, the journal has {expected.rows}")
    return table


def _joined(kind: Kind, parts: Sequence[bytes]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow

    return pa.concat_tables([parquet.decode(kind, data) for data in parts])


def placed(extent: Extent, pos: int) -> Extent:
    """Give an extent the name of an object of its own, below its kind and day as Spark and Athena expect."""
    name = f"{extent.kind}/day={extent.day.isoformat()}/{pos:015}-{secrets.token_hex(6)}.parquet"
    return Extent(**{**_fields(extent), "object": name, "sealed_pos": pos})


def _fields(extent: Extent) -> dict[str, Any]:
    return {name: getattr(extent, name) for name in extent.__struct_fields__}


def columns(extent: Extent) -> tuple[Any, ...]:
    """An extent as a row of the catalogue."""
    return (
        extent.kind, extent.day, extent.object, extent.rows, extent.size, extent.sha256, list(extent.sites),
        list(extent.site_rows), extent.from_ms, extent.to_ms, extent.rules, extent.sealed_pos,
    )  # fmt: skip


def mergeable(extents: Sequence[Extent]) -> list[list[Extent]]:
    """Groups of small extents of one kind and day that together stay below what may be in memory at once."""
    groups: list[list[Extent]] = []
    for extent in sorted(extents, key=lambda extent: (extent.kind, extent.day, extent.id)):
        if extent.size >= SMALL_BYTES or extent.rows >= LARGE_ROWS // 2:
            continue
        last = groups[-1] if groups else []
        same = last and (last[0].kind, last[0].day) == (extent.kind, extent.day)
        size, rows = sum(one.size for one in last) + extent.size, sum(one.rows for one in last) + extent.rows
        if same and size <= LARGE_BYTES and rows <= LARGE_ROWS:
            last.append(extent)
        else:
            groups.append([extent])
    return [group for group in groups if len(group) > 1]
