"""How a key is wrapped, checked, and how it seals data: pure functions over bytes.

Integers are big-endian. A *key id* says whom a key belongs to; all of it is bound to every wrap and every seal::

    key id       kind (1) | tenant (8) | version (4) | length (2) | purpose | length (2) | owner

    wrapped key  0x01 | nonce (12) | ciphertext (32) | tag (16)                                   61 bytes
      associated data: "sightline.key.v1" | 0x01 | key id

    wrapped key  0x02 | ciphertext of AWS KMS, whose encryption context holds the parts of the key id

    check value  first 8 bytes of HMAC-SHA-256(key, "sightline.chk.v1" | key id)

    sealed data  0x11 | version (4) | nonce (12) | ciphertext | tag (16)                          33 bytes more
      associated data: "sightline.dat.v1" | 0x11 | key id | the caller's associated data

Every tag is 16 bytes and every part of a key id has a fixed length or its length before it, so no two different ids
share an encoding, and a wrap is never a seal. The cipher is AES-256-GCM with random nonces. AES-GCM does not commit to
its key: the version in the associated data and the check value stored beside the wrapped key do.

A wrong key, tenant, owner, purpose or version, a flipped bit and a cut end all raise the same `KeyFailure`.
"""

import hmac
import os
import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple, NoReturn

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sightline.errors import InvalidValue
from sightline.keys.failures import KeyFailure

KEY_SIZE: Final = 32
CHECK_SIZE: Final = 8
WRAP_LOCAL: Final = 0x01
WRAP_KMS: Final = 0x02
SEAL: Final = 0x11
WRAP_TAG: Final = b"sightline.key.v1"
CHECK_TAG: Final = b"sightline.chk.v1"
SEAL_TAG: Final = b"sightline.dat.v1"
DERIVE_TAG: Final = b"sightline.sub.v1"
_WRAP_HEAD: Final = WRAP_TAG + bytes((WRAP_LOCAL,))

NONCE_SIZE: Final = 12
_GCM_TAG: Final = 16
_WRAPPED_SIZE: Final = 1 + NONCE_SIZE + KEY_SIZE + _GCM_TAG
_SEAL_HEAD: Final = struct.Struct(">BI")
SEAL_HEAD: Final = _SEAL_HEAD.size
SEAL_BODY: Final = SEAL_HEAD + NONCE_SIZE
SEAL_OVERHEAD: Final = SEAL_BODY + _GCM_TAG
_MAX_TEXT: Final = 200
_START: Final = struct.Struct(">BQ")
_VERSION: Final = struct.Struct(">I")
_SIZE: Final = struct.Struct(">H")


class Kind(IntEnum):
    """What a key is for; its number is part of what is bound to the wrap."""

    TENANT = 1  # wraps the other two; wrapped by the root key
    DATA = 2  # seals data
    HMAC = 3  # makes pseudonyms and blind indexes


class KeyId(msgspec.Struct, frozen=True, kw_only=True):
    """Whom one version of a key belongs to."""

    kind: Kind
    tenant_id: int
    purpose: str = ""
    owner: str = ""
    version: int = 1

    def encode(self) -> bytes:
        return self.encoder()(self.version, self.owner)

    def encoder(self) -> Callable[[int, str], bytes]:
        """What encodes this id with a version and owner: of the ids of a batch, the rest is the same."""
        purpose = self.purpose.encode()
        if not 0 <= self.tenant_id < 2**63 or len(purpose) > _MAX_TEXT:
            raise InvalidValue(f"no key has tenant {self.tenant_id!r} and a purpose of {len(purpose)} bytes")
        start, middle = _START.pack(self.kind, self.tenant_id), _SIZE.pack(len(purpose)) + purpose

        def encode(version: int, owner: str) -> bytes:
            whose = owner.encode()
            if not 1 <= version < 2**32 or len(whose) > _MAX_TEXT:
                raise InvalidValue(f"no key has version {version!r} and an owner of {len(whose)} bytes")
            return start + _VERSION.pack(version) + middle + _SIZE.pack(len(whose)) + whose

        return encode

    def at(self, version: int) -> "KeyId":
        return KeyId(kind=self.kind, tenant_id=self.tenant_id, purpose=self.purpose, owner=self.owner, version=version)


def check_value(key: bytes | bytearray, key_id: KeyId) -> bytes:
    """Eight bytes that tell whether an unwrapped key is the one that was wrapped."""
    return _check_value(key, key_id.encode())


def _check_value(key: bytes | bytearray, encoded: bytes) -> bytes:
    return hmac.digest(bytes(key), CHECK_TAG + encoded, "sha256")[:CHECK_SIZE]


def confirm(key: bytes | bytearray, key_id: KeyId, expected: bytes) -> None:
    if not hmac.compare_digest(check_value(key, key_id), expected):
        fail()


def wrap(parent: AESGCM, key: bytes | bytearray, key_id: KeyId, *, nonce: bytes | None = None) -> bytes:
    """Wrap a key; `nonce` is given only by the known-answer tests."""
    nonce = nonce or os.urandom(NONCE_SIZE)
    return bytes((WRAP_LOCAL,)) + nonce + parent.encrypt(nonce, bytes(key), _WRAP_HEAD + key_id.encode())


def unwrap(parent: AESGCM, wrapped: bytes, key_id: KeyId) -> bytearray:
    """Unwrap a key into a buffer that the caller wipes."""
    return _unwrap(parent, wrapped, key_id.encode())


def unwrap_confirmed(parent: AESGCM, wrapped: bytes, encoded: bytes, expected: bytes) -> bytearray:
    """The same, confirmed by its check value, of a key whose id was encoded already."""
    key = _unwrap(parent, wrapped, encoded)
    if not hmac.compare_digest(_check_value(key, encoded), expected):
        wipe(key)
        fail()
    return key


def _unwrap(parent: AESGCM, wrapped: bytes, encoded: bytes) -> bytearray:
    if len(wrapped) != _WRAPPED_SIZE or wrapped[0] != WRAP_LOCAL:
        fail()
    key = bytearray(KEY_SIZE)
    try:
        parent.decrypt_into(wrapped[1 : 1 + NONCE_SIZE], wrapped[1 + NONCE_SIZE :], _WRAP_HEAD + encoded, key)
    except InvalidTag:
        fail()
    return key


class Frame(NamedTuple):
    """What is the same in everything that one key seals: the head, and the first part of the associated data."""

    head: bytes
    context: bytes


def frame(key_id: KeyId) -> Frame:
    return Frame(_SEAL_HEAD.pack(SEAL, key_id.version), SEAL_TAG + bytes((SEAL,)) + key_id.encode())


def sealed_version(sealed: bytes) -> int:
    """The version of the key that sealed this; not yet authenticated, so good only for finding the key."""
    if len(sealed) < SEAL_OVERHEAD or sealed[0] != SEAL:
        fail()
    version: int = _SEAL_HEAD.unpack_from(sealed)[1]
    return version or fail()


def wipe(key: bytearray) -> None:
    """Overwrite a buffer. Copies that Python or OpenSSL made are out of reach."""
    key[:] = bytes(len(key))


def fail() -> NoReturn:
    """Fail without a cause."""
    raise KeyFailure from None
