"""Weekly: metrics for each hour of the week, on the zone's clock."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params
from sightline.analytics.fields import Metric, metric
from sightline.analytics.measures import measured
from sightline.analytics.period import Buckets, hours_of_the_week
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection

HOURS = 7 * 24


class WeeklyParams(Params, kw_only=True):
    """A week's."""

    metric: Annotated[tuple[str, ...], Meta(min_length=1, max_length=11, description="visitors, visits, views …")] = (
        "visitors",
        "views",
    )


class Weekly(Struct, frozen=True):
    """One row for each hour: `weekday` is 0 on Monday."""

    period: Span
    rows: list[dict[str, int | float | None]]


class Question(Struct, frozen=True):
    """What a week asks."""

    selection: Selection
    buckets: Buckets
    metrics: tuple[Metric, ...]


def build(question: Question) -> Any:
    keys = {"hour": lambda events: ev.bucket(events.created_ms, question.buckets) % HOURS}
    return measured(question.selection, question.metrics, keys)


async def weekly(asker: Asker, params: WeeklyParams) -> Weekly:
    """Metrics for each hour of the week."""
    over = asker.period(params)
    metrics = tuple(dict.fromkeys(metric(name) for name in params.metric))
    found = await asker.ask(build, Question(asker.selection(params, over), hours_of_the_week(over), metrics))
    by_hour = {row["hour"]: row for row in found}
    rows: list[dict[str, int | float | None]] = []
    for number in range(HOURS):
        row = by_hour.get(number, {})
        rows.append(
            {"weekday": number // 24, "hour": number % 24, **{one.value: row.get(one.value, 0) for one in metrics}}
        )
    return Weekly(Span.of(over), rows)
