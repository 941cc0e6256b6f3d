"""Links that show one recording to whoever has them, until they expire.

    site . base64url( MessagePack of `Share` | MAC of 16 bytes )

Nothing of it is stored: a link ends with its time, with its recording, or with the site's key for links.
"""

from typing import Final

import msgspec
from msgspec import Struct

from sightline.keys.signed import body_of, signed
from sightline.privacy.pseudonyms import MacKey

PURPOSE: Final = "recording share"
MAX_HOURS: Final = 30 * 24
MAX_TOKEN: Final = 400


class Share(Struct, frozen=True, array_like=True):
    """What a link shows: one recording, from a moment on, until it expires."""

    site: int
    visit: int
    tab: str
    at_ms: int
    until_ms: int


_decoder: Final = msgspec.msgpack.Decoder(Share)


def seal(key: MacKey, share: Share) -> str:
    return f"{share.site}.{signed(key.digest, msgspec.msgpack.encode(share))}"


def site_of(token: str) -> int | None:
    """The site whose key has made a link; nothing is checked yet."""
    site = token.partition(".")[0]
    return int(site) if site.isascii() and site.isdigit() and len(site) < 19 and len(token) <= MAX_TOKEN else None


def open_share(key: MacKey, token: str, now_ms: int) -> Share | None:
    """What a link shows; None when it is none of ours, altered or expired."""
    site, _, text = token.partition(".")
    body = body_of(key.digest, text)
    if body is None:
        return None
    share = _decoder.decode(body)
    return share if str(share.site) == site and now_ms < share.until_ms else None
