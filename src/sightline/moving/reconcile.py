"""Both sides counted after an import: for every site and day what the source has, and what of it stands here."""

from collections import Counter
from typing import Any, Final

from msgspec import Struct

from sightline.collect.umami_rows import EPOCH_US, TYPES, fault_of
from sightline.moving.cursors import Cursor
from sightline.moving.stored import Range, Stored
from sightline.moving.umami_events import EVENTS, Task
from sightline.moving.umami_source import SQL, Source, str_of
from sightline.operate.house import House
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue
from sightline.signals.parquet import DAY_MS, day_of

_MONEY: Final = "revenue"
Sums = dict[int, Counter[str]]


class Difference(Struct, frozen=True, kw_only=True):
    """A day on which the two sides have different sums; money is in ten-thousandths."""

    site: str
    name: str
    day: str
    what: str
    source: int
    here: int


class Reconciled(Struct, frozen=True, kw_only=True):
    """What was compared, and what differs."""

    sites: int
    days: int
    events: int
    differences: list[Difference]


async def reconcile(house: House, source: Source, tasks: list[Task]) -> Reconciled:
    """Compare; what came here otherwise than by this import does not count."""
    catalogue = Catalogue(house.database, house.stores.extents, house.direct)
    days = events = 0
    differences: list[Difference] = []
    for task in tasks:
        there = await _there(source, task)
        # Without a table of revenue nothing there can be summed up by plain SQL.
        here = await _here(house, catalogue, task, money=source.has("revenue"))
        days += len(there.keys() | here.keys())
        events += sum(sums["events"] for sums in there.values())
        differences += _differences(task, there, here)
    return Reconciled(sites=len(tasks), days=days, events=events, differences=differences)


async def _there(source: Source, task: Task) -> Sums:
    given = task.website, task.from_us, task.until_us, list(TYPES)
    found: Sums = {}
    for row in await source.rows(SQL["days"], *given):
        found.setdefault(row["day"], Counter())["events"] = row["events"]
    if not source.has("revenue"):
        return found
    bought: dict[bytes, str] = {}
    # In the order in which an event's revenue is read, so that the same currency is the first.
    for row in await source.rows(SQL["money"].format(created=source.order("revenue", "r")), *given):
        if fault_of(row["revenue"], row["currency"]) is None:
            currency = bought.setdefault(row["event_id"], row["currency"].upper())
            if currency == row["currency"].upper():
                found.setdefault(row["day"], Counter())[f"{_MONEY} {currency}"] += int(row["revenue"] * 10_000)
    return found


async def _here(house: House, catalogue: Catalogue, task: Task, *, money: bool) -> Sums:
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    found: Sums = {}
    cursor = await Cursor.found(house.database, task.site, task.source, EVENTS)
    if cursor is None:
        return found
    batches = pa.array(await cursor.batches(house.database), pa.int64())
    wanted = Range(
        kind=EVENT, site=task.site, columns=("created_ms", "batch", "revenue", "currency"),
        from_ms=(task.from_us + EPOCH_US) // 1000, to_ms=(task.until_us + EPOCH_US) // 1000 + 1,
    )  # fmt: skip
    stored = await Stored.open(catalogue, wanted)
    async for table in stored.tables():
        _add(found, table.filter(pc.is_in(table.column("batch"), value_set=batches)), money=money)
    return found


def _add(found: Sums, table: Any, *, money: bool) -> None:
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    days = pc.floor(pc.divide(table.column("created_ms").cast(pa.float64()), DAY_MS)).cast(pa.int64())
    grouped = pa.table({"day": days, "currency": table.column("currency"), "revenue": table.column("revenue")})
    summed = grouped.group_by(["day", "currency"]).aggregate([("day", "count"), ("revenue", "sum")])
    for row in summed.to_pylist():
        sums = found.setdefault(row["day"], Counter())
        sums["events"] += row["day_count"]
        if money and row["revenue_sum"]:
            sums[f"{_MONEY} {row['currency']}"] += row["revenue_sum"]


def _differences(task: Task, there: Sums, here: Sums) -> list[Difference]:
    found = []
    for day in sorted(there.keys() | here.keys()):
        one, other = there.get(day, Counter()), here.get(day, Counter())
        found += [
            Difference(
                site=str_of(task.website), name=task.name, day=day_of(day * DAY_MS).isoformat(), what=what,
                source=one[what], here=other[what],
            )
            for what in sorted(one.keys() | other.keys())
            if one[what] != other[what]
        ]  # fmt: skip
    return found
