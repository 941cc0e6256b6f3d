"""How often one visitor may be heard of: a count per visitor and window, in bounded memory."""

from typing import Final

_WINDOW_MS: Final = 10_000
_MOST_VISITORS: Final = 500_000


class Rates:
    """Counts hits in windows of ten seconds, all visitors' windows at once, so that forgetting costs nothing."""

    def __init__(self, per_minute: int) -> None:
        self._most = max(1, per_minute * _WINDOW_MS // 60_000)
        self._window = -1
        self._counts: dict[int, int] = {}

    def admit(self, visitor: int, now_ms: int) -> bool:
        """Count a hit; False when there were too many."""
        window = now_ms // _WINDOW_MS
        if window != self._window or len(self._counts) >= _MOST_VISITORS:
            self._window = window
            self._counts = {}
        count = self._counts.get(visitor, 0) + 1
        self._counts[visitor] = count
        return count <= self._most
