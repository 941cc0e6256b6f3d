"""Invitations: a link that lets whoever holds it join a team, once, for some days."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from sightline import clock
from sightline.accounts import audit, names, passwords, teams, tokens, users
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller, CallerKind
from sightline.accounts.permissions import Role, TeamRole
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import NotFound
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

SQL = queries("sightline.accounts", "invitations.sql")


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that can still be accepted."""

    id: int
    role: TeamRole
    created_at: datetime
    expires_at: datetime


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """What an invitation is for, as its holder sees it."""

    team: str
    role: TeamRole
    expires_at: datetime


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody without an account who holds an invitation."""

    email: str
    name: str
    password: str


async def create(database: Database, scope: Scope, role: TeamRole, *, days: int) -> tuple[Invitation, str]:
    """Make a link's token, shown once; only an owner may invite an owner."""
    teams.may_give(scope, role)
    token, now = tokens.new(), clock.now()
    expires_at = now + timedelta(days=days)
    async with database.transaction() as connection:
        found = await connection.fetchval(
            SQL["insert"], tokens.digest(token), scope.tenant, role.value, scope.caller.user_id, now, expires_at
        )
        await audit.record(
            connection, scope.caller, Action.INVITATION_CREATE, (Thing.INVITATION, found), tenant_id=scope.tenant,
            role=role.value, days=days,
        )  # fmt: skip
    return Invitation(id=found, role=role, created_at=now, expires_at=expires_at), token


async def listing(database: Database, scope: Scope, *, after: int | None = None, limit: int = 50) -> list[Invitation]:
    rows = await database.fetch(SQL["list"], scope.tenant, clock.now(), after, limit)
    return [Invitation(**{**row, "role": TeamRole(row["role"])}) for row in rows]


async def revoke(database: Database, scope: Scope, invitation_id: int) -> None:
    async with database.transaction() as connection:
        if await connection.fetchval(SQL["revoke"], scope.tenant, invitation_id, clock.now()) is None:
            raise NotFound("there is no such invitation, or it is used up")
        await audit.record(
            connection, scope.caller, Action.INVITATION_REVOKE, (Thing.INVITATION, invitation_id),
            tenant_id=scope.tenant,
        )  # fmt: skip


async def look(database: Database, token: str) -> Invited:
    """What a link is for."""
    row = await database.fetchrow(SQL["look"], tokens.digest(token), clock.now())
    if row is None:
        raise _unknown()
    return Invited(team=row["team"], role=TeamRole(row["role"]), expires_at=row["expires_at"])


async def accept(database: Database, caller: Caller, token: str) -> int:
    """Let a signed-in user join; returns the team."""
    assert caller.user_id is not None
    async with database.transaction() as connection:
        return await _use(connection, caller, token, caller.user_id)


async def accept_as_new(
    database: Database, token: str, newcomer: Newcomer, *, minimum: int, request_id: str = ""
) -> int:
    """Create an account for whoever holds the link, and let it join; returns the user."""
    await look(database, token)  # before the costly hash: nobody without a link makes this server work
    email, name = names.email(newcomer.email), names.name(newcomer.name)
    passwords.check(newcomer.password, minimum=minimum, about=(email,))
    password_hash = await passwords.hashed(newcomer.password)
    async with database.transaction() as connection:
        user_id = await users.insert(
            connection, users.NewUser(email=email, name=name, role=Role.MEMBER), password_hash=password_hash
        )
        who = Caller(kind=CallerKind.USER, user_id=user_id, role=Role.MEMBER, request_id=request_id)
        await audit.record(connection, who, Action.USER_CREATE, (Thing.USER, user_id), role=Role.MEMBER.value)
        await _use(connection, who, token, user_id)
    return user_id


async def forget_old(database: Database) -> int:
    """Remove what can no longer be accepted; returns how many."""
    return len(await database.fetch(SQL["forget_old"], clock.now()))


async def _use(connection: "PoolConnectionProxy", caller: Caller, token: str, user_id: int) -> int:
    row = await connection.fetchrow(SQL["use"], tokens.digest(token), clock.now())
    if row is None:
        raise _unknown()
    await audit.record(
        connection, caller, Action.INVITATION_ACCEPT, (Thing.INVITATION, row["id"]), tenant_id=row["tenant_id"]
    )
    await teams.join(connection, caller, row["tenant_id"], user_id, TeamRole(row["role"]))
    team: int = row["tenant_id"]
    return team


def _unknown() -> NotFound:
    return NotFound("this invitation is wrong, used, revoked or expired", hint="Ask for a new one.")
