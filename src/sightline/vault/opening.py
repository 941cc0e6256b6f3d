"""How a process gets the vault: where its database is, and the login for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from sightline.database.address import Address, check, parse, pooled
from sightline.database.credentials import CredentialStore
from sightline.database.pool import Database
from sightline.errors import SettingError, Unavailable
from sightline.keys.ring import KeyRing
from sightline.settings import Settings
from sightline.vault.application import own_ring
from sightline.vault.database import VaultDatabase
from sightline.vault.subjects import Vault


class VaultNotSetUp(Unavailable):
    """There is no vault yet."""

    code = "vault_not_set_up"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, hint="Run `sightline vault setup`.")


class VaultClosed(Unavailable):
    """The vault could not be opened when this process started."""

    code = "vault_closed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the vault is closed: {reason}", hint="Mend that, and start this process anew.")


async def vault_address(settings: Settings, store: CredentialStore) -> Address | None:
    """The vault's login: by `vault.url`, else as setup kept it; None before there was a setup."""
    found = await store.read()
    if settings.vault.url is None:
        return found.address(settings.database) if found else None
    address = parse(settings.vault.url, settings.database, setting="vault.url")
    address = msgspec.structs.replace(address, schema=settings.vault.schema)
    if address.password is None:
        if found is None:
            raise SettingError(
                f"vault.url has no password, and there is none in {store.shown()}",
                hint="Run `sightline vault setup`, or write the password into vault.url.",
            )
        address = address.as_user(found.username, found.password)
    await check(address)
    return address


async def open_vault(settings: Settings, store: CredentialStore, keys: KeyRing, *, minimum: int = 0) -> Vault | None:
    """The vault, which connects when it is first asked; None before there was a setup."""
    address = await vault_address(settings, store)
    if address is None:
        return None
    database = await VaultDatabase.open(address, settings.vault, lambda: keys.root.name, minimum=minimum)
    own = own_ring(database, settings.vault, settings.keys, settings.aws)
    return Vault(database, keys, settings.vault, application_keys=own)


@asynccontextmanager
async def vault_alone(settings: Settings, login: CredentialStore, keys: Path) -> AsyncIterator[Vault]:
    """The vault without the rest of the house: for a Lambda function, or an application of one's own.

    One connection to each database, and one call to KMS when it is cold. Open it once per process, outside of the
    handler, and keep it: what a container holds between calls is bounded by `keys.cache_age_s`. `keys` is the folder of
    a local root key; with `keys.root` set to a KMS key nothing is read from there.
    """
    database = await Database.open(pooled(settings.database), minimum=0, maximum=1, application="sightline vault")
    try:
        ring = await KeyRing.open(database, settings.keys, settings.aws, keys)
        try:
            small = msgspec.structs.replace(settings, vault=msgspec.structs.replace(settings.vault, pool_max=1))
            vault = await open_vault(small, login, ring)
            if vault is None:
                raise VaultNotSetUp
            try:
                yield vault
            finally:
                await vault.close()
        finally:
            await ring.close()
    finally:
        await database.close()
