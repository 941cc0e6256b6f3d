"""Engines: an expression is compiled once per shape and dialect, cached, and run with its values bound."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, Final, Protocol

from msgspec import Struct

from sightline.analytics.binding import Bound, Content, Slot, shaped
from sightline.analytics.later import ibis
from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.signals.event import EVENT
from sightline.signals.kinds import KINDS

Row = dict[str, Any]
Build = Callable[[Any], Any]
_MOST_SHAPES: Final = 512


class Dialect(StrEnum):
    """Which engine an expression is compiled for."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"


class Compiled(Struct, frozen=True):
    """The SQL of one shape and the columns it answers with, each with its type."""

    sql: str
    columns: tuple[tuple[str, str], ...]
    places: tuple[int, ...]  # which of the shape's values the SQL takes, in the order of $1, $2, … (Spark: :v1, :v2, …)


# Calls of functions with these names stand in an expression where a value is bound; they never reach an engine.
_PREFIX: Final = "bound_"
_SQL_TYPES: Final = {"int64": "BIGINT", "float64": "DOUBLE", "string": "TEXT"}


@cache
def _place(kind: str) -> Any:
    """The function that stands for a bound value of a type."""

    def place(number):  # type: ignore[no-untyped-def]
        """Never called."""

    signature = ((ibis.dtype("int64"),), ibis.dtype(kind))
    return ibis.udf.scalar.builtin(place, name=_PREFIX + kind, signature=signature)


def bound(slot: Bound) -> Any:
    """The expression that stands for a bound value."""
    assert isinstance(slot, Slot), "a question is shaped before it becomes an expression"
    return _place(slot.type)(slot.place)


@lru_cache(maxsize=_MOST_SHAPES)
def compiled(build: Build, shape: Any, dialect: Dialect) -> Compiled:
    """Compile the expression that `build` makes of a shape."""
    import sqlglot.expressions as sge  # noqa: PLC0415 - as Ibis: only for who reports
    from ibis.backends.sql import compilers  # noqa: PLC0415

    expression = build(shape)
    if dialect is Dialect.SPARK:
        _spark_options()
    compiler = {
        Dialect.DUCKDB: compilers.DuckDBCompiler,
        Dialect.POSTGRES: compilers.PostgresCompiler,
        Dialect.SPARK: compilers.PySparkCompiler,
    }[dialect]()
    tree = compiler.to_sqlglot(expression.as_table())

    places: list[int] = []

    def put(node: Any) -> Any:
        kind = str(node.this).lower().removeprefix(_PREFIX) if isinstance(node, sge.Anonymous) else ""
        if kind in _SQL_TYPES:
            place = int(node.expressions[0].sql())
            if place not in places:
                places.append(place)
            number = places.index(place) + 1
            if dialect is Dialect.SPARK:
                return sge.cast(sge.Placeholder(this=f"v{number}"), _SQL_TYPES[kind])
            return sge.cast(sge.Parameter(this=sge.Literal.number(number)), _SQL_TYPES[kind])
        if dialect is Dialect.SPARK and isinstance(node, sge.RegexpReplace):
            # Java names a group $1 where the others say \\1.
            node.set("replacement", sge.Literal.string(re.sub(r"\\(\d)", r"$\1", node.args["replacement"].this)))
        if dialect is Dialect.SPARK and isinstance(node, sge.Table) and node.name in KINDS and node.name != EVENT.name:
            raise InvalidValue("a Spark cluster is asked about events only", hint="Take --engine duckdb or postgres.")
        if dialect is Dialect.POSTGRES and isinstance(node, sge.Table) and node.name in KINDS:
            node.set("this", sge.to_identifier(KINDS[node.name].table))
        if (
            dialect is not Dialect.SPARK
            and isinstance(node, sge.CTE)
            and not any(_costly(part) for part in node.walk())
        ):
            # Events with a filter are read again sooner than copied, all columns of them, to be read twice.
            node.set("materialized", False)  # noqa: FBT003 - a value
        return node

    columns = tuple((name, str(found)) for name, found in expression.as_table().schema().items())
    sql = tree.transform(put).sql(dialect=compiler.dialect)
    return Compiled(sql, columns, tuple(places))


def _spark_options() -> None:
    """The compiler for Spark reads an option that only Ibis's own connection declares, which would load pandas."""
    from ibis.config import Config, options  # noqa: PLC0415

    class Options(Config):  # type: ignore[misc]  # Ibis has no types
        treat_nan_as_null: bool = False  # a missing number is null here, never not-a-number

    if options.pyspark is None:
        options.pyspark = Options()


def _costly(part: Any) -> bool:
    """Whether SQL with this in it is better not worked out twice."""
    import sqlglot.expressions as sge  # noqa: PLC0415

    grouping = (sge.Group, sge.Distinct, sge.Join, sge.Window, sge.AggFunc)
    if isinstance(part, (*grouping, sge.RegexpLike, sge.RegexpExtract)):
        return True
    return isinstance(part, sge.Anonymous) and str(part.this).lower().startswith("regexp")


class Engine(Protocol):
    """What runs reports."""

    async def ask(self, build: Build, question: Any) -> list[Row]:
        """The rows of the expression that `build` makes of the question."""
        ...


class Warehouse(Protocol):
    """The warehouse, as far as reports need it."""

    async def query(self, sql: str, parameters: list[object] | None = None) -> Any: ...


class DuckEngine:
    """The warehouse of this process; cancelled with its caller."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    async def ask(self, build: Build, question: Any) -> list[Row]:
        import duckdb  # noqa: PLC0415 - only a process that reports loads DuckDB

        found, values = prepared(build, question, Dialect.DUCKDB)
        try:
            table = await self._warehouse.query(found.sql, values)
        except duckdb.InvalidInputException as exc:
            raise _refused(exc) from exc
        return rows_of(found, zip(*(column.to_pylist() for column in table.columns), strict=True))


class PostgresEngine:
    """PostgreSQL itself: slow and right, and there without a warehouse. It sees what is not pruned from the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, build: Build, question: Any) -> list[Row]:
        import asyncpg  # noqa: PLC0415 - for its error only

        found, values = prepared(build, question, Dialect.POSTGRES)
        try:
            records = await self._database.fetch(found.sql, *values)
        except asyncpg.InvalidRegularExpressionError as exc:
            raise _refused(exc) from exc
        return rows_of(found, records)


def prepared(build: Build, question: Any, dialect: Dialect) -> tuple[Compiled, list[object]]:
    shape, values = shaped(question)
    found = compiled(build, shape, dialect)
    return found, [values[place - 1] for place in found.places]


def _refused(exc: Exception) -> InvalidValue:
    return InvalidValue(f"the engine refuses this: {str(exc).splitlines()[0][:200]}", field="filter")


def rows_of(found: Compiled, records: Any) -> list[Row]:
    names = [name for name, _ in found.columns]
    convert = [_converter(kind) for _, kind in found.columns]
    return [
        {name: to(value) for name, to, value in zip(names, convert, record, strict=True)} for record in _each(records)
    ]


def _each(records: Any) -> Sequence[Any]:
    return [tuple(record) for record in records]


def _converter(kind: str) -> Callable[[Any], Any]:
    """Sums of integers arrive as decimals from both engines."""
    if kind.startswith("!"):
        return _converter(kind[1:])
    if kind.startswith("int"):
        return lambda value: None if value is None else int(value)
    if kind.startswith("float"):
        return lambda value: None if value is None else float(value)
    return lambda value: value


def content(bound_value: Bound) -> Content:
    """What a value holds, before it is shaped."""
    assert not isinstance(bound_value, Slot)
    return bound_value.content
