"""What persons ask for: an export by law, an erasure with a receipt; what a restore brings back goes again."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from sightline import clock
from sightline.accounts import sites
from sightline.blobs.folder import FolderStore
from sightline.errors import NotFound
from sightline.keys.failures import KeyDestroyed
from sightline.vault.database import Context
from sightline.vault.requests import Requests, destroy_again, due, holds
from sightline.vault.subjects import Vault
from tests.vault.conftest import ADA, Place, VaultMaker, everything

OPEN = {"email", "first_name", "last_name", "phone", "address", "date_of_birth", "ip_address", "health"}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "seals")


@pytest.fixture
async def requests(vault: Vault, place: Place, store: FolderStore) -> Requests:
    return Requests(vault, place.database, store)


async def test_an_export_holds_everything_under_gdpr(requests: Requests, vault: Vault, context: Context) -> None:
    subject = await vault.create(context, ADA)
    await vault.restrict(context, subject, restricted=True)  # article 18 does not keep data from the person themselves
    found = await requests.export(context, subject, "gdpr")
    assert found["values"] == ADA
    assert found["withheld"] == {}


async def test_an_export_under_ccpa_names_what_must_not_be_disclosed(
    requests: Requests, vault: Vault, context: Context
) -> None:
    subject = await vault.create(context, ADA)
    found = await requests.export(context, subject, "ccpa")
    assert set(found["values"]) == OPEN
    assert set(found["withheld"]) == set(ADA) - OPEN
    for name in set(ADA) - OPEN:
        assert ADA[name] not in json.dumps(found)
    (row,) = await requests.listing(context)
    assert (row.kind, row.jurisdiction, row.outcome) == ("export", "ccpa", "answered")
    assert (row.due_at - row.received_at).days == 45


@pytest.mark.parametrize(
    ("received", "expected"),
    [("2026-01-31", "2026-02-28"), ("2028-01-31", "2028-02-29"), ("2026-12-15", "2027-01-15"),
     ("2026-03-31", "2026-04-30"), ("2026-11-30", "2026-12-30")],
)  # fmt: skip
def test_a_month_is_a_month(received: str, expected: str) -> None:
    found = due("gdpr", datetime.fromisoformat(received).replace(tzinfo=UTC))
    assert f"{found:%Y-%m-%d}" == expected


async def test_an_erasure_leaves_nothing_and_gives_a_receipt(
    requests: Requests, context: Context, sql: asyncpg.Connection, store: FolderStore, tmp_path: Path
) -> None:
    vault = requests.vault
    subject, other = await vault.create(context, ADA), await vault.create(context, {**ADA, "email": "x@example.com"})
    pseudonym = await sql.fetchval("SELECT pseudonym FROM users WHERE id = $1", subject)
    await sql.execute(
        "INSERT INTO umami.tenants (id, uuid, name, slug, created_at) OVERRIDING SYSTEM VALUE "
        "VALUES (1, gen_random_uuid(), 'T', 't', now())"
    )
    await sql.execute("SET search_path = umami")
    await sql.fetchval(
        sites.SQL["insert"], uuid.uuid4(), 1, "Shop", [], "UTC", "pk_x", *sites.DEFAULT_DAYS.values(), None,
        clock.now(),
    )  # fmt: skip
    await sql.execute("SET search_path = vault, pg_temp")
    person = await vault.link(context, subject, "customer-4711")
    receipt = await requests.erase(context, subject)
    assert holds(receipt)
    assert not holds({**receipt, "erased_at": "2020-01-01"})
    assert receipt["destroyed_key_versions"] == [1]
    tombstone = await sql.fetchrow("SELECT * FROM umami.tombstone WHERE id = $1", receipt["signals_erasure"])
    assert tombstone is not None
    assert (list(tombstone["persons"]), tombstone["reason"]) == ([person], "asked")
    for table in ("users", "user_fields", "user_persons", "encryption_metadata"):
        column = "id" if table == "users" else "user_id"
        assert await sql.fetchval(f"SELECT count(*) FROM {table} WHERE {column} = $1", subject) == 0
    assert await vault.search(context, "ssn", ADA["ssn"]) == [other]
    with pytest.raises(NotFound):
        await vault.show(context, subject)
    assert await requests.erase(context, subject) == receipt  # asked again, the same answer
    assert await requests.receipt(context, subject) == receipt
    # The audit stays, and no longer says of whom it speaks.
    assert await sql.fetchval("SELECT count(*) FROM encryption_audit WHERE user_id = $1", pseudonym) == 10
    left = str(await sql.fetch("SELECT * FROM users")) + str(await sql.fetch("SELECT * FROM erasures"))
    assert str(pseudonym) not in left + everything(tmp_path).decode()
    assert str(pseudonym) not in json.dumps(receipt)
    assert json.loads(await store.get(f"vault/receipts/{subject}.json")) == receipt
    with pytest.raises(asyncpg.CheckViolationError, match="was erased"):
        await sql.execute("INSERT INTO users (id, tenant_id) VALUES ($1, 1)", subject)


async def test_a_stolen_copy_opens_no_more(
    requests: Requests, vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    """The thief has yesterday's rows of the vault, the root key, and today's keys."""
    subject = await vault.create(context, ADA)
    blob = await sql.fetchval("SELECT address_encrypted FROM users WHERE id = $1", subject)
    field = vault.fields["address"]
    assert await vault.opened(1, subject, field, blob) == ADA["address"]
    held = await vault.opening_cipher(1, subject, blob)
    await requests.erase(context, subject)
    with pytest.raises(KeyDestroyed):
        await vault.opened(1, subject, field, blob)
    assert held.open(field.number, 2, blob) == ADA["address"].encode()  # a cipher that is in use ends with its call
    assert await sql.fetchval(
        "SELECT bool_and(octet_length(wrapped) = 0) FROM umami.wrapped_keys WHERE owner = $1", str(subject)
    )


async def test_erased_stays_erased_after_an_older_copy_is_restored(
    requests: Requests, context: Context, sql: asyncpg.Connection, make_vault: VaultMaker, place: Place
) -> None:
    vault, store = requests.vault, requests.store
    subject, other = await vault.create(context, ADA), await vault.create(context, {"ssn": "219-09-9998"})
    tables = ("umami.wrapped_keys", "users", "user_fields", "encryption_metadata")
    for number, table in enumerate(tables):
        await sql.execute(f"CREATE TABLE public.kept_{number} AS SELECT * FROM {table}")
    before_ms = clock.now_ms()
    receipt = await requests.erase(context, subject)
    # The older copy comes back: rows and wrapped keys as they were; the erasures table of then was empty.
    await sql.execute("SET session_replication_role = replica")
    await sql.execute("ALTER TABLE users DISABLE TRIGGER ALL; ALTER TABLE user_fields DISABLE TRIGGER ALL; "
                      "ALTER TABLE umami.wrapped_keys DISABLE TRIGGER ALL; DELETE FROM erasures")  # fmt: skip
    for table in reversed(tables):
        await sql.execute(f"DELETE FROM {table}")
    for number, table in enumerate(tables):
        await sql.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM public.kept_{number}")
    await sql.execute("ALTER TABLE users ENABLE ALWAYS TRIGGER users_kept, ENABLE ALWAYS TRIGGER users_changed; "
                      "ALTER TABLE user_fields ENABLE ALWAYS TRIGGER fields_kept, "
                      "ENABLE ALWAYS TRIGGER fields_changed; "
                      "ALTER TABLE umami.wrapped_keys ENABLE ALWAYS TRIGGER destroyed_stays_destroyed")  # fmt: skip
    later = await make_vault()
    assert await later.read(context, subject, ["ssn"]) == {"ssn": ADA["ssn"]}  # so it was back
    assert await destroy_again(later.keys, store, before_ms) == 1
    with pytest.raises(KeyDestroyed):
        await later.read(context, subject, ["ssn"])
    again = Requests(later, place.database, store)
    assert await again.finish() == 1
    assert await again.finish() == 0
    assert await again.receipt(context, subject) == receipt
    with pytest.raises(NotFound):
        await later.show(context, subject)
    assert await later.read(context, other, ["ssn"]) == {"ssn": "219-09-9998"}


async def test_an_interrupted_erasure_is_finished(
    requests: Requests, context: Context, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, store = requests.vault, requests.store
    subject = await vault.create(context, ADA)

    async def killed(*_: object) -> None:
        raise ConnectionResetError("killed here")

    monkeypatch.setattr(Requests, "_receipt", killed)
    with pytest.raises(ConnectionResetError):
        await requests.erase(context, subject)
    monkeypatch.undo()
    assert [row.outcome for row in await requests.listing(context, only_open=True)] == [None]
    assert (await vault.show(context, subject)).id == subject
    with pytest.raises(KeyDestroyed):
        await vault.read(context, subject, ["ssn"])
    receipt = await requests.erase(context, subject)
    assert receipt["destroyed_key_versions"] == [1]
    assert await requests.listing(context, only_open=True) == []
    assert await Requests(vault, place.database, store).finish() == 0
