"""Middleware for applications behind an adapter, or anywhere: each request is one invocation.

application = wsgi(application, service="shop")
app = asgi(app, service="shop")
"""

from __future__ import annotations

import os

from sightline_lambda import events
from sightline_lambda.handlers import Observed
from sightline_lambda.invocations import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from typing import Any


def _begin(observed: Observed, headers: Iterable[tuple[str, str]]) -> Any:
    call = observed.begin(None, None)
    if call is not None:
        call.origin.source = "http"
        events.taken(call.origin, headers)
        call.origin.correlation = call.origin.correlation or call.origin.xray or os.urandom(16).hex()
    return call


def wsgi(app: Callable[..., Iterable[bytes]], *, service: str = "") -> Callable[..., Iterable[bytes]]:
    """Observe a WSGI application; a request ends when its body was read to the end or closed."""
    observed = Observed(service or settings.service)

    def observing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = _quietly(
            lambda: _begin(observed, [(k[5:].replace("_", "-"), v) for k, v in environ.items() if k[:5] == "HTTP_"])
        )
        try:
            body = app(environ, start_response)
        except BaseException as error:
            observed.end(call, error)
            raise
        return _Body(body, observed, call)

    return observing


class _Body:
    """The body of an answer: what the application gave, piece by piece."""

    def __init__(self, body: Iterable[bytes], observed: Observed, call: Any) -> None:
        self._body, self._observed, self._call = body, observed, call

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except GeneratorExit:
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._end()

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._end()

    def _end(self, error: BaseException | None = None) -> None:
        call, self._call = self._call, None
        self._observed.end(call, error)


def asgi(app: Callable[..., Awaitable[None]], *, service: str = "") -> Callable[..., Awaitable[None]]:
    """Observe an ASGI application: its HTTP requests; lifespan and websockets pass through."""
    observed = Observed(service or settings.service)

    async def observing(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("type") != "http":
            await app(scope, receive, send)
            return
        call = _quietly(
            lambda: _begin(observed, [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope.get("headers", ())])
        )
        try:
            await app(scope, receive, send)
        except BaseException as error:
            observed.end(call, error)
            raise
        observed.end(call)

    return observing


def _quietly(begin: Callable[[], Any]) -> Any:
    try:
        return begin()
    except Exception:  # what cannot be observed is answered all the same
        return None
