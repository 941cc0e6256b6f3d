"""Every report by its name: what it takes and what it answers. What computes it is imported when it is first asked.

Importing this loads no engine: the server can say what there is before anybody asks for it.
"""

import importlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, get_type_hints

from msgspec import Struct

from sightline.errors import NotFound
from sightline.privacy.echo import shown


class Report(Struct, frozen=True):
    """A report: `module` below `reports`, and the function in it."""

    name: str
    module: str
    function: str
    summary: str

    @property
    def run(self) -> Callable[[Any, Any], Awaitable[Struct]]:
        module = importlib.import_module(f"sightline.analytics.reports.{self.module}")
        found: Callable[[Any, Any], Awaitable[Struct]] = getattr(module, self.function)
        return found

    @property
    def params(self) -> type[Struct]:
        found: type[Struct] = get_type_hints(self.run, include_extras=True)["params"]
        return found

    @property
    def answer(self) -> type[Struct]:
        found: type[Struct] = get_type_hints(self.run, include_extras=True)["return"]
        return found


_ROWS: Final = (
    ("overview", "overview", "All metrics of a period, beside those of the period before."),
    ("series", "series", "Metrics over time, in buckets of the site's clock and calendar."),
    ("breakdown", "breakdown", "Metrics for each value of a dimension, or each combination of several."),
    ("weekly", "weekly", "Metrics for each hour of the week."),
    ("campaigns", "campaigns", "What UTM parameters and click ids brought."),
    ("goals", "goals", "How many visitors reached each goal."),
    ("funnel", "funnel", "How many visitors took each of some steps in their order."),
    ("journeys", "journeys", "What visits begin with, step by step."),
    ("retention", "retention", "How many of those who came for the first time came back."),
    ("attribution", "attribution", "Which sources brought those who reached a goal."),
    ("revenue", "revenue", "Money by currency, by a dimension or over time."),
    ("properties", "properties", "Which properties custom events have."),
    ("property-values", "properties", "The values of one property, with statistics of its numbers."),
    ("realtime", "realtime", "The last half hour."),
    ("visits", "visits", "Visits one by one, the latest first."),
    ("visitor", "visitor", "One visitor."),
    ("activity", "visits", "Events one by one, the latest first; of a visit or visitor if wanted."),
)
REPORTS: Final = {
    name: Report(name, module, name.replace("-", "_"), summary) for name, module, summary in _ROWS
}  # fmt: skip


def report(name: str) -> Report:
    try:
        return REPORTS[name]
    except KeyError:
        raise NotFound(
            f"there is no report {shown(name[:40])}", field="name", hint=f"There are {', '.join(REPORTS)}."
        ) from None
