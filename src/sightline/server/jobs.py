"""Background jobs: what runs, when, and what came of it last.

One process leads: it holds a session-level advisory lock on the writer (behind a proxy on a connection of its own,
since a proxy hands sessions around). If the connection is lost the lock is too, so a job that is running is cancelled
before another process may begin it. Jobs are written so that they may be interrupted anywhere and run again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import asyncpg
import msgspec

from sightline import clock, metrics
from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.errors import NotFound, SightlineError, Unavailable
from sightline.privacy.echo import shown
from sightline.sql import queries

log = logging.getLogger("sightline.jobs")
SQL = queries("sightline.server", "jobs.sql")

LOCK: Final = "sightline jobs"
_POLL_S: Final = 1.0
_RETRY_LEAD_S: Final = 2.0
# A failed job comes again after 1, 2, 4, ... minutes, at most its own interval.
_RETRY_FAILED: Final = timedelta(minutes=1)

Part = TypeVar("Part")
Progress = Callable[[float], Awaitable[None]]


class Job(msgspec.Struct, Generic[Part], frozen=True):
    """Something that runs by itself: `run(parts, progress)` returns a line that says what it did."""

    name: str
    every: timedelta
    run: Callable[[Part, Progress], Awaitable[str]]


class Jobs(Generic[Part]):
    """Runs the jobs of one process while it leads."""

    def __init__(self, jobs: Sequence[Job[Part]], parts: Part, database: Database, direct: Address) -> None:
        self._jobs: Mapping[str, Job[Part]] = {job.name: job for job in jobs}
        if len(self._jobs) != len(jobs):
            raise ValueError("two jobs have one name")
        self._parts = parts
        self._database = database
        self._direct = direct
        self._task: asyncio.Task[None] | None = None
        self.leads = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="jobs")

    async def stop(self) -> None:
        """Cancel what runs; its row says 'interrupted' and the next leader begins it again."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._lead()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, Unavailable) as exc:
                log.warning("no longer leading: the database is away", extra={"reason": type(exc).__name__})
            finally:
                self.leads = False
            await asyncio.sleep(_RETRY_LEAD_S)

    async def _lead(self) -> None:
        connection = await connect(self._direct, application="sightline-leader")
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            # Asked again and again: a statement that waits for the lock would hold back vacuum all that time.
            while not await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", LOCK):  # noqa: ASYNC110
                await asyncio.sleep(_RETRY_LEAD_S)
            self.leads = True
            await self._register()
            log.info("leading the background jobs")
            work = asyncio.create_task(self._work())
            waiting = asyncio.create_task(lost.wait())
            try:
                await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                work.cancel()
                waiting.cancel()
                await asyncio.gather(work, waiting, return_exceptions=True)
            if work.done() and not work.cancelled() and (error := work.exception()):
                raise error
        finally:
            await _close(connection)

    async def _register(self) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(SQL["interrupt_jobs"])
            await connection.execute(SQL["forget_jobs"], list(self._jobs))
            await connection.executemany(SQL["register_job"], [(name, clock.now()) for name in self._jobs])

    async def _work(self) -> None:
        while True:
            metrics.count("Leader")
            for row in await self._database.fetch(SQL["due_jobs"]):
                if job := self._jobs.get(row["name"]):
                    await self._run_once(job)
            await asyncio.sleep(_POLL_S)

    async def _run_once(self, job: Job[Part]) -> None:
        async def progress(done: float) -> None:
            await self._database.execute(SQL["note_progress"], job.name, min(max(done, 0.0), 1.0))

        await self._database.execute(SQL["start_job"], job.name)
        started = clock.now_ms()
        try:
            message, result = await job.run(self._parts, progress), "ok"
        except SightlineError as error:
            message, result = error.line(), "failed"
            log.warning("job failed", extra={"job": job.name, "reason": error.code})
        except Exception as exc:  # a broken job must not stop the others
            message, result = f"{type(exc).__name__}; the log has its stack", "failed"
            log.exception("job failed", extra={"job": job.name})
        duration_ms = clock.now_ms() - started
        metrics.count("JobRuns", Job=job.name, Result=result)
        metrics.observe("JobDuration", duration_ms, Job=job.name)
        after = await self._next(job, result)
        await self._database.execute(SQL["finish_job"], job.name, result, message, duration_ms, after)

    async def _next(self, job: Job[Part], result: str) -> datetime:
        if result == "ok":
            return clock.now() + job.every
        failed = await self._database.fetchval("SELECT failures_in_row FROM jobs WHERE name = $1", job.name)
        retries = min(int(str(failed or 0)), 16)
        return clock.now() + min(_RETRY_FAILED * (1 << retries), job.every)


async def listing(database: Database) -> list[dict[str, Any]]:
    """Every job and its last run, for `/readyz`, the API and `sightline jobs`."""
    return [dict(row) for row in await database.fetch(SQL["list_jobs"])]


async def request(database: Database, name: str) -> None:
    """Ask the process that leads to run a job now."""
    if await database.fetchval(SQL["request_job"], name) is None:
        raise NotFound(f"there is no job of the name {shown(name)}", hint="`sightline jobs list` shows them all.")


async def hurry(database: Database, name: str) -> None:
    """Let a job run soon; where no process has led yet, the first one that does runs it anyway."""
    await database.fetchval(SQL["request_job"], name)


async def _close(connection: asyncpg.Connection) -> None:
    """Close, whatever state the connection is in: the lock goes with it."""
    try:
        await connection.close(timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
