"""Visits that happen now: people in headless Chromium with the real SDK, or, where there is none, its protocol."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline import clock
from sightline.collect.own import VERSION
from sightline.errors import Unavailable
from sightline.operate.demo import chromium
from sightline.operate.demo.chromium import BrowserFailed, Tab
from sightline.operate.demo.story import Act, Fault, Known, Measured, Spent, Step, View, Visit
from sightline.operate.demo.world import SOURCES

_AT_ONCE: Final = 3
_GOODBYE_S: Final = 0.5
_TIMEOUT_S: Final = 30
_SDK: Final = "demo"
Watch = Callable[[int], None]


class Played(Struct, kw_only=True):
    """What came of it; `why` says why visits failed."""

    how: str
    visits: int = 0
    failed: int = 0
    why: list[str] = []


# ---- in Chromium --------------------------------------------------------------------------------------------------

# Nobody's: a number that no bank has, names from a book.
_CUSTOMER: Final = {
    "firstName": "Elinor", "lastName": "Dashwood", "email": "elinor.dashwood@example.com", "phone": "+44 7700 900456",
    "street": "4 Barton Cottage", "postcode": "EX4 4QJ", "city": "Exeter", "cardHolder": "E Dashwood",
    "cardNumber": "4111 1111 1111 1111", "cardExpiry": "09/29", "cardCode": "737",
}  # fmt: skip
_SCREENS: Final = (
    ("Windows NT 10.0; Win64; x64", "", (1920, 1080)), ("Macintosh; Intel Mac OS X 10_15_7", "", (1440, 900)),
    ("X11; Linux x86_64", "", (1280, 800)), ("Linux; Android 10; K", " Mobile", (412, 915)),
)  # fmt: skip


class Person:
    """Somebody at a browser: what they do next, and how long they take to think."""

    def __init__(self, tab: Tab, chance: Random, shop: str) -> None:
        self._tab = tab
        self._chance = chance
        self._shop = shop

    async def pause(self, seconds: float = 0.8) -> None:
        await asyncio.sleep(seconds * self._chance.uniform(0.5, 1.6))

    async def arrive(self, path: str = "/") -> None:
        source = self._chance.choice(SOURCES)
        query = ("&" if "?" in path else "?") + source.query if source.query else ""
        await self._tab.open(self._shop + path + query, source.referrer)
        await self._tab.wait(".card .name, .product, .panel, .notice, .price")
        await self.pause()

    async def buys(self) -> None:
        await self.arrive()
        await self._into_cart()
        await self._tab.click("main .button[href='/checkout']")
        for name, value in _CUSTOMER.items():
            await self._tab.type(f"#{name}", value)
            await self.pause(0.15)
        await self._tab.click("button[type=submit].button:not(.plain)")
        await self._tab.wait(".notice")
        await self.pause()

    async def gives_up(self) -> None:
        await self.arrive("/?category=ferns")
        await self._into_cart()
        # What looks like a button and is none, again and again.
        await self._tab.click(".total span.button", times=6)
        await self.pause()

    async def searches(self) -> None:
        await self.arrive()
        await self._tab.type("input[name=q]", self._chance.choice(["low light", "fern", "pet safe"]))
        await self._tab.press_enter()
        await self._tab.wait("h1.search")
        await self.pause()
        await self._tab.scroll(600)
        await self.pause()

    async def waits(self) -> None:
        await self.arrive("/plants/monstera")
        await self._tab.click("nav a[href='/care']")
        await self._tab.click("section > p > button.button")
        await self._tab.wait(".panel")
        await self.pause()

    async def meets_a_fault(self) -> None:
        await self.arrive()
        await self._tab.click("nav a[href='/gift-cards']")
        await self.pause()
        await self._tab.click(".filters button:last-child")
        await self._tab.wait("[role=alert] h1")
        await self.pause()

    async def looks_at_their_account(self) -> None:
        await self.arrive("/account")
        await self._tab.wait("table")
        await self._tab.click("a.brand")
        await self._tab.click(f"ul.products li:nth-child({self._chance.randint(1, 8)}) a")
        await self.pause(1.5)

    async def leaves_at_once(self) -> None:
        await self.arrive("/plants/olive")

    async def _into_cart(self) -> None:
        tab = self._tab
        await tab.click(f"ul.products li:nth-child({self._chance.randint(1, 3)}) a")
        await self.pause()
        await tab.click(".buy [aria-label='One more']")
        await tab.click(".buy > .button")
        await self.pause(0.4)
        await tab.click("[role=status] a")
        await self.pause()


_DEEDS: Final[tuple[Callable[[Person], Awaitable[None]], ...]] = (
    Person.buys, Person.gives_up, Person.searches, Person.waits, Person.meets_a_fault, Person.looks_at_their_account,
    Person.leaves_at_once,
)  # fmt: skip


async def in_chromium(path: str, shop: str, number: int, seed: int, watch: Watch) -> Played:
    """Let so many people visit the shop, a few at a time; each does something else."""
    played = Played(how="chromium")
    several = asyncio.Semaphore(_AT_ONCE)

    async def one(index: int) -> None:
        chance = Random(f"{seed}/{index}")  # noqa: S311 - made-up visits, no secrets
        # By address and agent a visitor is known, and all of these have one address: so each has an agent of its own.
        system, mobile, size = chance.choice(_SCREENS)
        shown = f"Chrome/148.0.{seed}.{index}{mobile} Safari/537.36"
        agent = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {shown}"
        async with several:
            try:
                async with chromium.running(path, agent) as browser, browser.tab(*size) as tab:
                    await _DEEDS[index % len(_DEEDS)](Person(tab, chance, shop))
                    await tab.open("about:blank")
                    await asyncio.sleep(_GOODBYE_S)  # what the last page sends outlives it, but not its browser
                played.visits += 1
            except BrowserFailed as exc:
                played.failed += 1
                played.why.append(exc.message)
            watch(played.visits + played.failed)

    await asyncio.gather(*(one(index) for index in range(number)))
    return played


# ---- by protocol --------------------------------------------------------------------------------------------------


async def by_protocol(endpoint: str, site: str, made: Sequence[Visit], watch: Watch) -> Played:
    """Send visits as the SDK would have, each as if it ended now."""
    played = Played(how="protocol")
    for number, visit in enumerate(made):
        failure = await asyncio.to_thread(_sent, endpoint, _batch(site, visit, number), visit.device.agent)
        if failure:
            played.failed += 1
            played.why.append(failure)
        else:
            played.visits += 1
        watch(number + 1)
    return played


def _batch(site: str, visit: Visit, number: int) -> bytes:
    now_ms = clock.now_ms()
    shift = now_ms - visit.steps[-1].at_ms
    page, items = 0, []
    for step in visit.steps:
        page += isinstance(step, View)
        items.append({**_item(step), "t": shift + step.at_ms, "page": f"{number:08x}-{page:03}"})
    return msgspec.json.encode(
        {
            "v": VERSION, "site": site, "doc": f"demo-{now_ms:x}-{number:x}", "seq": 0, "at": now_ms, "sdk": _SDK,
            "host": "shop.example", "screen": visit.device.screen, "lang": visit.home.language,
            "release": visit.release, "env": "production", "items": items,
        }
    )  # fmt: skip


def _item(step: Step) -> dict[str, Any]:
    url = f"https://shop.example{step.url}"
    match step:
        case View():
            referrer = (
                step.referrer if "://" in step.referrer or not step.referrer else f"https://shop.example{step.referrer}"
            )
            return {"k": "page", "url": url, "title": step.title, "ref": referrer}
        case Act():
            return {"k": "event", "url": url, "title": step.title, "name": step.name, "props": step.properties}
        case Known():
            return {"k": "identify", "url": url, "id": step.person}
        case Spent():
            return {"k": "engagement", "url": url, "title": step.title, "ms": step.ms, "scroll": step.scroll}
        case Measured():
            return {"k": "vital", "url": url, "name": step.metric, "value": step.value, "el": step.element,
                    "detail": step.detail, "nav": "navigate"}  # fmt: skip
        case Fault():
            return {"k": "error", "url": url, "src": step.source, "name": step.name, "msg": step.message,
                    "stack": step.stack, "handled": step.handled}  # fmt: skip
    raise TypeError(f"no item says a {type(step).__name__}")


def _sent(endpoint: str, body: bytes, agent: str) -> str:
    """Send one batch; what is returned says why it was not taken."""
    request = urllib.request.Request(endpoint, body, {"user-agent": agent, "content-type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http(s), our own
            dropped = msgspec.json.decode(answer.read()).get("dropped", [])
            return f"dropped: {dropped[0][1]}" if dropped else ""
    except urllib.error.HTTPError as exc:
        return f"the server answered {exc.code}"
    except OSError as exc:
        raise Unavailable(
            f"no server answers at {endpoint}: {getattr(exc, 'reason', exc)}",
            hint="Start it with `sightline up`, set client.url, or say --live 0.",
        ) from None
