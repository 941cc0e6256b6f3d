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
    ever = ev.of_sites(question.selection)
    firsts = ever.group_by("visitor").agg(first_ms=ever.created_ms.min())
    bounds = question.selection.bounds
    newcomers = firsts.filter((firsts.first_ms >= bound(bounds.from_ms)) & (firsts.first_ms < bound(bounds.to_ms)))
    newcomers = newcomers.select("visitor", cohort=ev.bucket(newcomers.first_ms, question.buckets))
    found = ev.matched(question.selection)
    active = found.select("visitor", bucket=ev.bucket(found.created_ms, question.buckets)).distinct()
    seen = active.inner_join(newcomers, "visitor")
    sizes = seen.group_by("cohort").agg(size=seen.visitor.nunique())
    returned = seen.group_by(["cohort", "bucket"]).agg(visitors=seen.count())
    return returned.inner_join(sizes, "cohort").order_by(["cohort", "bucket"])


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
