"""The properties of custom events: which there are, their values, and how those spread and change."""

from collections import Counter
from typing import Any, Final

from msgspec import DecodeError, json

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Asker, Params
from sightline.analytics.fields import PROPERTY, Field, Property, field
from sightline.analytics.reports import listing, values
from sightline.analytics.reports.properties import (
    PropertiesParams,
    PropertyParams,
    PropertyRow,
    PropertyValues,
    properties,
    property_values,
)
from sightline.analytics.reports.values import Measure
from sightline.compat.umami import ids
from sightline.compat.umami.asking import Asked, ask, asker, bucket_name
from sightline.compat.umami.calls import Call, no_such
from sightline.compat.umami.paging import Page
from sightline.compat.umami.properties import NUMBERS, decoded, rows, shown
from sightline.compat.umami.routes import route

_VALUES: Final = 100
MEASURES: Final = {"sum": Measure.SUM, "avg": Measure.AVERAGE, "average": Measure.AVERAGE, "min": Measure.LEAST,
                   "max": Measure.MOST, "count": Measure.COUNT}  # fmt: skip


async def page(call: Call) -> dict[str, Any]:
    """Events that have properties, each with all of them."""
    found, count, wanted = await _custom(call)
    data = [
        {"eventId": ids.event_written(one["batch"], one["place"]), "eventName": one["name"],
         "websiteId": call.parts["site"],
         "eventProperties": rows(decoded(one["properties"]), one["created_ms"])}
        for one in found
    ]  # fmt: skip
    return wanted.answer(data, count)


async def _custom(call: Call, event: str = "") -> tuple[list[dict[str, Any]], int, Page]:
    (asking, found), wanted = await ask(call), Page(call)
    narrowed = found.params(Params, filter=_of_event(event))
    rows_, count = await listing.event_page(
        asking, narrowed, listing.Wanted(limit=wanted.size, offset=wanted.offset, custom=True)
    )
    return rows_, count, wanted


def _of_event(event: str) -> tuple[str, ...]:
    return (json.encode(["event", "eq", [event]]).decode(),) if event else ()


async def one(call: Call) -> list[dict[str, Any]]:
    """The properties of one event."""
    batch, place = ids.event_number(call.parts["event"])
    found = await listing.one_event(await asker(call), batch, place, call.only)
    if found is None:
        raise no_such("event")
    more = {"websiteEventId": call.parts["event"], "websiteId": call.parts["site"]}
    return [
        {"id": f"{call.parts['event']}-{number}", **more, **row}
        for number, row in enumerate(rows(decoded(found["properties"]), found["created_ms"]))
    ]


async def _of_events(call: Call, event: str = "") -> list[PropertyRow]:
    asking, found = await ask(call)
    return (await properties(asking, found.params(PropertiesParams, event=event or None))).rows


async def event_properties(call: Call) -> list[dict[str, Any]]:
    found = await _of_events(call)
    return [
        {"eventName": row.event, "propertyName": row.key, "dataType": NUMBERS[row.type], "total": row.events}
        for row in found
    ]


async def fields(call: Call) -> list[dict[str, Any]]:
    """Each property's name and type, whatever events have it."""
    totals: Counter[tuple[str, int]] = Counter()
    for row in await _of_events(call, call.text("eventName")):
        totals[row.key, NUMBERS[row.type]] += row.events
    return [{"propertyName": key, "dataType": kind, "total": total} for (key, kind), total in sorted(totals.items())]


async def value_counts(call: Call) -> list[dict[str, Any]]:
    answer = await _values(call, call.required("propertyName"), call.text("eventName"))
    return [{"value": row.value, "total": row.events} for row in answer.rows]


async def _values(call: Call, key: str, event: str) -> PropertyValues:
    asking, found = await ask(call)
    return await property_values(asking, found.params(PropertyParams, key=key, event=event or None, limit=_VALUES))


async def stats(call: Call) -> dict[str, int]:
    """How many events have properties, how many different ones, and how many values there are."""
    (asking, found), wanted = await ask(call), listing.Wanted(limit=1, custom=True)
    every = await _of_events(call)
    _, events = await listing.event_page(asking, found.params(Params), wanted)
    return {"events": events, "properties": len({(row.event, row.key) for row in every}),
            "records": sum(row.events for row in every)}  # fmt: skip


async def pivot(call: Call) -> dict[str, Any]:
    """The events of a name, each as a row of its properties."""
    found, count, wanted = await _custom(call, call.text("eventName"))
    data = []
    for row in found:
        had = decoded(row["properties"])
        data.append(
            {"eventId": ids.event_written(row["batch"], row["place"]), "eventName": row["name"],
             "sessionId": ids.written(row["visitor"]), "urlPath": row["path"],
             "createdAt": clock.from_ms(row["created_ms"]), "propertyKeys": list(had),
             "propertyValues": [shown(value) for value in had.values()]}
        )  # fmt: skip
    return wanted.answer(data, count)


# ---- over time --------------------------------------------------------------------------------------------------


async def _property(call: Call) -> tuple[Asker, Asked, Field]:
    key = field(PROPERTY + call.required("propertyName"), where="propertyName")
    assert isinstance(key, Property)
    return (*await ask(call), key)


async def numeric_stats(call: Call) -> dict[str, float]:
    asking, found, key = await _property(call)
    row = await values.spread(asking, found.params(Params), key, event=call.text("eventName"))
    return {name: row[ours] or 0 for name, ours in NUMERIC.items()}


NUMERIC: Final = {"average": "average", "max": "most", "median": "median", "min": "least", "total": "total"}


async def property_series(call: Call) -> list[dict[str, Any]]:
    """How often each value of a property was there."""
    asking, found, key = await _property(call)
    told = await values.over_time(asking, found.params(Params), key, found.unit, event=call.text("eventName"))
    return [{"x": row["value"], "t": bucket_name(row, local=found.local), "y": row["count"]} for row in told]


async def array_series(call: Call) -> list[dict[str, Any]]:
    """The same of the items of lists."""
    totals: Counter[tuple[str, str]] = Counter()
    for row in await property_series(call):
        for item in items(row["x"]):
            totals[item, row["t"]] += row["y"]
    return [{"x": item, "t": moment, "y": count} for (item, moment), count in totals.items()]


def items(text: str) -> list[str]:
    """The items of a list that was stored as text; what is none is one item."""
    try:
        found = json.decode(text)
    except DecodeError:
        return [text]
    return [shown(one) for one in found] if isinstance(found, list) else [text]


async def date_series(call: Call) -> list[dict[str, Any]]:
    """How often a date was named, by the day that it names."""
    answer = await _values(call, call.required("propertyName"), call.text("eventName"))
    totals: Counter[str] = Counter()
    for row in answer.rows:
        totals[row.value[:10]] += row.events
    return [{"t": day, "y": count} for day, count in sorted(totals.items())]


async def numeric_series(call: Call) -> list[dict[str, Any]]:
    asking, found, key = await _property(call)
    measure = MEASURES[call.one_of("metric", tuple(MEASURES), "sum")]
    told = await values.over_time(
        asking, found.params(Params), key, found.unit, event=call.text("eventName"), measure=measure, together=True
    )
    return [{"t": bucket_name(row, local=found.local), "y": row["amount"] or 0} for row in told]


P = Permission
_AT = "/websites/{site}/event-data"
_PIVOT = "/websites/{site}/event-data-pivot"
ROUTES = (
    route("GET", _AT, P.SITE_READ, page, "events"),
    route("GET", f"{_AT}/events", P.SITE_READ, event_properties, "events"),
    route("GET", f"{_AT}/fields", P.SITE_READ, fields, "events"),
    route("GET", f"{_AT}/properties", P.SITE_READ, event_properties, "events"),
    route("GET", f"{_AT}/stats", P.SITE_READ, stats, "events"),
    route("GET", f"{_AT}/values", P.SITE_READ, value_counts, "events"),
    route("GET", f"{_AT}/{{event}}", P.SITE_READ, one, "events"),
    route("GET", _PIVOT, P.SITE_READ, pivot, "events"),
    route("GET", f"{_PIVOT}/numeric-stats", P.SITE_READ, numeric_stats, "events"),
    route("GET", f"{_PIVOT}/numeric-series", P.SITE_READ, numeric_series, "events"),
    route("GET", f"{_PIVOT}/property-series", P.SITE_READ, property_series, "events"),
    route("GET", f"{_PIVOT}/array-series", P.SITE_READ, array_series, "events"),
    route("GET", f"{_PIVOT}/date-series", P.SITE_READ, date_series, "events"),
)
