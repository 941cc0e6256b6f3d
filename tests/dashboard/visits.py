"""Recorded visits for the tests of the player: small, with everything in them that its panes show."""

import gzip
import json
import re
import secrets
import time
from typing import Any

import httpx

from tests.dashboard.conftest import Client, Served

START_MS = 1_790_000_000_000
BUTTON, LIST, ADDED = 5, 6, 50
DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile "
    "Safari/537.36"
)
Json = dict[str, Any]


def element(number: int, tag: str, *children: Json, **attributes: str) -> Json:
    return {"type": 2, "id": number, "tagName": tag, "attributes": attributes, "childNodes": list(children)}


def page(at_ms: int, path: str, *more: Json) -> list[Json]:
    """A page as it is loaded: its meta and its picture."""
    body = element(
        4, "body", element(BUTTON, "button", type="button", **{"class": "primary"}), element(LIST, "ul"), *more
    )
    style = element(8, "style", {"type": 3, "id": 9, "textContent": "button { width: 90px; height: 40px }"})
    html = element(3, "html", element(7, "head", style), body)
    root = {"type": 0, "id": 1, "childNodes": [html]}
    return [
        {"type": 4, "timestamp": at_ms, "data": {"href": f"https://shop.example{path}", "width": 800, "height": 600}},
        {"type": 2, "timestamp": at_ms + 1, "data": {"node": root, "initialOffset": {"top": 0, "left": 0}}},
    ]


def clicks(at_ms: int, number: int) -> list[Json]:
    data = {"source": 2, "type": 2, "id": BUTTON, "x": 20, "y": 20}
    return [{"type": 3, "timestamp": at_ms + n * 200, "data": data} for n in range(number)]


def moves(at_ms: int, *offsets_ms: int) -> Json:
    """The mouse moves over the button; what came last is said at `at_ms`."""
    positions = [{"x": 20, "y": 20 + n, "id": BUTTON, "timeOffset": offset} for n, offset in enumerate(offsets_ms)]
    return {"type": 3, "timestamp": at_ms, "data": {"source": 1, "positions": positions}}


def added(at_ms: int, number: int, before: int | None = None) -> Json:
    """One more row in the list."""
    add = {"parentId": LIST, "nextId": before, "node": element(number, "li")}
    data = {"source": 0, "texts": [], "attributes": [], "removes": [], "adds": [add]}
    return {"type": 3, "timestamp": at_ms, "data": data}


def removed(at_ms: int, number: int) -> Json:
    """One row less."""
    data = {"source": 0, "texts": [], "attributes": [], "adds": [], "removes": [{"parentId": LIST, "id": number}]}
    return {"type": 3, "timestamp": at_ms, "data": data}


def console(at_ms: int, text: str, level: str = "error") -> Json:
    payload = {"level": level, "payload": [f'"{text}"'], "trace": []}
    return {"type": 6, "timestamp": at_ms, "data": {"plugin": "rrweb/console@1", "payload": payload}}


def request(at_ms: int, path: str, status: int) -> Json:
    one = {
        "name": f"https://shop.example{path}", "method": "POST", "status": status, "startTime": 1000, "duration": 300,
        "initiatorType": "fetch",
    }  # fmt: skip
    return {"type": 6, "timestamp": at_ms, "data": {"plugin": "rrweb/network@1", "payload": {"requests": [one]}}}


def shop_visit(start_ms: int = START_MS) -> list[Json]:
    """A search, three angry clicks, an error, a request that failed, a minute of nothing, the checkout."""
    rows = [added(start_ms + 10_000 + 1000 * n, ADDED + n) for n in range(5)]
    return [
        *page(start_ms, "/search"),
        *clicks(start_ms + 2000, 3),
        console(start_ms + 2500, "error"),
        request(start_ms + 4000, "/api/pay", 503),
        *rows,
        *clicks(start_ms + 16_000, 1),
        *page(start_ms + 80_000, "/checkout", element(20, "p")),
        *clicks(start_ms + 82_000, 1),
        added(start_ms + 90_000, 70),
    ]


def hostile(host: str, start_ms: int = START_MS) -> list[Json]:
    """What nobody may be able to do to whoever looks: as if it had got past the masker."""
    planted = [
        element(30, "script", {"type": 3, "id": 31, "textContent": "top.planted = 'script'"}),
        element(32, "img", src="x:", onerror="top.planted = 'handler'"),
        element(33, "a", href="javascript:top.planted='link'", id="link"),
        element(34, "base", href=f"{host}/"),
        element(35, "object", data=f"{host}/object"),
        element(36, "iframe", src=f"{host}/frame"),
        element(37, "img", src=f"{host}/picture.png"),
        element(38, "link", rel="stylesheet", href=f"{host}/style.css"),
        element(39, "form", element(40, "button", type="submit", id="send"), action=f"{host}/form"),
        element(41, "meta", content=f"0; url={host}/", **{"http-equiv": "refresh"}),
        element(42, "svg", onload="top.planted = 'svg'"),
        element(43, "div", style=f"background: url({host}/background.png)"),
        element(44, "iframe", srcdoc="<script>top.planted = 'srcdoc'</script>"),
        element(45, "embed", src=f"{host}/embed"),
        element(46, "video", src=f"{host}/film.mp4", autoplay="true"),
    ]
    return [*page(start_ms, "/", *planted), *clicks(start_ms + 1000, 2)]


class Visitor:
    """A browser with our SDK, as the server hears it: what it measures, and what it records."""

    def __init__(self, served: Served, client: Client, site: str, *, agent: str) -> None:
        snippet = client.get(f"/sites/{site}/snippet").raise_for_status().json()
        self.key = re.findall(r'data-site="([^"]+)"', snippet["html"])[0]
        self.path = snippet["path"]
        self.seq = 0
        self.document = secrets.token_hex(8)
        self.http = httpx.Client(base_url=served.url, headers={"user-agent": agent})

    def sent(self, *items: Json, **more: str) -> str:
        """Send a batch; return the visit that it belongs to."""
        now = time.time() * 1000
        body = {
            "v": 1, "site": self.key, "doc": self.document, "seq": self.seq, "at": now, "host": "shop.example",
            "screen": "1280x800", "items": [{"t": now, "page": "pageview1", **item} for item in items], **more,
        }  # fmt: skip
        self.seq += 1
        answer = self.http.post(f"{self.path}/e", content=json.dumps(body)).raise_for_status().json()
        assert answer["accepted"] == len(items), answer
        return str(answer["visit"])

    def recorded(self, events: list[Json], seq: int = 0) -> None:
        """Send a chunk of a recording."""
        now = time.time() * 1000
        head = {
            "v": 1, "site": self.key, "tab": "tab12345", "doc": self.document, "seq": seq, "at": now,
            "first": events[0]["timestamp"], "last": events[-1]["timestamp"], "n": len(events), "host": "shop.example",
            "url": "https://shop.example/cart",
        }  # fmt: skip
        body = gzip.compress(json.dumps(head).encode() + b"\n" + json.dumps(events).encode())
        answer = self.http.post(f"{self.path}/r", content=body).raise_for_status().json()
        assert answer["accepted"] == 1, answer


def vital(name: str, value: float, path: str, element: str = "img.hero", **detail: float) -> Json:
    return {
        "k": "vital", "name": name, "value": value, "nav": "navigate", "el": element, "detail": detail,
        "url": f"https://shop.example{path}",
    }  # fmt: skip


def failure(name: str, message: str, path: str, function: str = "pay") -> Json:
    stack = f"{name}: {message}\n    at {function} (https://shop.example/app.js:10:12)"
    return {
        "k": "error", "src": "error", "name": name, "msg": message, "n": 1, "handled": False, "stack": stack,
        "ctx": {"step": 2}, "crumbs": [{"k": "click", "el": "button#buy"}], "url": f"https://shop.example{path}",
    }  # fmt: skip
