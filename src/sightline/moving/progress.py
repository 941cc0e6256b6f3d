"""How far something has come: how much a second, and how long it will still take."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec import Struct

_REMEMBERED_S: Final = 20.0


class Progress(Struct, frozen=True):
    """What is shown. `left_s` is None while nobody can know."""

    what: str
    done: int
    total: int | None
    rate: float
    left_s: float | None

    def line(self) -> str:
        of = f" of {self.total:,}" if self.total is not None else ""
        left = "" if self.left_s is None else f", {duration(self.left_s)} left"
        return f"{self.what}: {self.done:,}{of}, {self.rate:,.0f}/s{left}"


Watch = Callable[[Progress], None]


def unwatched(_progress: Progress) -> None:
    """Nobody looks."""


class Meter:
    """Counts what is done, and tells a watcher; the rate is that of the last seconds."""

    def __init__(self, what: str, total: int | None, watch: Watch = unwatched) -> None:
        self._what = what
        self._total = total
        self._watch = watch
        self._done = 0
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def add(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        self._seen.append((now, self._done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _REMEMBERED_S:
            self._seen.popleft()
        since, before = self._seen[0]
        rate = (self._done - before) / max(now - since, 0.001)
        left = None if self._total is None or not rate else max(self._total - self._done, 0) / rate
        self._watch(Progress(self._what, self._done, self._total, rate, left))


def duration(seconds: float) -> str:
    """Seconds as people read them."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 5400 else f"{whole // 3600} h {whole % 3600 // 60} min"
