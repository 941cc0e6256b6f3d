"""The token of an answer (Umami calls it cache): it lets a page's next hit be the same visitor on another network.

    version (1) | visitor (8) | visit (8) | document (4) | issued, seconds (4) | MAC (16)

in URL-safe base64 without padding. The MAC covers the id of the site too, so a token of one site says nothing on
another. It is taken for as long as a visit goes on without a hit, and every answer brings a new one.

A page keeps its token in a variable and no longer. So a hit without one begins a document, one load of a page, and
those that follow are of the same: by that the pages of Umami's recorder are told apart, which names none.
"""

import secrets
import struct
from typing import Final

from msgspec import Struct

from sightline.keys.signed import MAC_SIZE, body_of, signed
from sightline.privacy.pseudonyms import MacKey

LIFE_S: Final = 30 * 60
# Two nodes' clocks may differ.
_AHEAD_S: Final = 60
_BODY: Final = struct.Struct(">BQQII")
_SITE: Final = struct.Struct(">Q")
_VERSION: Final = 2
_LENGTH: Final = -(-(_BODY.size + MAC_SIZE) * 4 // 3)


class Token(Struct, frozen=True, gc=False):
    """What a valid token says."""

    visitor: int
    visit: int
    document: int = 0


def seal(key: MacKey, site: int, token: Token, now_s: int) -> str:
    body = _BODY.pack(_VERSION, token.visitor, token.visit, token.document, now_s)
    return signed(key.digest, body, _SITE.pack(site))


def new_document() -> int:
    """The number of a load of a page; it only has to differ from the others of its visit."""
    return secrets.randbits(32)


def open_token(key: MacKey, site: int, text: str, now_s: int) -> Token | None:
    """What the token says; None when it is none of ours, of another site, altered or too old."""
    if len(text) != _LENGTH:
        return None
    body = body_of(key.digest, text, _SITE.pack(site))
    if body is None:
        return None
    version, visitor, visit, document, issued_s = _BODY.unpack(body)
    if version != _VERSION or not -_AHEAD_S <= now_s - issued_s < LIFE_S:
        return None
    return Token(visitor, visit, document)
