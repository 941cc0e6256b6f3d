"""A filled instance to back up, and an empty one to restore into."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from sightline.blobs.folder import FolderStore
from sightline.blobs.stores import Stores
from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.operate.backup import Source
from sightline.operate.restore import Target
from sightline.settings import AwsSettings, KeySettings


class Instance(msgspec.Struct):
    """A running installation, as far as a backup sees it."""

    database: Database
    ring: KeyRing
    stores: Stores
    folder: Path
    sealed: bytes

    @property
    def source(self) -> Source:
        return Source(address=self.database.address, stores=self.stores, keys=self.folder / "keys")


def folder_stores(folder: Path) -> Stores:
    return Stores(**{name: FolderStore(folder / "blobs" / name) for name in ("recordings", "extents", "seals")})


@pytest.fixture
async def filled(database: Database, tmp_path: Path) -> Instance:
    """An instance with rows in several tables, destroyed and living keys, and objects."""
    folder = tmp_path / "first"
    ring = await KeyRing.open(database, KeySettings(), AwsSettings(), folder / "keys")
    sealed = (await ring.data_key(1, "recording", "visit-1")).seal(b"what was seen", b"")
    for n in range(2, 40):
        await ring.data_key(n % 3, "recording", f"visit-{n}")
    await ring.destroy(1, "recording", "visit-4")
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO tenants (uuid, name, slug, created_at)"
            " SELECT gen_random_uuid(), 'Team ' || n || E' \\\\ \\t é', 'team-' || n, now()"
            " FROM generate_series(1, 50) AS n"
        )
        await connection.execute(
            "INSERT INTO users (uuid, email, name, password_hash, role, created_at)"
            " SELECT gen_random_uuid(), n || '@example.com', 'User', '', 'member', now()"
            " FROM generate_series(1, 20) AS n"
        )
        await connection.execute(
            "INSERT INTO members (tenant_id, user_id, role, created_at) SELECT id, 1, 'owner', now() FROM tenants"
        )
        await connection.execute(
            "INSERT INTO access_audit (at, actor_kind, action, result, details)"
            " SELECT now(), 'operator', 'x', 'ok', '{\"a\": [1, null]}' FROM generate_series(1, 3000)"
        )
    stores = folder_stores(folder)
    for n in range(12):
        await stores.recordings.put(f"site=1/visit-{n}.bin", sealed * (n + 1))
    await stores.extents.put("kind=event/day=2026-01-01/1.parquet", b"PAR1" * 1000)
    return Instance(database, ring, stores, folder, sealed)


@pytest.fixture
async def empty(postgres: Address, tmp_path: Path) -> AsyncIterator[Target]:
    """A database with an empty schema, and folders that do not exist yet."""
    name = f"restore_{secrets.token_hex(6)}"
    admin = await connect(postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    address = msgspec.structs.replace(postgres, database=name, schema="umami")
    connection = await connect(address)
    await connection.execute("CREATE SCHEMA umami")
    await connection.close()
    folder = tmp_path / "second"
    yield Target(address=address, stores=folder_stores(folder), keys=folder / "keys")
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


def at(target: Target) -> Address:
    assert target.address is not None
    return target.address


async def everything(address: Address) -> dict[str, list[str]]:
    """All rows of all tables as text, sorted, with where sequences stand."""
    connection = await connect(address)
    try:
        found: dict[str, list[str]] = {}
        for row in await connection.fetch(
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1", address.schema
        ):
            rows = await connection.fetch(f'SELECT t::text AS line FROM "{row["name"]}" AS t ORDER BY 1')
            found[row["name"]] = [line["line"] for line in rows]
        found["sequences"] = [
            str(tuple(row))
            for row in await connection.fetch(
                "SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = $1 ORDER BY 1",
                address.schema,
            )
        ]
        return found
    finally:
        await connection.close()


async def objects(stores: Stores) -> dict[str, bytes]:
    return {f"{name}/{blob.name}": await store.get(blob.name) for name, store in stores async for blob in store.walk()}


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder below folders that the service user of PostgreSQL can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="sl-up-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"
