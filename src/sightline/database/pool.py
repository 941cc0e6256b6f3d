"""The pool of connections that the service runs on."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

import asyncpg

from sightline import metrics
from sightline.database.address import CONNECT_ERRORS, Address, unreachable
from sightline.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy


# What a statement meets when the server went away under it.
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
# What it meets on a connection that was lost before; they mean other things on one that is open.
_LOST_IF_CLOSED = (asyncpg.InterfaceError, ConnectionError)
# A network that swallows everything (a failover, a firewall) is noticed after this long, not after TCP's 15 minutes.
SILENCE_S = 30


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
                **address.parameters(timeout_s=timeout_s, application=application),
                min_size=minimum,
                max_size=maximum,
                init=_notice_silence,
                reset=_as_it_is,
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
        """Lend a connection; only its loss becomes `DatabaseUnavailable`, other errors pass as they are."""
        connection = await self._acquire()
        try:
            yield connection
        except (*_LOST, *_LOST_IF_CLOSED, asyncpg.InternalClientError) as exc:
            if not _lost(connection, exc):
                raise
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            metrics.count("DatabaseReconnects")
            raise DatabaseUnavailable(hint="It is tried again with the next request.") from exc
        finally:
            # What was asked is done by now, so a loss while resetting the connection is no error; the pool drops it.
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await self._pool.release(connection)

    async def _acquire(self) -> "PoolConnectionProxy":
        try:
            return await self._pool.acquire(timeout=self._timeout_s)
        except TimeoutError as exc:
            if self._pool.get_idle_size() == 0 and self._pool.get_size() >= self._pool.get_max_size():
                raise DatabaseUnavailable(
                    f"all {self._pool.get_max_size()} connections to PostgreSQL are busy",
                    hint="Raise database.pool_max if this goes on.",
                ) from exc
            raise unreachable(self.address, exc) from exc
        except CONNECT_ERRORS as exc:
            raise unreachable(self.address, exc) from exc

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


def _lost(connection: "PoolConnectionProxy", error: Exception) -> bool:
    if isinstance(error, _LOST):
        return True
    # A server that ends says so first; until its end follows, the driver is in a state in which it can do nothing.
    ending = isinstance(error, asyncpg.InternalClientError) and "cannot switch to state" in str(error)
    try:
        return ending or connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has already taken it back, which it does only when it is lost
        return True


async def _as_it_is(_connection: asyncpg.Connection) -> None:
    """Undo nothing when a connection comes back: the driver has rolled back what was open.

    What outlives a transaction (locks of a session, settings, LISTEN) has no place on a pooled connection, where a
    proxy may stand between; it goes by `connect`. The driver's own statements would be a second round trip each time.
    """


async def _notice_silence(connection: asyncpg.Connection) -> None:
    """Let the kernel give up a connection whose other end no longer answers."""
    transport = connection._transport  # type: ignore[attr-defined]  # noqa: SLF001 - asyncpg has no setting for it
    ours: socket.socket = transport.get_extra_info("socket")
    if ours.family == socket.AF_UNIX:
        return
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", SILENCE_S // 2),
        ("TCP_KEEPINTVL", SILENCE_S // 6),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", SILENCE_S * 1000),  # milliseconds
    ):
        if hasattr(socket, option):
            ours.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
