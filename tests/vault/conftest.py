"""A vault over a real PostgreSQL: the service's schema and the vault's in one database, copied for each test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from sightline.database.address import connect
from sightline.keys.ring import KeyRing
from sightline.keys.root import LocalRoot, Root
from sightline.settings import KeySettings, VaultSettings
from sightline.vault.database import Context, VaultDatabase
from sightline.vault.subjects import Vault
from tests.vaulting import ADA, PURPOSES, SETTINGS, Place

VaultMaker = Callable[..., "asyncio.Future[Vault]"]


@pytest.fixture
async def make_vault(place: Place) -> AsyncIterator[VaultMaker]:
    """Make vaults over one place; each is like a process of its own."""
    opened: list[tuple[KeyRing, VaultDatabase]] = []

    async def make(
        root: Root | None = None,
        settings: VaultSettings = SETTINGS,
        keys: KeySettings | None = None,
        bound: int = 2**28,
    ) -> Vault:
        by = root or LocalRoot(bytes(range(32)))
        ring = KeyRing(place.database, by, keys or KeySettings(), bound=bound)
        database = await VaultDatabase.open(place.login, settings, lambda: by.name)
        opened.append((ring, database))
        return Vault(database, ring, settings)

    yield make  # type: ignore[misc]
    for ring, database in opened:
        await ring.close()
        await database.close()


@pytest.fixture
async def vault(make_vault: VaultMaker) -> Vault:
    return await make_vault()


@pytest.fixture
def context() -> Context:
    return Context(tenant_id=1, actor_kind="user", actor_id=7, purpose="support", origin="192.0.2.1", request_id="r-1")


@pytest.fixture
async def sql(place: Place) -> AsyncIterator["object"]:
    """The superuser, in the vault's schema: sees what a thief of the database would see."""
    connection = await connect(msgspec.structs.replace(place.admin, schema="vault, pg_temp"))
    yield connection
    await connection.close()


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


__all__ = ["ADA", "PURPOSES", "SETTINGS", "Place", "VaultMaker"]
