"""Series: metrics over time, in buckets of the zone's clock and calendar; empty buckets are there, too."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, ComparingParams
from sightline.analytics.fields import Metric, metric
from sightline.analytics.measures import measured
from sightline.analytics.period import Buckets, Compare, Period, Unit, buckets
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection


class SeriesParams(ComparingParams, kw_only=True):
    """A series'."""

    unit: Annotated[Unit | None, Meta(description="How wide a bucket is; by itself what fits the range.")] = None
    metric: Annotated[tuple[str, ...], Meta(max_length=11, description="visitors, visits, views …")] = (
        "visitors",
        "visits",
        "views",
    )
    compare: Compare = Compare.NONE


class Series(Struct, frozen=True):
    """One row for each bucket, with its beginning in the zone and the metrics."""

    period: Span
    unit: Unit
    compared: Span | None
    rows: list[dict[str, str | int | float | None]]
    before: list[dict[str, str | int | float | None]]


class Question(Struct, frozen=True):
    """What a series asks."""

    selection: Selection
    buckets: Buckets
    metrics: tuple[Metric, ...]


def build(question: Question) -> Any:
    keys = {"bucket": lambda events: ev.bucket(events.created_ms, question.buckets)}
    return measured(question.selection, question.metrics, keys)


async def series(asker: Asker, params: SeriesParams) -> Series:
    """Metrics over time."""
    over = asker.period(params)
    unit = params.unit or over.fitting()
    before = asker.compared(params, over)
    rows = await _rows(asker, params, over, unit)
    rows_before = await _rows(asker, params, before, unit) if before else []
    return Series(Span.of(over), unit, Span.of(before) if before else None, rows, rows_before)


async def _rows(asker: Asker, params: SeriesParams, over: Period, unit: Unit) -> list[dict[str, Any]]:
    metrics = tuple(dict.fromkeys(metric(name) for name in params.metric))
    how, edges = buckets(over, unit)
    found = await asker.ask(build, Question(asker.selection(params, over), how, metrics))
    by_bucket = {row["bucket"]: row for row in found}
    nothing = {one.value: None if one.value in _WITHOUT_VISITS else 0 for one in metrics}
    return [
        {
            "begins": over.local(edge).isoformat(timespec="seconds"),
            "begins_ms": edge,
            **{name: by_bucket.get(number, nothing)[name] for name in nothing},
        }
        for number, edge in enumerate(edges)
    ]


_WITHOUT_VISITS = {Metric.BOUNCE_RATE, Metric.DURATION_S, Metric.VIEWS_PER_VISIT, Metric.ENGAGEMENT_S}
