"""What Umami's recorder sends, read from bytes; where it belongs, and what of it may be kept."""

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.collect.hits import Malformed
from sightline.collect.umami_recording import Flush, Part, decode, host_of, never, placed, without
from sightline.errors import SightlineError

EVENTS: list[Any] = [
    {
        "type": 4,
        "timestamp": 1_700_000_000_500,
        "data": {"href": "https://shop.example/a?b=c", "width": 1, "height": 1},
    },
    {"type": 2, "timestamp": 1_700_000_000_900.5, "data": {}},
]
BODY = {"type": "record", "payload": {"website": "w", "events": EVENTS, "timestamp": 1_700_000_001}}
WHATEVER = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["type", "timestamp", "data", "href", "events", "website", "payload"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def body(**changed: Any) -> bytes:
    return json.dumps({**BODY, "payload": {**BODY["payload"], **changed}}).encode()  # type: ignore[dict-item]


def test_a_body_is_read_with_its_moments_and_its_page() -> None:
    found = decode(body())
    assert found is not None
    assert (found.site, found.sent_s, found.first_ms, found.last_ms) == (
        "w", 1_700_000_001, 1_700_000_000_500, 1_700_000_000_900,
    )  # fmt: skip
    assert (found.href, found.begins, found.events) == ("https://shop.example/a?b=c", True, EVENTS)
    again, other = decode(body(timestamp="1700000009")), decode(body(events=EVENTS[:1]))
    assert again is not None
    assert other is not None
    assert (again.digest, again.sent_s) == (found.digest, 1_700_000_009)
    assert other.digest != found.digest


@pytest.mark.parametrize(
    ("sent_s", "now_ms", "ahead_ms"),
    [(100, 100_000, 0), (100, 104_999, 0), (100, 96_000, 0), (100, 3_700_000, 3_600_000), (200, 100_000, -100_000),
     (0, 100_000, 0)],
)  # fmt: skip
def test_a_clock_that_is_wrong_is_told_from_a_request_that_took_a_while(
    sent_s: int, now_ms: int, ahead_ms: int
) -> None:
    assert Flush("", [], "", sent_s, 0, 0, "", False).ahead_ms(now_ms) == ahead_ms


def test_every_beginning_of_a_body_is_an_error_and_so_is_what_follows_it() -> None:
    whole = body()
    for size in range(len(whole)):
        with pytest.raises(Malformed):
            decode(whole[:size])
    with pytest.raises(Malformed):
        decode(whole + b"x")


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(sent: bytes) -> None:
    answered(sent)


@given(WHATEVER, st.sampled_from(["website", "events", "timestamp"]))
def test_any_payload_is_answered(value: Any, name: str) -> None:
    answered(body(**{name: value}))


@given(st.lists(WHATEVER, max_size=5), WHATEVER)
def test_any_events_are_placed_and_sifted(events: list[Any], timestamp: Any) -> None:
    found = answered(body(events=events, timestamp=timestamp))
    if found is not None:
        assert 0 <= found.first_ms <= found.last_ms
        placed([Part("v-1", "umami-1", 5, 9, 1)], "v-2", found, found.ahead_ms(1_700_000_000_000))
        assert without(never(("/pay",)), "/", found.events) == found.events or found.href


def answered(sent: bytes) -> Flush | None:
    try:
        return decode(sent)
    except SightlineError:
        return None


def test_an_address_without_a_host_has_none() -> None:
    assert [host_of(one) for one in ("https://a.example/x", "/x", "", "http://[::")] == ["a.example", "", "", ""]


def test_a_page_that_is_none_of_these_stays() -> None:
    events: list[Any] = [{"type": 4, "data": {"href": "http://[::"}}, {"type": 3}, 7]
    assert without(never(()), "/pay", events) == events
    assert without(never(("/pay",)), "/pay", [{"type": 3}]) == []
    assert without(never(("/pay",)), "/payments", [{"type": 3}]) == [{"type": 3}]
    assert without(never(("/pay",)), "/", events) == events[:1]  # an address that nobody can read may be one of them
    assert never(("/a*b", "/c.d")).fullmatch("/a\n.b")  # type: ignore[union-attr]
    assert never(("/c.d",)).fullmatch("/cxd") is None  # type: ignore[union-attr]


def test_where_a_flush_belongs_follows_from_what_is_stored_and_not_from_its_order() -> None:
    begins = Flush("s", [], "", 0, 1_000, 2_000, "", True)
    goes_on = Flush("s", [], "", 0, 1_000, 2_000, "", False)
    one, two = Part("v-1", "umami-1", 0, 500, 2), Part("v-2", "umami-1", 600, 900, 1)
    for parts in itertools.permutations([one, two]):
        assert placed(parts, "v-2", goes_on, 0) == two
        assert placed(parts, "v-1", begins, 0).document == "v-1-2"
        assert placed(parts, "v-1", begins, -500) == one  # sent late, but from before the other page
        assert placed(parts, "v-3", begins, 0) == Part("v-3", "umami-1", 0, 0, 0)
        assert placed(parts, "v-3", begins, -500).tab == "umami-3"  # while the second one was open
        assert placed(parts, "v-3", goes_on, 0) == two  # the token of a hit that crossed another one
    assert placed([], "v-3", goes_on, 0).tab == "umami-3"
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,40}", placed([], f"{2**63 - 1:016x}-{2**32 - 1:08x}", begins, 0).tab)
