"""The world in which the made-up visits happen: who visits, with what, from where, and what the shop sells."""

from typing import Final

from msgspec import Struct


class Device(Struct, frozen=True):
    """A browser as it shows itself. `slow` says how much slower pages are on it."""

    agent: str
    screen: str
    slow: float
    weight: float


class Home(Struct, frozen=True):
    """Where somebody is, and how far that is from the server in milliseconds."""

    near: tuple[str, str, str]
    language: str
    far_ms: int
    weight: float


class Source(Struct, frozen=True):
    """What brings somebody: the page that linked, and what the link says. Paid and mailed links open one page."""

    referrer: str
    query: str
    weight: float


class Item(Struct, frozen=True):
    """A plant of the shop; tests/shop holds these against the shop's own list."""

    id: str
    name: str
    category: str
    price: float
    weight: float


_WINDOWS: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_MAC: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_ANDROID: Final = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"

DEVICES: Final = (
    Device(f"{_WINDOWS} Chrome/148.0.0.0 Safari/537.36", "1920x1080", 1.0, 20),
    Device(f"{_WINDOWS} Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0", "1536x864", 1.1, 8),
    Device("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0", "1920x1200", 1.0, 5),
    Device(f"{_MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15", "1440x900", 0.8, 9),
    Device(f"{_MAC} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36", "1728x1117", 0.8, 9),
    Device("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0", "2560x1440", 0.9, 2),
    Device(f"{_ANDROID} Chrome/148.0.0.0 Mobile Safari/537.36", "412x915", 2.1, 21),
    Device(f"{_ANDROID} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36", "384x832", 2.4, 6),
    Device(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/26.1 Mobile/15E148 Safari/604.1",
        "393x852", 1.4, 17,
    ),
    Device(
        "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/26.1 Mobile/15E148 Safari/604.1",
        "820x1180", 1.2, 3,
    ),
)  # fmt: skip

HOMES: Final = (
    Home(("GB", "ENG", "Leeds"), "en-GB", 20, 22),
    Home(("GB", "SCT", "Glasgow"), "en-GB", 30, 9),
    Home(("IE", "L", "Dublin"), "en-IE", 15, 12),
    Home(("DE", "BE", "Berlin"), "de-DE", 40, 13),
    Home(("NL", "NH", "Amsterdam"), "nl-NL", 35, 8),
    Home(("FR", "IDF", "Paris"), "fr-FR", 45, 7),
    Home(("ES", "MD", "Madrid"), "es-ES", 60, 5),
    Home(("SE", "AB", "Stockholm"), "sv-SE", 60, 4),
    Home(("US", "NY", "New York"), "en-US", 140, 9),
    Home(("US", "CA", "Oakland"), "en-US", 220, 5),
    Home(("CA", "ON", "Toronto"), "en-CA", 150, 3),
    Home(("AU", "NSW", "Sydney"), "en-AU", 420, 3),
)

SOURCES: Final = (
    Source("", "", 30),
    Source("https://www.google.com/", "", 24),
    Source("https://duckduckgo.com/", "", 4),
    Source("https://www.bing.com/", "", 4),
    Source("https://www.instagram.com/", "", 9),
    Source("https://www.pinterest.com/", "", 6),
    Source("https://old.reddit.com/r/houseplants/", "", 5),
    Source("https://leafletters.example/ten-plants-for-dark-rooms", "", 4),
    Source("", "utm_source=newsletter&utm_medium=email&utm_campaign=autumn-potting", 6),
    Source("https://www.google.com/", "utm_source=google&utm_medium=cpc&utm_campaign=ferns&gclid=EAIaIQdemo", 5),
    Source("https://www.instagram.com/", "utm_source=instagram&utm_medium=social&utm_campaign=trailing-week", 3),
)

ITEMS: Final = (
    Item("monstera", "Monstera", "foliage", 34, 12),
    Item("snake-plant", "Snake plant", "foliage", 22, 9),
    Item("peace-lily", "Peace lily", "foliage", 21, 5),
    Item("spider-plant", "Spider plant", "foliage", 12, 4),
    Item("boston-fern", "Boston fern", "ferns", 19.5, 7),
    Item("maidenhair", "Maidenhair fern", "ferns", 17, 4),
    Item("birds-nest", "Bird's nest fern", "ferns", 24, 3),
    Item("golden-barrel", "Golden barrel", "succulents", 16, 4),
    Item("echeveria", "Echeveria", "succulents", 9.5, 6),
    Item("aloe", "Aloe vera", "succulents", 13, 6),
    Item("zebra-haworthia", "Zebra haworthia", "succulents", 8.5, 3),
    Item("string-of-hearts", "String of hearts", "trailing", 18, 8),
    Item("devils-ivy", "Devil's ivy", "trailing", 14, 5),
    Item("kentia-palm", "Kentia palm", "trees", 68, 3),
    Item("olive", "Olive tree", "trees", 55, 3),
    Item("rubber-fig", "Rubber fig", "trees", 42, 4),
)

SEARCHES: Final = (("fern", 3), ("low light", 3), ("cactus", 0), ("pet safe", 0), ("palm", 1), ("trailing", 2))
