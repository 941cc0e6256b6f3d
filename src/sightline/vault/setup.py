"""Make the vault's schema, its roles and the login that may take them on, in a database that may hold other things.

Nobody works in the vault under one role for everything. The login inherits nothing: each transaction takes on the one
role that it needs (`vault/database.py`), and what a role may do stands in grants.sql. The owner cannot log in. Run by
an administrator, since the service itself may make no roles; a second run changes nothing, except that the grants are
always made anew, so that one that somebody added is gone.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import asyncpg
import msgspec

from sightline.database.address import Address, connect
from sightline.database.credentials import Credentials, CredentialStore
from sightline.database.migrations import migrate, state
from sightline.database.setup import Setup, SetupError, Step, literal, new_password, quoted, scram
from sightline.errors import DatabaseUnavailable
from sightline.settings import Secret, VaultSettings
from sightline.sql import queries

MIGRATIONS: Final = files("sightline.vault").joinpath("migrations")
SQL: Final = queries("sightline.vault", "grants.sql")
PARTS: Final = ("owner", "writer", "reader", "rotator", "auditor", "audit_insert", "stats", "keys")
_MARK: Final = "Sightline's vault, made by `sightline vault setup`"
_FORBIDDEN: Final = ("super", "createdb", "createrole", "replication", "bypassrls")


def role_names(settings: VaultSettings) -> dict[str, str]:
    """The names of the roles, by what they do."""
    return {part: f"{settings.role}_{part}" for part in (*PARTS, "service")}


async def set_up_vault(  # noqa: PLR0913 - all but three say how, by name
    admin: Address,
    settings: VaultSettings,
    store: CredentialStore,
    *,
    rotate: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    until: Traversable | None = None,
) -> Setup:
    """Create what is missing, as a superuser or a role with CREATEROLE and CREATE on the database.

    `until` is a folder with the migrations of an older release: the schema is brought there and no further, and gets no
    grants yet, since those are of this release. A restore fills it then, and calls again without.
    """
    names, found = role_names(settings), await store.read()
    connection = await connect(msgspec.structs.replace(admin, schema=""), application="sightline vault setup")
    try:
        login = await connection.fetchrow(SQL["role"], names["service"])
        if login is not None and not rotate:
            await _try_login(admin, settings, store, found)
        password = found.password if found and login and not rotate else new_password()
        credentials = Credentials(
            username=names["service"], password=password, host=admin.host, port=admin.port, database=admin.database,
            schema=settings.schema,
        )  # fmt: skip
        steps = [step async for step in _steps(connection, settings, password if login is None or rotate else None)]
        save = found != credentials
        if not dry_run:
            async with connection.transaction():
                for step, statement in steps:
                    await _execute(connection, step, statement)
                if save:  # before the commit: a role whose password nobody knows would be worse
                    await store.save(credentials)
        done = [step for step, _ in steps] + ([Step("keep the login", f"write {store.shown()}")] if save else [])
        done += await _migrated(connection, settings, dry_run=dry_run, progress=progress, until=until)
    finally:
        await connection.close()
    return Setup(done, None if dry_run else credentials)


async def _steps(
    connection: asyncpg.Connection, settings: VaultSettings, password: Secret | None
) -> AsyncIterator[tuple[Step, str]]:
    names = role_names(settings)
    database = str(await connection.fetchval("SELECT current_database()"))
    me = await connection.fetchrow(
        "SELECT current_user::text AS name, rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    assert me is not None
    for part in PARTS:
        role = await connection.fetchrow(SQL["role"], names[part])
        for one in _group_steps(names[part], role):
            yield one
    if not me["rolsuper"] and not await connection.fetchval(SQL["member"], names["owner"], me["name"]):
        yield _step("act as the owner", f"GRANT {quoted(names['owner'])} TO {quoted(me['name'])}")
    owner = await connection.fetchval(SQL["schema_owner"], settings.schema)
    schema = quoted(settings.schema)
    if owner is None:
        yield _step("create the schema", f"CREATE SCHEMA {schema} AUTHORIZATION {quoted(names['owner'])}")
        yield _step("mark the schema as ours", f"COMMENT ON SCHEMA {schema} IS {literal(_MARK)}")
    elif owner != names["owner"]:
        raise SetupError(
            f"the schema {settings.schema!r} is there already and belongs to {owner!r}",
            hint="Choose another vault.schema.",
        )
    login = await connection.fetchrow(SQL["role"], names["service"])
    for one in _login_steps(names["service"], settings, login, password):
        yield one
    for part in PARTS[1:]:
        if not await connection.fetchval(SQL["member"], names[part], names["service"]):
            yield _step(f"let the login act as {part}", f"GRANT {quoted(names[part])} TO {quoted(names['service'])}")
    may = "SELECT has_database_privilege($1::oid, $2::text, 'CONNECT')"
    if login is None or not await connection.fetchval(may, login["oid"], database):
        yield _step(
            "let the login connect", f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(names['service'])}"
        )


def _group_steps(name: str, role: asyncpg.Record | None) -> Iterator[tuple[Step, str]]:
    if role is None:
        yield _step(f"create the role {name}", f"CREATE ROLE {quoted(name)} NOLOGIN NOINHERIT")
        yield _step(f"mark the role {name}", f"COMMENT ON ROLE {quoted(name)} IS {literal(_MARK)}")
        return
    if role["mark"] != _MARK:
        raise SetupError(
            f"the role {name!r} is there already, and setup did not make it", hint="Choose another vault.role."
        )
    if role["rolcanlogin"]:
        yield _step(f"let nobody log in as {name}", f"ALTER ROLE {quoted(name)} NOLOGIN")
    yield from _taken_away(name, role)


def _login_steps(
    name: str, settings: VaultSettings, role: asyncpg.Record | None, password: Secret | None
) -> Iterator[tuple[Step, str]]:
    limit = settings.pool_max * 4  # a few processes, and a Lambda function beside them
    if role is None:
        assert password is not None
        head = f"CREATE ROLE {quoted(name)} LOGIN NOINHERIT CONNECTION LIMIT {limit} PASSWORD "
        yield Step("create the login with a new password", head + "'***'"), head + literal(scram(password))
        yield _step("mark the login", f"COMMENT ON ROLE {quoted(name)} IS {literal(_MARK)}")
    else:
        if role["mark"] != _MARK:
            raise SetupError(
                f"the role {name!r} is there already, and setup did not make it", hint="Choose another vault.role."
            )
        if role["rolinherit"] or not role["rolcanlogin"] or role["rolconnlimit"] != limit:
            yield _step("let the login inherit nothing",
                        f"ALTER ROLE {quoted(name)} LOGIN NOINHERIT CONNECTION LIMIT {limit}")  # fmt: skip
        yield from _taken_away(name, role)
        if password is not None:
            head = f"ALTER ROLE {quoted(name)} PASSWORD "
            yield Step("set a new password", head + "'***'"), head + literal(scram(password))
    path = f"{settings.schema}, pg_temp"
    if role is None or f"search_path={path}" not in role["config"]:
        yield _step(f"let the login work in {settings.schema}",
                    f"ALTER ROLE {quoted(name)} SET search_path = {quoted(settings.schema)}, pg_temp")  # fmt: skip


def _taken_away(name: str, role: asyncpg.Record) -> Iterator[tuple[Step, str]]:
    for attribute in _FORBIDDEN:
        if role[f"rol{attribute}"]:
            no = f"NO{'superuser' if attribute == 'super' else attribute}".upper()
            yield _step(f"{no} for {name}", f"ALTER ROLE {quoted(name)} {no}")


async def _migrated(
    connection: asyncpg.Connection,
    settings: VaultSettings,
    *,
    dry_run: bool,
    progress: Callable[[str], None],
    until: Traversable | None,
) -> list[Step]:
    names, schema = role_names(settings), quoted(settings.schema)
    if dry_run and await connection.fetchval(SQL["schema_owner"], settings.schema) is None:
        return [Step("make the tables", "all migrations of the vault")]
    await connection.execute(f"SET search_path = {schema}, pg_temp")
    if dry_run:
        return [Step("migrate", one.title) for one in (await state(connection, folder=MIGRATIONS)).pending]
    await connection.execute(f"SET ROLE {quoted(names['owner'])}")
    made = await migrate(connection, folder=until or MIGRATIONS, progress=progress)
    if until is not None:
        return [Step("migrate", one.title) for one in made]
    words = {part: quoted(name) for part, name in names.items()}
    words |= {"schema": schema, "rotator_name": literal(names["rotator"])}
    async with connection.transaction():
        await connection.execute(SQL["grants"].format(**words))
        await connection.execute(SQL["policies"].format(**words))
    return [Step("migrate", one.title) for one in made]


async def _try_login(
    admin: Address, settings: VaultSettings, store: CredentialStore, found: Credentials | None
) -> None:
    again = "`sightline vault setup --rotate-password` sets a new password."
    if found is None:
        raise SetupError(f"the vault's login is there, but {store.shown()} does not hold it", hint=again)
    probe = msgspec.structs.replace(admin, user=found.username, password=found.password, schema=settings.schema)
    try:
        connection = await connect(probe)
    except DatabaseUnavailable as exc:
        raise SetupError(f"the login in {store.shown()} does not work: {exc.message}", hint=again) from exc
    await connection.close()


def _step(what: str, statement: str) -> tuple[Step, str]:
    return Step(what, statement), statement


async def _execute(connection: asyncpg.Connection, step: Step, statement: str) -> None:
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as exc:
        raise SetupError(
            f"cannot {step.what}: {exc.args[0]}",
            hint=f"Nothing was changed. The administrator needs the right to: {step.statement}",
        ) from exc
