"""The beacon: a request of an HTTP API in, an answer and lines out; nothing personal, nothing unbounded."""

import base64
import gzip
import io
import json
import sys
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightline.collect.own import MAX_BODY, MAX_INFLATED, MAX_ITEMS
from sightline_beacon import batches
from sightline_beacon.handler import Beacon
from sightline_beacon.reports import device_of, fingerprint, rating
from tests.unit.functions.test_metrics import VALIDATOR

Lines = Callable[[], list[dict[str, Any]]]
EMPTY = gzip.compress(b"{}", mtime=0)  # the same in every process that collects these tests
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
VITAL = {
    "k": "vital", "t": 1_700_000_000_000, "url": "https://shop.test/users/4711?q=ann", "page": "abcdefgh12345678",
    "name": "LCP", "value": 2600.5, "nav": "navigate", "el": "img.hero",
}  # fmt: skip
ERROR = {
    "k": "error", "t": 1_700_000_000_000, "url": "https://shop.test/checkout", "src": "error", "name": "TypeError",
    "msg": "no order for ann@example.com", "n": 3,
    "stack": "TypeError: no order\n    at pay (https://shop.test/a.js:1:17)",
    "handled": False, "ctx": {"email": "ann@example.com", "step": "pay"}, "crumbs": [],
}  # fmt: skip


def batch(*items: Any, **more: Any) -> dict[str, Any]:
    return {
        "v": 1, "site": "pk_shop", "doc": "0123456789abcdef0123456789abcdef", "seq": 0, "at": 1_700_000_000_500,
        "lost": 0, "sdk": "0.1.0", "host": "shop.test", "release": "1.4.2", "env": "production",
        "items": list(items), **more,
    }  # fmt: skip


def event(body: object, *, method: str = "POST", packed: bool = False, **headers: str) -> dict[str, Any]:
    text = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    made: dict[str, Any] = {
        "version": "2.0", "headers": {"origin": "https://shop.test", "user-agent": PHONE, **headers},
        "requestContext": {"http": {"method": method, "path": "/e", "sourceIp": "203.0.113.7"}, "requestId": "r="},
    }  # fmt: skip
    if packed or isinstance(body, bytes):
        return {
            **made,
            "body": base64.b64encode(gzip.compress(text) if packed else text).decode(),
            "isBase64Encoded": True,
        }
    return {**made, "body": text.decode(), "isBase64Encoded": False}


def new(**changed: str) -> Beacon:
    return Beacon(**{"sites": "pk_shop=shop,pk_other", "origins": "https://shop.test", "per_minute": "600", **changed})


def said(answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return answer["statusCode"], json.loads(answer.get("body", "{}"))


@pytest.mark.parametrize("packed", [False, True])
def test_vitals_become_one_line_for_a_page_view(lines: Lines, packed: bool) -> None:
    shift = {**VITAL, "name": "CLS", "value": 0.3, "el": ""}
    status, answer = said(new().answer(event(batch(VITAL, shift), packed=packed)))
    assert (status, answer) == (200, {"visit": "0123456789abcdef0123456789abcdef", "accepted": 2})
    [line] = lines()
    VALIDATOR.validate(line)
    assert (line["LCP"], line["CLS"], line["type"], line["path"]) == (2600.5, 0.3, "web_vitals", "/users/:id")
    assert line["ratings"] == {"LCP": "needs-improvement", "CLS": "poor"}
    assert (line["site"], line["device"], line["browser"], line["os"]) == ("shop", "mobile", "Safari", "iOS")
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["site"], ["site", "device"]]
    assert "q=ann" not in json.dumps(line)


def test_an_error_becomes_a_line_without_what_is_personal(lines: Lines) -> None:
    assert said(new().answer(event(batch(ERROR))))[0] == 200
    [line] = lines()
    VALIDATOR.validate(line)
    assert (line["Errors"], line["level"], line["message"]) == (3, "ERROR", "TypeError: no order for [email]")
    assert line["error"]["stack"].endswith("(https://shop.test/a.js:1:17)")
    assert (line["context"], line["handled"], line["release"]) == ({"email": "[email]", "step": "pay"}, False, "1.4.2")
    assert "ann@" not in json.dumps(line)
    assert "203.0.113.7" not in json.dumps(line)


def test_a_batch_that_is_sent_again_is_answered_and_not_written_again(lines: Lines) -> None:
    beacon = new()
    first, second = (said(beacon.answer(event(batch(ERROR)))) for _ in range(2))
    assert (first[1]["accepted"], second[1]) == (1, {**first[1], "duplicate": True})
    assert len(lines()) == 1


def test_each_dropped_item_is_named_with_its_reason(lines: Lines) -> None:
    items = [
        {"k": "page", "t": 1}, VITAL, {**VITAL, "value": 1e9}, {**VITAL, "name": "XYZ"},
        {**VITAL, "value": "2"}, 17, {**ERROR, "n": 0}, {**ERROR, "ctx": [1]}, {**VITAL, "page": "<script>"},
        {**VITAL, "t": -1},
        {"k": "odd", "t": 1},
    ]  # fmt: skip
    _, answer = said(new().answer(event(batch(*items))))
    assert answer["accepted"] == 1
    assert answer["dropped"] == [
        [0, "elsewhere"], [2, "unbelievable"], *([number, "malformed"] for number in range(3, 11))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ("{", 400, "this is not JSON"), ("[]", 400, "a batch is an object"), ("[" * 100_000, 400, "this is not JSON"),
        (batch(v=2), 400, "this beacon speaks version 1"), (batch(items=17), 400, "a list of at most 200 items"),
        (batch(*[{}] * 201), 400, "a list of at most 200 items"), (batch(doc="<x>"), 400, "doc: an id has"),
        (batch(seq=-1), 400, "seq: a sequence number"), (batch(at="x"), 400, "at: a moment"),
        (batch(at=float("nan")), 400, "not JSON"),
        (batch(site="pk_unknown"), 403, "this site may not send here"), (b"\x1f\x8bnonsense", 400, "this is not gzip"),
        (EMPTY[:-4], 400, "ends too early"), (EMPTY + b"x", 400, "something follows"),
        (gzip.compress(b" " * (MAX_INFLATED + 1)), 413, "too much JSON"),
        ("x" * (MAX_BODY + 1), 413, "at most 131072 bytes"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_batch_refuses_it_and_says_so(lines: Lines, body: Any, status: int, why: str) -> None:
    found = said(new().answer(event(body)))
    assert found[0] == status
    assert why in found[1]["message"]
    assert lines() == []


def test_the_limits_are_those_of_the_server() -> None:
    assert (batches.MAX_BODY, batches.MAX_INFLATED, batches.MAX_ITEMS) == (MAX_BODY, MAX_INFLATED, MAX_ITEMS)


def test_an_address_may_send_so_much_in_a_minute(lines: Lines) -> None:
    beacon = new(per_minute="3")
    answers = [beacon.answer(event(batch(ERROR, ERROR, seq=seq))) for seq in range(2)]
    assert [one["statusCode"] for one in answers] == [200, 429]
    assert answers[1]["headers"]["retry-after"] == "60"
    assert len(lines()) == 2


def test_other_methods_and_preflights(lines: Lines) -> None:
    beacon = new()
    assert beacon.answer(event("", method="OPTIONS"))["statusCode"] == 204
    assert beacon.answer(event("", method="GET"))["statusCode"] == 405


def test_only_pages_of_these_origins_may_read_the_answer(lines: Lines) -> None:
    def allowed(beacon: Beacon, origin: str) -> Any:
        return beacon.answer(event(batch(), origin=origin))["headers"].get("access-control-allow-origin")

    assert allowed(new(), "https://shop.test") == "https://shop.test"
    assert allowed(new(), "https://evil.test") is None
    assert allowed(new(origins="*"), "https://evil.test") == "*"


def test_what_cannot_be_written_is_not_said_to_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    beacon = new()
    out = io.StringIO()
    out.close()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        answer = beacon.answer(event(batch(ERROR)))
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")
    assert beacon.answer(event(batch(ERROR)))["statusCode"] == 200


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["k", "t", "name", "value", "url", "msg", "stack", "ctx", "n", "page", "el"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@given(
    st.lists(
        st.builds(
            lambda base, more: {**base, **more} if isinstance(more, dict) else more,
            st.sampled_from([VITAL, ERROR]),
            JSONS,
        ),
        max_size=3,
    )
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_items_are_answered_and_what_is_written_is_valid(lines: Lines, items: list[Any]) -> None:
    status, answer = said(new().answer(event(batch(*items))))
    assert status == 200
    assert answer["accepted"] + len(answer.get("dropped", [])) == len(items)
    for line in lines():
        VALIDATOR.validate(line)


@given(st.binary(max_size=200) | JSONS.map(json.dumps))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_gets_an_answer(lines: Lines, body: Any) -> None:
    assert new().answer(event(body))["statusCode"] in {400, 403}


def test_devices_ratings_and_fingerprints() -> None:
    assert [device_of(agent) for agent in ("", PHONE, "Mozilla (iPad)", "X11; Linux", "Android 14")] == [
        "unknown", "mobile", "tablet", "desktop", "tablet",
    ]  # fmt: skip
    assert [rating("CLS", value) for value in (0.1, 0.2, 0.3)] == ["good", "needs-improvement", "poor"]
    assert fingerprint("E", "took 17 ms", "E\n at f") == fingerprint("E", "took 42 ms", "E\n at f")
    assert fingerprint("E", "a", "") != fingerprint("E", "b", "")


def test_the_schema_refuses_what_is_no_metric_format() -> None:
    """The check of the lines can fail."""
    for wrong in ({}, {"_aws": {"Timestamp": "1", "CloudWatchMetrics": []}}):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(wrong)
