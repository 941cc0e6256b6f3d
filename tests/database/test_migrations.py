"""Migrations on a real PostgreSQL: order, phases, the lock, and every way in which the record can be wrong."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from sightline.database import migrations
from sightline.database.address import Address, connect
from sightline.database.catalog import describe, differences
from sightline.database.migrations import MigrationError, known, migrate, state

SCHEMA_FILE = Path(migrations.__file__).with_name("schema.sql")


@pytest.fixture
async def empty(postgres: Address) -> AsyncIterator[Address]:
    """A database with an empty schema `umami`."""
    name = f"test_{secrets.token_hex(6)}"
    admin = await connect(postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    address = msgspec.structs.replace(postgres, database=name, schema="umami")
    connection = await connect(address)
    await connection.execute("CREATE SCHEMA umami")
    await connection.close()
    yield address
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def connection(empty: Address) -> AsyncIterator[asyncpg.Connection]:
    opened = await connect(empty)
    yield opened
    await opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four migrations: two for before the new release starts, one for after, and one more for before."""
    write(tmp_path, "0001_things.pre.sql", "CREATE TABLE things (id integer PRIMARY KEY, name text);")
    write(tmp_path, "0002_size.pre.sql", "ALTER TABLE things ADD COLUMN size integer;")
    write(tmp_path, "0004_no_name.post.sql", "ALTER TABLE things DROP COLUMN name;")
    write(tmp_path, "0005_boxes.pre.sql", "CREATE TABLE boxes (id integer); CREATE FUNCTION f(a int) RETURNS int"
          " LANGUAGE sql AS 'SELECT a';")  # fmt: skip
    return tmp_path


def write(folder: Path, name: str, sql: str) -> None:
    (folder / name).write_text(sql, "utf-8")


async def columns(connection: asyncpg.Connection, table: str) -> list[str]:
    query = (
        "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
    )
    return [row[0] for row in await connection.fetch(query, table)]


async def test_the_file_schema_sql_and_the_migrations_end_in_the_same_schema(
    empty: Address, postgres: Address, connection: asyncpg.Connection
) -> None:
    await migrate(connection)
    migrated = await describe(connection, "umami")
    await connection.execute("DROP SCHEMA umami CASCADE")
    await connection.execute("CREATE SCHEMA umami")
    await connection.execute(SCHEMA_FILE.read_text("utf-8"))
    loaded = await describe(connection, "umami")
    assert differences(loaded, migrated, names=("schema.sql", "the migrations")) == [], "run `python -m tools.schema`"


async def test_the_phases_one_after_the_other_end_in_the_same_schema_as_all_at_once(
    connection: asyncpg.Connection, folder: Path
) -> None:
    for source in (folder, migrations.FOLDER):
        await migrate(connection, folder=source)
        at_once = await describe(connection, "umami")
        await connection.execute("DROP SCHEMA umami CASCADE")
        await connection.execute("CREATE SCHEMA umami")
        await migrate(connection, folder=source, phase="pre")
        await migrate(connection, folder=source, phase="post")
        assert differences(await describe(connection, "umami"), at_once, names=("phases", "at once")) == []
        await connection.execute("DROP SCHEMA umami CASCADE")
        await connection.execute("CREATE SCHEMA umami")


DIFFERENT = {
    "ALTER TABLE t ADD COLUMN extra integer": "column t.extra",
    "ALTER TABLE t ALTER COLUMN a TYPE bigint": "column t.a",
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 7": "column t.a",
    "ALTER TABLE t ALTER COLUMN a SET NOT NULL": "column t.a",
    "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)": "constraint t.positive",
    "CREATE INDEX by_a ON t (a)": "index by_a",
    "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 1": "view v",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()": "trigger t.g",
    "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": "function f()",
    "GRANT SELECT ON t TO pg_monitor": "privileges on table t",
    "GRANT UPDATE (a) ON t TO PUBLIC": "privileges on column t.a",
    "GRANT USAGE ON SCHEMA umami TO PUBLIC": "privileges on schema",
    "ALTER SEQUENCE s INCREMENT BY 5": "sequence s runs",
    "ALTER TYPE e ADD VALUE 'third'": "type e",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY": "table t",
    "COMMENT ON COLUMN t.a IS 'what it is'": "comment on table column umami.t.a",
    "CREATE TABLE more ()": "table more",
    "ALTER TABLE t SET (fillfactor = 70)": "table t",
}


@pytest.mark.parametrize("change", DIFFERENT)
async def test_a_difference_between_two_schemas_is_named(connection: asyncpg.Connection, change: str) -> None:
    await connection.execute("""
        CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t; CREATE SEQUENCE s;
        CREATE TYPE e AS ENUM ('first', 'second');
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    """)
    if "TYPE bigint" in change:
        await connection.execute("DROP VIEW v")
    before = await describe(connection, "umami")
    assert differences(before, await describe(connection, "umami"), names=("before", "after")) == []
    await connection.execute(change)
    found = differences(before, await describe(connection, "umami"), names=("before", "after"))
    assert [line.split(": ")[0] for line in found] == [DIFFERENT[change]]


async def test_pre_adds_what_the_old_release_can_live_with_and_post_the_rest(
    connection: asyncpg.Connection, folder: Path
) -> None:
    told: list[str] = []
    assert [m.number for m in await migrate(connection, folder=folder, phase="pre", progress=told.append)] == [
        1,
        2,
        5,
    ]
    assert told[0] == "migration 1 of 3: 0001_things (pre)"
    # The release before still writes `name`.
    await connection.execute("INSERT INTO things (id, name) VALUES (1, 'old')")
    assert [m.number for m in await migrate(connection, folder=folder, phase="post")] == [4]
    assert await columns(connection, "things") == ["id", "size"]
    assert await migrate(connection, folder=folder) == []


async def test_post_waits_for_the_pre_of_a_lower_number(connection: asyncpg.Connection, folder: Path) -> None:
    with pytest.raises(MigrationError, match="0001_things has to be applied before 0004_no_name"):
        await migrate(connection, folder=folder, phase="post")


async def test_a_migration_that_fails_leaves_nothing_behind_and_names_its_line(
    connection: asyncpg.Connection, folder: Path
) -> None:
    write(folder, "0006_bad.pre.sql", "CREATE TABLE half (id integer);\n\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(MigrationError, match=r"0006_bad\.pre\.sql, line 3 failed: relation \"nowhere\" does not exist"):
        await migrate(connection, folder=folder)
    found = await state(connection, folder=folder)
    assert [row.number for row in found.applied] == [1, 2, 4, 5]
    assert [m.number for m in found.pending] == [6]
    assert await connection.fetchval("SELECT to_regclass('half')") is None
    write(folder, "0006_bad.pre.sql", "CREATE TABLE half (id integer);")
    assert [m.number for m in await migrate(connection, folder=folder)] == [6]


async def test_a_pre_migration_gives_up_instead_of_queueing_behind_a_long_transaction(
    empty: Address, connection: asyncpg.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(connection, folder=folder, phase="pre")
    write(folder, "0006_more.pre.sql", "ALTER TABLE things ADD COLUMN more integer;")
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    old_release = await connect(empty)
    async with old_release.transaction():
        await old_release.execute("SELECT * FROM things")
        with pytest.raises(MigrationError, match="0006_more waited over 50ms for a lock"):
            await migrate(connection, folder=folder, phase="pre")
    await old_release.close()
    assert [m.number for m in await migrate(connection, folder=folder, phase="pre")] == [6]


async def test_two_runners_at_once_apply_everything_once(empty: Address, folder: Path) -> None:
    write(folder, "0003_slow.pre.sql", "SELECT pg_sleep(0.2);")
    runners = [await connect(empty) for _ in range(4)]
    applied = await asyncio.gather(*(migrate(runner, folder=folder) for runner in runners))
    assert sorted(len(done) for done in applied) == [0, 0, 0, 5]
    for runner in runners:
        await runner.close()


async def test_a_second_runner_says_whom_it_waits_for_and_then_gives_up(
    empty: Address, connection: asyncpg.Connection, folder: Path
) -> None:
    other = await connect(empty, application="deploy-7")
    assert await other.fetchval("SELECT pg_try_advisory_lock(hashtextextended('sightline migrations umami', 0))")
    pid, told = other.get_server_pid(), list[str]()
    with pytest.raises(
        MigrationError, match=rf"process {pid} \(deploy-7\) has been migrating this schema for over 0.1 s"
    ):
        await migrate(connection, folder=folder, wait_s=0.1, progress=told.append)
    assert told == [f"waiting for process {pid} (deploy-7), which is migrating this schema"]
    await other.close()
    assert len(await migrate(connection, folder=folder)) == 4


async def test_a_runner_in_another_schema_does_not_wait(
    empty: Address, connection: asyncpg.Connection, folder: Path
) -> None:
    other = await connect(empty)
    await other.execute("CREATE SCHEMA second")
    await other.execute("SELECT pg_advisory_lock(hashtextextended('sightline migrations umami', 0))")
    await other.execute("SET search_path = second")
    assert len(await migrate(other, folder=folder, wait_s=0)) == 4
    await other.close()


async def test_the_record_names_what_each_migration_made(connection: asyncpg.Connection, folder: Path) -> None:
    await migrate(connection, folder=folder)
    await connection.execute("CREATE TABLE of_a_stranger ()")
    assert await migrations.made(connection) == {
        "table migrations", "table things", "table boxes", "function f(a integer)",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("ALTER TABLE migrations DROP COLUMN checksum", "wrong columns: checksum is missing, expected text"),
        ("ALTER TABLE migrations ADD COLUMN extra integer", "extra is integer, expected no such column"),
        ("DELETE FROM migrations WHERE number = 2", r"has a gap: 0002_size is not recorded, but 0005 is"),
        ("ALTER TABLE migrations DROP CONSTRAINT migrations_pkey;"  # noqa: ISC004 - one statement list
         "INSERT INTO migrations SELECT * FROM migrations WHERE number = 1", "holds 0001 twice"),
        ("UPDATE migrations SET checksum = 'x' WHERE number = 1", "a row that nobody here wrote: number 1"),
        ("UPDATE migrations SET number = -3 WHERE number = 1", "a row that nobody here wrote: number -3"),
        ("ALTER TABLE migrations RENAME TO m; CREATE VIEW migrations AS SELECT * FROM m", "is not a table"),
        ("UPDATE migrations SET name = 'other' WHERE number = 1", r"0001_other\.pre was applied, but the file"),
        (f"UPDATE migrations SET checksum = '{'a' * 64}' WHERE number = 2", "0002_size was changed after"),
        (f"INSERT INTO migrations VALUES (3, 'gone', 'pre', '{'a' * 64}', '{{}}')", "no such file"),
        (f"INSERT INTO migrations VALUES (9, 'new', 'post', '{'a' * 64}', '{{}}')", r"newer Sightline.*\(0009_new\)"),
    ],
)  # fmt: skip
async def test_a_wrong_record_ends_in_one_line_that_says_what_to_do(
    connection: asyncpg.Connection, folder: Path, damage: str, message: str
) -> None:
    await migrate(connection, folder=folder)
    await connection.execute(damage)
    write(folder, "0006_next.pre.sql", "CREATE TABLE next ();")
    with pytest.raises(MigrationError, match=message) as caught:
        await migrate(connection, folder=folder)
    assert caught.value.hint
    assert "\n" not in caught.value.line()
    assert await connection.fetchval("SELECT to_regclass('next')") is None
    with pytest.raises(MigrationError, match=message):
        await state(connection, folder=folder)


async def test_the_old_release_runs_on_while_the_pre_migrations_of_the_new_one_are_applied(
    connection: asyncpg.Connection, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    new = tmp_path_factory.mktemp("new")
    shutil.copytree(folder, new, dirs_exist_ok=True)
    write(new, "0006_next.pre.sql", "CREATE TABLE next ();")
    await migrate(connection, folder=folder)
    await migrate(connection, folder=new, phase="pre")
    found = await state(connection, folder=folder)
    assert [row.title for row in found.newer] == ["0006_next"]
    assert await migrate(connection, folder=folder) == []


async def test_a_schema_that_does_not_exist_is_named(postgres: Address) -> None:
    connection = await connect(msgspec.structs.replace(postgres, schema="nowhere"))
    with pytest.raises(MigrationError, match="'nowhere' does not exist"):
        await migrate(connection)
    await connection.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [("0007-dash.pre.sql", "misnamed"), ("7_short.pre.sql", "misnamed"), ("0008_x.sql", "misnamed"),
     ("0001_again.pre.sql", "two migration files have the number 0001")],
)  # fmt: skip
def test_a_misnamed_or_doubled_file_is_refused(folder: Path, name: str, message: str) -> None:
    write(folder, name, "SELECT 1;")
    with pytest.raises(MigrationError, match=message):
        known(folder)


async def test_the_views_have_the_columns_of_umami_and_take_no_writes(connection: asyncpg.Connection) -> None:
    await migrate(connection)
    assert await columns(connection, "session") == [
        "session_id", "website_id", "browser", "os", "device", "screen", "language", "country", "region", "city",
        "distinct_id", "created_at",
    ]  # fmt: skip
    assert await columns(connection, "event_data") == [
        "event_data_id", "website_id", "website_event_id", "data_key", "string_value", "number_value", "date_value",
        "data_type", "created_at",
    ]  # fmt: skip
    for view in ("website", "session", "website_event", "event_data"):
        for statement in (f"INSERT INTO {view} DEFAULT VALUES", f"DELETE FROM {view}"):
            with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
                await connection.execute(statement)


async def test_the_view_website_shows_sites_as_umami_would(connection: asyncpg.Connection) -> None:
    await migrate(connection)
    await connection.execute("""
        INSERT INTO users (uuid, email, name, password_hash, role, created_at)
        VALUES ('00000000-0000-0000-0000-00000000000a', 'ada@example.com', 'Ada', 'x', 'admin', now());
        INSERT INTO tenants (uuid, name, slug, personal, created_at) VALUES
            ('00000000-0000-0000-0000-0000000000b1', 'Ada', 'ada', true, now()),
            ('00000000-0000-0000-0000-0000000000b2', 'Crew', 'crew', false, now());
        INSERT INTO sites (uuid, tenant_id, name, domains, time_zone, public_key, analytics_days, vitals_days,
                           recordings_days, logs_days, errors_days, created_by, created_at)
        SELECT ('00000000-0000-0000-0000-0000000000c' || t.id)::uuid, t.id, 'Site of ' || t.name,
               '{a.example,b.example}', 'UTC', t.slug, 365, 365, 30, 90, 90, (SELECT id FROM users), now()
        FROM tenants t;
    """)
    rows = await connection.fetch("SELECT name, domain, user_id::text, team_id::text FROM website ORDER BY name")
    assert [tuple(row) for row in rows] == [
        ("Site of Ada", "a.example", "00000000-0000-0000-0000-00000000000a", None),
        ("Site of Crew", "a.example", None, "00000000-0000-0000-0000-0000000000b2"),
    ]
