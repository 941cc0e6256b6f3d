"""Short texts that come back to us from outside, with a MAC by which we know that we made them.

    base64url( body | MAC of 16 bytes ), without padding

What the MAC covers besides the body (whose token it is) is said by `about`, of which nothing stands in the text; it
has to be told apart from the body, by its fixed length or by a separator that it cannot hold.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Final

MAC_SIZE: Final = 16


def signed(digest: Callable[[bytes], bytes], body: bytes, about: bytes = b"") -> str:
    """The text for a body; `digest` is a key's."""
    return base64.urlsafe_b64encode(body + digest(about + body)[:MAC_SIZE]).rstrip(b"=").decode("ascii")


def body_of(digest: Callable[[bytes], bytes], text: str, about: bytes = b"") -> bytes | None:
    """The body of a text that this key signed about the same thing, else None."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:-MAC_SIZE], raw[-MAC_SIZE:]
    known = len(mac) == MAC_SIZE and hmac.compare_digest(mac, digest(about + body)[:MAC_SIZE])
    return body if known else None
