"""The example shop as `sightline up` serves it, visited by a real Chromium: one server, one browser for all tests."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, sync_playwright
from tools import assets

from tests.browser.conftest import AGENT, Rows
from tests.dashboard.conftest import CHROMIUM, FLAGS, PATIENCE_S, Client, Served, set_up_by_ada
from tests.running import ROOT, Running, up

SHOP = ROOT / "examples" / "shop"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def built() -> None:
    assets.main()


@pytest.fixture(scope="package")
def sightline(built: None) -> Iterator[Running]:
    with up(SIGHTLINE_DEMO_SHOP="true") as server:
        set_up_by_ada(server)
        yield server


@pytest.fixture(scope="package")
def client(sightline: Running) -> Iterator[Client]:
    assert sightline.url is not None
    assert sightline.setup_link is not None
    found = Client(Served(sightline.url, sightline.setup_link))
    yield found
    found.close()


# Never for the whole session: while it lives, its event loop runs in this thread and asynchronous tests could not.
@pytest.fixture(scope="package")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    """With the back/forward cache that people have, and Playwright's browsers have not."""
    browser = playwright_driver.chromium.launch(
        executable_path=CHROMIUM, args=[*FLAGS, f"--user-agent={AGENT}"],
        ignore_default_args=["--disable-back-forward-cache"],
    )  # fmt: skip
    yield browser
    browser.close()


@contextmanager
def served(
    sightline: Running, path: str = "", site: str = "", pages: Path = SHOP / "dist", *more: str
) -> Iterator[str]:
    """Another shop beside the server's own: of another site, of other pages, or without a site at all."""
    process = subprocess.Popen(
        [
            sys.executable, "-I", str(SHOP / "api/server.py"), "--port=0", f"--pages={pages}", "--with-parent",
            f"--sightline={sightline.url}", f"--path={path}", f"--site={site}", *more,
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


SDK = "globalThis[Symbol.for('sightline')]"


def until(page: Page, expression: str) -> None:
    """Wait until this holds in the page; Playwright's own way evaluates a text there, which the policy forbids."""
    deadline = time.monotonic() + 15
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(20)


@dataclass
class Visitors:
    """Browsers that visit a shop, each a profile of its own, and everything that left them for Sightline."""

    browser: Browser
    shop: str
    path: str
    key: str
    rows: Rows
    sent: list[bytes] = field(default_factory=list)
    uncaught: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def context(self, **options: Any) -> BrowserContext:
        found = self.browser.new_context(locale="en-GB", **options)
        found.set_default_timeout(PATIENCE_S * 1000)
        self.contexts.append(found)
        return found

    def tab(self, context: BrowserContext | None = None, **options: Any) -> Page:
        page = (context or self.context(**options)).new_page()
        page.on("pageerror", lambda error: self.uncaught.append(str(error)))
        page.on("request", self._note)
        return page

    def open(self, path: str, context: BrowserContext | None = None, **options: Any) -> Page:
        """A tab with this page, once the SDK is there; until then nothing is counted."""
        page = self.tab(context, **options)
        page.goto(self.shop + path)
        until(page, f"{SDK} !== undefined")
        return page

    def _note(self, request: Request) -> None:
        if urlsplit(request.url).path.startswith(f"/{self.path}/") and request.post_data_buffer:
            self.sent.append(request.post_data_buffer)

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture(scope="package")
def demo(sightline: Running, chromium: Browser) -> Visitors:
    """Visitors of the shop that `sightline up` serves, whose site has the shop's own rules."""
    url = sightline.wait_for_shop()
    page = httpx.get(url).text
    key, path = (page.partition(f'{name}="')[2].partition('"')[0] for name in ("data-site", "data-host"))
    return Visitors(chromium, url, path.strip("/"), key, Rows(sightline.data))


@pytest.fixture
def visitors(sightline: Running, client: Client, chromium: Browser, demo: Visitors) -> Iterator[Visitors]:
    """Visitors of a shop and a site of the test's own, under the strict default."""
    site = client.made("/sites", {"name": f"Shop {time.monotonic_ns()}", "team": client.team})
    key = str(site["public_key"])
    with served(sightline, demo.path, key) as url:
        found = Visitors(chromium, url, demo.path, key, Rows(sightline.data))
        try:
            yield found
        finally:
            found.close()
    assert found.uncaught == []


@pytest.fixture
def demo_visitors(demo: Visitors) -> Iterator[Visitors]:
    """A test's own visitors of the shop that is served."""
    found = replace(demo, sent=[], uncaught=[], contexts=[])
    try:
        yield found
    finally:
        found.close()
    assert found.uncaught == []
