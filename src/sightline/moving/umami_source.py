"""Umami's database as a source: which release's tables it has is read from its catalogue, and nothing is written.

Everything is read in read-only transactions, by server-side cursors, so that neither side holds more than a portion.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Self

import asyncpg
from msgspec import Struct

from sightline.collect.umami_rows import DATA_FIELDS, EVENT_FIELDS, SESSION_FIELDS
from sightline.database.address import Address, connect
from sightline.errors import CallerError, InvalidValue, NotFound
from sightline.sql import queries

SQL: Final = queries("sightline.moving", "umami.sql")

# Columns without which nothing can be read, and their types as PostgreSQL calls them.
_NEEDED: Final[Mapping[str, Mapping[str, str]]] = {
    "website": {"website_id": "uuid", "name": "varchar"},
    "session": {"session_id": "uuid", "website_id": "uuid"},
    "website_event": {
        "event_id": "uuid", "website_id": "uuid", "session_id": "uuid", "visit_id": "uuid",
        "created_at": "timestamptz", "event_type": "int4", "url_path": "varchar",
    },
}  # fmt: skip
# What the releases of Umami 2 called a column before it got today's name.
_EARLIER: Final[Mapping[str, tuple[str, ...]]] = {
    "data_key": ("event_key", "session_key"),
    "string_value": ("event_string_value", "session_string_value"),
    "number_value": ("numeric_value", "event_numeric_value", "session_numeric_value"),
    "date_value": ("event_date_value", "session_date_value"),
    "data_type": ("event_data_type", "session_data_type"),
    "region": ("subdivision1",),
}
# Tables that a release of Umami has; what of them is not read is counted and said.
KNOWN: Final = frozenset(
    {
        "user", "website", "session", "website_event", "event_data", "session_data", "revenue", "session_replay",
        "session_replay_saved", "team", "team_user", "report", "segment", "link", "pixel", "board", "share",
        "team_website", "_prisma_migrations",
    }
)  # fmt: skip
_NUMBERS: Final = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})


class UnknownSchema(CallerError):
    """This is no database of Umami 2 or 3."""

    code = "unknown_schema"


class Source:
    """One connection to Umami's database. Times are whole microseconds as PostgreSQL counts them, ids are bytes."""

    def __init__(self, connection: asyncpg.Connection, columns: Mapping[str, Mapping[str, str]]) -> None:
        self.connection = connection
        self._columns = columns

    @property
    def release(self) -> str:
        """Which Umami these tables are of."""
        return "Umami 3" if "pixel" in self._columns or "share" in self._columns else "Umami 2"

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(self._columns)

    def has(self, table: str, column: str = "") -> bool:
        return table in self._columns and (not column or self.column(table, column) is not None)

    def column(self, table: str, name: str) -> str | None:
        """What a column is called here, by today's name or an earlier one; None when there is none."""
        present = self._columns.get(table, {})
        return next((one for one in (name, *_EARLIER.get(name, ())) if one in present), None)

    def expression(self, table: str, name: str, alias: str) -> str:
        """A column in a select list; an absent one is NULL."""
        found = self.column(table, name)
        return f'NULL::text AS "{name}"' if found is None else f'{alias}."{found}" AS "{name}"'

    def select(self, table: str, names: tuple[str, ...], alias: str = "t") -> str:
        return ", ".join(self.expression(table, name, alias) for name in names)

    def order(self, table: str, alias: str = "t") -> str:
        return f"{alias}.created_at" if self.has(table, "created_at") else "NULL::timestamptz"

    def events_query(self) -> str:
        fields = [
            # In the first releases of Umami 2 the host stood with the session.
            self.expression("session", name, "s")
            if name == "hostname" and not self.has("website_event", "hostname")
            else self.expression("website_event", name, "e")
            for name in EVENT_FIELDS
        ]
        fields += [self.expression("session", name, "s") for name in SESSION_FIELDS]
        return SQL["events"].format(columns=", ".join(fields))

    def data_query(self) -> str:
        return SQL["event_data"].format(columns=self._data("event_data"), created=self.order("event_data"))

    def identities_query(self) -> str:
        who = self.column("session_data", "distinct_id")
        fallback = "s.distinct_id" if self.has("session", "distinct_id") else "NULL::text"
        return SQL["identities"].format(
            columns=self._data("session_data", "d"),
            created=self.order("session_data", "d"),
            who=f"coalesce(d.{who}, {fallback})" if who else fallback,
        )

    def _data(self, table: str, alias: str = "t") -> str:
        found = [self.column(table, name) for name in DATA_FIELDS]
        if missing := [name for name, column in zip(DATA_FIELDS, found, strict=True) if column is None]:
            raise UnknownSchema(f"the table {table} has no column {missing[0]!r}", hint=_HINT)
        shown = [f'{alias}."{column}"' for column in found]
        shown[2] += "::float8"
        return ", ".join(f'{column} AS "{name}"' for column, name in zip(shown, DATA_FIELDS, strict=True))

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        return await self.connection.fetch(query, *values)

    async def count(self, table: str) -> int:
        """How many rows a table has; an estimate where counting would take long."""
        guess = await self.connection.fetchval(SQL["rows"], f'"{table}"')
        if guess is not None:
            return int(guess)
        return int(await self.connection.fetchval(f'SELECT count(*) FROM "{table}"'))  # noqa: S608 - of the catalogue

    async def moment(self) -> int:
        """Up to when is read, by the source's clock."""
        return int(await self.connection.fetchval(SQL["moment"]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.terminate() if error is not None else await self.connection.close()


class Portion(Struct, frozen=True):
    """Some events in their order, with the properties and the money of each that has any."""

    rows: list[Any]
    data: dict[bytes, list[Any]]
    money: dict[bytes, list[Any]] | None


Fetch = Callable[[], Coroutine[Any, Any, Portion | None]]


@asynccontextmanager
async def portions(  # noqa: PLR0913 - what to read, from where to where, and how much at once
    source: Source, website: bytes, position: tuple[int, bytes], until: int, *, size: int, extras: frozenset[str]
) -> AsyncIterator[Fetch]:
    """The events of a site after `position`, in portions; `extras` are the other tables that are worth asking."""
    connection = source.connection
    data_query = source.data_query() if "event_data" in extras else ""
    money_query = SQL["revenue"].format(created=source.order("revenue")) if "revenue" in extras else ""

    async with connection.transaction(isolation="repeatable_read", readonly=True):
        cursor = await connection.cursor(source.events_query(), website, until, *position)

        async def fetch() -> Portion | None:
            rows = await cursor.fetch(size)
            if not rows:
                return None
            ids = [row[0] for row in rows]
            data: dict[bytes, list[Any]] = {}
            if data_query:
                for row in await connection.fetch(data_query, ids):
                    data.setdefault(row[0], []).append(row[1:])
            # Without that table what was bought stands with the properties alone.
            money: dict[bytes, list[Any]] | None = {} if source.has("revenue") else None
            if money is not None and money_query:
                for row in await connection.fetch(money_query, list({row[2] for row in rows}), ids):
                    money.setdefault(row[0], []).append((row[1], row[2]))
            return Portion(rows, data, money)

        yield fetch


async def open_source(address: Address) -> Source:
    """Connect and look; what is no Umami of release 2 or 3 is refused with what is missing."""
    connection = await connect(address, application="sightline-import")
    try:
        await connection.execute("SET default_transaction_read_only = on")
        await _check_encoding(connection)
        await _set_codecs(connection)
        columns: dict[str, dict[str, str]] = {}
        for row in await connection.fetch(SQL["catalogue"], address.schema or "public"):
            columns.setdefault(row["name"], {})[row["column"]] = row["type"]
        _check(columns, address.schema or "public")
    except BaseException:
        connection.terminate()
        raise
    return Source(connection, columns)


_HINT: Final = "Releases 2.10 to 3.x are read; bring Umami up to date first."


def _check(columns: Mapping[str, Mapping[str, str]], schema: str) -> None:
    for table, needed in _NEEDED.items():
        if table not in columns:
            raise UnknownSchema(
                f"the schema {schema!r} has no table {table!r}: this is no database of Umami 2 or 3",
                hint="Name the database that Umami's DATABASE_URL names; add ?schema=… if they are not in public.",
            )
        for column, type_ in needed.items():
            found = columns[table].get(column)
            if found is None:
                raise UnknownSchema(f"the table {table} has no column {column!r}", hint=_HINT)
            if found != type_ and not {found, type_} <= {"varchar", "text"}:
                raise UnknownSchema(
                    f"the column {table}.{column} is of type {found}, not {type_}: this is another release's",
                    hint=_HINT,
                )


async def _check_encoding(connection: asyncpg.Connection) -> None:
    encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
    if encoding == "SQL_ASCII":
        raise InvalidValue(
            "the source's encoding is SQL_ASCII, so nobody can say what its texts mean",
            hint="Dump it and restore it into a database with the encoding UTF8.",
        )


async def _set_codecs(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", format="tuple", encoder=lambda at: (at,), decoder=lambda at: at[0]
    )
    await connection.set_type_codec("uuid", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)


class Website(Struct, frozen=True, kw_only=True):
    """A site there, as far as it is known."""

    id: bytes
    name: str
    domain: str
    user: bytes | None
    team: bytes | None
    deleted: bool


async def websites(source: Source) -> list[Website]:
    names = ("website_id", "name", "domain", "user_id", "team_id", "deleted_at")
    query = SQL["websites"].format(columns=source.select("website", names), created=source.order("website"))
    return [
        Website(
            id=row["website_id"], name=row["name"] or "", domain=row["domain"] or "", user=row["user_id"],
            team=row["team_id"], deleted=row["deleted_at"] is not None,
        )
        for row in await source.rows(query)
    ]  # fmt: skip


def wanted(found: list[Website], names: tuple[str, ...]) -> list[Website]:
    """Those of the sites that were named, by id, name or domain; all living ones where none was."""
    living = [one for one in found if not one.deleted]
    if not names:
        return living
    chosen = []
    for name in names:
        matching = [one for one in living if name.lower() in {str_of(one.id), one.name.lower(), one.domain.lower()}]
        if not matching:
            raise NotFound(f"there is no site {name!r} in the source", hint="--dry-run lists them.")
        if len(matching) > 1:
            raise InvalidValue(f"there are {len(matching)} sites {name!r} in the source", hint="Name one by its UUID.")
        chosen += matching
    return chosen


def str_of(id_: bytes) -> str:
    """An id as it is written."""
    text = id_.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
