"""The routes of OpenReplay's tracker below `/ingest`, so that it works unchanged: only its ingest point is another.

This only wires: `collect.openreplay` reads, `tracked` takes. Any origin may send and read; what may be sent is decided
by the token that a start was answered with. The tracker gives a page up after ten answers that are errors, so what is
not wanted is taken and dropped, and the answer's header says why.
"""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs

from sightline import clock, metrics
from sightline.accounts.watched import Watched
from sightline.collect.hits import Hit, Sender, What
from sightline.collect.openreplay import starting, tokens
from sightline.collect.openreplay.happenings import Context, host_of, of_sdk
from sightline.collect.openreplay.tokens import Session
from sightline.collect.policy import Case, event
from sightline.errors import NotAllowed, NotFound, NotSignedIn, SightlineError
from sightline.operate.house import House
from sightline.server.asgi import App, Headers, Receive, Scope, Send, header
from sightline.server.browser import failed
from sightline.server.intake import Intake, Judged, Outcome, UnknownTarget
from sightline.server.permissions import declare
from sightline.server.routing import MethodNotAllowed
from sightline.server.senders import sender_of
from sightline.server.tracked import By, Told, Tracked
from sightline.signals.kind import Signal

PREFIX: Final = "/ingest"
_PURPOSE: Final = "openreplay token"
_NAMED: Final = 60  # characters of a release
_OPEN: Final = (
    (b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-expose-headers", b"x-sightline-dropped"), (b"cache-control", b"no-store"),
)  # fmt: skip
_PREFLIGHT: Final = (
    *_OPEN,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-encoding, content-type, datatype"),
    (b"access-control-max-age", b"86400"),
)
_JSON: Final = b"application/json"
Handler = Callable[[Scope, bytes], Awaitable[tuple[bytes, Told]]]


class OpenReplay:
    """What the tracker calls."""

    def __init__(self, house: House, intake: Intake) -> None:
        self.tracked = Tracked(house, intake)
        self._house = house
        self._intake = intake
        self._handlers: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/web/start"): self._start,
            ("POST", "/v1/web/i"): self._batch,
            ("POST", "/v1/web/images"): self._images,
            ("GET", "/v1/web/tags"): self._tags,
            ("GET", "/v1/web/conditions/{project}"): self._conditions,
            ("POST", "/v1/web/feature-flags"): self._flags,
            ("POST", "/v1/sdk/start"): self._start,
            ("POST", "/v1/sdk/i"): self._items,
        }

    def mounts(self) -> dict[str, App]:
        return {f"{PREFIX}/": self}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"][len(PREFIX) :], scope["method"]
        if path.startswith("/v1/web/conditions/"):
            path = "/v1/web/conditions/{project}"
        handler = self._handlers.get((method, path))
        known = handler is not None or any(known == path for _, known in self._handlers)
        if not known:
            raise NotFound("there is no such address here")
        scope["route"] = PREFIX + path
        scope["counted_only"] = True
        if method == "OPTIONS":
            await _answer(send, 204, b"", _PREFLIGHT)
            return
        if handler is None:
            raise MethodNotAllowed(", ".join(method for method, known in self._handlers if known == path) + ", OPTIONS")
        try:
            body, told = await handler(scope, await _body(receive))
        except SightlineError as error:
            status, body, headers = failed(error, scope)
            await _answer(send, status, body, (*_OPEN, (b"content-type", _JSON), *headers))
            return
        said = told.reason or (f"{told.lost} items" if told.lost else "")
        more = ((b"x-sightline-dropped", said.encode()),) if said else ()
        await _answer(send, 200, body, (*_OPEN, (b"content-type", _JSON), *more))

    # ---- sessions ----------------------------------------------------------------------------------------------------

    async def _start(self, scope: Scope, body: bytes) -> tuple[bytes, Told]:
        start = starting.decode(body)
        name, now_ms = start.project_key, clock.now_ms()
        site = await self._site(name)
        sender = sender_of(scope)
        sender.key = ""
        before = await self._opened(site, start.token, now_ms) if start.token else None
        if before is not None:
            sender = (await self.tracked.as_visitor(By(name, site, before, sender))).sender
        outcome = await self._arrived(name, sender, header(scope, b"origin") or "")
        signal = outcome.signal
        assert signal is not None
        delay_ms = start.delay_ms(now_ms)
        if before is not None and before.visit == signal.visit and start.token:
            session, token = before, start.token
        else:
            session = Session(
                signal.visitor, signal.visit, now_ms // 1000, now_ms, delay_ms, start.screen,
                (start.rev_id or "")[:_NAMED],
            )  # fmt: skip
            token = tokens.seal(await self._house.keys.hmac_key(site.tenant_id, _PURPOSE), name, session)
        # The tracker keeps a name of the browser and sends it again: it gets one back, which says and joins nothing.
        begun = starting.Begun(
            token=token, visit=session.visit, user=start.user_uuid or "00000000-0000-4000-8000-000000000000",
            delay_ms=delay_ms, project=str(site.id), started_ms=session.started_ms,
        )  # fmt: skip
        return starting.answer(begun), Told()

    async def _arrived(self, name: str, sender: Sender, origin: str) -> Outcome:
        """The visit of who starts; nothing of it is stored before something happens."""

        def make(case: Case, visit: int, person: int | None) -> list[Signal]:
            return [event(case, visit, person)]

        judged: Judged = {}
        hit = Hit(What.EVENT, name, hostname=host_of(origin))
        outcome = await self._intake.take(hit, sender, judged, make=make, quarantined=False)
        if outcome.reason is not None:
            raise NotAllowed(f"this visit is not wanted: {outcome.reason.value}")
        return outcome

    async def _opened(self, site: Watched, token: str, now_ms: int) -> Session | None:
        key = await self._house.keys.hmac_key(site.tenant_id, _PURPOSE)
        return tokens.open_token(key, token, now_ms // 1000)

    async def _by(self, scope: Scope) -> By:
        """Who sends a request, by its token."""
        given = header(scope, b"authorization") or ""
        token = given[7:].strip() if given[:7].lower() == "bearer " else ""
        name = tokens.site_of(token)
        site = await self._intake.sites.find(name) if name else None
        session = await self._opened(site, token, clock.now_ms()) if site is not None else None
        if site is None or session is None:
            raise NotSignedIn("this token is none of ours, or it has ended", hint="Start anew.")
        return By(name, site, session, sender_of(scope))

    async def _site(self, name: str) -> Watched:
        site = await self._intake.sites.find(name)
        if site is None:
            raise UnknownTarget("there is no such site", path=("projectKey",))
        return site

    # ---- what is sent ------------------------------------------------------------------------------------------------

    async def _batch(self, scope: Scope, body: bytes) -> tuple[bytes, Told]:
        by = await self._by(scope)
        read = await self.tracked.read(body)
        number = parse_qs(scope["query_string"].decode("latin-1")).get("batch", [""])[0].split("_")
        # Page and number are counted per tab, and stay what they are when it is sent again; older trackers send none.
        sent = "/".join(number[:2]) if len(number) > 1 else _digest(body)
        key = f"openreplay/{by.site.id}/{by.session.visit}/{read.tab}/{sent}"
        return b"", await self.tracked.take(by, read, key)

    async def _items(self, scope: Scope, body: bytes) -> tuple[bytes, Told]:
        by = await self._by(scope)
        context = Context(by.name, "", "", "", by.session.screen, clock.now_ms())
        key = f"openreplay/{by.site.id}/{by.session.visit}/{_digest(body)}"
        return b"", await self.tracked.take_items(by, of_sdk(context, body), key)

    async def _images(self, scope: Scope, _: bytes) -> tuple[bytes, Told]:
        """Pixels of canvases: the start has told the tracker to send none, and none are kept."""
        await self._by(scope)
        metrics.count("HitsDropped", Reason="canvas")
        return b"", Told(reason="canvas")

    async def _tags(self, scope: Scope, _: bytes) -> tuple[bytes, Told]:
        await self._by(scope)
        return json.dumps({"tags": []}).encode(), Told()

    async def _conditions(self, scope: Scope, _: bytes) -> tuple[bytes, Told]:
        await self._by(scope)
        return json.dumps({"conditions": []}).encode(), Told()

    async def _flags(self, _scope: Scope, _: bytes) -> tuple[bytes, Told]:
        return json.dumps({"flags": []}).encode(), Told()


def _digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.blake2b(body, digest_size=15).digest()).decode()


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = () if status == 204 else ((b"content-length", b"%d" % len(body)),)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})


_ASKED: Final = "OpenReplay's tracker; what it may send is decided by the token that it was given"
declare(f"{PREFIX}/v1/web/start", ("POST", "OPTIONS"), "OpenReplay's tracker begins; a site's key stands in every page")
declare(f"{PREFIX}/v1/sdk/start", ("POST", "OPTIONS"), "OpenReplay's analytics begin without a recording")
for _path in ("/v1/web/i", "/v1/web/images", "/v1/sdk/i"):
    declare(PREFIX + _path, ("POST", "OPTIONS"), _ASKED)
for _path in ("/v1/web/tags", "/v1/web/conditions/{project}"):
    declare(PREFIX + _path, ("GET", "OPTIONS"), _ASKED)
declare(f"{PREFIX}/v1/web/feature-flags", ("POST", "OPTIONS"), "older trackers of OpenReplay ask; there are none")
