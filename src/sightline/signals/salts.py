"""Salts: the random secrets of a period from which visitors' pseudonyms are made, shared by all nodes.

A salt is never derived from anything, so once it is destroyed nobody can compute a pseudonym of its period again. That
happens 30 minutes after the period, when no visit that began in it can still be open: until then a hit of the next
period can be recognised as the continuation of such a visit.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import NotFound
from sightline.signals.open_visits import VISIT_GAP_MS
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "salts.sql")
SALT_BYTES: Final = 32
Period = Literal["day", "week", "month"]
SITES_CHOOSE: Final[tuple[Period, ...]] = ("day", "month")
_AHEAD_MS: Final = 3600 * 1000


class Salt(Struct, frozen=True):
    """The salt of a period, and that of the period before while visits of it can be open."""

    starts_ms: int
    ends_ms: int
    salt: bytes
    before: bytes | None = None

    def __repr__(self) -> str:
        return f"Salt(starts_ms={self.starts_ms}, ends_ms={self.ends_ms}, salt=***)"


class Proof(Struct, frozen=True, kw_only=True):
    """What can be shown of a salt without showing it."""

    period: str
    starts_ms: int
    ends_ms: int
    exists: bool
    created_at: datetime
    destroyed_at: datetime | None


class Salts:
    """The salts of one database, remembered per node for as long as they exist."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, int], bytes] = {}

    async def current(self, period: Period = "day", at_ms: int | None = None) -> Salt:
        """Return the salt for a hit received at a moment; made by whichever node asks first."""
        now_ms = clock.now_ms() if at_ms is None else at_ms
        starts_ms, ends_ms = bounds(period, now_ms)
        salt = await self._salt(period, starts_ms, ends_ms)
        before = None
        if now_ms - starts_ms <= VISIT_GAP_MS:
            before = await self._existing(period, bounds(period, starts_ms - 1)[0])
        else:
            self._forget(period, starts_ms)
        return Salt(starts_ms, ends_ms, salt, before)

    async def prepare(self, now_ms: int | None = None) -> int:
        """Make what is missing of the salts in use now and of those whose period begins within the hour."""
        moment_ms = clock.now_ms() if now_ms is None else now_ms
        made = 0
        for period in SITES_CHOOSE:
            for at_ms in (moment_ms, moment_ms + _AHEAD_MS):
                starts_ms, ends_ms = bounds(period, at_ms)
                fresh = secrets.token_bytes(SALT_BYTES)
                done = await self._database.execute(SQL["make"], period, starts_ms, ends_ms, fresh, clock.now())
                made += int(done.split()[-1])
        return made

    async def destroy_ended(self, now_ms: int | None = None) -> int:
        """Destroy the salts whose period is over, and what their rows have left in the table's file."""
        moment_ms = clock.now_ms() if now_ms is None else now_ms
        gone = await self._database.fetch(SQL["destroy"], moment_ms - VISIT_GAP_MS, clock.from_ms(moment_ms))
        for row in gone:
            self._known.pop((row["period"], row["starts_ms"]), None)
        if gone:
            await self._database.execute(SQL["wipe"])
        return len(gone)

    async def proof(self, limit: int = 400) -> list[Proof]:
        return [Proof(**dict(row)) for row in await self._database.fetch(SQL["proof"], limit)]

    async def _salt(self, period: str, starts_ms: int, ends_ms: int) -> bytes:
        known = self._known.get((period, starts_ms))
        if known is not None:
            return known
        made = secrets.token_bytes(SALT_BYTES)
        await self._database.execute(SQL["make"], period, starts_ms, ends_ms, made, clock.now())
        found = await self._existing(period, starts_ms)
        if found is None:
            raise NotFound(
                f"the salt of the {period} of {clock.from_ms(starts_ms):%Y-%m-%d} is destroyed",
                hint="Pseudonyms are made when a hit is received, not for the past.",
            )
        return found

    async def _existing(self, period: str, starts_ms: int) -> bytes | None:
        known = self._known.get((period, starts_ms))
        if known is not None:
            return known
        row = await self._database.fetchrow(SQL["find"], period, starts_ms)
        if row is None or row["salt"] is None:
            return None
        found: bytes = row["salt"]
        self._known[period, starts_ms] = found
        return found

    def _forget(self, period: str, starts_ms: int) -> None:
        for key in [key for key in self._known if key[0] == period and key[1] < starts_ms]:
            del self._known[key]


def bounds(period: str, at_ms: int) -> tuple[int, int]:
    """The first moment of the period in which a moment lies, and the first moment after it; all in UTC."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "month":
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    elif period == "week":
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    else:
        first, after = day, day + timedelta(days=1)
    return clock.to_ms(first), clock.to_ms(after)
