"""What `identify` said of sessions: the latest of each property, and how it spreads."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from statistics import fmean, median
from typing import Any

from msgspec import Struct

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Asker, Params
from sightline.analytics.period import Unit
from sightline.analytics.reports import listing
from sightline.compat.umami import ids
from sightline.compat.umami.asking import Asked, ask, bucket_name
from sightline.compat.umami.calls import Call
from sightline.compat.umami.event_data import MEASURES, items
from sightline.compat.umami.paging import Page
from sightline.compat.umami.properties import NUMBERS, date_of, decoded, shown, type_of
from sightline.compat.umami.routes import route

_VALUES = 100


class Said(Struct, frozen=True):
    """The latest value of a property of a session, and when it was said."""

    visitor: int
    key: str
    value: Any
    created_ms: int


async def _said(call: Call) -> tuple[Asker, Asked, list[Said]]:
    """The latest of each session and property, in the period."""
    asking, found = await ask(call)
    latest: dict[tuple[int, str], Said] = {}
    for row in await listing.identified(asking, found.params(Params)):
        for key, value in decoded(row["properties"]).items():
            latest.setdefault((row["visitor"], key), Said(row["visitor"], key, value, row["created_ms"]))
    wanted = call.text("propertyName")
    return asking, found, [one for one in latest.values() if wanted in {"", one.key}]


async def properties(call: Call) -> list[dict[str, Any]]:
    _, _, said = await _said(call)
    totals = Counter((one.key, NUMBERS[type_of(one.value)]) for one in said)
    return [{"propertyName": key, "dataType": kind, "total": total} for (key, kind), total in sorted(totals.items())]


async def value_counts(call: Call) -> list[dict[str, Any]]:
    call.required("propertyName")
    _, _, said = await _said(call)
    totals = Counter(shown(one.value) for one in said)
    return [{"value": value, "total": total} for value, total in totals.most_common(_VALUES)]


async def stats(call: Call) -> list[dict[str, Any]]:
    """For each value of a property: its sessions, and what they did."""
    asking, found, said = await _said(call)
    wanted = listing.Wanted(limit=listing.MOST_IDENTIFIED)
    visitors, _ = await listing.visitor_page(asking, found.params(Params), wanted)
    did = {row["visitor"]: row for row in visitors}
    rows: dict[str, dict[str, Any]] = {}
    for one in said:
        row = rows.setdefault(shown(one.value), {"label": shown(one.value), "sessions": 0, "visits": 0, "views": 0,
                                                 "events": 0, "activity": 0})  # fmt: skip
        counts = did.get(one.visitor, {"visits": 0, "views": 0, "events": 0})
        row["sessions"] += 1
        for name in ("visits", "views", "events"):
            row[name] += counts[name]
        row["activity"] += counts["views"] + counts["events"]
    return sorted(rows.values(), key=lambda row: (-row["sessions"], row["label"]))[:_VALUES]


async def pivot(call: Call) -> dict[str, Any]:
    """Sessions, each as a row of its properties."""
    _, _, said = await _said(call)
    by_visitor: dict[int, list[Said]] = defaultdict(list)
    for one in said:
        by_visitor[one.visitor].append(one)
    page = Page(call)
    rows = [
        {"sessionId": ids.written(visitor), "distinctId": None,
         "createdAt": clock.from_ms(max(one.created_ms for one in had)),
         "propertyKeys": [one.key for one in had], "propertyValues": [shown(one.value) for one in had]}
        for visitor, had in by_visitor.items()
    ]  # fmt: skip
    return page.answer(rows[page.offset : page.offset + page.size], len(rows))


# ---- over time --------------------------------------------------------------------------------------------------


def _numbers(said: list[Said]) -> Iterator[float]:
    for one in said:
        if isinstance(one.value, int | float) and not isinstance(one.value, bool):
            yield float(one.value)


async def numeric_stats(call: Call) -> dict[str, float]:
    call.required("propertyName")
    _, _, said = await _said(call)
    found = list(_numbers(said)) or [0.0]
    return {"average": fmean(found), "max": max(found), "median": median(found), "min": min(found),
            "total": sum(found)}  # fmt: skip


async def _in_buckets(call: Call) -> list[tuple[str, list[Said]]]:
    """What was said in each bucket that has something."""
    call.required("propertyName")
    asking, found, said = await _said(call)
    over = asking.period(found.params(Params))
    buckets: dict[str, list[Said]] = defaultdict(list)
    for one in sorted(said, key=lambda one: one.created_ms):
        start = _floor(over.local(one.created_ms), found.unit or over.fitting())
        name = bucket_name({"begins": start.isoformat(), "begins_ms": clock.to_ms(start)}, local=found.local)
        buckets[name].append(one)
    return list(buckets.items())


def _floor(moment: Any, unit: Unit) -> Any:
    cleared = {"second": 0, "microsecond": 0}
    if unit is Unit.MINUTE:
        return moment.replace(**cleared)
    if unit is Unit.HOUR:
        return moment.replace(minute=0, **cleared)
    day = moment.replace(hour=0, minute=0, **cleared)
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    if unit is Unit.DAY:
        return day
    month = {Unit.MONTH: day.month, Unit.QUARTER: (day.month - 1) // 3 * 3 + 1}.get(unit, 1)
    return day.replace(day=1, month=month)


async def property_series(call: Call) -> list[dict[str, Any]]:
    return [
        {"x": value, "t": moment, "y": count}
        for moment, said in await _in_buckets(call)
        for value, count in Counter(shown(one.value) for one in said).items()
    ]


async def array_series(call: Call) -> list[dict[str, Any]]:
    return [
        {"x": value, "t": moment, "y": count}
        for moment, said in await _in_buckets(call)
        for value, count in Counter(item for one in said for item in items(shown(one.value))).items()
    ]


async def numeric_series(call: Call) -> list[dict[str, Any]]:
    metric = call.one_of("metric", tuple(MEASURES), "sum")
    how = {"sum": sum, "avg": fmean, "average": fmean, "min": min, "max": max, "count": len}[metric]
    told = [(moment, list(_numbers(said))) for moment, said in await _in_buckets(call)]
    return [{"t": moment, "y": how(found)} for moment, found in told if found]  # type: ignore[operator]


async def date_series(call: Call) -> list[dict[str, Any]]:
    call.required("propertyName")
    _, _, said = await _said(call)
    days = Counter(str(one.value)[:10] for one in said if date_of(str(one.value)) is not None)
    return [{"t": day, "y": count} for day, count in sorted(days.items())]


P = Permission
_AT = "/websites/{site}/session-data"
ROUTES = (
    route("GET", f"{_AT}/properties", P.SITE_READ, properties, "sessions"),
    route("GET", f"{_AT}/values", P.SITE_READ, value_counts, "sessions"),
    route("GET", f"{_AT}/stats", P.SITE_READ, stats, "sessions"),
    route("GET", f"{_AT}/numeric-stats", P.SITE_READ, numeric_stats, "sessions"),
    route("GET", f"{_AT}/numeric-series", P.SITE_READ, numeric_series, "sessions"),
    route("GET", f"{_AT}/property-series", P.SITE_READ, property_series, "sessions"),
    route("GET", f"{_AT}/array-series", P.SITE_READ, array_series, "sessions"),
    route("GET", f"{_AT}/date-series", P.SITE_READ, date_series, "sessions"),
    route("GET", "/websites/{site}/session-data-pivot", P.SITE_READ, pivot, "sessions"),
)
