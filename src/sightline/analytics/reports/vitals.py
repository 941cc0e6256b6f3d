"""Web Vitals: percentiles and ratings by page template, device, country, release; over time; and what is to blame."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics import vitals as of
from sightline.analytics.asking import Asker, Params, Short, Text
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.fields import VitalField, vital_field
from sightline.analytics.filters import Match, check_text, condition, where
from sightline.analytics.period import Buckets, Period, Unit, buckets
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection
from sightline.errors import InvalidValue
from sightline.signals.ratings import BOUNDS, rating

MOST_DIMENSIONS = 5
_NAMES = "LCP, INP, CLS, FCP, TTFB, FID"


class VitalsParams(Params, kw_only=True):
    """Of vitals. Filters take release, environment, navigation and element, too; others are of the visit's events."""

    metric: Annotated[tuple[str, ...], Meta(max_length=6, description=_NAMES)] = ("LCP", "INP", "CLS", "FCP", "TTFB")
    by: Annotated[
        tuple[Text, ...], Meta(max_length=MOST_DIMENSIONS, description="path, device, country, release, element …")
    ] = ()
    order: Annotated[
        Literal["count", "p75", "poor"], Meta(description="The most values first, the slowest, or the most poor ones.")
    ] = "count"
    search: Annotated[Short | None, Meta(description="Only values of the first dimension that contain this.")] = None
    least: Annotated[int, Meta(ge=1, le=1_000_000, description="Only rows with at least so many values.")] = 1
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Vitals(Struct, frozen=True):
    """One row for each vital and combination of values: how many, their percentiles, and which parts are how good.

    `good`, `needs_improvement` and `poor` are parts of all values, 0 to 1; `rating` is that of p75.
    """

    period: Span
    by: list[str]
    rows: list[dict[str, str | int | float | None]]
    more: bool


class Question(Struct, frozen=True):
    """What is asked of vitals."""

    taken: of.Taken
    by: tuple[VitalField, ...]
    order: str
    search: Bound | None
    least: Bound
    limit: int
    offset: int


def build(question: Question) -> Any:
    found = of.values(question.taken)
    keys = {f"key_{number}": found[one.value] for number, one in enumerate(question.by)}
    found = found.mutate(**keys)
    if question.search is not None:
        found = found.filter(found["key_0"].contains(bound(question.search)))
    rows = found.group_by(["metric", *keys]).agg(**of.summed_up(found))
    rows = rows.filter(rows["count"] >= bound(question.least))
    order = rows["poor"] if question.order == "poor" else rows[question.order]
    first = order.desc(nulls_first=False)
    return rows.order_by([first, rows.metric, *(rows[name] for name in keys)]).limit(
        question.limit, offset=question.offset
    )  # fmt: skip


async def vitals(asker: Asker, params: VitalsParams) -> Vitals:
    """Percentiles and ratings of Web Vitals."""
    by = tuple(vital_field(name, where="by") for name in params.by)
    if len(set(by)) < len(by):
        raise InvalidValue("a dimension stands twice", field="by")
    if params.search and not by:
        raise InvalidValue("a search is about the first dimension", field="search", hint="Name one in `by`.")
    over = asker.period(params)
    question = Question(
        taken(asker, params, over, of.metrics(params.metric)), by, params.order,
        Value(check_text(params.search, "search")) if params.search else None, Value(params.least), params.limit + 1,
        params.offset,
    )  # fmt: skip
    found = await asker.ask(build, question)
    rows = [
        {"metric": row["metric"], **{one.value: row[f"key_{number}"] for number, one in enumerate(by)}, **shown(row)}
        for row in found[: params.limit]
    ]
    return Vitals(Span.of(over), list(params.by), rows, len(found) > params.limit)


def taken(asker: Asker, params: Params, over: Period, metrics: tuple[str, ...]) -> of.Taken:
    """What parameters take: filters about vitals directly, others and segments by the events of the visits."""
    own, others = _told_apart(params)
    if own and others and params.match is Match.ANY:
        raise InvalidValue(
            "filters about vitals and about events do not go together with match=any", field="match",
            hint=f"About vitals are {', '.join(VitalField)}.",
        )  # fmt: skip
    common = {name: getattr(params, name) for name in Params.__struct_fields__ if name != "filter"}
    plain = asker.selection(Params(**common, filter=others), over)
    values = Selection(plain.sites, plain.bounds, (where(own, params.match, vital_field),))
    return of.Taken(plain, values, tuple(Value(name) for name in metrics))


def _told_apart(params: Params) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The filters about a field of vitals, and the rest."""
    own: list[str] = []
    others: list[str] = []
    for text in params.filter:
        try:
            condition(text, vital_field)
        except InvalidValue:
            others.append(text)  # and whoever reads it there says what is wrong with it
        else:
            own.append(text)
    return tuple(own), tuple(others)


def shown(row: dict[str, Any]) -> dict[str, str | int | float | None]:
    """What is said of many values of a vital."""
    metric, count = row["metric"], row["count"]
    good, poor = BOUNDS[metric]
    return {
        **{name: row[name] for name in ("count", "p50", "p75", "p95")},
        **{name: row[name] / count for name in ("good", "needs_improvement", "poor")},
        "rating": rating(metric, row["p75"]), "good_up_to": good, "poor_beyond": poor,
    }  # fmt: skip


# ---- over time -----------------------------------------------------------------------------------------------------


class VitalsSeriesParams(Params, kw_only=True):
    """A vital's over time."""

    metric: Annotated[Short, Meta(description=_NAMES)] = "LCP"
    unit: Annotated[Unit | None, Meta(description="How wide a bucket is; by itself what fits the range.")] = None


class VitalsSeries(Struct, frozen=True):
    """One row for each bucket, with its beginning in the zone; percentiles are null where nothing was measured."""

    period: Span
    metric: str
    unit: Unit
    good_up_to: float
    poor_beyond: float
    rows: list[dict[str, str | int | float | None]]


class SeriesQuestion(Struct, frozen=True):
    """What a series asks."""

    taken: of.Taken
    buckets: Buckets


def build_series(question: SeriesQuestion) -> Any:
    found = of.values(question.taken)
    found = found.mutate(bucket=ev.bucket(found.created_ms, question.buckets))
    return found.group_by("bucket").agg(**of.summed_up(found))


async def vitals_series(asker: Asker, params: VitalsSeriesParams) -> VitalsSeries:
    """One Web Vital over time."""
    (metric,) = of.metrics([params.metric])
    over = asker.period(params)
    unit = params.unit or over.fitting()
    how, edges = buckets(over, unit)
    found = await asker.ask(build_series, SeriesQuestion(taken(asker, params, over, (metric,)), how))
    by_bucket = {row["bucket"]: row for row in found}
    names = ("count", "p50", "p75", "p95", "good", "needs_improvement", "poor")
    nothing = {name: None if name.startswith("p") and name != "poor" else 0 for name in names}
    good, poor = BOUNDS[metric]
    rows = [
        {
            "begins": over.local(edge).isoformat(timespec="seconds"),
            "begins_ms": edge,
            **{name: by_bucket.get(number, nothing)[name] for name in names},
        }
        for number, edge in enumerate(edges)
    ]
    return VitalsSeries(Span.of(over), metric, unit, good, poor, rows)


# ---- what is to blame ----------------------------------------------------------------------------------------------


class VitalsCausesParams(Params, kw_only=True):
    """A vital's causes."""

    metric: Annotated[Short, Meta(description=_NAMES)] = "LCP"
    by: Annotated[
        Literal["element", "script", "url", "event"],
        Meta(description="The element; of INP also the longest script or the event; of LCP also the file."),
    ] = "element"
    path: Annotated[Text | None, Meta(description="Only of this page template.")] = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class VitalsCauses(Struct, frozen=True):
    """Causes, those with the most values beyond good first."""

    period: Span
    metric: str
    parts: list[str]
    rows: list[dict[str, str | int | float | None]]
    more: bool


class CausesQuestion(Struct, frozen=True):
    """What is asked of causes."""

    taken: of.Taken
    metric: str
    by: str
    path: Bound | None
    limit: int


def build_causes(question: CausesQuestion) -> Any:
    found = of.values(question.taken)
    if question.path is not None:
        found = found.filter(found.path == bound(question.path))
    parts = of.PARTS[question.metric]
    found = found.mutate(
        cause=found.element if question.by == "element" else of.text(found, question.by),
        **{f"part_{name}": of.part(found, name) for name in parts},
    )
    rows = found.group_by("cause").agg(
        **of.summed_up(found), **{f"part_{name}": found[f"part_{name}"].quantile(0.75) for name in parts}
    )
    bad = rows.poor + rows.needs_improvement
    return rows.order_by([bad.desc(), rows["count"].desc(), rows.cause]).limit(question.limit)


async def vitals_causes(asker: Asker, params: VitalsCausesParams) -> VitalsCauses:
    """What one Web Vital is spent on."""
    (metric,) = of.metrics([params.metric])
    over = asker.period(params)
    path = Value(check_text(params.path, "path")) if params.path else None
    question = CausesQuestion(taken(asker, params, over, (metric,)), metric, params.by, path, params.limit + 1)
    found = await asker.ask(build_causes, question)
    parts = list(of.PARTS[metric])
    rows = [
        {
            "cause": row["cause"],
            **{name: row[name] for name in ("count", "p75", "needs_improvement", "poor")},
            "rating": rating(metric, row["p75"]),
            **{name: row[f"part_{name}"] for name in parts},
        }
        for row in found[: params.limit]
    ]
    return VitalsCauses(Span.of(over), metric, parts, rows, len(found) > params.limit)
