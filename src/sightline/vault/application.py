"""The application keys, which encrypt tier 3 once more inside: under the common root, or under one of their own.

With `vault.application_root` they lie in the vault's own schema, wrapped by tenant keys which that KMS key wraps. Then
neither who commands `keys.root` reads tier 3, nor who commands only the other. Keys that were made before are put apart
when a team's are first asked for: wrapped anew with their version, and destroyed where they were. Who had the old root
and an old backup could have had them, so rotate the application key afterwards.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sightline.errors import Conflict, NotFound, SettingError
from sightline.keys.kms import KmsRoot
from sightline.keys.ring import KeyRing
from sightline.keys.root import Root
from sightline.keys.rotation import Moved, Progress, move_to_root
from sightline.keys.table import SQL as KEYS
from sightline.keys.table import Row, chain
from sightline.keys.wrap import Kind, wipe, wrap
from sightline.settings import AwsSettings, KeySettings, VaultSettings
from sightline.sql import queries
from sightline.vault.database import VaultDatabase

SQL: Final = queries("sightline.vault", "application.sql")
APPLICATION_KEY: Final = "vault application"
_WAIT_S: Final = 30.0


class KeyStore:
    """The vault's database as the store of a key ring: every connection acts as the role `keys`."""

    def __init__(self, database: VaultDatabase) -> None:
        self._database = database

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        async with self._database.acting("keys") as connection:
            yield connection

    def transaction(self) -> Any:
        return self.connection()


def own_ring(database: VaultDatabase, settings: VaultSettings, keys: KeySettings, aws: AwsSettings) -> KeyRing | None:
    """The ring of application keys, where they have a root of their own."""
    if not settings.application_root:
        return None
    if settings.application_root == keys.root:
        raise SettingError(
            "vault.application_root is the same key as keys.root, so it parts nothing",
            field="vault.application_root", hint="Name another KMS key, or leave it empty.",
        )  # fmt: skip

    async def find(name: str) -> Root | None:
        return KmsRoot(name.removeprefix("kms:"), aws) if name.startswith("kms:") else None

    return KeyRing(KeyStore(database), KmsRoot(settings.application_root, aws), keys, find_root=find)


class ApplicationKeys:
    """Which ring holds a tenant's application keys."""

    def __init__(self, common: KeyRing, own: KeyRing | None, database: VaultDatabase) -> None:
        self._common = common
        self.own = own
        self._database = database
        self._settled: set[int] = set()

    async def ring(self, tenant_id: int) -> KeyRing:
        """The ring; the first time, once their keys are where the setting wants them."""
        if tenant_id not in self._settled:
            await self._settle(tenant_id)
            self._settled.add(tenant_id)
        return self.own or self._common

    def heed(self, payload: str) -> None:
        """Forget what another process announced."""
        (self.own or self._common).heed(payload)

    async def rewrap(self, progress: Progress | None = None) -> Moved:
        """After `vault.application_root` was changed: wrap everything by the new root, which the old one opens."""
        if self.own is None:
            raise NotFound("the application keys have no root of their own", hint="`sightline root-key` has theirs.")
        return await move_to_root(self.own, self.own.root, progress)

    async def close(self) -> None:
        if self.own is not None:
            await self.own.close()

    async def _settle(self, tenant_id: int) -> None:
        rows = await self._common.versions(Kind.DATA, tenant_id, APPLICATION_KEY)
        left = [row for row in rows if not row.is_destroyed]
        if self.own is not None:
            if left:
                await self._put_apart(self.own, tenant_id)
        elif rows and not left:
            raise SettingError(
                f"the application keys of team {tenant_id} were put under a root of their own",
                field="vault.application_root", hint="Set vault.application_root to the KMS key that it was.",
            )  # fmt: skip

    async def _put_apart(self, own: KeyRing, tenant_id: int) -> None:
        async with self._database.alone(f"application keys of team {tenant_id}", _WAIT_S):
            rows = await self._common.versions(Kind.DATA, tenant_id, APPLICATION_KEY)
            left = [row for row in rows if not row.is_destroyed]
            if not left:
                return
            parent = await own.tenant_held(tenant_id)
            wrapped = [(row, await self._wrapped(parent.aead, row)) for row in left]
            version = parent.key_id.version
            async with own.store.transaction() as connection:
                if await connection.fetchval(KEYS["hold_parent"], tenant_id, version) is None:
                    raise Conflict("the key that wraps the application keys was exchanged meanwhile", hint="Try again.")
                for row, under_own in wrapped:
                    await connection.execute(
                        SQL["put"], *chain(row.key_id), row.key_id.version, version, under_own, row.check_value,
                        row.state, row.uses,
                    )  # fmt: skip
            await self._common.destroy(tenant_id, APPLICATION_KEY)

    async def _wrapped(self, parent: AESGCM, row: Row) -> bytes:
        key = await self._common.unwrap_row(row)
        try:
            return wrap(parent, key, row.key_id)
        finally:
            wipe(key)
