"""The types of ASGI, and the few answers that plain routes give."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

from sightline.errors import SightlineError
from sightline.privacy.echo import without_values

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a request header; HTTP leaves the bytes open, latin-1 reads them all."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


async def answer(
    send: Send, status: int, body: bytes, content_type: bytes = b"application/json", headers: Headers = ()
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, value: object, headers: Headers = ()) -> None:
    await answer(send, status, msgspec.json.encode(value), headers=headers)


def error_document(error: SightlineError, request_id: str) -> dict[str, object]:
    """The one shape in which every route says an error."""
    message, hint = without_values(error.message), without_values(error.hint or "")
    found = {"code": error.code, "message": message, "hint": hint, "field": error.field}
    return {"error": {name: value for name, value in found.items() if value}, "request_id": request_id}


async def answer_error(send: Send, error: SightlineError, request_id: str) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in error.headers().items()]
    await answer_json(send, error.status, error_document(error, request_id), headers)
