"""Attribution: which visits' sources brought those who reached a goal.

A visitor who reaches the goal in the period is one conversion. Their visits of the period that began no later than that
share it: the first takes all, the last takes all, or each takes the same part. A visit's source is that of its first
event.
"""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Short, Text
from sightline.analytics.fields import Field, field
from sightline.analytics.later import ibis
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection, Step, step


class Model(StrEnum):
    """Which visits share a conversion."""

    FIRST = "first"
    LAST = "last"
    LINEAR = "linear"


class AttributionParams(Params, kw_only=True):
    """An attribution's."""

    goal: Annotated[Text, Meta(description="What counts as a conversion: event:buy, path:/thanks.")]
    model: Model = Model.LAST
    by: Annotated[Short, Meta(description="channel, referrer, utm_source, utm_campaign, click …")] = "channel"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class AttributionRow(Struct, frozen=True):
    """One source: its part of the conversions, and how many converted visitors it touched."""

    value: str
    conversions: float
    visitors: int


class Attribution(Struct, frozen=True):
    """The sources, the strongest first."""

    period: Span
    model: Model
    by: str
    rows: list[AttributionRow]


class Question(Struct, frozen=True):
    """What an attribution asks."""

    selection: Selection
    goal: Step
    model: Model
    by: Field
    limit: int


def build(question: Question) -> Any:
    events = ev.base(question.selection, fields=(question.by,))
    reached, also = ev.does(events, question.goal), ev.matches(events, question.selection.wheres)
    goals = events.filter(reached if also is None else reached & also)
    converted = goals.group_by("visitor").agg(converted_ms=goals.created_ms.min())
    events = events.semi_join(converted, "visitor")
    order = ibis.window(group_by=events.visit, order_by=[events[name] for name in ev.ORDER])
    ranked = events.select(
        "visit", "visitor", "created_ms", value=ev.text_of(events, question.by), rank=ibis.row_number().over(order)
    )
    starts = ranked.filter(ranked["rank"] == 0).drop("rank").inner_join(converted, "visitor")
    touches = starts.filter(starts.created_ms <= starts.converted_ms)
    if question.model is Model.LINEAR:
        counts = touches.group_by("visitor").agg(count=touches.count())
        shared = touches.inner_join(counts, "visitor")
        shared = shared.mutate(credit=ibis.literal(1.0) / shared["count"].cast("float64"))
    else:
        keys = [touches.created_ms, touches.visit]
        if question.model is Model.LAST:
            keys = [key.desc() for key in keys]
        place = ibis.row_number().over(ibis.window(group_by=touches.visitor, order_by=keys))
        shared = touches.mutate(nth=place)
        shared = shared.filter(shared.nth == 0).mutate(credit=ibis.literal(1.0))
    rows = shared.group_by("value").agg(
        conversions=shared.credit.sum().cast("float64"), visitors=shared.visitor.nunique()
    )
    return rows.order_by([rows.conversions.desc(), rows.value]).limit(question.limit)


async def attribution(asker: Asker, params: AttributionParams) -> Attribution:
    """Which sources brought those who reached a goal."""
    over = asker.period(params)
    question = Question(
        asker.selection(params, over), step(params.goal, where="goal"), params.model, field(params.by, where="by"),
        params.limit,
    )  # fmt: skip
    rows = [AttributionRow(**row) for row in await asker.ask(build, question)]
    return Attribution(Span.of(over), params.model, params.by, rows)
