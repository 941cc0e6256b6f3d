"""Verify on PostgreSQL 15 and 16: it passes after setup, and names each forbidden thing that somebody granted."""

import re

import pytest

from sightline.database.address import connect
from sightline.database.credentials import Credentials
from sightline.database.setup import set_up
from sightline.database.tries import Try, failed
from sightline.database.verify import VerifyError, verify
from sightline.settings import Secret
from tests.database.conftest import Place


async def tried(place: Place) -> list[Try]:
    stored = await place.store.read()
    assert stored is not None
    return await verify(place.admin, stored, place.settings)


def names(place: Place, tries: list[Try]) -> list[str]:
    """Each failed try as `area | statement | got`, with the names of the roles that the tests are written in."""
    lines = []
    for one in failed(tries):
        assert one.advice, one
        line = f"{one.area} | {one.statement} | {one.got}".replace('"', "")
        for real, name in ((place.settings.role, "SERVICE"), (place.user, "USER"), (place.owner, "OWNER")):
            line = line.replace(real, name)
        lines.append(line)
    return lines


def with_names(place: Place, statement: str) -> str:
    for name, real in (("DATABASE_NAME", place.root.database), ("SERVICE", place.settings.role), ("USER", place.user)):
        statement = re.sub(rf"\b{name}\b", real, statement)
    return statement


async def test_after_setup_and_migrations_everything_holds(any_place: Place) -> None:
    await any_place.move_in()
    tries = await tried(any_place)
    assert names(any_place, tries) == []
    assert len(tries) > 100


async def test_right_after_setup_everything_holds(any_place: Place) -> None:
    await set_up(any_place.admin, any_place.settings, any_place.store)
    assert names(any_place, await tried(any_place)) == []


async def test_verify_changes_nothing(place: Place) -> None:
    await place.move_in()
    await tried(place)
    root = await connect(place.root)
    assert await root.fetchval("SELECT count(*) FROM pg_class WHERE relname LIKE '%probe%'") == 0
    assert await root.fetchval("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%probe%'") == 0
    assert await root.fetchval("SELECT last_value FROM app.numbers") == 1000
    assert (await set_up(place.admin, place.settings, place.store)).steps == []
    await root.close()


# What is granted, and what verify then finds: each finding matches one of the patterns, each pattern has a finding.
GRANTS = {
    "USAGE on a foreign schema": (
        "GRANT USAGE ON SCHEMA app TO SERVICE",
        [r"^schema app \| SELECT 'app\.\w+'::regclass"],
    ),
    "SELECT on a foreign table": (
        "GRANT SELECT ON app.users TO SERVICE",
        [r"^schema app .* information_schema\.tables .* \| users$"],
    ),
    "SELECT on one column of a foreign table": (
        "GRANT SELECT (email) ON app.users TO SERVICE",
        [r"^schema app .* information_schema\.tables .* \| users$"],
    ),
    "reading a table of public": (
        "GRANT SELECT ON public.settings TO SERVICE",
        [
            r"^schema public .* information_schema\.tables .* \| settings$",
            r"^schema public \| SELECT 1 FROM public\.settings",
        ],
    ),
    "a table of public open to all": (
        "GRANT SELECT, DELETE ON public.settings TO PUBLIC",
        [
            r"^schema public .* information_schema\.tables .* \| settings$",
            r"^schema public \| SELECT 1 FROM public\.settings",
            r"^schema public \| EXPLAIN DELETE FROM public\.settings",
        ],
    ),
    "a foreign sequence": (
        "GRANT USAGE ON SEQUENCE app.numbers TO SERVICE",
        [r"information_schema\.sequences .* \| numbers$"],
    ),
    "CREATE in public": ("GRANT CREATE ON SCHEMA public TO PUBLIC", [r"^schema public \| CREATE TABLE public\."]),
    "CREATE in a foreign schema": (
        "GRANT USAGE, CREATE ON SCHEMA app TO SERVICE",
        [r"^schema app \| SELECT 'app\.\w+'::regclass", r"^schema app \| CREATE TABLE app\."],
    ),
    "a function with its owner's rights": (
        "GRANT USAGE ON SCHEMA app TO SERVICE; GRANT EXECUTE ON FUNCTION app.total_of(bigint) TO SERVICE",
        [r"^schema app \| SELECT 'app\.\w+'::regclass", r"prosecdef .* \| app\.total_of\(bigint\)$"],
    ),
    "owning a foreign table": (
        "ALTER TABLE public.settings OWNER TO SERVICE",
        [
            r"^schema public .* information_schema\.tables .* \| settings$",
            r"^schema public \| (SELECT 1|EXPLAIN|ALTER TABLE) .*",
        ],
    ),
    "membership in another role": (
        "GRANT USER TO SERVICE",
        [r"^roles \| SET ROLE USER", r"^roles .* 'MEMBER'\) \| USER$", r"^schema (app|public) \| "],
    ),
    "reading all data": (
        "GRANT pg_read_all_data TO SERVICE",
        [
            r"^roles \| SET ROLE pg_read_all_data",
            r"'MEMBER'\) \| pg_read_all_data$",
            r"^schema (app|public|Odd.*) \| SELECT",
            r"^catalogs \| SELECT .*",
        ],
    ),
    "reading the server's files": (
        "GRANT pg_read_server_files TO SERVICE",
        [
            r"^roles \| SET ROLE pg_read_server_files",
            r"'MEMBER'\) \| pg_read_server_files$",
            r"^files .* COPY .* FROM '/dev/null'",
        ],
    ),
    "running programs": (
        "GRANT pg_execute_server_program TO SERVICE",
        [
            r"^roles \| SET ROLE pg_execute_server_program",
            r"'MEMBER'\) \| pg_execute_server_program$",
            r"^files .* PROGRAM",
        ],
    ),
    "one file function": (
        "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO SERVICE",
        [r"^files \| SELECT pg_read_file", r"^server .* proacl .* \| pg_read_file\(text\)$"],
    ),
    "CREATEDB": ("ALTER ROLE SERVICE CREATEDB", [r"^attributes .* rolcreatedb", r"^database \| CREATE DATABASE"]),
    "CREATEROLE": (
        "ALTER ROLE SERVICE CREATEROLE",
        [r"^attributes .* rolcreaterole", r"^roles \| (CREATE|ALTER) ROLE|^roles \| GRANT"],
    ),
    "REPLICATION": ("ALTER ROLE SERVICE REPLICATION", [r"^attributes .* rolreplication"]),
    "BYPASSRLS": ("ALTER ROLE SERVICE BYPASSRLS", [r"^attributes .* rolbypassrls"]),
    "SUPERUSER": ("ALTER ROLE SERVICE SUPERUSER", [r"^attributes .* rolsuper"]),
    "CREATE on the database": (
        "GRANT CREATE ON DATABASE DATABASE_NAME TO SERVICE",
        [r"^database \| CREATE SCHEMA", r"^database \| CREATE EXTENSION"],
    ),
    "dblink": (
        "CREATE EXTENSION dblink SCHEMA app; GRANT USAGE ON SCHEMA app TO SERVICE",
        [r"^schema app \| SELECT 'app\.\w+'::regclass", r"^other servers \| SELECT 1 FROM app\.dblink"],
    ),
    "a foreign server": (
        "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; "  # noqa: ISC004 - one text
        "GRANT USAGE ON FOREIGN SERVER far TO SERVICE",
        [r"^other servers \| CREATE FOREIGN TABLE"],
    ),
    "a foreign data wrapper": (
        "CREATE EXTENSION postgres_fdw SCHEMA app; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO SERVICE",
        [r"^other servers \| CREATE SERVER"],
    ),
    "somebody's large object": (
        "SELECT lo_from_bytea(4711, 'x'); GRANT SELECT ON LARGE OBJECT 4711 TO SERVICE",
        [r"^large objects \| SELECT lo_open\(4711"],
    ),
    "a setting of the server": (
        "GRANT ALTER SYSTEM ON PARAMETER work_mem TO SERVICE",
        [r"^server \| SELECT NOT has_parameter_privilege\('work_mem'"],
    ),
    "a superuser's setting": (
        "GRANT SET ON PARAMETER session_replication_role TO SERVICE",
        [r"^server \| SET LOCAL session_replication_role", r"has_parameter_privilege\('session_replication_role'"],
    ),
    "hashes of passwords": (
        "GRANT SELECT ON pg_authid TO SERVICE",
        [r"^catalogs \| SELECT 1 FROM pg_catalog\.pg_authid"],
    ),
    # The other direction: our schema opened to others.
    "USAGE on our schema to PUBLIC": (
        "GRANT USAGE ON SCHEMA umami TO PUBLIC",
        [r"^grants on umami .* \| PUBLIC USAGE$", r"^from \w+ \| SELECT 'umami\.\w+'::regclass"],
    ),
    "USAGE on our schema to another role": (
        "GRANT USAGE ON SCHEMA umami TO USER",
        [r"^grants on umami .* \| USER USAGE$", r"^from USER \| SELECT 'umami\.\w+'::regclass"],
    ),
    "CREATE in our schema to another role": (
        "GRANT CREATE ON SCHEMA umami TO USER",
        [r"^grants on umami .* \| USER CREATE$", r"^from USER \| CREATE TABLE umami"],
    ),
    "SELECT on our table to another role": (
        "GRANT SELECT ON umami.migrations TO USER",
        [
            r"^grants on umami .* \| USER SELECT on migrations$",
            r"^from USER .* information_schema\.tables .* \| migrations$",
        ],
    ),
    "UPDATE on our column to another role": (
        "GRANT UPDATE (name) ON umami.migrations TO USER",
        [r"^grants on umami .* \| USER UPDATE on migrations\.name$", r"^from USER .* information_schema\.tables"],
    ),
    "default privileges to PUBLIC": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE SERVICE IN SCHEMA umami GRANT SELECT ON TABLES TO PUBLIC",
        [r"^grants on umami .* \| PUBLIC SELECT on what SERVICE will make$"],
    ),
    "default privileges everywhere to another role": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE SERVICE GRANT SELECT ON TABLES TO USER",
        [r"^grants on umami .* \| USER SELECT on what SERVICE will make$"],
    ),
    "membership in our role": (
        "GRANT SERVICE TO USER",
        [r"^grants on umami .* pg_auth_members .* \| USER$", r"^from USER \| "],
    ),
    "another role that reads all data": ("GRANT pg_read_all_data TO USER", [r"^from USER \| SELECT"]),
    # What should be there and is not.
    "no CREATE in our own schema": (
        "REVOKE CREATE ON SCHEMA umami FROM SERVICE",
        [r"^schema umami \| CREATE ", r"^files .* COPY .* FROM"],
    ),
    "no default privileges": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA umami REVOKE INSERT ON TABLES FROM SERVICE",
        [r"^schema umami \| CREATE TABLE .* has_table_privilege"],
    ),
    "a password that somebody changed": (
        "ALTER ROLE SERVICE PASSWORD 'x'",
        [r"^login \| connect as SERVICE \| .* refused the password"],
    ),
}


@pytest.mark.parametrize("kind", GRANTS)
async def test_one_forbidden_thing_is_named_and_nothing_else(place: Place, kind: str) -> None:
    await place.move_in()
    grant, patterns = GRANTS[kind]
    await place.run(with_names(place, grant))
    try:
        found = names(place, await tried(place))
        for pattern in patterns:
            assert any(re.search(pattern, line) for line in found), f"{pattern} is not in {found}"
        assert [line for line in found if not any(re.search(pattern, line) for pattern in patterns)] == []
    finally:
        for parameter in ("work_mem", "session_replication_role"):
            await place.run(f"REVOKE ALL ON PARAMETER {parameter} FROM {place.settings.role}")
        await place.run(f"ALTER ROLE {place.settings.role} NOSUPERUSER")


NARROW = (
    "USAGE on a foreign schema",
    "SELECT on a foreign table",
    "CREATE in public",
    "membership in another role",
    "USAGE on our schema to another role",
    "SELECT on our table to another role",
    "membership in our role",
)


@pytest.mark.parametrize("kind", NARROW)
async def test_an_administrator_who_is_no_superuser_finds_it_too(any_place: Place, kind: str) -> None:
    place = any_place
    await place.move_in()
    grant, patterns = GRANTS[kind]
    await place.run(with_names(place, grant))
    found = names(place, await tried(place))
    # Where the administrator cannot become the other role, its privileges are asked for, and the area says so.
    wanted = [pattern for pattern in patterns if not pattern.startswith("^from USER")]
    for pattern in wanted:
        assert any(re.search(pattern, line) for line in found), f"{pattern} is not in {found}"
    if any(pattern.startswith("^from USER") for pattern in patterns):
        assert any(line.startswith("from USER") for line in found), found


async def test_another_role_that_may_change_ours_is_named_on_15_and_needs_no_care_on_16(any_place: Place) -> None:
    place = any_place
    await place.move_in()
    await place.run(f"ALTER ROLE {place.user} CREATEROLE")
    root = await connect(place.root)
    version = root.get_server_version().major
    await root.close()
    found = names(place, await tried(place))
    assert len(found) == (1 if version == 15 else 0), found
    assert all("from USER" in line for line in found)


async def test_a_missing_schema_or_role_is_said_in_one_line(place: Place) -> None:
    nobody = Credentials(
        username="x", password=Secret("x"), host="h", port=1, database=place.root.database, schema="umami"
    )
    with pytest.raises(VerifyError, match="there is no role 'umami_"):
        await verify(place.admin, nobody, place.settings)
    await place.move_in()
    await place.run("DROP SCHEMA umami CASCADE")
    with pytest.raises(VerifyError, match="there is no schema 'umami'"):
        await tried(place)


async def test_no_try_shows_the_password(place: Place) -> None:
    await place.move_in()
    stored = await place.store.read()
    assert stored is not None
    shown = "".join(f"{one}" for one in await tried(place))
    assert stored.password.reveal() not in shown


ADVICE = (
    "SELECT on a foreign table",
    "SELECT on one column of a foreign table",
    "USAGE on a foreign schema",
    "a foreign sequence",
    "a table of public open to all",
    "CREATE in public",
    "CREATEDB",
    "CREATE on the database",
    "membership in another role",
    "somebody's large object",
    "hashes of passwords",
)


@pytest.mark.parametrize("kind", ADVICE)
async def test_doing_what_verify_advises_mends_it(place: Place, kind: str) -> None:
    await place.move_in()
    await place.run(with_names(place, GRANTS[kind][0]))
    advice = list(dict.fromkeys(one.advice for one in failed(await tried(place)) if one.advice))
    assert advice
    await place.run(*advice)
    assert names(place, await tried(place)) == []
