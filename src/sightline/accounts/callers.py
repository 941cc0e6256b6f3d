"""Who asks: a signed-in user, an API key, the holder of a share, the operator at the command line, or nobody."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from sightline.accounts.permissions import BY_ROLE, Level, Permission, Role, TeamRole, in_team


class CallerKind(StrEnum):
    """How somebody showed who they are."""

    USER = "user"
    KEY = "key"
    SHARE = "share"
    OPERATOR = "operator"
    NOBODY = "nobody"


class KeyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key narrows its user's permissions to."""

    key_id: int
    permissions: frozenset[Permission]
    tenant_id: int | None = None
    site_ids: frozenset[int] | None = None


class ShareLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever holds a share may look at: some sites, on some pages, perhaps through a filter that stays."""

    share_id: int
    board_id: int | None = None
    tenant_ids: frozenset[int]
    site_ids: frozenset[int]
    pages: frozenset[str]
    may_filter: bool = True
    only: tuple[str, ...] = ()


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, in which roles, and under which request id; everything that is allowed follows from it."""

    kind: CallerKind
    user_id: int | None = None
    role: Role | None = None
    teams: Mapping[int, TeamRole] = MappingProxyType({})
    sign_in_id: int | None = None
    key: KeyLimits | None = None
    share: ShareLimits | None = None
    request_id: str = ""

    @property
    def actor_id(self) -> int | None:
        return self.key.key_id if self.key else self.user_id

    @property
    def is_known(self) -> bool:
        return self.kind is not CallerKind.NOBODY

    @property
    def everywhere(self) -> bool:
        """Reaches every team, also those made tomorrow."""
        return self.role is Role.ADMIN and (self.key is None or self.key.tenant_id is None)

    def holds(self, permission: Permission, tenant_id: int | None = None) -> bool:
        """Whether the permission is given: in that team, or by the role in the instance where none is named."""
        if self.share is not None:  # it is looked at, site by site, and nothing else
            return permission is Permission.SITE_READ and tenant_id in self.share.tenant_ids
        if self.role is None or not self._key_lets(permission, tenant_id):
            return False
        if self.role is Role.ADMIN:
            return True
        if tenant_id is None or permission.level in {Level.SELF, Level.INSTANCE}:
            return permission in BY_ROLE[self.role]
        return permission in in_team(self.role, self.teams.get(tenant_id))

    def _key_lets(self, permission: Permission, tenant_id: int | None) -> bool:
        if self.key is None or permission is Permission.SELF_READ:  # a key may always ask what it is
            return True
        if permission not in self.key.permissions:
            return False
        return permission.level is Level.SELF or self.key.tenant_id is None or self.key.tenant_id == tenant_id

    def role_in(self, tenant_id: int) -> bool:
        """Whether the user has any role in that team, whatever a key narrows it to."""
        return self.role is Role.ADMIN or tenant_id in self.teams

    def tenants_with(self, permission: Permission) -> frozenset[int] | None:
        """Every team in which the permission is given; None is all of them."""
        if self.everywhere:
            return None if self.holds(permission) else frozenset()
        known = set(self.teams)
        if self.role is Role.ADMIN and self.key is not None and self.key.tenant_id is not None:
            known.add(self.key.tenant_id)
        return frozenset(tenant for tenant in known if self.holds(permission, tenant))

    def holds_anywhere(self, permission: Permission) -> bool:
        tenants = self.tenants_with(permission)
        return tenants is None or bool(tenants) or self.holds(permission)


def nobody(request_id: str = "") -> Caller:
    return Caller(kind=CallerKind.NOBODY, request_id=request_id)


def operator() -> Caller:
    """Whoever runs a command on the machine itself: they hold the database, so nothing can be kept from them."""
    return Caller(kind=CallerKind.OPERATOR, role=Role.ADMIN)
