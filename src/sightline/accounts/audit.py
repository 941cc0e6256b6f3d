"""The audit of access: who did what to what, when, and whether it was allowed.

Rows are only ever added; the table's triggers refuse everything else. A row holds ids, never names or addresses: what
identifies a person must be erasable, and this table is not. `details` therefore takes known keys and plain words only.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sightline import clock
from sightline.accounts.callers import Caller
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

SQL = queries("sightline.accounts", "audit.sql")
_WORD: Final = re.compile(r"[a-z0-9_:.-]{1,40}")
_DETAILS: Final = frozenset(
    {
        "after",
        "attempts",
        "before",
        "days",
        "fields",
        "kinds",
        "looser",
        "permissions",
        "reason",
        "role",
        "sites",
        "with_password",
    }
)

Detail = str | int | bool | Sequence[str]


class Action(StrEnum):
    """What was done."""

    SETUP = "setup"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    SIGN_IN_END = "sign_in.end"
    PASSWORD_CHANGE = "password.change"  # noqa: S105 - the name of an action
    USER_CREATE = "user.create"
    USER_CHANGE = "user.change"
    USER_ROLE = "user.role"
    USER_DISABLE = "user.disable"
    USER_ENABLE = "user.enable"
    USER_REMOVE = "user.remove"
    TEAM_CREATE = "team.create"
    TEAM_CHANGE = "team.change"
    TEAM_REMOVE = "team.remove"
    MEMBER_ADD = "member.add"
    MEMBER_ROLE = "member.role"
    MEMBER_REMOVE = "member.remove"
    INVITATION_CREATE = "invitation.create"
    INVITATION_REVOKE = "invitation.revoke"
    INVITATION_ACCEPT = "invitation.accept"
    SITE_CREATE = "site.create"
    SITE_CHANGE = "site.change"
    SITE_RETENTION = "site.retention"
    SITE_PRIVACY = "site.privacy"
    SITE_RESET = "site.reset"
    SITE_ERASE = "site.erase"
    SITE_REMOVE = "site.remove"
    SITE_TRANSFER = "site.transfer"
    SHARE_CREATE = "share.create"
    SHARE_CHANGE = "share.change"
    SHARE_REMOVE = "share.remove"
    SHARE_VIEW = "share.view"
    QUARANTINE_RELEASE = "quarantine.release"
    QUARANTINE_RECLASSIFY = "quarantine.reclassify"
    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    RULES_ACTIVATE = "rules.activate"
    REMASK = "remask"
    RECORDING_VIEW = "recording.view"
    RECORDING_EXPORT = "recording.export"
    RECORDING_KEEP = "recording.keep"
    RECORDING_DELETE = "recording.delete"
    RECORDING_SHARE = "recording.share"
    RECORDING_UPLOAD = "recording.upload"
    RECORDING_NOTE = "recording.note"
    RECORDING_TAG = "recording.tag"


class Thing(StrEnum):
    """What it was done to."""

    USER = "user"
    TEAM = "team"
    SITE = "site"
    KEY = "key"
    SIGN_IN = "sign_in"
    INVITATION = "invitation"
    RULES = "rules"
    SHARE = "share"
    REPORT_SHARE = "report_share"
    VISIT = "visit"


class Result(StrEnum):
    """What came of it."""

    OK = "ok"
    REFUSED = "refused"
    THROTTLED = "throttled"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: int | None
    tenant_id: int | None
    action: str
    object_kind: str | None
    object_id: int | None
    result: str
    request_id: str | None
    details: Mapping[str, Any]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted; None is any."""

    action: Action | None = None
    result: Result | None = None
    actor_id: int | None = None
    object_kind: Thing | None = None
    object_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


async def record(  # noqa: PLR0913 - the columns of a row
    to: "Database | PoolConnectionProxy",
    caller: Caller,
    action: Action,
    thing: tuple[Thing, int | None] | None = None,
    *,
    tenant_id: int | None = None,
    result: Result = Result.OK,
    **details: Detail,
) -> None:
    """Add a row, in the transaction of what it tells about."""
    kind, object_id = thing or (None, None)
    await to.execute(
        SQL["add_entry"],
        clock.now(),
        caller.kind.value,
        caller.actor_id,
        tenant_id,
        action.value,
        kind.value if kind else None,
        object_id,
        result.value,
        caller.request_id or None,
        msgspec.json.encode(_checked(details)).decode(),
    )


async def entries(
    database: Database, scope: Scope, wanted: Filter, *, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """The rows of the caller's teams (of everything, for an admin), the latest first."""
    rows = await database.fetch(
        SQL["list_entries"],
        None if scope.everywhere else sorted(scope.tenants),
        before,
        limit,
        wanted.action,
        wanted.result,
        wanted.actor_id,
        wanted.object_kind,
        wanted.object_id,
        wanted.since,
        wanted.until,
    )
    return [Entry(**{**row, "details": msgspec.json.decode(row["details"])}) for row in rows]


def _checked(details: Mapping[str, Detail]) -> Mapping[str, Detail]:
    """Refuse what might identify somebody: unknown keys, and texts that are no plain words."""
    for key, value in details.items():
        if key not in _DETAILS:
            raise ValueError(f"the audit has no detail {key!r}")
        words = [value] if isinstance(value, str) else [] if isinstance(value, int) else value
        if not all(_WORD.fullmatch(word) for word in words):
            raise ValueError(f"the detail {key!r} of the audit takes plain words only")
    return details
