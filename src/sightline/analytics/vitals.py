"""Web Vitals as expressions: which values a selection takes, and what is said of many of them."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from sightline.analytics import events as ev
from sightline.analytics.binding import Bound
from sightline.analytics.engines import bound
from sightline.analytics.later import ibis
from sightline.analytics.selection import Selection
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown
from sightline.signals.kinds import KINDS
from sightline.signals.ratings import BOUNDS

KIND: Final = "vital"
# The sub-parts of each, in the order in which they follow one another; the SDK measures them.
PARTS: Final = {
    "LCP": ("ttfb", "delay", "load", "render"), "INP": ("input", "work", "render"),
    "TTFB": ("wait", "dns", "connect", "request"), "CLS": ("worst",), "FCP": (), "FID": (),
}  # fmt: skip
_RATINGS: Final = {"good": "good", "needs_improvement": "needs-improvement", "poor": "poor"}


class Taken(Struct, frozen=True):
    """Which values: what a selection says of their own fields, and of the events of their visits."""

    selection: Selection  # its filters are about events: of a saved segment
    own: Selection  # its filters are about the values themselves
    metrics: tuple[Bound, ...]


def values(taken: Taken) -> Any:
    """The values that are taken. Cohorts and segments are of visitors and visits, as everywhere."""
    selection = taken.selection
    found = ev.within(ev.of(selection.sites, ev.table(KINDS[KIND])), selection.bounds)
    found = found.filter(found.metric.isin([bound(metric) for metric in taken.metrics]))
    condition = ev.matches(found, taken.own.wheres)
    if condition is not None:
        found = found.filter(condition)
    for cohort in selection.cohorts:
        found = found.semi_join(ev.members(selection, cohort), "visitor")
    if selection.wheres:
        found = found.semi_join(ev.matched(selection).select("visit").distinct(), "visit")
    if selection.exclude_bounces:
        events = ev.within(ev.of_sites(selection), selection.bounds)
        found = found.semi_join(ev.not_bounced(events), "visit")
    return found


def summed_up(found: Any) -> dict[str, Any]:
    """Percentiles, interpolated between neighbours, and how many values have which rating."""
    return {
        "count": found.count().cast("int64"),
        "p50": found.value.quantile(0.5),
        "p75": found.value.quantile(0.75),
        "p95": found.value.quantile(0.95),
        **{name: ev.count_if(found.rating == rating).cast("int64") for name, rating in _RATINGS.items()},
    }


def part(found: Any, name: str) -> Any:
    """A sub-part's number as it stands in the detail; null where it is absent."""
    text = found.detail.re_extract(f'[{{,]"{name}":(-?[0-9][0-9.eE+-]*)', 1).fill_null("")
    return ibis.cases((text != "", text.cast("float64")), else_=ibis.null("float64"))


def text(found: Any, name: str) -> Any:
    """A text of the detail; empty where it is absent."""
    return found.detail.re_extract(f'[{{,]"{name}":"([^"\\\\]*)"', 1).fill_null("")


def metrics(names: Iterable[str], *, field: str = "metric") -> tuple[str, ...]:
    """Names of vitals, in any case."""
    found = tuple(dict.fromkeys(name.upper() for name in names))
    if unknown := [name for name in found if name not in BOUNDS]:
        raise InvalidValue(
            f"there is no vital {shown(unknown[0][:40])}", field=field, hint=f"There are {', '.join(BOUNDS)}."
        )
    if not found:
        raise InvalidValue("no vital is named", field=field, hint=f"There are {', '.join(BOUNDS)}.")
    return found
