"""Funnel: how many visitors took each of some steps in their order, each within a while after the step before.

A step has to come after the step before, also where both are the same page. Of several moments at which a step was
reached the latest counts, since it leaves the most time for the next one.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Text
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.later import ibis
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection, Step, steps

_MINUTE_MS = 60_000


class FunnelParams(Params, kw_only=True):
    """A funnel's."""

    step: Annotated[
        tuple[Text, ...],
        Meta(
            min_length=2,
            max_length=10,
            description="path:/pricing, path:/docs/*, event:sign-up; or JSON: see the docs.",
        ),
    ]
    window_minutes: Annotated[
        int, Meta(ge=1, le=60 * 24 * 366, description="How long after a step the next one may come.")
    ] = 60


class FunnelRow(Struct, frozen=True):
    """One step: who reached it, who did not although they reached the one before, and the parts of both."""

    step: str
    visitors: int
    dropped: int
    of_previous: float | None
    of_first: float | None


class Funnel(Struct, frozen=True):
    """The steps."""

    period: Span
    rows: list[FunnelRow]


class Question(Struct, frozen=True):
    """What a funnel asks."""

    selection: Selection
    steps: tuple[Step, ...]
    window_ms: Bound


def build(question: Question) -> Any:
    found = ev.matched(question.selection)
    hits = [ev.does(found, one) for one in question.steps]
    taken = found.filter(reduce(or_, hits)).select(
        "visitor", *ev.ORDER, **{f"hit_{number}": ev.does(found, one) for number, one in enumerate(question.steps)}
    )
    reached = taken.mutate(at_0=ibis.cases((taken.hit_0, taken.created_ms), else_=ibis.null("int64")))
    for number in range(1, len(question.steps)):
        before = ibis.window(
            group_by=reached.visitor, order_by=[reached[name] for name in ev.ORDER], rows=(None, -1)
        )  # fmt: skip
        reached = reached.mutate(latest=reached[f"at_{number - 1}"].max().over(before))
        in_time = reached.created_ms - reached.latest <= bound(question.window_ms)
        taken_now = reached[f"hit_{number}"] & reached.latest.notnull() & in_time
        reached = reached.mutate(
            **{f"at_{number}": ibis.cases((taken_now, reached.created_ms), else_=ibis.null("int64"))}
        )
    return reached.agg(
        **{
            f"visitors_{number}": ibis.cases(
                (reached[f"at_{number}"].notnull(), reached.visitor), else_=ibis.null("int64")
            ).nunique()
            for number in range(len(question.steps))
        }
    )


async def funnel(asker: Asker, params: FunnelParams) -> Funnel:
    """How many visitors took each step."""
    over = asker.period(params)
    wanted = steps(params.step)
    (found,) = await asker.ask(
        build, Question(asker.selection(params, over), wanted, Value(params.window_minutes * _MINUTE_MS))
    )
    counts = [found[f"visitors_{number}"] for number in range(len(wanted))]
    rows = []
    for number, count in enumerate(counts):
        before = counts[number - 1] if number else count
        rows.append(
            FunnelRow(
                params.step[number], count, before - count, count / before if before else None,
                count / counts[0] if counts[0] else None,
            )
        )  # fmt: skip
    return Funnel(Span.of(over), rows)
