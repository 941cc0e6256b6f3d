"""The raw export: every stored row of a kind and site, as it is stored, in one of four formats, a portion at a time.

In JSON 64-bit ids are texts, as everywhere in our API. In CSV a text that a spreadsheet would take for a formula gets
an apostrophe before it, and so does one that begins with an apostrophe, so that `import csv` finds what was there.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol

import msgspec

from sightline.analytics.export import Format
from sightline.collect.csv_rows import ESCAPED
from sightline.errors import InvalidValue
from sightline.moving.progress import Meter, Watch, unwatched
from sightline.moving.stored import Range, Stored
from sightline.privacy.echo import shown
from sightline.signals.extents import Catalogue
from sightline.signals.kind import Kind, Registry, Type
from sightline.signals.kinds import KINDS


class _Writer(Protocol):
    """Makes bytes of tables; what it has not given yet comes with the end."""

    def table(self, table: Any) -> bytes: ...

    def end(self) -> bytes: ...


def kind_named(name: str, kinds: Registry = KINDS) -> Kind:
    if name not in kinds:
        raise InvalidValue(
            f"there is no kind {shown(name)}", field="kind", hint=f"Kinds are {', '.join(kinds.names())}."
        )
    return kinds[name]


async def exported(
    catalogue: Catalogue, wanted: Range, form: Format, *, watch: Watch = unwatched
) -> AsyncIterator[bytes]:
    """The rows of a range, written; a portion at a time."""
    stored = await Stored.open(catalogue, wanted)
    meter = Meter(f"{wanted.kind.name} of site {wanted.site}", stored.most, watch)
    writer = _WRITERS[form](wanted.kind)
    async for table in stored.tables():
        if data := await asyncio.to_thread(writer.table, table):
            yield data
        meter.add(table.num_rows)
    if data := await asyncio.to_thread(writer.end):
        yield data


class _Csv:
    def __init__(self, kind: Kind) -> None:
        self._texts = [number for number, column in enumerate(kind.columns) if column.type is Type.TEXT]
        self._out = io.StringIO(newline="")
        self._rows = csv.writer(self._out, lineterminator="\r\n")
        self._rows.writerow(kind.column_names)

    def table(self, table: Any) -> bytes:
        columns = [column.to_pylist() for column in table.columns]
        for number in self._texts:
            columns[number] = [f"'{text}" if text.startswith(ESCAPED) else text for text in columns[number]]
        self._rows.writerows(zip(*columns, strict=True))
        return self.end()

    def end(self) -> bytes:
        data = self._out.getvalue().encode()
        self._out.seek(0)
        self._out.truncate()
        return data


class _Json:
    def __init__(self, kind: Kind) -> None:
        # Times are whole numbers that every program reads; ids are larger than some of them can hold.
        self._ids = [column.name for column in kind.columns if column.identity or column.name == "batch"]
        self._encoder = msgspec.json.Encoder()
        self._next = b"[\n"

    def table(self, table: Any) -> bytes:
        import pyarrow as pa  # noqa: PLC0415 - few ask for it

        for name in self._ids:
            number = table.column_names.index(name)
            table = table.set_column(number, name, table.column(number).cast(pa.string()))
        rows = self._next + b",\n".join(map(self._encoder.encode, table.to_pylist()))
        self._next = b",\n"
        return rows

    def end(self) -> bytes:
        return b"[]\n" if self._next == b"[\n" else b"\n]\n"


class _Columns:
    """Parquet or an Arrow stream, into memory that is emptied after each table."""

    def __init__(self, kind: Kind, opened: Callable[[Any, Any], Any]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - few ask for it

        self._held = _Held()
        self._writer = opened(pa.PythonFile(self._held, mode="w"), kind.arrow_schema())

    def table(self, table: Any) -> bytes:
        self._writer.write_table(table)
        return self._held.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._held.taken()


class _Held(io.RawIOBase):
    """A file that can only be written to; what was written is taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _parquet(kind: Kind) -> _Writer:
    import pyarrow.parquet as pq  # noqa: PLC0415 - few ask for it

    return _Columns(kind, lambda sink, schema: pq.ParquetWriter(sink, schema, compression="zstd"))


def _arrow(kind: Kind) -> _Writer:
    import pyarrow as pa  # noqa: PLC0415 - few ask for it

    return _Columns(kind, pa.ipc.new_stream)


_WRITERS: Final[dict[Format, Callable[[Kind], _Writer]]] = {
    Format.CSV: _Csv, Format.JSON: _Json, Format.PARQUET: _parquet, Format.ARROW: _arrow,
}  # fmt: skip
