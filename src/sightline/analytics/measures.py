"""Metrics as expressions: what is counted of a selection, altogether or for each value of some keys.

A metric about whole visits (bounces, duration) looks at every event of a visit within the period; a filter says which
visits are meant and which of their events are counted. So the bounce rate of `path = /pricing` is that of the visits
which saw that page, not of visits in which nothing else is looked at.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from sightline.analytics import events as ev
from sightline.analytics.fields import OF_WHOLE_VISITS, Field, Metric
from sightline.analytics.later import ibis
from sightline.analytics.selection import Selection

Key = Callable[[Any], Any]
_SECOND_MS: Final = 1000
# What is divided by the visits, and by what else.
_RATIOS: Final = {
    Metric.BOUNCE_RATE: (Metric.BOUNCES, 1),
    Metric.DURATION_S: (Metric.TOTAL_DURATION_MS, _SECOND_MS),
    Metric.VIEWS_PER_VISIT: (Metric.VIEWS, 1),
    Metric.ENGAGEMENT_S: (Metric.ENGAGEMENT_MS, _SECOND_MS),
}


class Foremost(Struct, frozen=True):
    """The first `count` keys, those with the most of a metric first."""

    order: Metric
    count: int


def measured(  # noqa: PLR0913 - the parts of a question
    selection: Selection,
    metrics: tuple[Metric, ...],
    keys: Mapping[str, Key] | None = None,
    *,
    fields: tuple[Field, ...] = (),
    keep: Callable[[Any], Any] | None = None,
    foremost: Foremost | None = None,
) -> Any:
    """One row for each combination of keys, or one row; `keep` may drop events by their keys.

    With `foremost` combinations that cannot be among the first may be missing.
    """
    events = ev.base(selection, fields=fields, spent=True)
    condition = ev.matches(events, selection.wheres)
    if not keys:
        rows = _visits(events, condition)
        return rows.agg(**_of_visits(rows, metrics))
    counted = events if condition is None else events.filter(condition)
    counted = counted.mutate(**{name: key(counted) for name, key in keys.items()})
    if keep is not None:
        counted = counted.filter(keep(counted))
    if not OF_WHOLE_VISITS & set(metrics):
        if foremost is not None and condition is None:
            return _of_foremost(counted, list(keys), metrics, foremost)
        return _of_keys(counted, list(keys), metrics)
    pairs = counted.group_by([*keys, "visitor", "visit"]).agg(**_named(_totals(counted)))
    facts = events.group_by("visit").agg(**_facts(events))
    rows = pairs.inner_join(facts, "visit")
    return rows.group_by(list(keys)).agg(**_of_visits(rows, metrics))


def _visits(events: Any, condition: Any) -> Any:
    """Every visit of the selection in one pass: what of it is counted, and what it was as a whole."""
    if condition is None:
        facts = _facts(events)
        del facts["whole_views"]
        visits = events.group_by(["visitor", "visit"]).agg(**_named(_totals(events)), **facts)
        return visits.mutate(whole_views=visits.views)
    view, custom, spent = ev.is_view(events), ev.is_custom(events), events.engagement_ms.cast("int64")
    visits = events.group_by(["visitor", "visit"]).agg(
        views=ev.count_if(view & condition), events=ev.count_if(custom & condition),
        engagement_ms=ev.sum_if(condition, spent), counted=ev.count_if(condition), **_facts(events),
    )  # fmt: skip
    return visits.filter(visits.counted > 0)


def _facts(events: Any) -> dict[str, Any]:
    view = ev.is_view(events)
    seen = ibis.cases((view, events.created_ms), else_=ibis.null("int64"))
    return {"whole_views": ev.count_if(view), "first_ms": seen.min(), "last_ms": seen.max()}


def _named(totals: dict[Metric, Any]) -> dict[str, Any]:
    return {metric.value: total for metric, total in totals.items()}


def _of_keys(counted: Any, keys: list[str], metrics: tuple[Metric, ...]) -> Any:
    """Count by visits first, then by visitors, then by the keys, since a visit has one visitor.

    Each is a plain sum over fewer rows, which costs about half of distinct counts side by side.
    """
    wanted = {part for metric in metrics for part in _parts(metric)}
    sums = {metric: total for metric, total in _totals(counted).items() if metric in wanted}
    for metric, level in ((Metric.VISITS, ["visitor", "visit"]), (Metric.VISITORS, ["visitor"])):
        if metric in wanted:
            counted = counted.group_by([*keys, *level]).agg(**_named(sums))
            sums = {one: counted[one.value].sum().cast("int64") for one in sums} | {metric: counted.count()}
    return counted.group_by(keys).agg(**_chosen(sums, metrics))


def _of_foremost(counted: Any, keys: list[str], metrics: tuple[Metric, ...], foremost: Foremost) -> Any:
    """Count only what can be among the first.

    No count of a key exceeds its events. So what the keys with the most events reach at least, a key with fewer events
    than that cannot reach; counting events costs a twentieth of counting visitors.
    """
    events = counted.group_by(keys).agg(most=counted.count())
    likely = events.order_by([events.most.desc(), *keys]).limit(foremost.count).select(*keys)
    first = _of_keys(counted.semi_join(likely, keys), keys, metrics)
    bar = first.agg(least=first[foremost.order.value].min())
    others = events.cross_join(bar)
    others = others.filter(others.most >= others.least).select(*keys).anti_join(likely, keys)
    return first.union(_of_keys(counted.semi_join(others, keys), keys, metrics))


def _totals(events: Any) -> dict[Metric, Any]:
    return {
        Metric.VIEWS: ev.count_if(ev.is_view(events)),
        Metric.EVENTS: ev.count_if(ev.is_custom(events)),
        Metric.ENGAGEMENT_MS: events.engagement_ms.cast("int64").sum(),
    }


def _of_visits(rows: Any, metrics: tuple[Metric, ...]) -> dict[str, Any]:
    """`rows` holds one row for each visit (and key)."""
    found = {
        Metric.VISITORS: rows.visitor.nunique(),
        Metric.VISITS: rows.count(),
        Metric.VIEWS: rows.views.sum().fill_null(0),
        Metric.EVENTS: rows.events.sum().fill_null(0),
        Metric.BOUNCES: ev.count_if(rows.whole_views == 1).fill_null(0),
        Metric.TOTAL_DURATION_MS: (rows.last_ms - rows.first_ms).sum().fill_null(0),
        Metric.ENGAGEMENT_MS: rows.engagement_ms.sum().fill_null(0),
    }
    return _chosen(found, metrics)


def _chosen(found: dict[Metric, Any], metrics: tuple[Metric, ...]) -> dict[str, Any]:
    """The metrics that are asked for; a ratio is made of those that are found, and is null without visits."""
    chosen = {}
    for metric in metrics:
        if metric in _RATIOS:
            over, divisor = _RATIOS[metric]
            visits = found[Metric.VISITS].cast("float64").nullif(0)
            chosen[metric.value] = found[over].cast("float64") / visits / divisor
        else:
            chosen[metric.value] = found[metric].cast("int64")
    return chosen


def _parts(metric: Metric) -> tuple[Metric, ...]:
    """What has to be counted for a metric."""
    return (Metric.VISITS, _RATIOS[metric][0]) if metric in _RATIOS else (metric,)
