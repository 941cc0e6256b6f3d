"""The decoders of our own protocol: whatever comes, an answer or an error that was meant, and never what was sent."""

import contextlib
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.collect import own, recordings
from sightline.collect.hits import Malformed, What
from sightline.errors import CallerError

GOOD = {
    "v": 1, "site": "pk_x", "doc": "document1", "seq": 0, "at": 1_796_000_000_000, "host": "shop.example",
    "screen": "390x844", "items": [{"k": "page", "t": 1_795_999_999_000, "url": "/a", "title": "A"}],
}  # fmt: skip
HEAD = {"v": 1, "site": "pk_x", "tab": "tab12345", "doc": "document1", "seq": 0, "at": 1, "first": 0, "last": 1, "n": 1}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([*GOOD, "consent", "lost", "release", "env", "conf"])
ITEM = st.sampled_from(["k", "t", "url", "page", "name", "value", "props", "ms", "msg", "stack", "ctx", "crumbs", "id"])


def test_a_batch_is_read() -> None:
    batch = own.decode(json.dumps(GOOD).encode())
    (item,) = batch.items
    assert isinstance(item, own.Sent)
    assert (item.hit.what, item.hit.url, item.hit.title, item.hit.hostname) == (What.EVENT, "/a", "A", "shop.example")
    assert (batch.viewport, batch.key) == (390, "own/pk_x/document1/0")


def test_gzip_and_plain_are_the_same() -> None:
    body = json.dumps(GOOD).encode()
    assert own.decode(gzip.compress(body)) == own.decode(body)


def test_every_beginning_of_a_batch_is_an_error_and_so_is_what_follows_it() -> None:
    for body in (json.dumps(GOOD).encode(), gzip.compress(json.dumps(GOOD).encode())):
        for end in range(len(body)):
            with pytest.raises(CallerError):
                own.decode(body[:end])
        with pytest.raises(CallerError):
            own.decode(body + b"x")


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(body: bytes) -> None:
    for decode in (own.decode, recordings.decode):
        with pytest.raises(CallerError):
            decode(body)


@given(FIELDS, JSON)
def test_any_envelope_is_answered(name: str, value: object) -> None:
    body = json.dumps({**GOOD, name: value}).encode()
    with contextlib.suppress(CallerError):
        assert len(own.decode(body).items) <= own.MAX_ITEMS


@given(st.sampled_from(["page", "event", "identify", "engagement", "vital", "error", "other"]), ITEM, JSON)
def test_any_item_is_taken_or_refused_by_itself(kind: str, name: str, value: object) -> None:
    item = {"k": kind, "t": 1_795_999_999_000, "name": "LCP", "value": 1, "id": "u", name: value}
    batch = own.decode(json.dumps({**GOOD, "items": [item, GOOD["items"][0]]}).encode())  # type: ignore[index]
    first, second = batch.items
    assert isinstance(first, own.Sent | Malformed)
    assert isinstance(second, own.Sent)


@pytest.mark.parametrize("value", ["NaN", "1e999", "-1", "3600001", '"1"'])
def test_a_vital_that_no_browser_measures_is_refused(value: str) -> None:
    item = f'{{"k":"vital","t":1796000000000,"name":"LCP","value":{value}}}'
    body = json.dumps({**GOOD, "items": []})[:-3] + f"[{item}]}}"
    try:
        (found,) = own.decode(body.encode()).items
    except Malformed:
        return
    assert isinstance(found, Malformed)


def test_a_chunk_is_read_and_its_limits_are_said() -> None:
    body = json.dumps(HEAD).encode() + b'\n[{"type":4}]'
    sent = recordings.decode(gzip.compress(body))
    assert (sent.events, sent.key) == ([{"type": 4}], "recording/pk_x/document1/0")
    for wrong in (b"{}", json.dumps(HEAD).encode() + b"\n{}", b"x" * 5000 + b"\n[]", json.dumps(HEAD).encode()):
        with pytest.raises(Malformed):
            recordings.decode(wrong)
    with pytest.raises(CallerError, match="at most 20000 events"):
        recordings.decode(json.dumps(HEAD).encode() + b"\n[" + b"0," * 20_000 + b"0]")


@given(st.sampled_from(list(HEAD)), JSON)
def test_any_head_of_a_chunk_is_answered(name: str, value: object) -> None:
    with contextlib.suppress(CallerError):
        assert recordings.decode(json.dumps({**HEAD, name: value}).encode() + b"\n[]").events == []
