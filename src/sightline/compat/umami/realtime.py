"""Realtime: the last half hour."""

from collections import Counter
from typing import Any

import msgspec

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Params
from sightline.analytics.period import Unit
from sightline.analytics.reports import listing
from sightline.analytics.reports.series import SeriesParams, series
from sightline.compat.umami import ids
from sightline.compat.umami.asking import Asked, asked, asker, bucket_name
from sightline.compat.umami.calls import Call
from sightline.compat.umami.routes import route
from sightline.signals.event import EventType

_HALF_HOUR_MS = 30 * 60_000
_EVENTS = 100
# Tables of pages, referrers and countries are made of the latest events, which are this many at most.
_LOOKED_AT = 5_000


def _recent(call: Call, now_ms: int) -> Asked:
    found = asked(call)
    return msgspec.structs.replace(found, start=str(now_ms - _HALF_HOUR_MS), end=str(now_ms + 1))


async def realtime(call: Call) -> dict[str, Any]:
    now_ms = clock.now_ms()
    found = _recent(call, now_ms)
    asking = await asker(call, found.segment)
    rows, _ = await listing.event_page(asking, found.params(Params), listing.Wanted(limit=_LOOKED_AT))
    totals = await listing.totals(asking, found.params(Params))
    minutes = await series(asking, found.params(SeriesParams, unit=Unit.MINUTE.value, metric=["visitors", "views"]))
    views = [row for row in rows if row["type"] != EventType.CUSTOM]
    visitors: dict[int, str] = {row["visitor"]: row["country"] for row in rows}
    return {
        "countries": dict(Counter(visitors.values()).most_common()),
        "urls": dict(Counter(row["path"] for row in views).most_common()),
        "referrers": dict(Counter(row["referrer_domain"] for row in views if row["referrer_domain"]).most_common()),
        "events": _feed(rows),
        "series": {
            name: [{"x": bucket_name(row, local=found.local), "y": row[name] or 0} for row in minutes.rows]
            for name in ("views", "visitors")
        },
        "totals": {name: totals[name] for name in ("views", "visitors", "events", "countries")},
        "timestamp": now_ms,
    }


def _feed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The latest events; where a session begins, one for that."""
    first = {row["visitor"]: (row["batch"], row["place"]) for row in rows}  # rows stand latest first
    told: list[dict[str, Any]] = []
    for row in rows:
        told.append(_told(row, "event" if row["type"] == EventType.CUSTOM else "pageview"))
        if first[row["visitor"]] == (row["batch"], row["place"]):
            told.append(_told(row, "session"))
    return told[:_EVENTS]


def _told(row: dict[str, Any], what: str) -> dict[str, Any]:
    names = ("browser", "os", "device", "country", "hostname")
    return {
        "__type": what, "sessionId": ids.written(row["visitor"]), "eventName": row["name"] or None,
        "createdAt": clock.from_ms(row["created_ms"]), "urlPath": row["path"],
        "referrerDomain": row["referrer_domain"], **{name: row[name] for name in names},
    }  # fmt: skip


ROUTES = (route("GET", "/realtime/{site}", Permission.SITE_READ, realtime, "realtime"),)
