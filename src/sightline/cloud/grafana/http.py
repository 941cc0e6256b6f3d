"""Grafana's HTTP API, as far as it is needed: JSON in and out, with a token that lives for minutes."""

import json
import urllib.error
import urllib.request
from typing import Any, Final

from sightline.errors import ServiceError

_TIMEOUT_S: Final = 30


class GrafanaRefused(ServiceError):
    """Grafana did not do what was asked."""

    code = "grafana"


class GrafanaAway(ServiceError):
    """Grafana does not answer."""

    code = "grafana_away"
    exit_code = 3


class Grafana:
    """One workspace."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def get(self, path: str) -> Any:
        """What is there; nothing if there is none."""
        return self._ask("GET", path, None, missing=True)

    def send(self, method: str, path: str, body: Any) -> Any:
        return self._ask(method, path, body, missing=False)

    def _ask(self, method: str, path: str, body: Any, *, missing: bool) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the workspace's own https address
            f"{self._url}{path}", data, method=method,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as exc:
            with exc:
                if missing and exc.code == 404:
                    return None
                said = exc.read(500).decode("utf-8", "replace")
            hint = "The token has run out: run this again." if exc.code == 401 else "Look at what Grafana said."
            raise GrafanaRefused(f"Grafana answers {method} {path} with {exc.code}: {said}", hint=hint) from exc
        except (OSError, ValueError) as exc:
            raise GrafanaAway(
                f"Grafana at {self._url} does not answer: {exc}", hint="Check the network, then run this again."
            ) from exc
