"""What a process remembers of pages that are being recorded: bounded by how many, and by how much all of it weighs.

A page that is forgotten costs nothing but time: what is known of it follows from what is stored.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

MOST: Final = 5_000
# Nodes, names and texts of all pages together: about 100 bytes each, and a task has 512 MB.
HEAVIEST: Final = 1_000_000


class Locked(Protocol):
    """What is remembered; only to be used under its lock."""

    lock: asyncio.Lock


P = TypeVar("P", bound=Locked)
Key = tuple[int, str]


class Remembered(Generic[P]):
    """Pages by site and document; those that were not used for the longest time are forgotten first."""

    def __init__(self, make: Callable[[], P], *, most: int = MOST, heaviest: int = HEAVIEST) -> None:
        self._make = make
        self._most = most
        self._heaviest = heaviest
        self._pages: OrderedDict[Key, P] = OrderedDict()
        self._weights: dict[Key, int] = {}
        self._weight = 0

    def __len__(self) -> int:
        return len(self._pages)

    @property
    def weight(self) -> int:
        return self._weight

    def of(self, key: Key) -> P:
        """What is remembered of a page; nothing is known of one that is new."""
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = self._make()
            self._shed()
        else:
            self._pages.move_to_end(key)
        return page

    def weigh(self, key: Key, weight: int) -> None:
        """Say how much a page weighs now."""
        if key in self._pages:
            self._weight += weight - self._weights.get(key, 0)
            self._weights[key] = weight
            self._shed()

    def clear(self) -> None:
        self._pages.clear()
        self._weights.clear()
        self._weight = 0

    def _shed(self) -> None:
        """Forget pages until the rest fits; one that is in use stays, or its next chunk would be taken beside it."""
        while len(self._pages) > self._most or self._weight > self._heaviest:
            oldest = next((key for key, page in self._pages.items() if not page.lock.locked()), None)
            if oldest is None:
                return
            del self._pages[oldest]
            self._weight -= self._weights.pop(oldest, 0)
