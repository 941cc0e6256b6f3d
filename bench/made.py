"""Made events: the traffic that the benchmarks of the storage write, in the shape of a real site's."""

import random
from typing import Any

from sightline.signals.event import Event, EventType

START_MS = 1_790_000_000_000
PATHS = 5_000
VISITORS = 200_000
_DAY_MS = 24 * 3600 * 1000
_WORDS = [
    "order",
    "account",
    "garden",
    "winter",
    "price",
    "season",
    "travel",
    "kitchen",
    "report",
    "update",
    "summer",
    "market",
    "guide",
    "review",
    "planning",
    "system",
    "network",
    "weekly",
    "support",
    "product",
    "release",
    "history",
    "library",
    "section",
    "chapter",
    "village",
    "harbour",
    "mountain",
    "river",
    "bicycle",
]
_BROWSERS = ("chrome", "safari", "firefox", "edge", "samsung", "opera")
_SYSTEMS = ("windows", "ios", "android", "macos", "linux")
_COUNTRIES = ("NL", "DE", "US", "FR", "GB", "IN", "BR", "JP", "ES", "IT", "PL", "SE", "CA", "AU", "MX", "ZA")
_REFERRERS = ("", "", "", "google.com", "bing.com", "duckduckgo.com", "news.ycombinator.com", "reddit.com", "t.co")
_SCREENS = ("1920x1080", "1440x900", "390x844", "412x915", "1536x864", "2560x1440")


def made_events(
    count: int, *, seed: int = 1, start_ms: int = START_MS, days: float = 1, low: bool = False
) -> list[Event]:
    """Events in the order of their time. `low`: the short texts of a synthetic set; else texts of natural length."""
    source = random.Random(seed)
    pages = [_page(source, number, low=low) for number in range(PATHS)]
    weights = [1 / (number + 1) ** 0.9 for number in range(PATHS)]
    chosen = source.choices(range(PATHS), weights, k=count)
    step = days * _DAY_MS / count
    visits: dict[int, tuple[int, int, dict[str, Any]]] = {}
    made = []
    for number in range(count):
        at_ms = start_ms + int(number * step)
        visitor_number = source.randrange(max(min(VISITORS, count // 5), 1))
        known = visits.get(visitor_number)
        if known is None or source.random() < 0.2:
            known = visits[visitor_number] = (
                source.getrandbits(63), source.getrandbits(63), _agent(source, number % 8 + 1)
            )  # fmt: skip
        path, title = pages[chosen[number]]
        made.append(_event(source, at_ms, known, (path, title), low=low))
    return made


def _page(source: random.Random, number: int, *, low: bool) -> tuple[str, str]:
    if low:
        return f"/page/{number}", f"Page {number}"
    words = source.choices(_WORDS, k=source.randint(2, 5))
    return f"/{source.choice(_WORDS)}/{'-'.join(words)}-{number}", f"{' '.join(words).title()} | Example Shop"


def _agent(source: random.Random, site: int) -> dict[str, Any]:
    country = source.choice(_COUNTRIES)
    return {
        "site": site,
        "hostname": "www.shop.example",
        "browser": source.choice(_BROWSERS),
        "os": source.choice(_SYSTEMS),
        "device": source.choice(("desktop", "mobile", "tablet")),
        "screen": source.choice(_SCREENS),
        "language": source.choice(("en-US", "de-DE", "nl-NL", "fr-FR")),
        "country": country,
        "region": f"{country}-{source.randrange(20):02}",
        "city": f"City {source.randrange(400)}",
    }


def _event(
    source: random.Random, at_ms: int, known: tuple[int, int, dict[str, Any]], page: tuple[str, str], *, low: bool
) -> Event:
    visitor, visit, agent = known
    fields: dict[str, Any] = dict(agent)
    referrer = source.choice(_REFERRERS)
    if referrer:
        fields |= {"referrer_domain": referrer, "channel": "search", "referrer_path": "" if low else "/search"}
    else:
        fields["channel"] = "direct"
    if source.random() < 0.1:
        fields |= {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": f"week-{source.randrange(52)}"}
    if source.random() < 0.07:
        fields |= {"type": EventType.CUSTOM, "name": source.choice(("add-to-cart", "sign-up", "download"))}
        fields["properties"] = (
            '{"plan":"pro"}'
            if low
            else f'{{"sku":"A-{source.randrange(9000)}","price":{source.randrange(20000) / 100}}}'
        )
    if not low and source.random() < 0.2:
        fields["query"] = f"sort={source.choice(_WORDS)}&page={source.randrange(30)}"
    return Event(
        created_ms=at_ms + source.randrange(40), visitor=visitor, visit=visit, path=page[0], title=page[1],
        engagement_ms=source.randrange(60_000), rules=1, **fields,
    )  # fmt: skip
