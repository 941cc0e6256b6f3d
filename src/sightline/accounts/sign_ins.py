"""Signing in and out: a random token in a cookie, its hash in a row that the server can end at once."""

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from sightline import clock, metrics
from sightline.accounts import agents, audit, names, passwords, throttle, tokens
from sightline.accounts.audit import Action, Result, Thing
from sightline.accounts.callers import Caller, CallerKind, nobody
from sightline.accounts.permissions import Role, TeamRole
from sightline.database.pool import Database
from sightline.errors import NotFound, NotSignedIn, TooManyRequests
from sightline.sql import queries

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

SQL = queries("sightline.accounts", "sign_ins.sql")
# A sign-in's time of last use is written at most this often.
_NOTED_EVERY: Final = timedelta(minutes=1)
# Rows of ended sign-ins are kept this long, so that their owner can still see them.
_KEPT: Final = timedelta(days=30)


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a user is signed in."""

    id: int
    agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class Started(msgspec.Struct, frozen=True):
    """A new sign-in: its token is known here for the last time."""

    id: int
    token: str
    user_id: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants to sign in. `origin` is where from, as `throttle.origin_key` made it."""

    login: str
    password: str
    origin: bytes
    user_agent: str = ""
    request_id: str = ""
    former_token: str | None = None


async def sign_in(database: Database, attempt: Attempt, *, hours: int) -> Started:
    """Check the password and begin a sign-in; who is unknown, disabled or mistaken gets one and the same answer."""
    kind, login = names.login(attempt.login)
    row = await database.fetchrow(SQL[f"user_by_{kind}"], login) if login else None
    account = throttle.account_key(row["id"] if row else None, attempt.login)
    if waiting := await throttle.attempt(database, attempt.origin, account):
        await _note_throttled(database, attempt, row, waiting)
        raise TooManyRequests(retry_after=waiting.retry_after, hint=f"Wait {waiting.retry_after} s.")
    verified = await passwords.verify(row["password_hash"] if row else None, attempt.password)
    if row is None or not verified.right or row["disabled_at"] is not None:
        await _note_refused(database, attempt, row, right=verified.right)
        raise _refused()
    async with database.transaction() as connection:
        # Held from here on: whoever changes the password meanwhile ends this sign-in, too, or keeps it from beginning.
        if await connection.fetchval(SQL["hold_user"], row["id"], row["password_hash"]) is None:
            raise _refused()
        if verified.fresh_hash:
            await connection.execute(SQL["refresh_hash"], row["id"], verified.fresh_hash)
        if attempt.former_token:
            await connection.execute(SQL["end_by_token"], tokens.digest(attempt.former_token), clock.now())
        started = await start(
            connection, row["id"], hours=hours, user_agent=attempt.user_agent, request_id=attempt.request_id
        )
    await throttle.forgive(database, attempt.origin, account)
    metrics.count("SignIns", Result="ok")
    return started


async def start(
    connection: "PoolConnectionProxy", user_id: int, *, hours: int, user_agent: str = "", request_id: str = ""
) -> Started:
    """Begin a sign-in for somebody who has just proven who they are; always under a token that nobody knew before."""
    token, now = tokens.new(), clock.now()
    sign_in_id = await connection.fetchval(
        SQL["start"], tokens.digest(token), user_id, agents.family(user_agent), now, now + timedelta(hours=hours)
    )
    who = Caller(kind=CallerKind.USER, user_id=user_id, sign_in_id=sign_in_id, request_id=request_id)
    await audit.record(connection, who, Action.SIGN_IN, (Thing.SIGN_IN, sign_in_id))
    return Started(sign_in_id, token, user_id)


async def authenticate(database: Database, token: str, *, hours: int, request_id: str = "") -> Caller:
    """Who holds this token; nobody when it is unknown, ended, expired or its user disabled. Use moves the expiry."""
    now = clock.now()
    row = await database.fetchrow(SQL["find_by_token"], tokens.digest(token), now)
    if row is None:
        return nobody(request_id)
    if now - row["last_used_at"] >= _NOTED_EVERY:
        await database.execute(SQL["note_use"], row["id"], now, now + timedelta(hours=hours))
    return Caller(
        kind=CallerKind.USER,
        user_id=row["user_id"],
        role=Role(row["role"]),
        teams=team_roles(row),
        sign_in_id=row["id"],
        request_id=request_id,
    )


def team_roles(row: "asyncpg.Record") -> MappingProxyType[int, TeamRole]:
    """The teams of a user, from two arrays side by side."""
    pairs = zip(row["tenant_ids"], row["team_roles"], strict=True)
    return MappingProxyType({tenant: TeamRole(role) for tenant, role in pairs})


async def sign_out(database: Database, caller: Caller) -> None:
    """End the sign-in that the request came with, on the server, at once."""
    async with database.transaction() as connection:
        await connection.execute(SQL["end"], caller.sign_in_id, caller.user_id, clock.now())
        await audit.record(connection, caller, Action.SIGN_OUT, (Thing.SIGN_IN, caller.sign_in_id))


async def of_user(database: Database, user_id: int, *, after: int | None = None, limit: int = 50) -> list[SignIn]:
    """Where a user is signed in now."""
    rows = await database.fetch(SQL["list"], user_id, clock.now(), after, limit)
    return [SignIn(**row) for row in rows]


async def end(database: Database, caller: Caller, sign_in_id: int) -> None:
    """End one of the caller's own sign-ins."""
    async with database.transaction() as connection:
        if await connection.fetchval(SQL["end"], sign_in_id, caller.user_id, clock.now()) is None:
            raise NotFound("there is no such sign-in, or it has ended already")
        await audit.record(connection, caller, Action.SIGN_IN_END, (Thing.SIGN_IN, sign_in_id))


async def end_all(connection: "PoolConnectionProxy", user_id: int, *, but: int | None = None) -> None:
    """End every sign-in of a user, except perhaps the one in use."""
    await connection.execute(SQL["end_all"], user_id, but, clock.now())


async def forget_old(database: Database) -> int:
    """Remove sign-ins that ended or expired long ago; returns how many."""
    return len(await database.fetch(SQL["forget_old"], clock.now() - _KEPT))


def _refused() -> NotSignedIn:
    return NotSignedIn("the name or the password is wrong", hint="Check both and try again.")


async def _note_refused(database: Database, attempt: Attempt, row: "asyncpg.Record | None", *, right: bool) -> None:
    metrics.count("SignIns", Result="refused")
    reason = "unknown" if row is None else "disabled" if right else "password"
    await audit.record(
        database, nobody(attempt.request_id), Action.SIGN_IN, (Thing.USER, row["id"] if row else None),
        result=Result.REFUSED, reason=reason,
    )  # fmt: skip


async def _note_throttled(
    database: Database, attempt: Attempt, row: "asyncpg.Record | None", waiting: throttle.Refused
) -> None:
    metrics.count("SignIns", Result="throttled")
    # 1, 2, 4, 8, …: each row says how many there were, and a flood cannot fill a table that only grows.
    if waiting.attempts & (waiting.attempts - 1) == 0:
        await audit.record(
            database, nobody(attempt.request_id), Action.SIGN_IN, (Thing.USER, row["id"] if row else None),
            result=Result.THROTTLED, attempts=waiting.attempts,
        )  # fmt: skip
