"""The mounted app: finds the route, asks who calls and what they may, and writes the answer or what was wrong.

Answers may be read by pages of any origin, as Umami's: a page has no token but one that somebody gave it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

import msgspec

from sightline.accounts.callers import Caller, nobody
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.compat.umami import callers, ids, targets
from sightline.compat.umami.calls import Call, no_such, read_query
from sightline.compat.umami.routes import PREFIX, Route, Table
from sightline.compat.umami.table import ROUTES
from sightline.errors import CallerError, InvalidValue, NotAllowed, NotFound, NotSignedIn, SightlineError
from sightline.operate.house import House
from sightline.privacy.echo import without_values

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_OPEN: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after, x-request-id"),
    (b"cache-control", b"no-store"),
)
_PREFLIGHT: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
    (b"access-control-allow-headers",
     b"*, authorization, content-type, x-umami-api-key, x-umami-share-token, x-umami-share-context"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
)  # fmt: skip
_GONE: Final = 499


class MethodNotAllowed(CallerError):
    """This route does not take this method."""

    code = "method_not_allowed"
    status = 405


class Umami:
    """The app of one process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._table = Table(ROUTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        identity: str = scope.get("state", {}).get("request_id", "")
        try:
            if scope["method"] == "OPTIONS":
                await _send(send, 204, b"", _PREFLIGHT)
                return
            route, parts = self._find(scope)
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            caller = await self._caller(route, headers, identity)
            call = Call(self._house, caller, parts, read_query(scope["query_string"]), headers)
            call.token, call.origin = callers.bearer(headers), (scope.get("client") or ("",))[0]
            await _grant(call, route)
            call.content = await _body(receive)
            answer = await while_waited_for(receive, route.answer(call))
            if answer is _NOBODY:
                await _send(send, _GONE, b"", _OPEN)
            else:
                await _send(send, 200, _encoded(answer), (*_OPEN, _JSON))
        except SightlineError as error:
            body = msgspec.json.encode(document(error, identity))
            told = [(name.encode(), value.encode()) for name, value in error.headers().items()]
            await _send(send, _status(error), body, (*_OPEN, _JSON, *told))

    def _find(self, scope: Scope) -> tuple[Route, Mapping[str, str]]:
        path: str = scope["path"].removeprefix(PREFIX).rstrip("/")
        found = self._table.find(path) if path.isprintable() else None
        if found is None:
            raise NotFound("there is no such address here")
        methods, parts = found
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        route = methods.get(method)
        if route is None:
            raise MethodNotAllowed(hint=f"It takes {', '.join(sorted(methods))}.")
        scope["route"] = route.address
        return route, parts

    async def _caller(self, route: Route, headers: Mapping[str, str], identity: str) -> Caller:
        if isinstance(route.need, Permission):
            return await callers.caller_of(self._house, headers, identity)
        return nobody(identity)


async def _grant(call: Call, route: Route) -> None:
    """Resolve what the caller may touch, and refuse what a share does not show."""
    if not isinstance(route.need, Permission):
        return
    if not call.caller.is_known:
        raise NotSignedIn
    share = call.caller.share
    if share is not None:
        if not route.pages & (share.pages | ({"any"} if share.pages else set())):
            raise NotAllowed("this share does not show that")
        call.only = share.only
        if not call.parts.keys() & {"site", "team"}:  # such a route looks itself at what the share shows
            return
    site, team = call.parts.get("site"), call.parts.get("team")
    for text, what in ((site, "website"), (team, "team")):
        if text is not None and not ids.is_uuid(text):
            raise no_such(what)
    if site is not None:
        site = await targets.site_of(call, site)
    call.granted = await scope_for(call.database, call.caller, route.need, site=site, team=team)


_NOBODY: Final = object()
_JSON: Final = (b"content-type", b"application/json; charset=utf-8")


async def while_waited_for(receive: Receive, work: Awaitable[object]) -> object:
    """Do the work as long as its client waits for it."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else _NOBODY
    finally:
        for one in (task, gone):
            if not one.done():
                one.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await one


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _encoded(answer: object) -> bytes:
    return msgspec.json.encode(answer, enc_hook=str)


_CODES: Final = {400: "bad-request", 401: "unauthorized", 403: "forbidden", 404: "not-found"}


def _status(error: SightlineError) -> int:
    return 400 if isinstance(error, InvalidValue) else error.status


def document(error: SightlineError, request_id: str) -> dict[str, object]:
    """An error in Umami's shape, with the field that is wrong and the request's id besides."""
    status = _status(error)
    message = without_values(error.line() if error.hint else error.message)
    found = {"message": message, "code": _CODES.get(status, error.code.replace("_", "-")), "status": status}
    if error.field:
        found["field"] = error.field
    return {"error": found, "request_id": request_id}


async def _send(send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    length = () if status == 204 else ((b"content-length", b"%d" % len(body)),)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})
