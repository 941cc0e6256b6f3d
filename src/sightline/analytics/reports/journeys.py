"""Journeys: what visits begin with, step by step, and how many took each way."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Text
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.filters import check_text
from sightline.analytics.later import ibis
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection

_NOTHING: Final = -1


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
    found = found.select("visit", *ev.ORDER, item=_item(found))
    # Numbers in the order of the texts: what is sorted and counted below is integers, and names come last.
    items = found.select("item").distinct()
    codes = items.select("item", code=ibis.row_number().over(ibis.window(order_by=items["item"])).cast("int32"))
    coded = codes.inner_join(found, "item").select("visit", *ev.ORDER, "code")
    order = ibis.window(group_by=coded.visit, order_by=[coded[name] for name in ev.ORDER])
    ranked = coded.select("visit", "code", rank=ibis.row_number().over(order))
    ranked = ranked.filter(ranked["rank"] < question.steps)
    names = [f"step_{number}" for number in range(question.steps)]
    visits = ranked.group_by("visit").agg(
        **{
            name: ibis.cases((ranked["rank"] == number, ranked["code"]), else_=_NOTHING).max()
            for number, name in enumerate(names)
        }
    )
    ways = visits.group_by(names).agg(visits=visits.count())
    if question.first is not None:
        ways = _ending(ways, ways[names[0]], codes, question.first)
    if question.last is not None:
        cases = [(ways[name] != _NOTHING, ways[name]) for name in reversed(names[1:])]
        ways = _ending(ways, ibis.cases(*cases, else_=ways[names[0]]), codes, question.last)
    ways = ways.order_by([ways.visits.desc(), *names]).limit(question.limit)
    for name in names:
        of_step = codes.select(**{f"code_{name}": codes.code, f"item_{name}": codes["item"]})
        ways = ways.left_join(of_step, ways[name] == of_step[f"code_{name}"])
    texts = {name: ways[f"item_{name}"].fill_null("") for name in names}
    return ways.select("visits", **texts).order_by([ibis.desc("visits"), *names])


def _item(events: Any) -> Any:
    """What happened, as a step is written."""
    path = ibis.literal("path:") + events.path
    return ibis.cases((ev.is_custom(events), ibis.literal("event:") + events.name), else_=path)


def _ending(ways: Any, code: Any, codes: Any, item: Bound) -> Any:
    wanted = codes.filter(codes["item"] == bound(item)).select(wanted="code")
    marked = ways.mutate(of_end=code)
    return marked.semi_join(wanted, marked.of_end == wanted.wanted).drop("of_end")


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
