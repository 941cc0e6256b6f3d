"""The pool: a lost server is `DatabaseUnavailable` and comes back by itself; everything else passes as it is."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import asyncpg
import msgspec
import pytest

from sightline.database.address import connect
from sightline.database.pool import Database
from sightline.errors import DatabaseUnavailable
from sightline.settings import Secret


async def end_backend(database: Database, pid: object) -> None:
    """End one backend from outside, and wait until it has gone."""
    admin = await connect(database.address)
    await admin.execute("SELECT pg_terminate_backend($1, 10000)", pid)
    await admin.close()


@pytest.mark.parametrize(
    "error", [OSError("mine"), TimeoutError("mine"), ConnectionResetError("mine"), ValueError("mine")]
)
async def test_an_error_of_the_caller_s_own_passes_as_it_is(database: Database, error: Exception) -> None:
    with pytest.raises(type(error), match="mine"):
        async with database.transaction():
            raise error
    assert await database.fetchval("SELECT 1") == 1


@pytest.mark.parametrize(
    ("query", "values", "error"),
    [
        ("SELEKT 1", (), asyncpg.PostgresSyntaxError),
        ("SELECT * FROM no_such_table", (), asyncpg.UndefinedTableError),
        ("SELECT $1::integer", ("no number",), asyncpg.DataError),
        ("SELECT $1::integer", (), asyncpg.InterfaceError),
        ("SELECT 1/0", (), asyncpg.DivisionByZeroError),
    ],
)
async def test_a_wrong_statement_is_no_lost_server(
    database: Database, query: str, values: tuple[object, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await database.fetch(query, *values)
    assert await database.fetchval("SELECT 1") == 1


async def test_two_statements_at_once_on_one_connection_are_a_fault_of_the_caller(database: Database) -> None:
    async with database.connection() as connection:
        busy = asyncio.create_task(connection.fetch("SELECT pg_sleep(0.3)"))
        await asyncio.sleep(0.1)
        with pytest.raises(asyncpg.InterfaceError, match="another operation"):
            await connection.fetch("SELECT 1")
        await busy


Lose = Callable[[Database], Awaitable[None]]


async def lose_in_the_middle(database: Database) -> None:
    async with database.connection() as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        waiting = asyncio.create_task(connection.fetch("SELECT pg_sleep(60)"))
        await asyncio.sleep(0.1)
        await end_backend(database, pid)
        await waiting


async def lose_between_two_statements(database: Database) -> None:
    async with database.connection() as connection:
        await end_backend(database, await connection.fetchval("SELECT pg_backend_pid()"))
        await asyncio.sleep(0.1)
        await connection.fetch("SELECT 1")


async def lose_before_a_commit(database: Database) -> None:
    async with database.transaction() as connection:
        await end_backend(database, await connection.fetchval("SELECT pg_backend_pid()"))


@pytest.mark.parametrize("lose", [lose_in_the_middle, lose_between_two_statements, lose_before_a_commit])
async def test_a_lost_connection_is_unavailable_and_the_next_one_works(database: Database, lose: Lose) -> None:
    for _ in range(5):
        with pytest.raises(DatabaseUnavailable) as caught:
            await lose(database)
        assert caught.value.headers() == {"retry-after": "2"}
        assert await database.fetchval("SELECT 1") == 1


async def test_a_connection_lost_after_its_work_was_done_is_no_error(database: Database) -> None:
    async with database.connection() as connection:
        await end_backend(database, await connection.fetchval("SELECT pg_backend_pid()"))
    assert await database.fetchval("SELECT 1") == 1


async def test_a_connection_lost_while_idle_is_replaced(database: Database) -> None:
    for _ in range(5):
        await end_backend(database, await database.fetchval("SELECT pg_backend_pid()"))
        await asyncio.sleep(0.05)
        assert await database.fetchval("SELECT 1") == 1


async def test_a_pool_with_nothing_free_says_so(database: Database) -> None:
    small = await Database.open(database.address, minimum=0, maximum=1, timeout_s=0.2)
    async with small.connection():
        with pytest.raises(DatabaseUnavailable, match="all 1 connections to PostgreSQL are busy") as caught:
            await small.fetch("SELECT 1")
    assert "pool_max" in (caught.value.hint or "")
    assert await small.fetchval("SELECT 1") == 1
    await small.close()


async def test_a_server_with_no_connection_left_is_unavailable(database: Database) -> None:
    role = f"{database.address.database}_one"
    await database.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'one' CONNECTION LIMIT 1")
    address = database.address.as_user(role, Secret("one"))
    one = await connect(address)
    many = await Database.open(address, minimum=0)
    with pytest.raises(DatabaseUnavailable, match="has no free connection"):
        await many.fetch("SELECT 1")
    await one.close()
    await many.close()
    await database.execute(f"DROP ROLE {role}")


async def test_a_transaction_is_undone_by_an_error(database: Database) -> None:
    await database.execute("CREATE TABLE kept (number integer)")
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO kept VALUES (1); SELECT 1/0")
    assert await database.fetchval("SELECT count(*) FROM kept") == 0


async def test_a_close_ends_even_when_a_statement_does_not(database: Database) -> None:
    other = await Database.open(database.address, minimum=0, timeout_s=0.3)
    endless = asyncio.create_task(other.fetch("SELECT pg_sleep(600)"))
    await asyncio.sleep(0.1)
    await other.close()
    with pytest.raises(DatabaseUnavailable):
        await endless


async def test_a_statement_on_a_closed_pool_is_unavailable(database: Database) -> None:
    other = await Database.open(database.address, minimum=0)
    await other.close()
    with pytest.raises(DatabaseUnavailable):
        await other.fetch("SELECT 1")


async def test_a_cancelled_statement_gives_its_connection_back(database: Database) -> None:
    small = await Database.open(database.address, minimum=0, maximum=1)
    task = asyncio.create_task(small.fetch("SELECT pg_sleep(600)"))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await small.fetchval("SELECT 1") == 1
    await small.close()


async def test_a_connection_over_the_network_notices_silence(database: Database) -> None:
    assert database.address.host == "127.0.0.1"
    async with database.connection() as connection:
        ours = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    folder = await database.fetchval("SHOW unix_socket_directories")
    local = await Database.open(msgspec.structs.replace(database.address, host=str(folder)))
    assert await local.fetchval("SELECT inet_client_addr()") is None
    await local.close()
