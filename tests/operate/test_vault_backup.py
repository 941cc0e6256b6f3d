"""The vault in a backup: as encrypted as it stood, restored with every trigger and grant, and erased stays erased."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from sightline.blobs.stores import Stores
from sightline.database.address import Address, connect
from sightline.database.credentials import Credentials, FileStore
from sightline.database.pool import Database
from sightline.errors import Conflict, NotFound, SettingError
from sightline.keys.ring import KeyRing
from sightline.operate.archive import open_backup
from sightline.operate.backup import Source, VaultSource, back_up
from sightline.operate.manifest import Manifest
from sightline.operate.replays import replays
from sightline.operate.restore import Target, finish_restores, restore
from sightline.operate.vault_restore import VaultTarget
from sightline.operate.verify import unpacked
from sightline.settings import AwsSettings, KeySettings
from sightline.vault.database import Context, VaultDatabase
from sightline.vault.requests import Requests
from sightline.vault.subjects import Vault
from tests.operate.conftest import folder_stores
from tests.vault.conftest import ADA
from tests.vaulting import SETTINGS, Place

CONTEXT = Context(tenant_id=1, actor_kind="user", actor_id=7, purpose="support", origin="192.0.2.1")
GUARDS = """
SELECT c.relname::text || ' ' || t.tgname || ' ' || t.tgenabled::text AS line FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'vault'::regnamespace AND NOT t.tgisinternal
UNION ALL SELECT relname::text || ' ' || relrowsecurity || relforcerowsecurity || coalesce(relacl::text, '')
FROM pg_class WHERE relnamespace = 'vault'::regnamespace AND relkind IN ('r', 'p', 'v') ORDER BY 1
"""


@pytest.fixture
async def elsewhere(postgres: Address, place: Place, tmp_path: Path) -> AsyncIterator[Target]:
    """An empty database in the same cluster, whose roles are there already."""
    name = f"restore_{secrets.token_hex(6)}"
    admin = await connect(postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    there = msgspec.structs.replace(postgres, database=name)
    connection = await connect(there)
    await connection.execute("CREATE SCHEMA umami")
    await connection.close()
    login = FileStore(tmp_path / "vault.json")
    assert place.login.password is not None
    await login.save(
        Credentials(username=place.login.user, password=place.login.password, host=there.host, port=there.port,
                    database=name, schema=SETTINGS.schema)
    )  # fmt: skip
    yield Target(
        address=msgspec.structs.replace(there, schema="umami"), stores=folder_stores(tmp_path / "second"),
        keys=tmp_path / "keys", vault=VaultTarget(admin=there, settings=SETTINGS, login=login),
    )  # fmt: skip
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return folder_stores(tmp_path / "first")


def source(place: Place, stores: Stores, tmp_path: Path) -> Source:
    owner = VaultSource(admin=place.admin, schema=SETTINGS.schema, owner="vt_owner")
    return Source(address=place.database.address, stores=stores, keys=tmp_path / "keys", vault=owner)


def leaked(backup: Path, manifest: Manifest) -> set[str]:
    """Which values stand in clear in the vault's files of a backup."""
    assert manifest.vault is not None
    reader = open_backup(backup)
    held = b"".join(b"".join(unpacked(reader, one.file)) for one in manifest.vault.tables if one.file)
    reader.close()
    return {name for name, value in ADA.items() if value.lower().encode() in held.lower()}


async def guards(admin: Address) -> list[str]:
    connection = await connect(msgspec.structs.replace(admin, schema="vault, pg_temp"))
    try:
        return [row["line"] for row in await connection.fetch(GUARDS)]
    finally:
        await connection.close()


async def opened(database: Database, login: Address, keys: Path) -> Vault:
    ring = await KeyRing.open(database, KeySettings(), AwsSettings(), keys)
    return Vault(await VaultDatabase.open(login, SETTINGS, lambda: ring.root.name), ring, SETTINGS)


async def test_the_vault_comes_back_and_who_was_erased_since_does_not(
    place: Place, stores: Stores, elsewhere: Target, tmp_path: Path
) -> None:
    before = await opened(place.database, place.login, tmp_path / "keys")
    kept, gone = await before.create(CONTEXT, ADA), await before.create(CONTEXT, {**ADA, "email": "bea@example.com"})
    manifest = await back_up(source(place, stores, tmp_path), tmp_path / "backup.tar")
    assert manifest.vault is not None
    assert leaked(tmp_path / "backup.tar", manifest) == {"email", "first_name", "last_name", "phone"}  # tier 1
    await Requests(before, place.database, stores.seals).erase(CONTEXT, gone)

    async for blob in stores.seals.walk():  # the log lies outside of backups, and whoever restores brings it along
        await elsewhere.stores.seals.put(blob.name, await stores.seals.get(blob.name))
    restored = await restore(tmp_path / "backup.tar", elsewhere)
    assert restored.vault_rows == manifest.vault.rows
    assert elsewhere.address is not None
    assert elsewhere.vault is not None
    assert await guards(elsewhere.vault.admin) == await guards(place.admin)

    database = await Database.open(elsewhere.address, minimum=0)
    login = msgspec.structs.replace(place.login, database=elsewhere.address.database)
    after = await opened(database, login, elsewhere.keys)
    assert await after.read(CONTEXT, kept, ["ssn", "health"]) == {"ssn": ADA["ssn"], "health": ADA["health"]}
    again = await finish_restores(database, elsewhere.stores, after.keys, replays(elsewhere.address))
    assert again["vault"] == 1
    assert await Requests(after, database, stores.seals).finish() == 1
    with pytest.raises(NotFound):
        await after.show(CONTEXT, gone)
    assert await after.search(CONTEXT, "email", ADA["email"]) == [kept]
    with pytest.raises(Conflict, match="not empty"):
        await restore(tmp_path / "backup.tar", elsewhere)
    await database.close()
    for vault in (before, after):
        await vault.keys.close()
        await vault.database.close()


async def test_an_interrupted_restore_goes_on_after_the_vault(
    place: Place, stores: Stores, elsewhere: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await opened(place.database, place.login, tmp_path / "keys")
    await vault.create(CONTEXT, ADA)
    await back_up(source(place, stores, tmp_path), tmp_path / "backup")
    await vault.keys.close()
    await vault.database.close()

    async def dies(*_: object, **__: object) -> None:
        raise asyncpg.InterfaceError("the connection is gone")

    with monkeypatch.context() as patched:
        patched.setattr("sightline.operate.restore._put_rows", dies)
        with pytest.raises(Exception, match="PostgreSQL went away"):
            await restore(tmp_path / "backup", elsewhere)
    assert (await restore(tmp_path / "backup", elsewhere)).vault_rows


async def test_without_an_administrator_nothing_is_written(
    place: Place, stores: Stores, elsewhere: Target, tmp_path: Path
) -> None:
    await back_up(source(place, stores, tmp_path), tmp_path / "backup")
    with pytest.raises(SettingError, match="no administrator"):
        await restore(tmp_path / "backup", msgspec.structs.replace(elsewhere, vault=None))
    assert not (tmp_path / "second").exists()
