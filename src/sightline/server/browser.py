"""Where the SDK lives: its files, its batches and its recordings, below the path that this installation has drawn.

Like `collecting` this only wires. Every origin may read every answer: pages of other origins are what it is for.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from sightline import clock, metrics
from sightline.accounts.tracking import ENTRY
from sightline.accounts.watched import Watched
from sightline.collect import own, recordings
from sightline.collect.hits import Malformed, Sender
from sightline.collect.policy import Reason
from sightline.errors import NotAllowed, NotFound, SightlineError, TooManyRequests
from sightline.operate.house import House
from sightline.privacy.memo import Memo
from sightline.server import made
from sightline.server.asgi import Headers, Receive, Scope, Send, error_document
from sightline.server.assets import TYPES, Asset, read, serve
from sightline.server.configurations import Configurations
from sightline.server.intake import Intake, Judged, Outcome, UnknownTarget
from sightline.server.permissions import declare
from sightline.server.recordings import Recordings
from sightline.server.routing import MethodNotAllowed
from sightline.server.senders import sender_of

STATIC: Final = Path(__file__).with_name("static") / "browser"
ROUTE: Final = "/{sdk}"
BATCHES: Final = "e"
CHUNKS: Final = "r"
RULES: Final = "rules-"
RECORDER: Final = "recorder.js"  # what pages that were made for Umami load
_HOUR: Final = "public, max-age=3600"
_FOREVER: Final = "public, max-age=31536000, immutable"
_OPEN: Final = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
_ANSWER: Final = (
    (b"content-type", b"application/json"),
    *((name.encode(), value.encode()) for name, value in _OPEN.items()),
    (b"access-control-expose-headers", b"retry-after, x-sightline-dropped"),
    (b"cache-control", b"no-store"),
)
Take = Callable[[Scope, bytes], Awaitable[bytes]]
_RETRY_S: Final = 10
_CLOCK_WAS_SET_MS: Final = 60_000


class Sdk:
    """Everything below the installation's path."""

    def __init__(self, house: House, intake: Intake, path: str, folder: Path = STATIC) -> None:
        self.path = path
        self.configurations = Configurations(house)
        self.recordings = Recordings(house, intake)
        self._intake = intake
        self._files = files(folder)
        self._clocks: Memo[str, int] = Memo(16_384)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"][len(self.path) + 2 :]
        if name in {BATCHES, CHUNKS}:
            scope["route"] = f"{ROUTE}/{name}"
            await self._post(scope, receive, send, self._batch if name == BATCHES else self._chunk)
        elif scope["method"] not in {"GET", "HEAD"}:
            scope["route"] = ROUTE
            raise MethodNotAllowed("GET, HEAD")
        elif name.startswith(RULES) and name.endswith(".json"):
            scope["route"] = f"{ROUTE}/{RULES}{{rules}}.json"
            await self._rules(scope, send, name[len(RULES) : -len(".json")])
        else:
            scope["route"] = f"{ROUTE}/{{file}}"
            asset = self._files.get(name)
            if asset is None:
                raise NotFound("there is no such address here")
            await serve(asset, scope, send, head=scope["method"] == "HEAD", more=_OPEN)

    async def recorder(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answer `GET /recorder.js`."""
        asset = self._files.get(RECORDER)
        if asset is None:
            raise NotFound("the browser's files were not built")
        await serve(asset, scope, send, head=scope["method"] == "HEAD", more=_OPEN)

    async def close(self) -> None:
        await self.configurations.close()

    async def _post(self, scope: Scope, receive: Receive, send: Send, take: Take) -> None:
        if scope["method"] == "OPTIONS":  # the SDK asks for nothing that needs it; a proxy may
            await _preflight(send)
            return
        if scope["method"] != "POST":
            raise MethodNotAllowed("POST, OPTIONS")
        try:
            said = await take(scope, await _body(receive))
        except SightlineError as error:
            await answer(send, *failed(error, scope))
        else:
            await answer(send, 200, said)

    async def _batch(self, scope: Scope, body: bytes) -> bytes:
        batch = own.decode(body)
        site = await self.site(batch.site)
        sender = sender_of(scope)
        sender.consent = batch.consent or sender.consent
        good, dropped = await self._judged(batch, sender)
        first = await self._intake.commit(good, key=batch.key, size=len(body) * 4)
        if batch.lost:
            metrics.count("ItemsLost", batch.lost)
        configuration = await self.configurations.of(site)
        visit = next((outcome.signal.visit for outcome in good if outcome.signal is not None), 0)
        return own.answer(
            visit=visit, accepted=len(good) if first else 0, duplicate=not first, dropped=dropped,
            configuration=None if batch.configuration == configuration.id else configuration.told,
        )  # fmt: skip

    async def _chunk(self, scope: Scope, body: bytes) -> bytes:
        sent = recordings.decode(body)
        site = await self.site(sent.site)
        sender = sender_of(scope)
        sender.consent = sent.consent or sender.consent
        new, reason = await self.recordings.take(sent, site, sender, self._ahead(sent.document, sent.at_ms))
        if reason:  # for good: the recorder stops
            raise NotAllowed(f"this recording is not wanted: {reason}")
        return own.answer(visit=0, accepted=int(new), duplicate=not new, dropped=[], configuration=None)

    async def _judged(self, batch: own.Batch, sender: Sender) -> tuple[list[Outcome], list[tuple[int, str]]]:
        """What is to be committed, and why the rest is not, by its place in the batch."""
        good: list[Outcome] = []
        dropped: list[tuple[int, str]] = []
        judged: Judged = {}
        ahead_ms = self._ahead(batch.document, batch.at_ms)
        oldest_ms = clock.now_ms() - own.MAX_AGE_MS
        for index, sent in enumerate(batch.items):
            if isinstance(sent, Malformed):
                metrics.count("HitsDropped", Reason="malformed")
                dropped.append((index, f"malformed: {'.'.join(sent.path)}: {sent.message}"))
                continue
            make = made.of_item(batch, sent.item)
            at_ms = max(sent.at_ms + ahead_ms, oldest_ms)
            outcome = await self._intake.take(sent.hit, sender, judged, at_ms=at_ms, make=make)
            if outcome.reason is Reason.RATE:
                # Nothing of this batch is stored yet: it comes again, whole, when there is room.
                raise TooManyRequests("this visitor sends too much", retry_after=_RETRY_S)
            if outcome.reason is None:
                good.append(outcome)
            else:
                dropped.append((index, outcome.reason.value))
        return good, dropped

    def _ahead(self, document: str, at_ms: int) -> int:
        """How far this clock is ahead of the browser's: the same for all batches of a page, so that order is kept."""
        measured = clock.now_ms() - at_ms
        known = self._clocks.get(document, None)
        if known is None or abs(known - measured) > _CLOCK_WAS_SET_MS:
            return self._clocks.put(document, measured)
        return known

    async def site(self, name: str) -> Watched:
        site = await self._intake.sites.find(name)
        if site is None:
            raise UnknownTarget("there is no such site", path=("site",))
        return site

    async def _rules(self, scope: Scope, send: Send, name: str) -> None:
        found = await self.configurations.dictionary(name)
        if found is None:
            raise NotFound("there are no such rules here")
        asset = Asset("rules", TYPES[".json"], _FOREVER, found.name, {"identity": found.plain, "gzip": found.small})
        await serve(asset, scope, send, head=scope["method"] == "HEAD", more=_OPEN)


def files(folder: Path) -> dict[str, Asset]:
    """The built files: the entries are asked for again after an hour, the others carry their digest in their name."""
    found = {path.name: read(path, folder) for path in folder.glob("*.js")}
    return {
        name: replace(asset, route="sdk", cache=_HOUR if name in {ENTRY, RECORDER} else _FOREVER)
        for name, asset in found.items()
    }


def failed(error: SightlineError, scope: Scope) -> tuple[int, bytes, Headers]:
    """An error as every route says it, readable by the page that asked."""
    if isinstance(error, Malformed):
        metrics.count("HitsDropped", Reason="unknown_target" if isinstance(error, UnknownTarget) else "malformed")
    document = error_document(error, scope["state"]["request_id"])
    headers = [(name.encode(), value.encode()) for name, value in error.headers().items()]
    return error.status, msgspec.json.encode(document), headers


async def answer(send: Send, status: int, body: bytes, told: Headers = ()) -> None:
    headers = [*_ANSWER, (b"content-length", b"%d" % len(body)), *told]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _preflight(send: Send) -> None:
    headers = [
        *((name.encode(), value.encode()) for name, value in _OPEN.items()),
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", b"content-type"),
        (b"access-control-max-age", b"86400"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


declare(f"{ROUTE}/{BATCHES}", ("POST", "OPTIONS"), "pages send what happened; a site's key stands in every page")
declare(f"{ROUTE}/{CHUNKS}", ("POST", "OPTIONS"), "pages send recordings, which are masked before they are stored")
declare(f"/{RECORDER}", "GET", "the recorder that pages load which were made for Umami's")
declare(f"{ROUTE}/{{file}}", "GET", "the SDK that pages load")
declare(f"{ROUTE}/{RULES}{{rules}}.json", "GET", "what the SDK masks by; every visitor's browser reads it")
