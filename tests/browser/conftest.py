"""A site of its own, watched by the SDK as it is shipped: real Chromium, a real server, a real PostgreSQL.

Pages are served by a small server beside, which passes what stands below the SDK's path on to Sightline, as a site's
reverse proxy does. It can be told to answer that path itself: with an error, or with nothing at all.
"""

import asyncio
import gzip
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from tools import assets

from sightline.database.address import connect
from sightline.database.embedded import running
from tests.dashboard.conftest import CHROMIUM, FLAGS, PATIENCE_S, Client, Served, set_up_by_ada
from tests.running import Running, up

# Headless Chromium says so, and is kept out as a machine. Given to the browser, not to its contexts: what a page sends
# as it goes is sent after its context's own agent has been forgotten.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def read(body: bytes) -> dict[str, Any]:
    """A batch as the SDK sent it."""
    text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    found: dict[str, Any] = json.loads(text)
    return found


def read_chunk(body: bytes) -> bytes:
    """What was sent, whatever it is, as it can be searched."""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


@dataclass
class Answers:
    """What the proxy answers itself; None lets everything through."""

    status: int | None = None
    times: int = 0
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    retry_after: str = ""
    swallow: bool = False  # take the request, pass it on, and never say that it arrived
    upstream: str = ""

    def batches(self) -> list[dict[str, Any]]:
        return [read(body) for path, body in self.seen if path.endswith("/e")]

    def taken(self) -> int | None:
        if self.status is None or not self.times:
            return None
        self.times -= 1
        return self.status


class Pages(ThreadingHTTPServer):
    """The watched site's own server."""

    daemon_threads = True

    def __init__(self, sightline: str, path: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = Answers(upstream=sightline)
        self.path = path
        self.pages: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, Mapping[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Pages
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(f"/{self.server.path}/"):
            self._pass_on(None)
            return
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        page = self.server.pages.get(path)
        if page is None:
            self._answer(404, b"<!doctype html><title>Not here</title>", {})
        else:
            kind = "application/json" if path.startswith("/api/") else "text/html; charset=utf-8"
            self._answer(200, page.encode(), {"content-type": kind, **self.server.headers})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path.startswith(f"/{self.server.path}/"):
            self._pass_on(body)
        else:
            self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self._answer(200, b"{}", {"content-type": "application/json"})

    def _pass_on(self, body: bytes | None) -> None:
        answers = self.server.answers
        if body is not None:
            answers.seen.append((self.path, body))
            if (status := answers.taken()) is not None:
                more = {"retry-after": answers.retry_after} if answers.retry_after else {}
                self._answer(status, b"{}", {"content-type": "application/json", **more})
                return
        headers = {"user-agent": self.headers.get("user-agent", ""), "accept-encoding": "identity"}
        for name in ("sec-gpc", "dnt"):
            if name in self.headers:
                headers[name] = self.headers[name]
        asked = urllib.request.Request(answers.upstream + self.path, data=body, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(asked, timeout=10) as found:  # noqa: S310 - loopback
                status, text, told = found.status, found.read(), dict(found.headers)
        except urllib.error.HTTPError as error:
            status, text, told = error.code, error.read(), dict(error.headers)
        except OSError:
            self.close_connection = True  # as a proxy without its server: nobody answers
            return
        if answers.swallow and body is not None:
            answers.swallow = False
            self.close_connection = True
            return
        kept = {name: value for name, value in told.items() if name.lower() in {"content-type", "retry-after", "etag"}}
        self._answer(status, text, kept)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the page has gone

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture(scope="package")
def built() -> None:
    assets.main()


@pytest.fixture(scope="package")
def sightline(built: None) -> Iterator[Running]:
    with up() as server:
        set_up_by_ada(server)
        yield server


@dataclass
class Rows:
    """What PostgreSQL holds, asked as its own superuser would."""

    data: Path

    def of(self, kind: str, site: str) -> list[dict[str, Any]]:
        async def ask() -> list[dict[str, Any]]:
            address = running(self.data)
            assert address is not None
            connection = await connect(msgspec.structs.replace(address, database="sightline"))
            try:
                found = await connection.fetch(
                    f"SELECT signal.* FROM umami.signal_{kind} AS signal JOIN umami.sites AS s ON s.id = signal.site "
                    "WHERE s.public_key = $1 ORDER BY created_ms, batch, place",
                    site,
                )
                return [dict(row) for row in found]
            finally:
                await connection.close()

        # Playwright keeps an event loop running in this thread.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(ask())).result(30)

    def wait(self, kind: str, site: str, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The rows once there are enough of them."""
        deadline = time.monotonic() + 60  # the SDK may wait half a minute before it tries again
        while not enough(found := self.of(kind, site)):
            assert time.monotonic() < deadline, f"{kind}: {found}"
            time.sleep(0.05)
        return found


# Never for the whole session: while it lives, its event loop runs in this thread and asynchronous tests could not.
@pytest.fixture(scope="package")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    browser = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, f"--user-agent={AGENT}"])
    yield browser
    browser.close()


class Watched:
    """One site, the server of its pages, and a browser that visits it. No page may see an error of the SDK."""

    def __init__(self, sightline: Running, client: Client, chromium: Browser) -> None:
        assert sightline.url is not None
        site = client.made("/sites", {"name": f"Shop {time.monotonic_ns()}", "team": client.team})
        self.key = str(site["public_key"])
        self.site_path = f"/sites/{site['id']}"
        self.client = client
        self.snippet = str(client.get(f"{self.site_path}/snippet").json()["html"])
        self.sightline, self.rows = sightline, Rows(sightline.data)
        self.server = Pages(sightline.url, self.snippet.partition('src="/')[2].partition("/")[0])
        self._thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self.uncaught: list[str] = []

    @property
    def answers(self) -> Answers:
        return self.server.answers

    def page(self, path: str, body: str = "", *, head: str = "", attributes: str = "") -> None:
        """Serve a page with the snippet; `attributes` are added to it."""
        script = self.snippet.replace("<script ", f"<script {attributes} ")
        self.server.pages[path] = (
            f"<!doctype html><html><head><title>{path}</title>{head}{script}</head><body>{body}</body></html>"
        )

    def open(self, path: str, *, context: BrowserContext | None = None, **options: Any) -> Page:
        page = (context or self.context(**options)).new_page()
        page.on("pageerror", lambda error: self.uncaught.append(str(error)))
        page.goto(self.server.url + path)
        return page

    def context(self, **options: Any) -> BrowserContext:
        found = self._chromium.new_context(locale="en-GB", **options)
        found.set_default_timeout(PATIENCE_S * 1000)
        self._contexts.append(found)
        return found

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture(scope="package")
def client(sightline: Running) -> Iterator[Client]:
    assert sightline.url is not None
    assert sightline.setup_link is not None
    found = Client(Served(sightline.url, sightline.setup_link))
    yield found
    found.close()


@pytest.fixture
def watched(sightline: Running, client: Client, chromium: Browser) -> Iterator[Watched]:
    found = Watched(sightline, client, chromium)
    try:
        yield found
    finally:
        found.close()
    assert found.uncaught == []
