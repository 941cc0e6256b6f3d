"""The extents as a table of Athena: what to run once there, made from the kind's own columns."""

from typing import Final

from sightline.errors import InvalidValue
from sightline.signals.kind import Kind, Type

_TYPES: Final = {
    Type.BIG: "bigint", Type.INTEGER: "int", Type.SMALL: "smallint", Type.DOUBLE: "double", Type.FLAG: "boolean",
    Type.TEXT: "string", Type.BYTES: "binary",
}  # fmt: skip
_FIRST_DAY: Final = "2020-01-01"


def table_definition(kind: Kind, location: str) -> str:
    """Return the statement; partitions are computed from the day asked for, so nothing has to be crawled or added."""
    if not location.startswith("s3://") or "'" in location or len(location.split("/")) < 3 or not location[5:]:
        raise InvalidValue(f"{location[:100]!r} is no place in S3", hint="Write s3://bucket/prefix, as blobs.extents.")
    base = f"{location.rstrip('/')}/{kind.name}"
    width = max(len(column.name) for column in kind.columns)
    columns = ",\n".join(
        f"  `{column.name}`{' ' * (width - len(column.name))} {_TYPES[column.type]}" for column in kind.columns
    )
    return f"""CREATE EXTERNAL TABLE {kind.name} (
{columns}
)
PARTITIONED BY (`day` string)
STORED AS PARQUET
LOCATION '{base}/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy-MM-dd',
  'projection.day.range' = '{_FIRST_DAY},NOW+1DAYS',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = '{base}/day=${{day}}/'
);
"""
