"""Who is behind a proxy: believed only of proxies that are named in `server.trusted_proxies`.

From the right, X-Forwarded-For names who talked to whom; the first that is no trusted proxy is the client. Whether the
connection itself came from a trusted proxy is noted for later, as `trusted_proxy`: headers that say where a visitor is
are worth nothing from anybody else.
"""

import ipaddress
from collections.abc import Sequence

from sightline.errors import SettingError
from sightline.privacy.memo import Memo
from sightline.server.asgi import App, Receive, Scope, Send

EVERYBODY = "*"
_MOST_HOPS = 32


class Proxies:
    """Replaces the client of a request that a trusted proxy has passed on."""

    def __init__(self, app: App, trusted: Sequence[str]) -> None:
        self._app = app
        self._everybody = EVERYBODY in trusted
        try:
            self._networks = [ipaddress.ip_network(text, strict=False) for text in trusted if text != EVERYBODY]
        except ValueError as exc:
            raise SettingError(
                f"server.trusted_proxies: {exc}", hint="Name addresses or networks, as 10.0.0.0/8."
            ) from exc
        self._known: Memo[str, bool] = Memo(1024)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and self._trusts(client[0]):
            scope["trusted_proxy"] = True
            self._look_behind(scope, client)
        await self._app(scope, receive, send)

    def _look_behind(self, scope: Scope, client: tuple[str, int]) -> None:
        hops: list[str] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                hops += value.decode("latin-1").split(",")
            elif name == b"x-forwarded-proto" and value.strip() in {b"http", b"https"}:
                scope["scheme"] = value.strip().decode("ascii")
        address = client[0]
        for hop in reversed(hops[-_MOST_HOPS:]):
            found = _address(hop)
            if not found:  # whoever wrote this did not write an address: nothing before it can be believed
                break
            address = found
            if not self._trusts(found):
                break
        scope["client"] = (address, 0 if address != client[0] else client[1])

    def _trusts(self, address: str) -> bool:
        if self._everybody:
            return True
        found = self._known.get(address, None)
        if found is None:
            try:
                parsed = ipaddress.ip_address(address)
            except ValueError:
                return False
            found = self._known.put(address, any(parsed in network for network in self._networks))
        return found


def _address(text: str) -> str:
    """An address without its port; empty if it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
