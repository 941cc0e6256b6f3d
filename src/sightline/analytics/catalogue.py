"""Every report by its name: what it takes and what it answers. What computes it is imported when it is first asked.

Importing this loads no engine: the server can say what there is before anybody asks for it.
"""

import importlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, get_type_hints

from msgspec import Struct

from sightline.accounts.permissions import Permission
from sightline.errors import NotFound
from sightline.privacy.echo import shown


class Report(Struct, frozen=True):
    """A report: `module` below `reports`, and the function in it."""

    name: str
    module: str
    function: str
    summary: str
    permission: Permission = Permission.SITE_READ

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
    ("funnel-drops", "funnel", "Who took a step of a funnel and not the next, visit by visit."),
    ("journeys", "journeys", "What visits begin with, step by step."),
    ("retention", "retention", "How many of those who came for the first time came back."),
    ("attribution", "attribution", "Which sources brought those who reached a goal."),
    ("revenue", "revenue", "Money by currency, by a dimension or over time."),
    ("properties", "properties", "Which properties custom events have."),
    ("property-values", "properties", "The values of one property, with statistics of its numbers."),
    ("vitals", "vitals", "Web Vitals: percentiles and ratings, by page, device, country, release …"),
    ("vitals-series", "vitals", "One Web Vital over time."),
    ("vitals-causes", "vitals", "What one Web Vital is spent on, by the element that is to blame."),
    ("realtime", "realtime", "The last half hour."),
    ("visits", "visits", "Visits one by one, the latest first."),
    ("visitor", "visitor", "One visitor."),
    ("activity", "visits", "Events one by one, the latest first; of a visit or visitor if wanted."),
)
# What a backend writes is for those who may read its lines, also where it is summed up.
_OF_THE_BACKEND: Final = (
    ("logs", "logs", "Lines of a site's backend, found by a query, the latest first."),
    ("logs-histogram", "logs", "How many lines there were over time, by level."),
    ("logs-facets", "logs", "The values that lines have most, and the fields that they have."),
    ("logs-around", "logs", "The lines of the same stream before and after one line."),
    ("functions", "functions", "Functions: invocations, durations, errors, cold starts, memory, cost."),
    ("functions-series", "functions", "Invocations over time."),
    ("invocations", "functions", "Invocations one by one: the latest, the slowest or the failing ones."),
    ("function-pages", "functions", "The pages of the web application that called a function."),
)
REPORTS: Final = {
    name: Report(name, module, name.replace("-", "_"), summary, permission)
    for rows, permission in ((_ROWS, Permission.SITE_READ), (_OF_THE_BACKEND, Permission.SITE_LOGS))
    for name, module, summary in rows
}


def report(name: str) -> Report:
    try:
        return REPORTS[name]
    except KeyError:
        raise NotFound(
            f"there is no report {shown(name[:40])}", field="name", hint=f"There are {', '.join(REPORTS)}."
        ) from None
