"""Retention: how long each kind of each site is kept, what is dropped today, and how large it will all become."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.accounts import sites
from sightline.accounts.sites import Kept
from sightline.database.pool import Database
from sightline.signals.erasure import RETENTION, Erasure
from sightline.signals.kind import Kind, Registry
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import Tombstone
from sightline.signals.parquet import DAY_MS
from sightline.signals.sealing import Progress, nobody
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "retention.sql")
# The forecast goes by the days that are sealed and not much older than that.
_RECENT_DAYS: Final = 14


class Forecast(Struct, frozen=True, kw_only=True):
    """What is sealed of a kind of a site takes, now and when nothing changes."""

    site: int
    kind: str
    days: int
    rows: int
    bytes: int
    rows_per_day: float
    bytes_per_day: float
    bytes_in_30_days: int
    bytes_at_most: int


class Retention:
    """The retention of one database, as its sites set it."""

    def __init__(self, database: Database, kinds: Registry = KINDS) -> None:
        self._database = database
        self._kinds = kinds

    async def due(self, now_ms: int | None = None) -> list[Tombstone]:
        """What is too old today: for each kind and age one tombstone with all its sites."""
        today = (clock.now_ms() if now_ms is None else now_ms) // DAY_MS
        kept = await sites.kept(self._database)
        found: list[Tombstone] = []
        for kind in self._kinds:
            by_age: dict[int, list[int]] = {}
            shortest = min((of[kind.kept] for of in kept.values()), default=sites.DEFAULT_DAYS[kind.kept])
            before_ms = (today - min(shortest, sites.DEFAULT_DAYS[kind.kept])) * DAY_MS
            for row in await self._database.fetch(SQL["oldest"], kind.name, before_ms):
                age = _days(kept, row["site"], kind)
                if row["from_ms"] < (today - age) * DAY_MS:
                    by_age.setdefault(age, []).append(row["site"])
            found += [
                Tombstone(
                    reason=RETENTION, sites=tuple(sorted(of)), kinds=(kind.name,), before_ms=(today - age) * DAY_MS
                )
                for age, of in sorted(by_age.items())
            ]
        return found

    async def apply(self, erasure: Erasure, *, progress: Progress = nobody) -> int:
        """Drop what is too old; return how many signals that were."""
        due = await self.due()
        dropped = 0
        for number, tombstone in enumerate(due):
            dropped += (await erasure.erase(tombstone)).rows
            await progress((number + 1) / len(due))
        return dropped

    async def forecast(self, only: Iterable[int] | None = None) -> list[Forecast]:
        """What every kind of these or all sites takes, by what its last sealed days took."""
        kept = await sites.kept(self._database)
        wanted = None if only is None else set(only)
        since = clock.now().date() - timedelta(days=_RECENT_DAYS)
        made: list[Forecast] = []
        for kind in self._kinds:
            daily = {row["site"]: row for row in await self._database.fetch(SQL["daily"], kind.name, since)}
            for row in await self._database.fetch(SQL["stored"], kind.name):
                site, recent = row["site"], daily.get(row["site"])
                if wanted is not None and site not in wanted:
                    continue
                per_day = (recent["rows"] / recent["days"], recent["bytes"] / recent["days"]) if recent else (0.0, 0.0)
                stored = row["rows"], row["bytes"], row["first_day"]
                made.append(_forecast(site, kind.name, _days(kept, site, kind), stored, per_day))
        return made


def _days(kept: Mapping[int, Mapping[Kept, int]], site: int, kind: Kind) -> int:
    """How many days a site keeps a kind; what belongs to no site any more is kept as long as a new one would."""
    return kept.get(site, sites.DEFAULT_DAYS)[kind.kept]


def _forecast(
    site: int, kind: str, days: int, stored: tuple[int, float, date], per_day: tuple[float, float]
) -> Forecast:
    rows, size, first_day = stored
    age = (clock.now().date() - first_day).days
    # Before the oldest day falls out of retention everything adds up; from then on a day comes and a day goes.
    grows = max(0, min(30, days - age))
    return Forecast(
        site=site, kind=kind, days=days, rows=rows, bytes=round(size), rows_per_day=per_day[0],
        bytes_per_day=per_day[1], bytes_in_30_days=round(size + per_day[1] * grows),
        bytes_at_most=round(max(size, per_day[1] * days)),
    )  # fmt: skip


def total(forecasts: Iterable[Forecast]) -> tuple[int, int]:
    """Bytes now and in 30 days."""
    listed = list(forecasts)
    return sum(one.bytes for one in listed), sum(one.bytes_in_30_days for one in listed)
