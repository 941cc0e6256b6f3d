"""Who sends a hit: the address of the connection, and the few headers that collecting reads, in one pass over them."""

from typing import Final, get_args

from sightline.collect import limits
from sightline.collect.hits import Sender
from sightline.collect.places import CITY_HEADERS, COUNTRY_HEADERS, REGION_HEADERS
from sightline.privacy.consent import Mode
from sightline.server.asgi import Scope

_MODES: Final[dict[str, Mode]] = {mode: mode for mode in get_args(Mode)}
_PLAIN: Final = {
    b"user-agent": "agent", b"x-umami-cache": "token", b"authorization": "key", b"x-umami-api-key": "key",
    b"sec-gpc": "gpc", b"dnt": "dnt",
}  # fmt: skip
_NEAR: Final = {
    name: part for part, names in enumerate((COUNTRY_HEADERS, REGION_HEADERS, CITY_HEADERS)) for name in names
}


def sender_of(scope: Scope) -> Sender:
    """The sender. Places are read only from a proxy that is trusted: everybody else could say anything."""
    client = scope.get("client")
    found = Sender(address=client[0] if client else "")
    trusted = scope.get("trusted_proxy", False)
    near: list[str] | None = None
    for name, value in scope["headers"]:
        if name in _PLAIN:
            setattr(found, _PLAIN[name], value[: limits.AGENT].decode("latin-1"))
        elif name == b"x-sightline-consent":
            found.consent = _MODES.get(value.decode("latin-1"), "none")
        elif trusted and name in _NEAR:
            near = near or ["", "", ""]
            near[_NEAR[name]] = near[_NEAR[name]] or value[:100].decode("utf-8", "replace")
    if near:
        found.near = near[0], near[1], near[2]
    return found
