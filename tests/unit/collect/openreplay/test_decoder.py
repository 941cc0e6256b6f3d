"""The decoder of OpenReplay's batches: whole, cut, padded, hostile."""

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.collect.hits import Malformed
from sightline.collect.openreplay import decoder
from sightline.collect.openreplay.decoder import decode
from sightline.errors import TooLarge
from tests.openreplay.fuzzing import ANY, SMALL, fuzz, rows
from tests.openreplay.wire import batch, head, message, number, text


@given(st.lists(rows(ANY), max_size=30))
def test_what_the_tracker_writes_is_read(messages: list[tuple[Any, ...]]) -> None:
    (part,) = decode(batch(messages, at=5, version=3, page=7, first=9))
    assert (part.version, part.page, part.first, part.at_ms, part.tab) == (3, 7, 9, 5, "tab1")
    assert part.messages[2:] == messages


def test_a_body_is_gzip_or_plain_and_may_hold_two_batches() -> None:
    body = batch([(7,)], version=2) + batch([(13, 1, "a")], version=3)
    assert decode(body) == decode(gzip.compress(body, mtime=0))
    assert [part.version for part in decode(body)] == [2, 3]


def test_unknown_messages_and_fields_of_a_later_tracker_are_skipped() -> None:
    later = number(300) + (4).to_bytes(3, "little") + b"abcd"
    unknown = number(99) + (2).to_bytes(3, "little") + b"xy"
    body = head() + unknown + later + message(11, 5, more=b"new") + message(7)
    assert decode(body)[0].messages == [(11, 5), (7,)]


def test_a_key_is_the_same_whatever_follows_it_and_however_many_there_are() -> None:
    for start in (0, 127, 2**49, 2**53 - 5_000):
        messages = [(35, place, start + place, start + place // 2) for place in range(5_000)]
        for _ in range(2):  # as it is read for the first time, and as it is remembered
            assert decode(batch(messages))[0].messages[2:] == messages


def test_a_body_that_ends_too_early_is_refused_wherever_it_was_cut() -> None:
    body = batch([(8, 200, 0, 1, "DIV", False), (14, 200, "text")])
    whole = decode(body)[0].messages
    for cut in range(len(body)):
        try:
            found = decode(body[:cut])
        except Malformed:
            continue
        assert found[0].messages == whole[: len(found[0].messages)]  # cut between two messages: that is a batch


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "empty"),
        (b"\x00\x00\x00\x00", "begins with message 81"),
        (head(version=6), "version 1 to 5"),
        (head(version=0), "version 1 to 5"),
        (head(url="x" * 70_000), "address"),
        (head() + number(7) + (5).to_bytes(3, "little"), "does not fit"),
        (head() + number(11) + (1).to_bytes(3, "little") + b"\xff" * 9, "a number is at most"),
        (head() + number(14) + (3).to_bytes(3, "little") + number(1) + text("too long"), "longer than"),
        (head() + number(11) + (1).to_bytes(3, "little") + b"\x81\x01", "longer than"),
        (gzip.compress(head(), mtime=0)[:-4], "ends too early"),
        (gzip.compress(head(), mtime=0) + b"x", "follows"),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused_with_what_is_wrong(body: bytes, error: str) -> None:
    with pytest.raises(Malformed, match=error):
        decode(body)


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_limits_hold_at_their_edge(monkeypatch: pytest.MonkeyPatch, extra: int) -> None:
    monkeypatch.setattr(decoder, "MAX_MESSAGES", 10)
    body = head() + message(7) * (10 + extra)
    if extra > 0:
        with pytest.raises(TooLarge, match="10 messages"):
            decode(body)
    else:
        assert len(decode(body)[0].messages) == 10 + extra


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    with pytest.raises(TooLarge):
        decode(gzip.compress(b"\0" * 50_000_000, mtime=0))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: head() + tail)), max_size=3)
)
def test_no_bytes_break_the_decoder(bodies: list[bytes]) -> None:
    fuzz(bodies)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(rows(SMALL), max_size=25).map(batch), max_size=3))
def test_no_messages_break_the_converter(bodies: list[bytes]) -> None:
    fuzz(bodies)
