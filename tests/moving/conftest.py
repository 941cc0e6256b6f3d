"""A house to move into, and databases of Umami to move from: both on a real PostgreSQL."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import msgspec
import pytest

from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.operate.house import House
from tests.moving import umami_tables
from tests.server.application import housed

Umami = Callable[[int], Awaitable[tuple[Address, asyncpg.Connection]]]


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with housed(database, tmp_path) as found:
        yield found


@pytest.fixture
async def umami(postgres: Address) -> AsyncIterator[Umami]:
    """Makes a database with the tables of a release."""
    made: list[tuple[str, asyncpg.Connection]] = []
    admin = await connect(postgres)

    async def make(release: int) -> tuple[Address, asyncpg.Connection]:
        name = f"umami_{secrets.token_hex(6)}"
        await admin.execute(f"CREATE DATABASE {name}")
        address = msgspec.structs.replace(postgres, database=name, schema="public")
        connection = await connect(address)
        made.append((name, connection))
        await umami_tables.create(connection, release)
        await umami_tables.fill_people(connection)
        return address, connection

    yield make
    for name, connection in made:
        await connection.close()
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()
