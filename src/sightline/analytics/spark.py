"""Spark: the same reports on a cluster, for what one machine cannot scan any more.

The cluster reads the extents that the catalogue lists where they are (a folder that all workers see, or S3), never an
object that nothing lists. What is not sealed yet comes along from the journal, and erasures that were committed since
are made on both, so that an answer is that of the warehouse at the same place in the ledger.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from sightline.analytics.engines import Build, Dialect, Row, prepared, rows_of
from sightline.errors import InvalidValue, Unavailable
from sightline.signals import ledger
from sightline.signals.erasure import kept_rows
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue, Extent
from sightline.signals.kind import Column, Type
from sightline.signals.ledger import ArrowReader, Tombstone

_TYPES: Final = {
    Type.BIG: "BIGINT", Type.INTEGER: "INT", Type.SMALL: "SMALLINT", Type.DOUBLE: "DOUBLE", Type.FLAG: "BOOLEAN",
    Type.TEXT: "STRING", Type.BYTES: "BINARY",
}  # fmt: skip
_SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.ui.enabled": "false",
}
# A driver on this machine with its workers on this machine has nothing to say to the network.
_LOOPBACK: Final = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1", None})
_ROWS_AT_ONCE: Final = 5000
_SIGNALS_AT_ONCE: Final = 100_000


class Coverage(Struct, frozen=True, kw_only=True):
    """What an answer of the cluster is about."""

    extents: int
    sealed: int
    unsealed: int
    erasures: int
    pos: int

    def __str__(self) -> str:
        erased = f", without what {self.erasures} erasures took" if self.erasures else ""
        return (
            f"{self.sealed:,} sealed events in {self.extents:,} extents and {self.unsealed:,} not sealed yet, "
            f"up to place {self.pos:,} of the ledger{erased}"
        )


class Unsealed(Struct, frozen=True):
    """What the ledger holds after the extents: a table of events, and what was erased meanwhile."""

    table: Any
    stones: tuple[Tombstone, ...]
    pos: int


class SparkEngine:
    """Reports on one Spark session."""

    def __init__(self, session: Any, coverage: Coverage) -> None:
        self._session = session
        self.coverage = coverage

    async def ask(self, build: Build, question: Any) -> list[Row]:
        found, values = prepared(build, question, Dialect.SPARK)
        tag = f"sightline-{secrets.token_hex(8)}"
        named = {f"v{place}": value for place, value in enumerate(values, 1)}

        def work() -> list[Any]:
            self._session.addTag(tag)
            try:
                collected: list[Any] = self._session.sql(found.sql, args=named).collect()
                return collected
            finally:
                self._session.removeTag(tag)

        running = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            records = await asyncio.shield(running)
        except asyncio.CancelledError:
            await _interrupted(self._session, tag, running)
            raise
        return rows_of(found, records)


async def _interrupted(session: Any, tag: str, running: "asyncio.Future[list[Any]]") -> None:
    """Interrupt until the thread has ended: one that had not begun yet does not notice the first time."""
    while not running.done():
        await asyncio.to_thread(session.interruptTag, tag)
        await asyncio.wait({running}, timeout=0.2)
    running.exception()


@asynccontextmanager
async def spark_engine(
    catalogue: Catalogue, *, master: str, conf: Mapping[str, str] | None = None
) -> AsyncIterator[SparkEngine]:
    """Open a session on a cluster, with the events as they are now."""
    session = await asyncio.to_thread(opened_session, master, conf or {})
    try:
        engine = await hold(session, catalogue)
        yield engine
    finally:
        await asyncio.to_thread(session.stop)


async def hold(session: Any, catalogue: Catalogue) -> SparkEngine:
    """Let a session's reports see the events of this catalogue as they are now, and no others."""
    extents, unsealed = await _as_of_now(catalogue)
    places = [_address(catalogue.objects.url, extent.object) for extent in extents]
    await asyncio.to_thread(_show, session, places, unsealed)
    sealed = sum(extent.rows for extent in extents)
    return SparkEngine(
        session,
        Coverage(
            extents=len(extents), sealed=sealed, unsealed=unsealed.table.num_rows, erasures=len(unsealed.stones),
            pos=unsealed.pos,
        ),
    )  # fmt: skip


def opened_session(master: str, conf: Mapping[str, str]) -> Any:
    """A session on a cluster, or on `local[2]`."""
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - 400 MB that only who asks Spark has
    except ImportError as exc:
        raise Unavailable("PySpark is not installed", hint="Install sightline[spark], and Java 17.") from exc
    host = urlsplit(master).hostname if "://" in master else None
    settings = {**_SETTINGS, **(_LOOPBACK if host in _HERE else {}), **conf}
    builder = SparkSession.builder.master(master).appName("sightline")
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as exc:
        reason = str(exc).strip().splitlines()[0][:200] if str(exc).strip() else type(exc).__name__
        raise Unavailable(
            f"no Spark answers at {master!r}: {reason}", hint="Is Java 17 there, and the master?"
        ) from exc


async def _as_of_now(catalogue: Catalogue) -> tuple[list[Extent], Unsealed]:
    """The extents and what comes after them; anew when somebody sealed or pruned in between."""
    while True:
        snapshot = await catalogue.snapshot()
        unsealed = await _unsealed(catalogue, snapshot.sealed_pos)
        now = await catalogue.snapshot()
        if {extent.id for extent in now.extents} == {extent.id for extent in snapshot.extents}:
            return [extent for extent in snapshot.extents if extent.kind == EVENT.name], unsealed


async def _unsealed(catalogue: Catalogue, after: int) -> Unsealed:
    """Read the journal after a place of the ledger, and make the erasures that stand there in their order."""
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow

    reader, pos = ArrowReader(catalogue.direct), after
    table, stones = EVENT.arrow_schema().empty_table(), []
    try:
        while rows := await ledger.rows_after(catalogue.database, pos, _ROWS_AT_ONCE):
            named = await ledger.tombstones(
                catalogue.database, [row.tombstone for row in rows if row.tombstone is not None]
            )
            for portion in ledger.portions(rows, signals=_SIGNALS_AT_ONCE):
                if (number := portion[0].tombstone) is not None:
                    stones.append(named[number])
                    table = kept_rows(EVENT, table, named[number])
                elif wanted := [row for row in portion if EVENT.name in row.counts]:
                    found = await asyncio.to_thread(reader.batches, EVENT, wanted)
                    table = pa.concat_tables([table, found])
            pos = rows[-1].pos
    finally:
        await asyncio.to_thread(reader.close)
    return Unsealed(table.combine_chunks(), tuple(stones), pos)


def _address(base: str, name: str) -> str:
    """Where Spark finds an object: Hadoop calls S3 `s3a`."""
    scheme, separator, rest = base.partition("://")
    if not separator:
        return f"file://{base.rstrip('/')}/{name}"
    if scheme not in {"s3", "file"}:
        raise InvalidValue(f"Spark cannot read extents at {base!r}", hint="They are in a folder or in S3.")
    return f"{'s3a' if scheme == 's3' else scheme}://{rest.rstrip('/')}/{name}"


def _show(session: Any, places: list[str], unsealed: Unsealed) -> None:
    """Make the view that reports read."""
    schema = ", ".join(f"{column.name} {_TYPES[column.type]}" for column in EVENT.columns)
    names = EVENT.column_names
    events = session.createDataFrame([], schema)
    if places:
        events = session.read.schema(schema).parquet(*places)
        # What an older release did not write yet has its default.
        events = events.selectExpr(*(_with_default(column) for column in EVENT.columns))
        for stone in unsealed.stones:
            if condition := stone.condition(EVENT):
                events = events.where(f"NOT coalesce({condition}, false)")
    if unsealed.table.num_rows:
        hot = session.createDataFrame(unsealed.table, schema=session.createDataFrame([], schema).schema)
        events = events.unionAll(hot.select(*names))
    events.select(*names).createOrReplaceTempView(EVENT.name)


def _with_default(column: Column) -> str:
    if column.nullable:
        return column.name
    default = {Type.TEXT: "''", Type.BYTES: "X''", Type.FLAG: "false"}.get(column.type, "0")
    return f"CAST(coalesce({column.name}, {default}) AS {_TYPES[column.type]}) AS {column.name}"
