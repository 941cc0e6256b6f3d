"""Serve the built dashboard from the package: a plain ASGI callable over files held in memory.

The whole dashboard is a few hundred kilobytes, so it is read once. A request is a dictionary look-up, never a path on
disk, which leaves nothing for `..` to reach. Names under /assets/ carry a hash of their content and never change;
everything else is asked for again each time and mostly answered with 304. Pages of the application have no file: any
other path gets index.html and the router in the browser takes over.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from sightline.errors import NotFound
from sightline.server.asgi import Receive, Scope, Send, header
from sightline.server.routing import MethodNotAllowed

STATIC = Path(__file__).with_name("static") / "dashboard"
HASHED = "/assets/"
# What the server answers itself: below these, a path that nobody took is missing, not a page of the dashboard.
RESERVED = ("/api", "/healthz", "/readyz", HASHED.rstrip("/"))
YEAR = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
# Best first: brotli is a sixth smaller than gzip on this kind of file.
ENCODINGS = {"br": ".br", "gzip": ".gz"}
NOT_BUILT = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sightline: the dashboard was not built</title>
<h1>The dashboard was not built</h1>
<p>Sightline runs, and its API answers at <a href="/api/v1/docs">/api/v1/docs</a>, but this copy holds no dashboard.</p>
<p>In a clone, install Node.js 20.19 or later, run <code>make dashboard</code> and start Sightline again. An installed
wheel always holds it.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: what it is, and its bytes in every encoding that was built; `route` is its name in the access log."""

    route: str
    media: str
    cache: str
    tag: str
    bodies: Mapping[str, bytes] = field(repr=False)


class Assets:
    """The built files of one folder as an ASGI application."""

    def __init__(self, files: Mapping[str, Asset], *, reserved: Iterable[str] = RESERVED) -> None:
        self.files = files
        self.reserved = tuple(reserved)

    @classmethod
    def load(cls, folder: Path = STATIC, *, reserved: Iterable[str] = RESERVED) -> "Assets":
        """Read every file below the folder; a folder that is not there makes the page that says so."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in TYPES)
        return cls({f"/{path.relative_to(folder).as_posix()}": read(path, folder) for path in paths}, reserved=reserved)

    @property
    def built(self) -> bool:
        return "/index.html" in self.files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("GET, HEAD")
        head = scope["method"] == "HEAD"
        asset = self.find(scope["path"])
        if asset is not None:
            scope["route"] = asset.route
            await serve(asset, scope, send, head=head)
        elif self.is_page(scope["path"]):
            scope["route"] = "page"
            headers = {"content-type": TYPES[".html"], "cache-control": "no-store"}
            await _answer(send, 503, NOT_BUILT, headers, head=head)
        else:
            raise NotFound("there is no such address here")

    def find(self, path: str) -> Asset | None:
        found = self.files.get(path)
        if found is None and self.is_page(path):
            return self.files.get("/index.html")
        return found

    def is_page(self, path: str) -> bool:
        """Whether a path without a file belongs to the router in the browser."""
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in self.reserved):
            return False
        return PurePosixPath(path).suffix not in TYPES or path == "/index.html"


def read(path: Path, folder: Path) -> Asset:
    body = path.read_bytes()
    bodies = {"identity": body}
    for encoding, suffix in ENCODINGS.items():
        packed = path.with_name(path.name + suffix)
        if packed.is_file():
            bodies[encoding] = packed.read_bytes()
    hashed = f"/{path.relative_to(folder).as_posix()}".startswith(HASHED)
    tag = hashlib.sha256(body).hexdigest()[:20]
    route = "page" if path.suffix == ".html" else "asset"
    return Asset(route, TYPES[path.suffix], YEAR if hashed else ASK_AGAIN, tag, bodies)


async def serve(
    asset: Asset, scope: Scope, send: Send, *, head: bool, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    encoding = _choose(header(scope, b"accept-encoding") or "", asset.bodies)
    # The tag names the encoding too: two encodings are two different sequences of bytes.
    tag = f'"{asset.tag}"' if encoding == "identity" else f'"{asset.tag}-{encoding}"'
    answer = {"etag": tag, "cache-control": asset.cache, "vary": "accept-encoding", **more}
    if _matches(header(scope, b"if-none-match") or "", tag):
        await _answer(send, 304, None, answer, head=head)
        return
    answer["content-type"] = asset.media
    if encoding != "identity":
        answer["content-encoding"] = encoding
    await _answer(send, 200, asset.bodies[encoding], answer, head=head)


def _choose(accepted: str, bodies: Mapping[str, bytes]) -> str:
    """Pick the best encoding that was built and is accepted; `;q=0` refuses one."""
    quality: dict[str, float] = {}
    for part in accepted.split(","):
        name, _, weight = part.strip().lower().partition(";")
        try:
            quality[name.strip()] = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            quality[name.strip()] = 0.0
    for encoding in ENCODINGS:
        if encoding in bodies and quality.get(encoding, quality.get("*", 0.0)) > 0:
            return encoding
    return "identity"


def _matches(condition: str, tag: str) -> bool:
    """Compare weakly, as RFC 9110 wants it for If-None-Match."""
    return any(part.strip().removeprefix("W/") in {tag, "*"} for part in condition.split(",") if part.strip())


async def _answer(send: Send, status: int, body: bytes | None, headers: Mapping[str, str], *, head: bool) -> None:
    lines = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    if body is not None:
        lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if head or body is None else body})
