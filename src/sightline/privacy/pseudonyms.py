"""Who did what without who: pseudonyms of visitors and persons, and what belongs to one visit.

A visitor is a keyed hash of site, address and agent under a salt that lives for one period; when the salt is destroyed
nobody, we included, can tell whose hash it was. A person is a keyed hash of the name that the application gave, under
a key of the tenant, so that the same person can be found and erased. Pure: salts, keys and open visits are passed in.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

from sightline.clock import from_ms, to_ms

Period = Literal["day", "month"]

SALT_BYTES: Final = 32
VISIT_IDLE_MS: Final = 30 * 60 * 1000
_VISITOR: Final = b"sightline visitor 1"
_PERSON: Final = b"sightline person 1"
_POSITIVE: Final = 2**63 - 1  # PostgreSQL's bigint is signed


class MacKey(Protocol):
    """A key that never leaves its holder: `keys/` has such."""

    def digest(self, message: bytes) -> bytes:
        """The HMAC-SHA-256 of a message."""


def visitor(salt: bytes, site: str, address: str, agent: str) -> int:
    """The pseudonym of a browser on a site within the life of `salt`: 63 bits, as a positive 64-bit integer.

    The parts are length-prefixed, so no two different triples are one message. BLAKE2b is keyed by the salt.
    """
    return Visitors(salt, site)(address, agent)


class Visitors:
    """Makes the pseudonyms of one site under one salt from a hash that has read both already."""

    __slots__ = ("_begun",)

    def __init__(self, salt: bytes, site: str) -> None:
        if len(salt) < 16:
            raise ValueError(f"a salt has at least 16 bytes, got {len(salt)}")
        self._begun = hashlib.blake2b(_joined(_VISITOR, site), key=salt[:64], digest_size=8, person=b"visitor")

    def __call__(self, address: str, agent: str) -> int:
        """What `visitor` says of this browser."""
        where, what = address.encode("utf-8", "surrogatepass"), agent.encode("utf-8", "surrogatepass")
        hasher = self._begun.copy()
        hasher.update(b"%b%b%b%b" % (len(where).to_bytes(4, "big"), where, len(what).to_bytes(4, "big"), what))
        return int.from_bytes(hasher.digest(), "big") & _POSITIVE

    def __repr__(self) -> str:
        return "Visitors(***)"


def person(key: MacKey, tenant: str, name: str) -> int:
    """The pseudonym of what `identify` named, stable per tenant as long as its key lives."""
    return int.from_bytes(key.digest(_joined(_PERSON, tenant, name.strip()))[:8], "big") & _POSITIVE


class LocalMacKey:
    """HMAC-SHA-256 under a key held in memory, for tests and for those who have no key service."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def digest(self, message: bytes) -> bytes:
        return hmac.digest(self._secret, message, "sha256")

    def __repr__(self) -> str:
        return "LocalMacKey(***)"


def _joined(domain: bytes, *parts: str) -> bytes:
    pieces = [domain]
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        pieces += len(data).to_bytes(4, "big"), data
    return b"".join(pieces)


@dataclass(frozen=True)
class SaltPeriod:
    """From when until when one salt is used, in UTC; `name` is its key wherever salts are kept."""

    name: str
    start_ms: int
    end_ms: int

    def holds(self, moment_ms: int) -> bool:
        return self.start_ms <= moment_ms < self.end_ms


def period_of(moment_ms: int, period: Period = "day") -> SaltPeriod:
    """The salt period that a moment belongs to."""
    moment = from_ms(moment_ms)
    if period == "day":
        start = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        return SaltPeriod(f"day:{start:%Y-%m-%d}", to_ms(start), to_ms(start + timedelta(days=1)))
    start = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    end = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    return SaltPeriod(f"month:{start:%Y-%m}", to_ms(start), to_ms(end))


@dataclass(frozen=True)
class OpenVisit:
    """A visit that may go on: which, since when, and when it was last heard of."""

    visit: int
    started_ms: int
    seen_ms: int


def visit_at(held: OpenVisit | None, moment_ms: int, new_id: int, *, idle_ms: int = VISIT_IDLE_MS) -> OpenVisit:
    """The visit that a signal of this moment belongs to: the held one within 30 minutes of it, or else a new one.

    A signal that comes late belongs to the visit it falls in or just before, and never moves `seen_ms` back.
    """
    if held is None or moment_ms - held.seen_ms >= idle_ms or held.started_ms - moment_ms >= idle_ms:
        return OpenVisit(new_id, moment_ms, moment_ms)
    return OpenVisit(held.visit, min(held.started_ms, moment_ms), max(held.seen_ms, moment_ms))
