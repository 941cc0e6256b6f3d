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
from sightline.errors import InvalidValue

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


class DropsQuestion(Struct, frozen=True):
    """What those who left are asked by."""

    funnel: Question
    after: int
    limit: int


class DropsParams(FunnelParams, kw_only=True):
    """What those who left a funnel take."""

    after: Annotated[int, Meta(ge=1, le=9, description="The last step that they took, from 1.")] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class DropRow(Struct, frozen=True):
    """A visitor who took a step and not the next: the visit and the moment of the step. Ids are texts."""

    visitor: str
    visit: str
    at_ms: int
    path: str


class Drops(Struct, frozen=True):
    """Who left there, the latest first; `visitors` are all of them."""

    period: Span
    visitors: int
    rows: list[DropRow]


def build(question: Question) -> Any:
    reached = _reached(question)
    return reached.agg(
        **{
            f"visitors_{number}": ibis.cases(
                (reached[f"at_{number}"].notnull(), reached.visitor), else_=ibis.null("int64")
            ).nunique()
            for number in range(len(question.steps))
        }
    )


def build_drops(question: DropsQuestion) -> Any:
    """The last moment at which each visitor took the step, of those who never took the next one in time."""
    reached = _reached(question.funnel, "visit", "path")
    at, following = reached[f"at_{question.after - 1}"], reached[f"at_{question.after}"]
    took = reached.group_by("visitor").agg(here=at.count(), further=following.count())
    left = took.filter((took.here > 0) & (took.further == 0)).select("visitor")
    theirs = reached.filter(at.notnull()).semi_join(left, "visitor")
    last = ibis.window(group_by=theirs.visitor, order_by=[theirs[name].desc() for name in ev.ORDER])
    ranked = theirs.select("visitor", "visit", "path", at_ms=theirs.created_ms, rank=ibis.row_number().over(last))
    found = ranked.filter(ranked["rank"] == 0).drop("rank")
    counted = found.mutate(visitors=found.visitor.count().over(ibis.window()))
    return counted.order_by([counted.at_ms.desc(), counted.visitor.desc()]).limit(question.limit)


def _reached(question: Question, *more: str) -> Any:
    """Events that took a step in its order, with the moment under each step that they took."""
    found = ev.matched(question.selection)
    hits = [ev.does(found, one) for one in question.steps]
    taken = found.filter(reduce(or_, hits)).select(
        "visitor",
        *more,
        *ev.ORDER,
        **{f"hit_{number}": ev.does(found, one) for number, one in enumerate(question.steps)},
    )
    reached = _near(taken, question)
    reached = reached.mutate(at_0=ibis.cases((taken.hit_0, taken.created_ms), else_=ibis.null("int64")))
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
    return reached


def _near(taken: Any, question: Question) -> Any:
    """Leave out what cannot follow a first step: all of who never took it, and what came before it or too late.

    What is left is mostly a small part, and only that has to be put in order.
    """
    first = taken.filter(taken.hit_0)
    ends = first.group_by("visitor").agg(first_ms=first.created_ms.min(), last_ms=first.created_ms.max())
    near = taken.inner_join(ends, "visitor")
    longest = bound(question.window_ms) * (len(question.steps) - 1)
    return near.filter((near.created_ms >= near.first_ms) & (near.created_ms <= near.last_ms + longest))


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


async def funnel_drops(asker: Asker, params: DropsParams) -> Drops:
    """Who took a step and not the next one."""
    if params.after >= len(params.step):
        raise InvalidValue(
            f"after = {params.after} of {len(params.step)} steps",
            field="after",
            hint="Nobody leaves after the last one.",
        )
    over = asker.period(params)
    asked = Question(asker.selection(params, over), steps(params.step), Value(params.window_minutes * _MINUTE_MS))
    found = await asker.ask(build_drops, DropsQuestion(asked, params.after, params.limit))
    rows = [DropRow(str(row["visitor"]), str(row["visit"]), row["at_ms"], row["path"]) for row in found]
    return Drops(Span.of(over), int(found[0]["visitors"]) if found else 0, rows)
