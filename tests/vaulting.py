"""A vault for tests: its schema beside the service's in one database, which each test copies."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from sightline.database.address import Address, connect
from sightline.database.credentials import Credentials, FileStore
from sightline.database.pool import Database
from sightline.settings import VaultSettings
from sightline.vault.fields import CLEAR
from sightline.vault.setup import set_up_vault

PURPOSES = (
    "billing: credit_card bank_account address",
    "support: email phone address ssn date_of_birth passport health",
)
# Somebody who does not exist; every value is looked for wherever it must not be.
ADA = {
    "email": "Ada.Canary@Example.com",
    "first_name": "Ada",
    "last_name": "Canarybird",
    "phone": "+44 20 7946 0958",
    "address": "12 Canary Wharf Lane, London",
    "date_of_birth": "1815-12-10",
    "ip_address": "203.0.113.77",
    "ssn": "219-09-9999",
    "bank_account": "DE89 3704 0044 0532 0130 00",
    "credit_card": "4111 1111 1111 1111",
    "passport": "C01X00T47",
    "health": "canary allergy",
}
# Above tier 1: never in clear in a database, whatever is done there.
SEALED = {name: value for name, value in ADA.items() if name not in CLEAR}
SETTINGS = VaultSettings(role="vt", pool_min=0, purposes=PURPOSES, reads_per_minute=100_000, subjects_per_hour=100_000)


class Place(msgspec.Struct, frozen=True):
    """Where a vault is: the service's database, the superuser of it, and the vault's login."""

    database: Database
    admin: Address
    login: Address


@pytest.fixture(scope="session")
def vault_template(
    postgres: Address, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Credentials]:
    """A database with both schemas, which tests copy; the roles are the cluster's."""
    name, store = "vaulted", FileStore(tmp_path_factory.mktemp("vault") / "vault.json")

    async def make() -> Credentials:
        admin = await connect(postgres)
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {migrated} STRATEGY wal_log")
        await admin.close()
        done = await set_up_vault(msgspec.structs.replace(postgres, database=name), SETTINGS, store)
        assert done.credentials is not None
        return done.credentials

    return name, asyncio.run(make())


@pytest.fixture
async def place(postgres: Address, vault_template: tuple[str, Credentials]) -> AsyncIterator[Place]:
    template, credentials = vault_template
    name = f"vault_{secrets.token_hex(6)}"
    admin = await connect(postgres)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    address = msgspec.structs.replace(postgres, database=name)
    login = msgspec.structs.replace(
        address, user=credentials.username, password=credentials.password, schema=credentials.schema
    )
    database = await Database.open(msgspec.structs.replace(address, schema="umami"), minimum=0, maximum=4)
    yield Place(database, address, login)
    await database.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def nothing_sealed(postgres: Address) -> None:
    """After a whole run: what is above tier 1 stands in no statement that PostgreSQL remembers, and not in its log."""
    admin = await connect(postgres)
    try:
        await admin.execute("CREATE EXTENSION pg_stat_statements")
        seen = [str(row["query"]) for row in await admin.fetch("SELECT query FROM pg_stat_statements")]
        log = Path(str(await admin.fetchval("SHOW data_directory"))).parent / "log"
        seen += (await asyncio.to_thread(log.read_text, "utf-8", "replace")).splitlines()
    finally:
        await admin.close()
    found = {(name, text[:200]) for text in seen for name, value in SEALED.items() if value.lower() in text.lower()}
    assert found == set(), "personal data above tier 1 reached PostgreSQL in clear"
