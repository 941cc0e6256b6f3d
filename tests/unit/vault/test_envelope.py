"""The byte layouts of vault/envelope.py, vectors of others through it, and every way of tampering with a blob."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from sightline.keys.failures import KeyFailure
from sightline.vault import envelope
from sightline.vault.envelope import (
    OVERHEAD2,
    OVERHEAD3,
    Nonces,
    RandomnessFailure,
    SubjectCipher,
    owner,
    tier_of,
    versions_of,
)

HERE = Path(__file__).parent
VECTORS = json.loads((HERE / "blob_vectors.json").read_text())
NIST = [line.split() for line in (HERE / "nist_gcm256.txt").read_text().splitlines() if not line.startswith("#")]
LINE = "The key or what it sealed could not be opened."
SUBJECT, OTHER = UUID(int=0x1234), UUID(int=0x1235)
KEY, APP = AESGCM(bytes(range(32))), AESGCM(bytes(range(32, 64)))
values = st.binary(max_size=80)
tiers = st.sampled_from([2, 3])


def cipher(**changed: Any) -> SubjectCipher:
    parts: dict[str, Any] = {
        "tenant_id": 7,
        "subject": SUBJECT,
        "version": 3,
        "cipher": KEY,
        "application": (2, APP),
    } | changed
    return SubjectCipher(**parts)


def refused(by: SubjectCipher, field: int, tier: int, blob: bytes) -> bool:
    """Fails, with the one line, and without a cause that a reader of a traceback could learn from."""
    with pytest.raises(KeyFailure) as failed:
        by.open(field, tier, blob)
    return str(failed.value) == LINE and failed.value.__cause__ is None and failed.value.__suppress_context__


def drawing(monkeypatch: pytest.MonkeyPatch, *nonces: str) -> None:
    left = [bytes.fromhex(nonce) for nonce in nonces]
    monkeypatch.setattr(envelope, "urandom", lambda _: left.pop(0))
    envelope.NONCES.seen.clear()


@pytest.mark.parametrize("vector", VECTORS["blobs"], ids=lambda vector: vector["name"])
def test_a_blob_has_the_bytes_that_were_committed(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = SubjectCipher(
        vector["tenant"], UUID(vector["subject"]), vector["version"], AESGCM(bytes.fromhex(vector["key"])),
        (vector["app_version"], AESGCM(bytes.fromhex(vector["app_key"]))),
    )  # fmt: skip
    outer, inner = vector["nonces"]
    # From the inside out; in tier 2 after the one that is remembered.
    drawing(monkeypatch, *(["ff" * 12, outer] if vector["tier"] == 2 else [inner, outer]))
    value, blob = bytes.fromhex(vector["value"]), bytes.fromhex(vector["blob"])
    assert made.seal(vector["field"], vector["tier"], value) == blob
    assert made.open(vector["field"], vector["tier"], blob) == value
    assert len(blob) - len(value) == (OVERHEAD2 if vector["tier"] == 2 else OVERHEAD3)
    assert tier_of(blob) == vector["tier"]
    assert versions_of(blob) == (vector["version"], vector["app_version"] if vector["tier"] == 3 else None)


def test_the_layout_is_what_the_docstring_says() -> None:
    """Made and opened here by hand, from the docstring alone."""
    blob = cipher().seal(30, 3, b"219-09-9999")
    head = bytes([3]) + (30).to_bytes(2, "big") + (3).to_bytes(4, "big") + (2).to_bytes(4, "big")
    assert blob[:11] == head
    whose = (7).to_bytes(8, "big") + SUBJECT.bytes
    sealed = KEY.decrypt(blob[11:23], blob[23:], b"sightline.vlt.v1" + whose + head)
    assert APP.decrypt(sealed[:12], sealed[12:], b"sightline.app.v1" + whose + head) == b"219-09-9999"


@pytest.mark.parametrize("number", range(len(NIST)))
def test_vectors_of_nist_go_through_the_envelope(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the vector's associated data in place of ours: what is left is how the envelope calls and cuts."""
    kind, key, iv, text, associated, ciphertext, tag = ("" if part == "-" else part for part in NIST[number])
    made, head = cipher(cipher=AESGCM(bytes.fromhex(key))), bytes(7)
    made._heads[1 * 4 + 2] = (head, bytes.fromhex(associated))
    blob = head + bytes.fromhex(iv + ciphertext + tag)
    if text == "FAIL":
        assert refused(made, 1, 2, blob)
        return
    assert made.open(1, 2, blob) == bytes.fromhex(text)
    drawing(monkeypatch, "ff" * 12, iv)
    assert made.seal(1, 2, bytes.fromhex(text)) == blob
    assert kind in {"encrypt", "decrypt"}


def test_the_vectors_hold_some_that_must_fail() -> None:
    assert len(NIST) == 250
    assert sum(vector[3] == "FAIL" for vector in NIST) >= 40


@given(values, tiers, st.data())
def test_any_flipped_bit_is_refused(value: bytes, tier: int, data: st.DataObject) -> None:
    """Head, nonce, ciphertext and tag alike."""
    blob = bytearray(cipher().seal(12, tier, value))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    assert refused(cipher(), 12, tier, bytes(blob))


@pytest.mark.parametrize("tier", [2, 3])
def test_every_single_flipped_bit_of_a_blob_is_refused(tier: int) -> None:
    blob = cipher().seal(12, tier, b"1815-12-10")
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        assert refused(cipher(), 12, tier, bytes(changed)), bit


@given(values, tiers, st.integers(0, 200))
def test_a_cut_or_longer_blob_is_refused(value: bytes, tier: int, at: int) -> None:
    blob = cipher().seal(12, tier, value)
    if at < len(blob):
        assert refused(cipher(), 12, tier, blob[:at])
    assert refused(cipher(), 12, tier, blob + bytes(at + 1))


@pytest.mark.parametrize("tier", [2, 3])
@pytest.mark.parametrize(
    "changed",
    [
        {"tenant_id": 8}, {"subject": OTHER}, {"version": 4}, {"cipher": AESGCM(bytes(32))},
        {"tenant_id": 7 + (1 << 40)}, {"subject": UUID(int=SUBJECT.int ^ (1 << 127))},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_a_blob_opens_for_its_tenant_subject_version_and_key_only(tier: int, changed: dict[str, Any]) -> None:
    assert refused(cipher(**changed), 12, tier, cipher().seal(12, tier, b"x"))


def test_a_blob_opens_as_its_field_and_tier_only() -> None:
    assert refused(cipher(), 13, 2, cipher().seal(12, 2, b"x"))
    assert refused(cipher(), 13, 3, cipher().seal(12, 3, b"x"))
    assert refused(cipher(), 12, 3, cipher().seal(12, 2, bytes(40)))
    assert refused(cipher(), 12, 2, cipher().seal(12, 3, b"x"))


def test_the_head_is_bound_and_not_only_compared() -> None:
    """A thief rewrites the head to what the reader expects."""
    blob = cipher().seal(12, 2, b"x")
    forged = cipher().seal(13, 2, b"y")[:7] + blob[7:]
    assert refused(cipher(), 13, 2, forged)
    assert refused(cipher(version=4), 12, 2, cipher(version=4).seal(12, 2, b"y")[:7] + blob[7:])
    inner = cipher().seal(12, 3, b"x")
    assert refused(
        cipher(application=(3, APP)), 12, 3, cipher(application=(3, APP)).seal(12, 3, b"y")[:11] + inner[11:]
    )


def test_the_inner_layer_is_bound_to_its_owner_by_itself() -> None:
    """With the data keys of two subjects, but not the application key, nobody moves a value from one to the other."""
    blob = cipher().seal(30, 3, b"219-09-9999")

    def whose(subject: UUID) -> bytes:
        return b"sightline.vlt.v1" + owner(7, subject) + blob[:11]

    sealed = KEY.decrypt(blob[11:23], blob[23:], whose(SUBJECT))
    moved = blob[:23] + KEY.encrypt(blob[11:23], sealed, whose(OTHER))
    assert refused(cipher(subject=OTHER), 30, 3, moved)
    assert refused(cipher(application=(2, AESGCM(bytes(32)))), 30, 3, blob)
    assert refused(cipher(application=None), 30, 3, blob)


@given(st.lists(values, max_size=20), tiers)
def test_many_are_sealed_as_one_by_one(many: list[bytes], tier: int) -> None:
    blobs = cipher().seal_many(12, tier, many)
    assert [cipher().open(12, tier, blob) for blob in blobs] == many
    assert len({blob[:40] for blob in blobs}) == len(many)


@pytest.mark.parametrize(
    "blob", [b"", b"\x02", bytes(70), b"\x01" + bytes(70), b"\x02" + bytes(33), b"\x03" + bytes(65)]
)
def test_what_is_no_blob_names_no_keys(blob: bytes) -> None:
    with pytest.raises(KeyFailure, match=LINE):
        versions_of(blob)


def test_a_repeating_random_source_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    state = [0]

    def cycling(count: int) -> bytes:
        """A source that starts over after 500 nonces."""
        found = b"".join(((state[0] + n) % 500).to_bytes(12, "big") for n in range(count // 12))
        state[0] += count // 12
        return found

    monkeypatch.setattr(envelope, "urandom", cycling)
    nonces = Nonces()
    for _ in range(500):
        nonces.one()
    with pytest.raises(RandomnessFailure):
        nonces.one()
    with pytest.raises(RandomnessFailure):
        Nonces().many(501)
    envelope.NONCES.seen.clear()
    blob = cipher()
    for _ in range(499):
        blob.seal(12, 2, b"x")
    with pytest.raises(RandomnessFailure):
        blob.seal(12, 2, b"x")
    envelope.NONCES.seen.clear()
    fresh = Nonces()
    fresh.many(250)
    with pytest.raises(RandomnessFailure):
        fresh.many(499)


def test_nonces_do_not_repeat_and_memory_of_them_is_bounded() -> None:
    nonces = Nonces()
    drawn = [nonces.one() for _ in range(5000)] + nonces.many(5000)
    assert len(set(drawn)) == 10_000
    assert len(nonces.seen) <= 1024


# In a process of its own: pytest's workers have threads, and what a thread holds when its process forks stays held.
FORKING = """
import os
from sightline.vault.envelope import NONCES
drawn = [NONCES.one()]
children = []
for _ in range(3):
    child = os.fork()
    if not child:
        children = []
        break
    children.append(child)
drawn += [NONCES.one() for _ in range(100)] + NONCES.many(100)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
os.write(1, ("\\n".join(nonce.hex() for nonce in drawn[1:]) + "\\n").encode())
"""


def test_forked_processes_draw_different_nonces() -> None:
    made = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=30, check=True)
    nonces = made.stdout.split()
    assert len(nonces) == len(set(nonces)) == 4 * 200


def test_a_cipher_shows_nothing() -> None:
    made = cipher()
    assert repr(made) == "SubjectCipher(***)"
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled or copied"):
            attempt(made)
