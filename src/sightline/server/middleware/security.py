"""The headers that tell a browser what this origin may do: next to nothing."""

from sightline.privacy.memo import Memo
from sightline.server.asgi import App, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
# Only where the address is https: on http a browser ignores it, and a proxy may pass it on.
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """Add the headers to every answer; a route that sets one of them itself keeps its own."""

    def __init__(self, app: App, *, https: bool) -> None:
        self._app = app
        self._headers = (*_HEADERS, _STRICT_TRANSPORT) if https else _HEADERS
        # What is added depends only on the names that an answer has already, and those repeat themselves.
        self._added: Memo[tuple[bytes, ...], tuple[tuple[bytes, bytes], ...]] = Memo(256)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                names = tuple([name for name, _ in headers])
                added = self._added.get(names, None)
                if added is None:
                    own = {name.lower() for name in names}
                    added = self._added.put(names, tuple(pair for pair in self._headers if pair[0] not in own))
                message["headers"] = [*headers, *added]
            await send(message)

        await self._app(scope, receive, send_secured)
