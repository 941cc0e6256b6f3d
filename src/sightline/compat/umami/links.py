"""Links and pixels. Umami's stand alone; ours count for a site, so one is chosen where the client names none."""

from typing import Any, Final, Literal

from sightline.accounts import links, sites
from sightline.accounts.links import LinkChange, LinkKind, NewLink, Placed
from sightline.accounts.permissions import Permission
from sightline.compat.umami import ids
from sightline.compat.umami.calls import Body, Call, Ok
from sightline.compat.umami.paging import MOST, paged
from sightline.compat.umami.routes import Route, route
from sightline.errors import InvalidValue

_KINDS: Final = {"link": LinkKind.LINK, "pixel": LinkKind.PIXEL}
Name = Literal["link", "pixel"]


class NewOne(Body):
    """A new link or pixel, of the site `websiteId`, else of the first site of the team or of one's own."""

    name: str
    slug: str = ""
    url: str = ""
    team_id: str | None = None
    website_id: str | None = None


class ChangedOne(Body):
    """What shall change."""

    name: str | None = None
    slug: str | None = None
    url: str | None = None


def row(placed: Placed, team: str | None) -> dict[str, Any]:
    link = placed.link
    found = {
        "id": str(link.uuid), "name": link.name, "slug": link.slug, "userId": None, "teamId": team,
        "websiteId": str(placed.site_uuid), "createdAt": link.created_at, "updatedAt": link.created_at,
        "deletedAt": None,
    }  # fmt: skip
    return {**found, "url": link.url} if link.kind is LinkKind.LINK else found


async def _listed(call: Call, found: list[Placed]) -> dict[str, Any]:
    team = await ids.of_teams(call.database, (placed.tenant_id for placed in found))
    return paged(call, found, lambda placed: row(placed, team.get(placed.tenant_id)), search=("name", "slug", "url"))


async def _one(call: Call, placed: Placed) -> dict[str, Any]:
    team = await ids.of_teams(call.database, [placed.tenant_id])
    return row(placed, team.get(placed.tenant_id))


async def of_team(call: Call, kind: Name) -> dict[str, Any]:
    scope = await call.scope_of(Permission.SITE_READ)
    found = await links.of_sites(call.database, scope, _KINDS[kind], limit=MOST)
    return await _listed(call, [placed for placed in found if placed.tenant_id == call.scope.tenant])


async def placed_at(call: Call, kind: Name, permission: Permission) -> Placed:
    """The link or pixel of the address, once the caller may do that with its site."""
    wanted = ids.read_uuid(call.parts[kind], f"{kind}Id")
    found = await links.place(call.database, wanted, _KINDS[kind])
    call.granted = await call.scope_of(permission, site=str(found.site_uuid))
    return found


async def _site_for(call: Call, body: NewOne) -> None:
    """Narrow the call to the site that a new one counts for."""
    if body.website_id:
        call.granted = await call.scope_of(Permission.SITE_CHANGE, site=body.website_id, field="websiteId")
        return
    tenant = None
    if body.team_id:
        tenant = (await call.scope_of(Permission.TEAM_READ, team=body.team_id, field="teamId")).tenant
    found = await sites.listing(call.database, call.scope, tenant_id=tenant, limit=MOST)
    own = [site for site in found if tenant is not None or site.tenant_id in call.caller.teams]
    if not own:
        raise InvalidValue("there is no site that it could count for", field="websiteId",
                           hint="Create a website first.")  # fmt: skip
    call.granted = await call.scope_of(Permission.SITE_CHANGE, site=str(own[0].uuid))


def _routes(kind: Name) -> tuple[Route, ...]:
    async def listing(call: Call) -> dict[str, Any]:
        found = await links.of_sites(call.database, call.scope, _KINDS[kind], limit=MOST)
        return await _listed(call, [placed for placed in found if placed.tenant_id in call.caller.teams])

    async def create(call: Call) -> dict[str, Any]:
        body = call.body(NewOne)
        await _site_for(call, body)
        new = NewLink(kind=_KINDS[kind], name=body.name, slug=body.slug, url=body.url)
        made = await links.create(call.database, call.scope, new)
        return await _one(call, await links.place(call.database, made.uuid, _KINDS[kind]))

    async def show(call: Call) -> dict[str, Any]:
        return await _one(call, await placed_at(call, kind, Permission.SITE_READ))

    async def change(call: Call) -> dict[str, Any]:
        placed, body = await placed_at(call, kind, Permission.SITE_CHANGE), call.body(ChangedOne)
        wanted = LinkChange(name=body.name, slug=body.slug, url=body.url)
        changed = await links.change(call.database, call.scope, placed.link, wanted)
        return await _one(call, await links.place(call.database, changed.uuid, _KINDS[kind]))

    async def remove(call: Call) -> Ok:
        placed = await placed_at(call, kind, Permission.SITE_CHANGE)
        await links.remove(call.database, call.scope, placed.link.id)
        return Ok()

    return (
        route("GET", f"/{kind}s", Permission.SITE_READ, listing),
        route("POST", f"/{kind}s", Permission.SITE_CHANGE, create),
        route("GET", f"/{kind}s/{{{kind}}}", Permission.SITE_READ, show),
        route("POST", f"/{kind}s/{{{kind}}}", Permission.SITE_CHANGE, change),
        route("DELETE", f"/{kind}s/{{{kind}}}", Permission.SITE_CHANGE, remove),
    )


ROUTES: Final = (*_routes("link"), *_routes("pixel"))
