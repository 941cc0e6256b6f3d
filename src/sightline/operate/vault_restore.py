"""Restore the vault: its roles and schema made anew, its rows filled by its owner in one transaction.

What was erased since the backup comes back encrypted under keys that `finish_restores` destroys again, and the vault
itself takes such subjects away before it serves (`vault/requests.py`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import msgspec

from sightline.database.address import Address, connect
from sightline.database.credentials import CredentialStore
from sightline.database.setup import quoted
from sightline.errors import Conflict, SettingError
from sightline.operate.archive import Reader
from sightline.operate.filling import fill_tables, fitting, only
from sightline.operate.manifest import Manifest, Progress
from sightline.operate.tables import SQL
from sightline.settings import VaultSettings
from sightline.vault.setup import MIGRATIONS, role_names, set_up_vault

_RESTORED: Final = "restored_from"


class VaultTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where the vault is restored to, and the administrator who may make its roles."""

    admin: Address
    settings: VaultSettings
    login: CredentialStore


async def refuse_vault(manifest: Manifest, digest: str, target: VaultTarget | None) -> None:
    """Refuse before anything is written."""
    assert manifest.vault is not None, "asked for a vault only"
    if target is None:
        raise SettingError(
            "this backup holds a vault, and there is no administrator who could make its roles",
            hint="Set SIGHTLINE_DATABASE_ADMIN_URL, or SIGHTLINE_VAULT_ADMIN_URL where it has a database of its own.",
        )
    fitting(manifest, manifest.vault.migrations, MIGRATIONS)
    schema = target.settings.schema
    async with _owner(target) as connection:
        if connection is None or await _restored(connection) == digest:
            return
        for table in ("users", "encryption_audit", "erasures"):
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - ours
                raise Conflict(
                    f"the vault in the schema {schema!r} is not empty: {table} has rows",
                    hint="Restore into an empty place: another --data folder, or another vault.schema.",
                )


async def put_vault(reader: Reader, manifest: Manifest, digest: str, target: VaultTarget, progress: Progress) -> None:
    """Make the vault as it was, then bring it to this release. A restore that was interrupted after this goes on."""
    part = manifest.vault
    assert part is not None, "asked for a vault only"
    with only(fitting(manifest, part.migrations, MIGRATIONS)) as folder:
        await set_up_vault(target.admin, target.settings, target.login, until=folder)
    async with _owner(target) as connection:
        assert connection is not None, "it was just set up"
        if await _restored(connection) != digest:
            forced = [row["name"] for row in await connection.fetch(SQL["forced"], target.settings.schema)]
            for name in forced:  # COPY fills no table whose rows are filtered, not even for its owner
                await connection.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
            await fill_tables(connection, reader, part, target.settings.schema, progress)
            await connection.execute(
                "INSERT INTO system_config (key, value, description) VALUES ($1, $2, $3) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()",
                _RESTORED, digest, "The checksum of the backup that this vault was restored from.",
            )  # fmt: skip
            for name in forced:
                await connection.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    await set_up_vault(target.admin, target.settings, target.login)


async def _restored(connection: asyncpg.Connection) -> str | None:
    found = await connection.fetchval("SELECT value FROM system_config WHERE key = $1", _RESTORED)
    return None if found is None else str(found)


@asynccontextmanager
async def _owner(target: VaultTarget) -> AsyncIterator[asyncpg.Connection | None]:
    """A transaction of the vault's owner; None where there is no vault yet."""
    schema = target.settings.schema
    address = msgspec.structs.replace(target.admin, schema=f"{schema}, pg_temp")
    connection = await connect(address, application="sightline restore")
    try:
        if not await connection.fetchval(SQL["schema_exists"], schema):
            yield None
            return
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {quoted(role_names(target.settings)['owner'])}")
            yield connection
    finally:
        await connection.close()
