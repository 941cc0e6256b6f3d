"""What keeps the stores of signals in order: the steps that a background job runs, one after the other.

Each step may be interrupted anywhere and is done again by the next run. Partitions are dropped last, when everything
that follows the ledger has had time to read them.
"""

import logging
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.database.address import connect
from sightline.database.pool import Database
from sightline.settings import SignalSettings
from sightline.signals import ledger, open_visits, partitions
from sightline.signals.erasure import Erasure
from sightline.signals.journal import forget_keys
from sightline.signals.kind import Kind
from sightline.signals.retention import Retention
from sightline.signals.salts import Salts
from sightline.signals.sealing import Progress, Sealer, nobody

log = logging.getLogger("sightline.upkeep")
_HOUR_MS: Final = 3600 * 1000


class Done(Struct, frozen=True, kw_only=True):
    """What one run did."""

    erasures: int
    sealed: int
    merged: int
    dropped: int
    pruned: int
    partitions: int

    def line(self) -> str:
        return (
            f"sealed {self.sealed:,} signals, merged {self.merged} extents, dropped {self.dropped:,} old signals, "
            f"pruned {self.pruned:,} ledger rows and {self.partitions} partitions"
        )


class Upkeep:
    """The upkeep of one database."""

    def __init__(self, sealer: Sealer, erasure: Erasure, salts: Salts, settings: SignalSettings) -> None:
        self._sealer = sealer
        self._salts = salts
        self._erasure = erasure
        self._database: Database = sealer.database
        self._direct = sealer.direct
        self._settings = settings
        self._kinds = sealer.kinds

    async def run(self, *, progress: Progress = nobody) -> Done:
        """Do whatever is due."""
        now_ms = clock.now_ms()
        await partitions.create_partitions(self._direct, self._kinds, now_ms)
        await self._salts.destroy_ended(now_ms)
        erasures = await self._erasure.resume()
        await progress(0.1)
        sealed = await self._sealer.seal(progress=_part(progress, 0.1, 0.6))
        merged = await self._sealer.compact(progress=_part(progress, 0.6, 0.8))
        dropped = await Retention(self._database, self._kinds).apply(self._erasure, progress=_part(progress, 0.8, 0.95))
        await self._sealer.sweep()
        pruned = await self.prune(now_ms)
        dropped_partitions = await self.drop_partitions(now_ms)
        await self._forget(now_ms)
        await progress(1.0)
        return Done(
            erasures=erasures, sealed=sealed.signals, merged=merged, dropped=dropped, pruned=pruned,
            partitions=len(dropped_partitions),
        )  # fmt: skip

    async def prune(self, now_ms: int) -> int:
        """Forget ledger rows that were sealed and that every warehouse has had time to read."""
        before_ms = now_ms - self._settings.hot_hours * _HOUR_MS
        return int((await self._database.execute(ledger.SQL["prune"], before_ms)).split()[-1])

    async def drop_partitions(self, now_ms: int) -> list[str]:
        """Drop partitions none of whose signals stand in the ledger any more: they are in extents, or erased."""
        before_ms = now_ms - self._settings.hot_hours * _HOUR_MS
        connection = await connect(self._direct, application="sightline-partitions")
        try:
            dropped: list[str] = []
            if not await connection.fetchval(partitions.SQL["lock_dropping"]):
                return dropped  # another process is at it
            for kind in self._kinds:
                for name in await partitions.leftovers(connection, kind):
                    dropped += await self._finish_drop(connection, kind, name)
                for partition in await partitions.partitions(connection, kind):
                    if partition.to_ms <= before_ms and await self._drop(connection, kind, partition):
                        dropped.append(partition.name)
            return dropped
        finally:
            await connection.close()

    async def _drop(self, connection: partitions.Connection, kind: Kind, partition: partitions.Partition) -> bool:
        bounds = partition.from_ms, partition.to_ms
        if await connection.fetchval(ledger.SQL["unsealed_in"], *bounds):
            return False
        if await partitions.holds_bytes(connection, kind, partition.name):
            return False
        await partitions.detach(connection, kind, partition)
        return bool(await self._finish_drop(connection, kind, partition.name))

    async def _finish_drop(self, connection: partitions.Connection, kind: Kind, name: str) -> list[str]:
        """Drop a detached partition, unless a process whose clock is days behind committed into it until the end."""
        from_ms = partitions.day_of_name(name)
        if await connection.fetchval(ledger.SQL["unsealed_in"], from_ms, from_ms + partitions.DAY_MS):
            await partitions.attach(connection, kind, name, from_ms)
            log.warning("a partition that was to be dropped is in use", extra={"partition": name})
            return []
        await partitions.drop_detached(connection, name)
        return [name]

    async def _forget(self, now_ms: int) -> None:
        await forget_keys(self._database, now_ms)
        await open_visits.forget_ended(self._database, now_ms)


def _part(progress: Progress, start: float, end: float) -> Progress:
    async def within(done: float) -> None:
        await progress(start + (end - start) * done)

    return within
