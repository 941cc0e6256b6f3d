"""Chromium as the recorded and as the replaying browser; pages come from memory, nothing is served."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Route, async_playwright

from tests.browser_packages import browser_package

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript"}
# An expression that yields a function would be called by Playwright: `record` returns the one that stops it.
RECORD = "window.events = []; void rrwebRecord.record({ emit: (event) => window.events.push(event) });"
# A tree as nested lists of name, id, shadow children, children. Ids come from the recorder's mirror on one side, from
# the player's on the other; what neither knows (the player's own styles) has none and is left out.
TREE = """
(root, mirror) => {
  const known = (nodes) => [...nodes].filter((node) => mirror.getId(node) > 0).map(walk);
  const walk = (node) => [
    node.nodeType === 1 ? node.nodeName.toLowerCase() : "#" + node.nodeType,
    mirror.getId(node),
    known(node.shadowRoot ? node.shadowRoot.childNodes : []),
    known(node.nodeName === "IFRAME" ? (node.contentDocument ? [node.contentDocument] : []) : node.childNodes),
  ];
  return walk(root);
}
"""
PLAYER = """
async (events) => {
  const last = events[events.length - 1].timestamp;
  events.push({ type: 5, data: { tag: "end", payload: null }, timestamp: last + 1000 });
  document.body.innerHTML = "<div id=player></div>";
  window.player = new rrwebReplay.Replayer(events, { root: document.getElementById("player"), useVirtualDom: false });
  await new Promise((done) => setTimeout(done, 100));
  window.player.pause(last + 1 - events[0].timestamp);
  await new Promise((done) => setTimeout(done, 300));
}
"""
LIVE_TREE = f"({TREE})(document, rrwebRecord.record.mirror)"
PLAYED_TREE = f"({TREE})(window.player.iframe.contentDocument, window.player.getMirror())"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, files: Mapping[str, str], path: str = "/") -> Page:
    """Open a page of a site whose files are given; whatever else the page asks for is a 404."""
    page = await browser.new_page()

    async def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path
        body = files.get(name)
        if body is None:
            await route.fulfill(status=404, body="")
        else:
            await route.fulfill(body=body, content_type=TYPES.get(name.rpartition(".")[2], TYPES["html"]))

    await page.route("**/*", answer)
    await page.goto(f"http://shop.test{path}")
    return page


async def start_recording(page: Page) -> None:
    """Record with the recorder's defaults: nothing masked, which is the worst that can arrive."""
    await page.add_script_tag(path=browser_package("@rrweb/record") / "umd" / "record.js")
    await page.evaluate(RECORD)


async def recorded(page: Page) -> bytes:
    """Return what a tracker would send: the events as the browser itself writes them."""
    await page.wait_for_timeout(600)  # the recorder sends mouse moves every 500 ms
    return cast("str", await page.evaluate("JSON.stringify(window.events)")).encode()


async def play(browser: Browser, events: bytes) -> Page:
    """Replay events to their end in a page of their own."""
    page = await open_page(browser, {"/": "<!doctype html><html><body></body></html>"})
    await page.add_script_tag(path=browser_package("@rrweb/replay") / "umd" / "replay.js")
    await page.evaluate(PLAYER, json.loads(events))
    return page
