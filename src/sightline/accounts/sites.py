"""Sites: the watched web applications, whose they are, and how long their data are kept."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts import audit, names, teams
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue, NotAllowed, NotFound
from sightline.privacy.consent import Mode
from sightline.privacy.echo import shown
from sightline.privacy.pseudonyms import Period
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

SQL = queries("sightline.accounts", "sites.sql")
_PUBLIC_KEY: Final = "pk_"
_LONGEST_LABEL: Final = 500


class Kept(StrEnum):
    """Kinds of data whose retention a site sets."""

    ANALYTICS = "analytics"
    VITALS = "vitals"
    RECORDINGS = "recordings"
    LOGS = "logs"
    ERRORS = "errors"


DEFAULT_DAYS: Final[Mapping[Kept, int]] = MappingProxyType(
    {Kept.ANALYTICS: 365, Kept.VITALS: 365, Kept.RECORDINGS: 30, Kept.LOGS: 90, Kept.ERRORS: 90}
)
MOST_DAYS: Final = 3650
_CHOICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "consent_mode": "Choose none, analytics or replay: the most that is collected.",
        "consent_asked": "Choose true or false.",
        "honour_signals": "Choose true or false.",
        "salt_period": "Choose day or month.",
    }
)


class Privacy(msgspec.Struct, frozen=True, kw_only=True):
    """What a site may collect, as `privacy.consent.allowed` and `signals.salts` take it."""

    consent_mode: Mode = "replay"
    consent_asked: bool = False
    honour_signals: bool = True
    salt_period: Period = "day"


class PrivacyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change; UNSET stays as it is."""

    consent_mode: Mode | msgspec.UnsetType = msgspec.UNSET
    consent_asked: bool | msgspec.UnsetType = msgspec.UNSET
    honour_signals: bool | msgspec.UnsetType = msgspec.UNSET
    salt_period: Period | msgspec.UnsetType = msgspec.UNSET


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One site. `public_key` stands in web pages: it names the site and opens nothing."""

    id: int
    uuid: uuid.UUID
    tenant_id: int
    name: str
    domains: Sequence[str]
    time_zone: str
    public_key: str
    retention: Mapping[Kept, int]
    privacy: Privacy
    privacy_answered_at: datetime | None
    created_by: int | None
    created_at: datetime
    reset_at: datetime | None


class NewSite(msgspec.Struct, frozen=True, kw_only=True):
    """What a new site needs to be told."""

    name: str
    domains: list[str] = []
    time_zone: str = "UTC"
    privacy_later: bool = False  # nothing is recorded until somebody has said what may be collected


class SiteChange(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change; UNSET stays as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    domains: list[str] | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET


async def listing(
    database: Database, scope: Scope, *, tenant_id: int | None = None, after: int | None = None, limit: int = 50
) -> list[Site]:
    rows = await database.fetch(SQL["list"], sorted(scope.sites), tenant_id, after, limit)
    return [_site(row) for row in rows]


async def show(database: Database, scope: Scope) -> Site:
    row = await database.fetchrow(SQL["show"], scope.site)
    if row is None:
        raise NotFound("there is no such site, or you may not see it")
    return _site(row)


async def create(
    database: Database, scope: Scope, new: NewSite, *, tenant_id: int | None = None, wanted: uuid.UUID | None = None
) -> Site:
    """Add a site to a team of the scope; without a team to the caller's only one, or to a team of one made now.

    `wanted` is its UUID, where whoever moves here has it in their pages already.
    """
    name, domains = names.name(new.name), names.domains(new.domains)
    zone = names.time_zone(new.time_zone)
    caller = scope.caller
    async with database.transaction() as connection:
        chosen = tenant_id if tenant_id is not None else _only_team(scope)
        if chosen is None:
            chosen = await _team_of_one(connection, caller)
        # Held, so that the team is not removed meanwhile.
        if await connection.fetchval(SQL["hold_team"], chosen) is None:
            raise NotFound("there is no such team, or you may not see it", field="team")
        site_id = await connection.fetchval(
            SQL["insert"], wanted or uuid.uuid4(), chosen, name, domains, zone,
            _PUBLIC_KEY + secrets.token_urlsafe(16), *(DEFAULT_DAYS[kind] for kind in Kept), caller.user_id,
            clock.now(),
        )  # fmt: skip
        if site_id is None:
            raise Conflict("there is a site of this id already", field="id", hint="Leave it out for a new one.")
        if new.privacy_later:
            await connection.execute(SQL["ask_later"], site_id)
        await audit.record(connection, caller, Action.SITE_CREATE, (Thing.SITE, site_id), tenant_id=chosen)
        return _site(await connection.fetchrow(SQL["show"], site_id))


async def change(database: Database, scope: Scope, wanted: SiteChange) -> Site:
    async with database.transaction() as connection:
        before = _site(await connection.fetchrow(SQL["hold"], scope.site))
        name = before.name if wanted.name is msgspec.UNSET else names.name(wanted.name)
        domains = before.domains if wanted.domains is msgspec.UNSET else names.domains(wanted.domains)
        zone = before.time_zone if wanted.time_zone is msgspec.UNSET else names.time_zone(wanted.time_zone)
        fields = [field for field in wanted.__struct_fields__ if getattr(wanted, field) is not msgspec.UNSET]
        if not fields:
            return before
        await connection.execute(SQL["change"], scope.site, name, list(domains), zone)
        await audit.record(
            connection, scope.caller, Action.SITE_CHANGE, (Thing.SITE, scope.site), tenant_id=scope.tenant,
            fields=fields,
        )  # fmt: skip
        return _site(await connection.fetchrow(SQL["show"], scope.site))


async def labels(database: Database, site_ids: Sequence[int]) -> dict[int, str]:
    """What people see as each site's address, where somebody wrote one; it decides nothing."""
    return {row["id"]: row["label"] for row in await database.fetch(SQL["labels"], list(site_ids))}


async def label(database: Database, scope: Scope, text: str) -> None:
    cleaned = text.strip()
    if len(cleaned) > _LONGEST_LABEL or not cleaned.isprintable():
        raise InvalidValue(f"a domain has {_LONGEST_LABEL} characters at most, on one line", field="domain")
    await database.execute(SQL["label"], scope.site, cleaned)


async def transfer(database: Database, scope: Scope, to: Scope) -> None:
    """Give the site to the team of another scope, in which the caller may create sites."""
    assert to.permission is Permission.SITE_CREATE
    async with database.transaction() as connection:
        await _transfer(connection, scope, to.tenant)


async def transfer_to_oneself(database: Database, scope: Scope) -> None:
    """Take the site into the caller's team of one, which is made where there is none."""
    caller = scope.caller
    async with database.transaction() as connection:
        mine = await connection.fetchval(SQL["team_of_one"], caller.user_id)
        if mine is not None and not caller.holds(Permission.SITE_CREATE, mine):
            raise NotAllowed(hint=f"This needs the permission {Permission.SITE_CREATE.value}.")
        await _transfer(connection, scope, mine if mine is not None else await _team_of_one(connection, caller))


async def retain(database: Database, scope: Scope, days: Mapping[Kept, int]) -> Site:
    """Say how many days each of these kinds is kept; kinds that are not named stay as they are."""
    for kind, wanted in days.items():
        if not 1 <= wanted <= MOST_DAYS:
            raise InvalidValue(
                f"{kind.value} cannot be kept {wanted} days", field=kind.value, hint=f"Choose 1 to {MOST_DAYS} days."
            )
    async with database.transaction() as connection:
        found = _site(await connection.fetchrow(SQL["hold"], scope.site))
        before, after = found.retention, {**found.retention, **days}
        if before == after:
            return found
        await connection.execute(SQL["retain"], scope.site, *(after[kind] for kind in Kept))
        await audit.record(
            connection, scope.caller, Action.SITE_RETENTION, (Thing.SITE, scope.site), tenant_id=scope.tenant,
            kinds=[f"{kind.value}:{before[kind]}:{after[kind]}" for kind in Kept if before[kind] != after[kind]],
        )  # fmt: skip
        return _site(await connection.fetchrow(SQL["show"], scope.site))


async def protect(database: Database, scope: Scope, wanted: PrivacyChange) -> Site:
    """Say what the site may collect, and for how long a visitor is recognised."""
    named = msgspec.structs.asdict(wanted)
    changes = {name: value for name, value in named.items() if value is not msgspec.UNSET}
    _check_privacy(changes)
    async with database.transaction() as connection:
        found = _site(await connection.fetchrow(SQL["hold"], scope.site))
        after = msgspec.structs.replace(found.privacy, **changes)
        if after == found.privacy and found.privacy_answered_at is not None:
            return found
        await connection.execute(SQL["protect"], scope.site, *msgspec.structs.astuple(after), clock.now())
        before = msgspec.structs.asdict(found.privacy)
        await audit.record(
            connection, scope.caller, Action.SITE_PRIVACY, (Thing.SITE, scope.site), tenant_id=scope.tenant,
            fields=[f"{name}:{_word(value)}" for name, value in changes.items() if before[name] != value],
        )  # fmt: skip
        return _site(await connection.fetchrow(SQL["show"], scope.site))


async def privacy_of(database: Database, site_id: int) -> Privacy:
    """What a living site may collect: for whoever receives its signals, so without a caller."""
    row = await database.fetchrow(SQL["privacy"], site_id)
    if row is None:
        raise NotFound("there is no such site")
    return _privacy(row)


async def kept(database: Database) -> dict[int, dict[Kept, int]]:
    """How many days each site keeps each kind: for whoever erases what is older, so without a caller."""
    rows = await database.fetch(SQL["kept"])
    return {row["id"]: {kind: row[f"{kind.value}_days"] for kind in Kept} for row in rows}


async def remove(connection: "PoolConnectionProxy", scope: Scope) -> None:
    """Take the site away, for readers and for collecting; whoever calls this erases its data, too."""
    await connection.execute(SQL["remove"], scope.site, clock.now())
    await audit.record(connection, scope.caller, Action.SITE_REMOVE, (Thing.SITE, scope.site), tenant_id=scope.tenant)


async def reset(connection: "PoolConnectionProxy", scope: Scope) -> None:
    """Note that the site begins anew; whoever calls this erases its data."""
    await connection.execute(SQL["reset"], scope.site, clock.now())
    await audit.record(connection, scope.caller, Action.SITE_RESET, (Thing.SITE, scope.site), tenant_id=scope.tenant)


def _only_team(scope: Scope) -> int | None:
    """The team that is meant where none is named: one's own, also for an admin, who could take any."""
    caller = scope.caller
    mine = scope.tenants & caller.teams.keys()
    if not mine and (caller.user_id is None or caller.key is not None):
        mine = scope.tenants
    if len(mine) > 1:
        raise InvalidValue("there are several teams", field="team", hint="Say which one the site belongs to.")
    return next(iter(mine), None)


async def _transfer(connection: Any, scope: Scope, tenant_id: int) -> None:
    if await connection.fetchval(SQL["hold_team"], tenant_id) is None:
        raise NotFound("there is no such team, or you may not see it", field="team")
    await connection.execute(SQL["transfer"], scope.site, tenant_id)
    await audit.record(connection, scope.caller, Action.SITE_TRANSFER, (Thing.SITE, scope.site), tenant_id=scope.tenant)


async def _team_of_one(connection: Any, caller: Caller) -> int:
    if caller.user_id is None or caller.key is not None or not caller.holds(Permission.SITE_CREATE):
        raise NotAllowed("there is no team that the site could belong to", hint="Create a team first.")
    name = await connection.fetchval(SQL["name_of_user"], caller.user_id)
    return await teams.insert(connection, caller, name, owner_id=caller.user_id, personal=True)


def _site(row: asyncpg.Record | None) -> Site:
    if row is None:
        raise NotFound("there is no such site, or you may not see it")
    fields = {name: row[name] for name in Site.__struct_fields__ if name not in {"retention", "privacy"}}
    kept = {kind: row[f"{kind.value}_days"] for kind in Kept}
    return Site(**fields, retention=kept, privacy=_privacy(row))


def _privacy(row: asyncpg.Record) -> Privacy:
    return msgspec.convert({name: row[name] for name in Privacy.__struct_fields__}, Privacy)


def _check_privacy(changes: Mapping[str, object]) -> None:
    for name, value in changes.items():
        try:
            msgspec.convert({name: value}, Privacy)
        except msgspec.ValidationError as exc:
            raise InvalidValue(f"{name} cannot be {shown(str(value))}", field=name, hint=_CHOICES[name]) from exc


def _word(value: object) -> str:
    return str(value).lower()
