"""Bring a shadow forward: first from the extents, then along the ledger, one bounded step at a time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from sightline import clock, metrics
from sightline.errors import NotFound
from sightline.signals import ledger
from sightline.signals.extents import Catalogue
from sightline.signals.kind import Kind, Registry
from sightline.signals.ledger import ArrowReader, Place, Row
from sightline.signals.shadow import Shadow

_ROWS_AT_ONCE: Final = 5000
_SIGNALS_AT_ONCE: Final = 100_000
InThread = Callable[..., Awaitable[Any]]


class StartAnew(Exception):
    """The shadow's history is not the database's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Following:
    """One shadow on its way."""

    def __init__(
        self,
        shadow: Shadow,
        catalogue: Catalogue,
        kinds: Registry,
        in_thread: InThread,
        place: Place | None,
    ) -> None:
        self._shadow = shadow
        self._database = catalogue.database
        self._catalogue = catalogue
        self._kinds = kinds
        self._in_thread = in_thread
        self._reader = ArrowReader(catalogue.direct)
        self.building = place is None
        self.place = place or Place()
        self.rows_done = 0
        self.rows_total = 0
        self.lag_ms = 0

    async def build(self) -> None:
        """Fill an empty shadow from the extents, then follow the ledger from where they end."""
        state = await ledger.poll(self._database, self.place)
        snapshot = await self._catalogue.snapshot()
        self.rows_total = snapshot.rows + await self._hot_rows(snapshot.sealed_pos)
        self.place = Place(cluster=state.cluster, generation=snapshot.generation, pos=snapshot.sealed_pos)
        await self._in_thread(self._shadow.begin, self.place)
        for extent in snapshot.extents:
            if extent.kind not in self._kinds:
                continue
            kind = self._kinds[extent.kind]
            try:
                data = await self._catalogue.read(extent)
            except NotFound:  # erased or compacted away while we were reading
                raise StartAnew("behind") from None
            self.rows_done += await self._in_thread(self._load, kind, data)
        while await self.step():
            pass
        await self._in_thread(self._shadow.complete)
        self.building = False

    async def step(self) -> bool:
        """Go one step; whether there may be more to do at once."""
        state = await ledger.poll(self._database, self.place)
        if reason := state.differs(self.place):
            raise StartAnew(reason)
        if state.last_pos == self.place.pos:
            self._note_lag(0)
            return False
        rows = await ledger.rows_after(self._database, self.place.pos, _ROWS_AT_ONCE)
        if not rows:
            return False
        stones = await self._tombstones(rows)
        for portion in ledger.portions(rows, signals=_SIGNALS_AT_ONCE):
            self._note_lag(clock.now_ms() - portion[0].received_ms)
            await self._take(portion, stones)
        return len(rows) == _ROWS_AT_ONCE

    def close(self) -> None:
        self._reader.close()

    async def _take(self, portion: Sequence[Row], stones: dict[int, ledger.Tombstone]) -> None:
        last = portion[-1]
        reached = Place(cluster=self.place.cluster, generation=self.place.generation, pos=last.pos, mark=last.mark)
        if last.tombstone is not None:
            await self._in_thread(self._shadow.erase, stones[last.tombstone], reached)
        else:
            tables = await self._in_thread(self._fetch, portion)
            # A partition may have been dropped, or its rows rewritten, since we asked: then the rows are not whole.
            if reason := (await ledger.poll(self._database, self.place)).differs(self.place):
                raise StartAnew(reason)
            await self._in_thread(self._shadow.add, tables, reached)
            self.rows_done += sum(table.num_rows for table in tables.values())
        self.place = reached

    async def _tombstones(self, rows: Sequence[Row]) -> dict[int, ledger.Tombstone]:
        ids = [row.tombstone for row in rows if row.tombstone is not None]
        return await ledger.tombstones(self._database, ids) if ids else {}

    def _fetch(self, portion: Sequence[Row]) -> dict[Kind, Any]:
        names = {name for row in portion for name in row.counts}
        return {
            kind: self._reader.batches(kind, [row for row in portion if kind.name in row.counts], kind.shadowed)
            for kind in self._kinds
            if kind.name in names
        }

    def _load(self, kind: Kind, data: bytes) -> int:
        import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
        import pyarrow.parquet as pq  # noqa: PLC0415

        rows = 0
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            wanted = [column.name for column in kind.shadowed]
            for batch in file.iter_batches(batch_size=_SIGNALS_AT_ONCE, columns=wanted):
                self._shadow.add({kind: kind.conformed(pa.table(batch), kind.shadowed)}, None)
                rows += batch.num_rows
        return rows

    async def _hot_rows(self, after: int) -> int:
        """About how many signals the ledger has after a place."""
        counted = await self._database.fetchval(
            "SELECT coalesce(sum(value::bigint), 0)::bigint FROM ledger, jsonb_each_text(counts) WHERE pos > $1", after
        )
        assert isinstance(counted, int)
        return counted

    def _note_lag(self, lag_ms: int) -> None:
        self.lag_ms = max(lag_ms, 0)
        metrics.observe("WarehouseLag", self.lag_ms)
