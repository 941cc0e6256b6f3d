"""The time, in one place, so that a test can hold it still.

Inside Sightline time is UTC and counted in whole milliseconds since 1970 (`created_ms`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_now_ns: Callable[[], int] = time.time_ns


def now_ms() -> int:
    return _now_ns() // 1_000_000


def now() -> datetime:
    return from_ms(now_ms())


def from_ms(moment_ms: int) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """Milliseconds of an aware moment; a naive one is refused, since nobody could say which zone it is in."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone, got {moment!r}")
    return round(moment.timestamp() * 1000)


class HeldClock:
    """A clock that moves only when it is told to."""

    def __init__(self, moment_ms: int) -> None:
        self.moment_ms = moment_ms

    def advance(self, *, seconds: float) -> None:
        self.moment_ms += round(seconds * 1000)

    def __call__(self) -> int:
        return self.moment_ms * 1_000_000


@contextmanager
def held(moment_ms: int) -> Iterator[HeldClock]:
    """Hold the time of the whole process at `moment_ms`; for tests."""
    global _now_ns  # noqa: PLW0603 - the one place where the clock of the process is exchanged
    before, clock = _now_ns, HeldClock(moment_ms)
    _now_ns = clock
    try:
        yield clock
    finally:
        _now_ns = before
