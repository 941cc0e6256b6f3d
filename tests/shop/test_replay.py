"""A visit to the shop under rules that show everything, played and sought: the page is what it was at that moment."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from sightline.replay.sealing import in_order
from tests.browser_packages import browser_package
from tests.dashboard.conftest import Client
from tests.privacy.recordings.browser import PLAYER
from tests.shop.conftest import SDK, Visitors, until
from tests.shop.test_visits import CUSTOMER

SHOWN = """
dictionary = 1
name = "test pages"

[[unmask]]
selector = "*"
reason = "pages of a test, about nobody"
signed_by = "the tests"
date = 2026-11-29
"""
# What the page consists of: elements by name and class, and their words. What runs, what is only for machines, and what
# people fill in is left aside.
SEEN = """
(body) => {
  const aside = new Set(["SCRIPT", "NOSCRIPT", "STYLE", "LINK", "TEMPLATE", "TEXTAREA"]);
  const walk = (node) => {
    const found = [], words = [];
    const say = () => { if (words.length) found.push(words.splice(0).join(" ")); };
    for (const child of node.childNodes) {
      if (child.nodeType === 3) words.push(...child.data.split(/\\s+/).filter(Boolean));
      else if (child.nodeType === 1 && !aside.has(child.nodeName.toUpperCase())) { say(); found.push(walk(child)); }
    }
    say();
    // The player marks what the mouse is over by a class of its own.
    const classes = [...node.classList].filter((one) => one[0] !== ":");
    return [node.localName, classes.join(" "), found];
  };
  return walk(body);
}
"""
SEEK = """
async (at) => {
  window.player.pause(at);
  await new Promise((done) => setTimeout(done, 80));
}
"""
Point = tuple[float, list[Any]]


class Notes:
    """What a tab looked like, and when."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.points: list[Point] = []

    def note(self) -> None:
        self.page.wait_for_timeout(250)
        self.points.append(tuple(self.page.evaluate(f"[Date.now(), ({SEEN})(document.body)]")))
        self.page.wait_for_timeout(150)


def shopping(page: Page) -> list[Point]:
    """Search, cart, checkout; eight moments of it."""
    notes = Notes(page)
    page.wait_for_selector(".card .name")
    notes.note()
    page.fill("input[name=q]", "low light")
    page.press("input[name=q]", "Enter")
    page.wait_for_selector("text=3 plants for")
    notes.note()
    page.click("a.brand")
    page.click("ul.products li:nth-child(2) a")
    page.wait_for_selector(".product")
    notes.note()
    page.click(".buy [aria-label='One more']")
    page.click("text=Add to cart")
    notes.note()
    page.click("text=See the cart")
    page.click("main [aria-label='One more']")
    notes.note()
    page.click("text=Check out")
    notes.note()
    for name, value in CUSTOMER.items():
        page.fill(f"#{name}", value)
    notes.note()
    page.click("text=Place order")
    page.wait_for_selector("text=would be on its way")
    notes.note()
    return notes.points


def failing(page: Page) -> list[Point]:
    """Another tab: a page that throws, before and after."""
    notes = Notes(page)
    page.wait_for_selector("text=Surprise me")
    notes.note()
    page.click("text=Surprise me")
    page.wait_for_selector("[role=alert]")
    notes.note()
    return notes.points


def test_sought_to_ten_points_of_a_visit_the_page_is_what_it_was(
    visitors: Visitors, client: Client, chromium: Browser
) -> None:
    (site,) = [one for one in client.get("/sites").json()["items"] if one["public_key"] == visitors.key]
    client.made("/privacy/rules/activate", {"source": SHOWN, "site": site["id"], "sign_off": "the tests"})
    context = visitors.context()
    tabs: list[list[Point]] = []
    for path, visit in (("/", shopping), ("/gift-cards", failing)):
        page = visitors.open(path, context)
        until(page, f"{SDK}?.status().recording")
        tabs.append(visit(page))
        page.close()
    visitors.uncaught.clear()
    rows = visitors.rows.wait("chunk", visitors.key, lambda found: whole(found, tabs=2))
    by_tab: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_tab.setdefault(row["tab"], []).append(row)
    assert len(by_tab) == 2
    assert len({row["visit"] for row in rows}) == 1
    recordings = sorted((in_order(some) for some in by_tab.values()), key=lambda events: int(events[0]["timestamp"]))
    for points, events in zip(tabs, recordings, strict=True):
        player = played(chromium, events)
        there = range(len(points))
        for number in (*there[::-2], *there[::2], *there):  # back and forth
            at_ms, seen = points[number]
            player.evaluate(SEEK, at_ms - events[0]["timestamp"])
            found = player.evaluate(f"({SEEN})(window.player.iframe.contentDocument.body)")
            assert differences(found, seen) == [], number
        player.close()


def whole(chunks: list[dict[str, Any]], *, tabs: int) -> bool:
    """Whether all is there of so many tabs that were closed: a page that goes sends its last chunks side by side."""
    last = {row["tab"]: row["seq"] for row in chunks if row["closed"]}
    return len(last) == tabs and len(chunks) == sum(last.values()) + tabs


def differences(played: Any, live: Any, path: str = "") -> list[str]:
    """Where two trees differ. What stays masked under any rules, as somebody's number would, may be any word."""
    if isinstance(played, str) or isinstance(live, str):
        if isinstance(played, str) and isinstance(live, str):
            ours, theirs = played.split(), live.split()
            if len(ours) == len(theirs) and all(a == b or "*" in a for a, b in zip(ours, theirs, strict=True)):
                return []
        return [f"{path}: {played!r} and not {live!r}"]
    # A class that neither a sheet nor a list of words names is not stored: it may be somebody's name.
    classes = set(played[1].split()) - set(live[1].split())
    if played[0] != live[0] or classes or len(played[2]) != len(live[2]):
        names = [[one if isinstance(one, str) else one[:2] for one in tree[2]] for tree in (played, live)]
        return [f"{path}/{live[:2]}: {names[0]} and not {names[1]}"]
    here = f"{path}/{live[0]}"
    return [one for a, b in zip(played[2], live[2], strict=True) for one in differences(a, b, here)]


def played(chromium: Browser, events: list[dict[str, Any]]) -> Page:
    """A player in a page of its own, which asks nobody for anything."""
    page = chromium.new_page()
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html><body></body>", content_type="text/html"))
    page.goto("http://player.test/")
    page.add_script_tag(path=Path(browser_package("@rrweb/replay")) / "umd" / "replay.js")
    page.evaluate(PLAYER, stepwise(events))
    return page


def stepwise(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each step of a movement as an event of its own, as our player takes them (`dashboard/src/replay/source.ts`)."""
    steps: list[dict[str, Any]] = []
    for event in events:
        positions = event["data"].get("positions") if event["type"] == 3 else None
        steps += [
            {
                **event, "timestamp": max(events[0]["timestamp"], event["timestamp"] + one["timeOffset"]),
                "data": {**event["data"], "positions": [{**one, "timeOffset": 0}]},
            }
            for one in positions
        ] if positions else [event]  # fmt: skip
    return sorted(steps, key=lambda event: int(event["timestamp"]))
