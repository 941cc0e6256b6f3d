"""Rules in force: which version of the dictionary masks a site's signals, known to every process at once.

A process loads a version once. An activation is announced through PostgreSQL, and what was loaded is asked about again
after a minute anyway, so an announcement that nobody heard does no lasting harm.
"""

import asyncio
from collections import OrderedDict
from datetime import datetime
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import NotFound
from sightline.privacy.dictionary import Rules, restore
from sightline.signals import activation
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "rules.sql")
CHANNEL: Final = "sightline_rules"
INSTANCE: Final = 0
_ASK_AGAIN_MS: Final = 60_000
_COMPILED: Final = 64


class Active(Struct, frozen=True):
    """Rules in force; what they mask is stored with this number."""

    number: int
    rules: Rules


class Version(Struct, frozen=True, kw_only=True):
    """One line of the history. Site 0 is the instance."""

    number: int
    site: int
    hash: str
    name: str
    base: int | None
    shipped: str
    note: str
    activated_at: datetime
    activated_by: int | None
    is_active: bool


class _Known(Struct, frozen=True):
    active: Active
    asked_ms: int


class RulesStore:
    """The rules in force, for one process and event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, _Known] = {}
        self._compiled: OrderedDict[str, Rules] = OrderedDict()
        self._loading = asyncio.Lock()
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """A number that changes whenever an activation may have changed what is in force."""
        return self._epoch

    async def active(self, site: int = INSTANCE) -> Active:
        """Return what is in force for a site: its own rules, or else those of the instance."""
        known = self._known.get(site)
        if known is not None and 0 <= clock.now_ms() - known.asked_ms < _ASK_AGAIN_MS:
            return known.active
        return await self._load(site)

    def heed(self, payload: str) -> None:
        """Forget what another process has announced on `CHANNEL`."""
        site = int(payload) if payload.isdigit() else INSTANCE
        self._epoch += 1
        if site == INSTANCE:
            self._known.clear()
        else:
            self._known.pop(site, None)

    def forget(self) -> None:
        """Forget which rules are in force; what was compiled stays, since it cannot change."""
        self.heed(str(INSTANCE))

    async def version(self, number: int) -> Active:
        """Return the rules of a number, in force or not."""
        canonical = await self._database.fetchval(SQL["canonical"], number)
        if canonical is None:
            raise NotFound(f"there is no rules version {number}", hint="`sightline privacy rules list` shows them all.")
        return Active(number, await asyncio.to_thread(restore, str(canonical)))

    async def listing(self, site: int | None = None) -> list[Version]:
        """The history, the latest first: of everything, of the instance, or of one site."""
        await self._at_least_shipped()
        return [Version(**dict(row)) for row in await self._database.fetch(SQL["list"], site)]

    async def by_site(self) -> dict[int, Active]:
        """What is in force for each site that has rules of its own, and, under 0, for all others."""
        rows = await self._database.fetch(SQL["sites_of_their_own"])
        return {site: await self.active(site) for site in (INSTANCE, *(int(row["site"]) for row in rows))}

    async def _load(self, site: int) -> Active:
        async with self._loading:
            known = self._known.get(site)
            if known is not None and 0 <= clock.now_ms() - known.asked_ms < _ASK_AGAIN_MS:
                return known.active
            epoch = self._epoch
            row = await self._database.fetchrow(SQL["in_force"], site)
            if row is None:
                await activation.ensure_shipped(self._database)
                row = await self._database.fetchrow(SQL["in_force"], site)
            assert row is not None
            active = Active(row["number"], await self._rules(row["hash"], row["number"]))
            if epoch == self._epoch:  # nothing was announced while we were asking
                self._known[site] = _Known(active, clock.now_ms())
            return active

    async def _rules(self, digest: str, number: int) -> Rules:
        found = self._compiled.get(digest)
        if found is None:
            found = self._compiled[digest] = (await self.version(number)).rules
            if len(self._compiled) > _COMPILED:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(digest)
        return found

    async def _at_least_shipped(self) -> None:
        if await self._database.fetchval(SQL["next_number"]) == 1:
            await activation.ensure_shipped(self._database)
