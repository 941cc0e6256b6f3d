"""Visits: one by one, the latest first; and what happened in one, or to one visitor."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Cursor, Params, Short
from sightline.analytics.binding import Bound, Value
from sightline.analytics.engines import bound
from sightline.analytics.later import ibis
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown
from sightline.signals.event import EventType

_SEEN = (
    "country", "region", "city", "browser", "os", "device", "screen", "language", "channel", "referrer_domain",
)  # fmt: skip
_SHOWN = (
    "visit", "visitor", "type", "hostname", "path", "title", "referrer_domain", "name", "properties", "tag",
    "engagement_ms", *ev.ORDER,
)  # fmt: skip


class ListParams(Params, kw_only=True):
    """A list's; `cursor` goes on where the page before ended."""

    visitor: Annotated[Short | None, Meta(description="Only of this visitor, by id.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Annotated[Short | None, Meta(description="`next` of the page before.")] = None


class ActivityParams(ListParams, kw_only=True):
    """An activity's."""

    visit: Annotated[Short | None, Meta(description="Only of this visit, by id.")] = None


class VisitRow(Struct, frozen=True):
    """One visit, with what its first event said of visitor and origin. Ids are texts."""

    visit: str
    visitor: str
    first_ms: int
    last_ms: int
    views: int
    events: int
    engagement_ms: int
    entry: str
    exit: str
    country: str
    region: str
    city: str
    browser: str
    os: str
    device: str
    screen: str
    language: str
    channel: str
    referrer: str


class Visits(Struct, frozen=True):
    """A page of visits; `next` is the cursor of the following one, null at the end."""

    period: Span
    rows: list[VisitRow]
    next: str | None


class ActivityRow(Struct, frozen=True):
    """One event."""

    created_ms: int
    visit: str
    visitor: str
    type: str
    hostname: str
    path: str
    title: str
    referrer: str
    event: str
    properties: str
    tag: str
    engagement_ms: int


class Activity(Struct, frozen=True):
    """A page of events, the latest first."""

    period: Span
    rows: list[ActivityRow]
    next: str | None


class Question(Struct, frozen=True):
    """What a list asks."""

    selection: Selection
    visitor: Bound | None
    visit: Bound | None
    after: tuple[Bound, ...]
    limit: int


def build_visits(question: Question) -> Any:
    base = _of(ev.base(question.selection, spent=True), question)
    condition = ev.matches(base, question.selection.wheres)
    counts = {} if condition is None else {"counted": ev.count_if(condition)}
    visits = base.group_by("visit").agg(
        visitor=base.visitor.max(), first_ms=base.created_ms.min(), last_ms=base.created_ms.max(),
        views=ev.count_if(ev.is_view(base)), events=ev.count_if(ev.is_custom(base)),
        engagement_ms=base.engagement_ms.cast("int64").sum(), **counts,
    )  # fmt: skip
    if condition is not None:
        visits = visits.filter(visits.counted > 0).drop("counted")
    if question.after:
        last_ms, visit = (bound(value) for value in question.after)
        visits = visits.filter((visits.last_ms < last_ms) | ((visits.last_ms == last_ms) & (visits.visit < visit)))
    page = visits.order_by([visits.last_ms.desc(), visits.visit.desc()]).limit(question.limit)
    shown = base.semi_join(page, "visit")
    rows = page.inner_join(_first(shown), "visit")
    for end in ("entry", "exit"):
        pages = _page(shown, end)
        rows = rows.left_join(pages, rows.visit == pages[f"visit_of_{end}"])
    rows = rows.mutate(entry=rows.entry.fill_null(""), exit=rows.exit.fill_null(""))
    rows = rows.drop("visit_of_entry", "visit_of_exit")
    return rows.order_by([rows.last_ms.desc(), rows.visit.desc()])


def _first(shown: Any) -> Any:
    order = ibis.window(group_by=shown.visit, order_by=[shown[name] for name in ev.ORDER])
    ranked = shown.select("visit", *_SEEN, rank=ibis.row_number().over(order))
    return ranked.filter(ranked["rank"] == 0).drop("rank")


def _page(shown: Any, end: str) -> Any:
    views = shown.filter(ev.is_view(shown))
    keys = [views[name] if end == "entry" else views[name].desc() for name in ev.ORDER]
    ranked = views.select(
        "visit", "path", rank=ibis.row_number().over(ibis.window(group_by=views.visit, order_by=keys))
    )
    found = ranked.filter(ranked["rank"] == 0)
    return found.select(**{f"visit_of_{end}": found.visit, end: found.path})


def build_activity(question: Question) -> Any:
    found = _of(ev.matched(question.selection), question)
    if question.after:
        moment, batch, place = (bound(value) for value in question.after)
        earlier = (found.batch < batch) | ((found.batch == batch) & (found.place < place))
        found = found.filter((found.created_ms < moment) | ((found.created_ms == moment) & earlier))
    shown = found.select(*_SHOWN)
    return shown.order_by([shown[name].desc() for name in ev.ORDER]).limit(question.limit)


def _of(events: Any, question: Question) -> Any:
    if question.visitor is not None:
        events = events.filter(events.visitor == bound(question.visitor))
    return events if question.visit is None else events.filter(events.visit == bound(question.visit))


async def visits(asker: Asker, params: ListParams) -> Visits:
    """Visits one by one."""
    over = asker.period(params)
    question = Question(
        asker.selection(params, over), visit_id(params.visitor, "visitor"), None, Cursor.read(params.cursor, 2),
        params.limit + 1,
    )  # fmt: skip
    found = await asker.ask(build_visits, question)
    rows = [_visit(row) for row in found[: params.limit]]
    last = found[params.limit - 1] if len(found) > params.limit else None
    return Visits(Span.of(over), rows, Cursor.written(last["last_ms"], last["visit"]) if last else None)


async def activity(asker: Asker, params: ActivityParams) -> Activity:
    """Events one by one."""
    over = asker.period(params)
    question = Question(
        asker.selection(params, over), visit_id(params.visitor, "visitor"), visit_id(params.visit, "visit"),
        Cursor.read(params.cursor, 3), params.limit + 1,
    )  # fmt: skip
    found = await asker.ask(build_activity, question)
    last = found[params.limit - 1] if len(found) > params.limit else None
    following = Cursor.written(*(last[name] for name in ev.ORDER)) if last else None
    return Activity(Span.of(over), [_event(row) for row in found[: params.limit]], following)


def _visit(row: dict[str, Any]) -> VisitRow:
    values = {**row, "visit": str(row["visit"]), "visitor": str(row["visitor"]), "referrer": row["referrer_domain"]}
    del values["referrer_domain"]
    return VisitRow(**values)


def _event(row: dict[str, Any]) -> ActivityRow:
    return ActivityRow(
        row["created_ms"], str(row["visit"]), str(row["visitor"]), EventType(row["type"]).name.lower(),
        row["hostname"], row["path"], row["title"], row["referrer_domain"], row["name"], row["properties"],
        row["tag"], row["engagement_ms"],
    )  # fmt: skip


def visit_id(text: str | None, where: str) -> Value | None:
    if text is None:
        return None
    if not text.removeprefix("-").isdecimal() or not text.isascii() or not -(2**63) <= int(text) < 2**63:
        raise InvalidValue(f"{shown(text[:40])} is no id", field=where)
    return Value(int(text))
