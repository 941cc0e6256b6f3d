"""The pool of connections that the service runs on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

import asyncpg

from sightline import metrics
from sightline.database.address import CONNECT_ERRORS, Address, unreachable
from sightline.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy


# Errors that mean: the server went away under us, nothing is known to be wrong with the statement.
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


class Database:
    """A pool over one `Address`; a lost server becomes `DatabaseUnavailable`, and comes back by itself."""

    def __init__(self, pool: asyncpg.Pool, address: Address, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self.address = address

    @classmethod
    async def open(
        cls,
        address: Address,
        *,
        minimum: int = 1,
        maximum: int = 8,
        timeout_s: float = 10,
        application: str = "sightline",
    ) -> Self:
        try:
            pool = await asyncpg.create_pool(
                **address.parameters(timeout_s=timeout_s, application=application), min_size=minimum, max_size=maximum
            )
        except CONNECT_ERRORS as exc:
            raise unreachable(address, exc) from exc
        return cls(pool, address, timeout_s)

    async def close(self) -> None:
        """Let running statements end, then close; after the timeout of the pool, close all the same."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["PoolConnectionProxy"]:
        try:
            async with self._pool.acquire(timeout=self._timeout_s) as connection:
                yield connection
        except _LOST as exc:
            metrics.count("DatabaseReconnects")
            raise DatabaseUnavailable(hint="It is tried again with the next request.") from exc

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["PoolConnectionProxy"]:
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        async with self.connection() as connection:
            return await connection.fetch(query, *values)

    async def fetchrow(self, query: str, *values: object) -> asyncpg.Record | None:
        async with self.connection() as connection:
            return await connection.fetchrow(query, *values)

    async def fetchval(self, query: str, *values: object) -> object:
        async with self.connection() as connection:
            return await connection.fetchval(query, *values)

    async def execute(self, query: str, *values: object) -> str:
        async with self.connection() as connection:
            return await connection.execute(query, *values)
