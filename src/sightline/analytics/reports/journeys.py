"""Journeys: what visits begin with, step by step, and how many took each way."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Text
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.filters import check_text
from sightline.analytics.later import ibis
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection


class JourneysParams(Params, kw_only=True):
    """Journeys'."""

    steps: Annotated[int, Meta(ge=2, le=7, description="How many steps are looked at.")] = 3
    first: Annotated[Text | None, Meta(description="Only journeys that begin so: path:/ or event:sign-up.")] = None
    last: Annotated[Text | None, Meta(description="Only journeys whose last step this is.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class JourneyRow(Struct, frozen=True):
    """One way, and how many visits took it."""

    steps: list[str]
    visits: int


class Journeys(Struct, frozen=True):
    """The ways that most visits took."""

    period: Span
    rows: list[JourneyRow]


class Question(Struct, frozen=True):
    """What journeys ask."""

    selection: Selection
    steps: int
    first: Bound | None
    last: Bound | None
    limit: int


def build(question: Question) -> Any:
    found = ev.matched(question.selection)
    order = ibis.window(group_by=found.visit, order_by=[found[name] for name in ev.ORDER])
    ranked = found.select("visit", "type", "path", "name", rank=ibis.row_number().over(order))
    ranked = ranked.filter(ranked["rank"] < question.steps)
    item = ibis.cases(
        (ev.is_custom(ranked), ibis.literal("event:") + ranked["name"]), else_=ibis.literal("path:") + ranked["path"]
    )
    ranked = ranked.mutate(item=item)
    names = [f"step_{number}" for number in range(question.steps)]
    visits = ranked.group_by("visit").agg(
        **{
            name: ibis.cases((ranked["rank"] == number, ranked["item"]), else_=ibis.null("string")).max().fill_null("")
            for number, name in enumerate(names)
        }
    )
    ways = visits.group_by(names).agg(visits=visits.count())
    if question.first is not None:
        ways = ways.filter(ways[names[0]] == bound(question.first))
    if question.last is not None:
        cases = [(ways[name] != "", ways[name]) for name in reversed(names[1:])]
        ways = ways.filter(ibis.cases(*cases, else_=ways[names[0]]) == bound(question.last))
    return ways.order_by([ways.visits.desc(), *names]).limit(question.limit)


async def journeys(asker: Asker, params: JourneysParams) -> Journeys:
    """The ways that most visits took."""
    over = asker.period(params)
    question = Question(
        asker.selection(params, over), params.steps, _end(params.first, "first"), _end(params.last, "last"),
        params.limit,
    )  # fmt: skip
    found = await asker.ask(build, question)
    names = [f"step_{number}" for number in range(params.steps)]
    rows = [JourneyRow([row[name] for name in names if row[name]], row["visits"]) for row in found]
    return Journeys(Span.of(over), rows)


def _end(text: str | None, where: str) -> Value | None:
    return Value(check_text(text, where)) if text else None
