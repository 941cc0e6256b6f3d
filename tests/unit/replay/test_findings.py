"""Each rule finds what it is for, and not what lies just outside of its limits."""

from typing import Any

import pytest

from sightline.replay import findings as rules
from sightline.replay.findings import findings
from sightline.replay.summary import activity, summary
from tests.replay.making import START_MS, clicks, page


def found(*events: dict[str, Any]) -> list[str]:
    return [one.name for one in findings([*page(START_MS), *events])]


def move(at_ms: int, x: int) -> dict[str, Any]:
    position = {"x": x, "y": 5, "id": 1, "timeOffset": 0}
    return {"type": 3, "timestamp": at_ms, "data": {"source": 1, "positions": [position]}}


def scroll(at_ms: int, y: int) -> dict[str, Any]:
    return {"type": 3, "timestamp": at_ms, "data": {"source": 3, "id": 1, "x": 0, "y": y}}


def typed(at_ms: int) -> dict[str, Any]:
    return {"type": 3, "timestamp": at_ms, "data": {"source": 5, "id": 8, "text": "****", "isChecked": False}}


def form() -> dict[str, Any]:
    """A form with a field and a button, whose words are a node of their own, comes into the page."""
    words = {"type": 2, "id": 82, "tagName": "span", "attributes": {}, "childNodes": []}
    button = {"type": 2, "id": 81, "tagName": "button", "attributes": {"type": "submit"}, "childNodes": [words]}
    field = {"type": 2, "id": 8, "tagName": "input", "attributes": {"type": "text"}, "childNodes": []}
    whole = {"type": 2, "id": 80, "tagName": "form", "attributes": {}, "childNodes": [field, button]}
    data = {"source": 0, "adds": [{"parentId": 4, "nextId": None, "node": whole}], "removes": [], "texts": []}
    return {"type": 3, "timestamp": START_MS + 100, "data": {**data, "attributes": []}}


def changed(at_ms: int) -> dict[str, Any]:
    data = {"source": 0, "adds": [], "removes": [], "texts": [], "attributes": [{"id": 4, "attributes": {}}]}
    return {"type": 3, "timestamp": at_ms, "data": data}


def console(at_ms: int, level: str) -> dict[str, Any]:
    payload = {"level": level, "payload": ['"x"'], "trace": []}
    return {"type": 6, "timestamp": at_ms, "data": {"plugin": "rrweb/console@1", "payload": payload}}


def request(at_ms: int, **said: Any) -> dict[str, Any]:
    data = {"plugin": "rrweb/network@1", "payload": {"requests": [{"name": "https://shop.example/api", **said}]}}
    return {"type": 6, "timestamp": at_ms, "data": data}


def shown(at_ms: int, path: str) -> dict[str, Any]:
    data = {"tag": "sightline.page", "payload": {"href": f"https://shop.example{path}"}}
    return {"type": 5, "timestamp": at_ms, "data": data}


def frozen(at_ms: int, duration: int) -> dict[str, Any]:
    return {"type": 5, "timestamp": at_ms, "data": {"tag": "sightline.freeze", "payload": {"duration": duration}}}


LATER = START_MS + 60_000


def answered(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """Clicks that the page answers, so that none of them is dead."""
    return [one for event in events for one in (event, changed(event["timestamp"] + 1))]


@pytest.mark.parametrize(
    ("events", "names"),
    [
        (answered(*clicks(LATER, 3, every_ms=500)), ["rage-click"]),
        (answered(*clicks(LATER, 3, every_ms=501)), []),
        (answered(*clicks(LATER, 2), *clicks(LATER + 300, 1, node=10)), []),
        ([*clicks(LATER, 1), changed(LATER + 1501)], ["dead-click"]),
        ([*clicks(LATER, 1), changed(LATER + 1500)], []),
        ([move(LATER + n * 130, 100 if n % 2 else 200) for n in range(8)], ["thrashing"]),
        ([move(LATER + n * 170, 100 if n % 2 else 200) for n in range(9)], []),
        ([move(LATER + n * 130, 100 if n % 2 else 139) for n in range(9)], []),
        ([*answered(*clicks(LATER, 1)), console(LATER + 1000, "error")], ["error-click"]),
        ([*answered(*clicks(LATER, 1)), console(LATER + 1001, "error")], []),
        ([*answered(*clicks(LATER, 1)), console(LATER + 500, "warn")], []),
        ([scroll(LATER + n * 1000, 2400 if n % 2 else 0) for n in range(6)], ["excessive-scrolling"]),
        ([scroll(LATER + n * 1000, n * 2400) for n in range(6)], []),
        ([shown(LATER, "/b"), shown(LATER + 5000, "/a")], ["quick-back"]),
        ([shown(LATER, "/b"), shown(LATER + 5001, "/a")], []),
        ([request(LATER, duration=3000)], ["slow-request"]),
        ([request(LATER, duration=2999)], []),
        ([request(LATER, status=404)], ["failed-request"]),
        ([request(LATER, status=399)], []),
        ([frozen(LATER, 3000)], ["long-freeze"]),
        ([frozen(LATER, 2999)], []),
        ([form(), typed(LATER), typed(LATER + 10), shown(LATER + 9000, "/b")], ["form-abandonment"]),
        ([form(), typed(LATER), typed(LATER + 10)], ["form-abandonment"]),
        ([form(), typed(LATER), shown(LATER + 9000, "/b")], []),
        ([typed(LATER), typed(LATER + 10), shown(LATER + 9000, "/b")], []),  # a field of no form
    ],
)  # fmt: skip
def test_a_rule_finds_up_to_its_limit(events: list[dict[str, Any]], names: list[str]) -> None:
    assert found(*events) == names
    assert set(names) <= set(rules.NAMES)


@pytest.mark.parametrize("clicked", [81, 82])
def test_a_form_that_is_sent_is_not_abandoned(clicked: int) -> None:
    sent = [form(), typed(LATER), typed(LATER + 10), *answered(*clicks(LATER + 20, 1, node=clicked))]
    assert found(*sent, shown(LATER + 30, "/thanks")) == []


def test_somebody_is_active_until_ten_seconds_after_what_they_did() -> None:
    events = [*clicks(LATER, 2, every_ms=10_000), *clicks(LATER + 20_001, 1), console(LATER + 30_000, "log")]
    assert activity(events) == [(LATER, LATER + 10_000), (LATER + 20_001, LATER + 20_001)]
    assert summary([*page(START_MS), *events]).active_ms == 10_000
