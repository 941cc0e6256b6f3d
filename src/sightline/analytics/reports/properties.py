"""Properties of custom events: which there are, the values of one, and statistics of its numbers."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Short, Text
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.fields import PROPERTY, Property, field
from sightline.analytics.filters import check_text
from sightline.analytics.properties import REDUCE, REDUCED, PropertyType, pairs
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

# Events whose properties have the same names and types are read once; more such groups than this are not looked at.
MOST_SIGNATURES = 5000


class PropertiesParams(Params, kw_only=True):
    """What properties take."""

    event: Annotated[Short | None, Meta(description="Only of this custom event.")] = None


class PropertyParams(PropertiesParams, kw_only=True):
    """What one property takes."""

    key: Annotated[Text, Meta(description="The property's name; of nested ones joined by dots.")]
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class PropertyRow(Struct, frozen=True):
    """A property of a custom event, and in how many events it stands with values of a type."""

    event: str
    key: str
    type: PropertyType
    events: int


class Properties(Struct, frozen=True):
    """The properties; `complete` is false where there are too many different ones to look at all."""

    period: Span
    complete: bool
    rows: list[PropertyRow]


class ValueRow(Struct, frozen=True):
    """A value of a property, and how often it stands."""

    value: str
    type: PropertyType
    events: int
    visitors: int


class Numbers(Struct, frozen=True):
    """Statistics of the values that are numbers; null where none is."""

    count: int
    sum: float | None
    least: float | None
    most: float | None
    average: float | None


class PropertyValues(Struct, frozen=True):
    """The values of a property."""

    period: Span
    key: str
    numbers: Numbers
    rows: list[ValueRow]


class Question(Struct, frozen=True):
    """What properties ask."""

    selection: Selection
    event: Bound | None
    property: Property | None = None
    limit: int = MOST_SIGNATURES + 1


def _custom(question: Question) -> Any:
    found = ev.matched(question.selection)
    found = found.filter(ev.is_custom(found) & (found.properties != ""))
    return found if question.event is None else found.filter(found["name"] == bound(question.event))


def build_signatures(question: Question) -> Any:
    found = _custom(question)
    found = found.mutate(signature=found.properties.re_replace(REDUCE, REDUCED))
    rows = found.group_by(event=found["name"], signature=found.signature).agg(events=found.count())
    return rows.order_by([rows["events"].desc(), "event", "signature"]).limit(question.limit)


def build_values(question: Question) -> Any:
    assert question.property is not None
    found = _custom(question)
    found = found.mutate(value=ev.text_of(found, question.property), kind=ev.type_of(found, question.property))
    found = found.filter(found.kind != "")
    rows = found.group_by(["value", "kind"]).agg(events=found.count(), visitors=found.visitor.nunique())
    return rows.order_by([rows["events"].desc(), "value", "kind"]).limit(question.limit)


def build_numbers(question: Question) -> Any:
    assert question.property is not None
    found = _custom(question)
    found = found.select(number=ev.number_of(found, question.property))
    number = found.number
    return found.agg(
        count=number.count(), sum=number.sum(), least=number.min(), most=number.max(), average=number.mean()
    )


async def properties(asker: Asker, params: PropertiesParams) -> Properties:
    """Which properties custom events have."""
    over = asker.period(params)
    found = await asker.ask(build_signatures, Question(asker.selection(params, over), _event(params)))
    counts: dict[tuple[str, str, PropertyType], int] = {}
    for row in found[:MOST_SIGNATURES]:
        for key, kind in pairs(row["signature"]):
            counts[row["event"], key, kind] = counts.get((row["event"], key, kind), 0) + row["events"]
    rows = [PropertyRow(*name, count) for name, count in sorted(counts.items())]
    return Properties(Span.of(over), len(found) <= MOST_SIGNATURES, rows)


async def property_values(asker: Asker, params: PropertyParams) -> PropertyValues:
    """The values of one property, and statistics of its numbers."""
    over = asker.period(params)
    key = field(PROPERTY + params.key, where="key")
    if not isinstance(key, Property):
        raise InvalidValue(f"{shown(params.key)} is no property", field="key")
    question = Question(asker.selection(params, over), _event(params), key, params.limit)
    found = await asker.ask(build_values, question)
    (numbers,) = await asker.ask(build_numbers, question)
    rows = [ValueRow(row["value"], PropertyType(row["kind"]), row["events"], row["visitors"]) for row in found]
    return PropertyValues(Span.of(over), params.key, Numbers(**numbers), rows)


def _event(params: PropertiesParams) -> Value | None:
    return Value(check_text(params.event, "event")) if params.event else None
