"""How a value is encrypted: pure functions over bytes. Integers are big-endian.

Tier 2, under the subject's data key::

    blob     0x02 | field (2) | version (4) | nonce (12) | ciphertext | tag (16)                      35 bytes more

Tier 3, under the tenant's application key inside and the subject's data key outside::

    blob     0x03 | field (2) | version (4) | application version (4) | nonce (12) | sealed | tag (16)
    sealed   nonce (12) | ciphertext | tag (16)                                                       67 bytes more

`field` is the permanent number of the dictionary, `version` that of the data key. The associated data are, outside and
inside::

    "sightline.vlt.v1" | tenant (8) | subject (16) | head
    "sightline.app.v1" | tenant (8) | subject (16) | head

where `head` is everything of the blob before its (outer) nonce. Every part has a fixed length, so no two different sets
of parts share an encoding: a blob opens for its tenant, subject, field and versions, and nowhere else. What wraps the
keys binds tenant, purpose, owner (the subject) and version in the same way (`keys/wrap.py`). The cipher is AES-256-GCM
with random nonces; how often a key was used is counted where keys are leased (`keys/ring.py`), and a new version is
made at 2^28, far below the 2^32 of NIST SP 800-38D.

Whatever is wrong with a blob (a flipped bit, another subject's, another field's, a wrong key, a cut end), the error is
the same `KeyFailure` and says nothing about it.
"""

import struct
from collections.abc import Callable, Sequence
from os import urandom
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sightline.errors import ServiceError
from sightline.keys.held import Guarded
from sightline.keys.wrap import NONCE_SIZE, fail

OUTER_TAG: Final = b"sightline.vlt.v1"
INNER_TAG: Final = b"sightline.app.v1"
_GCM_TAG: Final = 16
_NONCE: Final = f"{NONCE_SIZE}s"
_OWNER: Final = struct.Struct(">q16s")
_HEAD: Final = struct.Struct(">BHI")
_HEAD3: Final = struct.Struct(">BHII")
HEAD2: Final = _HEAD.size
HEAD3: Final = _HEAD3.size
BODY2: Final = HEAD2 + NONCE_SIZE
BODY3: Final = HEAD3 + NONCE_SIZE
OVERHEAD2: Final = BODY2 + _GCM_TAG
OVERHEAD3: Final = BODY3 + NONCE_SIZE + 2 * _GCM_TAG
# How many of the latest nonces are remembered: a broken random source repeats itself soon.
_REMEMBERED: Final = 1024


class RandomnessFailure(ServiceError):
    """The random source of this machine repeats itself; nothing was encrypted."""

    code = "randomness"


class Nonces:
    """Draws nonces, each straight from the kernel: nothing is kept that a fork or a snapshot of a Lambda could double.

    One that was drawn lately comes again with a probability of 2^-86, so if it does, the source is broken.
    """

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def one(self) -> bytes:
        nonce, seen = urandom(NONCE_SIZE), self.seen
        if nonce in seen:
            raise RandomnessFailure
        seen.add(nonce)
        if len(seen) > _REMEMBERED:
            seen.clear()
        return nonce

    def many(self, count: int) -> list[bytes]:
        # Cut in C: slices would take a tenth of the time of sealing short values.
        nonces = list(struct.unpack(_NONCE * count, urandom(NONCE_SIZE * count)))
        seen = self.seen
        if len(set(nonces)) != count or not seen.isdisjoint(nonces):
            raise RandomnessFailure
        if len(seen) > _REMEMBERED:
            seen.clear()
        seen.update(nonces[:1])  # a source that goes round in a circle comes back to it
        return nonces


NONCES: Final = Nonces()


def owner(tenant_id: int, subject: UUID) -> bytes:
    """Whose a value is, as it stands in the associated data."""
    return _OWNER.pack(tenant_id, subject.bytes)


_Encrypt = Callable[[bytes, bytes, bytes], bytes]


class SubjectCipher(Guarded):
    """Encrypts and decrypts the values of one subject under one version of their key.

    `application` is needed for tier 3 only: the version and the cipher of the application key.
    """

    __slots__ = (
        "_app_version", "_application", "_decrypt", "_encrypt", "_first", "_heads", "_inner", "_outer", "_sealing",
        "_version",
    )  # fmt: skip

    def __init__(
        self,
        tenant_id: int,
        subject: UUID,
        version: int,
        cipher: AESGCM,
        application: tuple[int, AESGCM] | None = None,
    ) -> None:
        whose = owner(tenant_id, subject)
        self._outer, self._inner = OUTER_TAG + whose, INNER_TAG + whose
        self._version = version
        # Looked up once: of a short value, finding them costs a tenth.
        self._encrypt, self._decrypt = cipher.encrypt, cipher.decrypt
        # Not used, but remembered: a random source that goes round in a circle comes back to it under this very key.
        # Drawn with the first value that is sealed.
        self._first: bytes | None = None
        self._app_version = application[0] if application else 0
        self._application: AESGCM | None = application[1] if application else None
        self._heads: dict[int, tuple[bytes, bytes]] = {}  # by field and tier
        # By field of tier 2: head, associated data, what encrypts, and the nonce that must not come again.
        self._sealing: dict[int, tuple[bytes, bytes, _Encrypt, bytes]] = {}

    def _head(self, field: int, tier: int) -> tuple[bytes, bytes]:
        if tier == 2:
            head = _HEAD.pack(2, field, self._version)
        else:
            head = _HEAD3.pack(3, field, self._version, self._app_version)
        found = self._heads[field * 4 + tier] = head, self._outer + head
        return found

    def _first_of(self, field: int) -> tuple[bytes, bytes, _Encrypt, bytes]:
        """Before the first value of a field in tier 2 is sealed."""
        first = self._first = self._first or NONCES.one()
        head, outer = self._heads.get(field * 4 + 2) or self._head(field, 2)
        found = self._sealing[field] = head, outer, self._encrypt, first
        return found

    def seal(self, field: int, tier: int, value: bytes) -> bytes:
        """Make the blob of a value."""
        # In one piece, and the head kept: calls and packing would take a fifth of the time of a short value, and so
        # would looking each nonce up among the latest, which is done for the first of each cipher.
        if tier != 2:
            return self._seal_twice(field, tier, value)
        try:
            head, outer, encrypt, first = self._sealing[field]
        except KeyError:
            head, outer, encrypt, first = self._first_of(field)
        nonce = urandom(NONCE_SIZE)
        if nonce == first:
            raise RandomnessFailure
        return head + nonce + encrypt(nonce, value, outer)

    def _seal_twice(self, field: int, tier: int, value: bytes) -> bytes:
        head, outer = self._heads.get(field * 4 + tier) or self._head(field, tier)
        inner = NONCES.one()
        value = inner + self._app().encrypt(inner, value, self._inner + head)
        nonce = NONCES.one()
        return head + nonce + self._encrypt(nonce, value, outer)

    def seal_many(self, field: int, tier: int, values: Sequence[bytes]) -> list[bytes]:
        """Make the blobs of many values of one field."""
        head, outer = self._heads.get(field * 4 + tier) or self._head(field, tier)
        if tier != 2:
            app, inner = self._app().encrypt, self._inner + head
            values = [
                nonce + app(nonce, value, inner) for nonce, value in zip(NONCES.many(len(values)), values, strict=True)
            ]
        encrypt = self._encrypt
        return [
            head + nonce + encrypt(nonce, value, outer)
            for nonce, value in zip(NONCES.many(len(values)), values, strict=True)
        ]

    def open(self, field: int, tier: int, blob: bytes) -> bytes:
        """Return the value of a blob that this subject, field, tier and key made; anything else fails."""
        try:
            head, outer = self._heads[field * 4 + tier]
        except KeyError:
            head, outer = self._head(field, tier)
        try:
            if tier == 2:
                if blob[:HEAD2] != head:
                    fail()
                return self._decrypt(blob[HEAD2:BODY2], blob[BODY2:], outer)
            if blob[:HEAD3] != head:
                fail()
            value = self._decrypt(blob[HEAD3:BODY3], blob[BODY3:], outer)
            return self._app().decrypt(value[:NONCE_SIZE], value[NONCE_SIZE:], self._inner + head)
        except (InvalidTag, ValueError):  # ValueError: too short to be a nonce and a tag
            fail()

    def _app(self) -> AESGCM:
        return self._application or fail()


def tier_of(blob: bytes) -> int:
    """The tier that a blob says it is of; not yet authenticated, so good only for finding its keys."""
    if not blob or blob[0] not in {2, 3} or len(blob) < (OVERHEAD2 if blob[0] == 2 else OVERHEAD3):
        fail()
    return blob[0]


def versions_of(blob: bytes) -> tuple[int, int | None]:
    """The versions of data key and application key that a blob names; as little authenticated."""
    tier = tier_of(blob)
    if tier == 2:
        return int(_HEAD.unpack_from(blob)[2]) or fail(), None
    _, _, version, application = _HEAD3.unpack_from(blob)
    return (version, application) if version and application else fail()
