"""The SDK with the option `beacon`: vitals and errors reach the function, nothing else; requests name the page load."""

import base64
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser
from tools import assets

from sightline_beacon.handler import Beacon
from tests.browser.conftest import read

PAGE = """<!doctype html><title>Shop</title>
<script async src="/s.js" data-site="pk_shop" data-beacon="/e"></script>
<h1>Ferns</h1><button onclick="fetch('/api/orders', {method: 'POST', body: '{}'})">Order</button>
<a href="https://elsewhere.test/x" onclick="event.preventDefault()">Away</a>"""


class Function(ThreadingHTTPServer):
    """A page's server that passes `/e` to the beacon, as an HTTP API would."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.beacon = Beacon("pk_shop=shop", "*", "600")
        self.batches: list[dict[str, Any]] = []
        self.others: list[tuple[str, dict[str, str]]] = []
        self.statuses: list[int] = []


class _Handler(BaseHTTPRequestHandler):
    server: Function

    def do_GET(self) -> None:
        if self.path == "/s.js":
            self._said(200, (assets.STATIC / "browser/s.js").read_bytes(), "text/javascript")
        else:
            self._said(200, PAGE.encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path != "/e":
            self.server.others.append((self.path, headers))
            self._said(200, b"{}", "application/json")
            return
        self.server.batches.append(read(body))
        http = {"method": "POST", "path": "/e", "sourceIp": "203.0.113.7"}
        answer = self.server.beacon.answer({
            "version": "2.0", "headers": headers, "requestContext": {"http": http, "requestId": "r="},
            "body": base64.b64encode(body).decode(), "isBase64Encoded": True,
        })  # fmt: skip
        self.server.statuses.append(answer["statusCode"])
        self._said(answer["statusCode"], answer["body"].encode(), "application/json")

    def _said(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the page has gone

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def function(built: None) -> Iterator[Function]:
    with Function() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_vitals_and_errors_reach_the_beacon_and_nothing_else(
    function: Function, chromium: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[dict[str, Any]] = []

    def wait(kind: str) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while not (found := [line for line in written if line.get("type") == kind]):
            assert time.monotonic() < deadline, (function.statuses, function.batches, written)
            page.wait_for_timeout(50)
            written.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        return found[0]

    with chromium.new_page() as page:
        page.goto(f"http://127.0.0.1:{function.server_address[1]}/users/4711?q=ann")
        page.click("a")
        page.evaluate("setTimeout(() => { throw new TypeError('no stock for ann@example.com') })")
        error = wait("page_error")
        page.click("button")
        page.wait_for_timeout(100)
    with chromium.new_page() as page:  # what was measured goes out with the page that closed
        vitals = wait("web_vitals")
    assert (error["message"], error["path"], error["site"]) == ("TypeError: no stock for [email]", "/users/:id", "shop")
    assert {"LCP", "CLS", "TTFB", "FCP"} & vitals.keys()
    assert set(function.statuses) == {200}
    assert {item["k"] for batch in function.batches for item in batch["items"]} <= {"vital", "error"}
    [(path, headers)] = function.others
    assert (path, headers["x-sightline-visit"]) == ("/api/orders", error["visit"])
    assert "ann@" not in json.dumps(written)
