"""Audits that a server carries out in the background: asked for by somebody, watched by everybody who may see them.

One that was interrupted begins again, since an audit only reads.
"""

from datetime import datetime
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from sightline import clock
from sightline.accounts.callers import Caller
from sightline.database.pool import Database
from sightline.signals.findings import Audit, Progress, Report
from sightline.signals.rules import RulesStore
from sightline.signals.sealing import Progress as Tell
from sightline.signals.walkers import Selection, Walkers
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "audits.sql")
JOB: Final = "privacy.audits"
KEPT: Final = 20
_NOTE_EVERY_MS: Final = 500


class AskedAudit(Struct, frozen=True, kw_only=True):
    """An audit that was asked for. `report` is there when it is finished."""

    id: int
    site_id: int | None
    since_ms: int
    sample: int | None
    asked_by: int | None
    asked_at: datetime
    progress: float
    finished_at: datetime | None
    report: Report | None


class Audits:
    """The audits of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self, caller: Caller, *, site: int | None = None, since_ms: int = 0, sample: int | None = None
    ) -> AskedAudit:
        row = await self._database.fetchrow(SQL["ask"], site, since_ms, sample, caller.user_id, clock.now())
        assert row is not None
        return _asked(row)

    async def listing(self) -> list[AskedAudit]:
        """The latest first; older ones are forgotten."""
        return [_asked(row) for row in await self._database.fetch(SQL["latest"], KEPT)]

    async def run(self, walkers: Walkers, rules: RulesStore, *, progress: Tell) -> int:
        """Carry out what is open; return how many that were."""
        asked = [_asked(row) for row in await self._database.fetch(SQL["open"])]
        for number, one in enumerate(asked):

            async def tell(done: float, number: int = number) -> None:
                await progress((number + done) / len(asked))

            report = await self._one(one, walkers, rules, tell)
            text = msgspec.json.encode(msgspec.to_builtins(report, str_keys=True)).decode()
            await self._database.execute(SQL["finish"], one.id, clock.now(), text)
        await self._database.execute(SQL["forget"], KEPT)
        return len(asked)

    async def _one(self, asked: AskedAudit, walkers: Walkers, rules: RulesStore, tell: Tell) -> Report:
        names, noted_ms = walkers.names(), 0

        async def watch(now: Progress) -> None:
            nonlocal noted_ms
            if clock.now_ms() - noted_ms < _NOTE_EVERY_MS:
                return
            noted_ms = clock.now_ms()
            done = min((names.index(now.walker) + now.share) / len(names), 1.0)
            await self._database.execute(SQL["note"], asked.id, done)
            await tell(done)

        selection = Selection(sites=() if asked.site_id is None else (asked.site_id,), since_ms=asked.since_ms)
        return await Audit(walkers, await rules.by_site()).run(selection, sample=asked.sample, watch=watch)


def _asked(row: asyncpg.Record) -> AskedAudit:
    report = None if row["report"] is None else msgspec.json.decode(row["report"], type=Report, strict=False)
    return AskedAudit(**{**row, "report": report})
