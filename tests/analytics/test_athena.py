"""The table of Athena has the columns that the Parquet files have."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sightline.analytics.athena import table_definition
from sightline.errors import InvalidValue
from sightline.signals import parquet
from sightline.signals.event import EVENT
from sightline.signals.kinds import KINDS

# What Athena and Trino call the types that a Parquet file says.
_ATHENA = {
    pa.int64(): "bigint", pa.int32(): "int", pa.int16(): "smallint", pa.float64(): "double", pa.bool_(): "boolean",
    pa.string(): "string", pa.binary(): "binary",
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS.names())
def test_the_columns_are_those_of_a_file(name: str) -> None:
    kind = KINDS[name]
    data = parquet.encode(kind, kind.arrow_schema().empty_table())
    written = pq.read_schema(pa.BufferReader(data))
    defined = re.findall(r"^  `(\w+)` +(\w+),?$", table_definition(kind, "s3://bucket/extents"), re.MULTILINE)
    assert defined == [(field.name, _ATHENA[field.type]) for field in written]


def test_the_partitions_are_where_the_sealer_puts_them() -> None:
    text = table_definition(EVENT, "s3://bucket/extents/")
    assert "LOCATION 's3://bucket/extents/event/'" in text
    assert "'storage.location.template' = 's3://bucket/extents/event/day=${day}/'" in text


@pytest.mark.parametrize("location", ["", "/extents", "s3://", "https://x", "s3://b/'); DROP TABLE event; --"])
def test_only_a_place_in_s3_gets_into_the_statement(location: str) -> None:
    with pytest.raises(InvalidValue, match="no place in S3"):
        table_definition(EVENT, location)
