"""The tables that the migrations make are those that the kinds declare."""

import pytest

import sightline.operate.house  # noqa: F401 - declares every kind, whatever runs before this
from sightline.database.pool import Database
from sightline.signals.kind import Kind, declare
from sightline.signals.kinds import KINDS

COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS filled,
       pg_get_expr(d.adbin, d.adrelid) AS "default", c.collname AS collation
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation c ON c.oid = a.attcollation
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = $1"


async def _shape(database: Database, table: str) -> tuple[list[dict[str, object]], list[str]]:
    columns = [dict(row) for row in await database.fetch(COLUMNS, table)]
    indexes = [str(row["indexdef"]).replace(table, "T") for row in await database.fetch(INDEXES, table)]
    return columns, sorted(indexes)


def _name(column: dict[str, object]) -> str:
    return str(column["name"])


@pytest.mark.parametrize("name", KINDS.names())
async def test_the_migrated_table_of_a_kind_is_the_declared_one(database: Database, name: str) -> None:
    kind = KINDS[name]
    twin = declare("twin", kind.struct, found_by=kind.found_by)
    await database.execute(twin.postgres_ddl())
    migrated, declared = await _shape(database, kind.table), await _shape(database, twin.table)
    # A later field stands at the end of its table: columns are named whenever rows are written or read.
    assert sorted(migrated[0], key=_name) == sorted(declared[0], key=_name)
    assert migrated[1] == declared[1]
    assert [column["name"] for column in migrated[0]] != []


async def test_a_kind_that_lacks_a_column_would_be_noticed(database: Database) -> None:
    event = KINDS["event"]
    shorter = Kind("shorter", event.struct, event.fields[:-1])
    await database.execute(shorter.postgres_ddl())
    assert await _shape(database, shorter.table) != await _shape(database, event.table)
