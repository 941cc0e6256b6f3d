"""The token of a session of OpenReplay's tracker, which is one of our visits.

    public key or UUID of the site . base64url( MessagePack of `Session` | MAC of 16 bytes )

The MAC covers the site's name too. The tracker keeps the token in the tab, sends it with everything and cannot be given
another one until it starts anew, so it lives for a day; whether the visit goes on is asked with each batch.
"""

from typing import Final

import msgspec
from msgspec import Struct

from sightline.keys.signed import body_of, signed
from sightline.privacy.pseudonyms import MacKey

LIFE_S: Final = 24 * 3600
_AHEAD_S: Final = 60  # two nodes' clocks may differ
_LONGEST: Final = 1024


class Session(Struct, frozen=True, array_like=True):
    """What a token says."""

    visitor: int
    visit: int
    issued_s: int
    started_ms: int
    delay_ms: int  # how far the server's clock was ahead of the browser's
    screen: str = ""
    release: str = ""


_decoder: Final = msgspec.msgpack.Decoder(Session)


def seal(key: MacKey, site: str, session: Session) -> str:
    return f"{site}.{signed(key.digest, msgspec.msgpack.encode(session), _about(site))}"


def site_of(token: str) -> str:
    """The name of the site that a token is for; nothing is checked yet."""
    return token.partition(".")[0] if len(token) <= _LONGEST else ""


def open_token(key: MacKey, token: str, now_s: int) -> Session | None:
    """What a token says; None when it is none of ours, altered or too old."""
    site, _, text = token.partition(".")
    body = body_of(key.digest, text, _about(site))
    if body is None:
        return None
    session = _decoder.decode(body)
    return session if -_AHEAD_S <= now_s - session.issued_s < LIFE_S else None


def _about(site: str) -> bytes:
    return site.encode() + b"\0"
