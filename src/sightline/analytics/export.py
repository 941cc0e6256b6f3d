"""The rows of an answer as CSV, Parquet or Arrow, for people's spreadsheets and programs."""

import csv
import io
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct


class Format(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


MEDIA: Final = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW: "application/vnd.apache.arrow.stream",
}
# A spreadsheet takes a cell that begins so for a formula, and whoever visits a site chooses such texts.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def written(answer: Struct, form: Format) -> bytes:
    """The whole answer as JSON, or its rows in another format."""
    if form is Format.JSON:
        return msgspec.json.encode(answer)
    rows = flat(answer)
    if form is Format.CSV:
        return as_csv(rows)
    import pyarrow as pa  # noqa: PLC0415 - few ask for it

    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    if form is Format.PARQUET:
        import pyarrow.parquet as pq  # noqa: PLC0415

        pq.write_table(table, sink, compression="zstd")
    else:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    return bytes(sink.getvalue())


def flat(answer: Struct) -> list[dict[str, Any]]:
    """The rows, each with plain values."""
    found: Sequence[Any] = getattr(answer, "rows", ())
    return [
        {name: _plain(value) for name, value in (row if isinstance(row, dict) else msgspec.structs.asdict(row)).items()}
        for row in found
    ]


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    if rows:
        table = csv.writer(out, lineterminator="\r\n")
        table.writerow(rows[0])
        table.writerows([cell(value) for value in row.values()] for row in rows)
    return out.getvalue().encode()


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return " > ".join(value) if isinstance(value, list) else value


def cell(value: Any) -> Any:
    """A value as it stands in CSV."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
