"""Events, one by one and counted."""

from typing import Any

import msgspec

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Params
from sightline.analytics.fields import Dimension
from sightline.analytics.period import Compare
from sightline.analytics.reports import listing, values
from sightline.compat.umami import ids
from sightline.compat.umami.asking import Asked, ask, bucket_name
from sightline.compat.umami.calls import Call
from sightline.compat.umami.paging import Page
from sightline.compat.umami.routes import route


def row(found: dict[str, Any], site: str) -> dict[str, Any]:
    """An event as Umami shows it, with what is known of the session."""
    return {
        "id": ids.event_written(found["batch"], found["place"]), "websiteId": site,
        "sessionId": ids.written(found["visitor"]), "visitId": ids.written(found["visit"]),
        "createdAt": clock.from_ms(found["created_ms"]), "eventType": found["type"],
        "eventName": found["name"] or None, "urlPath": found["path"], "urlQuery": found["query"],
        "referrerPath": found["referrer_path"], "referrerQuery": "", "referrerDomain": found["referrer_domain"],
        "pageTitle": found["title"], "tag": found["tag"] or None, "hasData": bool(found["properties"]),
        "distinctId": None, **{name: found[name] for name in listing.SEEN},
    }  # fmt: skip


async def page(call: Call) -> dict[str, Any]:
    (asking, found), wanted = await ask(call), Page(call)
    rows, count = await listing.event_page(
        asking, found.params(Params),
        listing.Wanted(limit=wanted.size, offset=wanted.offset, search=call.text("search")),
    )  # fmt: skip
    return wanted.answer([row(one, call.parts["site"]) for one in rows], count)


async def series(call: Call) -> list[dict[str, Any]]:
    """How often each event was triggered, over time; with `limit` those that were most often."""
    asking, found = await ask(call)
    rows = await values.over_time(asking, found.params(Params), Dimension.EVENT, found.unit)
    if most := call.number("limit", 0, most=10_000):
        counts: dict[str, int] = {}
        for one in rows:
            counts[one["value"]] = counts.get(one["value"], 0) + one["count"]
        kept = sorted(counts, key=lambda name: (-counts[name], name))[:most]
        rows = [one for one in rows if one["value"] in kept]
    return [{"x": one["value"], "t": bucket_name(one, local=found.local), "y": one["count"]} for one in rows]


async def stats(call: Call) -> dict[str, Any]:
    asking, found = await ask(call, compare=Compare.PREVIOUS)
    over = asking.period(found.params(Params))
    before = over.compared(found.compare)
    assert before is not None
    then = msgspec.structs.replace(found, start=str(before.from_ms), end=str(before.to_ms))
    return {"data": {**await _counts(asking, found), "comparison": await _counts(asking, then)}}


async def _counts(asking: Any, found: Asked) -> dict[str, int]:
    row = await listing.totals(asking, found.params(Params))
    return {"events": row["events"], "visitors": row["visitors"], "visits": row["visits"],
            "uniqueEvents": row["names"]}  # fmt: skip


P = Permission
ROUTES = (
    route("GET", "/websites/{site}/events", P.SITE_READ, page, "events"),
    route("GET", "/websites/{site}/events/series", P.SITE_READ, series, "events", "overview", "board"),
    route("GET", "/websites/{site}/events/stats", P.SITE_READ, stats, "events", "overview"),
)
