"""Who sends a hit: the address of the connection, and the few headers that collecting reads, in one pass over them."""

from typing import Final, get_args

from sightline.collect import limits
from sightline.collect.hits import Sender
from sightline.collect.places import CITY_HEADERS, COUNTRY_HEADERS, REGION_HEADERS
from sightline.privacy.consent import Mode
from sightline.server.asgi import Scope

_MODES: Final[dict[str, Mode]] = {mode: mode for mode in get_args(Mode)}
_NEAR: Final = {
    name: part for part, names in enumerate((COUNTRY_HEADERS, REGION_HEADERS, CITY_HEADERS)) for name in names
}
# What each header that is read says; a number means a part of the place.
_READ: Final[dict[bytes, str | int]] = {
    b"user-agent": "agent", b"x-umami-cache": "token", b"authorization": "key", b"x-umami-api-key": "key",
    b"sec-gpc": "gpc", b"dnt": "dnt", b"x-sightline-consent": "consent", **_NEAR,
}  # fmt: skip


def sender_of(scope: Scope) -> Sender:
    """The sender. Places are read only from a proxy that is trusted: everybody else could say anything."""
    client = scope.get("client")
    found = Sender(address=client[0] if client else "")
    trusted = scope.get("trusted_proxy", False)
    near: list[str] | None = None
    for name, value in scope["headers"]:
        says = _READ.get(name)
        if says is None:
            continue
        if isinstance(says, int):
            if trusted:
                near = near or ["", "", ""]
                near[says] = near[says] or value[:100].decode("utf-8", "replace")
        elif says == "consent":
            found.consent = _MODES.get(value.decode("latin-1"), "none")
        else:
            setattr(found, says, value[: limits.AGENT].decode("latin-1"))
    if near:
        found.near = near[0], near[1], near[2]
    return found
