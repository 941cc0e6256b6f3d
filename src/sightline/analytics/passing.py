"""Which of some visits a selection takes: for lists that have visits already, as the one of recordings."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.selection import Selection

AT_ONCE: Final = 200  # always so many values, so that every question has one shape and is compiled once


class Question(Struct, frozen=True):
    """Which visits are asked about."""

    selection: Selection
    visits: tuple[Bound, ...]


def build(question: Question) -> Any:
    found = ev.matched(question.selection)
    wanted = found.visit.isin([bound(visit) for visit in question.visits])
    return found.filter(wanted).select("visit").distinct()


async def passing(asker: Asker, params: Params, visits: Sequence[int]) -> set[int]:
    """The visits, of at most `AT_ONCE`, with an event that passes filters and segments."""
    if not visits:
        return set()
    filled = [*visits, *[visits[0]] * (AT_ONCE - len(visits))]
    question = Question(asker.selection(params), tuple(Value(visit) for visit in filled))
    return {row["visit"] for row in await asker.ask(build, question)}
