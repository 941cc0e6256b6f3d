"""The tables of our schemas as the catalog shows them, in the order in which foreign keys let them be filled."""

import graphlib
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from sightline.database.setup import quoted
from sightline.errors import ServiceError
from sightline.sql import queries

SQL: Final = queries("sightline.operate", "tables.sql")
_ENABLE: Final = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}


class TablesDiffer(ServiceError):
    """The backup holds a table that this release does not know."""

    code = "tables_differ"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table or a partition; `kind` "p" holds no rows itself."""

    schema: str
    name: str
    kind: str
    columns: list[str]
    types: list[str]
    parent: str | None = None
    bounds: str | None = None
    partition_key: str | None = None
    bytes: int = 0

    @property
    def title(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def has_rows(self) -> bool:
        return self.kind == "r"


class Sequence_(msgspec.Struct, frozen=True, kw_only=True):  # noqa: N801 - `Sequence` is the collection
    """Where a sequence stands."""

    schema: str
    name: str
    last_value: int | None


async def read_tables(connection: asyncpg.Connection, schemas: Iterable[str]) -> list[Table]:
    """All tables, those that others refer to first; partitions after their parents."""
    schemas = list(schemas)
    found: dict[int, Table] = {}
    oids: dict[str, int] = {}
    for row in await connection.fetch(SQL["tables"], schemas):
        parent = f"{row['parent_schema']}.{row['parent']}" if row["parent"] else None
        table = Table(
            schema=row["schema"], name=row["name"], kind=row["kind"], columns=row["columns"], types=row["types"],
            parent=parent, bounds=row["bounds"], partition_key=row["partition_key"], bytes=row["bytes"],
        )  # fmt: skip
        found[row["oid"]], oids[table.title] = table, row["oid"]
    needs: dict[int, set[int]] = {oid: set() for oid in found}
    for oid, table in found.items():
        if table.parent in oids:
            needs[oid].add(oids[table.parent])
    for key in await connection.fetch(SQL["foreign_keys"], schemas):
        if key["child"] in needs and key["parent"] in needs and key["child"] != key["parent"]:
            needs[key["child"]].add(key["parent"])
    return [found[oid] for oid in _ordered(needs)]


def _ordered(needs: Mapping[int, set[int]]) -> list[int]:
    """Sort by dependency; where tables refer to each other in a circle, one reference is passed over."""
    needs = {oid: set(others) for oid, others in needs.items()}
    while True:
        try:
            return list(graphlib.TopologicalSorter(needs).static_order())
        except graphlib.CycleError as circle:
            nodes = circle.args[1]
            needs[nodes[1]].discard(nodes[0])


async def read_sequences(connection: asyncpg.Connection, schemas: Iterable[str]) -> list[Sequence_]:
    return [Sequence_(**dict(row)) for row in await connection.fetch(SQL["sequences"], list(schemas))]


async def copy_out(
    connection: asyncpg.Connection, table: Table, write: Callable[[bytes], Coroutine[Any, Any, None]]
) -> int:
    """Write a table in PostgreSQL's binary format; return the number of rows."""
    status = await connection.copy_from_table(
        table.name, schema_name=table.schema, columns=table.columns, output=write, format="binary"
    )
    return int(status.split()[-1])


async def copy_in(connection: asyncpg.Connection, table: Table, source: Any) -> int:
    status = await connection.copy_to_table(
        table.name, schema_name=table.schema, columns=table.columns, source=source, format="binary"
    )
    return int(status.split()[-1])


async def make_partitions(connection: asyncpg.Connection, wanted: Sequence[Table]) -> None:
    """Make the partitions that the backup has and the migrations did not make; compare the rest."""
    present = {table.title: table for table in await read_tables(connection, {table.schema for table in wanted})}
    for table in wanted:
        there = present.get(table.title)
        if there is None and table.parent and table.bounds:
            schema, _, name = table.parent.partition(".")
            key = f" PARTITION BY {table.partition_key}" if table.partition_key else ""
            # By the extended protocol, which takes a single statement: the bounds come from the backup.
            await connection.fetch(
                f"CREATE TABLE {table.quoted} PARTITION OF {quoted(schema)}.{quoted(name)} {table.bounds}{key}"
            )
        elif there is None:
            raise TablesDiffer(f"the backup holds the table {table.title}, which this release does not know")
        elif dict(zip(there.columns, there.types, strict=True)) != dict(zip(table.columns, table.types, strict=True)):
            raise TablesDiffer(f"the table {table.title} has other columns in the backup than in this release")


async def without_obstacles(connection: asyncpg.Connection, tables: Sequence[Table]) -> list[str]:
    """Switch triggers and circular references off for filling; return the statements that bring them back."""
    schemas = sorted({table.schema for table in tables})
    again: list[str] = []
    for row in await connection.fetch(SQL["triggers"], schemas):
        await connection.execute(f"ALTER TABLE {row['table_name']} DISABLE TRIGGER {row['name']}")
        again.append(f"ALTER TABLE {row['table_name']} {_ENABLE[row['enabled']]} TRIGGER {row['name']}")
    place = {table.title: number for number, table in enumerate(tables)}
    titles = {row["oid"]: f"{row['schema']}.{row['name']}" for row in await connection.fetch(SQL["tables"], schemas)}
    for key in await connection.fetch(SQL["foreign_keys"], schemas):
        child, parent = place.get(titles.get(key["child"], "")), place.get(titles.get(key["parent"], ""))
        if key["is_own"] and child is not None and parent is not None and child < parent:
            await connection.execute(f"ALTER TABLE {key['child_name']} DROP CONSTRAINT {key['name']}")
            again.append(f"ALTER TABLE {key['child_name']} ADD CONSTRAINT {key['name']} {key['definition']}")
    return again


async def empty(connection: asyncpg.Connection, tables: Sequence[Table]) -> None:
    """Delete the rows that migrations made."""
    for table in reversed(tables):
        if table.has_rows:
            await connection.execute(f"DELETE FROM {table.quoted}")  # noqa: S608 - quoted


async def count_rows(connection: asyncpg.Connection, table: Table) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM ONLY {table.quoted}"))  # noqa: S608 - quoted


async def set_sequences(connection: asyncpg.Connection, sequences: Sequence[Sequence_]) -> None:
    for sequence in sequences:
        if sequence.last_value is not None:
            await connection.execute(SQL["set_sequence"], sequence.schema, sequence.name, sequence.last_value)
