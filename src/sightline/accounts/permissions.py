"""What may be done, and which role may do it: one enum, one table per kind of role.

A user has one role in the instance (`Role`) and one in each team (`TeamRole`). What a user may do in a team is what the
team role allows; a viewer of the instance never changes anything, whatever the team says; an admin may do everything
everywhere. docs/reference/permissions.md is made from this file.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """A user's role in the whole instance."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class TeamRole(StrEnum):
    """A user's role in one team, the strongest first."""

    OWNER = "owner"
    MANAGER = "manager"
    MEMBER = "member"
    VIEWER = "viewer"


class Level(StrEnum):
    """What a permission is about, and so where it is looked for."""

    SELF = "self"
    INSTANCE = "instance"
    TEAM = "team"
    SITE = "site"


class Permission(StrEnum):
    """One thing that may be allowed; its value is what an API key names."""

    SELF_READ = "self:read"
    SELF_CHANGE = "self:change"
    KEY_MANAGE = "key:manage"

    USER_MANAGE = "user:manage"
    TEAM_CREATE = "team:create"
    JOB_READ = "job:read"
    JOB_RUN = "job:run"
    PRIVACY_READ = "privacy:read"
    PRIVACY_MANAGE = "privacy:manage"

    TEAM_READ = "team:read"
    TEAM_CHANGE = "team:change"
    TEAM_DELETE = "team:delete"
    MEMBER_MANAGE = "member:manage"
    OWNER_MANAGE = "owner:manage"
    AUDIT_READ = "audit:read"
    SITE_CREATE = "site:create"

    SITE_READ = "site:read"
    SITE_CHANGE = "site:change"
    SITE_DELETE = "site:delete"
    SITE_RETENTION = "site:retention"
    SITE_QUARANTINE = "site:quarantine"
    SITE_SEND = "site:send"
    SITE_PRIVACY = "site:privacy"

    @property
    def level(self) -> Level:
        return _LEVELS[self]

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


P = Permission

_ROWS: Final = (
    (P.SELF_READ, Level.SELF, "See one's own account, teams and sign-ins."),
    (P.SELF_CHANGE, Level.SELF, "Change one's own account and password, end one's sign-ins."),
    (P.KEY_MANAGE, Level.SELF, "Create, list and revoke one's own API keys."),
    (P.USER_MANAGE, Level.INSTANCE, "List, create, change, disable and remove users."),
    (P.TEAM_CREATE, Level.INSTANCE, "Create a team."),
    (P.JOB_READ, Level.INSTANCE, "See the background jobs and what came of them."),
    (P.JOB_RUN, Level.INSTANCE, "Start a background job now."),
    (P.PRIVACY_READ, Level.INSTANCE, "See the rules versions, the salts and what an audit finds."),
    (P.PRIVACY_MANAGE, Level.INSTANCE, "Activate rules, for the instance or a site."),
    (P.TEAM_READ, Level.TEAM, "See a team and its members."),
    (P.TEAM_CHANGE, Level.TEAM, "Rename a team."),
    (P.TEAM_DELETE, Level.TEAM, "Remove a team."),
    (P.MEMBER_MANAGE, Level.TEAM, "Add, invite, change and remove members, except owners."),
    (P.OWNER_MANAGE, Level.TEAM, "Make somebody an owner, or an owner something else."),
    (P.AUDIT_READ, Level.TEAM, "Read the audit of access."),
    (P.SITE_CREATE, Level.TEAM, "Create a site."),
    (P.SITE_READ, Level.SITE, "See a site and what was measured on it."),
    (P.SITE_CHANGE, Level.SITE, "Change a site's name, domains, time zone and settings."),
    (P.SITE_DELETE, Level.SITE, "Remove a site with all its data."),
    (P.SITE_RETENTION, Level.SITE, "Say how long a site's data are kept."),
    (P.SITE_QUARANTINE, Level.SITE, "See what was kept out of a site's data, and let it in."),
    (P.SITE_SEND, Level.SITE, "Send a site's hits on behalf of visitors: with their address, agent and time."),
    (P.SITE_PRIVACY, Level.SITE, "Say what a site may collect, and who is asked first."),
)
_LEVELS: Final = {permission: level for permission, level, _ in _ROWS}
_MEANINGS: Final = {permission: meaning for permission, _, meaning in _ROWS}

_OWN: Final = frozenset({P.SELF_READ, P.SELF_CHANGE, P.KEY_MANAGE})
_VIEW: Final = frozenset({P.TEAM_READ, P.SITE_READ})

# What a role of the instance allows by itself. That everybody may ask for teams and sites says nothing about which are
# found: that is for the team roles. A member may create a site, since a team of one is made where there is none.
BY_ROLE: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.ADMIN: frozenset(Permission),
        Role.MEMBER: _OWN | _VIEW | {P.TEAM_CREATE, P.SITE_CREATE},
        Role.VIEWER: _OWN | _VIEW,
    }
)

_MEMBER: Final = _VIEW | {P.SITE_CREATE, P.SITE_CHANGE, P.SITE_SEND}
_MANAGER: Final = _MEMBER | {
    P.TEAM_CHANGE, P.MEMBER_MANAGE, P.SITE_DELETE, P.SITE_RETENTION, P.SITE_QUARANTINE, P.SITE_PRIVACY,
}  # fmt: skip

BY_TEAM_ROLE: Final[Mapping[TeamRole, frozenset[Permission]]] = MappingProxyType(
    {
        TeamRole.OWNER: _MANAGER | {P.TEAM_DELETE, P.OWNER_MANAGE, P.AUDIT_READ},
        TeamRole.MANAGER: _MANAGER,
        TeamRole.MEMBER: _MEMBER,
        TeamRole.VIEWER: _VIEW,
    }
)

# An API key never signs in, changes passwords or makes further keys: whoever finds one shall not become its owner.
# Nor does it say what may be seen: somebody signs for that.
NOT_FOR_KEYS: Final = frozenset({P.SELF_CHANGE, P.KEY_MANAGE, P.USER_MANAGE, P.OWNER_MANAGE, P.PRIVACY_MANAGE})
FOR_KEYS: Final = tuple(permission for permission in Permission if permission not in NOT_FOR_KEYS)


def in_team(role: Role, team_role: TeamRole | None) -> frozenset[Permission]:
    """What somebody with these two roles may do in the team."""
    if role is Role.ADMIN:
        return BY_TEAM_ROLE[TeamRole.OWNER]
    if team_role is None:
        return frozenset()
    allowed = BY_TEAM_ROLE[team_role]
    return allowed & BY_TEAM_ROLE[TeamRole.VIEWER] if role is Role.VIEWER else allowed
