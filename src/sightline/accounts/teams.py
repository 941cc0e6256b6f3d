"""Teams (tenants) and their members. A person alone is a team of one."""

import secrets
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts import audit, names
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Permission, TeamRole
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import Conflict, NotAllowed, NotFound
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

SQL = queries("sightline.accounts", "teams.sql")


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of sites and subjects."""

    id: int
    uuid: uuid.UUID
    name: str
    slug: str
    personal: bool
    created_at: datetime
    members: int
    sites: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A user in a team."""

    user_id: int
    user_uuid: uuid.UUID
    login: str
    name: str
    role: TeamRole
    created_at: datetime


async def listing(database: Database, scope: Scope, *, after: int | None = None, limit: int = 50) -> list[Team]:
    rows = await database.fetch(SQL["list"], sorted(scope.tenants), after, limit)
    return [Team(**row) for row in rows]


async def of_member(database: Database, caller: Caller) -> list[Team]:
    """The teams that the caller is in themselves, also when they see more."""
    rows = await database.fetch(SQL["list"], sorted(caller.teams), None, len(caller.teams))
    return [Team(**row) for row in rows]


async def of_user(database: Database, user_id: int) -> list[Team]:
    """The teams that a user is in, for whoever may know that."""
    ids = [row["tenant_id"] for row in await database.fetch(SQL["teams_of_user"], user_id)]
    return [Team(**row) for row in await database.fetch(SQL["list"], ids, None, len(ids))]


async def member(database: Database, team_id: int, user_id: int) -> Member | None:
    """One member, for whoever may see the team."""
    row = await database.fetchrow(SQL["member"], team_id, user_id)
    return None if row is None else Member(**{**row, "role": TeamRole(row["role"])})


async def show(database: Database, scope: Scope) -> Team:
    return await one(database, scope.tenant)


async def one(database: Database, team_id: int) -> Team:
    """One team, for whoever knows already that it may be shown."""
    row = await database.fetchrow(SQL["show"], team_id)
    if row is None:
        raise NotFound("there is no such team, or you may not see it")
    return Team(**row)


async def create(database: Database, caller: Caller, name: str, *, owner_id: int) -> int:
    async with database.transaction() as connection:
        return await insert(connection, caller, name, owner_id=owner_id)


async def insert(
    connection: "PoolConnectionProxy", caller: Caller, name: str, *, owner_id: int | None, personal: bool = False
) -> int:
    """Add a team and its first owner; returns its id. A personal one without an owner waits for the first admin."""
    name = names.name(name)
    base, now, team_id = names.slug(name) or "team", clock.now(), None
    slug = base
    while team_id is None:
        team_id = await connection.fetchval(SQL["insert"], uuid.uuid4(), name, slug, personal, now)
        slug = f"{base}-{secrets.token_hex(3)}"
    if owner_id is not None:
        await connection.execute(SQL["add_member"], team_id, owner_id, TeamRole.OWNER.value, now)
    await audit.record(connection, caller, Action.TEAM_CREATE, (Thing.TEAM, team_id), tenant_id=team_id)
    found: int = team_id
    return found


async def first(connection: "PoolConnectionProxy", caller: Caller, name: str, *, owner_id: int, personal: bool) -> int:
    """The team of the first admin: the one that waits for them, with what it has already, or a new one."""
    waiting = await connection.fetchval(SQL["take_over"], names.name(name), names.slug(name) or "team", personal)
    if waiting is None:
        return await insert(connection, caller, name, owner_id=owner_id, personal=personal)
    await connection.execute(SQL["add_member"], waiting, owner_id, TeamRole.OWNER.value, clock.now())
    found: int = waiting
    return found


async def rename(database: Database, scope: Scope, name: str) -> None:
    name = names.name(name)
    async with database.transaction() as connection:
        await connection.execute(SQL["rename"], scope.tenant, name)
        await audit.record(
            connection, scope.caller, Action.TEAM_CHANGE, (Thing.TEAM, scope.tenant), tenant_id=scope.tenant,
            fields=["name"],
        )  # fmt: skip


async def remove(database: Database, scope: Scope) -> None:
    """Remove a team that has no sites left; its keys and invitations end with it."""
    async with database.transaction() as connection:
        await connection.execute(SQL["lock"], scope.tenant)
        if sites := await connection.fetchval(SQL["count_sites"], scope.tenant):
            raise Conflict(f"the team still has {sites} sites", hint="Remove them first.")
        now = clock.now()
        for query in ("remove", "revoke_keys", "revoke_invitations"):
            await connection.execute(SQL[query], scope.tenant, now)
        await connection.execute(SQL["remove_members"], scope.tenant)
        await audit.record(
            connection, scope.caller, Action.TEAM_REMOVE, (Thing.TEAM, scope.tenant), tenant_id=scope.tenant
        )


async def members(database: Database, scope: Scope, *, after: int | None = None, limit: int = 50) -> list[Member]:
    rows = await database.fetch(SQL["list_members"], scope.tenant, after, limit)
    return [Member(**{**row, "role": TeamRole(row["role"])}) for row in rows]


async def add_member(database: Database, scope: Scope, user_id: int, role: TeamRole) -> None:
    async with database.transaction() as connection:
        await connection.execute(SQL["lock"], scope.tenant)
        await join(connection, scope.caller, scope.tenant, user_id, role)


async def join(connection: "PoolConnectionProxy", caller: Caller, tenant_id: int, user_id: int, role: TeamRole) -> None:
    """Make somebody a member who is none yet."""
    try:
        await connection.execute(SQL["add_member"], tenant_id, user_id, role.value, clock.now())
    except asyncpg.UniqueViolationError as exc:
        raise Conflict("this user is in the team already", hint="Change the role instead.") from exc
    except asyncpg.ForeignKeyViolationError as exc:
        raise NotFound("there is no such user") from exc
    await audit.record(
        connection, caller, Action.MEMBER_ADD, (Thing.USER, user_id), tenant_id=tenant_id, role=role.value
    )


async def change_role(database: Database, scope: Scope, user_id: int, role: TeamRole) -> None:
    """Give a member another role; the last owner stays one."""
    async with database.transaction() as connection:
        before = await _member_held(connection, scope, user_id)
        if before is role:
            return
        _may_touch_owners(scope, before, role)
        await _keep_an_owner(connection, scope.tenant, user_id, before)
        await connection.execute(SQL["change_role"], scope.tenant, user_id, role.value)
        await audit.record(
            connection, scope.caller, Action.MEMBER_ROLE, (Thing.USER, user_id), tenant_id=scope.tenant,
            before=before.value, after=role.value,
        )  # fmt: skip


async def remove_member(database: Database, scope: Scope, user_id: int) -> None:
    """Take somebody out of the team, or leave it; the last owner stays."""
    async with database.transaction() as connection:
        before = await _member_held(connection, scope, user_id)
        if user_id != scope.caller.user_id:
            _may_touch_owners(scope, before)
        await _keep_an_owner(connection, scope.tenant, user_id, before)
        await connection.execute(SQL["remove_member"], scope.tenant, user_id)
        await audit.record(
            connection, scope.caller, Action.MEMBER_REMOVE, (Thing.USER, user_id), tenant_id=scope.tenant,
            role=before.value,
        )  # fmt: skip


def may_give(scope: Scope, role: TeamRole) -> None:
    """Refuse to make an owner for whoever may not."""
    _may_touch_owners(scope, role)


async def _member_held(connection: "PoolConnectionProxy", scope: Scope, user_id: int) -> TeamRole:
    """The role of a member, in a team whose members nobody else changes meanwhile."""
    await connection.execute(SQL["lock"], scope.tenant)
    role = await connection.fetchval(SQL["role_of"], scope.tenant, user_id)
    if role is None:
        raise NotFound("there is no such member in this team")
    return TeamRole(role)


def _may_touch_owners(scope: Scope, *roles: TeamRole) -> None:
    if TeamRole.OWNER in roles and not scope.caller.holds(Permission.OWNER_MANAGE, scope.tenant):
        raise NotAllowed(hint="Only an owner may make, change or remove owners.")


async def _keep_an_owner(connection: "PoolConnectionProxy", tenant_id: int, user_id: int, before: TeamRole) -> None:
    if before is TeamRole.OWNER and not await connection.fetchval(SQL["other_owner"], tenant_id, user_id):
        raise Conflict("this is the last owner of the team", hint="Make somebody else an owner first.")
