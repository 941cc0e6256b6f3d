"""Visitor: everything that is known of one pseudonym, over all that is stored."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Short, alike
from sightline.analytics.binding import Value
from sightline.analytics.engines import bound
from sightline.analytics.reports.visits import ListParams, Question, VisitRow, visit_id, visits
from sightline.errors import NotFound
from sightline.privacy.echo import shown


class VisitorParams(Params, kw_only=True):
    """A visitor's."""

    visitor: Annotated[Short, Meta(description="The visitor's id, as `visits` tells it.")]


class Visitor(Struct, frozen=True):
    """When a visitor came first and last, what they did, and their latest visits within the range."""

    visitor: str
    first_ms: int
    last_ms: int
    visits: int
    views: int
    events: int
    engagement_ms: int
    rows: list[VisitRow]


def build(question: Question) -> Any:
    assert question.visitor is not None
    ever = ev.of_sites(question.selection, spent=True)
    found = ever.filter(ever.visitor == bound(question.visitor))
    return found.agg(
        first_ms=found.created_ms.min(), last_ms=found.created_ms.max(), visits=found.visit.nunique(),
        views=ev.count_if(ev.is_view(found)), events=ev.count_if(ev.is_custom(found)),
        engagement_ms=found.engagement_ms.cast("int64").sum(),
    )  # fmt: skip


async def visitor(asker: Asker, params: VisitorParams) -> Visitor:
    """One visitor."""
    identity = visit_id(params.visitor, "visitor")
    (found,) = await asker.ask(build, Question(asker.selection(params), identity, None, (), 1))
    if not found["visits"]:
        raise NotFound(f"there is no visitor {shown(params.visitor)} on this site")
    listed = await visits(asker, alike(ListParams, params, visitor=params.visitor))
    assert isinstance(identity, Value)
    return Visitor(str(identity.content), **found, rows=listed.rows)
