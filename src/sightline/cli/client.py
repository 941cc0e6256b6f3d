"""How a command asks the server that runs: over its API, with a key."""

import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from sightline.errors import CallerError, InvalidValue, NotSignedIn, SightlineError, Unavailable
from sightline.settings import Settings

_PREFIX: Final = "/api/v1"
_TIMEOUT_S: Final = 600


class Client:
    """The running server; `otherwise` is what else a user may do when there is no key or no server."""

    def __init__(self, settings: Settings, *, otherwise: str = "") -> None:
        client, server = settings.client, settings.server
        self._base = (client.url or server.public_url or f"http://{server.host}:{server.port}").rstrip("/")
        self._or = f", or {otherwise}" if otherwise else ""
        if not self._base.startswith(("http://", "https://")):
            raise InvalidValue(
                f"client.url is no address: {self._base[:80]!r}", hint="It begins with http:// or https://."
            )
        if client.key is None:
            raise NotSignedIn(
                "no API key is set to ask the server with",
                hint=f"Set SIGHTLINE_CLIENT_KEY (`sightline key create` makes one){self._or}.",
            )
        self._key = client.key.reveal()

    def get(self, path: str) -> Any:
        return json.loads(self.read(path))

    def post(self, path: str, document: object = None) -> Any:
        return json.loads(self.read(path, method="POST", document=document))

    def put(self, path: str, document: object) -> Any:
        return json.loads(self.read(path, method="PUT", document=document))

    def events(self, path: str, last: str = "") -> Iterator[tuple[str, str, Any]]:
        """Server-sent events as they come: name, id and what they hold; `last` is the id after which to go on."""
        headers = {"authorization": f"Bearer {self._key}", "accept": "text/event-stream"}
        if last:
            headers["last-event-id"] = last
        request = urllib.request.Request(self._base + _PREFIX + path, headers=headers)  # noqa: S310 - http(s), checked
        with self._asked(request) as answer:
            event: dict[str, str] = {}
            for raw in answer:
                field, _, value = raw.decode().rstrip("\n").partition(": ")
                if field:
                    event[field] = value
                elif event:
                    data = event.get("data")
                    yield event.get("event", ""), event.get("id", ""), json.loads(data) if data else None
                    event = {}

    def read(self, path: str, *, method: str = "GET", document: object = None, body: bytes | None = None) -> bytes:
        """Send a request, with a JSON document or some bytes, and return the body of its answer."""
        headers = {"authorization": f"Bearer {self._key}"}
        if document is not None:
            body, headers["content-type"] = json.dumps(document).encode(), "application/json"
        elif body is not None:
            headers["content-type"] = "application/octet-stream"
        request = urllib.request.Request(  # noqa: S310 - http(s), checked
            self._base + _PREFIX + path, data=body, method=method, headers=headers
        )
        with self._asked(request) as answer:
            said: bytes = answer.read()
            return said

    @contextlib.contextmanager
    def _asked(self, request: urllib.request.Request) -> Iterator[Any]:
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                yield answer
        except urllib.error.HTTPError as exc:
            raise _said(exc) from None
        except OSError as exc:
            reason = getattr(exc, "reason", exc)
            raise Unavailable(
                f"no server answers at {urllib.parse.urlsplit(self._base).netloc}: {reason}",
                hint=f"Start it with `sightline up`, set client.url{self._or}.",
            ) from None

    def site_id(self, site: str) -> str:
        """The id of the site of a name or domain, among those that the key may see."""
        cursor = ""
        while True:
            page = self.get(f"/sites?limit=200{cursor}")
            for one in page["items"]:
                if site in {one["id"], one["uuid"], one["name"], *one["domains"]}:
                    return str(one["id"])
            if page["next"] is None:
                raise CallerError(
                    f"there is no site {site!r}, or this key may not see it", hint="See `sightline site list`."
                )
            cursor = f"&cursor={page['next']}"


def _said(exc: urllib.error.HTTPError) -> SightlineError:
    """The server's own words, in the kind of error that gives the right exit code."""
    try:
        document = json.loads(exc.read())["error"]
    except (ValueError, KeyError):
        document = {"message": f"the server answered {exc.code}"}
    kind = {401: NotSignedIn, 403: NotSignedIn, 503: Unavailable}.get(exc.code, CallerError)
    return kind(document.get("message"), hint=document.get("hint"))
