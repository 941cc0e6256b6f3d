"""The shop's own server: its built pages, its API, and Sightline's path passed through, as a site's reverse proxy does.

    python server.py --pages ../dist --port 8601 --sightline http://127.0.0.1:8600 --path 9f3ab2c41d07 --site pk_…

On the standard library alone, and on loopback alone. Orders go to a Lambda function, which runs here as it would there;
`--lines FILE` keeps what it writes, and with SIGHTLINE_URL and
SIGHTLINE_KEY in the environment it is delivered as CloudWatch Logs would. Its first line of stdout is its address; with
`--with-parent` it ends when its stdin does.
"""

import argparse
import gzip
import html
import http.client
import json
import mimetypes
import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # it may be started without its folder on the path

from delivery import Delivery  # noqa: E402 - as just said
from runtime import Failed, Function  # noqa: E402 - as just said

MOST_BODY = 4 << 20  # a chunk of a recording has 2 MB at most
SLOW_S = 2.0
PASSED_ON = (
    "user-agent", "content-type", "content-encoding", "accept-encoding", "if-none-match", "sec-gpc", "dnt",
    "authorization", "datatype",  # of OpenReplay's tracker
)  # fmt: skip
ANSWERED = (
    "content-type", "content-encoding", "cache-control", "etag", "retry-after", "vary", "x-sightline-dropped",
    "access-control-allow-origin", "access-control-expose-headers", "cross-origin-resource-policy",
)  # fmt: skip
TRACKED = "/ingest/"  # what OpenReplay's tracker calls, where the pages were built with it
SESSION = re.compile(r"/\d+/session/\d+")  # what its getSessionURL() answers then
POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
ACCOUNT = {
    "name": "Mina Alvarez", "email": "mina.alvarez@example.com", "phone": "+44 7700 900123",
    "customer": "customer-2087", "plan": "regular",
    "address": ["Rowan Cottage", "7 Mill Lane", "Hebden Bridge HX7 8AD"],
    "orders": [
        {"number": "FC-10482", "date": "2026-11-02", "state": "delivered", "total": 53.5},
        {"number": "FC-09917", "date": "2026-08-19", "state": "delivered", "total": 22},
        {"number": "FC-09350", "date": "2026-05-30", "state": "returned", "total": 68},
    ],
}  # fmt: skip
ADVICE = [
    {"title": "Water", "text": "Put a finger into the soil. If it comes out clean, water; if not, wait."},
    {"title": "Light", "text": "A plant that leans wants to tell you something. Turn it, or move it."},
    {"title": "Air", "text": "Ferns drink through their leaves. A bathroom with a window is their idea of a holiday."},
]


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.fields = status, message, dict(fields or {})


@dataclass(frozen=True)
class File:
    """A built file: what it is, how long it may be kept, and its bytes, plain and as gzip."""

    kind: str
    cache: str
    plain: bytes
    packed: bytes


@dataclass
class Shop:
    """What is sold, the pages, and where Sightline is."""

    pages: Path
    sightline: str = ""
    path: str = ""
    site: str = ""
    openreplay: bool = False  # the pages were built with OpenReplay's tracker
    products: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    say: Callable[[str], object] | None = None  # told every line that the checkout writes
    checkout: Function = field(init=False)

    def __post_init__(self) -> None:
        self.checkout = Function("shop-checkout", "checkout.handler", self.say)
        self.products = json.loads((HERE / "products.json").read_text("utf-8"))
        for path in sorted(self.pages.rglob("*")):
            if path.is_file() and path.suffix != ".map":
                self._keep(f"/{path.relative_to(self.pages).as_posix()}", path)
        if "/index.html" not in self.files:
            raise SystemExit(f"the shop is not built: there is no index.html in {self.pages}; run `make dashboard`")

    def _keep(self, name: str, path: Path) -> None:
        body = path.read_bytes()
        if name == "/index.html" and self.path:
            told = f'data-site="{html.escape(self.site)}" data-host="/{html.escape(self.path)}"'
            body = body.replace(b'data-site="" data-host=""', told.encode())
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        cache = "public, max-age=31536000, immutable" if name.startswith("/assets/") else "no-cache"
        self.files[name] = File(kind, cache, body, gzip.compress(body, 9, mtime=0))

    # ---- the API -----------------------------------------------------------------------------------------------

    def listed(self, category: str, sort: str) -> list[dict[str, Any]]:
        found = [one for one in self.products if category in {"", one["category"]}]
        return sorted(found, key=lambda one: (one[sort if sort in {"price", "light"} else "name"], one["name"]))

    def search(self, words: str) -> list[dict[str, Any]]:
        wanted = words.lower().split()
        texts = ((one, " ".join(map(str, one.values())).lower()) for one in self.products)
        return [one for one, text in texts if wanted and all(word in text for word in wanted)]

    def product(self, name: str) -> dict[str, Any]:
        found = next((one for one in self.products if one["id"] == name), None)
        if found is None:
            raise Refused(404, "there is no such plant")
        others = [one for one in self.products if one["category"] == found["category"] and one is not found]
        return {"product": found, "others": others[:4]}

    def order(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any]:
        """The checkout is a function: it gets the request as an API Gateway HTTP API would give it."""
        event = {
            "version": "2.0", "routeKey": "POST /api/orders", "rawPath": "/api/orders", "rawQueryString": "",
            "headers": {name.lower(): value for name, value in headers.items()},
            "requestContext": {
                "http": {"method": "POST", "path": "/api/orders", "protocol": "HTTP/1.1"},
                "requestId": secrets.token_urlsafe(12), "stage": "$default",
            },
            "body": body.decode("utf-8", "replace"), "isBase64Encoded": False,
        }  # fmt: skip
        try:
            answer = self.checkout.invoke(event)
        except Failed:
            raise Refused(502, "the checkout does not answer") from None
        return int(answer["statusCode"]), json.loads(answer["body"])


class Handler(BaseHTTPRequestHandler):
    """One connection: what stands below the SDK's path is passed on, the API is answered, all else is a page."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answered(None)

    def do_HEAD(self) -> None:
        self._answered(None)

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BODY:
            self.close_connection = True
            self._json(413, {"message": f"a request has at most {MOST_BODY} bytes"})
            return
        self._answered(self.rfile.read(int(length)))

    def _answered(self, body: bytes | None) -> None:
        url = urlsplit(self.path)
        shop = self.server.shop
        try:
            passed = (*([f"/{shop.path}/"] if shop.path else ()), *([TRACKED] if shop.openreplay else ()))
            if url.path.startswith(passed):
                self._pass_on(body)
            elif shop.openreplay and SESSION.fullmatch(url.path):
                self._send(302, b"", {"location": shop.sightline + self.path, "cache-control": "no-store"})
            elif url.path.startswith("/api/"):
                asked = {name: values[0] for name, values in parse_qs(url.query).items()}
                self._json(*self._api(url.path[4:], asked, body))
            else:
                self._file(url.path, wanted=body is None)
        except Refused as refused:
            self._json(refused.status, {"message": refused.message, "fields": refused.fields})
        except OSError:
            self.close_connection = True  # the browser has gone

    def _api(self, path: str, asked: dict[str, str], body: bytes | None) -> tuple[int, object]:
        if body is None:
            return 200, self._read(path, asked)
        if path != "/orders":
            raise Refused(404, "there is nothing to send here")
        return self.server.shop.order(body, dict(self.headers.items()))

    def _read(self, path: str, asked: dict[str, str]) -> object:
        shop = self.server.shop
        if path == "/products":
            return shop.listed(asked.get("category", ""), asked.get("sort", ""))
        if path.startswith("/products/"):
            return shop.product(path.removeprefix("/products/"))
        if path == "/search":
            return shop.search(asked.get("q", ""))
        if path == "/account":
            return ACCOUNT
        if path == "/advice":
            time.sleep(SLOW_S)  # the slow page
            return ADVICE
        raise Refused(404, "the shop's API has no such address")

    def _file(self, path: str, *, wanted: bool) -> None:
        if not wanted:
            raise Refused(405, "pages are only read")
        found = self.server.shop.files.get(path)
        if found is None:
            if "." in path.rsplit("/", 1)[-1]:
                raise Refused(404, "there is no such file")
            found = self.server.shop.files["/index.html"]  # a page of the application: its router knows it
        headers = {"content-type": found.kind, "cache-control": found.cache, "vary": "accept-encoding"}
        if found.kind.startswith("text/html"):
            # The tracker makes its worker of a text.
            policy = f"{POLICY}; worker-src blob:" if self.server.shop.openreplay else POLICY
            headers |= {"content-security-policy": policy, "referrer-policy": "strict-origin-when-cross-origin"}
        if "gzip" in self.headers.get("accept-encoding", ""):
            self._send(200, found.packed, {**headers, "content-encoding": "gzip"})
        else:
            self._send(200, found.plain, headers)

    def _pass_on(self, body: bytes | None) -> None:
        """As a reverse proxy: the same request, to Sightline, with the address that it came from."""
        shop = self.server.shop
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        headers["x-forwarded-for"] = str(self.client_address[0])
        connection = http.client.HTTPConnection(urlsplit(shop.sightline).netloc, timeout=30)
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            told = {name: value for name in ANSWERED if (value := answer.getheader(name))}
            self._send(answer.status, answer.read(), told)
        except (OSError, http.client.HTTPException):
            self._json(502, {"message": "Sightline does not answer"})
        finally:
            connection.close()

    def _json(self, status: int, value: object) -> None:
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        self._send(status, json.dumps(value).encode(), headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-content-type-options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: it is an example."""


class Server(ThreadingHTTPServer):
    """A thread per connection, on loopback."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, shop: Shop) -> None:
        self.shop = shop
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes its connection early is no error; anything else is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def bound(ports: list[int], shop: Shop) -> Server:
    """The server on the first of these ports that is free."""
    why: list[str] = []
    for port in ports:
        try:
            return Server(port, shop)
        except OSError as error:
            why.append(f"port {port}: {error.strerror}")
    raise SystemExit(f"cannot listen on 127.0.0.1: {'; '.join(why)}")


class Lines:
    """A file of lines, each there as soon as it is written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def add(self, line: str) -> None:
        self._file.write(f"{line}\n")


def _end_with_stdin(server: Server) -> None:
    sys.stdin.buffer.read()
    server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, default=HERE.parent / "dist", help="the built pages")
    parser.add_argument("--port", type=int, action="append", help="0 takes a free one; the first that is free is taken")
    parser.add_argument("--sightline", default="", help="where Sightline listens")
    parser.add_argument("--path", default="", help="the path of its SDK")
    parser.add_argument("--site", default="", help="the public key of the site")
    parser.add_argument("--openreplay", action="store_true", help="the pages have its tracker: pass that on, too")
    parser.add_argument("--lines", type=Path, help="a file that gets what the checkout's function writes")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin does")
    given = parser.parse_args()
    told = [Lines(given.lines).add] if given.lines else []
    delivery = Delivery("shop-checkout") if os.environ.get("SIGHTLINE_KEY") else None
    if delivery is not None:
        told.append(delivery.add)

    def say(line: str) -> None:
        for one in told:
            one(line)

    shop = Shop(given.pages, given.sightline, given.path, given.site, given.openreplay, say=say)
    server = bound(given.port or [8601], shop)
    print(server.url, flush=True)
    if given.with_parent:
        threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        server.shop.checkout.close()
        if delivery is not None:
            delivery.close()


if __name__ == "__main__":
    main()
