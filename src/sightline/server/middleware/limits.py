"""Bounds on what one request may cost: the size of its body and the time it takes."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sightline.errors import TooLarge, Unavailable
from sightline.server.asgi import App, Message, Receive, Scope, Send, answer_error, header


class RequestTimeout(Unavailable):
    """The request took longer than this server allows."""

    code = "timeout"
    status = 503


class BodyLimit:
    """Refuse a body over `max_bytes`: at once by its declared length, otherwise as soon as more has come.

    `larger` are the beginnings of paths whose bodies may be larger, with how large.
    """

    def __init__(self, app: App, max_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes has to be positive, got {max_bytes!r}")
        self._app = app
        self._max_bytes = max_bytes
        self._larger = tuple((larger or {}).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._max_bytes
        for prefix, bytes_ in self._larger:
            if scope["path"].startswith(prefix):
                most = max(most, bytes_)
        declared = header(scope, b"content-length")
        if declared is not None and declared.isdigit():
            if int(declared) > most:
                raise self._too_large(most)
            if header(scope, b"transfer-encoding") is None:  # then the parser lets no more pass than is declared
                await self._app(scope, receive, send)
                return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise self._too_large(most)
            return message

        await self._app(scope, receive_counted, send)

    @staticmethod
    def _too_large(most: int) -> TooLarge:
        return TooLarge(f"the body is larger than {most} bytes", hint="Send less at once.")


class Timeout:
    """End a request that takes longer than `seconds`; once its answer has begun, streaming has no limit.

    All requests share one timer: it waits for the oldest of them, and under load hardly ever finds one to end. A timer
    for each would cost more than the rest of this file.
    """

    def __init__(self, app: App, seconds: float) -> None:
        if seconds <= 0:
            raise ValueError(f"seconds has to be positive, got {seconds!r}")
        self._app = app
        self._seconds = seconds
        self._ends: dict[asyncio.Task[Any], float] = {}  # in the order in which they began, so the first ends first
        self._ended: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        task = asyncio.current_task()
        assert task is not None
        ends = self._ends
        self._begin(task)

        async def send_started(message: Message) -> None:
            if message["type"] == "http.response.start":
                ends.pop(task, None)
            await send(message)

        try:
            await self._app(scope, receive, send_started)
        except asyncio.CancelledError:
            if not self._is_ours(task):
                raise
            await answer_error(send, RequestTimeout(), scope["state"]["request_id"])
        finally:
            ends.pop(task, None)
            self._ended.discard(task)

    def _begin(self, task: asyncio.Task[Any]) -> None:
        loop = asyncio.get_running_loop()
        self._ends[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._sweep)

    def _sweep(self) -> None:
        """End what is over, and wait for the oldest of the others."""
        loop = asyncio.get_running_loop()
        now, self._timer = loop.time(), None
        while self._ends:
            task, end = next(iter(self._ends.items()))
            if end > now:
                self._timer = loop.call_at(end, self._sweep)
                break
            del self._ends[task]
            self._ended.add(task)
            task.cancel()

    def _is_ours(self, task: asyncio.Task[Any]) -> bool:
        """Whether it was this limit alone that cancelled a task, as asyncio's own timeout asks."""
        if task not in self._ended:
            return False
        self._ended.discard(task)
        return task.uncancel() == 0
