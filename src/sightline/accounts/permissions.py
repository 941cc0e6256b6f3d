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
    CLOUD_READ = "cloud:read"
    CLOUD_REPORT = "cloud:report"

    TEAM_READ = "team:read"
    TEAM_CHANGE = "team:change"
    TEAM_DELETE = "team:delete"
    MEMBER_MANAGE = "member:manage"
    OWNER_MANAGE = "owner:manage"
    AUDIT_READ = "audit:read"
    SITE_CREATE = "site:create"

    VAULT_READ = "vault:read"
    VAULT_WRITE = "vault:write"
    VAULT_REVEAL = "vault:reveal"
    VAULT_ERASE = "vault:erase"
    VAULT_AUDIT = "vault:audit"
    VAULT_ROTATE = "vault:rotate"

    SITE_READ = "site:read"
    SITE_ERRORS = "site:errors"
    SITE_LOGS = "site:logs"
    SITE_CHANGE = "site:change"
    SITE_DELETE = "site:delete"
    SITE_ERASE = "site:erase"
    SITE_RETENTION = "site:retention"
    SITE_QUARANTINE = "site:quarantine"
    SITE_SEND = "site:send"
    SITE_SEND_LOGS = "site:send-logs"
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
    (P.CLOUD_READ, Level.INSTANCE, "See what runs on AWS costs, its tags, and how it was verified."),
    (P.CLOUD_REPORT, Level.INSTANCE, "Send what `sightline aws` found to the server."),
    (P.TEAM_READ, Level.TEAM, "See a team and its members."),
    (P.TEAM_CHANGE, Level.TEAM, "Rename a team."),
    (P.TEAM_DELETE, Level.TEAM, "Remove a team."),
    (P.MEMBER_MANAGE, Level.TEAM, "Add, invite, change and remove members, except owners."),
    (P.OWNER_MANAGE, Level.TEAM, "Make somebody an owner, or an owner something else."),
    (P.AUDIT_READ, Level.TEAM, "Read the audit of access."),
    (P.SITE_CREATE, Level.TEAM, "Create a site."),
    (P.VAULT_READ, Level.TEAM, "See the subjects of the vault, masked, and search for them."),
    (P.VAULT_WRITE, Level.TEAM, "Add and change subjects of the vault."),
    (P.VAULT_REVEAL, Level.TEAM, "Read values of the vault, for a declared purpose."),
    (P.VAULT_ERASE, Level.TEAM, "Erase subjects of the vault, and answer what they ask for."),
    (P.VAULT_AUDIT, Level.TEAM, "Read and verify the audit of the vault, and see its rotations."),
    (P.VAULT_ROTATE, Level.TEAM, "Rotate the keys of the vault, and take a rotation back."),
    (P.SITE_READ, Level.SITE, "See a site and what was measured on it."),
    (P.SITE_ERRORS, Level.SITE, "See a site's errors one by one, with the source code around them."),
    (P.SITE_LOGS, Level.SITE, "Search the lines that a site's backend writes, and follow them."),
    (P.SITE_CHANGE, Level.SITE, "Change a site's name, domains, time zone and settings; decide about its errors."),
    (P.SITE_DELETE, Level.SITE, "Remove a site with all its data."),
    (P.SITE_ERASE, Level.SITE, "Erase what a visitor, visit or person left on a site, or all of its data."),
    (P.SITE_RETENTION, Level.SITE, "Say how long a site's data are kept."),
    (P.SITE_QUARANTINE, Level.SITE, "See what was kept out of a site's data, and let it in."),
    (P.SITE_SEND, Level.SITE, "Send a site's hits on behalf of visitors: with their address, agent and time."),
    (P.SITE_SEND_LOGS, Level.SITE, "Send the lines that a site's backend writes."),
    (P.SITE_PRIVACY, Level.SITE, "Say what a site may collect, and who is asked first."),
)
_LEVELS: Final = {permission: level for permission, level, _ in _ROWS}
_MEANINGS: Final = {permission: meaning for permission, _, meaning in _ROWS}

_OWN: Final = frozenset({P.SELF_READ, P.SELF_CHANGE, P.KEY_MANAGE})
_VIEW: Final = frozenset({P.TEAM_READ, P.SITE_READ, P.SITE_ERRORS, P.SITE_LOGS})

# What a role of the instance allows by itself. That everybody may ask for teams and sites says nothing about which are
# found: that is for the team roles. A member may create a site, since a team of one is made where there is none.
BY_ROLE: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.ADMIN: frozenset(Permission),
        Role.MEMBER: _OWN | _VIEW | {P.TEAM_CREATE, P.SITE_CREATE},
        Role.VIEWER: _OWN | _VIEW,
    }
)

_MEMBER: Final = _VIEW | {P.SITE_CREATE, P.SITE_CHANGE, P.SITE_SEND, P.SITE_SEND_LOGS}
_MANAGER: Final = _MEMBER | {
    P.TEAM_CHANGE, P.MEMBER_MANAGE, P.SITE_DELETE, P.SITE_ERASE, P.SITE_RETENTION, P.SITE_QUARANTINE,
    P.SITE_PRIVACY, P.VAULT_READ, P.VAULT_WRITE,
}  # fmt: skip
_OWNER: Final = _MANAGER | {
    P.TEAM_DELETE, P.OWNER_MANAGE, P.AUDIT_READ, P.VAULT_REVEAL, P.VAULT_ERASE, P.VAULT_AUDIT, P.VAULT_ROTATE,
}  # fmt: skip

BY_TEAM_ROLE: Final[Mapping[TeamRole, frozenset[Permission]]] = MappingProxyType(
    {
        TeamRole.OWNER: _OWNER,
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
