"""Fixtures that many tests share, and marks that hold for whole folders."""

import asyncio
import functools
import importlib.util
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from httpx._transports import default as transports

from sightline.database.address import Address, connect
from sightline.database.migrations import migrate
from sightline.database.pool import Database
from tests.aws import FakeAws
from tests.postgres import system_postgres
from tests.scratch import use_memory
from tests.vaulting import nothing_sealed, place, vault_template  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from tests.aws import FaultProxy

TESTS = Path(__file__).parent
UNIT = TESTS / "unit"
SHARING = {TESTS / "dashboard", TESTS / "shop", TESTS / "browser"}
use_memory()
# `httpcore` imports it at every lock, and a search that finds nothing is not remembered: half the CPU of a request.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]
# Every client reads all authorities of this machine, 20 ms of it, and none of ours speaks TLS.
transports.create_ssl_context = functools.cache(transports.create_ssl_context)  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything under tests/unit is pure: that is what `make check` runs.

    Workers take one file after the other in this order: first the folders whose files share a server and a browser, so
    that a worker starts them once; then files with long tests, so that none is still running when all else is done.
    """
    for item in items:
        if UNIT in item.path.parents:
            item.add_marker(pytest.mark.unit)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: 0 if SHARING & set(item.path.parents) else 1 if item.path in slow else 2)


@pytest.fixture(autouse=True)
def _no_data_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test opens what a person keeps in the usual place: a command that is not told where finds no folder."""
    monkeypatch.setenv("SIGHTLINE_DATA", "/dev/null/no-test-may-use-the-usual-data-folder")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Address]:
    """Debian's PostgreSQL, fresh, as its superuser; one for the whole run."""
    with system_postgres(fsync="off", shared_preload_libraries="pg_stat_statements") as address:
        yield address
        asyncio.run(nothing_sealed(address))


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
