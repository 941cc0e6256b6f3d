"""Scopes: the sites and teams that one caller may read or change, resolved for one permission.

Readers and reports take a `Scope`, never bare site ids, and only this module makes one. What a caller may not even see
is "not found", so that nothing tells which ids exist; what they see and may not do is "not allowed".
"""

import uuid
from typing import Final

from sightline.accounts import names
from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Level, Permission
from sightline.database.pool import Database
from sightline.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from sightline.sql import queries

SQL = queries("sightline.accounts", "scopes.sql")
_MINT: Final = object()


class Scope:
    """What one caller may touch with one permission; asked for with `scope_for`, never built elsewhere."""

    __slots__ = ("caller", "everywhere", "permission", "sites", "tenants")

    def __init__(  # noqa: PLR0913 - the parts of a value that one function makes
        self,
        mint: object,
        *,
        caller: Caller,
        permission: Permission,
        sites: frozenset[int],
        tenants: frozenset[int],
        everywhere: bool = False,
    ) -> None:
        if mint is not _MINT:
            raise TypeError("a Scope is made by accounts.scopes.scope_for alone")
        self.caller = caller
        self.permission = permission
        self.sites = sites
        self.tenants = tenants
        self.everywhere = everywhere

    def __repr__(self) -> str:
        return f"Scope({self.permission.value}, {len(self.sites)} sites, {len(self.tenants)} teams)"

    @property
    def site(self) -> int:
        """The one site of a scope that was narrowed to one."""
        (found,) = self.sites
        return found

    @property
    def tenant(self) -> int:
        """The one team of a scope that was narrowed to one, or to one of its sites."""
        (found,) = self.tenants
        return found


async def scope_for(
    database: Database, caller: Caller, permission: Permission, *, site: str | None = None, team: str | None = None
) -> Scope:
    """Resolve what `caller` may touch with `permission`: everything, or one site or team by its id or UUID."""
    if not caller.is_known:
        raise NotSignedIn
    if site is not None:
        return await _one_site(database, caller, permission, site)
    if team is not None:
        return await _one_team(database, caller, permission, team)
    if not caller.holds_anywhere(permission):
        raise _refused(permission)
    tenants = caller.tenants_with(permission)
    everywhere = tenants is None
    sites: frozenset[int] = frozenset()
    if permission.level in {Level.SELF, Level.INSTANCE}:
        return _scope(caller, permission, sites, frozenset(), everywhere=everywhere)
    only = caller.key.site_ids if caller.key else None
    if permission.level is Level.SITE:
        rows = await database.fetch(SQL["sites_of_tenants"], _array(tenants), _array(only))
        sites = frozenset(row["id"] for row in rows)
    if tenants is None:
        tenants = frozenset(row["id"] for row in await database.fetch(SQL["all_tenants"]))
    return _scope(caller, permission, sites, tenants, everywhere=everywhere)


async def site_named(database: Database, text: str) -> str:
    """The id of the one living site with this name or domain; what is an id or UUID already is returned as it is."""
    return await _named(database, "sites_named", text, "site")


async def team_named(database: Database, text: str) -> str:
    """The id of the one living team with this name or short name; the same for teams."""
    return await _named(database, "tenants_named", text, "team")


async def _named(database: Database, query: str, text: str, what: str) -> str:
    if names.identifier(text) is not None:
        return text
    rows = await database.fetch(SQL[query], text)
    if not rows:
        raise NotFound(f"there is no {what} {text!r}", hint=f"`sightline {what} list` shows them all.")
    if len(rows) > 1:
        raise Conflict(f"there are several of the name {text!r}", hint=f"Say the id: `sightline {what} list` shows it.")
    return str(rows[0]["id"])


async def _one_site(database: Database, caller: Caller, permission: Permission, reference: str) -> Scope:
    row = None
    if (found := names.identifier(reference)) is not None:
        row = await database.fetchrow(SQL["site_by_uuid" if isinstance(found, uuid.UUID) else "site_by_id"], found)
    if row is None or not _sees(caller, row["id"], row["tenant_id"]):
        raise NotFound("there is no such site, or you may not see it")
    if not caller.holds(permission, row["tenant_id"]):
        raise _refused(permission)
    return _scope(caller, permission, frozenset({row["id"]}), frozenset({row["tenant_id"]}))


def _sees(caller: Caller, site_id: int, tenant_id: int) -> bool:
    if caller.share is not None:
        return site_id in caller.share.site_ids
    if caller.key is None:
        return caller.holds(Permission.SITE_READ, tenant_id)
    # A key that may not read is told that it may not, as long as its user sees the site and the key reaches it.
    limits = caller.key
    reached = limits.tenant_id in {None, tenant_id} and (limits.site_ids is None or site_id in limits.site_ids)
    return reached and caller.role_in(tenant_id)


async def _one_team(database: Database, caller: Caller, permission: Permission, reference: str) -> Scope:
    row = None
    if (found := names.identifier(reference)) is not None:
        row = await database.fetchrow(SQL["tenant_by_uuid" if isinstance(found, uuid.UUID) else "tenant_by_id"], found)
    if row is None or not _sees_team(caller, row["id"]):
        raise NotFound("there is no such team, or you may not see it")
    if not caller.holds(permission, row["id"]):
        raise _refused(permission)
    return _scope(caller, permission, frozenset(), frozenset({row["id"]}))


def _sees_team(caller: Caller, tenant_id: int) -> bool:
    if caller.key is None:
        return caller.holds(Permission.TEAM_READ, tenant_id)
    return caller.key.tenant_id in {None, tenant_id} and caller.role_in(tenant_id)


def _scope(
    caller: Caller,
    permission: Permission,
    sites: frozenset[int],
    tenants: frozenset[int],
    *,
    everywhere: bool = False,
) -> Scope:
    return Scope(_MINT, caller=caller, permission=permission, sites=sites, tenants=tenants, everywhere=everywhere)


def _refused(permission: Permission) -> NotAllowed:
    return NotAllowed(hint=f"This needs the permission {permission.value}.")


def _array(ids: frozenset[int] | None) -> list[int] | None:
    return None if ids is None else sorted(ids)
