"""Style sheets that a recorded page links: OpenReplay's tracker sends their addresses, and a player fetches nothing.

So they are fetched here while the page is there, and become a part of its recording, as our own SDK does in the
browser. Anybody can make a page name any address, so only those on the site's own domains are asked (`page_check` has
the rules), few at a time, each seldom, and no batch waits long for them.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sightline import clock, metrics
from sightline.accounts.watched import Watched
from sightline.errors import InvalidValue
from sightline.operate.page_check import Unreachable, Whose, fetched, vetted

MOST: Final = 30  # sheets of one batch
LARGEST: Final = 1_000_000  # characters of one
WAIT_S: Final = 2.0  # as long as a batch waits; what comes later is there for the next page
_TIMEOUT_S: Final = 10.0
_FRESH_MS: Final = 10 * 60_000
_FAILED_MS: Final = 60_000
_REMEMBERED: Final = 32_000_000  # characters of all
_AT_ONCE: Final = 8
_WAITING: Final = 200
Key = tuple[int, str]


class _Sheet(Struct, frozen=True):
    text: str  # nothing where there is none to be had
    until_ms: int


class LinkedSheets:
    """The style sheets that this process has fetched; `loopback` is for tests, which serve their own."""

    def __init__(self, *, loopback: bool = False) -> None:
        self._loopback = loopback
        self._known: dict[Key, _Sheet] = {}
        self._asking: dict[Key, asyncio.Task[None]] = {}
        self._size = 0
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def of(self, site: Watched, addresses: Sequence[str]) -> dict[str, str]:
        """The texts of some sheets by their addresses, as far as they are there soon."""
        whose = Whose(domains=site.domains, loopback=self._loopback)
        wanted = [address for address in addresses[:MOST] if _may_be_fetched(address, whose)]
        asking = [task for address in wanted if (task := self._ask(site, address, whose)) is not None]
        if asking:
            await asyncio.wait(asking, timeout=WAIT_S)
        found = {address: self._known.get((site.id, address)) for address in wanted}
        return {address: sheet.text for address, sheet in found.items() if sheet is not None and sheet.text}

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _ask(self, site: Watched, address: str, whose: Whose) -> "asyncio.Task[None] | None":
        key = site.id, address
        known = self._known.get(key)
        if known is not None and clock.now_ms() < known.until_ms:
            return None
        task = self._asking.get(key)
        if task is None and len(self._asking) < _WAITING:
            task = self._asking[key] = asyncio.create_task(self._fetch(key, whose), name="linked sheet")
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return task

    async def _fetch(self, key: Key, whose: Whose) -> None:
        text = ""
        with contextlib.suppress(Unreachable, TimeoutError):
            async with self._few, asyncio.timeout(_TIMEOUT_S):
                page = await fetched(key[1], whose, accept="text/css")
            if page.status == 200 and page.kind == "text/css" and len(page.text) <= LARGEST:
                text = page.text
        metrics.count("SheetsFetched", Outcome="taken" if text else "failed")
        self._keep(key, _Sheet(text, clock.now_ms() + (_FRESH_MS if text else _FAILED_MS)))

    def _keep(self, key: Key, sheet: _Sheet) -> None:
        """Remember it as the latest; the oldest go where all are too much."""
        before = self._known.pop(key, None)
        self._size += _weight(key, sheet) - (_weight(key, before) if before else 0)
        self._known[key] = sheet
        while self._size > _REMEMBERED:
            oldest = next(iter(self._known))
            self._size -= _weight(oldest, self._known.pop(oldest))


def _weight(key: Key, sheet: _Sheet) -> int:
    return len(key[1]) + len(sheet.text) + 200


def _may_be_fetched(address: str, whose: Whose) -> bool:
    try:
        vetted(address, whose)
    except InvalidValue:
        return False
    return True
