"""Who is behind a proxy: believed only of proxies that are named in `server.trusted_proxies`.

From the right, X-Forwarded-For names who talked to whom; the first that is no trusted proxy is the client. Whether the
connection itself came from a trusted proxy is noted for later, as `trusted_proxy`: headers that say where a visitor is
are worth nothing from anybody else.
"""

import ipaddress
import socket
from collections.abc import Sequence

from sightline.errors import SettingError
from sightline.privacy.memo import Memo
from sightline.server.asgi import App, Receive, Scope, Send

EVERYBODY = "*"
_MOST_HOPS = 32
_MEMORABLE = 64  # bytes of X-Forwarded-For that are remembered


class Proxies:
    """Replaces the client of a request that a trusted proxy has passed on."""

    def __init__(self, app: App, trusted: Sequence[str]) -> None:
        self._app = app
        self._everybody = EVERYBODY in trusted
        try:
            networks = [ipaddress.ip_network(text, strict=False) for text in trusted if text != EVERYBODY]
        except ValueError as exc:
            raise SettingError(
                f"server.trusted_proxies: {exc}", hint="Name addresses or networks, as 10.0.0.0/8."
            ) from exc
        self._networks = [
            (network.max_prefixlen // 8, int(network.netmask), int(network.network_address)) for network in networks
        ]
        self._known: Memo[str, bool] = Memo(1024)
        # What stands in X-Forwarded-For where one proxy has passed a visitor on, and what comes of it.
        self._visitors: Memo[bytes, str] = Memo(32_768)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and self._trusts(client[0]):
            scope["trusted_proxy"] = True
            self._look_behind(scope, client)
        await self._app(scope, receive, send)

    def _look_behind(self, scope: Scope, client: tuple[str, int]) -> None:
        told = b""
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                told = told + b"," + value if told else value
            elif name == b"x-forwarded-proto" and value.strip() in {b"http", b"https"}:
                scope["scheme"] = value.strip().decode("ascii")
        if not told:
            return
        address = self._visitors.get(told, None)
        if address is None:
            address = self._behind(client[0], told.decode("latin-1").split(","))
            if address == client[0]:  # nothing that was told could be believed
                return
            if len(told) <= _MEMORABLE:
                self._visitors.put(told, address)
        scope["client"] = (address, 0)

    def _behind(self, address: str, hops: list[str]) -> str:
        """Who stands behind a trusted address."""
        for hop in reversed(hops[-_MOST_HOPS:]):
            found = _address(hop)
            if not found:  # whoever wrote this did not write an address: nothing before it can be believed
                break
            address = found
            if not self._trusts(found):
                break
        return address

    def _trusts(self, address: str) -> bool:
        if self._everybody:
            return True
        found = self._known.get(address, None)
        if found is None:
            found = self._known.put(address, self._lies_within(address))
        return found

    def _lies_within(self, address: str) -> bool:
        try:
            packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address.partition("%")[0])
        except OSError:
            return False
        number, size = int.from_bytes(packed, "big"), len(packed)
        return any(size == its_size and number & mask == base for its_size, mask, base in self._networks)


def _address(text: str) -> str:
    """An address without its port; empty if it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    if ":" not in text:  # the library's own parser takes no other form of it, and thirty times as long as this
        try:
            socket.inet_pton(socket.AF_INET, text)
        except (OSError, ValueError):
            return ""
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
