"""Boards: what somebody put together to look at. A user's own, or a team's; a user's dashboard is one of them."""

import uuid
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Permission
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotAllowed, NotFound
from sightline.sql import queries

SQL: Final = queries("sightline.accounts", "boards.sql")
_LONGEST: Final = 200_000


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """One board. `layout` is for whoever draws it."""

    id: int
    uuid: uuid.UUID
    user_id: int | None
    tenant_id: int | None
    kind: str
    name: str
    description: str
    layout: Any
    created_at: datetime
    changed_at: datetime


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What a board is, apart from whose."""

    name: str
    kind: str = "mixed"
    description: str = ""
    layout: Any = msgspec.field(default_factory=dict)


async def listing(database: Database, user_id: int | None, tenant_ids: list[int]) -> list[Board]:
    return [_board(row) for row in await database.fetch(SQL["list"], user_id, tenant_ids)]


async def show(database: Database, caller: Caller, board: uuid.UUID, *, change: bool = False) -> Board:
    """A board that the caller may see, or change: one's own, or that of a team in which one may change sites."""
    found = _board(await database.fetchrow(SQL["by_uuid"], board))
    if caller.share is not None:
        if change or caller.share.board_id != found.id:
            raise _unknown()
    elif found.user_id is not None:
        if found.user_id != caller.user_id:
            raise _unknown()
    elif not caller.holds(Permission.TEAM_READ, found.tenant_id):
        raise _unknown()
    elif change and not caller.holds(Permission.SITE_CHANGE, found.tenant_id):
        raise NotAllowed(hint=f"This needs the permission {Permission.SITE_CHANGE.value}.")
    return found


async def create(
    database: Database, drawn: Drawn, *, user_id: int | None = None, tenant_id: int | None = None
) -> Board:
    name, kind, description, layout = _checked(drawn)
    row = await database.fetchrow(
        SQL["insert"], uuid.uuid4(), user_id, tenant_id, kind, name, description, layout, clock.now()
    )
    return _board(row)


async def change(database: Database, board: Board, drawn: Drawn) -> Board:
    name, kind, description, layout = _checked(drawn)
    return _board(await database.fetchrow(SQL["change"], board.id, name, description, layout, kind, clock.now()))


async def remove(database: Database, board: Board) -> None:
    if await database.fetchval(SQL["remove"], board.id) is None:
        raise _unknown()


async def dashboard(database: Database, user_id: int) -> Board | None:
    row = await database.fetchrow(SQL["dashboard"], user_id)
    return None if row is None else _board(row)


async def put_dashboard(database: Database, user_id: int, drawn: Drawn) -> Board:
    name, _, description, layout = _checked(drawn)
    row = await database.fetchrow(SQL["put_dashboard"], uuid.uuid4(), user_id, name, description, layout, clock.now())
    return _board(row)


def _checked(drawn: Drawn) -> tuple[str, str, str, str]:
    for field, text, most in (
        ("name", drawn.name, 200), ("type", drawn.kind, 50), ("description", drawn.description, 500),
    ):  # fmt: skip
        if len(text) > most or "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
            raise InvalidValue(f"{field} has {most} characters at most", field=field)
    layout = msgspec.json.encode(drawn.layout).decode()
    if len(layout) > _LONGEST or "\\u0000" in layout:
        raise InvalidValue(f"parameters have {_LONGEST:,} characters at most, and none that is no text",
                           field="parameters")  # fmt: skip
    return drawn.name, drawn.kind, drawn.description, layout


def _board(row: asyncpg.Record | None) -> Board:
    if row is None:
        raise _unknown()
    return Board(**{**row, "layout": msgspec.json.decode(row["layout"])})


def _unknown() -> NotFound:
    return NotFound("there is no such board, or you may not see it")
