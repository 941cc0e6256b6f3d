"""Random tokens: shown once, kept only as a hash.

A token is 256 random bits, so a plain SHA-256 is enough: there is nothing to guess that a slow hash would protect.
"""

import hashlib
import hmac
import secrets
from typing import Final

_BYTES: Final = 32
API_KEY: Final = "sl_"
# How much of an API key is kept readable, so that its owner recognises it: 36 of its 256 bits.
_SHOWN: Final = len(API_KEY) + 6
_LONGEST: Final = 128


def new(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(_BYTES)


def digest(token: str) -> bytes:
    """What the database keeps. Longer than any real token is cut before hashing: it is wrong anyhow."""
    return hashlib.sha256(token[:_LONGEST].encode("utf-8", "surrogatepass")).digest()


def shown(token: str) -> str:
    return token[:_SHOWN]


def csrf(sign_in_token: str) -> str:
    """The token that a page repeats in a header: bound to the sign-in, and no way back to it."""
    return hmac.new(sign_in_token.encode("utf-8", "surrogatepass"), b"sightline csrf", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare without telling by the time taken where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
