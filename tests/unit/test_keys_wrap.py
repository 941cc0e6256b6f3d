"""The byte layouts of keys/wrap.py, and every way of tampering with them."""

import copy
import hmac
import json
import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import InvalidValue
from sightline.keys.failures import KeyFailure
from sightline.keys.held import DataKey, Held
from sightline.keys.wrap import KeyId, Kind, check_value, confirm, sealed_version, unwrap, wipe, wrap

VECTORS = json.loads((Path(__file__).parent / "keys_vectors.json").read_text())
PARENT = AESGCM(bytes(range(32)))
KEY = bytes(range(32, 64))
MINE = KeyId(kind=Kind.DATA, tenant_id=7, purpose="recording", owner="visit-1", version=3)
LINE = "The key or what it sealed could not be opened."
texts = st.text(st.characters(codec="utf-8"), max_size=40)


def data_key(key: bytes, key_id: KeyId, uses: int = 1) -> DataKey:
    return DataKey(Held(bytearray(key), key_id, born_ms=0, life_ms=1, parent=None), uses)


def key_id_of(parts: dict[str, object]) -> KeyId:
    return KeyId(**{**parts, "kind": Kind[str(parts["kind"]).upper()]})  # type: ignore[arg-type]


def refused(failed: pytest.ExceptionInfo[KeyFailure]) -> bool:
    """The one line, and no cause that a reader of a traceback could learn from."""
    return str(failed.value) == LINE and failed.value.__cause__ is None and failed.value.__suppress_context__


@pytest.mark.parametrize("vector", VECTORS["wraps"], ids=lambda vector: vector["name"])
def test_a_wrap_has_the_bytes_that_were_committed(vector: dict[str, str]) -> None:
    key_id = key_id_of(vector["key_id"])  # type: ignore[arg-type]
    parent, key = AESGCM(bytes.fromhex(vector["parent"])), bytes.fromhex(vector["key"])
    assert key_id.encode().hex() == vector["encoded"]
    assert wrap(parent, key, key_id, nonce=bytes.fromhex(vector["nonce"])).hex() == vector["wrapped"]
    assert check_value(key, key_id).hex() == vector["check"]
    assert unwrap(parent, bytes.fromhex(vector["wrapped"]), key_id) == key


@pytest.mark.parametrize("vector", VECTORS["seals"], ids=lambda vector: vector["name"])
def test_a_seal_has_the_bytes_that_were_committed(vector: dict[str, str]) -> None:
    key_id = key_id_of(vector["key_id"])  # type: ignore[arg-type]
    key = data_key(bytes.fromhex(vector["key"]), key_id)
    data, associated = bytes.fromhex(vector["data"]), bytes.fromhex(vector["associated"])
    sealed = bytes.fromhex(vector["sealed"])
    assert key.open(sealed, associated) == data
    assert sealed_version(sealed) == key_id.version
    assert sealed[5:17].hex() == vector["nonce"]


def test_the_layout_is_the_one_of_the_docstring_built_by_hand() -> None:
    encoded = (
        b"\x02" + (7).to_bytes(8, "big") + (3).to_bytes(4, "big") + b"\x00\x09recording" + b"\x00\x07visit-1"
    )  # fmt: skip
    nonce = b"n" * 12
    assert MINE.encode() == encoded
    assert wrap(PARENT, KEY, MINE, nonce=nonce) == b"\x01" + nonce + PARENT.encrypt(
        nonce, KEY, b"sightline.key.v1\x01" + encoded
    )
    assert check_value(KEY, MINE) == hmac.digest(KEY, b"sightline.chk.v1" + encoded, "sha256")[:8]
    sealed = data_key(KEY, MINE).seal(b"data", b"more")
    assert sealed[:5] == b"\x11\x00\x00\x00\x03"
    assert sealed[17:] == AESGCM(KEY).encrypt(sealed[5:17], b"data", b"sightline.dat.v1\x11" + encoded + b"more")


def test_every_seal_draws_a_new_nonce() -> None:
    key = data_key(KEY, MINE, 1000)
    assert len({key.seal(b"", b"")[5:17] for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(KeyId(kind=Kind.DATA, tenant_id=8, purpose="recording", owner="visit-1", version=3), id="tenant"),
        pytest.param(KeyId(kind=Kind.HMAC, tenant_id=7, purpose="recording", owner="visit-1", version=3), id="kind"),
        pytest.param(KeyId(kind=Kind.DATA, tenant_id=7, purpose="recordin", owner="gvisit-1", version=3), id="purpose"),
        pytest.param(KeyId(kind=Kind.DATA, tenant_id=7, purpose="recording", owner="visit-2", version=3), id="owner"),
        pytest.param(KeyId(kind=Kind.DATA, tenant_id=7, purpose="recording", owner="visit-1", version=4), id="version"),
    ],
)
def test_a_wrap_moved_to_another_place_is_refused(other: KeyId) -> None:
    with pytest.raises(KeyFailure) as failed:
        unwrap(PARENT, wrap(PARENT, KEY, MINE), other)
    assert refused(failed)


def test_a_seal_moved_to_another_owner_or_version_is_refused() -> None:
    sealed = data_key(KEY, MINE).seal(b"data", b"")
    for other in (MINE.at(4), KeyId(kind=Kind.DATA, tenant_id=7, purpose="recording", owner="visit-2", version=3)):
        with pytest.raises(KeyFailure) as failed:
            data_key(KEY, other).open(sealed, b"")
        assert refused(failed)


def test_a_key_wrapped_under_another_root_is_refused() -> None:
    with pytest.raises(KeyFailure) as failed:
        unwrap(AESGCM(bytes(32)), wrap(PARENT, KEY, MINE), MINE)
    assert refused(failed)


def test_a_check_value_that_does_not_match_is_refused() -> None:
    with pytest.raises(KeyFailure) as failed:
        confirm(KEY, MINE, check_value(KEY, MINE.at(4)))
    assert refused(failed)


def test_a_wrap_presented_as_sealed_data_is_refused() -> None:
    with pytest.raises(KeyFailure) as failed:
        data_key(bytes(range(32)), MINE).open(wrap(PARENT, KEY, MINE), b"")
    assert refused(failed)


@given(bit=st.integers(0, 61 * 8 - 1))
def test_any_flipped_bit_of_a_wrap_is_refused(bit: int) -> None:
    wrapped = bytearray(wrap(PARENT, KEY, MINE))
    wrapped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyFailure) as failed:
        unwrap(PARENT, bytes(wrapped), MINE)
    assert refused(failed)


@given(length=st.integers(0, 60))
def test_a_truncated_wrap_is_refused(length: int) -> None:
    with pytest.raises(KeyFailure) as failed:
        unwrap(PARENT, wrap(PARENT, KEY, MINE)[:length], MINE)
    assert refused(failed)


@given(data=st.binary(max_size=100), associated=st.binary(max_size=50), draw=st.data())
def test_any_flipped_bit_of_a_seal_or_its_associated_data_is_refused(
    data: bytes, associated: bytes, draw: st.DataObject
) -> None:
    key = data_key(KEY, MINE)
    sealed = key.seal(data, associated)
    assert key.open(sealed, associated) == data
    whole = bytearray(sealed + associated)
    bit = draw.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyFailure) as failed:
        key.open(bytes(whole[: len(sealed)]), bytes(whole[len(sealed) :]))
    assert refused(failed)


@given(length=st.integers(0, 36))
def test_truncated_sealed_data_is_refused(length: int) -> None:
    key = data_key(KEY, MINE)
    sealed = key.seal(b"data", b"")[:length]
    with pytest.raises(KeyFailure) as failed:
        key.open(sealed, b"")
    assert refused(failed)


@pytest.mark.parametrize("sealed", [b"", b"\x11", bytes(40), b"\x11" + bytes(40), b"\x01" + bytes(60)])
def test_what_no_key_sealed_has_no_version(sealed: bytes) -> None:
    with pytest.raises(KeyFailure) as failed:
        sealed_version(sealed)
    assert refused(failed)


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_two_different_ids_never_share_an_encoding(one: tuple[str, str], two: tuple[str, str]) -> None:
    first = KeyId(kind=Kind.DATA, tenant_id=1, purpose=one[0], owner=one[1])
    second = KeyId(kind=Kind.DATA, tenant_id=1, purpose=two[0], owner=two[1])
    assert (first.encode() == second.encode()) == (one == two)
    assert first.encoder()(first.version, first.owner) == first.encode()


@pytest.mark.parametrize(
    "wrong",
    [
        KeyId(kind=Kind.DATA, tenant_id=-1),
        KeyId(kind=Kind.DATA, tenant_id=2**63),
        KeyId(kind=Kind.DATA, tenant_id=1, version=0),
        KeyId(kind=Kind.DATA, tenant_id=1, version=2**32),
        KeyId(kind=Kind.DATA, tenant_id=1, owner="x" * 201),
    ],
)
def test_an_id_out_of_range_is_refused_rather_than_cut(wrong: KeyId) -> None:
    with pytest.raises(InvalidValue):
        wrong.encode()


def test_wiping_a_buffer_leaves_the_cipher_made_from_it_working() -> None:
    buffer = bytearray(KEY)
    held = Held(buffer, MINE, born_ms=0, life_ms=1, parent=None)
    wipe(buffer)
    assert buffer == bytes(32)
    assert DataKey(held, 0).open(data_key(KEY, MINE).seal(b"data", b"x"), b"x") == b"data"


def test_a_held_key_is_not_shown_pickled_or_copied() -> None:
    held = Held(bytearray(KEY), MINE, born_ms=0, life_ms=1, parent=None)
    for guarded in (held, DataKey(held, 1)):
        assert KEY.hex() not in repr(guarded)
        assert str(KEY) not in repr(guarded)
        assert repr(guarded).endswith("(***)")
        assert not hasattr(guarded, "__dict__")
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                way(guarded)
