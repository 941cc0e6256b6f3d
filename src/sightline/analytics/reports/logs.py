"""Lines of a site's backend: searched, over time, by their values, and around one of them."""

from collections import Counter
from typing import Annotated, Any, Final

import msgspec
import orjson
from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics import log_lines as of
from sightline.analytics.asking import Asker, Cursor, Ranged, Short
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound, content
from sightline.analytics.log_query import LEVELS, Query, parse
from sightline.analytics.period import Bounds, Buckets, Period, Unit, buckets
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import sites_of
from sightline.errors import InvalidValue, NotFound
from sightline.privacy.echo import shown
from sightline.signals.kinds import KINDS

COLUMNS: Final = (
    "created_ms", "batch", "place", "level", "source", "service", "function", "log_group", "stream", "request",
    "trace", "correlation", "logger", "message", "fields", "visit", "visitor", "cold", "failed",
)  # fmt: skip
FACETS: Final = ("level", "service", "function", "source", "log_group", "failed")
_MOST_GROUPS: Final = 5_000
_SAMPLED: Final = 500
_KEYS: Final = 40
_NEWEST: Final = 16  # the part of a period that is looked at first


class LogParams(Ranged, kw_only=True):
    """Of lines."""

    q: Annotated[
        str, Meta(max_length=2000, description='level:error service:checkout "card declined" NOT logger:urllib3')
    ] = ""


class LogsParams(LogParams, kw_only=True):
    """A page of lines."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: Annotated[Short | None, Meta(description="`next` of the page before.")] = None


class Line(Struct, frozen=True):
    """One line. `id` names it; `fields` are what it says besides, as one flat object."""

    id: str
    at_ms: int
    level: str
    source: str
    service: str
    function: str
    group: str
    stream: str
    request: str
    trace: str
    correlation: str
    logger: str
    message: str
    fields: dict[str, Any]
    visit: str
    visitor: str
    cold: bool
    failed: bool


class Logs(Struct, frozen=True):
    """Lines, the latest first; `next` is the cursor of the following page."""

    period: Span
    rows: list[Line]
    next: str | None


class Question(Struct, frozen=True):
    """What is asked of lines."""

    sites: tuple[Bound, ...]
    bounds: Bounds
    query: Query
    after: tuple[Bound, ...] = ()
    limit: int = 100


def build(question: Question) -> Any:
    found = of.lines(question.sites, question.bounds, question.query)
    if question.after:
        found = found.filter(_beyond(found, question.after, later=False))
    found = found.select(*COLUMNS)
    return found.order_by([found[name].desc() for name in ev.ORDER]).limit(question.limit)


def _beyond(found: Any, place: tuple[Bound, ...], *, later: bool) -> Any:
    """What stands after a place in the order of lines, or before it."""
    moment, batch, number = (bound(value) for value in place)

    def is_beyond(column: Any, value: Any) -> Any:
        return column > value if later else column < value

    within = (found.batch == batch) & is_beyond(found.place, number)
    return is_beyond(found.created_ms, moment) | (
        (found.created_ms == moment) & (is_beyond(found.batch, batch) | within)
    )


async def logs(asker: Asker, params: LogsParams) -> Logs:
    """Lines, the latest first."""
    over = asker.period(params)
    question = Question(
        sites_of(asker.scope), over.bounds, parse(params.q), Cursor.read(params.cursor, 3), params.limit + 1
    )
    found = await _latest(asker, question)
    last = found[params.limit - 1] if len(found) > params.limit else None
    following = Cursor.written(*(last[name] for name in ev.ORDER)) if last else None
    return Logs(Span.of(over), [line(row) for row in found[: params.limit]], following)


async def _latest(asker: Asker, question: Question) -> list[dict[str, Any]]:
    """The latest lines: of the newest part of the period, and of the rest only where that is not enough.

    An engine looks at every line before it can say which are the latest, so what finds much would take as long as what
    finds nothing.
    """
    first, end = (int(content(value)) for value in (question.bounds.from_ms, question.bounds.to_ms))
    if question.after:
        end = min(end, int(content(question.after[0])) + 1)
    split = max(first, end - max(1, (end - first) // _NEWEST))
    newest, rest = (
        msgspec.structs.replace(question, bounds=Bounds(Value(begins), Value(ends)))
        for begins, ends in ((split, end), (first, split))
    )
    found: list[dict[str, Any]] = await asker.ask(build, newest)
    if len(found) < question.limit and first < split:
        found += await asker.ask(build, rest)
    return found[: question.limit]


def line(row: dict[str, Any]) -> Line:
    """A stored line as it is shown."""
    return Line(
        id=f"{row['batch']}-{row['place']}", at_ms=row["created_ms"], level=row["level"], source=row["source"],
        service=row["service"], function=row["function"], group=row["log_group"], stream=row["stream"],
        request=row["request"], trace=row["trace"], correlation=row["correlation"], logger=row["logger"],
        message=row["message"], fields=_fields(row["fields"]), visit=_id(row["visit"]), visitor=_id(row["visitor"]),
        cold=row["cold"], failed=row["failed"],
    )  # fmt: skip


def _fields(text: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(text) if text else {}
    return found


def _id(number: int) -> str:
    return str(number) if number else ""


# ---- over time -----------------------------------------------------------------------------------------------------


class LogsHistogramParams(LogParams, kw_only=True):
    """Lines over time."""

    unit: Annotated[Unit | None, Meta(description="How wide a bucket is; by itself what fits the range.")] = None


class LogsHistogram(Struct, frozen=True):
    """One row for each bucket, with its beginning in the zone and how many lines there were of each level."""

    period: Span
    unit: Unit
    total: int
    rows: list[dict[str, str | int]]


class HistogramQuestion(Struct, frozen=True):
    """What a histogram asks."""

    question: Question
    buckets: Buckets


def build_histogram(asked: HistogramQuestion) -> Any:
    question = asked.question
    found = of.lines(question.sites, question.bounds, question.query)
    found = found.mutate(bucket=ev.bucket(found.created_ms, asked.buckets))
    return found.group_by(["bucket", "level"]).agg(count=found.count().cast("int64"))


async def logs_histogram(asker: Asker, params: LogsHistogramParams) -> LogsHistogram:
    """How many lines there were, by level."""
    over = asker.period(params)
    unit = params.unit or over.fitting()
    how, edges = buckets(over, unit)
    question = Question(sites_of(asker.scope), over.bounds, parse(params.q))
    counts: dict[int, Counter[str]] = {}
    for row in await asker.ask(build_histogram, HistogramQuestion(question, how)):
        counts.setdefault(row["bucket"], Counter())[row["level"] if row["level"] in LEVELS else "info"] += row["count"]
    rows = [_bar(over, edge, counts.get(number, Counter())) for number, edge in enumerate(edges)]
    return LogsHistogram(Span.of(over), unit, sum(count.total() for count in counts.values()), rows)


def _bar(over: Period, edge: int, counts: "Counter[str]") -> dict[str, str | int]:
    begins = over.local(edge).isoformat(timespec="seconds")
    return {"begins": begins, "begins_ms": edge, **{level: counts[level] for level in LEVELS}}


# ---- by value --------------------------------------------------------------------------------------------------------


class LogsFacetsParams(LogParams, kw_only=True):
    """Values of lines."""

    limit: Annotated[int, Meta(ge=1, le=100, description="At most so many values of a field.")] = 10


class Facet(Struct, frozen=True):
    """A field, its values with the most lines, and how to ask for one of them: `field:value`."""

    field: str
    values: list[dict[str, str | int]]
    sampled: bool  # counted among the latest lines only


class LogsFacets(Struct, frozen=True):
    """Facets of all lines that are found, and of the latest of them those that their own fields are."""

    period: Span
    rows: list[Facet]
    sample: int


def build_facets(question: Question) -> Any:
    found = of.lines(question.sites, question.bounds, question.query)
    rows = found.group_by(list(FACETS)).agg(count=found.count().cast("int64"))
    return rows.order_by([rows["count"].desc(), *(rows[name] for name in FACETS)]).limit(question.limit)


async def logs_facets(asker: Asker, params: LogsFacetsParams) -> LogsFacets:
    """Values that lines have."""
    over = asker.period(params)
    question = Question(sites_of(asker.scope), over.bounds, parse(params.q), limit=_MOST_GROUPS)
    groups = await asker.ask(build_facets, question)
    counted: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for row in groups:
        for name in FACETS:
            counted[name][_word(row[name])] += row["count"]
    facets = [
        Facet({"log_group": "group"}.get(name, name), _most(counts, params.limit), sampled=False)
        for name, counts in counted.items()
    ]
    latest = await _latest(asker, msgspec.structs.replace(question, limit=_SAMPLED))
    own = _own_fields(latest)
    facets += [Facet(key, _most(counts, params.limit), sampled=True) for key, counts in own.items()]
    return LogsFacets(Span.of(over), facets, len(latest))


def _own_fields(latest: list[dict[str, Any]]) -> "dict[str, Counter[str]]":
    """The keys that most of the latest lines have."""
    keys: Counter[str] = Counter()
    values: dict[str, Counter[str]] = {}
    for row in latest:
        for key, value in _fields(row["fields"]).items():
            keys[key] += 1
            values.setdefault(key, Counter())[_word(value)[:200]] += 1
    return {key: values[key] for key, _ in keys.most_common(_KEYS)}


def _word(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _most(counts: "Counter[str]", limit: int) -> list[dict[str, str | int]]:
    ordered = sorted(((value, count) for value, count in counts.items() if value), key=lambda one: (-one[1], one[0]))
    return [{"value": value, "count": count} for value, count in ordered[:limit]]


# ---- around one ------------------------------------------------------------------------------------------------------


class LogsAroundParams(Ranged, kw_only=True):
    """The neighbours of a line."""

    line: Annotated[Short, Meta(description="The line's id.")]
    count: Annotated[int, Meta(ge=1, le=200, description="Lines before, and as many after.")] = 20


class LogsAround(Struct, frozen=True):
    """Lines of one stream in the order in which they were written, the one that was asked for among them."""

    rows: list[Line]


class OneQuestion(Struct, frozen=True):
    """Which line."""

    sites: tuple[Bound, ...]
    batch: Bound
    place: Bound


class AroundQuestion(Struct, frozen=True):
    """What is asked of neighbours."""

    sites: tuple[Bound, ...]
    group: Bound
    stream: Bound
    at: tuple[Bound, ...]
    later: bool
    limit: int


def build_one(question: OneQuestion) -> Any:
    found = ev.of(question.sites, ev.table(KINDS[of.KIND]))
    return found.filter((found.batch == bound(question.batch)) & (found.place == bound(question.place))).select(
        *COLUMNS
    )


def build_around(question: AroundQuestion) -> Any:
    found = ev.of(question.sites, ev.table(KINDS[of.KIND]))
    found = found.filter((found.log_group == bound(question.group)) & (found.stream == bound(question.stream)))
    found = found.filter(_beyond(found, question.at, later=question.later)).select(*COLUMNS)
    keys = [found[name] if question.later else found[name].desc() for name in ev.ORDER]
    return found.order_by(keys).limit(question.limit)


async def logs_around(asker: Asker, params: LogsAroundParams) -> LogsAround:
    """The lines before and after one."""
    batch, place = line_id(params.line)
    sites = sites_of(asker.scope)
    found = await asker.ask(build_one, OneQuestion(sites, Value(batch), Value(place)))
    if not found:
        raise NotFound(f"there is no line {shown(params.line[:40])}", field="line")
    row = found[0]
    at = tuple(Value(row[name]) for name in ev.ORDER)
    before, after = [
        await asker.ask(
            build_around,
            AroundQuestion(sites, Value(row["log_group"]), Value(row["stream"]), at, later, params.count),
        )
        for later in (False, True)
    ]
    return LogsAround([line(one) for one in (*reversed(before), row, *after)])


def line_id(text: str) -> tuple[int, int]:
    """The batch and place that a line's id says."""
    batch, _, place = text.partition("-")
    good = all(part.isascii() and part.isdigit() and len(part) <= most for part, most in ((batch, 18), (place, 5)))
    if not good:
        raise InvalidValue(f"{shown(text[:40])} names no line", field="line", hint="Take the `id` of a line.")
    return int(batch), int(place)


# ---- of a visit ------------------------------------------------------------------------------------------------------


class VisitQuestion(Struct, frozen=True):
    """What is asked of a visit's lines."""

    sites: tuple[Bound, ...]
    visit: Bound
    after: tuple[Bound, ...]
    limit: int


def build_visit(question: VisitQuestion) -> Any:
    """The lines that name the visit, and those of the same traces: what its requests set off elsewhere."""
    found = ev.of(question.sites, ev.table(KINDS[of.KIND]))
    named = found.filter((found.visit == bound(question.visit)) & (found.trace != ""))
    traces = named.select(of_visit=named.trace).distinct()
    joined = found.left_join(traces, found.trace == traces.of_visit)
    taken = joined.filter((joined.visit == bound(question.visit)) | joined.of_visit.notnull())
    if question.after:
        taken = taken.filter(_beyond(taken, question.after, later=True))
    taken = taken.select(*COLUMNS)
    return taken.order_by([taken[name] for name in ev.ORDER]).limit(question.limit)


async def of_visit(
    asker: Asker, visit: int, *, cursor: str | None = None, limit: int = 500
) -> tuple[list[Line], str | None]:
    """The lines of a visit in the order of their time, and the cursor of the following."""
    question = VisitQuestion(sites_of(asker.scope), Value(visit), Cursor.read(cursor, 3), limit + 1)
    found = await asker.ask(build_visit, question)
    last = found[limit - 1] if len(found) > limit else None
    return [line(row) for row in found[:limit]], Cursor.written(*(last[name] for name in ev.ORDER)) if last else None
