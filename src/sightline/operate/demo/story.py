"""Made-up visits: pure, and the same whenever seed, number, days and day are.

People come on days and at hours when people do, from somewhere, with some device; many leave at once, some look around,
few fill a cart, fewer pay, and some meet the shop's faults. Some of them come again.
"""

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, TypedDict, TypeVar

from msgspec import Struct

from sightline.operate.demo.world import DEVICES, HOMES, ITEMS, SEARCHES, SOURCES, Device, Home, Item, Source

DAY_MS: Final = 24 * 3600 * 1000
TITLE: Final = "Fern & Clay"
# How busy each hour of a day is, and each weekday from Monday.
_HOURS: Final = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 13, 11, 10, 10, 11, 13, 16, 19, 20, 17, 10, 5)
_WEEKDAYS: Final = (9, 8, 8, 9, 10, 13, 14)
_RETURNING: Final = 0.32
_BOUNCE: Final = 0.36
# The release before had slower pages, and a fault in the search that the next one has not.
RELEASES: Final = ("1.4.1", "1.4.2")


class Step(Struct, frozen=True, kw_only=True):
    """What happens on a page, and when after the visit began."""

    at_ms: int
    url: str
    title: str


class View(Step, frozen=True, kw_only=True):
    """A page view; `referrer` is a page of the shop, or for the first what brought the visitor."""

    referrer: str


class Act(Step, frozen=True, kw_only=True):
    """A custom event."""

    name: str
    properties: dict[str, str | float]


class Known(Step, frozen=True, kw_only=True):
    """The visitor is signed in."""

    person: str


class Spent(Step, frozen=True, kw_only=True):
    """A page was used for so long and scrolled so far, in percent."""

    ms: int
    scroll: int


class Measured(Step, frozen=True, kw_only=True):
    """A Web Vital."""

    metric: str
    value: float
    element: str
    detail: dict[str, float]


class Fault(Step, frozen=True, kw_only=True):
    """An error of the page."""

    source: str
    name: str
    message: str
    stack: str
    handled: bool


class Visit(Struct, frozen=True, kw_only=True):
    """One visit. `person` numbers who it is, the same in each of their visits."""

    person: int
    began_ms: int
    device: Device
    home: Home
    release: str
    steps: tuple[Step, ...]


class _Here(TypedDict):
    at_ms: int
    url: str
    title: str


class _Person(Struct, frozen=True):
    number: int
    device: Device
    home: Home
    is_customer: bool


def visits(seed: int, number: int, days: int, today_ms: int) -> list[Visit]:
    """So many visits on the days before today (a midnight, UTC), in the order of their time."""
    chance = Random(f"{seed}/{number}/{days}/{today_ms}")  # noqa: S311 - made-up visits, no secrets
    begins = sorted(_moment(chance, days, today_ms) for _ in range(number))
    people: list[_Person] = []
    made = []
    for began_ms in begins:
        if people and chance.random() < _RETURNING:
            who = people[chance.randrange(max(0, len(people) - 80), len(people))]
        else:
            who = _Person(len(people), _one(chance, DEVICES), _one(chance, HOMES), chance.random() < 0.25)
            people.append(who)
        release = RELEASES[began_ms >= today_ms - days * DAY_MS // 3]
        steps = tuple(_Telling(chance, who, release).steps())
        made.append(
            Visit(person=who.number, began_ms=began_ms, device=who.device, home=who.home, release=release, steps=steps)
        )
    return made


def _moment(chance: Random, days: int, today_ms: int) -> int:
    weekday = today_ms // DAY_MS + 3  # 1970 began on a Thursday
    before = range(1, days + 1)
    weights = [_WEEKDAYS[(weekday - day) % 7] * (1 + 0.5 * (days - day) / days) for day in before]
    day = chance.choices(before, weights)[0]
    hour = chance.choices(range(24), _HOURS)[0]
    return today_ms - day * DAY_MS + hour * 3_600_000 + chance.randrange(3_600_000)


_W = TypeVar("_W", Device, Home, Source, Item)


def _one(chance: Random, things: Sequence[_W]) -> _W:
    return chance.choices(things, [thing.weight for thing in things])[0]


class _Telling:
    """One visit as it is told: where it stands, and what the clock says."""

    def __init__(self, chance: Random, who: _Person, release: str) -> None:
        self._chance = chance
        self._who = who
        self._release = release
        self._at_ms = 0
        self._url = ""
        self._title = ""
        self._cart: list[tuple[Item, int]] = []

    def steps(self) -> Iterator[Step]:
        chance = self._chance
        source = _one(chance, SOURCES)
        item = _one(chance, ITEMS)
        lands_on_item = bool(source.referrer) and not source.query and chance.random() < 0.55
        path = f"/plants/{item.id}" if lands_on_item else "/"
        yield self._view(path + (f"?{source.query}" if source.query else ""), item.name, source.referrer)
        yield from self._load()
        if chance.random() < _BOUNCE * (1.3 if self._who.device.slow > 2 else 1):
            yield self._spent(4, 20)
            return
        if self._who.is_customer and chance.random() < 0.4:
            yield from self._page("/account", "Account")
            yield Known(**self._now(), person=f"customer-{self._who.number}")
        for _ in range(chance.randint(1, 5)):
            yield from self._look()
        yield from self._aside()
        if self._cart:
            yield from self._pay()
        yield self._spent(12, 70)

    def _now(self) -> _Here:
        return {"at_ms": self._at_ms, "url": self._url, "title": self._title}

    def _view(self, url: str, title: str, referrer: str) -> Step:
        self._url, self._title = url, f"{title} · {TITLE}"
        return View(**self._now(), referrer=referrer)

    def _page(self, url: str, title: str) -> Iterator[Step]:
        """Leave the page for another."""
        yield self._spent(11, 60)
        yield self._view(url, title, self._url)

    def _spent(self, seconds: float, scroll: int) -> Step:
        ms = int(1000 * min(600, self._chance.lognormvariate(math.log(seconds), 0.8)))
        self._at_ms += ms
        return Spent(**self._now(), ms=ms, scroll=min(100, int(scroll * self._chance.uniform(0.5, 1.6))))

    def _act(self, name: str, **properties: str | float) -> Step:
        self._at_ms += self._chance.randrange(300, 2500)
        return Act(**self._now(), name=name, properties=properties)

    def _look(self) -> Iterator[Step]:
        chance = self._chance
        if chance.random() < 0.3:
            yield from self._search()
        elif chance.random() < 0.4:
            category = chance.choice(["foliage", "ferns", "succulents", "trailing", "trees"])
            yield from self._page(f"/?category={category}", "Plants for every window")
            if chance.random() < 0.3:
                yield self._act("sort", by=chance.choice(["price", "light", "name"]))
        item = _one(chance, ITEMS)
        yield from self._page(f"/plants/{item.id}", item.name)
        if chance.random() < 0.34:
            quantity = chance.choices([1, 2, 3], [7, 2, 1])[0]
            yield self._act("add_to_cart", product=item.id, category=item.category, price=item.price, quantity=quantity)
            self._cart.append((item, quantity))

    def _search(self) -> Iterator[Step]:
        words, results = self._chance.choice(SEARCHES)
        yield from self._page(f"/search?q={words.replace(' ', '+')}", "Search")
        if self._release == RELEASES[0] and not results and self._chance.random() < 0.6:
            yield self._fault(
                "error", "TypeError", "Cannot read properties of undefined (reading 'name')", "bestMatch", "Search"
            )
        yield self._act("search", results=results)

    def _aside(self) -> Iterator[Step]:
        """What few visits do."""
        chance = self._chance
        if chance.random() < 0.13:
            yield from self._page("/care", "Care")
            yield self._vital("INP", chance.lognormvariate(math.log(390), 0.25), "button.button", slow=True)
            yield self._vital("CLS", chance.uniform(0.12, 0.31), "main>section>p", slow=True)
        if chance.random() < 0.09:
            yield from self._page("/gift-cards", "Gift cards")
            if chance.random() < 0.45:
                yield self._fault(
                    "react", "TypeError", "Cannot read properties of undefined (reading 'euros')", "Price", "GiftCards"
                )
        if chance.random() < 0.05:
            yield self._act("outbound", url="https://www.kew.org/plants")

    def _pay(self) -> Iterator[Step]:
        chance = self._chance
        items = sum(quantity for _, quantity in self._cart)
        yield from self._page("/cart", "Cart")
        if chance.random() < 0.12:
            yield self._act("remove_from_cart", product=self._cart[0][0].id)
            if len(self._cart) == 1:
                return
        if chance.random() < 0.42:
            return
        yield from self._page("/checkout", "Check out")
        yield self._act("checkout", items=items)
        if chance.random() < 0.06:
            yield self._fault("caught", "ApiError", "the shop answered 502", "read", "Checkout", handled=True)
            return
        # Fields are many, and on a phone each is one too many.
        if chance.random() < (0.5 if self._who.device.slow > 1.3 else 0.3):
            return
        total = round(sum(item.price * quantity for item, quantity in self._cart), 2)
        self._at_ms += chance.randrange(40_000, 160_000)
        yield self._act("order", revenue=total, currency="EUR", items=items)
        yield from self._page("/thanks", "Thank you")

    # ---- what the page itself does --------------------------------------------------------------------------------

    def _load(self) -> Iterator[Step]:
        """The vitals of a first page."""
        chance, who = self._chance, self._who
        slow = who.device.slow * (1.25 if self._release == RELEASES[0] else 1.0)
        ttfb = chance.lognormvariate(math.log(70 + who.home.far_ms), 0.35)
        fcp = ttfb + chance.lognormvariate(math.log(330 * slow), 0.3)
        lcp = fcp + chance.lognormvariate(math.log(520 * slow), 0.45)
        hero = "main#main>div.catalogue>section.hero>h1" if self._url.startswith(("/?", "/")) else "svg.plant"
        hero = "div.picture>svg.plant" if self._url.startswith("/plants/") else hero
        yield self._vital("TTFB", ttfb, "", wait=2, dns=8, connect=18, request=round(ttfb - 28))
        yield self._vital("FCP", fcp, "")
        yield self._vital("LCP", lcp, hero, ttfb=round(ttfb), delay=round(fcp - ttfb), load=0, render=round(lcp - fcp))
        yield self._vital("CLS", max(0.0, chance.gauss(0.035, 0.03)) * slow, "ul.products>li", worst=0.02)
        inp = chance.lognormvariate(math.log(64 * slow), 0.4)
        work = round(inp * 0.6)
        yield self._vital("INP", inp, "button.button", input=6, work=work, render=max(0, round(inp) - work - 6))

    def _vital(self, metric: str, value: float, element: str, *, slow: bool = False, **detail: float) -> Step:
        digits = 4 if metric == "CLS" else 1
        value = round(value * (self._who.device.slow**0.3 if slow else 1), digits)
        return Measured(**self._now(), metric=metric, value=value, element=element, detail=detail)

    def _fault(self, source: str, name: str, message: str, *where: str, handled: bool = False) -> Step:
        function, file = where
        self._at_ms += 700
        # As a build names its files: another release, another digest.
        digest = "Bx81kQ2a" if self._release == RELEASES[0] else "D-44l-dQ"
        stack = (
            f"{name}: {message}\n    at {function} (https://shop.example/assets/{file}-{digest}.js:1:229)\n"
            f"    at render (https://shop.example/assets/index-{digest}.js:8:49011)"
        )
        return Fault(**self._now(), source=source, name=name, message=message, stack=stack, handled=handled)
