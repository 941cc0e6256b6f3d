"""Metrics as expressions: what is counted of a selection, altogether or for each value of some keys.

A metric about whole visits (bounces, duration) looks at every event of a visit within the period; a filter says which
visits are meant and which of their events are counted. So the bounce rate of `path = /pricing` is that of the visits
which saw that page, not of visits in which nothing else is looked at.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sightline.analytics import events as ev
from sightline.analytics.fields import OF_WHOLE_VISITS, Field, Metric
from sightline.analytics.later import ibis
from sightline.analytics.selection import Selection

Key = Callable[[Any], Any]
_SECOND_MS: Final = 1000


def measured(
    selection: Selection,
    metrics: tuple[Metric, ...],
    keys: Mapping[str, Key] | None = None,
    *,
    fields: tuple[Field, ...] = (),
    keep: Callable[[Any], Any] | None = None,
) -> Any:
    """One row for each combination of keys, or one row; `keep` may drop events by their keys."""
    events = ev.base(selection, fields=fields)
    condition = ev.matches(events, selection.wheres)
    if not keys:
        rows = _visits(events, condition)
        return rows.agg(**_of_visits(rows, metrics))
    counted = events if condition is None else events.filter(condition)
    counted = counted.mutate(**{name: key(counted) for name, key in keys.items()})
    if keep is not None:
        counted = counted.filter(keep(counted))
    if not OF_WHOLE_VISITS & set(metrics):
        return counted.group_by(list(keys)).agg(**_of_events(counted, metrics))
    pairs = counted.group_by([*keys, "visit"]).agg(
        visitor=counted.visitor.max(),
        views=ev.count_if(ev.is_view(counted)),
        events=ev.count_if(ev.is_custom(counted)),
        engagement=counted.engagement_ms.cast("int64").sum(),
    )
    facts = events.group_by("visit").agg(**_facts(events))
    rows = pairs.inner_join(facts, "visit")
    return rows.group_by(list(keys)).agg(**_of_visits(rows, metrics))


def _visits(events: Any, condition: Any) -> Any:
    """Every visit of the selection in one pass: what of it is counted, and what it was as a whole."""
    view, custom, spent = ev.is_view(events), ev.is_custom(events), events.engagement_ms.cast("int64")
    if condition is None:
        counts = {"engagement": spent.sum()}
    else:
        view, custom = view & condition, custom & condition
        counts = {"engagement": ev.sum_if(condition, spent), "counted": ev.count_if(condition)}
    visits = events.group_by("visit").agg(
        visitor=events.visitor.max(), views=ev.count_if(view), events=ev.count_if(custom), **counts, **_facts(events)
    )
    return visits if condition is None else visits.filter(visits.counted > 0)


def _facts(events: Any) -> dict[str, Any]:
    view = ev.is_view(events)
    seen = ibis.cases((view, events.created_ms), else_=ibis.null("int64"))
    return {"whole_views": ev.count_if(view), "first_ms": seen.min(), "last_ms": seen.max()}


def _of_events(counted: Any, metrics: tuple[Metric, ...]) -> dict[str, Any]:
    found = {
        Metric.VISITORS: counted.visitor.nunique(),
        Metric.VISITS: counted.visit.nunique(),
        Metric.VIEWS: ev.count_if(ev.is_view(counted)),
        Metric.EVENTS: ev.count_if(ev.is_custom(counted)),
        Metric.ENGAGEMENT_MS: counted.engagement_ms.cast("int64").sum(),
    }
    return _chosen(found, metrics)


def _of_visits(rows: Any, metrics: tuple[Metric, ...]) -> dict[str, Any]:
    """`rows` holds one row for each visit (and key)."""
    found = {
        Metric.VISITORS: rows.visitor.nunique(),
        Metric.VISITS: rows.count(),
        Metric.VIEWS: rows.views.sum().fill_null(0),
        Metric.EVENTS: rows.events.sum().fill_null(0),
        Metric.BOUNCES: ev.count_if(rows.whole_views == 1).fill_null(0),
        Metric.TOTAL_DURATION_MS: (rows.last_ms - rows.first_ms).sum().fill_null(0),
        Metric.ENGAGEMENT_MS: rows.engagement.sum().fill_null(0),
    }
    return _chosen(found, metrics)


def _chosen(found: dict[Metric, Any], metrics: tuple[Metric, ...]) -> dict[str, Any]:
    """The metrics that are asked for; a ratio is made of those that are found, and is null without visits."""
    ratios = {
        Metric.BOUNCE_RATE: (Metric.BOUNCES, 1),
        Metric.DURATION_S: (Metric.TOTAL_DURATION_MS, _SECOND_MS),
        Metric.VIEWS_PER_VISIT: (Metric.VIEWS, 1),
        Metric.ENGAGEMENT_S: (Metric.ENGAGEMENT_MS, _SECOND_MS),
    }
    chosen = {}
    for metric in metrics:
        if metric in ratios:
            over, divisor = ratios[metric]
            visits = found[Metric.VISITS].cast("float64").nullif(0)
            chosen[metric.value] = found[over].cast("float64") / visits / divisor
        else:
            chosen[metric.value] = found[metric].cast("int64")
    return chosen
