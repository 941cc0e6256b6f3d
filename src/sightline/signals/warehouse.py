"""The warehouse: DuckDB as a disposable shadow of journal and extents, kept fresh by following the ledger.

One process per node owns the file. It is opened with the first query and closed after some idle minutes; a query that
opens it waits until it has caught up. What cannot be followed any more (see `ledger`) is made anew: meanwhile every
query is answered with `Rebuilding`, which says how far it is.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct

from sightline import clock, metrics
from sightline.errors import SightlineError, Unavailable
from sightline.settings import WarehouseSettings
from sightline.signals import ledger
from sightline.signals.extents import Catalogue
from sightline.signals.follow import Following, StartAnew
from sightline.signals.kind import Registry
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import Place
from sightline.signals.shadow import Broken, Shadow

log = logging.getLogger("sightline.warehouse")
R = TypeVar("R")

_CATCH_UP_S: Final = 10.0
_SHORT_BUILD_S: Final = 1.0  # a new or small file is built before anybody had to be told to come again
_RETRY_S: Final = 1.0
_QUIET_MS: Final = 30_000


class Phase(StrEnum):
    """What the warehouse is doing."""

    CLOSED = "closed"
    BUILDING = "building"
    OPEN = "open"


class Status(Struct, frozen=True, kw_only=True):
    """What a person wants to know of the warehouse."""

    phase: Phase
    pos: int
    rows_done: int
    rows_total: int
    lag_ms: int
    size: int
    reason: str = ""

    @property
    def progress(self) -> float:
        return min(self.rows_done / self.rows_total, 1.0) if self.rows_total else 0.0


class Rebuilding(Unavailable):
    """The warehouse is being rebuilt; reports come back when it is done."""

    code = "warehouse_rebuilding"


class QueryFailed(Unavailable):
    """The warehouse ended while a query ran."""

    code = "warehouse_ended"


def _and_close(work: Callable[[Any], R], cursor: Any) -> R:
    """Close the cursor in the thread that uses it, whatever becomes of whoever waits."""
    try:
        return work(cursor)
    finally:
        cursor.close()


class Warehouse:
    """The one owner of a DuckDB file."""

    def __init__(
        self,
        file: Path,
        catalogue: Catalogue,
        settings: WarehouseSettings,
        kinds: Registry = KINDS,
    ) -> None:
        self._file = file
        self._database = catalogue.database
        self._catalogue = catalogue
        self._settings = settings
        self._kinds = kinds
        self._shadow: Shadow | None = None
        self._following: Following | None = None
        self._task: asyncio.Task[None] | None = None
        self._fresh = asyncio.Event()
        self._running: set[Any] = set()
        self._last_used_ms = 0
        self._asked_anew = False
        self._relaxed = False
        self._reason = ""
        self._writer = ThreadPoolExecutor(1, "warehouse-writer")
        self._readers = ThreadPoolExecutor(settings.queries, "warehouse-reader")
        self._closing = False

    async def start(self) -> None:
        """Open the file and begin to follow."""
        self._wake()

    async def close(self) -> None:
        """End running queries, stop following, close the file."""
        self._closing = True
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._writer.shutdown(wait=False)
        self._readers.shutdown(wait=False)

    def status(self) -> Status:
        following = None if self._asked_anew else self._following
        size = self._file.stat().st_size if self._file.exists() else 0
        if following is None:
            phase = Phase.BUILDING if self._asked_anew and not self._reason else Phase.CLOSED
            return Status(phase=phase, pos=0, rows_done=0, rows_total=0, lag_ms=0, size=size, reason=self._reason)
        return Status(
            phase=Phase.BUILDING if following.building else Phase.OPEN, pos=following.place.pos,
            rows_done=following.rows_done, rows_total=following.rows_total, lag_ms=following.lag_ms, size=size,
            reason=self._reason,
        )  # fmt: skip

    async def query(self, sql: str, parameters: list[object] | None = None) -> Any:
        """Run a query and return an Arrow table; cancelled when the caller is."""

        def work(cursor: Any) -> Any:
            return cursor.sql(sql, params=parameters or []).to_arrow_table()

        return await self.run(work)

    async def run(self, work: Callable[[Any], R]) -> R:
        """Run `work` with a DuckDB cursor of its own in a thread; when the caller is cancelled it is interrupted."""
        async with self._opened() as shadow:
            started = clock.now_ms()
            cursor = shadow.cursor()
            self._running.add(cursor)
            future = asyncio.get_running_loop().run_in_executor(self._readers, _and_close, work, cursor)
            future.add_done_callback(lambda _: self._running.discard(cursor))
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                await self._interrupt(cursor, future)
                raise
            except Exception as exc:
                if type(exc).__name__ == "InterruptException":  # named, since this process may never load DuckDB
                    raise QueryFailed(hint="Ask again shortly.") from exc
                raise
            finally:
                metrics.observe("QueryDuration", clock.now_ms() - started)

    async def caught_up(self, *, within_s: float = 30) -> int:
        """Wait until everything is in that was committed before this call; return its place in the ledger."""
        self._last_used_ms = clock.now_ms()
        self._wake()
        state = await ledger.poll(self._database, Place())
        try:
            async with asyncio.timeout(within_s):
                while not self._has_reached(state):  # noqa: ASYNC110 - the poll that brings it forward is timed too
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise self._not_ready() from None
        return state.last_pos

    def _has_reached(self, state: ledger.State) -> bool:
        following = self._following
        if following is None or following.building or self._asked_anew:
            return False
        return following.place.generation == state.generation and following.place.pos >= state.last_pos

    def rebuild(self) -> None:
        """Make the file anew; `status` says how far it is."""
        self._asked_anew = True
        self._reason = ""
        self._fresh.clear()
        self._wake()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Shadow]:
        self._last_used_ms = clock.now_ms()
        self._wake()
        if not self._fresh.is_set():
            building = self._following is not None and self._following.building
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SHORT_BUILD_S if building else _CATCH_UP_S):
                    await self._fresh.wait()
        if not self._fresh.is_set() or self._shadow is None:
            raise self._not_ready()
        try:
            yield self._shadow
        finally:
            self._last_used_ms = clock.now_ms()
            self._relaxed = False

    def _not_ready(self) -> Unavailable:
        found = self.status()
        if found.phase is Phase.BUILDING:
            return Rebuilding(
                f"the warehouse is being rebuilt: {found.rows_done:,} of about {found.rows_total:,} rows",
                hint="Collecting goes on meanwhile; ask again shortly.",
            )
        return Unavailable(
            f"the warehouse is not open: {self._reason or 'it is catching up'}", hint="Ask again shortly."
        )

    async def _interrupt(self, cursor: Any, future: asyncio.Future[Any]) -> None:
        """Interrupt until the thread has ended: one that had not begun yet does not notice the first time."""
        while not future.done():
            cursor.interrupt()
            await asyncio.wait({future}, timeout=0.02)
        with contextlib.suppress(Exception, asyncio.CancelledError):
            future.result()

    def _wake(self) -> None:
        if self._closing:
            raise Unavailable("the warehouse is closed", hint="The server is stopping.")
        if self._task is None or self._task.done():
            self._last_used_ms = clock.now_ms()
            self._task = asyncio.create_task(self._live(), name="warehouse")

    async def _live(self) -> None:
        """Follow until nobody has asked for a while; whatever goes wrong on the way is tried again."""
        try:
            while True:
                while not self._idle():
                    await self._follow_or_wait()
                await self._close_shadow()
                # Who asked while it was closing finds this task alive, so it goes on for them.
                if self._idle():
                    return
        finally:
            if self._shadow is not None:
                await asyncio.shield(self._close_shadow())

    async def _follow_or_wait(self) -> None:
        try:
            await self._follow()
        except StartAnew as anew:
            self._note_anew(anew.reason)
        except Broken:
            self._note_anew("broken")
        except (SightlineError, OSError) as exc:
            self._reason = getattr(exc, "message", type(exc).__name__)
            log.warning("the warehouse cannot follow", extra={"reason": type(exc).__name__})
            await asyncio.sleep(_RETRY_S)
        except Exception as exc:
            self._reason = type(exc).__name__
            log.exception("the warehouse stumbled")
            await asyncio.sleep(_RETRY_S)

    def _note_anew(self, reason: str) -> None:
        metrics.count("WarehouseRebuilds", Reason=reason)
        log.info("the warehouse is made anew", extra={"reason": reason})
        self._fresh.clear()
        self._asked_anew = True

    def _idle(self) -> bool:
        idle_ms = self._settings.idle_minutes * 60_000
        return not self._running and clock.now_ms() - self._last_used_ms > idle_ms

    async def _follow(self) -> None:
        if self._shadow is None or self._asked_anew:
            await self._open()
        assert self._shadow is not None
        assert self._following is not None
        following = self._following
        if following.building:
            await following.build()
        while not self._idle() and not self._asked_anew:
            more = await following.step()
            if not more:
                self._reason = ""
                self._fresh.set()
                await self._relax_when_quiet()
                await asyncio.sleep(self._settings.poll_ms / 1000)

    async def _relax_when_quiet(self) -> None:
        """Give memory back half a minute after the last query."""
        if self._relaxed or self._running or clock.now_ms() - self._last_used_ms < _QUIET_MS:
            return
        assert self._shadow is not None
        await self._in_writer(self._shadow.relax)
        self._relaxed = True

    async def _open(self) -> None:
        ours = self._shadow is not None
        await self._close_shadow()
        if self._asked_anew:
            await self._in_writer(Shadow.remove if ours else self._discard, self._file)
        self._shadow = await self._in_writer(self._open_shadow)
        place, complete = await self._in_writer(self._shadow.place)
        if place is not None and not complete:  # a rebuild that did not end
            await self._close_shadow()
            raise StartAnew("broken")
        self._following = Following(self._shadow, self._catalogue, self._kinds, self._in_writer, place)
        self._asked_anew = False

    def _discard(self, file: Path) -> None:
        """Remove the file, unless another process has it open: taken from under it, nobody would notice."""
        with contextlib.suppress(Broken):
            self._open_shadow().close()
        Shadow.remove(file)

    def _open_shadow(self) -> Shadow:
        return Shadow.open(self._file, self._kinds, memory_mb=self._settings.memory_mb, threads=self._settings.threads)

    async def _in_writer(self, work: Callable[..., R], *values: object) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work, *values)

    async def _close_shadow(self) -> None:
        self._fresh.clear()
        shadow, self._shadow = self._shadow, None
        following, self._following = self._following, None
        while self._running:
            for cursor in list(self._running):  # again and again: one that had not begun yet does not notice
                cursor.interrupt()
            await asyncio.sleep(0.01)
        if following is not None:
            await self._in_writer(following.close)
        if shadow is not None:
            await self._in_writer(shadow.close)
