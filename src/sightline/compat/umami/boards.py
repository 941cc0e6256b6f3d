"""Boards and the dashboard: what somebody put together.

A layout is kept as it is sent, and read for one thing only: which sites it names. Those have to be the caller's to see.
"""

from typing import Any

import msgspec

from sightline.accounts import boards
from sightline.accounts.boards import Board, Drawn
from sightline.accounts.permissions import Permission
from sightline.accounts.shares import named_in
from sightline.compat.umami import board_rows, ids
from sightline.compat.umami.calls import Body, Call, Ok
from sightline.compat.umami.paging import paged
from sightline.compat.umami.routes import route
from sightline.errors import NotFound


class NewBoard(Body):
    """A new board, of the team `teamId` or one's own."""

    name: str
    type: str = "mixed"
    description: str | None = None
    parameters: Any = None
    team_id: str | None = None


class BoardChange(Body):
    """What shall change."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    parameters: Any = msgspec.UNSET


async def at(call: Call, *, change: bool = False) -> Board:
    """The board of the address."""
    wanted = ids.read_uuid(call.parts["board"], "boardId")
    return await boards.show(call.database, call.caller, wanted, change=change)


async def _one(call: Call, board: Board) -> dict[str, Any]:
    (found,) = await board_rows.rows(call, [board])
    return found


async def _checked(call: Call, layout: object) -> Any:
    """A layout that names no site, link or pixel which the caller may not see."""
    named = {str(one) for one in named_in(layout)}
    foreign = await ids.of_foreign(call.database, named, await call.scope_of(Permission.SITE_READ))
    if foreign:
        raise NotFound("there is no such site, or you may not see it", field="parameters")
    return layout if layout is not None else {}


async def listing(call: Call) -> dict[str, Any]:
    found = await boards.listing(call.database, call.user_id, sorted(call.caller.teams))
    return paged(call, await board_rows.rows(call, found), dict, search=("name", "description"))


async def create(call: Call) -> dict[str, Any]:
    body = call.body(NewBoard)
    owner: dict[str, int] = {"user_id": call.user_id}
    if body.team_id:
        granted = await call.scope_of(Permission.SITE_CREATE, team=body.team_id, field="teamId")
        owner = {"tenant_id": granted.tenant}
    drawn = Drawn(name=body.name, kind=body.type, description=body.description or "",
                  layout=await _checked(call, body.parameters))  # fmt: skip
    return await _one(call, await boards.create(call.database, drawn, **owner))


async def show(call: Call) -> dict[str, Any]:
    return await _one(call, await at(call))


async def _changed(call: Call, before: Board) -> Drawn:
    body = call.body(BoardChange)
    layout = before.layout if body.parameters is msgspec.UNSET else await _checked(call, body.parameters)
    description = before.description if body.description is msgspec.UNSET else body.description
    return Drawn(
        name=before.name if body.name is msgspec.UNSET else body.name,
        kind=before.kind if body.type is msgspec.UNSET else body.type,
        description=description or "", layout=layout,
    )  # fmt: skip


async def change(call: Call) -> dict[str, Any]:
    before = await at(call, change=True)
    return await _one(call, await boards.change(call.database, before, await _changed(call, before)))


async def clone(call: Call) -> dict[str, Any]:
    """A copy, of whoever has the original."""
    before = await at(call, change=True)
    drawn = await _changed(call, before)
    await _checked(call, drawn.layout)
    made = await boards.create(call.database, drawn, user_id=before.user_id, tenant_id=before.tenant_id)
    return await _one(call, made)


async def remove(call: Call) -> Ok:
    await boards.remove(call.database, await at(call, change=True))
    return Ok()


async def dashboard(call: Call) -> dict[str, Any]:
    """The board that the caller begins with; made empty when it is first asked for."""
    found = await boards.dashboard(call.database, call.user_id)
    if found is None:
        found = await boards.put_dashboard(call.database, call.user_id, Drawn(name="Dashboard"))
    return await _one(call, found)


async def save_dashboard(call: Call) -> dict[str, Any]:
    body, before = call.body(BoardChange), await boards.dashboard(call.database, call.user_id)
    old = before or Drawn(name="Dashboard")
    drawn = Drawn(
        name=old.name if body.name is msgspec.UNSET else body.name,
        description=old.description if body.description is msgspec.UNSET else body.description or "",
        layout=old.layout if body.parameters is msgspec.UNSET else await _checked(call, body.parameters),
    )
    return await _one(call, await boards.put_dashboard(call.database, call.user_id, drawn))


P = Permission
ROUTES = (
    route("GET", "/boards", P.SITE_READ, listing),
    route("POST", "/boards", P.SITE_CREATE, create),
    route("GET", "/boards/{board}", P.SITE_READ, show, "board"),
    route("POST", "/boards/{board}", P.SITE_CREATE, change),
    route("DELETE", "/boards/{board}", P.SITE_CREATE, remove),
    route("POST", "/boards/{board}/clone", P.SITE_CREATE, clone),
    route("GET", "/dashboard", P.SITE_READ, dashboard),
    route("POST", "/dashboard", P.SITE_CREATE, save_dashboard),
)
