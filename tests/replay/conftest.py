"""A library over a database of the test and a folder."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sightline.blobs.folder import FolderStore
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.replay.library import Library, Wanted
from sightline.replay.sealing import Sealing
from sightline.settings import AwsSettings, KeySettings
from tests.collect.conftest import make_site


@dataclass
class Shelf:
    """Where recordings are in a test."""

    database: Database
    keys: KeyRing
    store: FolderStore
    site: int
    tenant: int
    data: Path

    @property
    def library(self) -> Library:
        return Library(self.database, self.store, self.keys)

    @property
    def sealing(self) -> Sealing:
        return Sealing(self.database, self.store, self.keys)

    async def seal(self) -> int:
        """Seal everything, as if nothing had come for long."""
        return (await self.sealing.run(idle_ms=-60_000)).recordings

    async def rows(self) -> list[Any]:
        return list(await self.library.listed(self.site, Wanted()))

    async def one(self) -> Any:
        (row,) = await self.rows()
        return await self.library.sealed(self.site, row["visit"], row["tab"])

    async def objects(self) -> list[str]:
        return [blob.name async for blob in self.store.walk("")]

    async def chunks(self) -> int:
        return int(str(await self.database.fetchval("SELECT count(*) FROM signal_chunk")))


@pytest.fixture
async def shelf(database: Database, tmp_path: Path) -> AsyncIterator[Shelf]:
    site, _, tenant = await make_site(database)
    keys = await KeyRing.open(database, KeySettings(), AwsSettings(), tmp_path / "keys")
    yield Shelf(database, keys, FolderStore(tmp_path / "recordings"), site, tenant, tmp_path)
    await keys.close()
