"""Rows of Umami's tables as events of ours: read and masked as if they had just been sent.

Umami has taken an address apart; it is put together again, so that whatever reads and masks live traffic reads this,
too. Ids are keyed hashes of Umami's, so that the same row is the same visitor and visit however often it is read, and
nobody without the key can tell which it was there. Pure: no I/O.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.collect import limits, properties
from sightline.collect.channels import Table
from sightline.collect.pages import CAMPAIGN, Page, Reader, Referrer, tagged
from sightline.collect.places import place
from sightline.collect.policy import language_of, screen_of, word_of
from sightline.collect.properties import Properties
from sightline.privacy.memo import Memo
from sightline.signals.event import REVENUE_SCALE, Event, EventType

# What a row of events holds, in this order; what stands together is looked up together.
EVENT_FIELDS: Final = (
    "event_id", "created_at", "session_id", "visit_id", "event_type", "event_name", "page_title", "tag",
    "hostname", "url_path", "url_query", "referrer_domain", "referrer_path", "utm_source", "utm_medium",
    "utm_campaign", "utm_content", "utm_term", "gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid",
)  # fmt: skip
_WHERE: Final = slice(8, 24)
_WHO: Final = slice(24, 33)
SESSION_FIELDS: Final = (
    "browser", "os", "device", "screen", "language", "country", "region", "city", "distinct_id",
)  # fmt: skip
DATA_FIELDS: Final = ("data_key", "string_value", "number_value", "date_value", "data_type")
PERFORMANCE: Final = 5
TYPES: Final = {1: EventType.PAGE, 2: EventType.CUSTOM, 3: EventType.LINK, 4: EventType.PIXEL}

_TAGS: Final = (*CAMPAIGN, "gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
EPOCH_US: Final = 946_684_800_000_000  # PostgreSQL counts from 2000
_POSITIVE: Final = 2**63 - 1
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
NO_REFERRER: Final = Referrer()
_NUMBER, _BOOLEAN, _DATE, _ARRAY = 2, 3, 4, 5
_MOST_MONEY: Final = 10**14

# Their words for ours, where they differ in more than spelling.
_BROWSERS: Final = {
    "edge-chromium": "edge", "edge-ios": "edge", "crios": "chrome", "fxios": "firefox", "ios": "safari",
    "chromium-webview": "android-webview", "android": "android-webview", "opera-mini": "opera",
    "yandexbrowser": "yandex",
}  # fmt: skip
_SYSTEMS: Final = {
    "mac os": "macos", "android os": "android", "chrome os": "chromeos", "open bsd": "bsd",
    "windows mobile": "windows-phone",
}  # fmt: skip

Data = Sequence[Sequence[Any]]
Money = Iterable[tuple[Decimal, str]]


class Where(Struct, frozen=True, gc=False):
    """On which page something happened, and how its visitor came there."""

    page: Page
    referrer_domain: str
    referrer_path: str
    channel: str


class Visitor(Struct, frozen=True, gc=False):
    """Who did it."""

    visitor: int
    person: int | None
    agent: tuple[str, ...]


class UmamiRows:
    """Reads the rows of one site under one state of the rules."""

    def __init__(  # noqa: PLR0913 - whose rows, and what reads them
        self, site: int, *, reader: Reader, rules: int, channels: Table, key: bytes, person: Callable[[str], int]
    ) -> None:
        self._site = site
        self._reader = reader
        self._rules = rules
        self._channel = channels.channel
        self._key = key
        self._person = person
        self._visitors: Memo[bytes, Visitor] = Memo(32_768)
        self._visits: Memo[bytes, int] = Memo(65_536)
        self._agents: Memo[tuple[Any, ...], tuple[str, ...]] = Memo(4096)
        self._wheres: Memo[tuple[Any, ...], Where] = Memo(32_768)
        self._data: Memo[bytes, Properties] = Memo(4096)

    def event(self, row: Sequence[Any], data: Data = (), money: Money | None = None) -> Event | str:
        """One event, or why it is none. `money` is what was bought; None where only `data` can tell."""
        _, at, session, visit, kind, name, title, tag = row[:8]
        type_ = TYPES.get(kind)
        if type_ is None:
            return "vitals" if kind == PERFORMANCE else "unknown_type"
        place_ = tuple(row[_WHERE])
        where = self._wheres.get(place_, None) or self._wheres.put(place_, self._where(*place_))
        who = self._visitors.get(session, None) or self._visitors.put(session, self._who(session, *row[_WHO]))
        agent = who.agent
        held = self._properties(data) if data else properties.NONE
        revenue, currency = (held.revenue, held.currency) if money is None else _sum(money) if money else (None, "")
        text = self._reader.text
        page = where.page
        return Event(
            site=self._site,
            created_ms=(at + EPOCH_US) // 1000,
            visitor=who.visitor,
            visit=self.visit(visit),
            person=who.person,
            rules=self._rules,
            revenue=revenue,
            type=type_,
            hostname=page.hostname,
            path=page.path,
            query=page.query,
            title=text(title, limits.TITLE)[0] if title else "",
            referrer_domain=where.referrer_domain,
            referrer_path=where.referrer_path,
            utm_source=page.utm_source,
            utm_medium=page.utm_medium,
            utm_campaign=page.utm_campaign,
            utm_content=page.utm_content,
            utm_term=page.utm_term,
            click=page.click,
            click_id=page.click_id,
            channel=where.channel,
            name=text(name, limits.NAME)[0] if name else "",
            properties=held.text,
            currency=currency,
            tag=text(tag, limits.TAG)[0] if tag else "",
            browser=agent[0],
            os=agent[1],
            device=agent[2],
            screen=agent[3],
            language=agent[4],
            country=agent[5],
            region=agent[6],
            city=agent[7],
        )

    def identify(self, at: int, session: bytes, visit: bytes, who: str | None, data: Data) -> Event:
        """What was said of a visitor, as the event that says it."""
        return Event(
            site=self._site,
            created_ms=(at + EPOCH_US) // 1000,
            visitor=self.visitor(session),
            visit=self.visit(visit),
            person=self.person(who) if who else None,
            rules=self._rules,
            type=EventType.IDENTIFY,
            properties=self._properties(data).text,
        )

    def visitor(self, session: bytes) -> int:
        return self._hashed(session, b"moved visitor")

    def visit(self, visit: bytes) -> int:
        found = self._visits.get(visit, 0)
        return found or self._visits.put(visit, self._hashed(visit, b"moved visit"))

    def person(self, who: str) -> int:
        return self._person(who)

    def _hashed(self, name: bytes, what: bytes) -> int:
        digest = hashlib.blake2b(name, key=self._key, digest_size=8, person=what).digest()
        return (int.from_bytes(digest, "big") & _POSITIVE) or 1

    def _who(self, session: bytes, *said: str | None) -> "Visitor":
        agent, distinct = said[:8], said[8]
        words = self._agents.get(agent, None) or self._agents.put(agent, _agent(*agent))
        return Visitor(self.visitor(session), self.person(distinct) if distinct else None, words)

    def _where(
        self, hostname: str | None, path: str | None, query: str | None, domain: str | None, referrer: str | None,
        *tags: str | None,
    ) -> "Where":  # fmt: skip
        url = f"{path or ''}?{query}" if query else path or ""
        if any(tags):
            url = tagged(url, [(name, value) for name, value in zip(_TAGS, tags, strict=True) if value])
        page = self._reader.page(hostname or "", url)
        from_ = NO_REFERRER
        if domain or referrer:
            from_ = self._reader.referrer(page.hostname, f"//{domain}{referrer or ''}" if domain else referrer or "")
        channel = self._channel(from_.domain, page.utm_source, page.utm_medium, page.utm_campaign, page.click)
        return Where(page, from_.domain, from_.path, channel)

    def _properties(self, data: Data) -> Properties:
        text = msgspec.json.encode(nested(data))
        found = self._data.get(text, None)
        if found is None:
            found = properties.read(self._reader.rules, text)
            if len(text) <= 512:
                self._data.put(text, found)
        return found


def nested(data: Data) -> dict[str, Any]:
    """Rows of properties as the object they came from: dotted names are objects, so that names are masked as such."""
    flat = {row[0]: _value(row) for row in data}
    made: dict[str, Any] = {}
    for name, value in flat.items():
        *above, last = name.split(".")
        at = made
        if above and any(".".join(above[:depth]) in flat for depth in range(1, len(above) + 1)):
            last = name  # both `a` and `a.b` were there: the longer name stays as it was written
        else:
            for part in above:
                at = at.setdefault(part, {})
        at[last] = value
    return made


def _value(row: Sequence[Any]) -> object:
    _, text, number, date, kind = row
    if kind == _NUMBER and number is not None:
        return int(number) if number == int(number) else float(number)
    if kind == _BOOLEAN and text in {"true", "false"}:
        return text == "true"
    if kind == _DATE and date is not None:
        return moment(date)
    if kind == _ARRAY and text:
        try:
            return msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError):  # cut in its middle, as long ones are there
            return text
    return text if text is not None else number


def moment(at_us: int) -> str:
    """A time of PostgreSQL as text."""
    try:
        return datetime.fromtimestamp((at_us + EPOCH_US) // 1000 / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):  # beyond the year 9999, or infinity
        return ""


def _sum(money: Money) -> tuple[int | None, str]:
    """What was bought, in ten-thousandths of the first currency; see `fault_of` for what is left out."""
    total, currency = 0, ""
    for amount, code in money:
        if fault_of(amount, code) is None and currency in {"", code.upper()}:
            total, currency = total + int(amount * REVENUE_SCALE), code.upper()
    return (total, currency) if total else (None, "")


def fault_of(amount: Decimal | None, currency: str | None) -> str | None:
    """Why a row of revenue cannot be kept."""
    if amount is None or not 0 < amount <= _MOST_MONEY:
        return "revenue_amount"
    return None if currency and _CURRENCY.fullmatch(currency) else "revenue_currency"


def browser_of(text: str) -> str:
    """Our word for a browser of theirs."""
    return _BROWSERS.get(text.strip().lower(), word_of(text))


def system_of(text: str) -> str:
    name = text.strip().lower()
    return "windows" if re.match(r"windows (?!mobile)", name) else _SYSTEMS.get(name, word_of(text))


def device_of(text: str) -> str:
    """A laptop is a desktop that Umami guesses by the width of its screen."""
    return "desktop" if text == "laptop" else word_of(text)


def _agent(*said: str | None) -> tuple[str, ...]:
    browser, system, device, screen, language, country, region, city = (text or "" for text in said)
    where = place(country, region, city)
    return (
        browser_of(browser), system_of(system), device_of(device), screen_of(screen), language_of(language),
        where.country, where.region, where.city,
    )  # fmt: skip
