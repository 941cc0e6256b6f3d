"""Masking anew: rewrite what is stored under the rules in force, as a job that may be interrupted anywhere.

The job stands in a table: what is to be gone over, the versions that were in force when it began, and which parts of it
are done. Whoever starts next, a command or the background job of a server, goes on with an open one first. Within a
part nothing has to be remembered: rows and extents carry the version under which they were masked, so what was
rewritten before a crash is not rewritten again, and doing it twice does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from sightline import clock
from sightline.accounts import audit
from sightline.accounts.audit import Action
from sightline.accounts.callers import Caller
from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue
from sightline.signals.erasure import SQL as ERASURE
from sightline.signals.findings import passes
from sightline.signals.masking import Masking
from sightline.signals.rules import INSTANCE, Active, RulesStore
from sightline.signals.sealing import Busy
from sightline.signals.walkers import Selection, Walker, Walkers
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "remasking.sql")
JOB: Final = "privacy.remask"
# Sealing and erasing hold the lock for as long as they take; this is how often we ask, and when we give up.
_ASK_S: Final = 0.5
_WAIT_S: Final = 60.0
_LINGERS: Final = 4
_NOTE_EVERY_MS: Final = 500
Watch = Callable[["Job"], Awaitable[None]]


class Job(Struct, frozen=True, kw_only=True):
    """One masking anew. `walked` names the parts that are done: a walker, and the site whose rules it went by."""

    id: int
    sites: tuple[int, ...]
    kinds: tuple[str, ...]
    since_ms: int
    versions: dict[int, int]
    walked: tuple[str, ...]
    progress: float
    changed: int
    started_at: datetime
    seen_at: datetime
    finished_at: datetime | None


class Preview(Struct, frozen=True, kw_only=True):
    """What would be rewritten of one kind under one version, and how many of its texts would change."""

    kind: str
    version: int
    site: int
    signals: int
    texts: int


class _Part(Struct, frozen=True):
    name: str
    walker: Walker
    selection: Selection
    active: Active


class Remasking:
    """Masks anew what the walkers of one database go over."""

    def __init__(self, database: Database, walkers: Walkers, rules: RulesStore, direct: Address | None = None) -> None:
        self._database = database
        self._direct = direct or database.address  # the lock goes with a session, which a proxy hands around
        self._walkers = walkers
        self._rules = rules

    async def run(
        self,
        caller: Caller,
        *,
        sites: Sequence[int] = (),
        kinds: Sequence[str] = (),
        since_ms: int = 0,
        watch: Watch | None = None,
    ) -> Job:
        """Finish what was interrupted, then do what is wanted; return when it is done."""
        self._check(kinds)
        connection = await self._alone()
        try:
            if (left := await self._open_job()) is not None:
                await self._carry_out(left, watch, resumed=True)
            job = await self._begin(caller, sites, kinds, since_ms)
            return await self._carry_out(job, watch, resumed=False)
        finally:
            connection.terminate()

    async def ask(
        self, caller: Caller, *, sites: Sequence[int] = (), kinds: Sequence[str] = (), since_ms: int = 0
    ) -> Job:
        """Begin one that the background job of a server carries out."""
        self._check(kinds)
        if (left := await self._open_job()) is not None:
            raise Conflict(f"masking anew is under way, {left.progress:.0%}", hint="Wait until it is finished.")
        return await self._begin(caller, sites, kinds, since_ms)

    async def _begin(self, caller: Caller, sites: Sequence[int], kinds: Sequence[str], since_ms: int) -> Job:
        by_site = await self._rules.by_site()
        versions = msgspec.json.encode({str(site): active.number for site, active in by_site.items()}).decode()
        async with self._database.transaction() as inside:
            row = await inside.fetchrow(SQL["begin"], list(sites), list(kinds), since_ms, versions, clock.now())
            await audit.record(inside, caller, Action.REMASK, kinds=list(kinds), sites=[str(site) for site in sites])
        return _job(row)

    async def resume(self, *, watch: Watch | None = None) -> Job | None:
        """Finish what was interrupted, unless another process is at it."""
        if await self._open_job() is None:
            return None
        try:
            connection = await self._alone()
        except Busy:
            return None
        try:
            left = await self._open_job()
            return None if left is None else await self._carry_out(left, watch, resumed=True)
        finally:
            connection.terminate()

    async def preview(
        self, *, sites: Sequence[int] = (), kinds: Sequence[str] = (), since_ms: int = 0
    ) -> list[Preview]:
        """Count what would be rewritten, without doing it."""
        self._check(kinds)
        found = []
        for part in self._parts(await self._rules.by_site(), sites, kinds, since_ms):
            masking = Masking(part.active.number, part.active.rules)
            older = msgspec.structs.replace(part.selection, older_than_rules=masking.number)
            texts = 0
            async for some in part.walker.texts(older):
                masked = await asyncio.to_thread(masking.texts, some.walk, some.texts)
                pairs = zip(some.texts, masked, some.counts, strict=True)
                texts += sum(count for text, after, count in pairs if text != after)
            size = await part.walker.size(older)
            site = int(part.name.rpartition("@")[2])
            found.append(Preview(kind=part.walker.name, version=masking.number, site=site, signals=size, texts=texts))
        return found

    async def listing(self, limit: int = 20) -> list[Job]:
        return [_job(row) for row in await self._database.fetch(SQL["jobs"], limit)]

    async def _carry_out(self, job: Job, watch: Watch | None, *, resumed: bool) -> Job:
        by_site = {site: await self._rules.version(number) for site, number in job.versions.items()}
        parts = self._parts(by_site, job.sites, job.kinds, job.since_ms)
        noted_ms = 0
        for number, part in enumerate(parts):
            if part.name in job.walked:
                continue

            async def tell(done: float, number: int = number) -> None:
                nonlocal noted_ms
                if clock.now_ms() - noted_ms < _NOTE_EVERY_MS:
                    return
                noted_ms = clock.now_ms()
                await self._database.execute(SQL["note"], job.id, (number + done) / len(parts), clock.now())
                await self._tell(watch)

            masking = Masking(part.active.number, part.active.rules)
            changed = await _patiently(part, masking, tell)
            after = (number + 1) / len(parts)
            await self._database.execute(SQL["note_walked"], job.id, part.name, changed, after, clock.now())
            await self._tell(watch)
        if resumed:  # what was rewritten before the interruption no warehouse has been told of
            await self._database.execute(ERASURE["bump_generation"])
        await self._database.execute(SQL["finish"], job.id, clock.now())
        (row,) = [found for found in await self.listing() if found.id == job.id]
        return row

    async def _tell(self, watch: Watch | None) -> None:
        if watch and (job := await self._open_job()):
            await watch(job)

    def _parts(
        self, by_site: dict[int, Active], sites: Sequence[int], kinds: Sequence[str], since_ms: int
    ) -> list[_Part]:
        wanted = Selection(sites=tuple(sites), since_ms=since_ms)
        cut = passes(wanted, by_site)
        return [
            _Part(f"{walker.name}@{_whose(selection, by_site)}", walker, selection, active)
            for walker in self._walkers
            if not kinds or walker.name in kinds
            for selection, active in cut
        ]

    def _check(self, kinds: Sequence[str]) -> None:
        unknown = sorted(set(kinds) - set(self._walkers.names()))
        if unknown:
            raise InvalidValue(
                f"there is no kind {unknown[0]!r}", field="kind", hint=f"Kinds are {', '.join(self._walkers.names())}."
            )

    async def _alone(self) -> asyncpg.Connection:
        connection = await connect(self._direct, application="sightline-remask")
        for _ in range(_LINGERS):  # the session of a process that was killed ends a moment later
            if await connection.fetchval(SQL["try_lock"]):
                break
            await asyncio.sleep(_ASK_S)
        else:
            connection.terminate()
            raise Busy(
                "another process is masking anew", hint="`sightline privacy remask --status` shows how far it is."
            )
        return connection

    async def _open_job(self) -> Job | None:
        row = await self._database.fetchrow(SQL["open_job"])
        return None if row is None else _job(row)


def _whose(selection: Selection, by_site: dict[int, Active]) -> int:
    """The site by whose rules a part goes; 0: those of the instance."""
    own = len(selection.sites) == 1 and selection.sites[0] in by_site
    return selection.sites[0] if own else INSTANCE


async def _patiently(part: _Part, masking: Masking, tell: Callable[[float], Awaitable[None]]) -> int:
    """Wait for a while for whoever is sealing or erasing."""
    for _ in range(int(_WAIT_S / _ASK_S)):
        try:
            return await part.walker.remask(part.selection, masking, progress=tell)
        except Busy:
            await asyncio.sleep(_ASK_S)
    return await part.walker.remask(part.selection, masking, progress=tell)


def _job(row: Any) -> Job:
    versions = {int(site): number for site, number in msgspec.json.decode(row["versions"]).items()}
    return msgspec.convert({**dict(row), "versions": versions}, Job)
