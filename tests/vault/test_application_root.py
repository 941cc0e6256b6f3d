"""Application keys under a KMS key of their own: neither root alone opens tier 3; older keys are put apart."""

from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from sightline.errors import NotFound, SettingError
from sightline.keys.failures import KeyDenied
from sightline.keys.kms import KmsRoot
from sightline.keys.ring import KeyRing
from sightline.keys.wrap import Kind
from sightline.settings import KeySettings
from sightline.vault.application import APPLICATION_KEY, own_ring
from sightline.vault.database import Context, VaultDatabase
from sightline.vault.retiring import Retiring
from sightline.vault.rotation import Rotation
from sightline.vault.subjects import Vault
from tests.aws import FakeAws, FaultProxy
from tests.vault.conftest import ADA, SETTINGS, Place

TIER2, TIER3 = "address", "ssn"


class Roots(msgspec.Struct):
    """Two KMS keys, and how a process with both or one of them opens the vault."""

    place: Place
    common: str
    own: str
    aws: FakeAws
    opened: list[Vault]

    async def vault(self, *, apart: bool = True, through: FaultProxy | None = None) -> Vault:
        """As a process of its own; the own root is asked through a proxy that fails as it is told."""
        settings = msgspec.structs.replace(SETTINGS, application_root=self.own if apart else "", retired_keys_days=1)
        keys = KeySettings(root=self.common)
        ring = KeyRing(self.place.database, KmsRoot(self.common, self.aws.settings), keys)
        database = await VaultDatabase.open(self.place.login, settings, lambda: ring.root.name)
        aws = through.settings if through is not None else self.aws.settings
        made = Vault(database, ring, settings, application_keys=own_ring(database, settings, keys, aws))
        self.opened.append(made)
        return made


@pytest.fixture
async def roots(place: Place, aws: FakeAws) -> AsyncIterator[Roots]:
    found = Roots(place, aws.kms_key(), aws.kms_key(), aws, [])
    yield found
    for vault in found.opened:
        await vault.keys.close()
        await vault.close()


async def where(sql: asyncpg.Connection, schema: str) -> list[tuple[int, str]]:
    rows = await sql.fetch(
        f"SELECT version, state FROM {schema}.wrapped_keys WHERE purpose = $1 ORDER BY 1", APPLICATION_KEY
    )
    return [(row["version"], row["state"]) for row in rows]


async def test_neither_root_alone_opens_tier_3(
    roots: Roots, context: Context, sql: asyncpg.Connection, fault_proxy: FaultProxy
) -> None:
    vault = await roots.vault()
    subject = await vault.create(context, ADA)
    assert await vault.read(context, subject, [TIER2, TIER3]) == {TIER2: ADA[TIER2], TIER3: ADA[TIER3]}
    assert await where(sql, "umami") == []
    assert await where(sql, "vault") == [(1, "active")]
    assert await sql.fetchval("SELECT root FROM wrapped_keys WHERE kind = 1") == f"kms:{roots.own}"
    # Who commands the common root alone: the own one refuses them.
    other = await roots.vault(through=fault_proxy)
    fault_proxy.fault = "denied"
    assert await other.read(context, subject, [TIER2]) == {TIER2: ADA[TIER2]}
    with pytest.raises(KeyDenied):
        await other.read(context, subject, [TIER3])
    fault_proxy.fault = None
    both = await roots.vault(through=fault_proxy)
    assert await both.read(context, subject, [TIER3]) == {TIER3: ADA[TIER3]}


async def test_keys_that_were_made_before_are_put_apart_and_do_not_come_back(
    roots: Roots, context: Context, sql: asyncpg.Connection
) -> None:
    before = await roots.vault(apart=False)
    subject = await before.create(context, ADA)
    await Rotation(before, context).run("application")
    assert await where(sql, "umami") == [(1, "decrypt_only"), (2, "active")]
    after = await roots.vault()
    assert await after.read(context, subject, [TIER3]) == {TIER3: ADA[TIER3]}
    assert await where(sql, "umami") == [(1, "destroyed"), (2, "destroyed")]
    assert await where(sql, "vault") == [(1, "decrypt_only"), (2, "active")]
    again = await roots.vault(apart=False)  # somebody takes the setting away
    with pytest.raises(SettingError, match="put under a root of their own"):
        await again.read(context, subject, [TIER3])
    with pytest.raises(SettingError, match="put under a root of their own"):
        await again.create(context, ADA)
    assert await again.read(context, subject, [TIER2]) == {TIER2: ADA[TIER2]}


async def test_they_are_rotated_taken_back_and_retired_where_they_are(
    roots: Roots, context: Context, sql: asyncpg.Connection
) -> None:
    vault = await roots.vault()
    subject = await vault.create(context, ADA)
    run = await Rotation(vault, context).run("application")
    assert (run.status, run.failed, run.old_version, run.new_version) == ("completed", 0, 1, 2)
    assert await sql.fetchval("SELECT DISTINCT app_key_version FROM encryption_metadata WHERE level = 3") == 2
    back = await Rotation(vault, context).roll_back("application")
    assert (back.status, back.failed) == ("completed", 0)
    assert await vault.read(context, subject, [TIER3]) == {TIER3: ADA[TIER3]}
    assert await where(sql, "vault") == [(1, "active"), (2, "decrypt_only")]
    await sql.execute("UPDATE key_rotation_log SET completed_at = completed_at - interval '2 days'")
    assert await Retiring(vault, [1]).run() == 1
    assert await where(sql, "vault") == [(1, "active"), (2, "destroyed")]
    fresh = await roots.vault()
    assert await fresh.read(context, subject, [TIER3]) == {TIER3: ADA[TIER3]}
    assert await vault.keys.versions(Kind.DATA, 1, APPLICATION_KEY) == []


async def test_they_move_to_another_root(roots: Roots, context: Context, sql: asyncpg.Connection) -> None:
    vault = await roots.vault()
    subject = await vault.create(context, ADA)
    roots.own = roots.aws.kms_key()
    after = await roots.vault()
    assert await after.read(context, subject, [TIER3]) == {TIER3: ADA[TIER3]}, "the old root still opens"
    assert (await after.application.rewrap()).done == 1
    assert await sql.fetchval("SELECT root FROM wrapped_keys WHERE kind = 1") == f"kms:{roots.own}"
    fresh = await roots.vault()
    assert await fresh.read(context, subject, [TIER3]) == {TIER3: ADA[TIER3]}
    with pytest.raises(NotFound, match="no root of their own"):
        await (await roots.vault(apart=False)).application.rewrap()


async def test_the_same_root_twice_is_refused(roots: Roots) -> None:
    with pytest.raises(SettingError, match="parts nothing"):
        own_ring(
            (await roots.vault()).database, msgspec.structs.replace(SETTINGS, application_root=roots.common),
            KeySettings(root=roots.common), roots.aws.settings,
        )  # fmt: skip
