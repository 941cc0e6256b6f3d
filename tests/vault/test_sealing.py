"""The audit is sealed: a row that is removed, changed, reordered or slipped in is found, and so is a missing seal."""

import asyncio
import base64
import hashlib
import json
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sightline.blobs.folder import FolderStore
from sightline.errors import NotFound
from sightline.vault import audit
from sightline.vault.database import Context
from sightline.vault.sealing import Sealer, Signer, follows, leaf, path_to, root_of
from sightline.vault.subjects import Vault
from tests.vault.conftest import ADA

SWAP = """UPDATE encryption_audit SET id = CASE id WHEN 4 THEN 1004 WHEN 5 THEN 4 END WHERE id IN (4, 5);
UPDATE encryption_audit SET id = 5 WHERE id = 1004"""
ALWAYS = ("audit_only_grows", "audit_in_order")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "seals")


@pytest.fixture
async def sealer(vault: Vault, context: Context, store: FolderStore) -> Sealer:
    """Three batches of at most ten rows are sealed."""
    made = Sealer(vault.database, vault.keys, store)
    for _ in range(3):
        await vault.create(context, {"ssn": ADA["ssn"], "address": ADA["address"], "email": ADA["email"]})
        for _ in range(3):
            await vault.search(context, "email", ADA["email"])
        await made.seal(batch=10)
    return made


async def forged(sql: asyncpg.Connection, statement: str) -> None:
    """What an owner of the database can do: switch the triggers off, change, switch them on again."""
    for verb in ("DISABLE", "ENABLE ALWAYS"):
        for table, name in (("encryption_audit", ALWAYS[0]), ("audit_seals", "seals_only_grow")):
            await sql.execute(f"ALTER TABLE {table} {verb} TRIGGER {name}")
        if verb == "DISABLE":
            await sql.execute(statement)


async def test_what_was_sealed_is_verified(sealer: Sealer, vault: Vault, context: Context, store: FolderStore) -> None:
    found = await sealer.verify()
    assert (found.seals, found.rows, found.unsealed, found.wrong) == (3, 18, 0, [])
    await vault.search(context, "email", ADA["email"])
    assert (await sealer.verify()).unsealed == 1
    assert await sealer.seal() == 1
    assert await sealer.seal() == 0
    names = [blob.name async for blob in store.walk("vault/seals")]
    assert len(names) == 4
    assert json.loads(await store.get(names[0]))["number"] == 1


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM encryption_audit WHERE id = 8", "rows 7 to 12: 5 are there, 6 were sealed"),
        ("DELETE FROM encryption_audit WHERE id = 18", "rows 13 to 18: 5 are there, 6 were sealed"),
        ("UPDATE encryption_audit SET actor_id = 8 WHERE id = 9", "rows 7 to 12 are not what was sealed"),
        ("UPDATE encryption_audit SET purpose = 'x' WHERE id = 1", "rows 1 to 6 are not what was sealed"),
        ("UPDATE encryption_audit SET accessed_at = accessed_at + interval '1 microsecond' WHERE id = 2",
         "rows 1 to 6 are not what was sealed"),
        ("UPDATE encryption_audit SET error = '' WHERE id = 2", "rows 1 to 6 are not what was sealed"),
        (SWAP, "rows 1 to 6 are not what was sealed"),
        ("DELETE FROM audit_seals WHERE number = 3", "seal 3 is in the object store, but no longer in the database"),
        ("DELETE FROM audit_seals WHERE number = 2", "seal 3 does not follow the one before it"),
        ("UPDATE audit_seals SET rows = 5 WHERE number = 2", "seal 2: its signature does not hold"),
        ("UPDATE audit_seals SET root = sha256('x') WHERE number = 2", "seal 2: its signature does not hold"),
        ("UPDATE audit_seals SET sealed_at = sealed_at - interval '1 hour' WHERE number = 1",
         "seal 1 is another in the object store"),
    ],
)  # fmt: skip
async def test_whatever_is_changed_is_found(
    sealer: Sealer, sql: asyncpg.Connection, statement: str, message: str
) -> None:
    await forged(sql, statement)
    assert message in (await sealer.verify()).wrong


async def test_a_row_that_is_slipped_in_is_found(sealer: Sealer, sql: asyncpg.Connection) -> None:
    await forged(sql, "DELETE FROM encryption_audit WHERE id = 8")
    await sql.execute(
        "INSERT INTO encryption_audit (id, tenant_id, operation, success, purpose, actor_kind, origin, duration_us) "
        "VALUES (8, 1, 'search', true, 'overview', 'user', '192.0.2.1', 1)"
    )
    assert "rows 7 to 12 are not what was sealed" in (await sealer.verify()).wrong


async def test_a_chain_that_is_made_anew_without_the_key_is_found(
    sealer: Sealer, sql: asyncpg.Connection, vault: Vault, store: FolderStore
) -> None:
    """The thief owns database and object store, and seals all anew with a key of their own."""
    signer = await Signer.open(vault.keys)
    row = await sql.fetchrow("SELECT * FROM audit_seals WHERE number = 1")
    assert row is not None
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer.name))
    await forged(sql, "UPDATE audit_seals SET signature = sha256('a') || sha256('b')")
    for blob in [blob async for blob in store.walk("vault/seals")]:
        await store.delete(blob.name)
    wrong = (await sealer.verify()).wrong
    assert {f"seal {number}: its signature does not hold" for number in (1, 2, 3)} <= set(wrong)


async def test_the_inclusion_of_a_row_is_proved_to_who_has_only_the_seal(sealer: Sealer, store: FolderStore) -> None:
    proof = await sealer.prove(9)
    kept = json.loads(await store.get(f"vault/seals/{proof['seal']:012}.json"))
    at = bytes.fromhex(proof["leaf"])
    assert at == hashlib.sha256(b"\x00" + json.dumps(proof["row"], separators=(",", ":")).encode()).digest()
    for step in proof["proof"]:
        sibling = bytes.fromhex(step["hash"])
        at = hashlib.sha256(b"\x01" + (sibling + at if step["left"] else at + sibling)).digest()
    assert at == base64.b64decode(kept["root"])
    with pytest.raises(NotFound, match="is not sealed"):
        await sealer.prove(999)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 31, 33])
def test_every_leaf_of_a_tree_has_a_path_to_its_root_and_no_other(count: int) -> None:
    leaves = [leaf([n, "row"]) for n in range(count)]
    root = root_of(leaves)
    for place, one in enumerate(leaves):
        proof = path_to(leaves, place)
        assert follows(one, proof, root)
        assert not follows(leaf([place, "other"]), proof, root)
        if count > 1:
            assert not follows(leaves[place - 1], proof, root)
    swapped = [*leaves[1:], leaves[0]]
    assert count == 1 or root_of(swapped) != root


def test_the_tree_is_that_of_rfc_6962() -> None:
    """Three leaves by hand: a leaf and a node are hashed differently, and the third moves up as it is."""
    a, b, c = (hashlib.sha256(b"\x00" + text).digest() for text in (b"[1]", b"[2]", b"[3]"))
    assert [leaf([n]) for n in (1, 2, 3)] == [a, b, c]
    ab = hashlib.sha256(b"\x01" + a + b).digest()
    assert root_of([a, b, c]) == hashlib.sha256(b"\x01" + ab + c).digest()


async def test_a_row_of_a_transaction_that_is_still_open_is_not_left_out(
    sealer: Sealer, vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    """Its id is lower than those of others who have committed meanwhile: nothing is sealed before it is there."""
    async with vault.database.acting("audit_insert", context) as slow:
        await slow.execute(
            "INSERT INTO encryption_audit (tenant_id, operation, success, purpose, actor_kind, origin, duration_us) "
            "VALUES (1, 'slow', true, 'overview', 'user', 'x', 1)"
        )
        await asyncio.wait_for(vault.search(context, "email", ADA["email"]), 5)
        assert await sealer.seal() == 0
    assert await sealer.seal() == 2
    assert (await sealer.verify()).wrong == []
    assert [row[0] for row in await sql.fetch("SELECT operation FROM encryption_audit WHERE id > 18 ORDER BY id")] == [
        "slow", "search",
    ]  # fmt: skip


async def test_two_sealers_do_not_seal_twice(
    sealer: Sealer, vault: Vault, context: Context, store: FolderStore
) -> None:
    for _ in range(20):
        await vault.search(context, "email", ADA["email"])
    others = [Sealer(vault.database, vault.keys, store) for _ in range(3)]
    assert sum(await asyncio.gather(*(one.seal(batch=4) for one in others))) <= 20
    await sealer.seal()
    found = await sealer.verify()
    assert (found.rows, found.unsealed, found.wrong) == (38, 0, [])


async def test_reading_the_audit_is_in_the_audit(vault: Vault, context: Context) -> None:
    subject = await vault.create(context, ADA)
    first = await audit.entries(vault.database, context, audit.Wanted(operation="insert"), limit=100)
    assert len(first) == 9
    again = await audit.entries(vault.database, context, audit.Wanted())
    assert [(one.operation, one.purpose, one.actor_id) for one in again[:2]] == [("audit.read", "audit", 7)] * 2
    assert str(subject) not in str(again)
    foreign = Context(tenant_id=2, actor_kind="user", actor_id=8)
    assert [one.operation for one in await audit.entries(vault.database, foreign, audit.Wanted())] == ["audit.read"]


async def test_without_an_audit_nothing_is_read_or_written(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    """The audit's months are gone: tiers 1 to 3 fail closed, and no value comes out."""
    subject = await vault.create(context, ADA)
    for row in await sql.fetch("SELECT inhrelid::regclass::text AS name FROM pg_inherits "
                               "WHERE inhparent = 'encryption_audit'::regclass"):  # fmt: skip
        await sql.execute(f"ALTER TABLE encryption_audit DETACH PARTITION {row['name']}")
    for attempt in (
        vault.read(context, subject, ["ssn"]), vault.show(context, subject), vault.create(context, ADA),
        vault.update(context, subject, {"ssn": "219-09-9998"}), vault.search(context, "ssn", ADA["ssn"]),
    ):  # fmt: skip
        with pytest.raises(Exception, match="database refused") as failed:
            await attempt
        assert "219" not in repr(failed.value) + str(failed.value.__cause__)
    assert await sql.fetchval("SELECT count(*) FROM users") == 1
