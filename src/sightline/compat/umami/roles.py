"""Umami's names of roles, and ours."""

from typing import Final, Literal

from sightline.accounts.permissions import Role, TeamRole

RoleName = Literal["admin", "user", "view-only"]
TeamRoleName = Literal["team-owner", "team-manager", "team-member", "team-view-only"]

ROLES: Final[dict[str, Role]] = {"admin": Role.ADMIN, "user": Role.MEMBER, "view-only": Role.VIEWER}
TEAM_ROLES: Final[dict[str, TeamRole]] = {
    "team-owner": TeamRole.OWNER, "team-manager": TeamRole.MANAGER, "team-member": TeamRole.MEMBER,
    "team-view-only": TeamRole.VIEWER,
}  # fmt: skip
ROLE_NAMES: Final = {role: name for name, role in ROLES.items()}
TEAM_ROLE_NAMES: Final = {role: name for name, role in TEAM_ROLES.items()}
