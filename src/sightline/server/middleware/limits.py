"""Bounds on what one request may cost: the size of its body and the time it takes."""

import asyncio

from sightline.errors import TooLarge, Unavailable
from sightline.server.asgi import App, Message, Receive, Scope, Send, answer_error, header


class RequestTimeout(Unavailable):
    """The request took longer than this server allows."""

    code = "timeout"
    status = 503


class BodyLimit:
    """Refuse a body over `max_bytes`: at once by its declared length, otherwise as soon as more has come."""

    def __init__(self, app: App, max_bytes: int) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes has to be positive, got {max_bytes!r}")
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = header(scope, b"content-length")
        if declared is not None and declared.isdigit() and int(declared) > self._max_bytes:
            raise self._too_large()
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise self._too_large()
            return message

        await self._app(scope, receive_counted, send)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is larger than {self._max_bytes} bytes", hint="Send less at once.")


class Timeout:
    """End a request that takes longer than `seconds`; once its answer has begun, streaming has no limit."""

    def __init__(self, app: App, seconds: float) -> None:
        if seconds <= 0:
            raise ValueError(f"seconds has to be positive, got {seconds!r}")
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:

                async def send_started(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        limit.reschedule(None)
                    await send(message)

                await self._app(scope, receive, send_started)
        except TimeoutError:
            if not limit.expired():
                raise
            await answer_error(send, RequestTimeout(), scope["state"]["request_id"])
