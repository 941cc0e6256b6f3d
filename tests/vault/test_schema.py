"""The vault's schema: names of the database guide, what each role may do statement by statement, what triggers hold.

What is expected of the roles stands in grants.csv: every privilege that anybody has on anything in the schema. Write it
anew with `REGENERATE=1 pytest tests/vault/test_schema.py` and let somebody read the difference.
"""

import csv
import io
import os
import uuid
from pathlib import Path

import asyncpg
import msgspec
import pytest

from sightline.database.address import connect
from sightline.database.credentials import Credentials, FileStore
from sightline.database.setup import SetupError
from sightline.keys.wrap import Kind
from sightline.vault.database import Context
from sightline.vault.setup import PARTS, set_up_vault
from sightline.vault.subjects import Vault
from tests.vault.conftest import ADA, SETTINGS, Place

TABLE = Path(__file__).with_name("grants.csv")
ROLES = [f"vt_{part}" for part in (*PARTS, "service")]
KINDS = {
    "SELECT": "SELECT count(*) FROM {table}",
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE": "UPDATE {table} SET {column} = NULL",
    "DELETE": "DELETE FROM {table} WHERE false",
    "TRUNCATE": "TRUNCATE {table}",
}
ACL = """
SELECT coalesce(r.rolname, 'PUBLIC') AS role, kind, name, privilege FROM (
    SELECT 'schema' AS kind, nspname::text AS name, (aclexplode(coalesce(nspacl, acldefault('n', nspowner)))).*
    FROM pg_namespace WHERE nspname = 'vault'
    UNION ALL
    SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END, relname::text,
           (aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)))).*
    FROM pg_class WHERE relnamespace = 'vault'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
    UNION ALL
    SELECT 'column', format('%s.%s', relname, attname), (aclexplode(attacl)).*
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'vault'::regnamespace
        AND attacl IS NOT NULL
    UNION ALL
    SELECT 'function', oid::regprocedure::text, (aclexplode(coalesce(proacl, acldefault('f', proowner)))).*
    FROM pg_proc WHERE pronamespace = 'vault'::regnamespace
) AS found (kind, name, grantor, grantee, privilege, grantable) LEFT JOIN pg_roles r ON r.oid = grantee
WHERE r.rolname IS DISTINCT FROM 'vt_owner' AND name !~ '_[0-9]{6}$'
ORDER BY 1, 2, 3, 4
"""


async def granted(sql: asyncpg.Connection) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["role", "kind", "name", "privilege"])
    for row in await sql.fetch(ACL):
        table.writerow(row.values())
    return out.getvalue()


async def test_exactly_these_privileges_are_granted(sql: asyncpg.Connection) -> None:
    found = await granted(sql)
    if os.environ.get("REGENERATE"):
        TABLE.write_text(found)
    assert found == TABLE.read_text()


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT SELECT ON users TO vt_reader",
        "GRANT SELECT (ssn_encrypted) ON users TO vt_writer",
        "GRANT SELECT ON encryption_audit TO vt_audit_insert",
        "GRANT USAGE ON SCHEMA vault TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION open_fields(uuid[], text[]) TO PUBLIC",
        "GRANT UPDATE ON SEQUENCE encryption_audit_ids TO vt_audit_insert",
        "GRANT SELECT ON encryption_stats TO umami_stranger",
    ],
)
async def test_a_single_grant_more_is_noticed_and_the_next_setup_takes_it_back(
    sql: asyncpg.Connection, place: Place, vault_template: tuple[str, Credentials], tmp_path: Path, grant: str
) -> None:
    if "umami_stranger" in grant and not await sql.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'umami_stranger'"):
        await sql.execute("CREATE ROLE umami_stranger")
    await sql.execute(grant)
    assert await granted(sql) != TABLE.read_text()
    if "stranger" not in grant:  # a role that we do not know is not ours to take from; `db verify` names it
        store = FileStore(tmp_path / "vault.json")
        credentials = vault_template[1]
        await store.save(msgspec.structs.replace(credentials, database=place.admin.database))
        done = await set_up_vault(place.admin, SETTINGS, store)
        assert done.steps == []
        assert await granted(sql) == TABLE.read_text()


async def test_each_role_is_let_into_each_table_as_granted_when_it_tries(sql: asyncpg.Connection) -> None:
    """The question is put by trying: PostgreSQL's answer is held against the table of privileges."""
    rights = list(csv.DictReader(TABLE.read_text().splitlines()))
    tables = [tuple(row.values()) for row in await sql.fetch(
        "SELECT relname, relkind = 'v' AS is_view FROM pg_class WHERE relnamespace = "
            "'vault'::regnamespace AND relkind IN ('r', 'p', 'v') "
        "AND NOT relispartition ORDER BY 1")]  # fmt: skip
    got, expected = {}, {}
    for role in ROLES[1:]:
        for table, is_view in tables:
            columns = [row["attname"] for row in await sql.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 "
                "AND attidentity = ''",  # PostgreSQL refuses those before it asks who wants it
                table)]  # fmt: skip
            for kind, statement in KINDS.items():
                if is_view and kind != "SELECT":
                    continue  # none of them can be written to, by anybody
                mine = [row for row in rights if row["role"] == role and row["privilege"] == kind]
                whole = any(row["name"] == table and row["kind"] in {"table", "view"} for row in mine)
                some = {row["name"].partition(".")[2] for row in mine if row["name"].startswith(f"{table}.")}
                attempts = {(kind, ""): whole or (kind in {"SELECT", "INSERT"} and bool(some))}
                if kind == "UPDATE":
                    attempts = {(kind, column): whole or column in some for column in columns}
                for (_, column), may in attempts.items():
                    key = (role, table, kind, column)
                    expected[key] = may
                    got[key] = await allowed(sql, role, statement.format(table=f"vault.{table}", column=column))
    assert {key: (got[key], expected[key]) for key in got if got[key] != expected[key]} == {}
    assert sum(expected.values()) > 75
    assert len(expected) > 1000


async def allowed(sql: asyncpg.Connection, role: str, statement: str) -> bool:
    """Whether PostgreSQL lets that role do it; that it then fails for another reason does not matter."""
    transaction = sql.transaction()
    await transaction.start()
    try:
        await sql.execute(f"SET LOCAL ROLE {role}")
        await sql.execute(statement)
    except asyncpg.InsufficientPrivilegeError as exc:
        # Row-level security is asked after the grants.
        return "row-level security" in str(exc)
    except asyncpg.PostgresError:
        return True
    else:
        return True
    finally:
        await transaction.rollback()


async def test_the_login_may_do_nothing_until_it_takes_on_a_role(place: Place) -> None:
    login = await connect(place.login)
    for statement in (
        "SELECT * FROM vault.users", "SELECT * FROM vault.system_config", "SELECT vault.this_tenant()",
        "SET ROLE vt_owner", "SELECT * FROM umami.wrapped_keys", "CREATE TABLE vault.mine (a int)",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.execute(statement)
    await login.close()


async def test_the_guides_names_are_there(sql: asyncpg.Connection) -> None:
    names = {
        row[0]
        for row in await sql.fetch(
            "SELECT relname, relkind = 'v' AS is_view FROM pg_class WHERE relnamespace = 'vault'::regnamespace"
        )
    }
    assert names >= {
        "users", "encryption_metadata", "encryption_audit", "key_rotation_log", "system_config", "encryption_stats",
        "audit_summary", "key_rotation_summary", "idx_users_email", "idx_users_created_at",
        "idx_encryption_metadata_user_field", "idx_encryption_metadata_level", "idx_encryption_audit_user_time",
        "idx_encryption_audit_operation", "idx_key_rotation_log_key_type", "idx_key_rotation_log_status",
    }  # fmt: skip
    columns = {row[0] for row in await sql.fetch("SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass")}
    assert columns >= {"email", "first_name", "last_name", "phone"} | {
        f"{name}_encrypted" for name in ("address", "date_of_birth", "ip_address", "ssn", "bank_account", "credit_card")
    }


# As they stand in the guide, with the role that runs them.
GUIDE = [
    ("reader", "SELECT * FROM system_config;"),
    ("reader", """SELECT trigger_name, event_manipulation, event_object_table
FROM information_schema.triggers
WHERE trigger_schema = 'public';"""),
    ("auditor", """SELECT
    DATE(accessed_at) as date,
    operation,
    COUNT(*) as count
FROM encryption_audit
WHERE accessed_at >= NOW() - INTERVAL '7 days'
GROUP BY DATE(accessed_at), operation
ORDER BY date DESC;"""),
    ("auditor", """SELECT * FROM encryption_audit
WHERE success = FALSE
AND accessed_at >= NOW() - INTERVAL '24 hours';"""),
    ("auditor", "SELECT * FROM key_rotation_summary;"),
    ("stats", "SELECT * FROM pg_stat_activity;"),
    ("stats", """SELECT schemaname, tablename,
       pg_size_pretty(pg_total_relation_size(schemaname||'.'||tablename)) as size
FROM pg_tables
WHERE schemaname = 'public';"""),
    ("stats", """SELECT schemaname, relname, indexrelname, idx_scan, idx_tup_read, idx_tup_fetch
FROM pg_stat_user_indexes;"""),
]  # fmt: skip


async def test_the_guides_queries_run_as_written(vault: Vault, context: Context, place: Place) -> None:
    for _ in range(5):
        await vault.create(context, ADA)
    login, found = await connect(place.login), []
    for role, query in GUIDE:
        await login.execute(f"SET ROLE vt_{role}")
        found.append(await login.fetch(query))
        await login.execute("RESET ROLE")
    await login.execute("SET ROLE vt_stats")
    stats = await login.fetch("SELECT level, field_name, subjects FROM encryption_stats")
    assert ("address", 2, 5) in {(row["field_name"], row["level"], row["subjects"]) for row in stats}
    summary = await login.fetch("SELECT operation, count FROM audit_summary")
    assert {row["operation"]: row["count"] for row in summary} == {"insert": 5 * 9}
    await login.close()
    assert found[0]
    assert [(row["operation"], row["count"]) for row in found[2]] == [("insert", 45)]


async def test_small_cells_are_not_shown(vault: Vault, context: Context, sql: asyncpg.Connection) -> None:
    for _ in range(4):
        await vault.create(context, {"ssn": ADA["ssn"]})
    assert await sql.fetch("SELECT * FROM encryption_stats") == []


async def test_direct_sql_is_audited_too(place: Place, vault: Vault, context: Context, sql: asyncpg.Connection) -> None:
    subject = await vault.create(context, ADA)
    before = await sql.fetchval("SELECT max(id) FROM encryption_audit")
    await sql.execute("UPDATE users SET email = 'thief@example.com', ssn_encrypted = NULL WHERE id = $1", subject)
    await sql.execute("SET session_replication_role = replica")
    await sql.execute("DELETE FROM users WHERE id = $1", subject)
    rows = await sql.fetch("SELECT * FROM encryption_audit WHERE id > $1 ORDER BY id", before)
    assert [(row["operation"], row["field_name"], row["actor_kind"], row["db_role"]) for row in rows] == [
        ("update", "email", "sql", "postgres"), ("update", "ssn", "sql", "postgres"),
        ("delete", None, "sql", "postgres"),
    ]  # fmt: skip
    login = await connect(place.login)
    await login.execute("SET ROLE vt_reader")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"say vault\.tenant"):
        await login.fetch("SELECT * FROM open_fields(ARRAY[$1::uuid], ARRAY['ssn'])", subject)
    await login.close()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE encryption_audit SET success = true", "DELETE FROM encryption_audit", "TRUNCATE encryption_audit",
     "DELETE FROM audit_seals", "UPDATE audit_seals SET rows = 1", "TRUNCATE audit_seals"],
)  # fmt: skip
async def test_the_audit_only_grows_even_for_a_superuser(
    vault: Vault, context: Context, sql: asyncpg.Connection, statement: str
) -> None:
    await vault.create(context, ADA)
    await sql.execute("INSERT INTO audit_seals VALUES (1, 1, 1, 1, $1::bytea, $1, $1::bytea || $1, now())", bytes(32))
    await sql.execute("SET session_replication_role = replica")
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="only grows"):
        await sql.execute(statement)
    month = await sql.fetchval("SELECT tableoid::regclass::text FROM encryption_audit LIMIT 1")
    for verb in (f"TRUNCATE {month}", f"DELETE FROM {month}"):
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="only grows"):
            await sql.execute(verb)


async def test_triggers_refuse_what_is_no_blob_and_what_changes_hands(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    subject, other = await vault.create(context, ADA), await vault.create(context, {"ssn": ADA["ssn"]})
    await vault.keys.rotate(Kind.DATA, 1, "vault", str(subject))
    await vault.update(context, subject, {"address": "elsewhere"})  # now under version 2
    old = b"\x02" + (10).to_bytes(2, "big") + (1).to_bytes(4, "big") + bytes(40)
    wrong = {
        "plain text": b"12 Canary Wharf Lane, London, and more of it",
        "another field": b"\x02" + (12).to_bytes(2, "big") + (3).to_bytes(4, "big") + bytes(40),
        "another tier": b"\x03" + (10).to_bytes(2, "big") + (3).to_bytes(4, "big") + bytes(80),
        "too short": b"\x02" + (10).to_bytes(2, "big") + (3).to_bytes(4, "big") + bytes(20),
        "version 0": b"\x02" + (10).to_bytes(2, "big") + bytes(4) + bytes(40),
        "an older key": old,
    }
    for blob in wrong.values():
        with pytest.raises(asyncpg.CheckViolationError):
            await sql.execute("UPDATE users SET address_encrypted = $2 WHERE id = $1", subject, blob)
    for change in ("id = gen_random_uuid()", "tenant_id = 2", "pseudonym = gen_random_uuid()"):
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError)):
            await sql.execute(f"UPDATE users SET {change} WHERE id = $1", subject)
    with pytest.raises(asyncpg.CheckViolationError):
        await sql.execute("UPDATE user_fields SET user_id = $2 WHERE user_id = $1 AND field = 17", subject, other)
    assert await vault.read(context, subject, ["address"]) == {"address": "elsewhere"}


async def rotated(sql: asyncpg.Connection, statement: str, *values: object, first: str = "") -> None:
    async with sql.transaction():
        await sql.execute(f"{first}; SET LOCAL ROLE vt_rotator; SET LOCAL vault.tenant = '1'")
        await sql.execute(statement, *values)


async def test_a_rotation_by_sql_exchanges_blobs_for_their_like_or_does_nothing(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    """What the trigger of each row holds for others, the one of a statement holds for the role that rotates."""
    one, two = await vault.create(context, ADA), await vault.create(context, ADA)
    for subject in (one, two):
        await vault.keys.rotate(Kind.DATA, 1, "vault", str(subject))
        await vault.update(context, subject, {"address": "elsewhere", "passport": "C01X00T48"})  # under version 2
    was = await sql.fetch("SELECT id, address_encrypted, ssn_encrypted FROM users ORDER BY id")

    def blob(tier: int, number: int, version: int, size: int = 80) -> bytes:
        return (
            bytes((tier,))
            + number.to_bytes(2, "big")
            + version.to_bytes(4, "big")
            + (1).to_bytes(4, "big")
            + bytes(size)
        )

    wrong: list[tuple[str, bytes | None]] = [
        ("users SET address_encrypted", b"12 Canary Wharf Lane, London, and more of it"),
        ("users SET address_encrypted", blob(2, 12, 3)), ("users SET address_encrypted", blob(3, 10, 3)),
        ("users SET address_encrypted", blob(2, 10, 3, 20)), ("users SET address_encrypted", blob(2, 10, 0)),
        ("users SET address_encrypted", blob(2, 10, 1)), ("users SET address_encrypted", None),
        ("users SET ssn_encrypted", blob(3, 30, 1, 30)), ("user_fields SET blob", blob(2, 9, 3)),
        ("user_fields SET blob", blob(2, 17, 1)),
    ]  # fmt: skip
    for what, value in wrong:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await rotated(sql, f"UPDATE {what} = $1", value)
        assert refused.value.sqlstate in {"23514", "23502"}, (what, refused.value)
    # One row too many in the statement, and nothing of it happens.
    less = f"DELETE FROM encryption_metadata WHERE user_id = '{two}' AND field_name = 'address'"
    with pytest.raises(asyncpg.CheckViolationError):
        await rotated(sql, "UPDATE users SET address_encrypted = $1", blob(2, 10, 3), first=less)
    assert await sql.fetch("SELECT id, address_encrypted, ssn_encrypted FROM users ORDER BY id") == was
    await rotated(sql, "UPDATE users SET address_encrypted = $1", blob(2, 10, 3))
    rows = await sql.fetch("SELECT key_version FROM encryption_metadata WHERE field_name = 'address'")
    assert [row[0] for row in rows] == [3, 3]
    last = await sql.fetchrow("SELECT operation, row_count FROM encryption_audit ORDER BY id DESC LIMIT 1")
    assert tuple(last or ()) == ("rotate", 2)


async def test_a_blob_that_was_moved_within_the_database_does_not_open(
    vault: Vault, context: Context, sql: asyncpg.Connection
) -> None:
    one, two = await vault.create(context, ADA), await vault.create(context, {**ADA, "ssn": "219-09-9998"})
    await sql.execute(
        "UPDATE users SET ssn_encrypted = (SELECT ssn_encrypted FROM users WHERE id = $2) WHERE id = $1", one, two
    )
    with pytest.raises(Exception, match="could not be opened") as failed:
        await vault.read(context, one, ["ssn"])
    assert "219" not in str(failed.value)
    row = await sql.fetchrow("SELECT * FROM encryption_audit ORDER BY id DESC LIMIT 1")
    assert row is not None
    assert (row["success"], row["error"]) == (False, "key_failure")


async def test_old_months_of_the_audit_go_only_when_they_are_sealed(sql: asyncpg.Connection) -> None:
    await sql.execute("SET timezone = 'UTC'")
    await sql.execute(
        "SET ROLE vt_owner; CREATE TABLE encryption_audit_202001 PARTITION OF encryption_audit "
        "FOR VALUES FROM ('2020-01-01') TO ('2020-02-01'); RESET ROLE"
    )
    await sql.execute(
        "INSERT INTO encryption_audit (accessed_at, tenant_id, operation, success, purpose, actor_kind, origin, "
        "duration_us) VALUES ('2020-01-05', 1, 'read', true, 'support', 'user', 'x', 1)"
    )
    assert tuple(await sql.fetchrow("SELECT * FROM keep_audit_months()") or ()) == (0, 0)
    newest = await sql.fetchval("SELECT max(id) FROM encryption_audit")
    await sql.execute(
        "INSERT INTO audit_seals VALUES (1, 1, $2, 1, $1::bytea, $1, $1::bytea || $1, now())", bytes(32), newest
    )
    assert tuple(await sql.fetchrow("SELECT * FROM keep_audit_months()") or ()) == (0, 1)
    assert await sql.fetchval("SELECT to_regclass('encryption_audit_202001')") is None


async def test_setup_refuses_roles_and_schemas_of_others(sql: asyncpg.Connection, place: Place, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "vault.json")
    name = f"x{uuid.uuid4().hex[:8]}"
    await sql.execute(f"CREATE ROLE {name}_reader")
    with pytest.raises(SetupError, match=f"'{name}_reader' is there already"):
        await set_up_vault(place.admin, msgspec.structs.replace(SETTINGS, role=name), store)
    await sql.execute(f"DROP ROLE {name}_reader")
    with pytest.raises(SetupError, match="'umami' is there already and belongs to"):
        await set_up_vault(place.admin, msgspec.structs.replace(SETTINGS, role=name, schema="umami"), store)
    assert await sql.fetchval("SELECT count(*) FROM pg_roles WHERE starts_with(rolname, $1)", name) == 0
    with pytest.raises(SetupError, match="does not hold it"):
        await set_up_vault(place.admin, SETTINGS, store)
