"""Retention: of the visitors who came for the very first time in a day, week or month, how many came back later.

The first time is the first ever that is stored, not the first within the range: a visitor of years is no newcomer.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params
from sightline.analytics.engines import bound
from sightline.analytics.period import Buckets, Unit, buckets
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection


class RetentionParams(Params, kw_only=True):
    """A retention's."""

    unit: Annotated[Literal["day", "week", "month"], Meta(description="How wide a cohort is.")] = "week"


class RetentionRow(Struct, frozen=True):
    """Of `size` newcomers of a bucket, how many were there `after` that many buckets."""

    begins: str
    begins_ms: int
    size: int
    after: int
    visitors: int
    rate: float


class RetentionTable(Struct, frozen=True):
    """The cohorts of newcomers, the earliest first."""

    period: Span
    unit: Unit
    rows: list[RetentionRow]


class Question(Struct, frozen=True):
    """What a retention asks."""

    selection: Selection
    buckets: Buckets


def build(question: Question) -> Any:
    bounds, whose = question.selection.bounds, ev.of_sites(question.selection)
    seen = ev.within(whose, bounds)
    # Buckets go up with time, so the first moment of a visitor lies in the least of theirs.
    firsts = _buckets(seen, question).group_by("visitor").agg(cohort=lambda pairs: pairs.bucket.min())
    before = whose.filter(whose.created_ms < bound(bounds.from_ms)).select("visitor")
    newcomers = firsts.anti_join(before, "visitor")
    active = _buckets(ev.matched(question.selection), question)
    came = active.inner_join(newcomers, "visitor")
    sizes = came.group_by(["cohort", "visitor"]).agg(buckets=came.count())
    sizes = sizes.group_by("cohort").agg(size=sizes.count())
    returned = came.group_by(["cohort", "bucket"]).agg(visitors=came.count())
    return returned.inner_join(sizes, "cohort").order_by(["cohort", "bucket"])


def _buckets(events: Any, question: Question) -> Any:
    """Each visitor once for each bucket in which they were there."""
    return events.select("visitor", bucket=ev.bucket(events.created_ms, question.buckets)).distinct()


async def retention(asker: Asker, params: RetentionParams) -> RetentionTable:
    """How many newcomers came back."""
    over, unit = asker.period(params), Unit(params.unit)
    how, edges = buckets(over, unit)
    found = await asker.ask(build, Question(asker.selection(params, over), how))
    counts = {(row["cohort"], row["bucket"]): row["visitors"] for row in found}
    sizes = {row["cohort"]: row["size"] for row in found}
    rows = [
        RetentionRow(
            over.local(edges[cohort]).date().isoformat(), edges[cohort], size, after,
            counts.get((cohort, cohort + after), 0), counts.get((cohort, cohort + after), 0) / size,
        )
        for cohort, size in sorted(sizes.items())
        for after in range(len(edges) - cohort)
    ]  # fmt: skip
    return RetentionTable(Span.of(over), unit, rows)
