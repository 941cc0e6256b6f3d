"""Passwords: argon2id, hashed in a few threads of their own, and what makes one acceptable.

The parameters are the second recommendation of RFC 9106 (section 4, for memory-constrained environments: t=3, p=4,
m=64 MiB), which is above the minimum of OWASP's Password Storage Cheat Sheet (t=2, p=1, m=19 MiB). At most
`_AT_ONCE` hashes are computed at a time, so sign-ins can never take more than 128 MiB.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property, partial
from importlib.resources import files
from itertools import pairwise
from typing import Final, ParamSpec, TypeVar

import argon2
import msgspec

from sightline.errors import InvalidValue, Unavailable

P = ParamSpec("P")
R = TypeVar("R")

STANDARD: Final = argon2.profiles.RFC_9106_LOW_MEMORY
_AT_ONCE: Final = 2
# Whoever waits longer than for this many others is told to come again: a queue without end is a way to stop a server.
_MOST_WAITING: Final = 64
# Longer ones cost time and add nothing: a 256-character password has more bits than the hash.
LONGEST: Final = 256

_pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
_waiting = 0


class Verified(msgspec.Struct, frozen=True):
    """What came of comparing: `fresh_hash` is set when the stored one was made with other parameters."""

    right: bool
    fresh_hash: str | None = None


async def hashed(password: str) -> str:
    return await _in_thread(_hasher.hash, password)


async def verify(stored: str | None, password: str) -> Verified:
    """Compare; without a stored hash the same work is done for nothing, so that the time taken tells nothing."""
    return await _in_thread(_hasher.verify, stored, password)


def check(password: str, *, minimum: int, about: tuple[str | None, ...] = (), field: str = "password") -> None:
    """Refuse a password that is too short, among the most common ones, or contains the user's e-mail or name."""
    if "\x00" in password or any(unicodedata.category(character) == "Cs" for character in password):
        raise InvalidValue("the password holds characters that no keyboard makes", field=field)
    plain = unicodedata.normalize("NFC", password)
    if len(plain) < minimum:
        raise InvalidValue(
            f"the password has {len(plain)} characters", field=field, hint=f"Take at least {minimum} characters."
        )
    if len(plain) > LONGEST:
        raise InvalidValue(f"the password is longer than {LONGEST} characters", field=field, hint="Take a shorter one.")
    folded = plain.casefold()
    if _is_common(folded):
        raise InvalidValue(
            "the password is among those that are tried first", field=field, hint="Take some words that nobody guesses."
        )
    for known in about:
        # A short name inside of a long password is chance; the address or a long name is not.
        local = (known or "").casefold().partition("@")[0]
        if len(local) >= 4 and local in folded:
            raise InvalidValue(
                "the password contains your e-mail address or user name", field=field, hint="Take another."
            )


@contextmanager
def cheap_for_tests() -> Iterator[None]:
    """Hash with the cheapest parameters there are. For tests alone: such a hash protects nothing."""
    global _hasher  # noqa: PLW0603 - the one place where the parameters are exchanged
    before, _hasher = _hasher, _Hasher(argon2.profiles.CHEAPEST)
    try:
        yield
    finally:
        _hasher = before


async def _in_thread(work: Callable[P, R], *values: P.args, **named: P.kwargs) -> R:
    global _waiting  # noqa: PLW0603 - counted on the event loop alone
    if _waiting >= _MOST_WAITING:
        raise Unavailable("too many sign-ins at once", hint="Try again in a few seconds.")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, partial(work, *values, **named))
    finally:
        _waiting -= 1


class _Hasher:
    """One set of parameters; its methods take their time, in a thread."""

    def __init__(self, parameters: argon2.Parameters) -> None:
        self._argon2 = argon2.PasswordHasher.from_parameters(parameters)

    @cached_property
    def _nobodys(self) -> str:
        return self._argon2.hash(secrets.token_bytes(16))

    def hash(self, password: str) -> str:
        return self._argon2.hash(_encoded(password))

    def verify(self, stored: str | None, password: str) -> Verified:
        nobodys = self._nobodys  # made by whoever comes first, known name or not
        try:
            self._argon2.verify(stored or nobodys, _encoded(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return Verified(right=False)
        if not stored:
            return Verified(right=False)
        return Verified(right=True, fresh_hash=self.hash(password) if self._argon2.check_needs_rehash(stored) else None)


_hasher = _Hasher(STANDARD)


def _encoded(password: str) -> bytes:
    return unicodedata.normalize("NFC", password[: 4 * LONGEST]).encode("utf-8", "surrogatepass")


@cache
def _common() -> frozenset[str]:
    text = files("sightline.accounts").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


def _is_common(folded: str) -> bool:
    """Whether it is on the list, also behind a few digits or signs, or one character or short piece over and over."""
    core = folded.strip("0123456789!?.,-_@#$*+ ")
    if folded in _common() or (len(core) >= 4 and core in _common()):
        return True
    if any(folded == (folded[:size] * len(folded))[: len(folded)] for size in (1, 2, 3)):
        return True
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    return steps in ({1}, {-1})
