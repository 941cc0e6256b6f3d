"""Umami's query in our words: dates, filters and what to compare with become the parameters of our reports."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from sightline import clock
from sightline.accounts import names, sites
from sightline.analytics import segments
from sightline.analytics.asking import Asker, Params, Saved
from sightline.analytics.filters import WITHOUT_VALUE, Operator
from sightline.analytics.period import Compare, Unit
from sightline.compat.umami import ids
from sightline.compat.umami.calls import Call
from sightline.errors import InvalidValue, NotAllowed
from sightline.privacy.echo import shown

P = TypeVar("P", bound=Params)

# Umami's name of a filter, and of a type of metrics, and ours.
FIELDS: Final[Mapping[str, str]] = {
    "path": "path", "url": "path", "entry": "entry", "exit": "exit", "referrer": "referrer", "domain": "referrer",
    "title": "title", "query": "query", "event": "event", "tag": "tag", "hostname": "hostname", "host": "hostname",
    "browser": "browser", "os": "os", "device": "device", "screen": "screen", "language": "language",
    "country": "country", "region": "region", "city": "city", "channel": "channel",
    "utmSource": "utm_source", "utmMedium": "utm_medium", "utmCampaign": "utm_campaign",
    "utmContent": "utm_content", "utmTerm": "utm_term",
    "utm_source": "utm_source", "utm_medium": "utm_medium", "utm_campaign": "utm_campaign",
    "utm_content": "utm_content", "utm_term": "utm_term",
}  # fmt: skip
_NUMBERED: Final = re.compile(r"([A-Za-z_]+?)[0-9]{0,3}")
_VALUE: Final = re.compile(rf"({'|'.join(Operator)})\.(.*)", re.DOTALL)
# Umami's number of a type, as a filter of ours; links and pixels are told by their addresses.
_TYPES: Final = {"1": ["event", "ns", []], "2": ["event", "s", []], "3": ["path", "re", ["^/q/"]],
                 "4": ["path", "re", ["^/p/"]]}  # fmt: skip
_EARLIEST_MS: Final = 2 * 24 * 3600 * 1000
_LATEST_MS: Final = 7_258_000_000_000
_UNITS: Final = {unit.value: unit for unit in Unit}


async def asker(call: Call, references: Sequence[str] = ()) -> Asker:
    """The way to the reports of the call's site, in its time zone; segments by their UUIDs."""
    site = await sites.show(call.database, call.scope)
    saved: Mapping[str, Saved] = {}
    if references:
        saved = await segments.saved(call.database, call.scope, references, zone=site.time_zone)
    return Asker(engine_of(call), call.scope, zone=site.time_zone, saved=saved)


def engine_of(call: Call) -> Any:
    """The warehouse of this process; PostgreSQL itself in a process that has none."""
    from sightline.analytics.engines import DuckEngine, PostgresEngine  # noqa: PLC0415 - loads what only reports need

    return PostgresEngine(call.database) if call.house.warehouse is None else DuckEngine(call.house.warehouse)


class Asked(msgspec.Struct, frozen=True):
    """What a call asks a report with."""

    start: str
    end: str
    zone: str | None
    filter: tuple[str, ...] = ()
    match: str = "all"
    segment: tuple[str, ...] = ()
    exclude_bounces: bool = False
    compare: Compare = Compare.NONE
    unit: Unit | None = None
    # Whether the client said the time zone: Umami's moments are then told by its clock, else in UTC.
    local: bool = False

    def params(self, kind: type[P], **more: Any) -> P:
        """The parameters of a report."""
        common = {name: getattr(self, name) for name in ("start", "end", "zone", "match", "segment", "exclude_bounces")}
        filters = (*self.filter, *more.pop("filter", ()))
        return msgspec.convert({**common, "filter": filters, **more}, kind, strict=False)


def asked(call: Call, *, compare: Compare = Compare.NONE) -> Asked:
    """Read the query of a call. Without a beginning it is about the last day."""
    query = {name: values[-1] for name, values in call.query.items()}
    wanted = {"prev": Compare.PREVIOUS, "yoy": Compare.YEAR}
    said = call.one_of("compare", ("", *wanted), "")
    return read(call, query, compare=wanted.get(said, compare))


def read(call: Call, query: Mapping[str, Any], *, compare: Compare = Compare.NONE) -> Asked:
    """Read a query, or what a body says in its place."""
    zone = _text(query, "timezone") or None
    if zone is not None:
        names.time_zone(zone, field="timezone")
    start, end = moments(query)
    unit = _text(query, "unit")
    if unit and unit not in _UNITS:
        raise InvalidValue(f"unit cannot be {shown(unit[:20])}; there are {', '.join(_UNITS)}", field="unit")
    match = _text(query, "match") or "all"
    if match not in {"all", "any"}:
        raise InvalidValue("match is all or any", field="match")
    said = tuple(filters(query))
    if said and call.caller.share is not None and not call.caller.share.may_filter:
        raise NotAllowed("this share cannot be filtered")
    if call.only and match == "any" and said:
        raise InvalidValue("match=any does not go with a link or pixel", field="match")
    return Asked(
        start, end, zone, (*call.only, *said), match, segment_ids(query), _true(_text(query, "excludeBounce")), compare,
        _UNITS.get(unit), local=zone is not None,
    )  # fmt: skip


def moments(query: Mapping[str, Any]) -> tuple[str, str]:
    """From when to when, in milliseconds; Umami's end is the last millisecond that counts."""
    now_ms = clock.now_ms()
    end = _moment(query, "endAt", "endDate", now_ms)
    start = _moment(query, "startAt", "startDate", end - int(timedelta(days=1).total_seconds() * 1000))
    if end < start:
        raise InvalidValue("the period ends before it begins", field="endAt")
    return str(start), str(end + 1)


def _moment(query: Mapping[str, Any], name: str, date_name: str, default: int) -> int:
    if text := _text(query, name):
        if not re.fullmatch(r"-?[0-9]{1,17}(\.[0-9]*)?", text):
            raise InvalidValue(f"{name} is a moment in milliseconds, not {shown(text[:40])}", field=name)
        return min(max(int(text.partition(".")[0]), _EARLIEST_MS), _LATEST_MS)
    if text := _text(query, date_name):
        try:
            moment = datetime.fromisoformat(text)
            return min(max(clock.to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC)),
                           _EARLIEST_MS), _LATEST_MS)  # fmt: skip
        except (ValueError, OverflowError):
            raise InvalidValue(f"{date_name} is a date, not {shown(text[:40])}", field=date_name) from None
    return default


def filters(query: Mapping[str, Any]) -> Iterator[str]:
    """Every filter of a query, with a number behind its name where it stands several times."""
    for name, value in query.items():
        match = _NUMBERED.fullmatch(name)
        base = match[1] if match else ""
        if value in (None, ""):
            continue
        if base == "eventType":
            yield _event_type(value)
        elif base == "distinctId":
            raise InvalidValue("what identifies a person is kept as a keyed hash only, and cannot be filtered by",
                               field="distinctId")  # fmt: skip
        elif base in FIELDS:
            yield one_filter(base, value)


def one_filter(name: str, value: object, operator: str = "") -> str:
    """A filter in our words: `eq.a,b` are several values, and so is a list."""
    if isinstance(value, list):
        texts, found = [str(one) for one in value], Operator.EQUALS
    else:
        match = _VALUE.fullmatch(str(value)) if not operator else None
        found, text = (Operator(match[1]), match[2]) if match else (Operator.EQUALS, str(value))
        found = _operator(operator, name) if operator else found
        texts = text.split(",") if found in {Operator.EQUALS, Operator.NOT_EQUALS} else [text]
    if isinstance(value, list) and operator:
        found = _operator(operator, name)
    content: list[str] = [] if found in WITHOUT_VALUE else texts
    return msgspec.json.encode([FIELDS[name], found.value, content]).decode()


def _operator(text: str, name: str) -> Operator:
    try:
        return Operator(text)
    except ValueError:
        raise InvalidValue(f"there is no operator {shown(text[:20])}", field=name) from None


def _event_type(value: object) -> str:
    if str(value) not in _TYPES:
        raise InvalidValue("eventType is 1 (page), 2 (event), 3 (link) or 4 (pixel)", field="eventType")
    return msgspec.json.encode(_TYPES[str(value)]).decode()


def segment_ids(query: Mapping[str, Any]) -> tuple[str, ...]:
    """The numbers of the segment and the cohort."""
    return tuple(str(ids.number(_text(query, name), "segment")) for name in ("segment", "cohort") if _text(query, name))


def fields_of(text: str, where: str = "type") -> str:
    """One of Umami's types as a dimension of ours."""
    try:
        return FIELDS[text]
    except KeyError:
        known = ", ".join(sorted({*FIELDS}))
        raise InvalidValue(f"there is no type {shown(text[:40])}; there are {known}", field=where) from None


def bucket_name(row: Mapping[str, Any], *, local: bool) -> str:
    """Where a bucket begins, as Umami writes it: by the clock of the zone that was said, else in UTC."""
    if local:
        return str(row["begins"])[:19].replace("T", " ")
    return clock.from_ms(row["begins_ms"]).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(query: Mapping[str, Any], name: str) -> str:
    found = query.get(name)
    return "" if found is None else str(found)


def _true(text: str) -> bool:
    return text.lower() not in {"", "false", "0"}


async def ask(call: Call, *, compare: Compare = Compare.NONE) -> tuple[Asker, Asked]:
    """Both that a report needs."""
    found = asked(call, compare=compare)
    return await asker(call, found.segment), found
