"""A real server, a real Chromium, and people who are signed in."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from tools import assets

from tests.dashboard.looks import AXE
from tests.running import Running, run, up

# A machine that other tests keep busy may stand still for seconds; what is wrong stays wrong for as long.
PATIENCE_S = 15.0
expect.set_options(timeout=PATIENCE_S * 1000)
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "four wet owls sing"
ADA = {"email": "ada@example.com", "name": "Ada Lovelace", "password": PASSWORD, "team": "Engine"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Served:
    """A server that runs: where it is, and the link that sets it up."""

    url: str
    setup_link: str

    @property
    def setup_token(self) -> str:
        return self.setup_link.partition("token=")[2]


@dataclass
class Watched:
    """A tab, and everything that its console held against it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    # The browser itself reports every answer that is an error; where that is what is tested, it is no complaint.
    expected: tuple[str, ...] = ("the server responded with a status of 401",)

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def check(self) -> None:
        assert [text for text in self.complaints if not any(part in text for part in self.expected)] == []


Open = Callable[..., Page]


def set_up_by_ada(running: Running) -> Served:
    """What the first admin does with the link that a new server prints."""
    assert running.url is not None
    assert running.setup_link is not None
    found = Served(running.url, running.setup_link)
    body = {"token": found.setup_token, **ADA}
    setup = httpx.post(f"{found.url}/api/v1/setup", json=body, headers={"origin": found.url}, timeout=PATIENCE_S)
    setup.raise_for_status()
    return found


@pytest.fixture(scope="package")
def built() -> None:
    """The dashboard of these very sources, and the packages that check it."""
    assets.install(assets.BUNDLES[0])
    assets.main()


@pytest.fixture(scope="package")
def axe(built: None) -> str:
    """The program that finds what is not accessible, from the locked packages."""
    return AXE.read_text("utf-8")


@pytest.fixture(scope="package")
def fresh(built: None) -> Iterator[Served]:
    """A server that nobody has set up."""
    with up() as running:
        assert running.url is not None
        assert running.setup_link is not None
        yield Served(running.url, running.setup_link)


@pytest.fixture(scope="package")
def served(built: None) -> Iterator[Served]:
    """A server with an admin, Ada, who owns the team Engine."""
    with up() as running:
        yield set_up_by_ada(running)


# Never for the whole session: while it lives, its event loop runs in this thread and asynchronous tests could not.
@pytest.fixture(scope="package")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    browser = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def tabs(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    """Open tabs, each in a browser profile of its own; none may complain on its console by the end of the test."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def tab(**options: object) -> Watched:
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_S * 1000)
        watched = Watched(context.new_page())
        watched.page.on("console", watched.note)
        watched.page.on("pageerror", lambda error: watched.complaints.append(f"uncaught: {error}"))
        opened.append((context, watched))
        return watched

    yield tab
    for context, watched in opened:
        context.close()
        watched.check()


@pytest.fixture(scope="package")
def ada_cookies(served: Served) -> list[dict[str, object]]:
    """One sign-in of Ada, shared by all tests that do not end it."""
    return cookies_of(served, ADA["email"], PASSWORD)


def cookies_of(served: Served, login: str, password: str) -> list[dict[str, object]]:
    with httpx.Client(base_url=served.url, headers={"origin": served.url}, timeout=PATIENCE_S) as client:
        client.post("/api/v1/sign-in", json={"login": login, "password": password}).raise_for_status()
        host = urlsplit(served.url).hostname
        return [
            {"name": cookie.name, "value": cookie.value, "domain": host, "path": "/"} for cookie in client.cookies.jar
        ]


@pytest.fixture
def ada(tabs: Callable[..., Watched], served: Served, ada_cookies: list[dict[str, object]]) -> Open:
    """Open a page as Ada."""

    def open_page(path: str = "/", **options: object) -> Page:
        tab = tabs(base_url=served.url, **options)
        tab.page.context.add_cookies(ada_cookies)  # type: ignore[arg-type]
        tab.page.goto(path)
        return tab.page

    return open_page


@pytest.fixture(scope="package")
def shop(built: None) -> Iterator[tuple[Served, str]]:
    """A server with Ada, and the demo's site with a month of visits and some of now."""
    with up() as running:
        found = set_up_by_ada(running)
        told = run(
            "demo", "traffic", "--visits", "400", "--live", "8", "--data", str(running.data), "--json",
            SIGHTLINE_CLIENT_URL=found.url,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        site = json.loads(told.stdout)["site"]
        wait_for_reports(found, site)
        yield found, site


def wait_for_reports(served: Served, site: str) -> None:
    """Past days make the warehouse anew; meanwhile reports are refused, which a browser's console complains about."""
    with httpx.Client(base_url=f"{served.url}/api/v1", headers={"origin": served.url}, timeout=PATIENCE_S) as client:
        client.post("/sign-in", json={"login": ADA["email"], "password": PASSWORD}).raise_for_status()
        deadline = time.monotonic() + 30
        while (
            client.get(f"/sites/{site}/reports/overview", timeout=60).status_code == 503 and time.monotonic() < deadline
        ):
            time.sleep(0.1)


@pytest.fixture(scope="package")
def cookies(shop: tuple[Served, str]) -> list[dict[str, object]]:
    return cookies_of(shop[0], ADA["email"], PASSWORD)


@pytest.fixture
def visit(
    tabs: Callable[..., Watched], shop: tuple[Served, str], cookies: list[dict[str, object]]
) -> Callable[..., Page]:
    """Open a page of the demo's site as Ada."""

    def open_page(path: str, **options: object) -> Page:
        tab = tabs(base_url=shop[0].url, **options)
        tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        tab.page.goto(f"/{shop[1]}/{path}")
        return tab.page

    return open_page


class Client(httpx.Client):
    """The API as Ada's browser calls it, to prepare what a test needs."""

    def __init__(self, served: Served) -> None:
        super().__init__(base_url=f"{served.url}/api/v1", headers={"origin": served.url}, timeout=PATIENCE_S)
        answer = self.post("/sign-in", json={"login": ADA["email"], "password": PASSWORD}).raise_for_status()
        self.me = answer.json()
        self.headers["x-sightline-csrf"] = self.me["csrf_token"]
        self.team = self.me["teams"][0]["id"]

    def made_of(self, path: str, body: list[dict[str, Any]]) -> dict[str, object]:
        """The same from a list, as a recording is one."""
        found: dict[str, object] = self.post(path, json=body).raise_for_status().json()
        return found

    def made(self, path: str, body: dict[str, object]) -> dict[str, object]:
        found: dict[str, object] = self.post(path, json=body).raise_for_status().json()
        return found


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    found = Client(served)
    yield found
    found.close()
