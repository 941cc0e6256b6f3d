"""A journal and a warehouse over a database of their own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sightline.database.pool import Database
from sightline.settings import SignalSettings, WarehouseSettings
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Journal
from sightline.signals.warehouse import Warehouse
from tests.signals.crashing import Server, killable
from tests.signals.making import Folder


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL of its own, to be killed."""
    with killable() as started:
        yield started


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    opened = Journal(database.address, SignalSettings())
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "extents")


@pytest.fixture
async def warehouse(database: Database, folder: Folder, tmp_path: Path) -> AsyncIterator[Warehouse]:
    settings = WarehouseSettings(poll_ms=20, memory_mb=256)
    opened = Warehouse(tmp_path / "warehouse" / "warehouse.duckdb", Catalogue(database, folder), settings)
    await opened.start()
    yield opened
    await opened.close()
