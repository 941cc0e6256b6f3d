"""Make the schema and the login role of the service in a database that may hold other applications.

Only what is missing is done, so a second run changes nothing. What was made carries a comment, by which rollback knows
it. Grants of other schemas, and of PUBLIC on anything but our schema, are never touched: `sightline db verify` names
them.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator

import asyncpg
import msgspec

from sightline.database import migrations
from sightline.database.address import Address, connect
from sightline.database.credentials import Credentials, CredentialStore
from sightline.errors import DatabaseUnavailable, ServiceError
from sightline.settings import DatabaseSettings, Secret
from sightline.sql import queries

SCHEMA_MARK = "Sightline's schema, made by `sightline db setup`"
# Rounds of SCRAM as PostgreSQL itself uses; the password has 256 bits of its own, so more would add nothing.
SCRAM_ROUNDS = 4096

_SQL = queries("sightline.database", "setup.sql")
_FORBIDDEN = {
    "rolsuper": "SUPERUSER",
    "rolcreatedb": "CREATEDB",
    "rolcreaterole": "CREATEROLE",
    "rolreplication": "REPLICATION",
    "rolbypassrls": "BYPASSRLS",
}
_ALL = {"r": 7, "S": 3}  # privileges on a table (17 has one more) and on a sequence


class SetupError(ServiceError):
    """The schema could not be set up."""

    code = "setup"


class Step(msgspec.Struct, frozen=True):
    """One thing that is done; `statement` never shows a secret."""

    what: str
    statement: str


class Setup(msgspec.Struct, frozen=True):
    """What was done (or, in a dry run, would be), and the login that came of it."""

    steps: list[Step]
    credentials: Credentials | None


class Found(msgspec.Struct, frozen=True):
    """What there is before anything is done."""

    database: str
    role: asyncpg.Record | None
    schema: asyncpg.Record | None
    granted: set[str]
    public: set[str]
    lacking: set[str]
    defaults: dict[str, int]
    connects: bool


async def set_up(
    admin: Address,
    settings: DatabaseSettings,
    store: CredentialStore,
    *,
    rotate: bool = False,
    dry_run: bool = False,
) -> Setup:
    """Create what is missing, as `admin` (a superuser, or a role with CREATEROLE and CREATE on the database)."""
    connection = await connect(msgspec.structs.replace(admin, schema=""), application="sightline setup")
    try:
        async with connection.transaction():
            await connection.execute(_SQL["take_lock"])
            found = await look(connection, settings)
            await _refuse_strangers(connection, found, settings)
            stored = await store.read()
            _refuse_foreign_login(settings, store, stored)
            if found.role is not None and not rotate:
                await _try_login(admin, settings, store, stored)
            password = stored.password if stored and found.role and not rotate else new_password()
            credentials = Credentials(
                username=settings.role, password=password, host=admin.host, port=admin.port,
                database=admin.database, schema=settings.schema,
            )  # fmt: skip
            steps = list(_steps(found, settings, scram(password) if found.role is None or rotate else None))
            save = stored != credentials
            if not dry_run:
                for step, statement in steps:
                    await _execute(connection, step, statement)
                if save:
                    # Before the commit: a role whose password nobody knows would be worse than a login without a role.
                    await store.save(credentials)
    finally:
        await connection.close()
    done = [step for step, _ in steps]
    if save:
        done.append(Step("keep the login", f"write {store.shown()}"))
    return Setup(done, None if dry_run else credentials)


async def look(connection: asyncpg.Connection, settings: DatabaseSettings) -> Found:
    """Read what is there; refuse at once what the administrator may not do anyway."""
    me = await connection.fetchrow(_SQL["administrator"])
    assert me is not None
    if not me["superuser"] and not (me["createrole"] and me["may_create"]):
        lacks = "CREATEROLE" if not me["createrole"] else f"CREATE on the database {me['database']}"
        raise SetupError(
            f"{me['name']} is no superuser and lacks {lacks}", hint="Name another administrator in database.admin_url."
        )
    role = await connection.fetchrow(_SQL["role"], settings.role)
    schema = await connection.fetchrow(_SQL["schema"], settings.schema)
    granted, public, lacking, defaults = set[str](), set[str](), set[str](), dict[str, int]()
    if schema is not None:
        grants = await connection.fetch(_SQL["schema_grants"], schema["oid"])
        public = {row["privilege"] for row in grants if row["grantee"] == 0}
        missing = await connection.fetchrow(_SQL["not_granted"], schema["oid"], role["oid"] if role else None)
        assert missing is not None
        lacking = {kind for kind in ("tables", "sequences") if missing[kind]}
        if role is not None:
            granted = {row["privilege"] for row in grants if row["grantee"] == role["oid"]}
            rows = await connection.fetch(_SQL["default_privileges"], schema["oid"], role["oid"])
            defaults = {row["kind"]: row["privileges"] for row in rows}
    connects = role["may_connect"] if role is not None else me["public_connects"]
    return Found(me["database"], role, schema, granted, public, lacking, defaults, connects)


def role_mark(settings: DatabaseSettings, database: str) -> str:
    return f"Sightline's role for the schema {settings.schema} of the database {database}, made by `sightline db setup`"


def new_password() -> Secret:
    """256 random bits, in letters that need no quoting in a URL."""
    return Secret(secrets.token_urlsafe(32))


def scram(password: Secret) -> str:
    """The verifier that PostgreSQL keeps, made here, so that the password itself never reaches a server's log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), salt, SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${SCRAM_ROUNDS}:{parts[0]}${parts[1]}:{parts[2]}"


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal; backslashes mean nothing in it, since standard_conforming_strings is on."""
    return "'" + text.replace("'", "''") + "'"


async def _refuse_strangers(connection: asyncpg.Connection, found: Found, settings: DatabaseSettings) -> None:
    if found.role is not None and found.role["mark"] != role_mark(settings, found.database):
        raise SetupError(
            f"the role {settings.role!r} is there already, and setup did not make it for this schema and database",
            hint="Choose another database.role, or drop that one.",
        )
    if found.schema is None or found.schema["mark"] == SCHEMA_MARK or found.role is not None:
        return
    await connection.execute(f"SET LOCAL search_path = {quoted(settings.schema)}")
    ours = await migrations.made(connection)
    strangers = [thing for thing in await migrations.objects(connection, settings.schema) if thing not in ours]
    if strangers:
        raise SetupError(
            f"the schema {settings.schema!r} is there already and holds what is not ours: {', '.join(strangers[:5])}",
            hint="Choose another database.schema.",
        )


def _refuse_foreign_login(settings: DatabaseSettings, store: CredentialStore, stored: Credentials | None) -> None:
    if stored is not None and (stored.username, stored.schema) != (settings.role, settings.schema):
        raise SetupError(
            f"{store.shown()} holds the login of {stored.username!r} for the schema {stored.schema!r}",
            hint="Choose another database.secret.",
        )


async def _try_login(
    admin: Address, settings: DatabaseSettings, store: CredentialStore, stored: Credentials | None
) -> None:
    """Make sure that the login that is kept opens the door."""
    if stored is None:
        raise SetupError(
            f"the role {settings.role!r} is there, but {store.shown()} holds no login for it",
            hint="`sightline db setup --rotate-password` sets a new password.",
        )
    try:
        probe = await connect(
            msgspec.structs.replace(admin, user=stored.username, password=stored.password, schema=settings.schema)
        )
    except DatabaseUnavailable as exc:
        raise SetupError(
            f"the login in {store.shown()} does not work: {exc.message}",
            hint="`sightline db setup --rotate-password` sets a new password.",
        ) from exc
    await probe.close()


def _steps(found: Found, settings: DatabaseSettings, verifier: str | None) -> Iterator[tuple[Step, str]]:
    """What is missing: each step as it is shown, and the statement as it is run."""
    schema, role = quoted(settings.schema), quoted(settings.role)

    def step(what: str, statement: str) -> tuple[Step, str]:
        return Step(what, statement), statement

    if found.schema is None:
        yield step("create the schema", f"CREATE SCHEMA {schema}")
        yield step("mark the schema as ours", f"COMMENT ON SCHEMA {schema} IS {literal(SCHEMA_MARK)}")
    yield from _role_steps(found, settings, verifier)
    if (wanted := f"search_path={settings.schema}") not in _config(found):
        yield step(f"let the role work in {wanted.partition('=')[2]}", f"ALTER ROLE {role} SET search_path = {schema}")
    if found.public:
        yield step("close the schema to PUBLIC", f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
    for privilege in ("USAGE", "CREATE"):
        if privilege not in found.granted:
            yield step(f"grant {privilege} on the schema", f"GRANT {privilege} ON SCHEMA {schema} TO {role}")
    for kind, letter in (("tables", "r"), ("sequences", "S")):
        if kind in found.lacking:
            statement = f"GRANT ALL PRIVILEGES ON ALL {kind.upper()} IN SCHEMA {schema} TO {role}"
            yield step(f"grant all {kind} of the schema", statement)
        if found.defaults.get(letter, 0) < _ALL[letter]:
            statement = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT ALL ON {kind.upper()} TO {role}"
            yield step(f"grant all future {kind} of the schema", statement)
    if not found.connects:
        yield step("let the role connect", f"GRANT CONNECT ON DATABASE {quoted(found.database)} TO {role}")


def _role_steps(found: Found, settings: DatabaseSettings, verifier: str | None) -> Iterator[tuple[Step, str]]:
    role, limit = quoted(settings.role), settings.connection_limit
    if found.role is None:
        assert verifier is not None
        create = (
            f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            f" CONNECTION LIMIT {limit} PASSWORD "
        )
        yield Step("create the role with a new password", create + "'***'"), create + literal(verifier)
        mark = f"COMMENT ON ROLE {role} IS {literal(role_mark(settings, found.database))}"
        yield Step("mark the role as ours", mark), mark
        return
    for column, attribute in _FORBIDDEN.items():
        if found.role[column]:
            statement = f"ALTER ROLE {role} NO{attribute}"
            yield Step(f"take {attribute} away from the role", statement), statement
    if not found.role["rolcanlogin"]:
        yield Step("let the role log in", f"ALTER ROLE {role} LOGIN"), f"ALTER ROLE {role} LOGIN"
    if found.role["rolconnlimit"] != limit:
        statement = f"ALTER ROLE {role} CONNECTION LIMIT {limit}"
        yield Step(f"limit the role to {limit} connections", statement), statement
    if verifier is not None:
        statement = f"ALTER ROLE {role} PASSWORD "
        yield Step("set a new password", statement + "'***'"), statement + literal(verifier)


def _config(found: Found) -> list[str]:
    return list(found.role["config"]) if found.role else []


async def _execute(connection: asyncpg.Connection, step: Step, statement: str) -> None:
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as exc:
        raise SetupError(
            f"cannot {step.what}: {exc.args[0]}",
            hint=f"Nothing was changed. The administrator needs the right to: {step.statement}",
        ) from exc
