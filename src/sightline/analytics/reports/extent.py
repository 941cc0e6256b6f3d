"""Extent: from when to when there are events at all."""

from typing import Any

from msgspec import Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params
from sightline.analytics.selection import Selection


class Question(Struct, frozen=True):
    """What an extent asks."""

    selection: Selection


def build(question: Question) -> Any:
    ever = ev.matched(question.selection)
    return ever.agg(first_ms=ever.created_ms.min(), last_ms=ever.created_ms.max())


async def extent(asker: Asker, params: Params | None = None) -> tuple[int | None, int | None]:
    """The moments of the first and the last event."""
    wanted = params or Params(range="all")
    (row,) = await asker.ask(build, Question(asker.selection(wanted)))
    return row["first_ms"], row["last_ms"]
