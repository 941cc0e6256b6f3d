"""The table of wrapped keys: typed rows, and what the key ring needs of a database."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import asyncpg
import msgspec

from sightline.keys.wrap import KeyId, Kind
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = Any

SQL: Final = queries("sightline.keys", "keys.sql")


class Store(Protocol):
    """A database that lends connections: `database.pool.Database`, or `OneConnection`."""

    def connection(self) -> AbstractAsyncContextManager[Any]: ...

    def transaction(self) -> AbstractAsyncContextManager[Any]: ...


class OneConnection:
    """A `Store` over a single connection, for a command or a function that has no pool; not for concurrent use."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self._connection.transaction():
            yield self._connection


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a key, as stored."""

    key_id: KeyId
    wrapped: bytes
    check_value: bytes
    state: str
    parent_version: int | None = None
    root: str | None = None
    uses: int = 0

    @property
    def is_destroyed(self) -> bool:
        return self.state == "destroyed"

    def __repr__(self) -> str:
        return f"Row({self.key_id}, {self.state})"


def row_of(record: asyncpg.Record) -> Row:
    return Row(
        key_id=KeyId(
            kind=Kind(record["kind"]),
            tenant_id=record["tenant_id"],
            purpose=record["purpose"],
            owner=record["owner"],
            version=record["version"],
        ),
        parent_version=record["parent_version"],
        root=record["root"],
        wrapped=bytes(record["wrapped"]),
        check_value=bytes(record["check_value"]),
        state=record["state"],
        uses=record["uses"],
    )


def chain(key_id: KeyId) -> tuple[int, int, str, str]:
    """What all versions of a key share, as the first parameters of most queries."""
    return key_id.tenant_id, int(key_id.kind), key_id.purpose, key_id.owner


async def read(connection: Connection, key_id: KeyId, *, newest: bool) -> Row | None:
    if newest:
        record = await connection.fetchrow(SQL["read_newest"], *chain(key_id))
    else:
        record = await connection.fetchrow(SQL["read_version"], *chain(key_id), key_id.version)
    return None if record is None else row_of(record)


async def lock_and_read(connection: Connection, key_id: KeyId) -> list[Row]:
    """Take the lock of a key and read all its versions."""
    await connection.execute(SQL["lock_chain"], *chain(key_id))
    return [row_of(record) for record in await connection.fetch(SQL["read_chain"], *chain(key_id))]
