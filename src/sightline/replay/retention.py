"""How long recordings stay: by the age that each site keeps them, and by what all of them may take."""

from typing import Final

from msgspec import Struct

from sightline import clock, metrics
from sightline.accounts import sites
from sightline.accounts.sites import Kept
from sightline.blobs.store import BlobStore, Disk
from sightline.database.pool import Database
from sightline.replay.library import Library
from sightline.replay.sealing import SQL
from sightline.signals.retention import Forecast

_DAY_MS: Final = 24 * 3600 * 1000


class Room(Struct, frozen=True, kw_only=True):
    """What recordings take, what they may, and what they will take when nothing changes."""

    bytes: int
    budget: int  # 0: as much as there is
    recordings: int
    bytes_in_30_days: int
    disk: Disk | None

    @property
    def over_budget(self) -> bool:
        """Whether more is stored than may be; then nothing more can go, or it would have gone."""
        return bool(self.budget) and self.bytes > self.budget

    @property
    def full(self) -> bool:
        """Whether there is no room for more: by the budget, or because the disk has none."""
        return self.over_budget or (self.disk is not None and self.disk.full)

    def trouble(self) -> tuple[str, str]:
        """What is full, and what to do; nothing where there is room."""
        if self.over_budget:
            what = f"full: {self.bytes:,} bytes of recordings, {self.budget:,} allowed, all of them kept"
            return what, "Raise recordings.budget_mb, or keep fewer."
        if self.disk is not None and self.disk.full:
            what = f"full: {self.disk.free:,} of {self.disk.total:,} bytes of the disk are free"
            return what, "Free some space: until then recordings stay in PostgreSQL, and none is lost."
        return "", ""


async def room(database: Database, budget: int, store: BlobStore) -> Room:
    """Ask how much there is."""
    now_ms = clock.now_ms()
    rows = await database.fetch(SQL["stored"])
    size = sum(row["bytes"] for row in rows)
    grown = 0.0
    kept = await sites.kept(database)
    for row in rows:
        days = max(1.0, (now_ms - row["first_ms"]) / _DAY_MS)
        longest = kept.get(row["site"], sites.DEFAULT_DAYS)[Kept.RECORDINGS]
        # Until the oldest falls out of retention everything adds up; from then on as much goes as comes.
        grown += row["bytes"] / days * max(0.0, min(30.0, longest - days))
    return Room(
        bytes=size, budget=budget, recordings=sum(row["recordings"] for row in rows),
        bytes_in_30_days=round(size + grown), disk=await store.disk(),
    )  # fmt: skip


async def forecast(database: Database, site: int) -> Forecast | None:
    """What the sealed recordings of a site take, now and when nothing changes; None where there are none."""
    found = next((row for row in await database.fetch(SQL["stored"]) if row["site"] == site), None)
    if found is None:
        return None
    days = (await sites.kept(database)).get(site, sites.DEFAULT_DAYS)[Kept.RECORDINGS]
    age = max(1.0, (clock.now_ms() - found["first_ms"]) / _DAY_MS)
    rows_per_day, bytes_per_day = found["recordings"] / age, found["bytes"] / age
    return Forecast(
        site=site, kind="recording", days=days, rows=found["recordings"], bytes=found["bytes"],
        rows_per_day=rows_per_day, bytes_per_day=bytes_per_day,
        bytes_in_30_days=round(found["bytes"] + bytes_per_day * max(0.0, min(30.0, days - age))),
        bytes_at_most=round(max(found["bytes"], bytes_per_day * days)),
    )  # fmt: skip


async def apply(database: Database, library: Library, budget: int) -> tuple[int, Room]:
    """Delete what is too old, and then the oldest until the rest fits; what somebody keeps stays."""
    gone = 0
    now_ms = clock.now_ms()
    for site, days in (await sites.kept(database)).items():
        while rows := await database.fetch(SQL["too_old"], site, now_ms - days[Kept.RECORDINGS] * _DAY_MS):
            gone += await library.delete_many([dict(row) for row in rows])
    now = await room(database, budget, library.store)
    excess = now.bytes - budget if budget else 0
    while excess > 0 and (rows := await database.fetch(SQL["oldest"])):
        for row in rows:
            gone += await library.delete_many([dict(row)])
            excess -= row["bytes"]
            if excess <= 0:
                break
    now = await room(database, budget, library.store)
    metrics.observe("RecordingsStored", now.bytes)
    metrics.count("RecordingsFull", int(now.full))
    return gone, now
