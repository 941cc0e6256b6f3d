"""Web vitals: what Umami's tracker and our SDK measured, as Umami tells it. Nothing measured is 0 there, not null."""

from typing import Any, Final

from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Asker
from sightline.analytics.reports.vitals import VitalsParams, VitalsSeriesParams, vitals, vitals_series
from sightline.compat.umami.asking import Asked, ask, bucket_name
from sightline.compat.umami.calls import Call
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue

METRICS: Final = ("lcp", "inp", "cls", "fcp", "ttfb")
# A vital knows no title: what Umami asks by it has no rows.
_BY: Final = {"page": "path", "path": "path", "url": "path", "title": "", "device": "device", "browser": "browser",
              "os": "os", "country": "country", "hostname": "hostname"}  # fmt: skip
_PERCENTILES: Final = ("p50", "p75", "p95")
_ROWS: Final = 500


async def report(asker: Asker, found: Asked, metric: str) -> dict[str, Any]:
    if metric not in METRICS:
        raise InvalidValue(f"metric is one of {', '.join(METRICS)}", field="metric")
    return {
        "chart": await _chart(asker, found, metric),
        "summary": await _summary(asker, found),
        "pages": await _rows(asker, found, metric, "path"),
        "pageTitles": [],
        "devices": await _rows(asker, found, metric, "device"),
        "browsers": await _rows(asker, found, metric, "browser"),
    }


async def _summary(asker: Asker, found: Asked) -> dict[str, Any]:
    """Percentiles of all, and how many page views were measured: as many as the vital that most of them have."""
    answer = await vitals(asker, found.params(VitalsParams))
    rows = {str(row["metric"]).lower(): row for row in answer.rows}
    counts = [int(row["count"] or 0) for row in answer.rows]
    return {**{name: _percentiles(rows.get(name, {})) for name in METRICS}, "count": max(counts, default=0)}


async def _chart(asker: Asker, found: Asked, metric: str) -> list[dict[str, Any]]:
    unit = found.unit and found.unit.value
    answer = await vitals_series(asker, found.params(VitalsSeriesParams, metric=metric, unit=unit))
    return [{"t": bucket_name(row, local=found.local), **_percentiles(row)} for row in answer.rows if row["count"]]


async def _rows(asker: Asker, found: Asked, metric: str, by: str, limit: int = _ROWS) -> list[dict[str, Any]]:
    if not by:
        return []
    params = found.params(VitalsParams, metric=(metric,), by=(by,), order="p75", limit=limit)
    answer = await vitals(asker, params)
    return [{"name": row[by], **_percentiles(row), "count": row["count"]} for row in answer.rows]


def _percentiles(row: Any) -> dict[str, Any]:
    return {name: row.get(name) or 0 for name in _PERCENTILES}


async def stats(call: Call) -> dict[str, Any]:
    return await _summary(*await ask(call))


async def chart(call: Call) -> dict[str, Any]:
    metric = call.one_of("metric", METRICS, "lcp")
    return {"chart": await _chart(*await ask(call), metric)}


async def metrics(call: Call) -> list[dict[str, Any]]:
    metric, by = call.one_of("metric", METRICS, "lcp"), _BY[call.one_of("type", tuple(_BY), "path")]
    limit = call.number("limit", _ROWS, least=1, most=2**31)
    return await _rows(*await ask(call), metric, by, min(limit, _ROWS))


P = Permission
_AT = "/websites/{site}/performance"
ROUTES = (
    route("GET", f"{_AT}/stats", P.SITE_READ, stats, "performance"),
    route("GET", f"{_AT}/chart", P.SITE_READ, chart, "performance"),
    route("GET", f"{_AT}/metrics", P.SITE_READ, metrics, "performance"),
)
