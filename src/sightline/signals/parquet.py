"""Signals as Parquet: sorted, encoded, and summed up so that what was written can be held against what was read.

All pure: tables and bytes in, tables and bytes out. Arrow is loaded when it is first needed. Columns of bytes are empty
in extents: what is in them is sealed elsewhere, by whoever knows what it is.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from msgspec import Struct

from sightline.signals.kind import BATCH, PLACE, Kind, Type

DAY_MS: Final = 24 * 3600 * 1000
_ROW_GROUP: Final = 128 * 1024
# Sums are of the low bits only, so that they fit 64 bits in every engine.
_LOW_BITS: Final = (1 << 28) - 1
_WHOLE: Final = (Type.BIG, Type.INTEGER, Type.SMALL)


class Sums(Struct, frozen=True):
    """How many rows there are, the sum of each whole number's low bits, and the bytes of all texts."""

    rows: int
    numbers: tuple[int, ...]
    text_bytes: int


def sums_query(kind: Kind) -> str:
    """Return the select list that makes PostgreSQL count the same."""
    numbers = [f"coalesce(sum({c.name} & {_LOW_BITS}), 0)::bigint" for c in kind.columns if c.type in _WHOLE]
    sizes = " + ".join(f"octet_length({c.name})" for c in kind.columns if c.type is Type.TEXT) or "0"
    return f"count(*), {', '.join(numbers)}, coalesce(sum({sizes}), 0)::bigint"


def sums_of_row(row: Sequence[int]) -> Sums:
    return Sums(row[0], tuple(row[1:-1]), row[-1])


def sums_of_table(kind: Kind, table: Any) -> Sums:
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    numbers = []
    mask = pa.scalar(_LOW_BITS, pa.int64())
    for column in kind.columns:
        if column.type in _WHOLE:
            low = pc.bit_wise_and(table.column(column.name).cast(pa.int64()), mask)
            numbers.append(pc.sum(low).as_py() or 0)
    sized = [column.name for column in kind.columns if column.type is Type.TEXT]
    text_bytes = sum(pc.sum(pc.binary_length(table.column(name))).as_py() or 0 for name in sized)
    return Sums(table.num_rows, tuple(numbers), text_bytes)


def added(parts: Sequence[Sums]) -> Sums:
    """The sums of several tables together."""
    if not parts:
        return Sums(0, (), 0)
    numbers = tuple(sum(column) for column in zip(*(part.numbers for part in parts), strict=True))
    return Sums(sum(part.rows for part in parts), numbers, sum(part.text_bytes for part in parts))


def by_day(table: Any) -> Iterator[tuple[date, Any]]:
    """Cut a table by the day on which its signals were created, each part sorted by site and time."""
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    if not table.num_rows:
        return
    order = [("site", "ascending"), ("created_ms", "ascending"), (BATCH.name, "ascending"), (PLACE.name, "ascending")]
    table = table.combine_chunks()  # taking rows out of many chunks is several times slower
    created = table.column("created_ms")
    days = pc.floor(pc.divide(created.cast(pa.float64()), DAY_MS)).cast(pa.int64())
    for number in sorted(pc.unique(days).to_pylist()):
        part = table if pc.all(pc.equal(days, number)).as_py() else table.filter(pc.equal(days, number))
        yield day_of(number * DAY_MS), part.take(pc.sort_indices(part, sort_keys=order))


def day_of(moment_ms: int) -> date:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).date()


def encode(kind: Kind, table: Any) -> bytes:
    """Return one Parquet file. Ids repeat, so they get a dictionary; other numbers are close to their neighbours."""
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=_ROW_GROUP, **_options(kind))
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _options(kind: Kind) -> dict[str, Any]:
    dictionary = [column.name for column in kind.columns if column.type is Type.TEXT or column.identity]
    delta = [c.name for c in kind.columns if c.type in (Type.BIG, Type.INTEGER) and c.name not in dictionary]
    return {
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": dictionary,
        "dictionary_pagesize_limit": 4 << 20,
        "column_encoding": dict.fromkeys(delta, "DELTA_BINARY_PACKED"),
        "write_statistics": True,
        "store_schema": False,
    }


def decode(kind: Kind, data: bytes, columns: Sequence[str] | None = None) -> Any:
    """Read a Parquet file whole, or some of its columns."""
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pq.ParquetFile(pa.BufferReader(data)).read(columns=list(columns) if columns else None, use_threads=False)
    return table if columns else kind.conformed(table)


def rewritten(kind: Kind, data: bytes, change: Callable[[Any], Any]) -> tuple[bytes, Any] | None:
    """Pass a file through `change`, one row group at a time, so that little of it is in memory at once.

    Return the new file and a table of its sites, moments and rules; None when nothing changed.
    """
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    kept, changed = [], False
    with (
        pq.ParquetFile(pa.BufferReader(data)) as source,
        pq.ParquetWriter(sink, kind.arrow_schema(), **_options(kind)) as target,
    ):
        for number in range(source.metadata.num_row_groups):
            table = kind.conformed(source.read_row_group(number))
            after = change(table)
            changed = changed or after is not table
            if after.num_rows:
                target.write_table(after, row_group_size=_ROW_GROUP)
            kept.append(after.select(["site", "created_ms", "rules"]))
    return (sink.getvalue().to_pybytes(), pa.concat_tables(kept)) if changed else None


def site_counts(table: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sites of a table and how many signals each has."""
    import pyarrow.compute as pc  # noqa: PLC0415 - a process that only collects never loads Arrow

    counted = sorted((row["values"], row["counts"]) for row in pc.value_counts(table.column("site")).to_pylist())
    return tuple(site for site, _ in counted), tuple(count for _, count in counted)


def bounds(table: Any, column: str) -> tuple[int, int]:
    """The least and the greatest value of a column."""
    import pyarrow.compute as pc  # noqa: PLC0415 - a process that only collects never loads Arrow

    found = pc.min_max(table.column(column)).as_py()
    return found["min"], found["max"]
