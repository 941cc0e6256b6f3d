"""API keys: what a program shows instead of a password, for some permissions, perhaps some sites, until some day.

A key never allows more than its user may do at the moment it is used: whoever loses a role loses it in their keys too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts import audit, names, tokens
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller, CallerKind, KeyLimits, nobody
from sightline.accounts.permissions import FOR_KEYS, Level, Permission, Role
from sightline.accounts.scopes import Scope, scope_for
from sightline.accounts.sign_ins import team_roles
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue, NotFound
from sightline.sql import queries

SQL = queries("sightline.accounts", "api_keys.sql")
_NOTED_EVERY: Final = timedelta(minutes=1)
LONGEST_DAYS: Final = 3650
_MOST_KEYS: Final = 100


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as its owner sees it; the key itself is shown once, when it is made."""

    id: int
    prefix: str
    name: str
    user_id: int
    tenant_id: int | None
    site_ids: Sequence[int] | None
    permissions: Sequence[Permission]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a new key shall allow. `site_ids` are ids or UUIDs of sites; None is every site of the team or teams."""

    name: str
    permissions: Sequence[Permission]
    days: int = 365
    team: str | None = None
    sites: Sequence[str] | None = None


async def create(database: Database, caller: Caller, new: NewKey, *, user_id: int) -> tuple[ApiKey, str]:
    """Make a key for a user; returns it with its token, which nobody can be shown again.

    `caller` is that user, or the operator; what the key names has to be in the user's own reach.
    """
    owner = caller if caller.user_id == user_id else await _owner(database, user_id)
    name, permissions = names.name(new.name), _checked(owner, new)
    tenant_id = (await _reach(database, owner, Permission.TEAM_READ, team=new.team)).tenant if new.team else None
    site_ids = None
    if new.sites is not None:
        scopes = [await _reach(database, owner, Permission.SITE_READ, site=site) for site in new.sites]
        site_ids = sorted({scope.site for scope in scopes})
        if tenant_id is not None and any(scope.tenant != tenant_id for scope in scopes):
            raise InvalidValue("a site of the key belongs to another team", field="sites")
    token, now = tokens.new(tokens.API_KEY), clock.now()
    async with database.transaction() as connection:
        if await connection.fetchval(SQL["count_living"], user_id, now) >= _MOST_KEYS:
            raise Conflict(f"there are {_MOST_KEYS} keys already", hint="Revoke those that are no longer used.")
        key_id = await connection.fetchval(
            SQL["insert"], tokens.digest(token), tokens.shown(token), name, user_id, tenant_id, site_ids,
            permissions, now, now + timedelta(days=new.days),
        )  # fmt: skip
        await audit.record(
            connection, caller, Action.KEY_CREATE, (Thing.KEY, key_id), tenant_id=tenant_id,
            permissions=permissions, sites=len(site_ids or ()), days=new.days,
        )  # fmt: skip
        return _key(await connection.fetchrow(SQL["show"], key_id)), token


async def authenticate(database: Database, token: str, *, request_id: str = "") -> Caller:
    """Who holds this key; nobody when it is unknown, revoked, expired, or its user disabled."""
    if not token.startswith(tokens.API_KEY):
        return nobody(request_id)
    now = clock.now()
    row = await database.fetchrow(SQL["find_by_token"], tokens.digest(token), now)
    if row is None:
        return nobody(request_id)
    if row["last_used_at"] is None or now - row["last_used_at"] >= _NOTED_EVERY:
        await database.execute(SQL["note_use"], row["id"], now)
    return Caller(
        kind=CallerKind.KEY,
        user_id=row["user_id"],
        role=Role(row["role"]),
        teams=team_roles(row),
        key=KeyLimits(
            key_id=row["id"],
            # A permission that a later release renamed allows nothing.
            permissions=frozenset(Permission(name) for name in row["permissions"] if name in FOR_KEYS),
            tenant_id=row["tenant_id"],
            site_ids=frozenset(row["site_ids"]) if row["site_ids"] is not None else None,
        ),
        request_id=request_id,
    )


async def listing(
    database: Database, user_id: int | None, *, after: int | None = None, limit: int = 50
) -> list[ApiKey]:
    """The keys of a user (None: of everybody) that are not revoked, expired ones among them."""
    return [_key(row) for row in await database.fetch(SQL["list"], user_id, after, limit)]


async def revoke(database: Database, caller: Caller, key_id: int) -> None:
    """End a key at once: one's own, or anybody's for who manages users."""
    owner = None if caller.holds(Permission.USER_MANAGE) else caller.user_id
    async with database.transaction() as connection:
        row = await connection.fetchrow(SQL["revoke"], key_id, owner, clock.now())
        if row is None:
            raise NotFound("there is no such key, or it is revoked already")
        await audit.record(connection, caller, Action.KEY_REVOKE, (Thing.KEY, key_id), tenant_id=row["tenant_id"])


async def _owner(database: Database, user_id: int) -> Caller:
    row = await database.fetchrow(SQL["roles_of_user"], user_id)
    if row is None:
        raise NotFound("there is no such user")
    return Caller(kind=CallerKind.USER, user_id=user_id, role=Role(row["role"]), teams=team_roles(row))


def _checked(owner: Caller, new: NewKey) -> list[str]:
    wanted = list(dict.fromkeys(new.permissions))
    if not wanted:
        raise InvalidValue("a key without permissions opens nothing", field="permissions")
    if not 1 <= new.days <= LONGEST_DAYS:
        raise InvalidValue(
            f"a key cannot last {new.days} days", field="expires_in_days", hint=f"Choose 1 to {LONGEST_DAYS} days."
        )
    for permission in wanted:
        if permission not in FOR_KEYS:
            raise InvalidValue(f"a key cannot have the permission {permission.value}", field="permissions")
        if new.sites is not None and permission.level is not Level.SITE and permission is not Permission.SELF_READ:
            raise InvalidValue(
                f"a key for some sites cannot have the permission {permission.value}", field="permissions",
                hint="It takes those that begin with site: and need a site.",
            )  # fmt: skip
        if not owner.holds_anywhere(permission):
            raise InvalidValue(f"the key's user does not have the permission {permission.value}", field="permissions")
    return [permission.value for permission in wanted]


async def _reach(
    database: Database, caller: Caller, permission: Permission, *, site: str | None = None, team: str | None = None
) -> Scope:
    try:
        return await scope_for(database, caller, permission, site=site, team=team)
    except NotFound as exc:
        exc.field = "sites" if site is not None else "team"
        raise


def _key(row: asyncpg.Record | None) -> ApiKey:
    assert row is not None
    known = [Permission(name) for name in row["permissions"] if name in FOR_KEYS]
    return ApiKey(**{**row, "permissions": known})
