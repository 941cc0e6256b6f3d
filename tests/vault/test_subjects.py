"""Subjects: created, stored encrypted, read for a purpose, searched, changed; every step in the audit."""

import uuid

import asyncpg
import pytest

from sightline.errors import InvalidValue, NotFound, TooManyRequests
from sightline.settings import VaultSettings
from sightline.vault.database import Context
from sightline.vault.purposes import PurposeRefused
from sightline.vault.subjects import Vault
from tests.vault.conftest import ADA, PURPOSES, VaultMaker

CLEAR = {"email", "first_name", "last_name", "phone"}


async def audit(sql: asyncpg.Connection) -> list[asyncpg.Record]:
    return await sql.fetch("SELECT * FROM encryption_audit ORDER BY id")


async def test_a_subject_is_kept_encrypted_and_read_for_a_purpose(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    subject = await vault.create(context, ADA)
    row = await sql.fetchrow("SELECT * FROM users WHERE id = $1", subject)
    assert row is not None
    assert {name: row[name] for name in CLEAR} == {name: ADA[name] for name in CLEAR}
    assert [row[f"{name}_encrypted"][0] for name in ("address", "ssn", "credit_card")] == [2, 3, 3]
    found = await vault.read(context, subject, ["email", "address", "ssn", "passport"])
    assert found == {name: ADA[name] for name in ("email", "address", "ssn", "passport")}
    metadata = await sql.fetch(
        "SELECT field_name, level, key_version, app_key_version FROM encryption_metadata ORDER BY 1"
    )
    assert {row["field_name"]: row["level"] for row in metadata} == {
        "address": 2, "date_of_birth": 2, "ip_address": 2, "health": 2, "ssn": 3, "bank_account": 3, "credit_card": 3,
        "passport": 3,
    }  # fmt: skip
    assert {row["app_key_version"] for row in metadata if row["level"] == 3} == {1}


async def test_every_step_is_in_the_audit_with_who_and_what_for(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    subject = await vault.create(context, {"email": ADA["email"], "ssn": ADA["ssn"]})
    await vault.read(context, subject, ["ssn"])
    rows = await audit(sql)
    pseudonym = await sql.fetchval("SELECT pseudonym FROM users")
    assert [(row["operation"], row["field_name"], row["level"], row["key_version"]) for row in rows] == [
        ("insert", None, None, None), ("insert", "ssn", 3, 1), ("read", None, 1, None), ("read", "ssn", 3, 1),
    ]  # fmt: skip
    for row in rows:
        assert (row["actor_kind"], row["actor_id"], row["origin"], row["request_id"]) == ("user", 7, "192.0.2.1", "r-1")
        assert (row["user_id"], row["success"], row["tenant_id"]) == (pseudonym, True, 1)
        assert row["duration_us"] > 0
        assert row["purpose"] == "support"
        assert row["db_role"] == "vt_service"
    assert str(subject) not in str(rows)


async def test_nothing_above_tier_1_stands_in_the_database(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    subject = await vault.create(context, ADA)
    await vault.update(context, subject, {"address": "13 " + ADA["address"], "ssn": "219-09-9998"})
    await vault.read(context, subject, ["ssn", "address"])
    await vault.search(context, "ssn", ADA["ssn"])
    tables = await sql.fetch("SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace IN "
                             "('vault'::regnamespace, 'umami'::regnamespace)")  # fmt: skip
    dump = ""
    for table in tables:
        dump += str([tuple(row.values()) for row in await sql.fetch(f"SELECT * FROM {table['name']}")])
        dump += str([row[0] for row in await sql.fetch(f"SELECT t::text FROM {table['name']} t")])
    assert ADA["email"] in dump  # tier 1: so the search does find what is there
    for name in set(ADA) - CLEAR:
        for form in (ADA[name], ADA[name].encode().hex(), ADA[name].replace(" ", "").replace("-", "")):
            assert form not in dump, name


async def test_what_is_shown_without_a_purpose_is_masked(vault: Vault, context: Context) -> None:
    subject = await vault.create(context, ADA)
    shown = (await vault.show(context, subject)).values
    assert shown["email"] == "A***@E***.com"
    assert shown["phone"].endswith("58")
    assert {shown[name] for name in set(ADA) - CLEAR} == {"********"}
    masked = await vault.read(context.for_purpose("billing"), subject, ["credit_card", "bank_account"], clear=False)
    assert masked == {"credit_card": "411111******1111", "bank_account": "********3000"}


async def test_a_purpose_covers_its_fields_only_and_refusals_are_audited(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    subject = await vault.create(context, ADA)
    for purpose, names in (
        ("support", ["credit_card"]),
        ("billing", ["ssn"]),
        ("curiosity", ["ssn"]),
        ("none", ["email"]),
    ):
        with pytest.raises(PurposeRefused):
            await vault.read(context.for_purpose(purpose), subject, names)
    refused = [row for row in await audit(sql) if not row["success"]]
    assert [(row["operation"], row["error"], row["actor_id"]) for row in refused] == [
        ("read", "purpose_refused", 7)
    ] * 4


@pytest.mark.parametrize("purpose", ["export", "erasure", "rotation", "retention", "overview", "audit", ""])
async def test_the_vaults_own_purposes_are_nobodys_to_name(vault: Vault, context: Context, purpose: str) -> None:
    subject = await vault.create(context, {"ssn": ADA["ssn"]})
    with pytest.raises(PurposeRefused):
        await vault.read(context.for_purpose(purpose), subject, ["ssn"])


async def test_equality_search_finds_every_way_of_writing(vault: Vault, context: Context) -> None:
    subject = await vault.create(context, ADA)
    other = await vault.create(
        context, {**ADA, "email": "other@example.com", "ssn": "219-09-9998", "phone": "+1 212 555 0199"}
    )
    for name, value in (
        ("email", "  ada.canary@EXAMPLE.com "), ("phone", "+442079460958"), ("ssn", "219099999"),
    ):  # fmt: skip
        assert await vault.search(context, name, value) == [subject], name
    assert set(await vault.search(context, "passport", "c01x00t47")) == {subject, other}
    assert await vault.search(context, "ssn", "219-09-0000") == []
    with pytest.raises(InvalidValue, match="cannot be searched"):
        await vault.search(context, "date_of_birth", ADA["date_of_birth"])
    with pytest.raises(InvalidValue, match="names no country"):
        await vault.search(context, "phone", "020 7946 0958")


async def test_tenants_do_not_meet(vault: Vault, context: Context, sql: asyncpg.Connection) -> None:
    subject = await vault.create(context, ADA)
    foreign = Context(tenant_id=2, actor_kind="user", actor_id=8, purpose="support", origin="x")
    assert await vault.search(foreign, "email", ADA["email"]) == []
    assert await vault.page(foreign) == []
    for attempt in (
        vault.read(foreign, subject, ["email", "ssn"]), vault.show(foreign, subject),
        vault.update(foreign, subject, {"email": "x@example.com"}), vault.link(foreign, subject, "ada"),
        vault.restrict(foreign, subject, restricted=True),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await attempt
    assert await vault.read(context, subject, ["email"]) == {"email": ADA["email"]}
    # A key is not made for a subject whom the tenant does not have.
    assert await sql.fetchval("SELECT count(*) FROM umami.wrapped_keys WHERE tenant_id = 2 AND purpose = 'vault'") == 0


async def test_a_code_of_a_card_is_never_kept(vault: Vault, context: Context, sql: asyncpg.Connection) -> None:
    for name in ("card_code", "cvv", "CVC", "card_pin", "pin", "password", "one_time_code"):
        with pytest.raises(InvalidValue, match="never kept"):
            await vault.create(context, {"email": ADA["email"], name: "737"})
    with pytest.raises(InvalidValue, match="no number of a payment card"):
        await vault.create(context, {"credit_card": "4111 1111 1111 1112"})
    assert await sql.fetchval("SELECT count(*) FROM users") == 0


async def test_values_change_and_go(vault: Vault, context: Context, sql: asyncpg.Connection) -> None:
    subject = await vault.create(context, ADA)
    await vault.update(context, subject, {"ssn": "219-09-9998", "health": None, "phone": None, "passport": "C99"})
    found = await vault.read(context, subject, ["ssn", "health", "phone", "passport"])
    assert found == {"ssn": "219-09-9998", "passport": "C99"}
    assert await vault.search(context, "ssn", ADA["ssn"]) == []
    assert await vault.search(context, "ssn", "219-09-9998") == [subject]
    assert await vault.search(context, "phone", ADA["phone"]) == []
    assert await sql.fetchval("SELECT count(*) FROM encryption_metadata WHERE field_name = 'health'") == 0
    with pytest.raises(NotFound):
        await vault.update(context, uuid.uuid4(), {"ssn": "219-09-9998"})
    assert await sql.fetchval("SELECT count(*) FROM umami.wrapped_keys WHERE purpose = 'vault'") == 1


async def test_a_restricted_subject_is_not_read(vault: Vault, context: Context, sql: asyncpg.Connection) -> None:
    subject = await vault.create(context, ADA)
    await vault.restrict(context, subject, restricted=True)
    assert await vault.read(context, subject, ["email", "ssn", "passport"]) == {}
    assert (await audit(sql))[-1]["error"] == "restricted"
    await vault.restrict(context, subject, restricted=False)
    assert await vault.read(context, subject, ["ssn"]) == {"ssn": ADA["ssn"]}


async def test_many_at_once_are_all_kept_or_none(vault: Vault, context: Context, sql: asyncpg.Connection) -> None:
    rows = [{"email": f"p{n}@example.com", "ssn": f"219-09-{n:04}"} for n in range(20)]
    subjects = await vault.create_many(context, rows)
    found = await vault.read_many(context, [*subjects, uuid.uuid4()], ["ssn"])
    assert [found[one]["ssn"] for one in subjects] == [row["ssn"] for row in rows]
    assert len(found) == 20
    with pytest.raises(InvalidValue):
        await vault.create_many(context, [rows[0], {"credit_card": "1"}])
    assert await sql.fetchval("SELECT count(*) FROM users") == 20
    pages = [one.id for one in await vault.page(context, limit=12)]
    pages += [one.id for one in await vault.page(context, after=pages[-1], limit=12)]
    assert pages == sorted(subjects)


async def test_reading_much_is_refused_and_a_honeytoken_raises_an_alarm(
    make_vault: VaultMaker, context: Context, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    monkeypatch.setattr("sightline.metrics.count", lambda name, *_, **__: counted.append(name))
    vault = await make_vault(
        settings=VaultSettings(role="vt", pool_min=0, purposes=PURPOSES, reads_per_minute=8, subjects_per_hour=4)
    )
    subjects = await vault.create_many(context, [{"ssn": ADA["ssn"], "email": ADA["email"]}] * 5)
    for _ in range(8):
        await vault.read(context, subjects[0], ["ssn"])
    with pytest.raises(TooManyRequests) as slow:
        await vault.read(context, subjects[0], ["ssn"])
    assert 1 <= slow.value.retry_after <= 9
    await vault.read(context, subjects[0], ["email"])  # another field has a bucket of its own
    with pytest.raises(TooManyRequests, match="different subjects"):
        await vault.read_many(context, subjects, ["email"])
    bait = await vault.create(context, {"ssn": ADA["ssn"]}, honeytoken=True)
    assert "VaultHoneytokens" not in counted
    await vault.read(Context(tenant_id=1, actor_kind="user", actor_id=9, purpose="support"), bait, ["ssn"])
    assert "VaultHoneytokens" in counted
    assert (await audit(sql))[-1]["operation"] == "honeytoken"
