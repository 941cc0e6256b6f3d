"""One line and two metrics per request, with ids and without personal data.

Neither the path as sent nor the query, the address or any header is written: the template of the route is.
What pages send (`counted_only`) gets a line only when it failed: one for each hit would cost more than to store it.
An error that nobody expected is answered with its request id and logged with its stack, masked by the log's filter.
"""

import logging
import random
import re
import time

from sightline import metrics
from sightline.errors import ServiceError, SightlineError
from sightline.server.asgi import App, Message, Receive, Scope, Send, answer_error, header

log = logging.getLogger("sightline.access")

_TRACE_PARENT = re.compile(r"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


class Access:
    """The outermost middleware: gives each request its id, and catches what the others let through."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"{random.getrandbits(64):016x}"
        scope.setdefault("state", {})["request_id"] = request_id
        started, status, sent = time.perf_counter(), 0, 0

        async def send_counted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        except SightlineError as error:
            if status:
                raise
            await answer_error(send_counted, error, request_id)
        except Exception:
            log.exception("request failed", extra={"request_id": request_id, "route": _route(scope)})
            if status:
                raise
            await answer_error(send_counted, ServiceError(hint="The log has more under this request id."), request_id)
        finally:
            self._note(scope, request_id, status, sent, (time.perf_counter() - started) * 1000)

    @staticmethod
    def _note(scope: Scope, request_id: str, status: int, sent: int, duration_ms: float) -> None:
        route = _route(scope)
        metrics.count("Requests", Route=route, Status=f"{status // 100}xx")
        metrics.observe("RequestDuration", round(duration_ms, 2), Route=route)
        if not log.isEnabledFor(logging.INFO) or (status < 400 and scope.get("counted_only")):
            return
        trace = _TRACE_PARENT.match(header(scope, b"traceparent") or "")
        log.info(
            "request",
            extra={
                "request_id": request_id,
                "trace_id": trace[1] if trace else None,
                "method": scope["method"],
                "route": route,
                "status": status,
                "bytes": sent,
                "duration_ms": round(duration_ms, 2),
            },
        )


def _route(scope: Scope) -> str:
    """The template of the route that answered; what was sent as a path may hold anything."""
    found = scope.get("route")
    return str(getattr(found, "path", None) or found or "unmatched")
