"""Fixtures that many tests share, and marks that hold for whole folders."""

import asyncio
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from sightline.database.address import Address, connect
from sightline.database.migrations import migrate
from sightline.database.pool import Database
from tests.aws import FakeAws
from tests.postgres import system_postgres

if TYPE_CHECKING:
    from tests.aws import FaultProxy

UNIT = Path(__file__).parent / "unit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything under tests/unit is pure: that is what `make check` runs."""
    for item in items:
        if UNIT in item.path.parents:
            item.add_marker(pytest.mark.unit)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Address]:
    """Debian's PostgreSQL, fresh, as its superuser; one for the whole run."""
    with system_postgres(fsync="off") as address:
        yield address


@pytest.fixture(scope="session")
def migrated(postgres: Address) -> str:
    """A migrated database that tests copy: copying takes a tenth of the time of migrating."""
    name = "migrated"

    async def make() -> None:
        admin = await connect(postgres)
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        connection = await connect(msgspec.structs.replace(postgres, database=name, schema="umami"))
        await connection.execute("CREATE SCHEMA umami")
        await migrate(connection)
        await connection.close()

    asyncio.run(make())
    return name


@pytest.fixture
async def database(postgres: Address, migrated: str) -> AsyncIterator[Database]:
    """A database of its own, migrated, with a pool over it."""
    name = f"test_{secrets.token_hex(6)}"
    admin = await connect(postgres)
    # FILE_COPY would force two checkpoints, which cost more than writing the small copy to the log.
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {migrated} STRATEGY wal_log")
    address = msgspec.structs.replace(postgres, database=name, schema="umami")
    opened = await Database.open(address, minimum=0, maximum=4)
    yield opened
    await opened.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
def aws() -> "Iterator[FakeAws]":
    """AWS as moto's server on loopback, with fake credentials in the environment; one for the whole run."""
    from tests.aws import moto_server  # a second to import, which only those pay who need it

    with moto_server() as fake:
        yield fake


@pytest.fixture
def fault_proxy(aws: "FakeAws") -> "Iterator[FaultProxy]":
    """A proxy before moto that can be told to fail."""
    from tests.aws import FaultProxy

    proxy = FaultProxy(aws.endpoint)
    yield proxy
    proxy.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)
