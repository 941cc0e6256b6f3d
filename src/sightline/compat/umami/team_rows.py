"""Teams and members as Umami shows them."""

from typing import Any

from sightline.accounts.teams import Member, Team
from sightline.compat.umami.roles import TEAM_ROLE_NAMES


def row(team: Team, *, access_code: str | None = None) -> dict[str, Any]:
    """A team. Its access code is shown once, to whoever made it: see `teams`."""
    return {
        "id": str(team.uuid), "name": team.name, "accessCode": access_code, "logoUrl": None,
        "createdAt": team.created_at, "updatedAt": team.created_at, "deletedAt": None, "twoFactorRequired": False,
        "_count": {"members": team.members, "websites": team.sites},
    }  # fmt: skip


def member_row(team: Team, member: Member) -> dict[str, Any]:
    return {
        "id": str(member.user_uuid), "userId": str(member.user_uuid), "teamId": str(team.uuid),
        "role": TEAM_ROLE_NAMES[member.role], "createdAt": member.created_at, "updatedAt": member.created_at,
        "user": {"id": str(member.user_uuid), "username": member.login},
    }  # fmt: skip
