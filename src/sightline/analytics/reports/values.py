"""Values: a dimension or property of custom events over time, and the spread of a property's numbers."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.fields import Dimension, Field, Property
from sightline.analytics.filters import check_text
from sightline.analytics.later import ibis
from sightline.analytics.period import Buckets, Unit, buckets
from sightline.analytics.selection import Selection

MOST_ROWS = 20_000


class Measure(StrEnum):
    """What is told of each value."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    LEAST = "least"
    MOST = "most"
    REVENUE = "revenue"


class Question(Struct, frozen=True, kw_only=True):
    """What is asked of custom events."""

    selection: Selection
    field: Field
    event: Bound | None = None
    measure: Measure = Measure.COUNT
    buckets: Buckets = Buckets()
    together: bool = False  # one row for each bucket, whatever the value


def _custom(question: Question) -> Any:
    found = ev.matched(question.selection)
    found = found.filter(ev.is_custom(found))
    return found if question.event is None else found.filter(found["name"] == bound(question.event))


def build(question: Question) -> Any:
    found = _custom(question)
    if question.measure is Measure.REVENUE:
        found = found.filter(found.revenue.notnull())
    found = found.mutate(
        bucket=ev.bucket(found.created_ms, question.buckets), value=ev.text_of(found, question.field),
        measured=_number(found, question),
    )  # fmt: skip
    found = found.filter(found.value != "")
    rows = found.group_by(["bucket"] if question.together else ["bucket", "value"]).agg(
        count=found.count(), amount=_aggregate(found.measured, question.measure)
    )
    order = [rows.bucket] if question.together else [rows.bucket, rows["count"].desc(), rows.value]
    return rows.order_by(order).limit(MOST_ROWS)


def _number(found: Any, question: Question) -> Any:
    if question.measure is Measure.REVENUE:
        return found.revenue.cast("float64")
    if isinstance(question.field, Property) and question.measure is not Measure.COUNT:
        return ev.number_of(found, question.field)
    return ibis.literal(1.0)


def _aggregate(measured: Any, measure: Measure) -> Any:
    match measure:
        case Measure.AVERAGE:
            return measured.mean()
        case Measure.LEAST:
            return measured.min()
        case Measure.MOST:
            return measured.max()
    return measured.sum()


def build_spread(question: Question) -> Any:
    assert isinstance(question.field, Property)
    found = _custom(question)
    found = found.select(number=ev.number_of(found, question.field))
    found = found.filter(found.number.notnull())
    ranked = found.mutate(
        rank=ibis.row_number().over(ibis.window(order_by=[found.number])), total=found.number.count().over()
    )
    twice = ranked["rank"] * 2
    middle = ibis.cases(
        ((twice >= ranked.total - 2) & (twice <= ranked.total), ranked.number), else_=ibis.null("float64")
    )
    return ranked.agg(
        total=ranked.number.sum(), least=ranked.number.min(), most=ranked.number.max(), average=ranked.number.mean(),
        median=middle.mean(),
    )  # fmt: skip


async def over_time(  # noqa: PLR0913 - the parts of a question
    asker: Asker, params: Params, field: Field, unit: Unit | None, *, event: str = "",
    measure: Measure = Measure.COUNT, together: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """One row for each bucket and value: where it begins, how often it was, and the measure."""
    over = asker.period(params)
    how, edges = buckets(over, unit or over.fitting())
    question = Question(
        selection=asker.selection(params, over), field=field, event=_event(event), measure=measure, buckets=how,
        together=together,
    )  # fmt: skip
    return [
        {**row, "begins_ms": edges[row["bucket"]], "begins": over.local(edges[row["bucket"]]).isoformat()}
        for row in await asker.ask(build, question)
    ]


async def spread(asker: Asker, params: Params, field: Field, *, event: str = "") -> dict[str, float | None]:
    """Sum, least, most, average and median of a property's numbers."""
    question = Question(selection=asker.selection(params), field=field, event=_event(event))
    (row,) = await asker.ask(build_spread, question)
    return row


def _event(event: str) -> Value | None:
    return Value(check_text(event, "eventName")) if event else None


EVENT = Dimension.EVENT
