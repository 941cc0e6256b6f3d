"""Websites: our sites. Umami's `domain` is what people see; it keeps no hit out, as it does not there."""

from collections.abc import Sequence
from typing import Any

import msgspec

from sightline.accounts import shares, sites
from sightline.accounts.permissions import Permission
from sightline.accounts.shares import Shared
from sightline.accounts.sites import NewSite, Site, SiteChange
from sightline.compat.umami import ids
from sightline.compat.umami.calls import Body, Call, Ok
from sightline.compat.umami.erasing import delete_site, reset_site
from sightline.compat.umami.paging import MOST, paged
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue, NotFound


class NewWebsite(Body):
    """A new website; with `teamId` that team's, else one's own."""

    name: str
    domain: str = ""
    team_id: str | None = None
    id: str | None = None
    share_id: str | None = None


class WebsiteChange(Body):
    """What shall change."""

    name: str | None = None
    domain: str | None = None
    share_id: str | msgspec.UnsetType | None = msgspec.UNSET


class Transfer(Body):
    """To whom."""

    user_id: str | None = None
    team_id: str | None = None


async def rows(call: Call, found: Sequence[Site]) -> list[dict[str, Any]]:
    """Sites as Umami shows them."""
    labels = await sites.labels(call.database, [site.id for site in found])
    # Whoever holds a share is not told of another one, which may show more.
    shared = [] if call.caller.share is not None else [site.id for site in found]
    slugs = await shares.slugs(call.database, shared)
    team = await ids.of_teams(call.database, (site.tenant_id for site in found))
    user = await ids.of_users(call.database, (site.created_by for site in found))
    return [_row(site, labels.get(site.id), slugs.get(site.id), team.get(site.tenant_id), user.get(site.created_by))
            for site in found]  # fmt: skip


def _row(site: Site, label: str | None, slug: str | None, team: str | None, user: str | None) -> dict[str, Any]:
    return {
        "id": str(site.uuid), "name": site.name, "domain": label or next(iter(site.domains), ""), "shareId": slug,
        "resetAt": site.reset_at, "userId": user if team is None else None, "teamId": team, "createdBy": user,
        "createdAt": site.created_at, "updatedAt": site.created_at, "deletedAt": None, "recorderEnabled": False,
        "replayConfig": None,
    }  # fmt: skip


async def one(call: Call) -> dict[str, Any]:
    (found,) = await rows(call, [await sites.show(call.database, call.scope)])
    return found


async def listed(call: Call, found: Sequence[Site]) -> dict[str, Any]:
    return paged(call, await rows(call, found), dict, search=("name", "domain"))


async def listing(call: Call) -> dict[str, Any]:
    """Those of one's own teams, also for an admin, who sees all under `/admin/websites`."""
    found = await sites.listing(call.database, call.scope, limit=MOST)
    return await listed(call, [site for site in found if site.tenant_id in call.caller.teams])


async def all_websites(call: Call) -> dict[str, Any]:
    scope = await call.scope_of(Permission.SITE_READ)
    return await listed(call, await sites.listing(call.database, scope, limit=MOST))


async def create(call: Call) -> dict[str, Any]:
    body, scope, tenant_id = call.body(NewWebsite), call.scope, None
    if body.team_id:
        scope = await call.scope_of(Permission.SITE_CREATE, team=body.team_id, field="teamId")
        tenant_id = scope.tenant
    wanted = ids.read_uuid(body.id, "id") if body.id else None
    made = await sites.create(call.database, scope, NewSite(name=body.name), tenant_id=tenant_id, wanted=wanted)
    await call.refresh()
    call.granted = await call.scope_of(Permission.SITE_READ, site=str(made.uuid))
    await sites.label(call.database, call.scope, body.domain)
    if body.share_id:
        await _share(call, body.share_id)
    return await one(call)


async def change(call: Call) -> dict[str, Any]:
    body = call.body(WebsiteChange)
    if body.name is not None:
        await sites.change(call.database, call.scope, SiteChange(name=body.name))
    if body.domain is not None:
        await sites.label(call.database, call.scope, body.domain)
    if body.share_id is not msgspec.UNSET:
        for found in await shares.listing(call.database, Shared.SITE, call.scope.site):
            await shares.remove(call.database, found)
        if body.share_id:
            await _share(call, body.share_id)
    return await one(call)


async def _share(call: Call, slug: str) -> None:
    name = (await sites.show(call.database, call.scope)).name
    await shares.create(call.database, call.caller, Shared.SITE, call.scope.site, name=name, shows={}, slug=slug)


async def remove(call: Call) -> Ok:
    await delete_site(call.house, call.scope)
    return Ok()


async def reset(call: Call) -> Ok:
    await reset_site(call.house, call.scope)
    return Ok()


async def transfer(call: Call) -> dict[str, Any]:
    """Give the site to a team in which the caller may create sites; to a user only to oneself."""
    body = call.body(Transfer)
    if bool(body.team_id) is bool(body.user_id):
        raise InvalidValue("name one of teamId and userId", field="teamId")
    if body.team_id:
        to = await call.scope_of(Permission.SITE_CREATE, team=body.team_id, field="teamId")
        await sites.transfer(call.database, call.scope, to)
    else:
        mine = await ids.of_users(call.database, [call.caller.user_id])
        if str(ids.read_uuid(body.user_id, "userId")) != mine.get(call.caller.user_id):
            raise NotFound("a site is given to a team, or taken by oneself", field="userId")
        await sites.transfer_to_oneself(call.database, call.scope)
    await call.refresh()
    call.granted = await call.scope_of(Permission.SITE_READ, site=call.parts["site"])
    return await one(call)


P = Permission
ROUTES = (
    route("GET", "/websites", P.SITE_READ, listing),
    route("POST", "/websites", P.SITE_CREATE, create),
    route("GET", "/me/websites", P.SITE_READ, listing),
    route("GET", "/admin/websites", P.USER_MANAGE, all_websites),
    route("GET", "/websites/{site}", P.SITE_READ, one, "any"),
    route("POST", "/websites/{site}", P.SITE_CHANGE, change),
    route("DELETE", "/websites/{site}", P.SITE_DELETE, remove),
    route("POST", "/websites/{site}/reset", P.SITE_ERASE, reset),
    route("POST", "/websites/{site}/transfer", P.SITE_DELETE, transfer),
)
