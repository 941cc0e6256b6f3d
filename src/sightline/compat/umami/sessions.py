"""Sessions, which are our visitors: everything that one browser did while it was recognised."""

from typing import Any, Final

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Params
from sightline.analytics.reports import listing
from sightline.analytics.reports.weekly import WeeklyParams, weekly
from sightline.compat.umami import ids
from sightline.compat.umami.asking import ask, asker
from sightline.compat.umami.calls import Call, Ok, no_such
from sightline.compat.umami.erasing import erase_visitor
from sightline.compat.umami.events import row as event_row
from sightline.compat.umami.paging import Page
from sightline.compat.umami.properties import decoded, rows
from sightline.compat.umami.routes import route

_ACTIVITY: Final = 500
_SUNDAY: Final = 6


def row(found: dict[str, Any], site: str) -> dict[str, Any]:
    first = clock.from_ms(found["first_ms"])
    return {
        "id": ids.written(found["visitor"]), "websiteId": site, "firstAt": first,
        "lastAt": clock.from_ms(found["last_ms"]), "createdAt": first, "visits": found["visits"],
        "views": found["views"], "events": found["events"], "distinctId": None,
        **{name: found[name] for name in listing.SEEN},
    }  # fmt: skip


def _ever(call: Call) -> Params:
    """Whenever it was."""
    return Params(range="all", filter=call.only)


async def page(call: Call) -> dict[str, Any]:
    return await listed(call)


async def listed(call: Call, *, filters: tuple[str, ...] = (), whole: bool = False) -> dict[str, Any]:
    """A page of sessions; `whole` ones where the filter only says which."""
    (asking, found), wanted = await ask(call), Page(call)
    rows_, count = await listing.visitor_page(
        asking, found.params(Params, filter=filters),
        listing.Wanted(limit=wanted.size, offset=wanted.offset, search=call.text("search"), whole=whole),
    )  # fmt: skip
    return wanted.answer([row(one, call.parts["site"]) for one in rows_], count)


async def stats(call: Call) -> dict[str, Any]:
    asking, found = await ask(call)
    counts = await listing.totals(asking, found.params(Params))
    names = {"pageviews": "views", "visitors": "visitors", "visits": "visits", "countries": "countries",
             "events": "events"}  # fmt: skip
    return {name: {"value": counts[ours]} for name, ours in names.items()}


async def by_hour(call: Call) -> list[list[int]]:
    """Seven days, from Sunday on, of twenty-four hours each."""
    asking, found = await ask(call)
    answer = await weekly(asking, found.params(WeeklyParams, metric=["visitors"]))
    days = [[int(one["visitors"] or 0) for one in answer.rows[day * 24 : day * 24 + 24]] for day in range(7)]
    return [days[_SUNDAY], *days[:_SUNDAY]]


async def one(call: Call) -> dict[str, Any]:
    visitor = ids.number(call.parts["session"], "session")
    wanted = listing.Wanted(limit=1, visitor=visitor)
    found, _ = await listing.visitor_page(await asker(call), _ever(call), wanted)
    if not found:
        raise no_such("session")
    return {**row(found[0], call.parts["site"]), "canDelete": True, "stitchedSessionCount": 1}


async def activity(call: Call) -> list[dict[str, Any]]:
    """What happened in a session, the latest first."""
    visitor = ids.number(call.parts["session"], "session")
    asking, found = await ask(call)
    params = found.params(Params) if call.text("startAt") or call.text("startDate") else _ever(call)
    told, _ = await listing.event_page(asking, params, listing.Wanted(limit=_ACTIVITY, visitor=visitor))
    names = ("createdAt", "urlPath", "urlQuery", "referrerDomain", "eventType", "eventName", "visitId", "hasData",
             "hostname")  # fmt: skip
    shown = [event_row(one, call.parts["site"]) for one in told]
    return [{"eventId": one["id"], **{name: one[name] for name in names}} for one in shown]


async def session_properties(call: Call) -> list[dict[str, Any]]:
    """What `identify` said of a session, the latest of each property."""
    visitor = ids.number(call.parts["session"], "session")
    latest: dict[str, dict[str, Any]] = {}
    for said in await listing.identified(await asker(call), _ever(call), visitor):
        for one in rows(decoded(said["properties"]), said["created_ms"]):
            latest.setdefault(one["dataKey"], one)
    more = {"websiteId": call.parts["site"], "sessionId": call.parts["session"]}
    return [{**more, **one} for one in latest.values()]


async def remove(call: Call) -> Ok:
    """Erase a visitor from every store."""
    await erase_visitor(call.house, call.scope, ids.number(call.parts["session"], "session"))
    return Ok()


P = Permission
_AT = "/websites/{site}/sessions"
ROUTES = (
    route("GET", _AT, P.SITE_READ, page, "sessions"),
    route("GET", f"{_AT}/stats", P.SITE_READ, stats, "sessions", "overview"),
    route("GET", f"{_AT}/weekly", P.SITE_READ, by_hour, "sessions", "overview", "board"),
    route("GET", f"{_AT}/{{session}}", P.SITE_READ, one, "sessions"),
    route("DELETE", f"{_AT}/{{session}}", P.SITE_ERASE, remove),
    route("GET", f"{_AT}/{{session}}/activity", P.SITE_READ, activity, "sessions"),
    route("GET", f"{_AT}/{{session}}/properties", P.SITE_READ, session_properties, "sessions"),
)
