"""Unwrapped keys while they are held in memory, and the handles that callers get.

The raw bytes of a key live only inside OpenSSL's objects; the buffer they came through is wiped. Nothing here shows in
`repr`, is pickled or copied.
"""

from os import urandom
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from sightline.keys.failures import KeyDestroyed, KeyFailure, LeaseEnded
from sightline.keys.wrap import DERIVE_TAG, NONCE_SIZE, SEAL_BODY, SEAL_HEAD, SEAL_OVERHEAD, KeyId, Kind, fail, frame

FIRST_LEASE: Final = 4096


class Guarded:
    """What must not be shown or copied."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not pickled or copied")


class Held(Guarded):
    """One unwrapped key. `closed` once it was destroyed or purged: handles that are still about refuse."""

    __slots__ = (
        "_mac", "before", "born_ms", "chunk", "cipher", "context", "key_id", "left", "life_ms", "parent",
    )  # fmt: skip

    def __init__(self, key: bytearray, key_id: KeyId, *, born_ms: int, life_ms: int, parent: "Held | None") -> None:
        raw = bytes(key)
        self.cipher: AESGCM | None = AESGCM(raw) if key_id.kind is not Kind.HMAC else None
        self._mac: HMAC | None = HMAC(raw, SHA256()) if key_id.kind is Kind.HMAC else None
        self.key_id = key_id
        self.born_ms = born_ms
        self.life_ms = life_ms
        self.parent = parent
        self.before, self.context = frame(key_id)
        self.left = 0  # seals that are leased and not yet handed out
        self.chunk = FIRST_LEASE

    @property
    def aead(self) -> AESGCM:
        return self.cipher or self.refuse()

    @property
    def mac(self) -> HMAC:
        return self._mac or self.refuse()

    @property
    def is_open(self) -> bool:
        return self.cipher is not None or self._mac is not None

    def close(self) -> None:
        self.cipher = self._mac = None
        self.life_ms = 0  # what it wraps is to be asked for again, too

    def is_fresh(self, now_ms: int, longest_ms: int) -> bool:
        """Young enough itself, and heard of from the root (through its parent) not too long ago."""
        age = now_ms - self.born_ms
        if not (0 <= age < self.life_ms and age < longest_ms):
            return False
        return self.parent is None or self.parent.is_fresh(now_ms, longest_ms)

    def refuse(self) -> NoReturn:
        raise KeyDestroyed("this key was destroyed or withdrawn while it was in use")


class DataKey(Guarded):
    """Seals and opens data for one owner. Take it anew for every piece of work; it is not made for keeping."""

    __slots__ = ("_held", "_left")

    def __init__(self, held: Held, uses: int) -> None:
        self._held = held
        self._left = uses

    @property
    def key_id(self) -> KeyId:
        return self._held.key_id

    @property
    def version(self) -> int:
        return self._held.key_id.version

    def seal(self, data: bytes, associated: bytes) -> bytes:
        """Encrypt and bind `associated`, which has to be given again to open; layout in `wrap.py`."""
        # In one piece: calls and properties would take a fifth of the time of a short text.
        left, held = self._left, self._held
        if left < 1:
            raise LeaseEnded
        self._left = left - 1
        nonce = urandom(NONCE_SIZE)
        return held.before + nonce + (held.cipher or held.refuse()).encrypt(nonce, data, held.context + associated)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        held = self._held
        if len(sealed) < SEAL_OVERHEAD or not sealed.startswith(held.before):
            fail()
        cipher = held.cipher or held.refuse()
        try:
            return cipher.decrypt(sealed[SEAL_HEAD:SEAL_BODY], sealed[SEAL_BODY:], held.context + associated)
        except InvalidTag:
            fail()

    def spend(self, uses: int) -> None:
        """Count seals against the lease of this handle."""
        if uses > self._left:
            raise LeaseEnded
        self._left -= uses

    def lend(self, uses: int) -> AESGCM:
        """The cipher itself, for a caller with a layout of its own; what it will encrypt is counted here."""
        self.spend(uses)
        return self._held.aead


class HmacKey(Guarded):
    """A stable keyed hash of one tenant and purpose."""

    __slots__ = ("_held",)

    def __init__(self, held: Held) -> None:
        if held.key_id.kind is not Kind.HMAC:
            raise KeyFailure
        self._held = held

    @property
    def version(self) -> int:
        return self._held.key_id.version

    @property
    def is_open(self) -> bool:
        """False once the key was destroyed, or all keys were put out of memory: who keeps this handle asks again."""
        return self._held.is_open

    def digest(self, data: bytes) -> bytes:
        """HMAC-SHA-256 of `data`, 32 bytes. Copying a prepared object costs a third of a fresh `hmac.digest`."""
        mac = self._held.mac.copy()
        mac.update(data)
        return mac.finalize()

    def derive(self, label: bytes) -> "DerivedKey":
        """A key of its own for a part of the purpose, as stable as this one."""
        return DerivedKey(self.digest(DERIVE_TAG + label))


class DerivedKey(Guarded):
    """A keyed hash derived from an `HmacKey` by a label."""

    __slots__ = ("_mac",)

    def __init__(self, key: bytes) -> None:
        self._mac = HMAC(key, SHA256())

    def digest(self, data: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(data)
        return mac.finalize()
