"""Boards of a site: saved reports side by side, in an order, with a width each."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import Field

from sightline.accounts import boards, sites
from sightline.accounts.boards import Drawn
from sightline.accounts.permissions import Permission
from sightline.errors import NotFound
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Text
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["boards"])
BoardId = Annotated[uuid.UUID, Path(description="The board's UUID.")]
# Boards that clients of other products drew are drawn by them.
_KIND: Final = "tiles"


class Tile(Body):
    """A saved report, and how much of the board's width it takes."""

    saved: Annotated[str, Field(max_length=36, description="The saved report's UUID.")]
    width: Annotated[int, Field(ge=1, le=2)] = 1


class Board(Answer):
    """A board: its tiles from left to right and top to bottom."""

    uuid: uuid.UUID
    name: str
    description: str
    tiles: list[Tile]
    created_at: datetime
    changed_at: datetime


class NewBoard(Body):
    """What is kept."""

    name: Text
    description: Annotated[str, Field(max_length=500)] = ""
    tiles: Annotated[list[Tile], Field(max_length=40, default_factory=list)]


@router.get("/sites/{site}/boards")
async def listing(access: Annotated[Access, requires_on_site(Permission.SITE_READ)]) -> Page[Board]:
    """List the boards of a site; there are few, so there is one page."""
    site = await sites.show(access.database, access.scope)
    found = await boards.listing(access.database, None, [site.tenant_id])
    return Page(items=[_shape(one) for one in found if _is_of(one, site)], next=None)


@router.post("/sites/{site}/boards", status_code=201)
async def create(body: NewBoard, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]) -> Board:
    """Make a board."""
    site = await sites.show(access.database, access.scope)
    return _shape(await boards.create(access.database, _drawn(body, site), tenant_id=site.tenant_id))


@router.get("/sites/{site}/boards/{board}")
async def show(access: Annotated[Access, requires_on_site(Permission.SITE_READ)], board: BoardId) -> Board:
    """One board."""
    found, _ = await _found(access, board, change=False)
    return _shape(found)


@router.put("/sites/{site}/boards/{board}")
async def change(
    body: NewBoard, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], board: BoardId
) -> Board:
    """Replace a board."""
    found, site = await _found(access, board, change=True)
    return _shape(await boards.change(access.database, found, _drawn(body, site)))


@router.delete("/sites/{site}/boards/{board}", status_code=204)
async def remove(access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], board: BoardId) -> None:
    """Remove a board; the saved reports on it stay."""
    found, _ = await _found(access, board, change=True)
    await boards.remove(access.database, found)


async def _found(access: Access, board: uuid.UUID, *, change: bool) -> tuple[boards.Board, sites.Site]:
    site = await sites.show(access.database, access.scope)
    found = await boards.show(access.database, access.caller, board, change=change)
    if not _is_of(found, site):
        raise NotFound("there is no such board, or you may not see it")
    return found, site


def _is_of(board: boards.Board, site: sites.Site) -> bool:
    layout: Any = board.layout
    return board.kind == _KIND and board.tenant_id == site.tenant_id and layout.get("site") == str(site.uuid)


def _drawn(body: NewBoard, site: sites.Site) -> Drawn:
    layout = {"site": str(site.uuid), "tiles": [tile.model_dump() for tile in body.tiles]}
    return Drawn(name=body.name, kind=_KIND, description=body.description, layout=layout)


def _shape(board: boards.Board) -> Board:
    tiles = [Tile.model_validate(tile) for tile in board.layout["tiles"]]
    return Board(
        uuid=board.uuid, name=board.name, description=board.description, tiles=tiles, created_at=board.created_at,
        changed_at=board.changed_at,
    )  # fmt: skip
