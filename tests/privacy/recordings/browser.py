"""Chromium as the recorded and as the replaying browser; pages come from memory, nothing is served."""

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
# Node ids come from the recorder on one side and from the player's mirror on the other, so that trees compare.
TREE = """
([root, idOf]) => {
  const walk = (node) => [
    node.nodeType === 1 ? node.nodeName.toLowerCase() : "#" + node.nodeType,
    idOf(node),
    [...(node.shadowRoot ? node.shadowRoot.childNodes : [])].map(walk),
    [...(node.nodeName === "IFRAME" && node.contentDocument ? node.contentDocument.childNodes : node.childNodes)].map(walk),
  ];
  return walk(root);
}
"""


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
