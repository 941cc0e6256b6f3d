"""Growing delays after failed sign-ins, per account and per origin.

An attempt is counted before the password is looked at, in one statement, so that guesses sent at the same moment count
like guesses sent one after the other; a right password takes its attempt back. Keys are keyed hashes under a salt that
lives in this process's memory: neither a name that somebody typed nor an address can be read from the table, and after
a restart not even compared. An account that exists is named by its id, so its delay survives a restart.
"""

import hashlib
import hmac
import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec

from sightline import clock
from sightline.database.pool import Database
from sightline.sql import queries

SQL = queries("sightline.accounts", "throttle.sql")
_salt: Final = secrets.token_bytes(32)


class Limit(msgspec.Struct, frozen=True):
    """So many attempts are free; then the wait doubles from one second up to the longest."""

    free: int
    longest_s: int


# Whoever knows a login name could otherwise lock its owner out for as long as they like: the wait stays short.
ACCOUNT: Final = Limit(free=5, longest_s=300)
# Many people may share one address.
ORIGIN: Final = Limit(free=20, longest_s=900)
_FORGIVEN_AFTER: Final = timedelta(hours=1)


class Refused(msgspec.Struct, frozen=True):
    """Wait so long; `attempts` counts those refused since the wait began."""

    retry_after: int
    attempts: int


def origin_key(address: str) -> bytes:
    """The key of where somebody comes from; an IPv6 customer has a /64, not an address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return _keyed("origin", address)
    if found.version == 6:
        return _keyed("origin", str(ipaddress.ip_network((found, 64), strict=False)))
    return _keyed("origin", str(found))


def account_key(user_id: int | None, login: str) -> bytes:
    """The key of an account, or of a name that is nobody's and must not be told apart from one that is."""
    if user_id is not None:
        return hashlib.sha256(f"user:{user_id}".encode()).digest()
    return _keyed("login", login.strip().lower())


def password_key(user_id: int) -> bytes:
    """The key under which guesses at the old password count: apart, so that they keep nobody from signing in."""
    return hashlib.sha256(f"password:{user_id}".encode()).digest()


async def attempt_at(database: Database, key: bytes) -> Refused | None:
    """Count one attempt at a single key."""
    return await _attempt(database, key, ACCOUNT)


async def attempt(database: Database, origin: bytes, account: bytes) -> Refused | None:
    """Count one attempt at both keys, or say how long to wait."""
    return await _attempt(database, origin, ORIGIN) or await _attempt(database, account, ACCOUNT)


async def forgive(database: Database, origin: bytes, account: bytes) -> None:
    """The password was right: the account begins anew, the origin gets back this one attempt and no other."""
    await forget(database, account)
    await database.execute(SQL["forgive_origin"], origin, clock.now())


async def forget(database: Database, key: bytes) -> None:
    """The password was right: this key begins anew."""
    await database.execute(SQL["forget"], key)


async def forget_old(database: Database) -> int:
    """Remove what no longer counts; returns how many rows."""
    rows = await database.fetch(SQL["forget_old"], clock.now() - _FORGIVEN_AFTER)
    return len(rows)


async def _attempt(database: Database, key: bytes, limit: Limit) -> Refused | None:
    now = clock.now()
    counted = await database.fetchrow(
        SQL["attempt"], key, now, now - _FORGIVEN_AFTER, limit.free, float(limit.longest_s)
    )
    if counted is not None:
        return None
    row = await database.fetchrow(SQL["refuse"], key, now)
    if row is None:  # forgiven between the two statements
        return None
    return Refused(retry_after=_seconds(row["free_at"], now), attempts=row["refused"])


def _seconds(free_at: datetime, now: datetime) -> int:
    return max(1, -int(-(free_at - now).total_seconds() // 1))


def _keyed(kind: str, text: str) -> bytes:
    return hmac.new(_salt, f"{kind}:{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
