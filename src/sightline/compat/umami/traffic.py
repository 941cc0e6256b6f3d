"""Traffic: what Umami's overview asks for."""

from typing import Any, Final

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Params
from sightline.analytics.fields import Metric
from sightline.analytics.period import Compare, Unit
from sightline.analytics.reports.breakdown import Breakdown, BreakdownParams, breakdown
from sightline.analytics.reports.extent import extent
from sightline.analytics.reports.overview import Overview, OverviewParams, overview
from sightline.analytics.reports.series import SeriesParams, series
from sightline.compat.umami.asking import Asked, ask, asker, bucket_name, fields_of
from sightline.compat.umami.calls import Call
from sightline.compat.umami.ids import read_uuid
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue, NotFound

_ROWS: Final = 500
_ACTIVE: Final = "5min"
# Umami tells these by the values that are there; an absent referrer is none.
_PRESENT: Final = frozenset({"referrer", "query", "title", "hostname", "tag", "event", "entry", "exit"})
_COUNTS: Final = {"pageviews": Metric.VIEWS, "visitors": Metric.VISITORS, "visits": Metric.VISITS,
                  "bounces": Metric.BOUNCES}  # fmt: skip


async def stats(call: Call) -> dict[str, Any]:
    asking, found = await ask(call, compare=Compare.PREVIOUS)
    answer = await overview(asking, found.params(OverviewParams, compare=found.compare.value))
    return {**totals(answer), "comparison": totals(answer, before=True)}


def totals(answer: Overview, *, before: bool = False) -> dict[str, int]:
    """Umami's five numbers; the time is in seconds."""
    values = {row.metric: (row.before if before else row.value) or 0 for row in answer.rows}
    counts = {name: int(values[metric]) for name, metric in _COUNTS.items()}
    return {**counts, "totaltime": seconds(values[Metric.TOTAL_DURATION_MS])}


def seconds(duration_ms: float) -> int:
    return round(duration_ms / 1000)


async def pageviews(call: Call) -> dict[str, Any]:
    asking, found = await ask(call)
    params = found.params(SeriesParams, unit=found.unit and found.unit.value, metric=("views", "visitors"),
                          compare=found.compare.value)  # fmt: skip
    answer = await series(asking, params)
    shown = _points(answer.rows, found)
    if answer.compared is None:
        return shown
    start, end = answer.period.from_ms, answer.period.to_ms - 1
    then = {**_points(answer.before, found), "startDate": clock.from_ms(answer.compared.from_ms),
            "endDate": clock.from_ms(answer.compared.to_ms - 1)}  # fmt: skip
    return {**shown, "startDate": clock.from_ms(start), "endDate": clock.from_ms(end), "compare": then}


def _points(rows: list[dict[str, Any]], found: Asked) -> dict[str, list[dict[str, Any]]]:
    def points(metric: str) -> list[dict[str, Any]]:
        return [{"x": bucket_name(row, local=found.local), "y": row[metric] or 0} for row in rows]

    return {"pageviews": points("views"), "sessions": points("visitors")}


async def _broken_down(call: Call, *metrics: str) -> tuple[str, Breakdown]:
    kind = call.required("type")
    asking, found = await ask(call)
    dimension = fields_of(kind)
    more = [f"{dimension}:s"] if kind in _PRESENT or dimension in _PRESENT else []
    wanted = {"limit": call.number("limit", _ROWS, least=1, most=2**31), "offset": call.number("offset", 0)}
    by = [dimension, "country"] if dimension in {"region", "city"} else [dimension]
    params = found.params(
        BreakdownParams, filter=tuple(more) if found.match == "all" else (), by=by, metric=metrics,
        search=call.text("search") or None, limit=min(wanted["limit"], _ROWS), offset=min(wanted["offset"], 1_000_000),
    )  # fmt: skip
    return dimension, await breakdown(asking, params)


async def metrics(call: Call) -> list[dict[str, Any]]:
    """The values of a dimension with their visitors; of custom events how often they were triggered."""
    counted = "events" if call.text("type") == "event" else "visitors"
    dimension, answer = await _broken_down(call, counted)
    return [
        {"x": row[dimension], "y": row[counted], **({"country": row["country"]} if "country" in answer.by[1:] else {})}
        for row in answer.rows
    ]


async def expanded(call: Call) -> list[dict[str, Any]]:
    dimension, answer = await _broken_down(call, "visitors", "visits", "views", "bounces", "total_duration_ms")
    return [
        {"name": row[dimension], "pageviews": row["views"], "visitors": row["visitors"], "visits": row["visits"],
         "bounces": row["bounces"], "totaltime": seconds(float(row["total_duration_ms"] or 0)),
         **({"country": row["country"]} if "country" in answer.by[1:] else {})}
        for row in answer.rows
    ]  # fmt: skip


async def active(call: Call) -> dict[str, int]:
    asking = await asker(call)
    params = OverviewParams(range=_ACTIVE, compare=Compare.NONE, filter=call.only)
    return {"visitors": totals(await overview(asking, params))["visitors"]}


async def values(call: Call) -> list[dict[str, Any]]:
    """What a filter may be set to."""
    dimension = fields_of(call.required("type"))
    asking, found = await ask(call)
    params = found.params(BreakdownParams, by=[dimension], metric=["visitors"], limit=10,
                          search=call.text("search") or None)  # fmt: skip
    return [{"value": row[dimension]} for row in (await breakdown(asking, params)).rows if row[dimension]]


async def date_range(call: Call) -> dict[str, Any]:
    """When the first and the last event was; the present where there is none."""
    first_ms, last_ms = await extent(await asker(call), Params(range="all", filter=call.only))
    now = clock.now()
    return {"startDate": clock.from_ms(first_ms) if first_ms else now,
            "endDate": clock.from_ms(last_ms) if last_ms else now}  # fmt: skip


async def charts(call: Call) -> dict[str, Any]:
    """The visitors per day of several websites, links or pixels; those that one may not see are left out."""
    from sightline.compat.umami import targets  # noqa: PLC0415 - asks this package's application

    texts = [text for text in call.required("ids").split(",") if text]
    if len(texts) > 100:
        raise InvalidValue("ids are 100 at most", field="ids")
    found: dict[str, Any] = {}
    for text in dict.fromkeys(str(read_uuid(text, "ids")) for text in texts):
        call.only = ()
        try:
            call.granted = await call.scope_of(Permission.SITE_READ, site=await targets.site_of(call, text))
        except NotFound:
            continue
        asking, asked = await ask(call)
        params = asked.params(SeriesParams, unit=Unit.DAY.value, metric=["visitors"])
        rows = (await series(asking, params)).rows
        whole = totals(await overview(asking, asked.params(OverviewParams, compare="none")))
        found[text] = {"total": whole["visitors"], "values": [row["visitors"] for row in rows]}
    return {"data": found}


P = Permission
ROUTES = (
    route("GET", "/websites/charts", P.SITE_READ, charts),
    route("GET", "/links/charts", P.SITE_READ, charts),
    route("GET", "/pixels/charts", P.SITE_READ, charts),
    route("GET", "/websites/{site}/stats", P.SITE_READ, stats, "overview", "compare", "board"),
    route("GET", "/websites/{site}/pageviews", P.SITE_READ, pageviews, "overview", "compare", "board"),
    route("GET", "/websites/{site}/metrics", P.SITE_READ, metrics, "overview", "compare", "events", "board"),
    route("GET", "/websites/{site}/metrics/expanded", P.SITE_READ, expanded, "overview", "compare", "board"),
    route("GET", "/websites/{site}/active", P.SITE_READ, active, "any"),
    route("GET", "/websites/{site}/values", P.SITE_READ, values, "any"),
    route("GET", "/websites/{site}/daterange", P.SITE_READ, date_range, "any"),
)
