"""Realtime: the last half hour, and who was there in the last five minutes."""

from typing import Annotated

from msgspec import Meta, Struct

from sightline.analytics.asking import Asker, Params, alike
from sightline.analytics.fields import Dimension, Metric
from sightline.analytics.period import Compare, Unit
from sightline.analytics.reports.breakdown import top
from sightline.analytics.reports.overview import OverviewParams, overview
from sightline.analytics.reports.series import SeriesParams, series
from sightline.analytics.reports.visits import ActivityParams, ActivityRow, activity

Rows = list[dict[str, str | int | float | None]]


class RealtimeParams(Params, kw_only=True):
    """Realtime's; whatever range is said, it is the last half hour."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Realtime(Struct, frozen=True):
    """Now: visitors of the last five minutes, all else of the last thirty. `rows` are the latest events."""

    active: int
    visitors: int
    views: int
    events: int
    minutes: Rows
    pages: Rows
    referrers: Rows
    countries: Rows
    rows: list[ActivityRow]


async def realtime(asker: Asker, params: RealtimeParams) -> Realtime:
    """What happens now."""
    half_hour = alike(Params, params, range="30min", start=None, end=None)
    now = await overview(asker, alike(OverviewParams, half_hour, compare=Compare.NONE))
    active = await overview(asker, alike(OverviewParams, half_hour, range="5min", compare=Compare.NONE))
    minutes = await series(asker, alike(SeriesParams, half_hour, unit=Unit.MINUTE, metric=("visitors", "views")))
    latest = await activity(asker, alike(ActivityParams, half_hour, limit=params.limit))
    tops = {
        dimension: await top(asker, half_hour, dimension, (Metric.VISITORS, Metric.VIEWS), params.limit)
        for dimension in (Dimension.PATH, Dimension.REFERRER, Dimension.COUNTRY)
    }
    values = {row.metric: int(row.value or 0) for row in now.rows}
    return Realtime(
        next(int(row.value or 0) for row in active.rows if row.metric is Metric.VISITORS),
        values[Metric.VISITORS], values[Metric.VIEWS], values[Metric.EVENTS], minutes.rows,
        tops[Dimension.PATH], tops[Dimension.REFERRER], tops[Dimension.COUNTRY], latest.rows,
    )  # fmt: skip
