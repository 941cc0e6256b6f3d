"""Listing: events and visitors by numbered pages, with how many there are at all; one event; who was identified.

Our own lists go on by cursor (`visits`); these are for APIs whose pages have numbers.
"""

from functools import reduce
from operator import or_
from typing import Any, Final

from msgspec import Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.filters import check_text
from sightline.analytics.later import ibis
from sightline.analytics.selection import Selection
from sightline.signals.event import EventType

SEEN: Final = (
    "hostname", "browser", "os", "device", "screen", "language", "country", "region", "city",
)  # fmt: skip
_EVENT: Final = (
    "visit", "visitor", "type", "path", "query", "title", "referrer_domain", "referrer_path", "name", "tag",
    "properties", *SEEN, *ev.ORDER,
)  # fmt: skip
# More identifications than this are not looked at.
MOST_IDENTIFIED: Final = 50_000
Row = dict[str, Any]


class Question(Struct, frozen=True, kw_only=True):
    """What a list asks: of which events, and which part of it."""

    selection: Selection
    visitor: Bound | None = None
    event: tuple[Bound, Bound] | None = None  # its batch, and its place in it
    search: Bound | None = None
    custom: bool = False
    whole: bool = False  # of visitors: count all they did, not only what the filters let through
    limit: int = 1
    offset: int = 0


class Wanted(Struct, frozen=True, kw_only=True):
    """Which part of a list."""

    limit: int
    offset: int = 0
    search: str = ""
    visitor: int | None = None
    custom: bool = False
    whole: bool = False

    def question(self, selection: Selection) -> Question:
        return Question(
            selection=selection, search=Value(check_text(self.search, "search")) if self.search else None,
            visitor=None if self.visitor is None else Value(self.visitor), custom=self.custom, whole=self.whole,
            limit=self.limit, offset=self.offset,
        )  # fmt: skip


def _events(question: Question) -> Any:
    found = ev.matched(question.selection)
    if question.custom:
        found = found.filter(ev.is_custom(found))
    if question.visitor is not None:
        found = found.filter(found.visitor == bound(question.visitor))
    if question.event is not None:
        batch, place = question.event
        found = found.filter((found.batch == bound(batch)) & (found.place == bound(place)))
    return found if question.search is None else found.filter(_contains(found, ("path", "name", "title"), question))


def _contains(events: Any, columns: tuple[str, ...], question: Question) -> Any:
    assert question.search is not None
    wanted = bound(question.search)
    return reduce(or_, (events[column].contains(wanted) for column in columns))


def build_events(question: Question) -> Any:
    shown = _events(question).select(*_EVENT)
    latest = shown.order_by([shown[name].desc() for name in ev.ORDER])
    return latest.limit(question.limit, offset=question.offset)


def build_event_count(question: Question) -> Any:
    return _events(question).agg(count=ibis._.count())


def _visitors(question: Question) -> Any:
    """What is counted of the visitors who are meant."""
    found = ev.matched(question.selection)
    if question.visitor is not None:
        found = found.filter(found.visitor == bound(question.visitor))
    if question.search is not None:
        found = found.filter(_contains(found, ("city", "browser", "os", "device"), question))
    if not question.whole:
        return found
    base = ev.within(ev.of_sites(question.selection), question.selection.bounds)
    return base.semi_join(found.select("visitor"), "visitor")


def build_visitors(question: Question) -> Any:
    found = _visitors(question)
    visitors = found.group_by("visitor").agg(
        first_ms=found.created_ms.min(), last_ms=found.created_ms.max(), visits=found.visit.nunique(),
        views=ev.count_if(ev.is_view(found)), events=ev.count_if(ev.is_custom(found)),
    )  # fmt: skip
    latest = visitors.order_by([visitors.last_ms.desc(), visitors.visitor.desc()])
    page = latest.limit(question.limit, offset=question.offset)
    shown = found.semi_join(page, "visitor")
    order = ibis.window(group_by=shown.visitor, order_by=[shown[name] for name in ev.ORDER])
    ranked = shown.select("visitor", *SEEN, rank=ibis.row_number().over(order))
    rows = page.inner_join(ranked.filter(ranked["rank"] == 0).drop("rank"), "visitor")
    return rows.order_by([rows.last_ms.desc(), rows.visitor.desc()])


def build_totals(question: Question) -> Any:
    found = _visitors(question)
    named = ibis.cases((ev.is_custom(found), found["name"]), else_=ibis.null("string"))
    placed = ibis.cases((found.country != "", found.country), else_=ibis.null("string"))
    return found.agg(
        visitors=found.visitor.nunique(), visits=found.visit.nunique(),
        views=ev.count_if(ev.is_view(found)).fill_null(0), events=ev.count_if(ev.is_custom(found)).fill_null(0),
        countries=placed.nunique(), names=named.nunique(),
    )  # fmt: skip


def build_identified(question: Question) -> Any:
    selection = question.selection
    events = ev.table()
    sites = [bound(site) for site in selection.sites]
    found = ev.within(events.filter(events.site.isin(sites) & (events["type"] == EventType.IDENTIFY)), selection.bounds)
    found = found.filter(found.properties != "")
    if question.visitor is not None:
        found = found.filter(found.visitor == bound(question.visitor))
    if selection.wheres or selection.cohorts or selection.exclude_bounces:
        found = found.semi_join(ev.matched(selection).select("visitor"), "visitor")
    shown = found.select("visitor", "properties", *ev.ORDER)
    return shown.order_by([shown[name].desc() for name in ev.ORDER]).limit(question.limit)


async def event_page(asker: Asker, params: Params, wanted: Wanted) -> tuple[list[Row], int]:
    """A page of events, the latest first, and how many there are."""
    question = wanted.question(asker.selection(params))
    (total,) = await asker.ask(build_event_count, question)
    return await asker.ask(build_events, question), total["count"]


async def one_event(asker: Asker, batch: int, place: int, filters: tuple[str, ...] = ()) -> Row | None:
    selection = asker.selection(Params(range="all", filter=filters))
    rows = await asker.ask(build_events, Question(selection=selection, event=(Value(batch), Value(place))))
    return rows[0] if rows else None


async def visitor_page(asker: Asker, params: Params, wanted: Wanted) -> tuple[list[Row], int]:
    """A page of visitors, who was there last first, and how many there are."""
    question = wanted.question(asker.selection(params))
    (total,) = await asker.ask(build_totals, question)
    return await asker.ask(build_visitors, question), total["visitors"]


async def totals(asker: Asker, params: Params) -> Row:
    """How many visitors, visits, views, custom events, countries, and names of custom events."""
    (row,) = await asker.ask(build_totals, Question(selection=asker.selection(params)))
    return row


async def identified(asker: Asker, params: Params, visitor: int | None = None) -> list[Row]:
    """What `identify` said of visitors, the latest first."""
    wanted = Wanted(limit=MOST_IDENTIFIED, visitor=visitor).question(asker.selection(params))
    return await asker.ask(build_identified, wanted)
