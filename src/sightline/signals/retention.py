"""Retention: how long each kind of each site is kept, what is dropped today, and how large it will all become."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.signals.erasure import RETENTION, Erasure
from sightline.signals.kind import Registry
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import Tombstone
from sightline.signals.parquet import DAY_MS
from sightline.signals.sealing import Progress, nobody
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "retention.sql")
EVERY_SITE: Final = 0
MAX_DAYS: Final = 36_500
# The forecast goes by the days that are sealed and not much older than that.
_RECENT_DAYS: Final = 14


class Rule(Struct, frozen=True):
    """One rule; site 0 stands for every site without a rule of its own."""

    site: int
    kind: str
    days: int


class Forecast(Struct, frozen=True, kw_only=True):
    """What a kind of a site takes, now and when nothing changes. `days` is None when it is kept for ever."""

    site: int
    kind: str
    days: int | None
    rows: int
    bytes: int
    rows_per_day: float
    bytes_per_day: float
    bytes_in_30_days: int
    bytes_at_most: int | None


class Retention:
    """The rules of one database."""

    def __init__(self, database: Database, kinds: Registry = KINDS) -> None:
        self._database = database
        self._kinds = kinds

    async def keep(self, site: int, kind: str, days: int | None) -> None:
        """Set a rule, or remove it with None."""
        if kind not in self._kinds:
            raise InvalidValue(
                f"there is no kind {kind!r}", hint=f"Kinds are {', '.join(self._kinds.names())}.", field="kind"
            )
        if days is None:
            await self._database.execute(SQL["keep_forever"], site, kind)
        elif 1 <= days <= MAX_DAYS:
            await self._database.execute(SQL["keep"], site, kind, days)
        else:
            raise InvalidValue(f"days = {days!r}", hint=f"Keep signals for 1 to {MAX_DAYS} days.", field="days")

    async def rules(self) -> list[Rule]:
        return [Rule(row["site"], row["kind"], row["days"]) for row in await self._database.fetch(SQL["rules"])]

    async def due(self, now_ms: int | None = None) -> list[Tombstone]:
        """What is too old today: for each kind and age one tombstone with all its sites."""
        today = (clock.now_ms() if now_ms is None else now_ms) // DAY_MS
        rules = await self.rules()
        found: list[Tombstone] = []
        for kind in sorted({rule.kind for rule in rules}):
            days_of = {rule.site: rule.days for rule in rules if rule.kind == kind}
            by_age: dict[int, list[int]] = {}
            for age in sorted(set(days_of.values())):
                rows = await self._database.fetch(SQL["sites_before"], kind, (today - age) * DAY_MS)
                for row in rows:
                    if days_of.get(row["site"], days_of.get(EVERY_SITE)) == age:
                        by_age.setdefault(age, []).append(row["site"])
            found += [
                Tombstone(reason=RETENTION, sites=tuple(sorted(sites)), kinds=(kind,), before_ms=(today - age) * DAY_MS)
                for age, sites in by_age.items()
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

    async def forecast(self) -> list[Forecast]:
        """What every kind of every site takes, by what its last sealed days took."""
        rules = {(rule.site, rule.kind): rule.days for rule in await self.rules()}
        since = clock.now().date() - timedelta(days=_RECENT_DAYS)
        made: list[Forecast] = []
        for kind in self._kinds.names():
            daily = {row["site"]: row for row in await self._database.fetch(SQL["daily"], kind, since)}
            for row in await self._database.fetch(SQL["stored"], kind):
                site, recent = row["site"], daily.get(row["site"])
                days = rules.get((site, kind), rules.get((EVERY_SITE, kind)))
                per_day = (recent["rows"] / recent["days"], recent["bytes"] / recent["days"]) if recent else (0.0, 0.0)
                made.append(_forecast(site, kind, days, (row["rows"], row["bytes"], row["first_day"]), per_day))
        return made


def _forecast(
    site: int, kind: str, days: int | None, stored: tuple[int, float, date], per_day: tuple[float, float]
) -> Forecast:
    rows, size, first_day = stored
    age = (clock.now().date() - first_day).days
    # Before the oldest day falls out of retention everything adds up; from then on a day comes and a day goes.
    grows = 30 if days is None else max(0, min(30, days - age))
    return Forecast(
        site=site, kind=kind, days=days, rows=rows, bytes=round(size), rows_per_day=per_day[0],
        bytes_per_day=per_day[1], bytes_in_30_days=round(size + per_day[1] * grows),
        bytes_at_most=None if days is None else round(max(size, per_day[1] * days)),
    )  # fmt: skip


def total(forecasts: Iterable[Forecast]) -> tuple[int, int]:
    """Bytes now and in 30 days."""
    listed = list(forecasts)
    return sum(one.bytes for one in listed), sum(one.bytes_in_30_days for one in listed)
