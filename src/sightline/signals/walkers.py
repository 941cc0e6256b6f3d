"""Walkers: the one way in which audit, re-masking and erasure go over everything that is stored.

Every kind has a walker by itself. What keeps texts elsewhere (recordings, the vault's notes) registers one of its own,
so that none of the three can forget it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Final, Protocol

import asyncpg
from msgspec import Struct

from sightline.database.pool import Database
from sightline.signals import ledger, parquet, partitions
from sightline.signals.erasure import SQL as ERASURE
from sightline.signals.extents import SQL as EXTENTS
from sightline.signals.extents import Catalogue, Extent
from sightline.signals.kind import Column, Kind, Registry, Walk
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import ArrowReader, Tombstone
from sightline.signals.sealing import Progress, alone, columns, described, nobody, placed, store
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "walkers.sql")
_SIGNALS_AT_ONCE: Final = 20_000
# How a text is masked again: what kind of text it is, and the distinct texts; the answer is as long as the question.
Remask = Callable[[Walk, Sequence[str]], Sequence[str]]


class Selection(Struct, frozen=True, kw_only=True):
    """What to go over: everything, or some sites, or what was created since a moment, or under older rules."""

    sites: tuple[int, ...] = ()
    since_ms: int = 0
    older_than_rules: int | None = None


class Texts(Struct, frozen=True, kw_only=True):
    """Distinct texts of one column, and how often each stands there."""

    walker: str
    column: str
    walk: Walk
    rules: int
    where: str
    texts: tuple[str, ...]
    counts: tuple[int, ...]


class Walker(Protocol):
    """Goes over one sort of stored things."""

    @property
    def name(self) -> str: ...

    def texts(self, selection: Selection) -> AsyncIterator[Texts]:
        """Everything that somebody can have written, for an audit."""

    async def remask(self, selection: Selection, remask: Remask, rules: int, *, progress: Progress = nobody) -> int:
        """Rewrite what is stored under rules older than these; return how many signals were changed."""

    async def erase(self, tombstone: Tombstone) -> int:
        """Erase what a tombstone takes, also when that was done before."""


class Walkers:
    """All walkers of a process: those of the kinds, and those that were registered."""

    def __init__(self, catalogue: Catalogue, kinds: Registry = KINDS) -> None:
        self._all: dict[str, Walker] = {kind.name: KindWalker(kind, catalogue) for kind in kinds}
        self._kinds = set(self._all)

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

    async def texts(self, selection: Selection) -> AsyncIterator[Texts]:
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
        async for extent in self._extents(selection):
            table = await asyncio.to_thread(parquet.decode, self._kind, await self._catalogue.read(extent))
            for found in await asyncio.to_thread(_texts, self._kind, table, selection, extent.object):
                yield found

    async def remask(self, selection: Selection, remask: Remask, rules: int, *, progress: Progress = nobody) -> int:
        """Rewrite extents one by one, then the journal; warehouses are made anew afterwards.

        Each extent notes the rules it was masked under, so a run that was interrupted goes on where it was.
        """
        wanted = Selection(sites=selection.sites, since_ms=selection.since_ms, older_than_rules=rules)
        changed = 0
        async with alone(self._catalogue.direct) as connection:
            extents = [extent async for extent in self._extents(wanted)]
            for number, extent in enumerate(extents):
                changed += await self._remask_extent(connection, extent, wanted, remask)
                await progress(0.9 * (number + 1) / len(extents))
            changed += await self._remask_journal(connection, wanted, remask)
            await connection.execute(ERASURE["bump_generation"])
        await progress(1.0)
        return changed

    async def erase(self, tombstone: Tombstone) -> int:  # noqa: ARG002 - the interface of all walkers
        """Nothing: an erasure goes over the kinds itself, since they are erased together."""
        return 0

    async def _remask_extent(
        self, connection: asyncpg.Connection, extent: Extent, wanted: Selection, remask: Remask
    ) -> int:
        kind, count = self._kind, 0

        def change(table: Any) -> Any:
            nonlocal count
            after, changed = remasked(kind, table, wanted, remask)
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

    async def _remask_journal(self, connection: asyncpg.Connection, wanted: Selection, remask: Remask) -> int:
        """Rewrite the rows of the journal, sealed ones too: they stay there for a while."""
        kind = self._kind
        if not kind.walked():
            return 0
        total = 0
        for partition in await partitions.partitions(connection, kind):
            async with connection.transaction():
                total += await self._remask_partition(connection, partition.name, wanted, remask)
        return total

    async def _remask_partition(
        self, connection: asyncpg.Connection, table: str, wanted: Selection, remask: Remask
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
        rows = await connection.cursor(select, wanted.older_than_rules, list(wanted.sites), wanted.since_ms)
        total = 0
        while found := await rows.fetch(_SIGNALS_AT_ONCE):
            again = [
                await asyncio.to_thread(_again, column.walk, [row[column.name] for row in found], remask)
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
            if selection.sites and not set(selection.sites) & set(extent.sites):
                continue
            if selection.older_than_rules is not None and extent.rules >= selection.older_than_rules:
                continue
            yield extent


def remasked(kind: Kind, table: Any, wanted: Selection, remask: Remask) -> tuple[Any, int]:
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
        again = pa.array(_again(column.walk, texts, remask), pa.string())
        table = table.set_column(place, column.arrow, pc.if_else(mask, again, table.column(place)))
    place = table.column_names.index("rules")
    rules = pa.scalar(wanted.older_than_rules, pa.int16())
    return table.set_column(place, kind.columns[place].arrow, pc.if_else(mask, rules, table.column(place))), count


def _again(walk: Walk | None, texts: Sequence[str], remask: Remask) -> list[str]:
    """Mask texts again, each distinct one once; no text stays no text."""
    assert walk is not None
    distinct = sorted(set(texts) - {""})
    masked = dict(zip(distinct, remask(walk, distinct), strict=True))
    return [masked.get(text, "") for text in texts]


def _chosen(table: Any, selection: Selection) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    mask = pc.greater_equal(table.column("created_ms"), selection.since_ms)
    if selection.sites:
        mask = pc.and_(mask, pc.is_in(table.column("site"), value_set=pa.array(selection.sites, pa.int64())))
    if selection.older_than_rules is not None:
        mask = pc.and_(mask, pc.less(table.column("rules"), selection.older_than_rules))
    return mask


def _texts(kind: Kind, table: Any, selection: Selection, where: str) -> list[Texts]:
    import pyarrow.compute as pc  # noqa: PLC0415 - a process that only collects never loads Arrow

    made: list[Texts] = []
    table = table.filter(_chosen(table, selection))
    for rules in sorted(pc.unique(table.column("rules")).to_pylist()):
        part = table.filter(pc.equal(table.column("rules"), rules))
        for column in kind.walked():
            made += _texts_of(kind, part, column, rules, where)
    return made


def _texts_of(kind: Kind, part: Any, column: Column, rules: int, where: str) -> Iterator[Texts]:
    import pyarrow.compute as pc  # noqa: PLC0415 - a process that only collects never loads Arrow

    assert column.walk is not None
    counted = [row for row in pc.value_counts(part.column(column.name)).to_pylist() if row["values"]]
    if counted:
        yield Texts(
            walker=kind.name, column=column.name, walk=column.walk, rules=rules, where=where,
            texts=tuple(row["values"] for row in counted), counts=tuple(row["counts"] for row in counted),
        )  # fmt: skip
