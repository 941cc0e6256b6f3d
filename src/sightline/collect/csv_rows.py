"""Rows of a CSV file as events: a header is mapped to fields, each row read, masked and checked. Pure: no I/O.

Two forms are read. A file with any header, whose columns are fields of the list below or are mapped to them. And our
own export, whose ids and numbers are taken as they stand; its texts are masked again, by the rules in force now.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.collect import limits, properties
from sightline.collect.channels import Table
from sightline.collect.pages import CAMPAIGN, CLICKS, Reader, tagged
from sightline.collect.places import place
from sightline.collect.policy import language_of, screen_of, word_of
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown
from sightline.signals.event import EVENT, Event, EventType
from sightline.signals.kind import Type
from sightline.signals.masking import Masking

# What a column can be mapped to, and what it says.
FIELDS: Final[Mapping[str, str]] = {
    "time": "When: 2026-11-20T08:00:00Z, without a zone in that of --time-zone, or seconds or milliseconds since 1970.",
    "visitor": "Who, as any text: a cookie, a number. Kept as a keyed hash.",
    "visit": "The visit, as any text; without it a visit ends after 30 minutes without a row of its visitor.",
    "person": "The name by which your application knows the visitor. Kept as a keyed hash.",
    "type": "page, custom, link, pixel or identify; by itself custom where there is a name, else page.",
    "name": "The name of a custom event.",
    "url": "The page, as an address or a path.",
    "hostname": "Its host, where the url has none.",
    "title": "The page's title.",
    "referrer": "The page before, as an address.",
    "tag": "A free label.",
    "properties": "A JSON object.",
    "revenue": "What was bought, as 12.50; with currency.",
    "currency": "Its currency, as EUR.",
    "browser": "chrome, firefox, safari …",
    "os": "windows, macos, ios …",
    "device": "desktop, mobile, tablet …",
    "screen": "1920x1080.",
    "language": "en-US.",
    "country": "NL.",
    "region": "NL-NH.",
    "city": "Amsterdam.",
    "engagement_ms": "How long the page was in front of somebody.",
    **dict.fromkeys(CAMPAIGN, "Of the campaign, where it does not stand in the url."),
    **dict.fromkeys(sorted(CLICKS), "The click id, where it does not stand in the url."),
}
PROPERTY: Final = "property:"
IGNORED: Final = "-"
_NEEDED: Final = ("time", "visitor", "url")
_GAP_MS: Final = 30 * 60 * 1000
_OLDEST_MS: Final = 10 * 366 * 24 * 3600 * 1000
_AHEAD_MS: Final = 3600 * 1000
_NUMBER: Final = re.compile(r"\d{1,16}")
_MONEY: Final = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")
_TYPES: Final = {kind.name.lower(): kind for kind in EventType}
_VISITORS: Final = 1_000_000
_POSITIVE: Final = 2**63 - 1
_BITS: Final = {Type.BIG: 64, Type.INTEGER: 32, Type.SMALL: 16}
# How a text begins that a spreadsheet takes for a formula; our export writes an apostrophe before it, and before one.
ESCAPED: Final = ("=", "+", "-", "@", "\t", "\r", "'")


class Refused(Exception):
    """A row that cannot be an event; the text is the reason, without the value."""


class Header(Struct, frozen=True):
    """What each column is: a field, `property:KEY`, or "-" for nothing. `own` is our own export."""

    fields: tuple[str, ...]
    own: bool = False


def header(columns: Sequence[str], mapped: Mapping[str, str]) -> Header:
    """Read the first line; everything that cannot be is said at once."""
    if list(columns) == EVENT.column_names and not mapped:
        return Header(tuple(columns), own=True)
    if unknown := [name for name in mapped if name not in columns]:
        raise InvalidValue(
            f"the file has no column {shown(unknown[0])}",
            hint=f"Its columns are {', '.join(shown(name) for name in columns[:40])}.", field="map",
        )  # fmt: skip
    fields = tuple(_field(name, mapped.get(name)) for name in columns)
    named = [field for field in fields if field != IGNORED]
    if twice := next((field for field in named if named.count(field) > 1), None):
        raise InvalidValue(f"two columns are {twice}", hint="Map one of them to -, which ignores it.", field="map")
    if missing := [field for field in _NEEDED if field not in fields]:
        raise InvalidValue(
            f"no column says {missing[0]}", hint=f"Say which one does: --map COLUMN={missing[0]}.", field="map"
        )
    return Header(fields)


def _field(column: str, said: str | None) -> str:
    wanted = said if said is not None else column.strip().lower()
    if wanted in FIELDS or wanted == IGNORED or (wanted.startswith(PROPERTY) and wanted != PROPERTY):
        return wanted
    if said is not None:
        raise InvalidValue(
            f"{shown(said)} is no field", hint=f"Fields are {', '.join(FIELDS)}, {PROPERTY}KEY and -.", field="map"
        )
    raise InvalidValue(
        f"the column {shown(column)} is no field", field="map",
        hint=f"Map it: --map {shown(column)}=FIELD, {PROPERTY}KEY, or - to ignore it.",
    )  # fmt: skip


class CsvRows:
    """Reads the rows of one file for one site. Rows of a visitor come in the order of their time."""

    def __init__(  # noqa: PLR0913 - whose rows, and what reads them
        self, site: int, head: Header, *, masking: Masking, channels: Table, key: bytes, person: Callable[[str], int],
        zone: tzinfo, now_ms: int,
    ) -> None:  # fmt: skip
        self._site = site
        self._head = head
        self._masking = masking
        self._reader = Reader(masking.rules)
        self._channel = channels.channel
        self._key = key
        self._person = person
        self._zone = zone
        self._now_ms = now_ms
        self._open: dict[int, tuple[int, int]] = {}

    def event(self, row: Sequence[str]) -> Event:
        """One event, or `Refused`."""
        if len(row) != len(self._head.fields):
            raise Refused(f"{len(row)} fields instead of {len(self._head.fields)}")
        for text in row:
            if "\x00" in text:
                raise Refused("a NUL character")
            if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
                raise Refused("not in the encoding of the file")
        return self._own(row) if self._head.own else self._mapped(dict(zip(self._head.fields, row, strict=True)))

    def _own(self, row: Sequence[str]) -> Event:
        fields: dict[str, Any] = {}
        for column, text in zip(EVENT.columns, row, strict=True):
            if column.name not in Event.__struct_fields__:
                continue
            if column.type is not Type.TEXT:
                fields[column.name] = _whole(text, column.name, nullable=column.nullable, bits=_BITS[column.type])
            elif len(text) > limits.PROPERTIES_SIZE:
                raise Refused(f"{column.name} is longer than {limits.PROPERTIES_SIZE} characters")
            else:
                fields[column.name] = unescaped(text)
        self._check_time(fields["created_ms"])
        if fields["type"] not in EventType.__members__.values():
            raise Refused("type is none of ours")
        fields["site"] = self._site
        return self._masking.signal(EVENT, Event(**fields))

    def _mapped(self, row: Mapping[str, str]) -> Event:
        at_ms = self._time(row["time"].strip())
        if not row["visitor"].strip():
            raise Refused("no visitor")
        visitor = self._hashed(row["visitor"].strip(), b"csv visitor")
        page = self._reader.page(row.get("hostname", ""), _with_tags(row))
        referrer = row.get("referrer", "")
        from_ = self._reader.referrer(page.hostname, referrer) if referrer else None
        domain = from_.domain if from_ else ""
        name, bought = row.get("name", ""), self._properties(row)
        where = place(row.get("country", ""), row.get("region", ""), row.get("city", ""))
        text = self._reader.text
        return Event(
            site=self._site,
            created_ms=at_ms,
            visitor=visitor,
            visit=self._visit(visitor, row.get("visit", "").strip(), at_ms),
            person=self._person(row["person"].strip()) if row.get("person", "").strip() else None,
            rules=self._masking.number,
            revenue=bought.revenue,
            engagement_ms=min(_whole(row.get("engagement_ms") or "0", "engagement_ms") or 0, 2**31 - 1),
            type=_type(row.get("type", "").strip().lower(), name),
            hostname=page.hostname,
            path=page.path,
            query=page.query,
            title=text(row.get("title", ""), limits.TITLE)[0],
            referrer_domain=domain,
            referrer_path=from_.path if from_ else "",
            utm_source=page.utm_source,
            utm_medium=page.utm_medium,
            utm_campaign=page.utm_campaign,
            utm_content=page.utm_content,
            utm_term=page.utm_term,
            click=page.click,
            click_id=page.click_id,
            channel=self._channel(domain, page.utm_source, page.utm_medium, page.utm_campaign, page.click),
            name=text(name, limits.NAME)[0],
            properties=bought.text,
            currency=bought.currency,
            tag=text(row.get("tag", ""), limits.TAG)[0],
            browser=word_of(row.get("browser", "")),
            os=word_of(row.get("os", "")),
            device=word_of(row.get("device", "")),
            screen=screen_of(row.get("screen", "")),
            language=language_of(row.get("language", "")),
            country=where.country,
            region=where.region,
            city=where.city,
        )

    def _time(self, text: str) -> int:
        if _NUMBER.fullmatch(text):
            number = int(text)
            at_ms = number if number >= 10**11 else number * 1000
        else:
            try:
                moment = datetime.fromisoformat(text)
                at_ms = int((moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).timestamp() * 1000)
            except (ValueError, OverflowError):
                raise Refused("time is no time") from None
        self._check_time(at_ms)
        return at_ms

    def _check_time(self, at_ms: int) -> None:
        if not self._now_ms - _OLDEST_MS <= at_ms <= self._now_ms + _AHEAD_MS:
            raise Refused("time is not within the last ten years")

    def _visit(self, visitor: int, named: str, at_ms: int) -> int:
        if named:
            return self._hashed(named, b"csv visit")
        visit, seen_ms = self._open.get(visitor, (0, 0))
        if not visit or abs(at_ms - seen_ms) >= _GAP_MS:
            visit = self._hashed(f"{visitor} {at_ms}", b"csv visit")
        if len(self._open) >= _VISITORS:
            self._open.clear()  # who comes again afterwards begins another visit
        self._open[visitor] = visit, max(seen_ms, at_ms)
        return visit

    def _properties(self, row: Mapping[str, str]) -> properties.Properties:
        data: dict[str, Any] = {}
        if text := row.get("properties", "").strip():
            try:
                data = msgspec.json.decode(text, type=dict[str, Any])
            except (msgspec.MsgspecError, RecursionError):
                raise Refused("properties is no JSON object") from None
        data |= {field.removeprefix(PROPERTY): text for field, text in row.items()
                 if field.startswith(PROPERTY) and text}  # fmt: skip
        if revenue := row.get("revenue", "").strip():
            if not _MONEY.fullmatch(revenue):
                raise Refused("revenue is no amount")
            bought = {"revenue": float(revenue), "currency": row.get("currency", "").strip()}
            found = properties.read(self._reader.rules, msgspec.json.encode({**data, **bought}))
            if found.revenue is None:
                raise Refused("revenue is not above zero, or without a currency of three letters")
            plain = properties.read(self._reader.rules, msgspec.json.encode(data)) if data else properties.NONE
            return msgspec.structs.replace(plain, revenue=found.revenue, currency=found.currency)
        return properties.read(self._reader.rules, msgspec.json.encode(data)) if data else properties.NONE

    def _hashed(self, text: str, what: bytes) -> int:
        digest = hashlib.blake2b(text.encode(), key=self._key, digest_size=8, person=what).digest()
        return (int.from_bytes(digest, "big") & _POSITIVE) or 1


def _type(said: str, name: str) -> int:
    if not said:
        return EventType.CUSTOM if name else EventType.PAGE
    if said not in _TYPES:
        raise Refused("type is none of page, custom, link, pixel, identify")
    return _TYPES[said]


def _with_tags(row: Mapping[str, str]) -> str:
    """The url, with campaign and click id where they have columns of their own."""
    tags = [(name, row[name]) for name in (*CAMPAIGN, *CLICKS) if row.get(name)]
    return tagged(row["url"].strip(), tags)


def _whole(text: str, name: str, *, nullable: bool = False, bits: int = 64) -> Any:
    if not text and nullable:
        return None
    if not re.fullmatch(r"-?\d{1,19}", text) or not -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1):
        raise Refused(f"{name} is no whole number of {bits} bits")
    return int(text)


def unescaped(text: str) -> str:
    """A text of our own export as it was before it was made harmless to spreadsheets."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(ESCAPED) else text
