"""The first choice of a request: plain routes by exact path, mounted applications by prefix, in that order.

Collecting routes are found here by one dictionary look-up, before any framework is entered.
"""

from collections.abc import Mapping

from sightline.errors import CallerError, NotFound
from sightline.server.asgi import App, Receive, Scope, Send


class MethodNotAllowed(CallerError):
    """This route does not take this method."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, allowed: str) -> None:
        super().__init__(hint=f"It takes {allowed}.")
        self._allowed = allowed

    def headers(self) -> Mapping[str, str]:
        return {"allow": self._allowed}


class Router:
    """`exact` maps (method, path) to an app, `mounts` a prefix to an app; the longest prefix wins."""

    def __init__(self, exact: Mapping[tuple[str, str], App], mounts: Mapping[str, App]) -> None:
        self._exact = dict(exact)
        self._methods: dict[str, list[str]] = {}
        for method, path in exact:
            self._methods.setdefault(path, []).append(method)
        self._mounts = sorted(mounts.items(), key=lambda mount: -len(mount[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"this server speaks http only, got {scope['type']!r}")
        path = scope["path"]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if app := self._exact.get((method, path)):
            scope["route"] = path
            await app(scope, receive, send)
            return
        if allowed := self._methods.get(path):
            scope["route"] = path
            raise MethodNotAllowed(", ".join(sorted(allowed)))
        for prefix, mounted in self._mounts:
            if path.startswith(prefix):
                await mounted(scope, receive, send)
                return
        raise NotFound("there is no such address here")
