"""Random worlds of events: few visitors, pages and moments, so that everything that can coincide does."""

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from sightline.analytics.properties import encode
from sightline.signals.event import Event, EventType

# Europe/Zurich goes to winter time in the night of 2026-10-25, Lord Howe (by half an hour) to summer on 2026-10-03.
NIGHTS = {
    "Europe/Zurich": 1_792_886_400_000,
    "Australia/Lord_Howe": 1_791_039_600_000,
    "Asia/Kolkata": 1_792_886_400_000,
    "UTC": 1_792_886_400_000,
    "America/Havana": 1_793_505_600_000,
}
HOUR = 3_600_000
COUNTS = (0, 3, 8, 15, 25)
_TEXTS = ["", "a", "b", 'q"t', "back\\slash", "x:y", "Ωλ", "a,b", "tab\there"]
_KEYS = ["plan", "price", "a.b", 'k"q', "k:"]
_PROPERTY = st.one_of(
    st.sampled_from([*_TEXTS[1:], "true", "12", "2026-01-02", "2026-01-02T03:04:05Z", '["x"]', "12abc"]),
    st.integers(-20, 20), st.sampled_from([0.5, -1.25, 12345678.25, 3.0]), st.booleans(),
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """Who visits: fixed for a visit."""

    visitor: int
    visit: int


@st.composite
def worlds(
    draw: st.DrawFn, *, zone: str = "UTC", sites: tuple[int, ...] = (1, 2), counts: tuple[int, ...] = COUNTS
) -> list[Event]:
    """Some events around a night on which the zone's clocks change, in the order in which they arrived."""
    night = NIGHTS[zone]
    count = draw(st.sampled_from(counts))
    return [draw(_event(night, sites)) for _ in range(count)]


@st.composite
def _event(draw: st.DrawFn, night: int, sites: tuple[int, ...]) -> Event:
    site = sites[draw(st.sampled_from([0, 0, 0, 0, 1]))]
    visitor = draw(st.integers(1, 4))
    visit = visitor * 10 + draw(st.integers(0, 2)) + 1000 * site
    quarters = draw(st.integers(-2 * 96, 96) | st.integers(-8, 16))
    created_ms = night + quarters * HOUR // 4 + draw(st.sampled_from([0, 0, 0, -1, 1, 59_999]))
    kind = draw(
        st.sampled_from(
            [EventType.PAGE] * 5 + [EventType.CUSTOM] * 4 + [EventType.IDENTIFY, EventType.LINK, EventType.PIXEL]
        )
    )
    fields: dict[str, Any] = {
        "path": draw(st.sampled_from(["/", "/a", "/b", "/b/c"])),
        "country": draw(st.sampled_from(["NL", "DE", ""])),
        "referrer_domain": draw(st.sampled_from(["", "", "google.com", "bing.com"])),
        "channel": draw(st.sampled_from(["direct", "search"])),
        "utm_source": draw(st.sampled_from(["", "news", "ads"])),
        "utm_campaign": draw(st.sampled_from(["", "spring"])),
        "title": draw(st.sampled_from(_TEXTS)),
        "engagement_ms": draw(st.sampled_from([0, 1500, 20_000])),
        "tag": draw(st.sampled_from(["", "A"])),
    }
    if kind is EventType.CUSTOM:
        found = draw(st.dictionaries(st.sampled_from(_KEYS), _PROPERTY, max_size=3))
        fields |= {"name": draw(st.sampled_from(["signup", "buy"])), "properties": encode(found)}
        if draw(st.booleans()):
            fields |= {"revenue": draw(st.integers(1, 99_999)), "currency": draw(st.sampled_from(["EUR", "USD"]))}
    return Event(site=site, created_ms=created_ms, visitor=visitor, visit=visit, type=kind, **fields)


def crowd(source: random.Random, count: int, night: int, sites: tuple[int, ...]) -> list[Event]:
    """Many events around a night, of few visitors; always the same ones for a source that begins the same."""
    return [_one_of_many(source, night, sites[source.random() < 0.1]) for _ in range(count)]


def _one_of_many(source: random.Random, night: int, site: int) -> Event:
    quarters = source.randint(-72 * 4, 30 * 4)
    visitor = source.randint(1, 40 + max(quarters + 150, 0) // 2)  # new ones come all the time
    kind = source.choice([EventType.PAGE] * 6 + [EventType.CUSTOM] * 3 + [EventType.IDENTIFY, EventType.LINK])
    found: dict[str, Any] = {}
    if kind is EventType.CUSTOM:
        values: list[Any] = [*_TEXTS[1:], "true", "12", "2026-01-02", 3, -4.5, 12345678.25, True, False, "12abc"]
        said = {key: source.choice(values) for key in _KEYS if source.random() < 0.5}
        found = {"name": source.choice(["signup", "buy"]), "properties": encode(said)}
        if source.random() < 0.5:
            found |= {"revenue": source.randint(1, 99_999), "currency": source.choice(["EUR", "USD"])}
    return Event(
        site=site, visitor=visitor, visit=visitor * 10 + source.randint(0, 5) + 1000 * site, type=kind,
        created_ms=night + quarters * HOUR // 4 + source.choice([0, 0, -1, 1, 59_999]),
        path=source.choice(["/", "/a", "/b", "/b/c"]), country=source.choice(["NL", "DE", ""]),
        referrer_domain=source.choice(["", "google.com", "bing.com"]), channel=source.choice(["direct", "search"]),
        utm_source=source.choice(["", "news", "ads"]), utm_campaign=source.choice(["", "spring"]),
        title=source.choice(_TEXTS), engagement_ms=source.choice([0, 1500, 20_000]), **found,
    )  # fmt: skip


_COLUMN = st.sampled_from(["path", "country", "title", "referrer", "utm_source", "event", "entry", "exit"])
_PROPERTY_NAME = st.sampled_from([f"property:{key}" for key in _KEYS])
_VALUES = st.sampled_from(["/a", "/b", "a", "NL", "google", "signup", "true", "12", 'q"t', "\\", "Ωλ", "e"])


@st.composite
def conditions(draw: st.DrawFn) -> list[tuple[str, str, list[str]]]:
    return [draw(_condition()) for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3])))]


@st.composite
def _condition(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    operator = draw(
        st.sampled_from(
            ["eq", "neq", "c", "dnc", "re", "nre", "s", "ns", "t", "f", "gt", "lt", "gte", "lte", "bf", "af"]
        )
    )
    if operator in {"gt", "lt", "gte", "lte"}:
        return draw(_PROPERTY_NAME), operator, [draw(st.sampled_from(["0", "0.5", "12", "-3", "12345678"]))]
    if operator in {"t", "f", "bf", "af"}:
        return draw(_PROPERTY_NAME), operator, [] if operator in "tf" else [draw(st.sampled_from(["2026-01-02", "b"]))]
    field = draw(_COLUMN | _PROPERTY_NAME)
    if operator in {"s", "ns"}:
        return field, operator, []
    if operator in {"re", "nre"}:
        return (
            field,
            operator,
            [draw(st.sampled_from(["^/a", "b$", "a|b", "[a-z]+/[a-z]", "^(?:NL|DE)$", "q.t", "\\\\"]))],
        )
    values = draw(st.lists(_VALUES, min_size=1, max_size=3))
    return field, operator, values
