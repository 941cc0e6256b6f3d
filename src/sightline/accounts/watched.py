"""Sites as collecting sees them: found by what a page says, remembered, asked about again in the background.

A known site costs no question to the database. What is older than a few seconds is used and asked about again beside;
so a change arrives within that time, and nothing stops while PostgreSQL is away.
"""

import asyncio
import re
import uuid
from collections import OrderedDict
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.database.pool import Database
from sightline.privacy.consent import Mode
from sightline.privacy.pseudonyms import Period
from sightline.sql import queries

SQL: Final = queries("sightline.accounts", "watched.sql")
FRESH_MS: Final = 10_000
_UNKNOWN_MS: Final = 10_000
_REMEMBERED: Final = 10_000
_NAME: Final = re.compile(r"[A-Za-z0-9:/_-]{1,128}")


class Watched(Struct, frozen=True, kw_only=True, gc=False):
    """What collecting has to know of a site."""

    id: int
    tenant_id: int
    domains: tuple[str, ...]
    url: str = ""  # where a link leads
    consent_mode: Mode = "replay"
    consent_asked: bool = False
    honour_signals: bool = True
    salt_period: Period = "day"


class _Known(Struct, gc=False):
    site: Watched | None
    asked_ms: int


class WatchedSites:
    """The sites that this process has met, by what names them.

    That is a UUID or a public key; for links and pixels `link:UUID`, `pixel:UUID`, or as in an address `q/SLUG` and
    `p/SLUG`.
    """

    def __init__(self, database: Database, *, remembered: int = _REMEMBERED) -> None:
        self._database = database
        self._limit = remembered
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Watched | None]] = {}

    async def find(self, name: str) -> Watched | None:
        """Return the site of this name; None when there is none, or it was removed."""
        known = self._known.get(name)
        now_ms = clock.now_ms()
        if known is None:
            if not _NAME.fullmatch(name):
                return None
            return await asyncio.shield(self._ask(name))
        if not 0 <= now_ms - known.asked_ms < (FRESH_MS if known.site else _UNKNOWN_MS):
            known.asked_ms = now_ms  # one question, however many come meanwhile
            _ = self._ask(name)
        return known.site

    def forget(self) -> None:
        """Forget everything that was asked."""
        self._known.clear()

    async def close(self) -> None:
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _ask(self, name: str) -> "asyncio.Task[Watched | None]":
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.create_task(self._load(name), name="watched site")
            asking.add_done_callback(lambda task: self._asked(name, task))
        return asking

    def _asked(self, name: str, task: "asyncio.Task[Watched | None]") -> None:
        self._asking.pop(name, None)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone; a known site stays as it was

    async def _load(self, name: str) -> Watched | None:
        site = await self._look_up(name)
        # Somebody who invents names must not push out the sites that are there.
        if name not in self._known and len(self._known) >= self._limit:
            unknown = next((key for key, known in self._known.items() if known.site is None), None)
            self._known.pop(unknown if unknown is not None else next(iter(self._known)))
        self._known[name] = _Known(site, clock.now_ms())
        return site

    async def _look_up(self, name: str) -> Watched | None:
        query, values = _query(name)
        row = await self._database.fetchrow(SQL[query], *values) if query else None
        return None if row is None else Watched(**{**row, "domains": tuple(row["domains"])})


def _query(name: str) -> tuple[str, tuple[object, ...]]:
    """The query for a name with its values; none for what can name nothing."""
    if name.startswith("pk_"):
        return "by_public_key", (name,)
    if name[:2] in {"q/", "p/"}:
        return "by_slug", (name[2:], "link" if name[0] == "q" else "pixel")
    kind, colon, text = name.rpartition(":")
    try:
        found = uuid.UUID(text)
    except ValueError:
        return "", ()
    return ("by_link_uuid", (found, kind)) if colon else ("by_uuid", (found,))
