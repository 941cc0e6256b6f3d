"""Overview: all metrics of a period, beside those of the period that it is compared with."""

from msgspec import Struct

from sightline.analytics.asking import Asker, ComparingParams
from sightline.analytics.fields import Metric
from sightline.analytics.measures import measured
from sightline.analytics.period import Period
from sightline.analytics.selection import Selection

METRICS = tuple(Metric)


class OverviewParams(ComparingParams, kw_only=True):
    """An overview's."""


class Span(Struct, frozen=True):
    """A period of an answer."""

    from_ms: int
    to_ms: int
    zone: str

    @classmethod
    def of(cls, over: Period) -> "Span":
        return cls(over.from_ms, over.to_ms, over.zone)


class MetricRow(Struct, frozen=True):
    """One metric; `change` is the part by which it grew, null where there was nothing before."""

    metric: Metric
    value: float | None
    before: float | None = None
    change: float | None = None


class Overview(Struct, frozen=True):
    """The metrics of a period."""

    period: Span
    compared: Span | None
    rows: list[MetricRow]


def build(selection: Selection) -> object:
    return measured(selection, METRICS)


async def overview(asker: Asker, params: OverviewParams) -> Overview:
    """All metrics, with a comparison."""
    over = asker.period(params)
    before = asker.compared(params, over)
    (now,) = await asker.ask(build, asker.selection(params, over))
    (then,) = await asker.ask(build, asker.selection(params, before)) if before else ({},)
    rows = [_row(metric, now[metric], then.get(metric)) for metric in METRICS]
    return Overview(Span.of(over), Span.of(before) if before else None, rows)


def _row(metric: Metric, value: float | None, before: float | None) -> MetricRow:
    change = (value - before) / before if value is not None and before else None
    return MetricRow(metric, value, before, change)
