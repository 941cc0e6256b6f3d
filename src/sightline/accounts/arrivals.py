"""What is moved in from another product: users, teams, sites and links, under the ids that they had there.

Pages name a site by its UUID and people have links in their mails, so ids stay. Whatever is here already is left as it
is, so that an import can be repeated. A moved user has no password: a hash of another kind cannot be made into ours.
"""

import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sightline import clock
from sightline.accounts import audit, names
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller
from sightline.accounts.links import LinkKind, destination, short_name
from sightline.accounts.permissions import Role, TeamRole
from sightline.accounts.sites import DEFAULT_DAYS, MOST_DAYS, Kept
from sightline.errors import InvalidValue
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

SQL: Final = queries("sightline.accounts", "arrivals.sql")


class Arrived(msgspec.Struct, frozen=True):
    """What something is here, and whether it came just now."""

    id: int
    is_new: bool
    login: str = ""


class ArrivingSite(msgspec.Struct, frozen=True, kw_only=True):
    """A site as it comes."""

    uuid: uuid.UUID
    tenant: int
    name: str
    domains: list[str]
    time_zone: str
    keep_days: int
    created_by: int | None = None


class ArrivingLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link or pixel as it comes."""

    uuid: uuid.UUID
    site: int
    kind: LinkKind
    name: str
    slug: str
    url: str = ""


async def user(connection: "PoolConnectionProxy", caller: Caller, id_: uuid.UUID, login: str, role: Role) -> Arrived:
    """A user; one who has the same login here already is the same one."""
    email, username, exact = _login(login)
    # Two names there that are written alike here are two people: only the very same name is the same person.
    row = await connection.fetchrow(SQL["user"], id_, email, username if exact else None)
    if row is not None:
        return Arrived(row["id"], is_new=False)
    found: int | None = None
    while True:
        found = await connection.fetchval(
            SQL["insert_user"], id_, email, username, _name(login, email or username or "user"), role.value,
            clock.now(),
        )  # fmt: skip
        if found is not None:
            break
        assert username is not None  # an address that is taken was found above
        username = f"{username[:50]}-{secrets.token_hex(3)}"
    await audit.record(connection, caller, Action.USER_CREATE, (Thing.USER, found), role=role.value)
    return Arrived(found, is_new=True, login=email or username or "")


async def team(connection: "PoolConnectionProxy", caller: Caller, id_: uuid.UUID, name: str) -> Arrived | None:
    """A team; None where it was removed here."""
    row = await connection.fetchrow(SQL["team"], id_)
    if row is not None:
        return None if row["removed"] else Arrived(row["id"], is_new=False)
    return Arrived(await _team(connection, caller, id_, _name(name, "Team"), personal=False), is_new=True)


async def own_team(connection: "PoolConnectionProxy", caller: Caller, user_id: int, name: str) -> int:
    """The team of one of a user, which owns what belongs to nobody else."""
    found: int | None = await connection.fetchval(SQL["own_team"], user_id)
    if found is None:
        found = await _team(connection, caller, uuid.uuid4(), _name(name, "Team"), personal=True)
        await member(connection, caller, found, user_id, TeamRole.OWNER)
    return found


async def member(connection: "PoolConnectionProxy", caller: Caller, tenant: int, user_id: int, role: TeamRole) -> bool:
    """Make somebody a member; whoever is one keeps the role that they have here."""
    if await connection.fetchval(SQL["add_member"], tenant, user_id, role.value, clock.now()) is None:
        return False
    await audit.record(connection, caller, Action.MEMBER_ADD, (Thing.USER, user_id), tenant_id=tenant, role=role.value)
    return True


async def site(connection: "PoolConnectionProxy", caller: Caller, new: ArrivingSite) -> tuple[Arrived, int] | None:
    """A site with the team that it belongs to here; None where it was removed here."""
    row = await connection.fetchrow(SQL["site"], new.uuid)
    if row is not None:
        return None if row["removed"] else (Arrived(row["id"], is_new=False), row["tenant_id"])
    days = {**DEFAULT_DAYS, Kept.ANALYTICS: min(max(new.keep_days, DEFAULT_DAYS[Kept.ANALYTICS]), MOST_DAYS)}
    found = await connection.fetchval(
        SQL["insert_site"], new.uuid, new.tenant, _name(new.name, "Site"), new.domains, names.time_zone(new.time_zone),
        "pk_" + secrets.token_urlsafe(16), *(days[kind] for kind in Kept), new.created_by, clock.now(),
    )  # fmt: skip
    await audit.record(connection, caller, Action.SITE_CREATE, (Thing.SITE, found), tenant_id=new.tenant)
    return Arrived(found, is_new=True), new.tenant


async def link(connection: "PoolConnectionProxy", new: ArrivingLink) -> Arrived:
    """A link or pixel under the address that it had."""
    row = await connection.fetchrow(SQL["link"], new.uuid)
    if row is not None:
        return Arrived(row["id"], is_new=False)
    url = destination(new.url) if new.kind is LinkKind.LINK else ""
    slug = short_name(new.slug)
    found = await connection.fetchval(
        SQL["insert_link"], new.uuid, new.site, new.kind.value, _name(new.name, slug), slug, url, clock.now()
    )
    if found is None:
        raise InvalidValue(f"the short name {slug!r} is taken", field="slug", hint="Remove the other one first.")
    return Arrived(found, is_new=True)


async def _team(connection: "PoolConnectionProxy", caller: Caller, id_: uuid.UUID, name: str, *, personal: bool) -> int:
    base = slug = names.slug(name) or "team"
    found: Any = None
    while found is None:
        found = await connection.fetchval(SQL["insert_team"], id_, name, slug, personal, clock.now())
        slug = f"{base}-{secrets.token_hex(3)}"
    await audit.record(connection, caller, Action.TEAM_CREATE, (Thing.TEAM, found), tenant_id=found)
    return int(found)


def _login(text: str) -> tuple[str | None, str | None, bool]:
    """A login as ours are written: an address or a user name, and whether it was written so before."""
    if "@" in text:
        try:
            return names.email(text), None, True
        except InvalidValue:
            pass  # no address after all, so a name
    try:
        username = names.username(text)
    except InvalidValue:
        return None, names.slug(text) or "user", False
    return None, username, username == text


def _name(text: str, otherwise: str) -> str:
    """A name for people; what cannot be one is replaced."""
    try:
        return names.name(text[:100])
    except InvalidValue:
        return names.name(otherwise[:100])
