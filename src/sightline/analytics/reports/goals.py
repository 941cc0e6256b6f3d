"""Goals: how many visitors did each of some things, and which part of all that is."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Text
from sightline.analytics.later import ibis
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection, Step, steps


class GoalsParams(Params, kw_only=True):
    """Goals'."""

    goal: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20, description="path:/thanks, event:sign-up.")]


class GoalRow(Struct, frozen=True):
    """One goal: who reached it, in how many visits, how often, and their part of all visitors."""

    goal: str
    visitors: int
    visits: int
    events: int
    rate: float | None


class Goals(Struct, frozen=True):
    """The goals, and how many visitors there were at all."""

    period: Span
    visitors: int
    rows: list[GoalRow]


class Question(Struct, frozen=True):
    """What goals ask."""

    selection: Selection
    goals: tuple[Step, ...]


def build(question: Question) -> Any:
    found = ev.matched(question.selection)
    counts = {"visitors": found.visitor.nunique()}
    for number, goal in enumerate(question.goals):
        reached = ev.does(found, goal)
        for name in ("visitor", "visit"):
            who = ibis.cases((reached, found[name]), else_=ibis.null("int64"))
            counts[f"{name}s_{number}"] = who.nunique()
        counts[f"events_{number}"] = ev.count_if(reached).fill_null(0)
    return found.agg(**counts)


async def goals(asker: Asker, params: GoalsParams) -> Goals:
    """How many visitors reached each goal."""
    over = asker.period(params)
    (found,) = await asker.ask(build, Question(asker.selection(params, over), steps(params.goal, where="goal")))
    everyone = found["visitors"]
    rows = []
    for number, text in enumerate(params.goal):
        visitors, visits, count = (found[f"{name}_{number}"] for name in ("visitors", "visits", "events"))
        rows.append(GoalRow(text, visitors, visits, count, visitors / everyone if everyone else None))
    return Goals(Span.of(over), everyone, rows)
