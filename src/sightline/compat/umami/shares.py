"""Shares of websites, links, pixels and boards. What a share shows is held by the server, route by route."""

from typing import Any, Final
from uuid import UUID

import msgspec

from sightline.accounts import audit, links, shares
from sightline.accounts import boards as board_store
from sightline.accounts.audit import Action, Thing
from sightline.accounts.links import LinkKind
from sightline.accounts.permissions import Permission
from sightline.accounts.shares import Share, Shared
from sightline.compat.umami import boards, ids
from sightline.compat.umami.calls import Body, Call, Ok, no_such
from sightline.compat.umami.links import placed_at
from sightline.compat.umami.paging import paged
from sightline.compat.umami.routes import route

# Umami's numbers of what is shared.
_SITE, _LINK, _PIXEL, _BOARD = 1, 2, 3, 4
_NAMES: Final = {_SITE: "website", _LINK: "link", _PIXEL: "pixel", _BOARD: "board"}


class NewShare(Body):
    """What a new share needs to be told; the route says of what."""

    name: str = "Share"
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    slug: str | None = None


class NewShareOf(NewShare):
    """The same, with what is shared."""

    entity_id: str = ""
    share_type: int = _SITE


class ShareChange(Body):
    """What shall change."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    slug: str | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


def row(share: Share, entity: UUID | str, number: int) -> dict[str, Any]:
    return {
        "id": str(share.uuid), "entityId": str(entity), "name": share.name, "shareType": number, "slug": share.slug,
        "parameters": share.shows, "createdAt": share.created_at, "updatedAt": share.changed_at,
    }  # fmt: skip


class Entity(msgspec.Struct, frozen=True):
    """What is shared: its UUID, our id of it, and Umami's number for what it is."""

    uuid: str
    what: Shared
    id: int
    number: int


async def _entity(call: Call, number: int, text: str, permission: Permission) -> Entity:
    """What an id and Umami's number say, once the caller may do that with it."""
    wanted = ids.read_uuid(text, "entityId")
    if number == _SITE:
        call.granted = await call.scope_of(permission, site=str(wanted), field="entityId")
        return Entity(str(wanted), Shared.SITE, call.scope.site, number)
    if number in {_LINK, _PIXEL}:
        placed = await links.place(call.database, wanted, LinkKind.LINK if number == _LINK else LinkKind.PIXEL)
        call.granted = await call.scope_of(permission, site=str(placed.site_uuid))
        return Entity(str(wanted), Shared.LINK, placed.link.id, number)
    if number == _BOARD:
        change = permission is not Permission.SITE_READ
        board = await board_store.show(call.database, call.caller, wanted, change=change)
        return Entity(str(wanted), Shared.BOARD, board.id, number)
    raise no_such("thing to share")


async def _create(call: Call, entity: Entity, body: NewShare) -> dict[str, Any]:
    made = await shares.create(
        call.database, call.caller, entity.what, entity.id, name=body.name, shows=body.parameters, slug=body.slug or "",
    )  # fmt: skip
    await _note(call, Action.SHARE_CREATE, made)
    return row(made, entity.uuid, entity.number)


async def _note(call: Call, action: Action, share: Share) -> None:
    tenants = call.granted.tenants if call.granted is not None else frozenset[int]()
    tenant = next(iter(tenants)) if len(tenants) == 1 else None
    await audit.record(call.database, call.caller, action, (Thing.SHARE, share.id), tenant_id=tenant)


async def _listed(call: Call, entity: Entity) -> dict[str, Any]:
    found = await shares.listing(call.database, entity.what, entity.id)
    return paged(call, found, lambda share: row(share, entity.uuid, entity.number))


async def of_site(call: Call) -> dict[str, Any]:
    return await _listed(call, Entity(call.parts["site"], Shared.SITE, call.scope.site, _SITE))


async def share_site(call: Call) -> dict[str, Any]:
    entity = Entity(call.parts["site"], Shared.SITE, call.scope.site, _SITE)
    return await _create(call, entity, call.body(NewShare))


async def of_link(call: Call) -> dict[str, Any]:
    placed = await placed_at(call, "link", Permission.SITE_CHANGE)
    return await _listed(call, Entity(str(placed.link.uuid), Shared.LINK, placed.link.id, _LINK))


async def share_link(call: Call) -> dict[str, Any]:
    placed = await placed_at(call, "link", Permission.SITE_CHANGE)
    return await _create(call, Entity(str(placed.link.uuid), Shared.LINK, placed.link.id, _LINK), call.body(NewShare))


async def of_pixel(call: Call) -> dict[str, Any]:
    placed = await placed_at(call, "pixel", Permission.SITE_CHANGE)
    return await _listed(call, Entity(str(placed.link.uuid), Shared.LINK, placed.link.id, _PIXEL))


async def share_pixel(call: Call) -> dict[str, Any]:
    placed = await placed_at(call, "pixel", Permission.SITE_CHANGE)
    return await _create(call, Entity(str(placed.link.uuid), Shared.LINK, placed.link.id, _PIXEL), call.body(NewShare))


async def of_board(call: Call) -> dict[str, Any]:
    board = await boards.at(call, change=True)
    return await _listed(call, Entity(str(board.uuid), Shared.BOARD, board.id, _BOARD))


async def share_board(call: Call) -> dict[str, Any]:
    board = await boards.at(call, change=True)
    return await _create(call, Entity(str(board.uuid), Shared.BOARD, board.id, _BOARD), call.body(NewShare))


async def create(call: Call) -> dict[str, Any]:
    body = call.body(NewShareOf)
    return await _create(call, await _entity(call, body.share_type, body.entity_id, Permission.SITE_CHANGE), body)


async def _at(call: Call) -> tuple[Share, Entity]:
    """The share of the address, once the caller may change what it shows."""
    found = await shares.show(call.database, ids.read_uuid(call.parts["share"], "shareId"))
    opened = await shares.opened(call.database, found.slug)
    number = _number(opened)
    return found, await _entity(call, number, str(opened.of), Permission.SITE_CHANGE)


def _number(opened: shares.Opened) -> int:
    if opened.what is Shared.LINK:
        return _PIXEL if opened.pixel else _LINK
    return _BOARD if opened.what is Shared.BOARD else _SITE


async def show(call: Call) -> dict[str, Any]:
    found, entity = await _at(call)
    return row(found, entity.uuid, entity.number)


async def change(call: Call) -> dict[str, Any]:
    (found, entity), body = await _at(call), call.body(ShareChange)
    changed = await shares.change(
        call.database, found, name=found.name if body.name is msgspec.UNSET else body.name,
        slug=found.slug if body.slug is msgspec.UNSET else body.slug,
        shows=found.shows if body.parameters is msgspec.UNSET else body.parameters,
    )  # fmt: skip
    await _note(call, Action.SHARE_CHANGE, changed)
    return row(changed, entity.uuid, entity.number)


async def remove(call: Call) -> Ok:
    found, _ = await _at(call)
    await shares.remove(call.database, found)
    await _note(call, Action.SHARE_REMOVE, found)
    return Ok()


async def opened(call: Call) -> dict[str, Any]:
    """Open a share by its slug: what it shows, and the token for what follows, which lasts a day."""
    found = await shares.opened(call.database, call.parts["slug"])
    number = _number(found)
    named: dict[str, Any] = {f"{_NAMES[number]}Id": str(found.of)}
    if number == _BOARD:
        named["websiteIds"] = [str(site) for site in found.sites]
    return {"shareId": str(found.uuid), "shareType": number, "parameters": found.shows, **named, "token": found.token}


P = Permission
ROUTES = (
    route("GET", "/websites/{site}/shares", P.SITE_CHANGE, of_site),
    route("POST", "/websites/{site}/shares", P.SITE_CHANGE, share_site),
    route("GET", "/links/{link}/shares", P.SITE_CHANGE, of_link),
    route("POST", "/links/{link}/shares", P.SITE_CHANGE, share_link),
    route("GET", "/pixels/{pixel}/shares", P.SITE_CHANGE, of_pixel),
    route("POST", "/pixels/{pixel}/shares", P.SITE_CHANGE, share_pixel),
    route("GET", "/boards/{board}/shares", P.SITE_CREATE, of_board),
    route("POST", "/boards/{board}/shares", P.SITE_CREATE, share_board),
    route("POST", "/share", P.SITE_CHANGE, create),
    route("GET", "/share/id/{share}", P.SITE_CHANGE, show),
    route("POST", "/share/id/{share}", P.SITE_CHANGE, change),
    route("DELETE", "/share/id/{share}", P.SITE_CHANGE, remove),
    route("GET", "/share/{slug}", "whoever knows the slug may see what it shows: that is what a share is", opened),
)
