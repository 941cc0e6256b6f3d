"""The journal: an append that returns when what it was given is committed to PostgreSQL.

What arrives from many requests within a few milliseconds is committed together: one binary COPY per kind, the keys of
batches that may be sent twice, the visits that were seen again, and one ledger row, in one transaction. The ledger row
is inserted and the transaction committed in a single round trip, since all nodes pass that point one by one; without
keys, the whole transaction is one.

A commit that fails fails everybody who waited for it, with `Unavailable`; unless PostgreSQL refused a value, then the
batches are tried one by one, so that only the one with that value is refused.
"""

import asyncio
import contextlib
import hashlib
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from sightline import clock, metrics
from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.errors import Conflict, DatabaseUnavailable, InvalidValue, TooLarge, Unavailable
from sightline.settings import SignalSettings
from sightline.signals import open_visits
from sightline.signals.kind import Kind, Registry, Signal
from sightline.signals.kinds import KINDS
from sightline.signals.partitions import create_partitions
from sightline.sql import queries

log = logging.getLogger("sightline.journal")
SQL: Final = queries("sightline.signals", "journal.sql")

# As many numbers as the sequence `batch_number` is incremented by.
_NUMBERS: Final = 64
# A place in a batch is stored in 16 bits.
MAX_ROWS_PER_BATCH: Final = 1 << 15
_KEY_LIFE_MS: Final = 2 * 24 * 3600 * 1000
_LOST: Final = (
    asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError, asyncpg.IdleInTransactionSessionTimeoutError, asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientResourcesError, OSError, TimeoutError,
)  # fmt: skip
# What asyncpg raises while it encodes a value, and what PostgreSQL says to one.
_REFUSED_VALUE: Final = (asyncpg.DataError, UnicodeError, OverflowError, TypeError)


# What else is written in the transaction that stores a batch; it is told the number under which its rows stand.
Beside = Callable[[asyncpg.Connection, int], Awaitable[None]]
_Kinds = dict[Kind, list[Signal]]


class QueueFull(Unavailable):
    """More is arriving than PostgreSQL takes; try again shortly."""

    code = "journal_full"


class Batch(Struct, frozen=True, kw_only=True):
    """What one request brought. With a `key` it may be sent again and is stored once.

    A `beside` that raises `Conflict` undoes the whole commit, and everybody in it is told.
    """

    signals: Sequence[Signal]
    key: str | None = None
    visits: Sequence[open_visits.OpenVisit] = ()
    size: int = 0
    beside: Beside | None = None

    def key_id(self) -> uuid.UUID | None:
        if self.key is None:
            return None
        return uuid.UUID(bytes=hashlib.blake2b(self.key.encode(), digest_size=16).digest())


class _Waiting(Struct, eq=False, gc=False):
    batch: Batch
    key: uuid.UUID | None
    answer: asyncio.Future[bool]


class Journal:
    """The one writer of signals in a process; any number of processes may write to one database."""

    def __init__(self, address: Address, settings: SignalSettings, kinds: Registry = KINDS) -> None:
        self._address = address
        self._settings = settings
        self._kinds = kinds
        self._queue: deque[_Waiting] = deque()
        self._queued_rows = 0
        self._queued_bytes = 0
        self._expected_rows = 0
        self._arrived = asyncio.Event()
        self._enough = asyncio.Event()
        self._connection: asyncpg.Connection | None = None
        self._numbers: Iterable[int] = iter(())
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.full_ms = 0  # since when PostgreSQL's disk refuses what is written; 0 while it takes it

    async def start(self) -> None:
        """Begin to commit; the connection is made with the first commit, so PostgreSQL may still be away."""
        self._task = asyncio.create_task(self._run(), name="journal")

    async def close(self) -> None:
        """Commit what waits, then refuse everything else."""
        self._closing = True
        self._arrived.set()
        self._enough.set()
        if self._task:
            await self._task
            self._task = None
        await self._disconnect()

    async def append(self, batch: Batch) -> bool:
        """Return once the batch is committed: True, or False when a batch of this key was committed before."""
        rows = len(batch.signals)
        size = batch.size or rows * 512
        if rows > self._settings.queue_rows or rows > MAX_ROWS_PER_BATCH or size > self._settings.queue_mb << 20:
            raise TooLarge(f"a batch of {rows} signals is larger than the queue", hint="Send less at once.")
        if self._closing or self._task is None:
            raise Unavailable("the journal is closed", hint="The server is stopping; send it again.")
        if (
            self._queued_rows + rows > self._settings.queue_rows
            or self._queued_bytes + size > self._settings.queue_mb << 20
        ):
            metrics.count("JournalRefused", Reason="full")
            raise QueueFull(hint="Nothing of this request was stored.")
        waiting = _Waiting(batch, batch.key_id(), asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queued_rows += rows
        self._queued_bytes += size
        self._arrived.set()
        if self._queued_rows >= self._expected_rows:
            self._enough.set()
        return await waiting.answer

    async def _run(self) -> None:
        while not (self._closing and not self._queue):
            await self._arrived.wait()
            await self._gather()
            if taken := self._take():
                await self._commit_together(taken)
            if not self._queue and not self._closing:
                self._arrived.clear()

    async def _gather(self) -> None:
        """Wait until as much has come as last time, or a few milliseconds.

        Under load nearly everybody who was answered by the last commit comes again at once, so waiting for that many
        makes large commits without making anybody wait for the clock.
        """
        if self._closing or self._queued_rows >= self._expected_rows:
            return
        self._enough.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.gather_ms / 1000):
                await self._enough.wait()

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        rows = 0
        while self._queue and (not taken or rows + len(self._queue[0].batch.signals) <= self._settings.commit_rows):
            waiting = self._queue.popleft()
            count = len(waiting.batch.signals)
            self._queued_rows -= count
            self._queued_bytes -= waiting.batch.size or count * 512
            if waiting.answer.cancelled():
                continue  # whoever sent it has gone before anything was done with it
            rows += count
            taken.append(waiting)
        # Not less than 16: small commits at a moderate rate cost more than the wait of a few milliseconds.
        self._expected_rows = max(16, min(rows * 9 // 10, self._settings.commit_rows // 2))
        return taken

    async def _commit_together(self, taken: Sequence[_Waiting]) -> None:
        started = clock.now_ms()
        try:
            await self._commit(taken)
        except _REFUSED_VALUE as exc:
            if len(taken) == 1:
                self._refuse(taken[0], exc)
            else:
                for waiting in taken:
                    await self._commit_together([waiting])
            return
        except Exception as exc:  # noqa: BLE001 - whatever it was, nobody may wait forever for an answer
            self._fail(taken, exc)
            return
        self.full_ms = 0
        metrics.observe("CommitDuration", clock.now_ms() - started)

    async def _commit(self, taken: Sequence[_Waiting]) -> None:
        try:
            async with asyncio.timeout(self._settings.commit_timeout_s):
                new = await self._attempt(taken)
        except asyncpg.CheckViolationError:  # the partition of this day is missing
            await self._disconnect()
            await create_partitions(self._address, self._kinds, clock.now_ms(), days=1)
            async with asyncio.timeout(self._settings.commit_timeout_s):
                new = await self._attempt(taken)
        answered: set[uuid.UUID] = set()
        for waiting in taken:
            first = waiting.key is None or (waiting.key in new and waiting.key not in answered)
            if waiting.key is not None:
                answered.add(waiting.key)
            if not waiting.answer.done():
                waiting.answer.set_result(first)

    async def _attempt(self, taken: Sequence[_Waiting]) -> set[uuid.UUID]:
        """Run the transaction once; return the keys that were new. A failure leaves no transaction open."""
        connection = await self._connected()
        try:
            return await self._transaction(connection, taken)
        except (Exception, asyncio.CancelledError) as exc:
            if isinstance(exc, _REFUSED_VALUE) and not connection.is_closed():
                with contextlib.suppress(*_LOST):
                    await connection.execute("ROLLBACK", timeout=1)
                    raise
            await self._disconnect()
            raise

    async def _transaction(self, connection: asyncpg.Connection, taken: Sequence[_Waiting]) -> set[uuid.UUID]:
        number = await self._number(connection)
        received_ms = clock.now_ms()
        asks = any(waiting.key is not None or waiting.batch.beside is not None for waiting in taken)
        kinds = {} if asks else self._by_kind([waiting.batch for waiting in taken])
        visits = [visit for waiting in taken for visit in waiting.batch.visits]
        if len(kinds) == 1:
            counts, new = await self._commit_at_once(connection, kinds, visits, received_ms, number), set()
        else:
            await connection.execute("BEGIN")
            new = await self._insert_keys(connection, taken, received_ms)
            batches = _unique(taken, new)
            counts = await self._copy(connection, self._by_kind(batches), received_ms, number)
            for batch in batches:
                if batch.beside is not None:
                    await batch.beside(connection, number)
            await open_visits.touch(connection, visits)
            ledger = _ledger_row(number, received_ms, counts) + "; " if counts else ""
            await connection.execute(ledger + "COMMIT")
        for kind, rows in counts.items():
            metrics.count("SignalsCommitted", rows, Kind=kind)
        return new

    async def _commit_at_once(
        self, connection: asyncpg.Connection, kinds: _Kinds, visits: Sequence[open_visits.OpenVisit],
        received_ms: int, number: int,
    ) -> dict[str, int]:  # fmt: skip
        """The whole transaction in one round trip: what most requests bring is of one kind and has no keys.

        Statements that are sent together are one transaction, which ends with the last of them or with none. asyncpg
        appends the condition of a COPY to it as it is, and that is how the others come along.
        """
        ((kind, signals),) = kinds.items()
        counts = {kind.name: len(signals)}
        parts = [
            "true",
            *([open_visits.touch_text(visits)] if visits else ()),
            _ledger_row(number, received_ms, counts),
        ]
        await connection.copy_records_to_table(
            kind.table,
            records=kind.rows(signals, received_ms=received_ms, batch=number),
            columns=kind.column_names,
            where="; ".join(parts),
        )
        return counts

    async def _number(self, connection: asyncpg.Connection) -> int:
        number = next(iter(self._numbers), None)
        if number is None:
            first = int(await connection.fetchval(SQL["next_batches"]))
            self._numbers = iter(range(first + 1, first + _NUMBERS))
            return first
        return number

    async def _insert_keys(
        self, connection: asyncpg.Connection, taken: Sequence[_Waiting], received_ms: int
    ) -> set[uuid.UUID]:
        keys = {waiting.key for waiting in taken if waiting.key is not None}
        if not keys:
            return set()
        return {row["key"] for row in await connection.fetch(SQL["insert_keys"], list(keys), received_ms)}

    def _by_kind(self, batches: Sequence[Batch]) -> _Kinds:
        found: dict[type[Signal], list[Signal]] = {}
        for batch in batches:
            for signal in batch.signals:
                signals = found.get(type(signal))
                if signals is None:
                    signals = found[type(signal)] = []
                signals.append(signal)
        return {self._kinds.of(struct): signals for struct, signals in found.items()}

    @staticmethod
    async def _copy(connection: asyncpg.Connection, by_kind: _Kinds, received_ms: int, number: int) -> dict[str, int]:
        for kind, signals in by_kind.items():
            await connection.copy_records_to_table(
                kind.table,
                records=kind.rows(signals, received_ms=received_ms, batch=number),
                columns=kind.column_names,
            )
        return {kind.name: len(signals) for kind, signals in by_kind.items()}

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            connection = await connect(
                self._address, timeout_s=self._settings.commit_timeout_s, application="sightline-journal"
            )
            await connection.execute(SQL["settings_of_session"])
            self._connection = connection
            self._numbers = iter(())
        return self._connection

    async def _disconnect(self) -> None:
        """Drop the connection without waiting for the server, which may not answer; it rolls back by itself."""
        connection, self._connection = self._connection, None
        if connection:
            connection.terminate()

    def _refuse(self, waiting: _Waiting, cause: Exception) -> None:
        metrics.count("JournalRefused", Reason="value")
        if not waiting.answer.done():
            # The text of the cause can hold the value, so it is named by its type only.
            waiting.answer.set_exception(
                InvalidValue(
                    f"PostgreSQL cannot store a value of this batch ({type(cause).__name__})",
                    hint="Texts may not hold NUL or lone surrogates; numbers have to fit their column.",
                )
            )

    def _fail(self, taken: Sequence[_Waiting], cause: Exception) -> None:
        if isinstance(cause, Conflict):
            for waiting in taken:
                if not waiting.answer.done():
                    waiting.answer.set_exception(cause)
            return
        full, known = isinstance(cause, asyncpg.DiskFullError), isinstance(cause, (*_LOST, Unavailable))
        if full:
            self.full_ms = self.full_ms or clock.now_ms()
        metrics.count("JournalRefused", Reason="database" if known else "error")
        if known:
            log.warning("a commit failed", extra={"reason": type(cause).__name__, "batches": len(taken)})
        else:
            log.error("a commit failed", extra={"batches": len(taken)}, exc_info=cause)
        for waiting in taken:
            if not waiting.answer.done():
                what = "PostgreSQL's disk is full" if full else None
                error = DatabaseUnavailable(what, hint="Nothing of this request is known to be stored; send it again.")
                error.__cause__ = cause
                waiting.answer.set_exception(error)


async def forget_keys(database: Database, now_ms: int) -> int:
    """Forget the keys of batches that nobody sends again."""
    total = 0
    while forgotten := int((await database.execute(SQL["forget_keys"], now_ms - _KEY_LIFE_MS)).split()[-1]):
        total += forgotten
    return total


def _unique(taken: Sequence[_Waiting], new: set[uuid.UUID]) -> list[Batch]:
    """The batches to copy: those without a key, and the first of each new key."""
    chosen, left = [], set(new)
    for waiting in taken:
        if waiting.key is None:
            chosen.append(waiting.batch)
        elif waiting.key in left:
            left.discard(waiting.key)
            chosen.append(waiting.batch)
    return chosen


def _ledger_row(number: int, received_ms: int, counts: dict[str, int]) -> str:
    """The ledger row with its values in the text, since only a statement without parameters can carry its COMMIT.

    The values are two integers and the names of declared kinds, which are lower-case words.
    """
    shown = msgspec.json.encode(counts).decode()
    query = SQL["insert_ledger_row"]
    return query.replace("$1", str(int(number))).replace("$2", str(int(received_ms))).replace("$3", f"'{shown}'")
