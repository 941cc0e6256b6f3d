"""Functions: how often and how long they ran, what failed, how cold they began, what they cost, who called them.

All of it is what Lambda reports of each invocation, and what lines of the same request say besides. A throttled call
never runs, so no line tells of it: that stands in CloudWatch alone.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Cursor, Ranged, Short
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.filters import check_text
from sightline.analytics.later import ibis
from sightline.analytics.period import Bounds, Buckets, Unit, buckets
from sightline.analytics.prices import LAMBDA
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import sites_of
from sightline.signals.kinds import KINDS

_HOUR_MS = 3_600_000


class FunctionParams(Ranged, kw_only=True):
    """Of invocations."""

    service: Annotated[Short | None, Meta(description="Only of this service.")] = None
    function: Annotated[Short | None, Meta(description="Only of this function.")] = None


class FunctionsParams(FunctionParams, kw_only=True):
    """Of functions."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class Functions(Struct, frozen=True):
    """One row for each function of each service, those that ran most first. Costs are in dollars, `throttles` unknown.

    `concurrency` is how many ran at the same time on average in their busiest hour.
    """

    period: Span
    prices: str
    rows: list[dict[str, str | int | float | None]]


class Question(Struct, frozen=True):
    """What is asked of invocations."""

    sites: tuple[Bound, ...]
    bounds: Bounds
    service: Bound | None
    function: Bound | None
    limit: int = 200


def _invocations(question: Question) -> Any:
    found = ev.within(ev.of(question.sites, ev.table(KINDS["invocation"])), question.bounds)
    if question.service is not None:
        found = found.filter(found.service == bound(question.service))
    if question.function is not None:
        found = found.filter(found.function == bound(question.function))
    return _with_lines(found, question.sites)


def _with_lines(found: Any, sites: tuple[Bound, ...]) -> Any:
    """With what the lines of the same request know: its visit, and whether it ended with a failure."""
    lines = ev.of(sites, ev.table(KINDS["log"]))
    lines = lines.filter((lines.request != "") & ((lines.visit != 0) | lines.failed))
    known = lines.group_by("request").agg(line_visit=lines.visit.max(), line_failed=ev.count_if(lines.failed))
    known = known.select(line_request=known.request, line_visit=known.line_visit, line_failed=known.line_failed)
    joined = found.left_join(known, found.request == known.line_request)
    visit = ibis.cases((joined.visit != 0, joined.visit), else_=joined.line_visit.fill_null(0))
    failed = (joined.status != "ok") | (joined.line_failed.fill_null(0) > 0)
    return joined.mutate(of_visit=visit, is_failed=failed)


def _summed_up(found: Any) -> dict[str, Any]:
    cold = ev.count_if(found.cold)
    return {
        "invocations": found.count().cast("int64"),
        **{f"p{part}_ms": found.duration_ms.quantile(part / 100) for part in (50, 95, 99)},
        "errors": ev.count_if(found.is_failed),
        "timeouts": ev.count_if(found.status == "timeout"),
        "cold_starts": cold,
        "init_ms": ibis.cases((cold > 0, found.init_ms.sum() / cold), else_=ibis.null("float64")),
        "used_mb": found.used_mb.max().cast("int64"),
        "memory_mb": found.memory_mb.max().cast("int64"),
        "visits": ibis.cases((found.of_visit != 0, found.of_visit), else_=ibis.null("int64")).nunique().cast("int64"),
        "billed_mb_ms": (found.billed_ms.cast("int64") * found.memory_mb.cast("int64")).sum().cast("int64"),
    }


def build(question: Question) -> Any:
    found = _invocations(question)
    rows = found.group_by(["service", "function"]).agg(**_summed_up(found))
    return rows.order_by([rows.invocations.desc(), rows.service, rows.function]).limit(question.limit)


def build_busiest(question: Question) -> Any:
    found = _invocations(question)
    found = found.mutate(hour=(found.created_ms // _HOUR_MS).cast("int64"))
    hours = found.group_by(["service", "function", "hour"]).agg(busy_ms=found.duration_ms.sum())
    return hours.group_by(["service", "function"]).agg(busy_ms=hours.busy_ms.max())


def _question(asker: Asker, params: FunctionParams, bounds: Bounds, limit: int) -> Question:
    service, function = (
        Value(check_text(text, name)) if text else None
        for name, text in (("service", params.service), ("function", params.function))
    )
    return Question(sites_of(asker.scope), bounds, service, function, limit)


async def functions(asker: Asker, params: FunctionsParams) -> Functions:
    """Functions, those that ran most first."""
    over = asker.period(params)
    question = _question(asker, params, over.bounds, params.limit)
    found = await asker.ask(build, question)
    busiest = {(row["service"], row["function"]): row["busy_ms"] for row in await asker.ask(build_busiest, question)}
    rows = [
        {
            **{name: value for name, value in row.items() if name != "billed_mb_ms"},
            "concurrency": busiest[row["service"], row["function"]] / _HOUR_MS,
            "throttles": None,
            "cost": LAMBDA.cost(row["invocations"], row["billed_mb_ms"]),
        }
        for row in found
    ]
    return Functions(Span.of(over), LAMBDA.said, rows)


# ---- over time -----------------------------------------------------------------------------------------------------


class FunctionsSeriesParams(FunctionParams, kw_only=True):
    """Invocations over time."""

    unit: Annotated[Unit | None, Meta(description="How wide a bucket is; by itself what fits the range.")] = None


class FunctionsSeries(Struct, frozen=True):
    """One row for each bucket; percentiles are null where nothing ran."""

    period: Span
    unit: Unit
    rows: list[dict[str, str | int | float | None]]


class SeriesQuestion(Struct, frozen=True):
    """What a series asks."""

    question: Question
    buckets: Buckets


def build_series(asked: SeriesQuestion) -> Any:
    found = _invocations(asked.question)
    found = found.mutate(bucket=ev.bucket(found.created_ms, asked.buckets))
    return found.group_by("bucket").agg(**_summed_up(found))


async def functions_series(asker: Asker, params: FunctionsSeriesParams) -> FunctionsSeries:
    """Invocations over time."""
    over = asker.period(params)
    unit = params.unit or over.fitting()
    how, edges = buckets(over, unit)
    asked = SeriesQuestion(_question(asker, params, over.bounds, 0), how)
    by_bucket = {row["bucket"]: row for row in await asker.ask(build_series, asked)}
    counts = ("invocations", "errors", "timeouts", "cold_starts")
    names = (*counts, "p50_ms", "p95_ms", "p99_ms", "init_ms")
    nothing: dict[str, Any] = {name: 0 if name in counts else None for name in names}
    rows = [
        {
            "begins": over.local(edge).isoformat(timespec="seconds"),
            "begins_ms": edge,
            **{name: by_bucket.get(number, nothing)[name] for name in names},
        }
        for number, edge in enumerate(edges)
    ]
    return FunctionsSeries(Span.of(over), unit, rows)


# ---- one by one ------------------------------------------------------------------------------------------------------


class InvocationsParams(FunctionParams, kw_only=True):
    """Invocations one by one."""

    order: Annotated[Literal["latest", "slowest"], Meta(description="Which come first.")] = "latest"
    failed: Annotated[bool, Meta(description="Only those that failed.")] = False
    cold: Annotated[bool, Meta(description="Only cold starts.")] = False
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Annotated[Short | None, Meta(description="`next` of the page before; of the latest.")] = None


class Invocation(Struct, frozen=True):
    """One invocation; its lines are found by `request:` with the id."""

    at_ms: int
    service: str
    function: str
    request: str
    trace: str
    visit: str
    status: str
    cold: bool
    duration_ms: float
    billed_ms: int
    init_ms: float
    memory_mb: int
    used_mb: int


class Invocations(Struct, frozen=True):
    """Invocations; `next` is the cursor of the following page, where the latest come first."""

    period: Span
    rows: list[Invocation]
    next: str | None


class ListQuestion(Struct, frozen=True):
    """What is asked of single ones."""

    question: Question
    slowest: bool
    failed: bool
    cold: bool
    after: tuple[Bound, ...]


def build_list(asked: ListQuestion) -> Any:
    found = _invocations(asked.question)
    if asked.failed:
        found = found.filter(found.is_failed)
    if asked.cold:
        found = found.filter(found.cold)
    if asked.after:
        moment, batch, place = (bound(value) for value in asked.after)
        earlier = (found.batch < batch) | ((found.batch == batch) & (found.place < place))
        found = found.filter((found.created_ms < moment) | ((found.created_ms == moment) & earlier))
    keys = [found[name].desc() for name in ev.ORDER]
    keys = [found.duration_ms.desc(), *keys] if asked.slowest else keys
    return found.select(
        *ev.ORDER, "service", "function", "request", "trace", "of_visit", "status", "is_failed", "cold", "duration_ms",
        "billed_ms", "init_ms", "memory_mb", "used_mb",
    ).order_by(keys).limit(asked.question.limit)  # fmt: skip


async def invocations(asker: Asker, params: InvocationsParams) -> Invocations:
    """Invocations one by one."""
    over = asker.period(params)
    slowest = params.order == "slowest"
    after = () if slowest else Cursor.read(params.cursor, 3)
    question = _question(asker, params, over.bounds, params.limit + 1)
    found = await asker.ask(build_list, ListQuestion(question, slowest, params.failed, params.cold, after))
    last = found[params.limit - 1] if len(found) > params.limit and not slowest else None
    following = Cursor.written(*(last[name] for name in ev.ORDER)) if last else None
    return Invocations(Span.of(over), [_one(row) for row in found[: params.limit]], following)


def _one(row: dict[str, Any]) -> Invocation:
    status = "error" if row["is_failed"] and row["status"] == "ok" else row["status"]
    return Invocation(
        row["created_ms"], row["service"], row["function"], row["request"], row["trace"],
        str(row["of_visit"]) if row["of_visit"] else "", status, row["cold"], row["duration_ms"], row["billed_ms"],
        row["init_ms"], row["memory_mb"], row["used_mb"],
    )  # fmt: skip


# ---- who called them -------------------------------------------------------------------------------------------------


class FunctionPagesParams(FunctionParams, kw_only=True):
    """Pages that called functions."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class FunctionPages(Struct, frozen=True):
    """Pages that were open when a function was called in the same visit, those with the most calls first."""

    period: Span
    rows: list[dict[str, str | int | float | None]]


def build_pages(question: Question) -> Any:
    """For each invocation with a visit the last page that was seen in it before."""
    calls = _invocations(question)
    calls = calls.filter(calls.of_visit != 0).select(
        "of_visit", "service", "function", "duration_ms", "is_failed", call_ms=calls.created_ms, call_batch=calls.batch,
        call_place=calls.place,
    )  # fmt: skip
    events = ev.of(question.sites, ev.table())
    views = events.filter(ev.is_view(events)).select("visit", "hostname", "path", *ev.ORDER)
    seen = calls.inner_join(views, calls.of_visit == views.visit)
    seen = seen.filter(seen.created_ms <= seen.call_ms)
    latest = ibis.window(group_by=[seen.call_batch, seen.call_place], order_by=[seen[name].desc() for name in ev.ORDER])
    ranked = seen.mutate(rank=ibis.row_number().over(latest))
    last = ranked.filter(ranked["rank"] == 0)
    rows = last.group_by(["hostname", "path", "service", "function"]).agg(
        invocations=last.count().cast("int64"), visits=last.visit.nunique().cast("int64"),
        errors=ev.count_if(last.is_failed), p95_ms=last.duration_ms.quantile(0.95),
    )  # fmt: skip
    keys = [rows.invocations.desc(), rows.path, rows.hostname, rows.service, rows.function]
    return rows.order_by(keys).limit(question.limit)


async def function_pages(asker: Asker, params: FunctionPagesParams) -> FunctionPages:
    """Pages that called functions."""
    over = asker.period(params)
    question = _question(asker, params, over.bounds, params.limit)
    return FunctionPages(Span.of(over), await asker.ask(build_pages, question))
