"""The routes that collect, as plain ASGI before any framework: Umami's, its recorder's, links, pixels and the script.

This file only wires: a decoder makes hits of bytes, `intake` judges and commits them, and the answer is given
afterwards. Any page may read every answer, also an error: that is what collecting is for.
"""

import asyncio
import contextlib
import gc
import gzip
import hashlib
from collections.abc import AsyncIterator, Mapping
from importlib import resources
from typing import Final

from sightline import metrics
from sightline.accounts import tracking
from sightline.collect import recordings, umami, umami_recording
from sightline.collect.hits import Hit, Malformed, Sender, What
from sightline.collect.policy import Reason
from sightline.errors import NotFound, SightlineError, Unavailable
from sightline.operate.house import House
from sightline.server.asgi import App, Headers, Receive, Scope, Send, header
from sightline.server.backend import PREFIX as BACKEND
from sightline.server.backend import Backend
from sightline.server.browser import CHUNKS, RECORDER, Sdk
from sightline.server.intake import Intake, Judged, Outcome, UnknownTarget
from sightline.server.openreplay import OpenReplay
from sightline.server.permissions import declare
from sightline.server.routing import MethodNotAllowed
from sightline.server.senders import sender_of
from sightline.server.umami_recorder import NoSession, UmamiRecorder
from sightline.signals.journal import Journal

_COLLECTOR: Final = (10_000, 20, 50)
_OPEN: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_NOT_KEPT: Final = (b"cache-control", b"no-store")
_JSON: Final = (
    (b"content-type", b"application/json"),
    *_OPEN,
    (b"access-control-expose-headers", b"x-sightline-dropped, x-sightline-ignored, x-sightline-cut, retry-after"),
    _NOT_KEPT,
)
_PREFLIGHT: Final = (
    *_OPEN,
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    # The star does not stand for authorization, and for nothing at all in a request with credentials.
    (b"access-control-allow-headers", b"*, authorization, content-type, x-umami-cache, x-sightline-consent"),
    (b"access-control-max-age", b"86400"),
)
_PIXEL: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
# What Umami answers to an address that is blocked; everything else that is dropped it answers like a bot.
_REFUSALS: Final = {
    Reason.OWN_ADDRESS: (403, umami.failed(403, "forbidden", "This address is not counted.")),
    Reason.RATE: (429, umami.failed(429, "too-many-requests", "This visitor sends too much.")),
}
_MACHINES: Final = frozenset({Reason.NO_AGENT, Reason.HEADLESS, Reason.BOT, Reason.DATA_CENTRE})
RECORD: Final = "/api/record"
_LARGE: Final = 65_536


class Collecting:
    """The collecting routes of one process."""

    def __init__(self, house: House, journal: Journal, path: str) -> None:
        self.intake = Intake(house, journal)
        self.sdk = Sdk(house, self.intake, path)
        self.recorder = UmamiRecorder(house, self.intake, self.sdk.recordings, self.sdk.configurations)
        self.openreplay = OpenReplay(house, self.intake)
        self.backend = Backend(house, self.intake, journal)
        self._most_items = house.settings.collect.batch_items
        self._script = Script.load()

    def routes(self) -> Mapping[tuple[str, str], App]:
        return {
            ("POST", "/api/send"): self.send,
            ("POST", "/api/batch"): self.batch,
            ("POST", RECORD): self.record,
            ("OPTIONS", "/api/send"): _preflight,
            ("OPTIONS", "/api/batch"): _preflight,
            ("OPTIONS", RECORD): _preflight,
            ("GET", "/script.js"): self._script,
            ("GET", f"/{RECORDER}"): self.sdk.recorder,
        }

    def larger(self) -> Mapping[str, int]:
        """Paths whose bodies may be larger than others: whole pages come there."""
        return dict.fromkeys((RECORD, f"/{self.sdk.path}/{CHUNKS}"), recordings.MAX_BODY)

    def mounts(self) -> Mapping[str, App]:
        named: dict[str, App] = {"/p/": self.pixel, "/q/": self.link, f"/{self.sdk.path}/": self.sdk}
        named[BACKEND] = self.backend
        return named | self.openreplay.mounts()

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /api/send`."""
        scope["counted_only"] = True
        try:
            hit = umami.decode(await _body(receive))
            outcome = await self.intake.take(hit, sender_of(scope))
            token = ""
            if outcome.signal is not None:
                token = await self.intake.token(outcome)
                await self.intake.commit([outcome])
        except SightlineError as error:
            status, body, headers = _failed(error)
        else:
            status, body = _said(outcome, token)
            headers = _told(outcome)
        await _answer(send, status, body, headers)

    async def batch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /api/batch`: every good item is committed with the others, in one transaction."""
        scope["counted_only"] = True
        try:
            hits = umami.decode_batch(await _body(receive), self._most_items)
            sender, judged = sender_of(scope), Judged()
            found = [hit if isinstance(hit, Malformed) else await self._one(hit, sender, judged) for hit in hits]
            good = [one for one in found if isinstance(one, Outcome) and one.signal is not None]
            token = await self.intake.token(good[-1]) if good else ""
            await self.intake.commit(good)
        except SightlineError as error:
            await _answer(send, *_failed(error))
            return
        # Umami answers with what was wrong; what it says of the good ones is the token of the last.
        wrong: list[tuple[int, bytes]] = []
        for index, one in enumerate(found):
            if not isinstance(one, Outcome):
                wrong.append((index, _failed(one)[1]))
            elif one.reason in _REFUSALS:
                wrong.append((index, _said(one, "")[1]))
        body = umami.batch_answer(len(found), wrong, token)
        await _answer(send, 200, body, ())

    async def record(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /api/record`: what Umami's recorder has seen since it sent the last time."""
        scope["counted_only"] = True
        try:
            body = await _body(receive)
            decode = umami_recording.decode
            flush = await asyncio.to_thread(decode, body) if len(body) > _LARGE else decode(body)
            reason: str | None = None
            if flush is None:
                reason = "heatmap_disabled"
            elif flush.events:
                reason = await self.recorder.take(flush, sender_of(scope), header(scope, b"origin") or "")
        except NoSession as error:
            metrics.count("HitsDropped", Reason="no_session")
            await _answer(send, 400, umami.failed(400, "bad-request", error.message, hint=error.hint), ())
        except SightlineError as error:
            await _answer(send, *_failed(error))
        else:
            await _answer(send, *_recorded(reason))

    async def pixel(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answer `GET /p/{slug}`: a picture of one pixel, whatever becomes of the hit."""
        await self._open(scope, What.PIXEL)
        headers = [(b"content-type", b"image/gif"), (b"content-length", b"%d" % len(_PIXEL)), *_OPEN, _NOT_KEPT]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _PIXEL})

    async def link(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answer `GET /q/{slug}`: on to where the link leads, whatever becomes of the hit."""
        url = await self._open(scope, What.LINK)
        headers = [(b"location", url.encode()), (b"content-length", b"0"), _NOT_KEPT]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _open(self, scope: Scope, what: What) -> str:
        """Count who opened a link or pixel; return where it leads."""
        path = scope["path"]
        scope["route"] = f"{path[:3]}{{slug}}"
        scope["counted_only"] = True
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("GET")
        name = path[1:]
        site = await self.intake.sites.find(name)
        if site is None:
            raise NotFound("there is no such address here")
        if scope["method"] == "GET":
            host = (header(scope, b"host") or "").partition(":")[0]
            hit = Hit(what, name, hostname=host, url=path, referrer=header(scope, b"referer") or "")
            try:
                outcome = await self.intake.take(hit, sender_of(scope))
                await self.intake.commit([outcome])
            except Unavailable:  # who follows a link shall arrive, also while PostgreSQL is away
                metrics.count("HitsDropped", Reason="unavailable")
        return site.url

    async def _one(self, hit: Hit, sender: Sender, judged: Judged) -> Outcome | SightlineError:
        """One item of a batch; only what is wrong with all of them ends the batch."""
        try:
            return await self.intake.take(hit, sender, judged)
        except Unavailable:
            raise
        except SightlineError as error:
            return error


class Script:
    """`GET /script.js`: the tracker, small enough to be held twice, plain and compressed."""

    def __init__(self, text: bytes) -> None:
        self._plain = text
        self._small = gzip.compress(text, 9, mtime=0)
        self._tag = f'"{hashlib.sha256(text).hexdigest()[:16]}"'.encode()

    @classmethod
    def load(cls) -> "Script":
        """Read the file; its indents and the lines that are comments stay at home."""
        lines = resources.files("sightline.collect").joinpath("script.js").read_text("utf-8").splitlines()
        kept = [line.strip() for line in lines if line.strip() and not line.strip().startswith("/*")]
        return cls("\n".join(kept).encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        headers = [
            *_OPEN,
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"cache-control", b"public, max-age=86400, must-revalidate"),
            (b"etag", self._tag),
            (b"vary", b"accept-encoding"),
        ]
        status, body = 200, self._plain
        if (header(scope, b"if-none-match") or "").encode("latin-1") == self._tag:
            status, body = 304, b""
        elif "gzip" in (header(scope, b"accept-encoding") or ""):
            body = self._small
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


@contextlib.asynccontextmanager
async def collecting(house: House, made: type[Collecting] = Collecting) -> AsyncIterator[Collecting]:
    """The collecting of a process, with its journal."""
    journal = Journal(house.direct, house.settings.signals)
    found = made(house, journal, await tracking.path(house.database))
    await journal.start()
    # What a request allocates is gone with it, nearly all of it without the collector: looking for the rest every 700
    # objects costs a tenth of the process's time.
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECTOR)
    try:
        yield found
    finally:
        gc.set_threshold(*before)
        await journal.close()
        await found.intake.close()
        await found.sdk.close()
        await found.openreplay.tracked.close()
        found.backend.close()


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _said(outcome: Outcome, token: str) -> tuple[int, bytes]:
    """What Umami answers."""
    signal = outcome.signal
    if signal is not None:
        return 200, umami.accepted(token, signal.visitor, signal.visit)
    assert outcome.reason is not None
    return _REFUSALS.get(outcome.reason, (200, umami.BOT))


def _recorded(reason: str | None) -> tuple[int, bytes, Headers]:
    """What Umami answers to its recorder, and in a header why nothing was recorded."""
    if reason is None:
        return 200, b'{"ok":true}', ()
    told = [(b"x-sightline-dropped", reason.encode())]
    if reason in _REFUSALS:
        return *_REFUSALS[Reason(reason)], told
    if reason in _MACHINES:
        return 200, umami.BOT, told
    known = reason if reason.endswith("_disabled") else umami_recording.DISABLED
    return 200, b'{"ok":false,"reason":"%s"}' % known.encode(), told


def _told(outcome: Outcome) -> Headers:
    """What the answer says of what was not stored as it came."""
    if outcome.signal is not None and not outcome.ignored and not outcome.cut:
        return ()
    told = ((b"x-sightline-dropped", outcome.reason or ""), (b"x-sightline-ignored", outcome.ignored),
            (b"x-sightline-cut", ", ".join(dict.fromkeys(outcome.cut))))  # fmt: skip
    headers = [(name, value.encode()) for name, value in told if value]
    if outcome.reason is Reason.RATE:
        headers.append((b"retry-after", b"10"))
    return headers


def _failed(error: SightlineError) -> tuple[int, bytes, Headers]:
    """An error in Umami's shape: for what cannot be read a tree that ends at the field."""
    if isinstance(error, Malformed):
        reason = "unknown_target" if isinstance(error, UnknownTarget) else "malformed"
        metrics.count("HitsDropped", Reason=reason)
        return 400, umami.refused(error), [(b"x-sightline-dropped", reason.encode())]
    body = umami.failed(error.status, error.code.replace("_", "-"), error.message, hint=error.hint)
    return error.status, body, [(name.encode(), value.encode()) for name, value in error.headers().items()]


async def _answer(send: Send, status: int, body: bytes, told: Headers) -> None:
    headers = [*_JSON, (b"content-length", b"%d" % len(body)), *told]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _preflight(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    await send({"type": "http.response.start", "status": 204, "headers": list(_PREFLIGHT)})
    await send({"type": "http.response.body", "body": b""})


declare("/api/send", ("POST", "OPTIONS"), "pages send what happened; a site's UUID stands in every page")
declare("/api/batch", ("POST", "OPTIONS"), "the same, several at once")
declare(RECORD, ("POST", "OPTIONS"), "Umami's recorder; whose it is says the token that the tracker was given")
declare("/script.js", "GET", "the tracker that pages load")
declare("/p/{slug}", "GET", "a picture that counts who loads it")
declare("/q/{slug}", "GET", "a link that counts who follows it")
