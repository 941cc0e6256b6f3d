"""Prove that the schema is isolated: log in as its role and try, then become every other login role and try.

Every statement runs in a transaction that is rolled back. What PostgreSQL shows to every role alike (the names in
`pg_class`, the functions in `pg_catalog`) cannot be hidden and is not tried.
"""

from collections.abc import Callable, Iterable

import asyncpg
import msgspec

from sightline.database import boundary
from sightline.database.address import Address, connect
from sightline.database.boundary import World
from sightline.database.credentials import Credentials
from sightline.database.setup import quoted
from sightline.database.tries import Check, Try, carry_out, guard
from sightline.errors import DatabaseUnavailable, ServiceError
from sightline.settings import DatabaseSettings
from sightline.sql import queries

_SQL = queries("sightline.database", "verify.sql")


class VerifyError(ServiceError):
    """The isolation could not be verified."""

    code = "verify"


async def verify(
    admin: Address,
    credentials: Credentials,
    settings: DatabaseSettings,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Try]:
    """Try everything; each try says what it expected, what it got, and what to do if that is not the same."""
    login = msgspec.structs.replace(
        admin, user=credentials.username, password=credentials.password, database=credentials.database, schema=""
    )
    root = await connect(msgspec.structs.replace(admin, schema=""), application="sightline verify")
    try:
        # Somebody else's session, for the role to try its hands at: not the one that we need ourselves.
        bystander = await connect(msgspec.structs.replace(admin, schema=""), application="sightline verify, bystander")
        try:
            await guard(root)
            world = await _look(root, settings, bystander.get_server_pid())
            tries = await _inside(login, world, progress)
            if tries[0].ok:
                tries += await _outside(root, world, progress)
            return tries
        finally:
            await bystander.close()
    finally:
        await root.close()


async def _look(root: asyncpg.Connection, settings: DatabaseSettings, backend: int) -> World:
    role = await root.fetchrow(_SQL["role"], settings.role)
    around = await root.fetchrow(_SQL["surroundings"], settings.schema)
    assert around is not None
    if role is None or around["owner"] is None:
        missing = f"role {settings.role!r}" if role is None else f"schema {settings.schema!r}"
        raise VerifyError(f"there is no {missing} in this database", hint="Run `sightline db setup`.")

    async def rows(name: str, *values: object) -> list[dict[str, object]]:
        return [dict(row) for row in await root.fetch(_SQL[name], *values)]

    return World(
        role=settings.role,
        schema=settings.schema,
        database=around["database"],
        me=around["me"],
        owner=around["owner"],
        backend=backend,
        member_of=role["member_of"],
        schemas=await rows("schemas", settings.schema, role["oid"]),
        relations=await rows("relations", settings.schema, role["oid"]),
        own=await rows("own_relations", settings.schema),
        roles=await rows("roles", settings.role),
        link_functions=await rows("link_functions"),
        wrappers=await rows("wrappers"),
        servers=await rows("servers"),
        extension=await root.fetchval(_SQL["extension"]),
        large_objects=[row["oid"] for row in await root.fetch(_SQL["large_objects"], role["oid"])],
        tablespaces=await rows("tablespaces"),
        parameters=await rows("parameters"),
    )


async def _inside(login: Address, world: World, progress: Callable[[str], None]) -> list[Try]:
    """Try as the role itself. A superuser is the one finding that makes all others meaningless."""
    where = f"connect as {world.role}"
    progress(where)
    try:
        connection = await connect(login, application="sightline verify")
    except DatabaseUnavailable as exc:
        return [Try("login", where, "works", exc.message, False, exc.hint)]  # noqa: FBT003 - read as the column `ok`
    try:
        await guard(connection)
        tries = await _all(connection, boundary.attributes(world))
        if not tries[0].ok:
            return tries[:1]
        tries.append(Try("login", where, "works", "it works", True))  # noqa: FBT003
        progress(f"what {world.role} must be able to do")
        tries += await _all(connection, boundary.wanted(world))
        checks = list(boundary.forbidden(world))
        progress(f"what {world.role} must not be able to do: {len(checks)} tries")
        tries += await _all(connection, checks)
    finally:
        await connection.close()
    return tries


async def _outside(root: asyncpg.Connection, world: World, progress: Callable[[str], None]) -> list[Try]:
    """Try as everybody else who can log in; superusers and the schema's owner cannot be kept out."""
    tries = await _all(root, boundary.future(world))
    tries += await _all(root, boundary.granted_away(world))
    kept_out = [one for one in world.roles if one["login"] and not one["superuser"] and one["name"] != world.owner]
    for other in kept_out:
        name = str(other["name"])
        progress(f"what {name} must not be able to do")
        become = await _become(root, name)
        if become:
            tries += await _all(root, boundary.closed(world, name), become=become)
        else:
            tries += await _all(root, boundary.closed_by_privileges(world, name))
    return tries


async def _become(root: asyncpg.Connection, name: str) -> str:
    """Return the statement by which we can take that role on, or nothing."""
    for statement in (f"SET LOCAL SESSION AUTHORIZATION {quoted(name)}", f"SET LOCAL ROLE {quoted(name)}"):
        transaction = root.transaction()
        await transaction.start()
        try:
            await root.execute(statement)
        except asyncpg.PostgresError:
            continue
        else:
            return statement
        finally:
            await transaction.rollback()
    return ""


async def _all(connection: asyncpg.Connection, checks: Iterable[Check], *, become: str = "") -> list[Try]:
    return [await carry_out(connection, check, become=become) for check in checks]
