"""Shared reports: a slug that shows one report of one site to whoever knows it, until it expires.

The slug, with a password where there is one, is exchanged for a token that lasts an hour. It names the share, which is
read anew with every request: one that is removed or has expired shows nothing from that moment on. What was shared is
kept here as it was asked for, and the server asks it, so that an address cannot ask for more.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts import audit, names, passwords, throttle
from sightline.accounts.audit import Action, Result, Thing
from sightline.accounts.callers import Caller, CallerKind, ShareLimits, nobody
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotAllowed, NotFound, NotSignedIn, TooManyRequests
from sightline.keys.signed import body_of, signed
from sightline.sql import queries

SQL: Final = queries("sightline.accounts", "report_shares.sql")
TOKEN_S: Final = 3600
LONGEST_DAYS: Final = 366
MOST: Final = 500
_SLUG: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_SLUG_BYTES: Final = 16
_SHORTEST_PASSWORD: Final = 8
_LONGEST_TOKEN: Final = 100


class PasswordNeeded(NotAllowed):
    """This report is shown by a password."""

    code = "share_password"


class ReportShare(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. `asked` is what the report is asked with; `free`: who looks may choose another time and filters."""

    id: int
    site_id: int
    name: str
    slug: str
    page: str
    asked: dict[str, Any]
    free: bool
    guarded: bool
    expires_at: datetime | None
    opened: int
    opened_at: datetime | None
    created_at: datetime


class NewReportShare(msgspec.Struct, frozen=True, kw_only=True):
    """What a new one is."""

    name: str
    page: str
    asked: dict[str, Any]
    free: bool = False
    expires_at: datetime | None = None
    password: str | None = None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A share that somebody opened: what it shows, of which site, and for whom."""

    share: ReportShare
    site_name: str
    time_zone: str
    caller: Caller
    token: str


async def listing(database: Database, scope: Scope, *, after: int | None = None, limit: int = 50) -> list[ReportShare]:
    return [_share(row) for row in await database.fetch(SQL["list"], scope.site, after, limit)]


async def create(database: Database, scope: Scope, new: NewReportShare) -> ReportShare:
    now = clock.now()
    if new.expires_at is not None and not 0 < (new.expires_at - now).total_seconds() <= LONGEST_DAYS * 86_400:
        raise InvalidValue(
            "a shared report ends in the future, within a year", field="expires_at",
            hint="Choose a later day, or leave it out for one without an end.",
        )  # fmt: skip
    password_hash = None
    if new.password is not None:
        passwords.check(new.password, minimum=_SHORTEST_PASSWORD)
        password_hash = await passwords.hashed(new.password)
    async with database.transaction() as connection:
        if len(await connection.fetch(SQL["list"], scope.site, None, MOST)) == MOST:
            raise InvalidValue(f"a site has {MOST} shared reports at most", hint="Remove one that nobody opens.")
        row = await connection.fetchrow(
            SQL["insert"], scope.site, names.name(new.name), secrets.token_urlsafe(_SLUG_BYTES), new.page,
            msgspec.json.encode(new.asked).decode(), new.free, password_hash, secrets.token_bytes(32),
            new.expires_at, scope.caller.user_id, now,
        )  # fmt: skip
        made = _share(row)
        await audit.record(
            connection, scope.caller, Action.SHARE_CREATE, (Thing.REPORT_SHARE, made.id), tenant_id=scope.tenant,
            with_password=made.guarded,
        )  # fmt: skip
    return made


async def remove(database: Database, scope: Scope, share: int) -> None:
    async with database.transaction() as connection:
        if await connection.fetchval(SQL["remove"], scope.site, share) is None:
            raise _unknown()
        await audit.record(
            connection, scope.caller, Action.SHARE_REMOVE, (Thing.REPORT_SHARE, share), tenant_id=scope.tenant
        )


async def opened(database: Database, slug: str, password: str | None, *, origin: bytes, request_id: str = "") -> Opened:
    """Open a share by its slug, and note that somebody did; a wrong password is noted, too, and slows down the next."""
    row = None
    if _SLUG.fullmatch(slug):
        row = await database.fetchrow(SQL["open"], slug, None, clock.now())
    if row is None:
        raise _unknown()
    caller = _caller(row, request_id)
    if row["password_hash"] is not None:
        await _check(database, row, password, caller, origin)
    await database.execute(SQL["opened"], row["id"], clock.now())
    await _note(database, row, caller)
    expires_s = clock.now_ms() // 1000 + TOKEN_S
    text = signed(_digest(row["secret"]), expires_s.to_bytes(8, "big"), _about(row["id"]))
    return _opened(row, caller, f"{row['id']}.{text}")


async def holder(database: Database, token: str, *, request_id: str = "") -> Opened:
    """What the holder of a token may look at."""
    share = _named(token)
    row = await database.fetchrow(SQL["open"], None, share, clock.now()) if share is not None else None
    body = body_of(_digest(row["secret"]), token.partition(".")[2], _about(row["id"])) if row is not None else None
    if row is None or body is None or int.from_bytes(body, "big") * 1000 <= clock.now_ms():
        raise NotSignedIn("this report's token is wrong, expired or taken back", hint="Open the link again.")
    return _opened(row, _caller(row, request_id), token)


async def _check(database: Database, row: asyncpg.Record, password: str | None, caller: Caller, origin: bytes) -> None:
    if password is None:
        raise PasswordNeeded("this report is shown by a password", field="password", hint="Ask whoever sent the link.")
    key = hashlib.sha256(b"report share" + row["id"].to_bytes(8, "big") + origin).digest()
    refused = await throttle.attempt(database, origin, key)
    if refused is not None:
        if refused.attempts == 1:
            await _note(database, row, caller, Result.THROTTLED)
        raise TooManyRequests(retry_after=refused.retry_after)
    if not (await passwords.verify(row["password_hash"], password)).right:
        await _note(database, row, caller, Result.REFUSED)
        raise PasswordNeeded("this is not the report's password", field="password", hint="Ask whoever sent the link.")
    await throttle.forgive(database, origin, key)


async def _note(database: Database, row: asyncpg.Record, caller: Caller, result: Result = Result.OK) -> None:
    """Nobody signed in: what stands in the audit is which share it was."""
    await audit.record(
        database, nobody(caller.request_id), Action.SHARE_VIEW, (Thing.REPORT_SHARE, row["id"]),
        tenant_id=row["tenant_id"], result=result,
    )  # fmt: skip


def _caller(row: asyncpg.Record, request_id: str) -> Caller:
    limits = ShareLimits(
        share_id=row["id"], tenant_ids=frozenset({row["tenant_id"]}), site_ids=frozenset({row["site_id"]}),
        pages=frozenset({row["page"]}), may_filter=row["free"],
    )  # fmt: skip
    return Caller(kind=CallerKind.SHARE, share=limits, request_id=request_id)


def _opened(row: asyncpg.Record, caller: Caller, token: str) -> Opened:
    return Opened(share=_share(row), site_name=row["site_name"], time_zone=row["time_zone"], caller=caller, token=token)


def _digest(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda body: hmac.digest(secret, body, hashlib.sha256)


def _about(share: int) -> bytes:
    return b"report share" + share.to_bytes(8, "big")


def _named(token: str) -> int | None:
    """The share that a token names; nothing is checked yet."""
    share = token.partition(".")[0]
    return (
        int(share) if share.isascii() and share.isdigit() and len(share) < 19 and len(token) <= _LONGEST_TOKEN else None
    )


def _share(row: asyncpg.Record | None) -> ReportShare:
    if row is None:
        raise _unknown()
    fields = {name: row[name] for name in ReportShare.__struct_fields__ if name != "asked"}
    return ReportShare(**fields, asked=msgspec.json.decode(row["asked"]))


def _unknown() -> NotFound:
    return NotFound("there is no such shared report", hint="It has expired, was removed, or the link is not whole.")
