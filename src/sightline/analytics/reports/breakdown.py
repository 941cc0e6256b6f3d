"""Breakdown: metrics for each value of a dimension, or each combination of the values of several."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Short, Text
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.fields import OF_THE_VISIT, ONLY_PRESENT, Dimension, Field, Metric, Property, field, metric
from sightline.analytics.filters import check_text
from sightline.analytics.measures import Foremost, measured
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection
from sightline.errors import InvalidValue

MOST_DIMENSIONS = 6
_COUNTS = frozenset({Metric.VISITORS, Metric.VISITS, Metric.VIEWS, Metric.EVENTS})
_AT_HAND = frozenset(Dimension) - OF_THE_VISIT
# Mostly more values than anybody looks at.
_MANY = frozenset({Dimension.PATH, Dimension.QUERY, Dimension.TITLE, Dimension.REFERRER_PATH, Dimension.CITY})


class BreakdownParams(Params, kw_only=True):
    """A breakdown's."""

    by: Annotated[
        tuple[Text, ...],
        Meta(min_length=1, max_length=MOST_DIMENSIONS, description="path, country, channel, property:KEY …"),
    ]
    metric: Annotated[tuple[str, ...], Meta(max_length=11, description="visitors, visits, views …")] = (
        "visitors",
        "visits",
        "views",
    )
    order: Annotated[Short | None, Meta(description="The metric to order by, `-` in front for the least first.")] = None
    search: Annotated[Short | None, Meta(description="Only values of the first dimension that contain this.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Breakdown(Struct, frozen=True):
    """One row for each combination of values; `more` tells whether there are further ones."""

    period: Span
    by: list[str]
    rows: list[dict[str, str | int | float | None]]
    more: bool


class Question(Struct, frozen=True):
    """What a breakdown asks."""

    selection: Selection
    by: tuple[Field, ...]
    metrics: tuple[Metric, ...]
    order: Metric
    least_first: bool
    search: Bound | None
    limit: int
    offset: int
    present: bool = False  # leave out what is absent, also where that would be an answer


def build(question: Question) -> Any:
    names = [f"key_{number}" for number in range(len(question.by))]
    keys = {name: _key(one) for name, one in zip(names, question.by, strict=True)}

    def keep(events: Any) -> Any:
        kept = None
        for name, one in zip(names, question.by, strict=True):
            if question.present or isinstance(one, Property) or one in ONLY_PRESENT:
                kept = events[name] != "" if kept is None else kept & (events[name] != "")
        if question.search is not None:
            found = events[names[0]].contains(bound(question.search))
            kept = found if kept is None else kept & found
        return events[names[0]].notnull() if kept is None else kept

    metrics = tuple(dict.fromkeys((*question.metrics, question.order)))
    rows = measured(
        question.selection, metrics, keys, fields=question.by, keep=keep, foremost=_foremost(question)
    )  # fmt: skip
    order = rows[question.order.value]
    first = order.asc(nulls_first=False) if question.least_first else order.desc(nulls_first=False)
    return rows.order_by([first, *(rows[name] for name in names)]).limit(question.limit, offset=question.offset)


def _key(one: Field) -> Any:
    return lambda events: ev.text_of(events, one)


def _foremost(question: Question) -> Foremost | None:
    """What is worth finding out which values can be among the first: many values, and a count that bounds them."""
    many = len(question.by) > 1 or _MANY.issuperset(question.by)
    if question.least_first or question.order not in _COUNTS or not many or not _AT_HAND.issuperset(question.by):
        return None
    return Foremost(question.order, question.limit + question.offset)


async def breakdown(asker: Asker, params: BreakdownParams) -> Breakdown:
    """Metrics for each value of some dimensions."""
    by = tuple(field(name, where="by") for name in params.by)
    if len(set(params.by)) < len(params.by):
        raise InvalidValue("a dimension stands twice", field="by")
    metrics = tuple(dict.fromkeys(metric(name) for name in params.metric))
    if not metrics:
        raise InvalidValue("a breakdown needs a metric", field="metric")
    order = metric(params.order.removeprefix("-")) if params.order else metrics[0]
    over = asker.period(params)
    question = Question(
        asker.selection(params, over), by, metrics, order, (params.order or "").startswith("-"),
        Value(check_text(params.search, "search")) if params.search else None, params.limit + 1, params.offset,
    )  # fmt: skip
    found = await asker.ask(build, question)
    rows = [
        {
            **{name: row[f"key_{number}"] for number, name in enumerate(params.by)},
            **{one.value: row[one.value] for one in metrics},
        }
        for row in found[: params.limit]
    ]
    return Breakdown(Span.of(over), list(params.by), rows, len(found) > params.limit)


async def top(  # noqa: PLR0913 - the parts of a question
    asker: Asker,
    params: Params,
    dimension: Dimension,
    metrics: tuple[Metric, ...],
    limit: int,
    *,
    present: bool = False,
) -> list[dict[str, str | int | float | None]]:
    """The values of one dimension with the most of the first metric, for reports that are made of several lists."""
    question = Question(
        asker.selection(params), (dimension,), metrics, metrics[0], least_first=False, search=None, limit=limit,
        offset=0, present=present,
    )  # fmt: skip
    found = await asker.ask(build, question)
    return [{dimension.value: row["key_0"], **{one.value: row[one.value] for one in metrics}} for row in found]
