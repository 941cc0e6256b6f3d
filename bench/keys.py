"""What the envelope costs over the bare cipher: sealing, opening, wrapping, hashing; pure, in memory."""

import hmac
import os
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measurements import Result
from bench.pairs import compare
from sightline.keys.held import DataKey, Held, HmacKey
from sightline.keys.wrap import KeyId, Kind, unwrap, wrap

TITLE = "Keys"
NOTE = "64-byte texts, 20,000 per round; control: `cryptography`'s AESGCM with a fresh nonce and no associated data."

_COUNT = 20_000
_TEXT = bytes(range(64))
_ID = KeyId(kind=Kind.DATA, tenant_id=1, purpose="subject", owner="c0ffee00-0000-4000-8000-000000000001")
_PERSON = KeyId(kind=Kind.HMAC, tenant_id=1, purpose="person")


async def run() -> list[Result]:
    raw, nonce = AESGCM(bytes(range(32))), os.urandom(12)
    key = DataKey(Held(bytearray(range(32)), _ID, born_ms=0, life_ms=1, parent=None), 2**60)
    sealed, encrypted, wrapped = key.seal(_TEXT, b"3"), raw.encrypt(nonce, _TEXT, None), wrap(raw, bytes(32), _ID)
    mac = HmacKey(Held(bytearray(32), _PERSON, born_ms=0, life_ms=1, parent=None))
    decrypt = _many(lambda: raw.decrypt(nonce, encrypted, None))
    return [
        compare(
            "seal / AESGCM.encrypt",
            _many(lambda: key.seal(_TEXT, b"3")),
            _many(lambda: raw.encrypt(os.urandom(12), _TEXT, None)),
            bound=0.65,
        ),
        compare("open / AESGCM.decrypt", _many(lambda: key.open(sealed, b"3")), decrypt, bound=0.45),
        compare("unwrap a key / AESGCM.decrypt", _many(lambda: unwrap(raw, wrapped, _ID)), decrypt),
        compare(
            "HmacKey.digest / hmac.digest",
            _many(lambda: mac.digest(_TEXT)),
            _many(lambda: hmac.digest(bytes(32), _TEXT, "sha256")),
            bound=1.5,
        ),
    ]


def _many(once: Callable[[], object]) -> Callable[[], None]:
    def work() -> None:
        for _ in range(_COUNT):
            once()

    return work
