"""Walkers: the one way in which audit, re-masking and erasure go over everything that is stored.

Every kind has a walker by itself. What keeps texts elsewhere (recordings, the vault's notes) registers one of its own,
so that none of the three can forget it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Final, Protocol

import asyncpg
import msgspec
from msgspec import Struct

from sightline.database.pool import Database
from sightline.errors import NotFound
from sightline.signals import ledger, parquet, partitions
from sightline.signals.erasure import SQL as ERASURE
from sightline.signals.extents import SQL as EXTENTS
from sightline.signals.extents import Catalogue, Extent
from sightline.signals.kind import BATCH, PLACE, Column, Kind, Registry, Walk
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import ArrowReader, Tombstone
from sightline.signals.masking import Masking
from sightline.signals.sealing import Progress, alone, columns, described, drop_replaced, nobody, placed, store
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "walkers.sql")
_SIGNALS_AT_ONCE: Final = 20_000


class Selection(Struct, frozen=True, kw_only=True):
    """What to go over: everything, or some sites, or all but some, some time, what older rules masked, a sample."""

    sites: tuple[int, ...] = ()
    except_sites: tuple[int, ...] = ()
    since_ms: int = 0
    until_ms: int | None = None
    older_than_rules: int | None = None
    share: float = 1.0


class Texts(Struct, frozen=True, kw_only=True):
    """Distinct texts of one column, how often each stands there, and the id of one row in which it does."""

    walker: str
    column: str
    walk: Walk
    rules: int
    where: str
    texts: tuple[str, ...]
    counts: tuple[int, ...]
    rows: tuple[str, ...]


class Walker(Protocol):
    """Goes over one sort of stored things."""

    @property
    def name(self) -> str: ...

    def texts(self, selection: Selection, *, progress: Progress = nobody) -> AsyncIterator[Texts]:
        """Everything that somebody can have written, for an audit."""

    async def size(self, selection: Selection) -> int:
        """About how many signals that are."""

    async def remask(self, selection: Selection, masking: Masking, *, progress: Progress = nobody) -> int:
        """Rewrite what is stored under rules older than these; return how many signals were rewritten.

        It may be interrupted anywhere and be called again: each row notes the rules under which it was masked.
        """

    async def erase(self, tombstone: Tombstone) -> int:
        """Erase what a tombstone takes, also when that was done before."""


# A module of a higher floor that keeps texts outside of the kinds' tables adds the maker of its walker here.
BESIDE_KINDS: Final[list[Callable[[Catalogue], Walker]]] = []


class Walkers:
    """All walkers of a process: those of the kinds, and those that were registered."""

    def __init__(self, catalogue: Catalogue, kinds: Registry = KINDS) -> None:
        self._all: dict[str, Walker] = {kind.name: KindWalker(kind, catalogue) for kind in kinds}
        self._kinds = set(self._all)
        if kinds is KINDS:  # what stands beside the kinds of the process stands beside no others
            for make in BESIDE_KINDS:
                self.register(make(catalogue))

    def register(self, walker: Walker) -> None:
        if walker.name in self._all:
            raise ValueError(f"there is a walker {walker.name!r} already")
        self._all[walker.name] = walker

    def __iter__(self) -> Iterator[Walker]:
        return iter(self._all.values())

    def names(self) -> list[str]:
        return list(self._all)

    def beside_kinds(self) -> list[Walker]:
        """The walkers that an erasure has to tell; it goes over the kinds itself."""
        return [walker for name, walker in self._all.items() if name not in self._kinds]


class KindWalker:
    """Goes over the journal and the extents of one kind."""

    def __init__(self, kind: Kind, catalogue: Catalogue) -> None:
        self._kind = kind
        self._catalogue = catalogue
        self._database: Database = catalogue.database
        self.name = kind.name

    async def texts(self, selection: Selection, *, progress: Progress = nobody) -> AsyncIterator[Texts]:
        """What no extent holds yet, then the extents: what is sealed meanwhile is read twice rather than never."""
        reader = ArrowReader(self._catalogue.direct)
        try:
            sealed = await self._database.fetchval("SELECT sealed_pos FROM journal_state")
            assert isinstance(sealed, int)
            async for rows in self._hot(sealed):
                table = await asyncio.to_thread(reader.batches, self._kind, rows)
                for found in await asyncio.to_thread(_texts, self._kind, table, selection, "journal"):
                    yield found
        finally:
            await asyncio.to_thread(reader.close)
        extents = [extent async for extent in self._extents(selection)]
        for number, extent in enumerate(extents):
            await progress((number + 1) / (len(extents) + 1))
            data = await self._read(extent)
            if data is not None:
                for found in await asyncio.to_thread(_texts_of_file, self._kind, data, selection, extent.object):
                    yield found
        await progress(1.0)

    async def size(self, selection: Selection) -> int:
        sealed, total = await self._database.fetchval("SELECT sealed_pos FROM journal_state"), 0
        assert isinstance(sealed, int)
        async for rows in self._hot(sealed):
            total += sum(row.counts[self._kind.name] for row in rows)
        async for extent in self._extents(selection):
            total += sum(
                rows for site, rows in zip(extent.sites, extent.site_rows, strict=True) if _takes_site(selection, site)
            )
        return total

    async def remask(self, selection: Selection, masking: Masking, *, progress: Progress = nobody) -> int:
        """Rewrite extents one by one, then the journal; warehouses are made anew afterwards."""
        wanted = msgspec.structs.replace(selection, older_than_rules=masking.number)
        changed = 0
        async with alone(self._catalogue.direct) as connection:
            extents = [extent async for extent in self._extents(wanted)]
            for number, extent in enumerate(extents):
                changed += await self._remask_extent(connection, extent, wanted, masking)
                await progress(0.9 * (number + 1) / len(extents))
            changed += await self._remask_journal(connection, wanted, masking)
            # What compaction has replaced, or a crash left behind, holds the texts as they were.
            await drop_replaced(self._catalogue, connection, self._kind)
            if changed:
                await connection.execute(ERASURE["bump_generation"])
        await progress(1.0)
        return changed

    async def _read(self, extent: Extent) -> bytes | None:
        """The file of an extent; None when it was compacted, masked anew or erased since it was listed."""
        try:
            return await self._catalogue.read(extent)
        except NotFound:
            if any(extent.id == current.id for current in (await self._catalogue.snapshot()).extents):
                raise
            return None

    async def erase(self, tombstone: Tombstone) -> int:  # noqa: ARG002 - the interface of all walkers
        """Nothing: an erasure goes over the kinds itself, since they are erased together."""
        return 0

    async def _remask_extent(
        self, connection: asyncpg.Connection, extent: Extent, wanted: Selection, masking: Masking
    ) -> int:
        kind, count = self._kind, 0

        def change(table: Any) -> Any:
            nonlocal count
            after, changed = remasked(kind, table, wanted, masking)
            count += changed
            return after

        found = await asyncio.to_thread(parquet.rewritten, kind, await self._catalogue.read(extent), change)
        if found is None:
            return 0
        new = placed(described(kind, extent.day, *found), extent.sealed_pos)
        await store(self._catalogue, new, found[0])
        async with connection.transaction():
            await connection.fetchval(EXTENTS["take_out"], extent.id)
            await connection.execute(EXTENTS["add_extent"], *columns(new))
        await self._catalogue.objects.delete(extent.object)
        return count

    async def _remask_journal(self, connection: asyncpg.Connection, wanted: Selection, masking: Masking) -> int:
        """Rewrite the rows of the journal, sealed ones too: they stay there for a while."""
        kind = self._kind
        if not kind.walked():
            return 0
        total = 0
        for partition in await partitions.partitions(connection, kind):
            async with connection.transaction():
                total += await self._remask_partition(connection, partition.name, wanted, masking)
        return total

    async def _remask_partition(
        self, connection: asyncpg.Connection, table: str, wanted: Selection, masking: Masking
    ) -> int:
        walked = self._kind.walked()
        names = ", ".join(column.name for column in walked)
        select = SQL["rows_to_remask"].format(table=table, columns=names)
        update = SQL["write_remasked"].format(
            table=table,
            columns=names,
            assignments=", ".join(f"{column.name} = again.{column.name}" for column in walked),
            arrays=", ".join(f"${number}::text[]" for number in range(3, 3 + len(walked))),
        )
        until_ms = 2**62 if wanted.until_ms is None else wanted.until_ms
        rows = await connection.cursor(
            select, wanted.older_than_rules, list(wanted.sites), wanted.since_ms, list(wanted.except_sites), until_ms
        )
        total = 0
        while found := await rows.fetch(_SIGNALS_AT_ONCE):
            again = [
                await asyncio.to_thread(_again, column.walk, [row[column.name] for row in found], masking)
                for column in walked
            ]
            await connection.execute(update, wanted.older_than_rules, [row["ctid"] for row in found], *again)
            total += len(found)
        return total

    async def _hot(self, sealed: int) -> AsyncIterator[list[ledger.Row]]:
        """Portions of the ledger whose signals are in no extent."""
        pos = sealed
        while rows := await ledger.rows_after(self._database, pos):
            for portion in ledger.portions(rows, signals=_SIGNALS_AT_ONCE):
                if taken := [row for row in portion if row.counts.get(self._kind.name)]:
                    yield taken
            pos = rows[-1].pos

    async def _extents(self, selection: Selection) -> AsyncIterator[Extent]:
        for extent in (await self._catalogue.snapshot()).extents:
            if extent.kind != self._kind.name or extent.to_ms < selection.since_ms:
                continue
            if not any(_takes_site(selection, site) for site in extent.sites):
                continue
            if selection.until_ms is not None and extent.from_ms >= selection.until_ms:
                continue
            if selection.older_than_rules is not None and extent.rules >= selection.older_than_rules:
                continue
            yield extent


def remasked(kind: Kind, table: Any, wanted: Selection, masking: Masking) -> tuple[Any, int]:
    """Mask the texts of the rows that are wanted again; the table itself when none are."""
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    mask = _chosen(table, wanted)
    count = pc.sum(mask).as_py() or 0
    if not count:
        return table, 0
    for column in kind.walked():
        assert column.walk is not None
        place = table.column_names.index(column.name)
        texts = table.column(place).to_pylist()
        again = pa.array(_again(column.walk, texts, masking), pa.string())
        table = table.set_column(place, column.arrow, pc.if_else(mask, again, table.column(place)))
    place = table.column_names.index("rules")
    rules = pa.scalar(wanted.older_than_rules, pa.int16())
    return table.set_column(place, kind.columns[place].arrow, pc.if_else(mask, rules, table.column(place))), count


def _again(walk: Walk | None, texts: Sequence[str], masking: Masking) -> list[str]:
    """Mask texts again, each distinct one once; no text stays no text."""
    assert walk is not None
    distinct = sorted(set(texts) - {""})
    masked = dict(zip(distinct, masking.texts(walk, distinct), strict=True))
    return [masked.get(text, "") for text in texts]


def _chosen(table: Any, selection: Selection) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    mask = pc.greater_equal(table.column("created_ms"), selection.since_ms)
    if selection.until_ms is not None:
        mask = pc.and_(mask, pc.less(table.column("created_ms"), selection.until_ms))
    if selection.sites:
        mask = pc.and_(mask, pc.is_in(table.column("site"), value_set=pa.array(selection.sites, pa.int64())))
    if selection.except_sites:
        others = pc.is_in(table.column("site"), value_set=pa.array(selection.except_sites, pa.int64()))
        mask = pc.and_(mask, pc.invert(others))
    if selection.share < 1:
        mask = pc.and_(mask, pc.less(pc.random(table.num_rows), selection.share))
    if selection.older_than_rules is not None:
        mask = pc.and_(mask, pc.less(table.column("rules"), selection.older_than_rules))
    return mask


def _takes_site(selection: Selection, site: int) -> bool:
    return site not in selection.except_sites and (not selection.sites or site in selection.sites)


def _texts_of_file(kind: Kind, data: bytes, selection: Selection, where: str) -> list[Texts]:
    return _texts(kind, parquet.decode(kind, data), selection, where)


def _texts(kind: Kind, table: Any, selection: Selection, where: str) -> list[Texts]:
    import pyarrow.compute as pc  # noqa: PLC0415 - a process that only collects never loads Arrow

    table = table.filter(_chosen(table, selection))
    found = []
    for rules in sorted(pc.unique(table.column("rules")).to_pylist()):
        part = table.filter(pc.equal(table.column("rules"), rules))
        found += [_texts_of(kind, part, column, rules, where) for column in kind.walked()]
    return [texts for texts in found if texts.texts]


def _texts_of(kind: Kind, part: Any, column: Column, rules: int, where: str) -> Texts:
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    assert column.walk is not None
    at = pa.array(range(part.num_rows), pa.int64())
    grouped = pa.table({"text": part.column(column.name), "at": at}).group_by("text")
    counted = grouped.aggregate([("at", "min"), ("at", "count")])
    counted = counted.filter(pc.not_equal(counted.column("text"), ""))
    first = part.take(counted.column("at_min"))
    ids = zip(first.column(BATCH.name).to_pylist(), first.column(PLACE.name).to_pylist(), strict=True)
    return Texts(
        walker=kind.name, column=column.name, walk=column.walk, rules=rules, where=where,
        texts=tuple(counted.column("text").to_pylist()), counts=tuple(counted.column("at_count").to_pylist()),
        rows=tuple(f"{batch}:{place}" for batch, place in ids),
    )  # fmt: skip
