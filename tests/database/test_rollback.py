"""Rollback takes away what we made, all of it and nothing else."""

import os
import subprocess

import pytest

from sightline.database import baseline
from sightline.database.address import Address, connect
from sightline.database.rollback import RollbackError, roll_back
from sightline.database.setup import set_up
from sightline.database.tries import failed
from sightline.database.verify import verify
from tests.database.conftest import Place, wheel
from tests.postgres import binaries


def dumped(address: Address, program: str, *options: str, of: int) -> str:
    """What pg_dump or pg_dumpall writes, without its lines that hold a random token."""
    home = binaries() if of == 15 else wheel()
    password = address.password.reveal() if address.password else ""
    done = subprocess.run(
        [str(home / program), "-h", address.host, "-p", str(address.port), "-U", address.user, *options],
        env={**os.environ, "PGPASSWORD": password}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return "".join(
        line for line in done.stdout.splitlines(keepends=True) if not line.startswith(("\\restrict", "\\unrestrict"))
    )


async def everything(place: Place) -> tuple[str, ...]:
    """The application's schemas with their data, the whole database's definitions, and all roles."""
    root = await connect(place.root)
    version = root.get_server_version().major
    grants = await root.fetch("SELECT datname::text, datacl::text FROM pg_database ORDER BY 1")
    await root.close()
    database = place.root.database
    return (
        dumped(place.root, "pg_dump", "-n", "app", database, of=version),
        dumped(place.root, "pg_dump", "-n", "public", database, of=version),
        dumped(place.root, "pg_dump", database, of=version),
        dumped(place.root, "pg_dumpall", "--roles-only", of=version),
        str(grants),
    )


async def test_the_whole_way_leaves_the_application_byte_for_byte_as_it_was(any_place: Place) -> None:
    place = any_place
    before = await everything(place)
    assert "CREATE TABLE app.users" in before[0]
    assert "user7@example.com" in before[0]
    first = await baseline.measure(place.admin, seconds=0.2)
    await place.move_in()
    stored = await place.store.read()
    assert stored is not None
    assert failed(await verify(place.admin, stored, place.settings)) == []
    lines = baseline.compare(first, await baseline.measure(place.admin, seconds=0.2))
    # A fifth of a second right after the migrations says nothing about blocks a second.
    assert {line.what for line in lines if not line.ok} <= {"blocks read a second", "blocks written a second"}
    assert (await everything(place))[:2] == before[:2]
    steps = await roll_back(place.admin, place.settings, place.store)
    assert [step.what for step in steps[-3:]] == ["drop the schema", "drop the role", "delete the login"]
    assert await everything(place) == before
    assert not place.store.path.exists()
    assert await roll_back(place.admin, place.settings, place.store) == []


async def test_data_partitions_and_grants_that_came_later_go_with_their_table(any_place: Place) -> None:
    place = any_place
    before = await everything(place)
    await place.move_in()
    service = await place.as_service()
    # As by a migration: a partitioned table with its own sequence; then a partition that the running service added.
    async with service.transaction():
        await service.execute("CREATE TABLE journal (id bigserial, at date) PARTITION BY RANGE (at)")
        await service.execute("UPDATE migrations SET objects = objects || '{table journal}' WHERE number = 1")
    await service.execute(
        "CREATE TABLE journal_1 PARTITION OF journal FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
    )
    await service.execute("INSERT INTO journal (at) VALUES ('2024-06-01')")
    await service.execute(f"GRANT SELECT ON journal TO {place.user}")
    await service.close()
    await roll_back(place.admin, place.settings, place.store)
    assert await everything(place) == before


async def test_a_dry_run_lists_every_statement_and_does_none(place: Place) -> None:
    await place.move_in()
    before = await everything(place)
    planned = await roll_back(place.admin, place.settings, place.store, dry_run=True)
    assert await everything(place) == before
    assert place.store.path.exists()
    assert planned == await roll_back(place.admin, place.settings, place.store)
    assert any("DROP TABLE" in step.statement and "migrations" in step.statement for step in planned)
    assert "CASCADE" not in "".join(step.statement for step in planned)


@pytest.mark.parametrize(
    ("stranger", "name"),
    [
        ("CREATE TABLE umami.notes ()", "table notes"),
        ("CREATE VIEW umami.shown AS SELECT 1 AS a", "view shown"),
        ("CREATE FUNCTION umami.f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'", "function f(a integer)"),
        ("CREATE SEQUENCE umami.counted", "sequence counted"),
        ("CREATE TYPE umami.mood AS ENUM ('a')", "type mood"),
        ("CREATE DOMAIN umami.short AS text", "domain short"),
        ("CREATE MATERIALIZED VIEW umami.kept AS SELECT 1 AS a", "materialized view kept"),
    ],
)
async def test_what_a_stranger_put_into_our_schema_stops_it_by_name(place: Place, stranger: str, name: str) -> None:
    await place.move_in()
    await place.run(stranger)
    before = await everything(place)
    for dry_run in (True, False):
        with pytest.raises(RollbackError) as caught:
            await roll_back(place.admin, place.settings, place.store, dry_run=dry_run)
        assert caught.value.message == f"the schema 'umami' holds what is not ours: {name}"
    assert await everything(place) == before


@pytest.mark.parametrize(
    ("dependent", "name"),
    [
        ("CREATE VIEW app.watching AS SELECT number FROM umami.migrations", "view app.watching"),
        (
            "CREATE TABLE app.linked (n integer REFERENCES umami.migrations)",
            "constraint linked_n_fkey on table app.linked",
        ),
        ("CREATE TABLE app.heir () INHERITS (umami.jobs)", "table app.heir"),
        ("CREATE TABLE app.typed (a umami.jobs)", "column a of table app.typed"),
    ],
)
async def test_what_depends_on_ours_from_outside_stops_it_by_name(place: Place, dependent: str, name: str) -> None:
    await place.move_in()
    await place.run(dependent)
    before = await everything(place)
    with pytest.raises(RollbackError, match="outside of the schema this depends on it") as caught:
        await roll_back(place.admin, place.settings, place.store)
    assert name in caught.value.message
    assert await everything(place) == before


async def test_a_partition_of_ours_in_a_foreign_schema_is_not_dropped_along(place: Place) -> None:
    await place.move_in()
    service = await place.as_service()
    await service.execute("CREATE TABLE journal (at date) PARTITION BY RANGE (at)")
    await service.execute("UPDATE migrations SET objects = objects || '{table journal}' WHERE number = 1")
    await service.close()
    await place.run("CREATE TABLE app.part PARTITION OF umami.journal FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')")
    with pytest.raises(RollbackError, match=r"depends on it: table app\.part"):
        await roll_back(place.admin, place.settings, place.store)


async def test_a_view_that_appears_while_it_runs_is_not_dropped_either(place: Place) -> None:
    """The check before could miss it; PostgreSQL, asked without CASCADE, does not."""
    await place.move_in()
    with pytest.MonkeyPatch.context() as patch:
        from sightline.database import rollback

        class Blind:
            def __getitem__(self, name: str) -> str:
                query = real[name]
                return f"SELECT * FROM ({query}) x WHERE false" if name == "dependents" else query

        real = rollback._SQL
        patch.setattr(rollback, "_SQL", Blind())
        await place.run("CREATE VIEW app.watching AS SELECT number FROM umami.migrations")
        with pytest.raises(RollbackError, match=r"view app\.watching depends on table migrations"):
            await roll_back(place.admin, place.settings, place.store)
    await (await place.as_service()).close()


@pytest.mark.parametrize(
    ("grant", "name"),
    [
        ("GRANT SELECT ON app.users TO {role}", "table app.users (granted)"),
        ("GRANT USAGE ON SCHEMA app TO {role}", "schema app (granted)"),
        ("ALTER TABLE public.settings OWNER TO {role}", "table public.settings (owned)"),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE {role} GRANT SELECT ON TABLES TO {user}",
            "default privileges on new relations",
        ),
    ],
)
async def test_what_somebody_else_gave_the_role_stops_it_by_name(place: Place, grant: str, name: str) -> None:
    await place.move_in()
    await place.run(grant.format(role=place.settings.role, user=place.user))
    with pytest.raises(RollbackError, match="has more than setup gave it") as caught:
        await roll_back(place.admin, place.settings, place.store)
    assert name in caught.value.message


async def test_what_the_role_has_in_another_database_stops_it(place: Place) -> None:
    await place.move_in()
    other = f"other_{place.root.database}"
    await place.run(f"CREATE DATABASE {other} OWNER {place.settings.role}")
    try:
        with pytest.raises(RollbackError, match=f"database {other} \\(owned\\)"):
            await roll_back(place.admin, place.settings, place.store)
    finally:
        await place.run(f"DROP DATABASE {other}")


async def test_open_sessions_of_the_service_stop_it(place: Place) -> None:
    await place.move_in()
    service = await place.as_service()
    with pytest.raises(RollbackError, match=r"1 sessions of 'umami_.*' are open"):
        await roll_back(place.admin, place.settings, place.store)
    await service.close()


async def test_a_schema_that_was_there_before_us_stays_as_it_was(any_place: Place) -> None:
    place = any_place
    admin = await connect(place.admin)
    await admin.execute("CREATE SCHEMA umami; COMMENT ON SCHEMA umami IS 'made by hand'")
    await admin.close()
    before = await everything(place)
    await place.move_in()
    steps = await roll_back(place.admin, place.settings, place.store)
    assert not any(step.statement.startswith("DROP SCHEMA") for step in steps)
    assert await everything(place) == before


async def test_a_grant_to_connect_is_taken_back(place: Place) -> None:
    await place.run(f"REVOKE CONNECT ON DATABASE {place.root.database} FROM PUBLIC")
    before = await everything(place)
    await place.move_in()
    await roll_back(place.admin, place.settings, place.store)
    assert await everything(place) == before


async def test_a_role_that_somebody_else_made_is_not_dropped(place: Place) -> None:
    await place.run(f"CREATE ROLE {place.settings.role} LOGIN")
    with pytest.raises(RollbackError, match="was not made by `sightline db setup`"):
        await roll_back(place.admin, place.settings, place.store)


async def test_after_a_rollback_everything_can_be_set_up_again(place: Place) -> None:
    await place.move_in()
    await roll_back(place.admin, place.settings, place.store)
    await place.move_in()
    stored = await place.store.read()
    assert stored is not None
    assert failed(await verify(place.admin, stored, place.settings)) == []
    assert (await set_up(place.admin, place.settings, place.store)).steps == []
