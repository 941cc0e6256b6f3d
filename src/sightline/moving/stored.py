"""Everything that is stored of a kind, each row once: extents up to the place they cover, and the journal after it.

Rows come as Arrow tables of a bounded size. What is committed after reading began is not read.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from msgspec import Struct

from sightline.errors import NotFound, Unavailable
from sightline.signals import ledger
from sightline.signals.extents import Catalogue, Extent
from sightline.signals.kind import Kind
from sightline.signals.ledger import ArrowReader, Row

_ROWS_AT_ONCE: Final = 20_000
_FOREVER: Final = 2**62


class Range(Struct, frozen=True, kw_only=True):
    """Which rows, and which of their columns; all where none is named."""

    kind: Kind
    site: int
    from_ms: int = -_FOREVER
    to_ms: int = _FOREVER
    columns: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns or tuple(self.kind.column_names)

    def touches(self, extent: Extent) -> bool:
        return (
            extent.kind == self.kind.name
            and self.site in extent.sites
            and extent.from_ms < self.to_ms
            and extent.to_ms >= self.from_ms
        )


class Stored:
    """The rows of a range, as they were when it was opened."""

    def __init__(self, catalogue: Catalogue, wanted: Range, extents: list[Extent], hot: list[Row]) -> None:
        self._catalogue = catalogue
        self._wanted = wanted
        self._extents = extents
        self._hot = hot

    @classmethod
    async def open(cls, catalogue: Catalogue, wanted: Range) -> "Stored":
        snapshot = await catalogue.snapshot()
        hot: list[Row] = []
        pos = snapshot.sealed_pos
        while rows := await ledger.rows_after(catalogue.database, pos):
            hot += [row for row in rows if row.counts.get(wanted.kind.name)]
            pos = rows[-1].pos
        return cls(catalogue, wanted, [one for one in snapshot.extents if wanted.touches(one)], hot)

    @property
    def most(self) -> int:
        """How many rows there are at most; of the journal nobody knows beforehand whose they are."""
        sealed = sum(dict(zip(one.sites, one.site_rows, strict=True))[self._wanted.site] for one in self._extents)
        return sealed + sum(row.counts[self._wanted.kind.name] for row in self._hot)

    async def tables(self) -> AsyncIterator[Any]:
        """The rows, oldest extent first; within a table in the order of the site's time where it is sealed."""
        for extent in self._extents:
            try:
                data = await self._catalogue.read(extent)
            except NotFound as exc:
                raise Unavailable(
                    "what is stored was rewritten while it was read", hint="Begin again; nothing was lost."
                ) from exc
            parts = _parts(self._wanted, data)
            while (part := await asyncio.to_thread(_next, parts)) is not None:
                if part.num_rows:
                    yield part
        reader = ArrowReader(self._catalogue.direct)
        try:
            for portion in ledger.portions(self._hot, signals=_ROWS_AT_ONCE):
                table = await asyncio.to_thread(_hot_rows, reader, self._wanted, portion)
                if table.num_rows:
                    yield table
        finally:
            await asyncio.to_thread(reader.close)


def _next(parts: Iterator[Any]) -> Any:
    return next(parts, None)


def _parts(wanted: Range, data: bytes) -> Iterator[Any]:
    """The wanted rows of a file, some at a time: it is much larger unpacked."""
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = pq.ParquetFile(pa.BufferReader(data))
    needed = {*wanted.names, "site", "created_ms"} & set(file.schema_arrow.names)
    for batch in file.iter_batches(_ROWS_AT_ONCE, columns=sorted(needed), use_threads=False):
        table = pa.Table.from_batches([batch])
        mask = pc.equal(table.column("site"), wanted.site)
        mask = pc.and_(mask, pc.greater_equal(table.column("created_ms"), wanted.from_ms))
        mask = pc.and_(mask, pc.less(table.column("created_ms"), wanted.to_ms))
        table = table.filter(mask)
        yield (wanted.kind.conformed(table) if not wanted.columns else table).select(list(wanted.names))


def _hot_rows(reader: ArrowReader, wanted: Range, rows: list[Row]) -> Any:
    # All values are integers, all names a kind's own.
    query = ledger.select_batches(wanted.kind, rows, ", ".join(wanted.names)) + (
        f" AND site = {int(wanted.site)} AND created_ms >= {int(wanted.from_ms)} AND created_ms < {int(wanted.to_ms)}"
    )
    table = reader.table(query)
    return wanted.kind.conformed(table) if not wanted.columns else table
