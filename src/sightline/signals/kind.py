"""Kinds: a signal's struct is declared once, and its table, Parquet schema, reader and walker follow from it.

A kind is a frozen msgspec struct below `Signal`. The annotation of a field says three things: how wide it is stored,
whether it identifies somebody, and whether it holds text that a visitor can have written (which audit and re-masking
read again). Three columns are added by the journal: when the signal was received, the batch it was committed in, and
its place in that batch; the last two together are its identity.
"""

import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from sightline.accounts.sites import Kept


class Type(StrEnum):
    """How a column is stored, as PostgreSQL calls it."""

    BIG = "bigint"
    INTEGER = "integer"
    SMALL = "smallint"
    DOUBLE = "double precision"
    FLAG = "boolean"
    TEXT = "text"
    BYTES = "bytea"


class Identity(StrEnum):
    """Whom a column identifies: what an erasure looks for."""

    SITE = "site"
    VISITOR = "visitor"
    VISIT = "visit"
    PERSON = "person"


class Walk(StrEnum):
    """What kind of free text a column holds, and so which masker reads it again."""

    TEXT = "text"
    PATH = "path"
    QUERY = "query"
    JSON = "json"
    STACK = "stack"


_WIDTH: Final = {
    Type.BIG: 8, Type.DOUBLE: 8, Type.INTEGER: 4, Type.SMALL: 2, Type.FLAG: 1, Type.TEXT: 0, Type.BYTES: 0,
}  # fmt: skip
_DUCKDB: Final = {
    Type.BIG: "BIGINT", Type.DOUBLE: "DOUBLE", Type.INTEGER: "INTEGER", Type.SMALL: "SMALLINT",
    Type.FLAG: "BOOLEAN", Type.TEXT: "VARCHAR", Type.BYTES: "BLOB",
}  # fmt: skip
_ARROW: Final = {
    Type.BIG: "int64", Type.DOUBLE: "float64", Type.INTEGER: "int32", Type.SMALL: "int16",
    Type.FLAG: "bool_", Type.TEXT: "string", Type.BYTES: "binary",
}  # fmt: skip
_DEFAULT: Final[dict[Type, object]] = {
    Type.BIG: 0, Type.DOUBLE: 0.0, Type.INTEGER: 0, Type.SMALL: 0, Type.FLAG: False, Type.TEXT: "", Type.BYTES: b"",
}  # fmt: skip
_NAME: Final = re.compile(r"^[a-z][a-z0-9_]{0,39}$")


class Stored(Struct, frozen=True):
    """The annotation of a field."""

    type: Type
    identity: Identity | None = None
    walk: Walk | None = None


Big = Annotated[int, Stored(Type.BIG)]
# Mostly absent: costs nothing then.
Maybe = Annotated[int | None, Stored(Type.BIG)]
Integer = Annotated[int, Stored(Type.INTEGER)]
Small = Annotated[int, Stored(Type.SMALL)]
Double = Annotated[float, Stored(Type.DOUBLE)]
Flag = Annotated[bool, Stored(Type.FLAG)]
Bytes = Annotated[bytes, Stored(Type.BYTES)]
# A word from a vocabulary that Sightline or the agent parser makes up; nobody can have written a name into it.
Word = Annotated[str, Stored(Type.TEXT)]
Text = Annotated[str, Stored(Type.TEXT, walk=Walk.TEXT)]
Path = Annotated[str, Stored(Type.TEXT, walk=Walk.PATH)]
Query = Annotated[str, Stored(Type.TEXT, walk=Walk.QUERY)]
Json = Annotated[str, Stored(Type.TEXT, walk=Walk.JSON)]
Stack = Annotated[str, Stored(Type.TEXT, walk=Walk.STACK)]
Site = Annotated[int, Stored(Type.BIG, identity=Identity.SITE)]
Visitor = Annotated[int, Stored(Type.BIG, identity=Identity.VISITOR)]
Visit = Annotated[int, Stored(Type.BIG, identity=Identity.VISIT)]
Person = Annotated[int | None, Stored(Type.BIG, identity=Identity.PERSON)]


class Signal(Struct, frozen=True, kw_only=True, gc=False):
    """What every kind has. `visitor` and `visit` are 0 where nobody visits: a metric, a log line."""

    site: Site
    created_ms: Big
    visitor: Visitor = 0
    visit: Visit = 0
    person: Person = None
    rules: Small = 0


class Column(Struct, frozen=True):
    """One column of a kind, in every store."""

    name: str
    type: Type
    nullable: bool = False
    identity: Identity | None = None
    walk: Walk | None = None

    @property
    def default(self) -> object:
        """What a row that was written before this column existed has in it."""
        return None if self.nullable else _DEFAULT[self.type]

    @property
    def duckdb(self) -> str:
        return _DUCKDB[self.type] + ("" if self.nullable else " NOT NULL")

    @property
    def postgres(self) -> str:
        collation = ' COLLATE "C"' if self.type is Type.TEXT else ""
        return self.type + collation + ("" if self.nullable else f" NOT NULL DEFAULT {_literal(self.default)}")

    @property
    def arrow(self) -> Any:
        import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow

        return pa.field(self.name, getattr(pa, _ARROW[self.type])(), nullable=self.nullable)


RECEIVED: Final = Column("received_ms", Type.BIG)
BATCH: Final = Column("batch", Type.BIG)
PLACE: Final = Column("place", Type.SMALL)


class Kind(Struct, frozen=True, eq=False):
    """One declared kind of signal. `name` names its table, its extents and what a person sees.

    `kept` says which of a site's settings tells how long it is kept; `found_by` are its indexes, by the
    end of their names: the columns by which PostgreSQL finds a few of its rows quickly.
    """

    name: str
    struct: type[Signal]
    fields: tuple[Column, ...]
    kept: Kept = Kept.ANALYTICS
    found_by: Mapping[str, tuple[str, ...]] = types.MappingProxyType({})

    @property
    def table(self) -> str:
        return f"signal_{self.name}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order in which `rows` yields them."""
        return (*self.fields, RECEIVED, BATCH, PLACE)

    @property
    def shadowed(self) -> tuple[Column, ...]:
        """The columns that the warehouse has too. Nobody reports on bytes; they are read where they are stored."""
        return tuple(column for column in self.columns if column.type is not Type.BYTES)

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def identified_by(self, identity: Identity) -> str | None:
        """The column that holds an identity, if the kind has one."""
        return next((column.name for column in self.fields if column.identity is identity), None)

    def walked(self) -> list[Column]:
        """The columns that audit and re-masking read."""
        return [column for column in self.fields if column.walk]

    def rows(
        self, signals: Iterable[Signal], *, received_ms: int, batch: int, first_place: int = 0
    ) -> Iterator[tuple[Any, ...]]:
        """Return the rows of a binary COPY."""
        astuple = msgspec.structs.astuple
        for place, signal in enumerate(signals, first_place):
            yield (*astuple(signal), received_ms, batch, place)

    def postgres_ddl(self) -> str:
        """The table, partitioned by the moment of receipt, wide columns first; a small index, and the declared ones."""
        ordered = sorted(self.columns, key=lambda column: -_WIDTH[column.type])
        width = max(len(column.name) for column in ordered)
        found = "".join(
            f"CREATE INDEX {self.table}_{end} ON {self.table} ({', '.join(names)});\n"
            for end, names in self.found_by.items()
        )
        lines = ",\n".join(f"    {column.name:<{width}} {column.postgres}" for column in ordered)
        return (
            f"CREATE TABLE {self.table} (\n{lines}\n) PARTITION BY RANGE (received_ms);\n"
            f"CREATE INDEX {self.table}_batch ON {self.table} USING brin (batch) "
            f"WITH (pages_per_range = 32, autosummarize = on);\n"
        ) + found

    def duckdb_ddl(self) -> str:
        return f"CREATE TABLE {self.name} ({', '.join(f'{c.name} {c.duckdb}' for c in self.shadowed)})"

    def arrow_schema(self) -> Any:
        import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow

        return pa.schema([column.arrow for column in self.columns])

    def conformed(self, table: Any, columns: Sequence[Column] | None = None) -> Any:
        """An Arrow table with exactly these of this kind's columns, or all.

        What an older release did not write yet gets its default.
        """
        import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow

        arrays = []
        wanted = self.columns if columns is None else columns
        for column in wanted:
            field = column.arrow
            if column.name in table.column_names:
                arrays.append(table.column(column.name).cast(field.type))
            else:
                arrays.append(pa.repeat(pa.scalar(column.default, field.type), table.num_rows))
        return pa.table(arrays, schema=pa.schema([column.arrow for column in wanted]))


def declare(
    name: str,
    struct: type[Signal],
    *,
    kept: Kept = Kept.ANALYTICS,
    found_by: Mapping[str, tuple[str, ...]] = types.MappingProxyType({}),
) -> Kind:
    """Make a kind of a struct; a field without a storage annotation is a mistake and raises."""
    if not _NAME.match(name):
        raise ValueError(f"a kind's name is lower case and has at most 40 letters, got {name!r}")
    hints = get_type_hints(struct, include_extras=True)
    fields = tuple(_column(field, hints[field]) for field in struct.__struct_fields__)
    return Kind(name, struct, fields, kept, found_by)


def _column(name: str, hint: Any) -> Column:
    if not _NAME.match(name) or name in {RECEIVED.name, BATCH.name, PLACE.name}:
        raise ValueError(f"{name!r} cannot name a column")
    stored = next((part for part in getattr(hint, "__metadata__", ()) if isinstance(part, Stored)), None)
    if stored is None:
        raise TypeError(f"field {name!r} does not say how it is stored")
    base = get_args(hint)[0]
    nullable = get_origin(base) in {Union, types.UnionType} and type(None) in get_args(base)
    return Column(name, stored.type, nullable=nullable, identity=stored.identity, walk=stored.walk)


def _literal(value: object) -> str:
    """A default as SQL; defaults are the constants above, never what somebody sent."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | bytes):
        return "''"
    return "0"


class Registry:
    """All kinds of a process, by name and by struct."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        self._by_name: dict[str, Kind] = {}
        self._by_struct: dict[type[Signal], Kind] = {}
        for kind in kinds:
            self.add(kind)

    def add(self, kind: Kind) -> None:
        if kind.name in self._by_name or kind.struct in self._by_struct:
            raise ValueError(f"kind {kind.name!r} is registered twice")
        self._by_name[kind.name] = kind
        self._by_struct[kind.struct] = kind

    def of(self, struct: type[Signal]) -> Kind:
        return self._by_struct[struct]

    def __getitem__(self, name: str) -> Kind:
        return self._by_name[name]

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def names(self) -> list[str]:
        return list(self._by_name)
