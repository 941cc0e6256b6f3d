"""Boards as Umami shows them."""

from collections.abc import Sequence
from typing import Any

from sightline.accounts.boards import Board
from sightline.compat.umami import ids
from sightline.compat.umami.calls import Call


async def rows(call: Call, found: Sequence[Board]) -> list[dict[str, Any]]:
    team = await ids.of_teams(call.database, (board.tenant_id for board in found))
    user = await ids.of_users(call.database, (board.user_id for board in found))
    return [
        {
            "id": str(board.uuid), "name": board.name, "type": board.kind, "description": board.description,
            "parameters": board.layout, "userId": user.get(board.user_id), "teamId": team.get(board.tenant_id),
            "createdAt": board.created_at, "updatedAt": board.changed_at,
        }
        for board in found
    ]  # fmt: skip
