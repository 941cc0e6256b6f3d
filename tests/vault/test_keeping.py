"""Values go when they are older than they may get, and a signed proof says so each quarter."""

import json
from pathlib import Path

import asyncpg

from sightline.blobs.folder import FolderStore
from sightline.settings import VaultSettings
from sightline.vault.database import Context
from sightline.vault.keeping import Keeping
from sightline.vault.requests import holds
from sightline.vault.rotation import Rotation
from tests.vault.conftest import ADA, PURPOSES, VaultMaker


async def test_old_values_go_and_the_proof_says_so(
    make_vault: VaultMaker, context: Context, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    settings = VaultSettings(role="vt", pool_min=0, purposes=PURPOSES, keep=("ssn: 30", "passport: 10"))
    vault, store = await make_vault(settings=settings), FolderStore(tmp_path)
    old, young = await vault.create(context, ADA), await vault.create(context, ADA)
    await sql.execute("UPDATE encryption_metadata SET written_at = now() - interval '31 days' WHERE user_id = $1", old)
    assert await Keeping(vault, store, [1, 2]).run() == 2
    names = ["ssn", "passport", "address", "health"]
    assert set(await vault.read(context, old, names)) == {"address", "health"}
    assert set(await vault.read(context, young, names)) == set(names)
    assert await vault.search(context, "ssn", ADA["ssn"]) == [young]
    rows = await sql.fetch("SELECT field_name, actor_kind FROM encryption_audit WHERE purpose = 'retention'")
    assert sorted((row["field_name"], row["actor_kind"]) for row in rows) == [("passport", "job"), ("ssn", "job")]
    assert await Keeping(vault, store, [1, 2]).run() == 0
    (name,) = [blob.name async for blob in store.walk("vault/keeping")]
    proof = json.loads(await store.get(name))
    assert proof["older_values_left"] == {"ssn": 0, "passport": 0}
    assert holds(proof)
    assert not holds({**proof, "older_values_left": {"ssn": 1}})


async def test_a_rotation_does_not_make_a_value_younger(
    make_vault: VaultMaker, context: Context, sql: asyncpg.Connection
) -> None:
    vault = await make_vault()
    await vault.create(context, {"ssn": ADA["ssn"]})
    before = await sql.fetchval("SELECT written_at FROM encryption_metadata")
    await Rotation(vault, context).run("application")
    row = await sql.fetchrow("SELECT written_at, encrypted_at, app_key_version FROM encryption_metadata")
    assert row is not None
    assert (row["written_at"], row["app_key_version"]) == (before, 2)
    assert row["encrypted_at"] > before
