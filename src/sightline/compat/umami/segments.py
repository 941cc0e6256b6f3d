"""Segments and cohorts: ours, in Umami's words and back."""

import re
from typing import Any, Final, Literal

import msgspec

from sightline.accounts.permissions import Permission
from sightline.analytics import segments
from sightline.analytics.segments import Definition, Segment
from sightline.compat.umami import ids
from sightline.compat.umami.asking import FIELDS, one_filter
from sightline.compat.umami.calls import Body, Call, Ok, misfit
from sightline.compat.umami.paging import Page
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

# Umami's names of ranges are a number and a unit; these are the units' letters here.
_LETTERS: Final = {"minute": "min", "hour": "h", "day": "d", "week": "w", "month": "mo", "year": "y"}
_UNITS: Final = {letter: unit for unit, letter in _LETTERS.items()}
_RANGE: Final = re.compile(r"(-?[0-9]{1,4})(minute|hour|day|week|month|year)")
_SPAN: Final = re.compile(r"([0-9]{1,4})(min|mo|[hdwy])")
_NAMED: Final = {
    "0day": "today", "-1day": "yesterday", "0week": "this_week", "-1week": "last_week", "0month": "this_month",
    "-1month": "last_month", "0year": "this_year", "-1year": "last_year", "all": "all",
}  # fmt: skip
_UNNAMED: Final = {ours: theirs for theirs, ours in _NAMED.items()}
_NAMES: Final = {
    ours: theirs for theirs, ours in FIELDS.items() if theirs not in {"url", "host", "domain"} and "_" not in theirs
}


class Filter(Body):
    """One filter."""

    name: str
    value: str | list[str] = ""
    operator: str = "eq"


class Action(Body):
    """What the visitors of a cohort did."""

    type: str
    value: str


class Parameters(Body):
    """What a segment or cohort is."""

    filters: list[Filter] = msgspec.field(default_factory=list)
    match: Literal["all", "any"] = "all"
    date_range: str | None = None
    action: Action | None = None


class NewSegment(Body):
    """What is saved."""

    name: str
    parameters: Parameters
    type: Literal["segment", "cohort"] = "segment"


def definition(sent: NewSegment) -> Definition:
    """Ours, of what was sent."""
    said = sent.parameters
    for one in said.filters:
        if one.name not in FIELDS:
            raise InvalidValue(f"there is no filter {shown(one.name[:40])}", field="parameters.filters")
    texts = tuple(one_filter(one.name, one.value, one.operator) for one in said.filters)
    if sent.type == "segment":
        return _converted(filter=texts, match=said.match)
    if said.action is None:
        raise InvalidValue("a cohort needs an action", field="parameters.action")
    kind = {"path": "path", "url": "path", "page": "path", "event": "event"}.get(said.action.type)
    if kind is None:
        raise InvalidValue("an action is path or event", field="parameters.action.type")
    when = read_range(said.date_range or "30day")
    return _converted(filter=texts, match=said.match, did=f"{kind}:{said.action.value}", **when)


def _converted(**fields: Any) -> Definition:
    try:
        return msgspec.convert(fields, Definition, strict=False)
    except msgspec.ValidationError as exc:
        raise misfit(exc) from None


def read_range(text: str) -> dict[str, str]:
    """Umami's name of a range, in our words."""
    if text in _NAMED:
        return {"range": _NAMED[text]}
    if match := re.fullmatch(r"range:([0-9]{1,15}):([0-9]{1,15})", text):
        return {"start": match[1], "end": str(int(match[2]) + 1)}
    match = _RANGE.fullmatch(text)
    if match is None or int(match[1]) < 1:
        raise InvalidValue(f"there is no range {shown(text[:40])}", field="parameters.dateRange",
                           hint="Write 30day, 0month, -1week, all or range:FROM:TO in milliseconds.")  # fmt: skip
    return {"range": f"{int(match[1])}{_LETTERS[match[2]]}"}


def _written_range(found: Definition) -> str:
    if found.start is not None:
        end = found.end or ""
        return f"range:{found.start}:{int(end) - 1 if end.isdigit() else end}"
    if found.range in _UNNAMED:
        return _UNNAMED[found.range]
    match = _SPAN.fullmatch(found.range)
    return f"{match[1]}{_UNITS[match[2]]}" if match else found.range


def parameters(found: Definition) -> dict[str, Any]:
    """Umami's, of ours."""
    told: dict[str, Any] = {"filters": [_written(text) for text in found.filter], "match": found.match.value}
    if found.did is not None:
        kind, _, value = found.did.partition(":")
        told |= {"action": {"type": kind, "value": value}, "dateRange": _written_range(found)}
    return told


def _written(text: str) -> dict[str, Any]:
    """A filter of ours; one that our own API saved may have a field that Umami does not know."""
    if text.startswith("["):
        field, operator, content = msgspec.json.decode(text, type=tuple[str, str, str | list[str]])
    else:
        field, operator, content = (*text.split(":", 2), "", "")[:3]
    values = [content] if isinstance(content, str) else content
    return {"name": _NAMES.get(field, field), "operator": operator, "value": ",".join(values)}


def row(found: Segment, site: str) -> dict[str, Any]:
    return {
        "id": ids.written(found.id), "websiteId": site, "name": found.name,
        "type": "segment" if found.definition.did is None else "cohort", "parameters": parameters(found.definition),
        "createdAt": found.created_at, "updatedAt": found.changed_at,
    }  # fmt: skip


async def listing(call: Call) -> dict[str, Any]:
    found = await segments.listing(call.database, call.scope, limit=segments.MOST)
    kind, search = call.one_of("type", ("", "segment", "cohort"), ""), call.text("search").lower()
    rows = [row(one, call.parts["site"]) for one in found]
    rows = [one for one in rows if kind in {"", one["type"]} and search in str(one["name"]).lower()]
    page = Page(call)
    return page.answer(rows[page.offset : page.offset + page.size], len(rows))


async def create(call: Call) -> dict[str, Any]:
    sent = call.body(NewSegment)
    return row(await segments.create(call.database, call.scope, sent.name, definition(sent)), call.parts["site"])


async def show(call: Call) -> dict[str, Any]:
    found = await segments.show(call.database, call.scope, ids.number(call.parts["segment"], "segment"))
    return row(found, call.parts["site"])


async def change(call: Call) -> dict[str, Any]:
    sent, number = call.body(NewSegment), ids.number(call.parts["segment"], "segment")
    found = await segments.change(call.database, call.scope, number, sent.name, definition(sent))
    return row(found, call.parts["site"])


async def remove(call: Call) -> Ok:
    await segments.remove(call.database, call.scope, ids.number(call.parts["segment"], "segment"))
    return Ok()


P = Permission
_AT = "/websites/{site}/segments"
ROUTES = (
    route("GET", _AT, P.SITE_READ, listing, "any"),
    route("POST", _AT, P.SITE_CHANGE, create),
    route("GET", f"{_AT}/{{segment}}", P.SITE_READ, show, "any"),
    route("POST", f"{_AT}/{{segment}}", P.SITE_CHANGE, change),
    route("DELETE", f"{_AT}/{{segment}}", P.SITE_CHANGE, remove),
)
