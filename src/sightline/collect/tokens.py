"""The token of an answer (Umami calls it cache): it lets a page's next hit be the same visitor on another network.

    version (1) | visitor (8) | visit (8) | issued, seconds (4) | MAC (16)      in URL-safe base64 without padding

The MAC covers the id of the site too, so a token of one site says nothing on another. It is taken for as long as a
visit goes on without a hit, and every answer brings a new one.
"""

import base64
import binascii
import hmac
import struct
from typing import Final

from msgspec import Struct

from sightline.privacy.pseudonyms import MacKey

LIFE_S: Final = 30 * 60
# Two nodes' clocks may differ.
_AHEAD_S: Final = 60
_BODY: Final = struct.Struct(">BQQI")
_SITE: Final = struct.Struct(">Q")
_VERSION: Final = 1
_MAC: Final = 16
_LENGTH: Final = -(-(_BODY.size + _MAC) * 4 // 3)


class Token(Struct, frozen=True, gc=False):
    """What a valid token says."""

    visitor: int
    visit: int


def seal(key: MacKey, site: int, visitor: int, visit: int, now_s: int) -> str:
    body = _BODY.pack(_VERSION, visitor, visit, now_s)
    mac = key.digest(_SITE.pack(site) + body)[:_MAC]
    return base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode("ascii")


def open_token(key: MacKey, site: int, text: str, now_s: int) -> Token | None:
    """What the token says; None when it is none of ours, of another site, altered or too old."""
    if len(text) != _LENGTH:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if len(mac) != _MAC or not hmac.compare_digest(mac, key.digest(_SITE.pack(site) + body)[:_MAC]):
        return None
    version, visitor, visit, issued_s = _BODY.unpack(body)
    if version != _VERSION or not -_AHEAD_S <= now_s - issued_s < LIFE_S:
        return None
    return Token(visitor, visit)
