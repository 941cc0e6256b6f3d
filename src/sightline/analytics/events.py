"""Events as expressions: the table, what a selection takes of it, fields and buckets.

Only what DuckDB, PostgreSQL and Spark answer alike is used here: groups, exact distinct counts, cases, filters, joins
on equality, row numbers and running maxima, `contains`, `startswith`, regular expressions of the common subset. Time
is integers throughout.
"""

from functools import reduce
from operator import and_, or_
from typing import Any, Final

from sightline.analytics.binding import Bound
from sightline.analytics.engines import bound
from sightline.analytics.fields import COLUMNS, OF_THE_VISIT, Dimension, Field, Property
from sightline.analytics.filters import DATED, NUMERIC, Condition, Match, Operator, Where, of_the_visit
from sightline.analytics.later import ibis
from sightline.analytics.period import Bounds, Buckets
from sightline.analytics.properties import DATE, PropertyType
from sightline.analytics.selection import Cohort, Kind, Place, Selection, Step
from sightline.signals.event import EVENT, EventType
from sightline.signals.kind import Kind as SignalKind
from sightline.signals.kind import Type

_IBIS: Final = {
    Type.BIG: "int64", Type.INTEGER: "int32", Type.SMALL: "int16", Type.DOUBLE: "float64", Type.FLAG: "boolean",
    Type.TEXT: "string", Type.BYTES: "binary",
}  # fmt: skip
# The order in which things happened; what one batch brought at one millisecond happened in the batch's order.
ORDER: Final = ("created_ms", "batch", "place")


def table(kind: SignalKind = EVENT) -> Any:
    """All events that are stored, or all signals of another kind."""
    schema = {column.name: ibis.dtype(_IBIS[column.type], nullable=column.nullable) for column in kind.shadowed}
    return ibis.table(schema, name=kind.name)


def of(sites: tuple[Bound, ...], signals: Any) -> Any:
    """Those of some sites."""
    named = [bound(site) for site in sites]
    return signals.filter(signals.site == named[0] if len(named) == 1 else signals.site.isin(named))


def is_view(events: Any) -> Any:
    """A page seen, or a link or pixel fetched."""
    kind = events["type"]
    return (kind != EventType.CUSTOM) & (kind != EventType.IDENTIFY) & (kind != EventType.ENGAGEMENT)


def is_custom(events: Any) -> Any:
    return events["type"] == EventType.CUSTOM


def count_if(condition: Any) -> Any:
    return ibis.cases((condition, 1), else_=0).cast("int64").sum()


def sum_if(condition: Any, value: Any) -> Any:
    return ibis.cases((condition, value.cast("int64")), else_=0).cast("int64").sum()


def of_sites(selection: Selection, *, spent: bool = False) -> Any:
    """Every event of the sites, whenever it was; `identify` is no event that anybody counts.

    With `spent` also the rows that say how long a page was used: they are read for their time and are no happening.
    """
    events = table()
    sites = [bound(site) for site in selection.sites]
    here = events.site == sites[0] if len(sites) == 1 else events.site.isin(sites)
    happened = events["type"] != EventType.IDENTIFY
    return events.filter(here & (happened if spent else happened & (events["type"] != EventType.ENGAGEMENT)))


def within(events: Any, bounds: Bounds) -> Any:
    return events.filter((events.created_ms >= bound(bounds.from_ms)) & (events.created_ms < bound(bounds.to_ms)))


def base(selection: Selection, *, fields: tuple[Field, ...] = (), spent: bool = False) -> Any:
    """The events of the sites, period and cohorts, with entry and exit page where they are asked for."""
    events = within(of_sites(selection, spent=spent), selection.bounds)
    for cohort in selection.cohorts:
        events = events.semi_join(members(selection, cohort), "visitor")
    wanted = of_the_visit(selection.wheres) | {one for one in fields if one in OF_THE_VISIT}
    for dimension in sorted(wanted):
        events = _with_end(events, Dimension(dimension))
    if selection.exclude_bounces:
        events = events.semi_join(not_bounced(events), "visit")
    return events


def matched(selection: Selection, *, fields: tuple[Field, ...] = ()) -> Any:
    """The events that a selection takes."""
    events = base(selection, fields=fields)
    condition = matches(events, selection.wheres)
    return events if condition is None else events.filter(condition)


def members(selection: Selection, cohort: Cohort) -> Any:
    """The visitors of a cohort."""
    events = within(of_sites(selection), cohort.bounds)
    condition = does(events, cohort.step)
    also = matches(events, (cohort.where,))
    return events.filter(condition if also is None else condition & also).select("visitor").distinct()


def not_bounced(events: Any) -> Any:
    """The visits that have not exactly one view."""
    visits = events.group_by("visit").agg(views_of_visit=count_if(is_view(events)))
    return visits.filter(visits.views_of_visit != 1).select("visit")


def _with_end(events: Any, dimension: Dimension) -> Any:
    """Add the first or last page of each visit; a visit without views has none."""
    views = events.filter(is_view(events))
    keys = [views[name] if dimension is Dimension.ENTRY else views[name].desc() for name in ORDER]
    window = ibis.window(group_by=views.visit, order_by=keys)
    ranked = views.select("visit", "path", rank=ibis.row_number().over(window))
    ends = ranked.filter(ranked["rank"] == 0).select(visit_with_end=ranked.visit, end_path=ranked.path)
    joined = events.left_join(ends, events.visit == ends.visit_with_end)
    return joined.mutate(**{dimension.value: joined.end_path.fill_null("")}).drop("visit_with_end", "end_path")


# ---- fields -----------------------------------------------------------------------------------------------------


def text_of(events: Any, field: Field) -> Any:
    """A field's text; empty where it is absent."""
    if isinstance(field, Property):
        return _unquoted(raw(events, field))
    return events[COLUMNS.get(field, field.value) if isinstance(field, Dimension) else field.value]


def raw(events: Any, field: Property) -> Any:
    """A property's value as it stands in the JSON; empty where it is absent."""
    return events.properties.re_extract(bound(field.key), 1).fill_null("")


def _unquoted(value: Any) -> Any:
    """The text of a JSON scalar. No control character stands in JSON, so one can hold a backslash's place."""
    inner = ibis.cases((value.startswith('"'), value.substr(1, value.length() - 2)), else_=value)
    steps = (("\\\\", "\x01"), ('\\"', '"'), ("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("\x01", "\\"))
    decoded = reduce(lambda text, step: text.replace(*step), steps, inner)
    return ibis.cases((value.contains("\\"), decoded), else_=inner)


def number_of(events: Any, field: Property) -> Any:
    """A property's number; null where it is none."""
    value = raw(events, field)
    return ibis.cases((_is_number(value), value.cast("float64")), else_=ibis.null("float64"))


def type_of(events: Any, field: Property) -> Any:
    """What a property's value is, as `PropertyType` calls it."""
    value = raw(events, field)
    text = _unquoted(value)
    return ibis.cases(
        (value == "", ""),
        (_is_number(value), PropertyType.NUMBER.value),
        (~value.startswith('"'), PropertyType.BOOLEAN.value),
        (text.re_search(DATE), PropertyType.DATE.value),
        (text.startswith("[") & text.endswith("]"), PropertyType.LIST.value),
        else_=PropertyType.TEXT.value,
    )


def _is_number(value: Any) -> Any:
    return value.re_search("^-?[0-9]")


# ---- filters ----------------------------------------------------------------------------------------------------


def matches(events: Any, wheres: tuple[Where, ...]) -> Any | None:
    """Whether an event is let through; None where everything is."""
    parts = [
        reduce(and_ if where.match is Match.ALL else or_, (_holds(events, one) for one in where.conditions))
        for where in wheres
        if where.conditions
    ]
    return reduce(and_, parts) if parts else None


def _holds(events: Any, condition: Condition) -> Any:
    field, operator = condition.field, condition.operator
    values = [bound(value) for value in condition.values]
    if operator in NUMERIC:
        assert isinstance(field, Property)
        return _compared(number_of(events, field), operator, values[0]).fill_null(False)  # noqa: FBT003 - a value
    text = text_of(events, field)
    if operator in DATED:
        return (text != "") & (text < values[0] if operator is Operator.BEFORE else text > values[0])
    any_of = {
        Operator.EQUALS: lambda: text.isin(values),
        Operator.CONTAINS: lambda: reduce(or_, (text.contains(value) for value in values)),
        Operator.MATCHES: lambda: text.re_search(values[0]),
        Operator.SET: lambda: text != "",
        Operator.TRUE: lambda: text == "true",
        Operator.FALSE: lambda: text == "false",
    }
    opposite = {
        Operator.NOT_EQUALS: Operator.EQUALS,
        Operator.NOT_CONTAINS: Operator.CONTAINS,
        Operator.NOT_MATCHES: Operator.MATCHES,
        Operator.NOT_SET: Operator.SET,
    }
    return ~any_of[opposite[operator]]() if operator in opposite else any_of[operator]()


def _compared(number: Any, operator: Operator, value: Any) -> Any:
    match operator:
        case Operator.GREATER:
            return number > value
        case Operator.LESS:
            return number < value
        case Operator.AT_LEAST:
            return number >= value
    return number <= value


def does(events: Any, step: Step) -> Any:
    """Whether an event is a step."""
    page = step.kind is Kind.PATH
    text = events["path"] if page else events["name"]
    what = is_view(events) if page else is_custom(events)
    wanted = bound(step.text)
    if step.place is not Place.ALL:
        what = (
            what
            & {
                Place.WHOLE: lambda: text == wanted,
                Place.START: lambda: text.startswith(wanted),
                Place.END: lambda: text.endswith(wanted),
                Place.ANYWHERE: lambda: text.contains(wanted),
            }[step.place]()
        )
    also = matches(events, (step.where,))
    return what if also is None else what & also


# ---- buckets ----------------------------------------------------------------------------------------------------


def bucket(moment: Any, buckets: Buckets) -> Any:
    """The number of the bucket that a moment is in."""
    if not buckets.pieces:
        if not buckets.edges:
            return ibis.literal(0, "int64")
        cases = [(moment < bound(edge), ibis.literal(number, "int64")) for number, edge in enumerate(buckets.edges)]
        return ibis.cases(*cases, else_=ibis.literal(len(buckets.edges), "int64"))
    numbers = [bound(one.base) + (moment - bound(one.anchor)) // buckets.step for one in buckets.pieces]
    if len(numbers) == 1:
        return numbers[0]
    cases = [
        (moment < bound(one.until), number)
        for one, number in zip(buckets.pieces, numbers, strict=True)
        if one.until is not None
    ]
    return ibis.cases(*cases, else_=numbers[-1])
