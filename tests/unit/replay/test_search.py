"""What a search says of a visit, and what elements are called."""

from typing import Any

import pytest

from sightline.replay.beside import Facts
from sightline.replay.nodes import Nodes
from sightline.replay.search import Match, conditions
from sightline.replay.visits import holds

MARKS = [
    {"at_ms": 1, "kind": "page", "text": "https://shop.example/cart", "status": 0, "took_ms": 0},
    {"at_ms": 5, "kind": "event", "text": "buy", "status": 0, "took_ms": 0},
    {"at_ms": 9, "kind": "request", "text": "POST /api/pay", "status": 503, "took_ms": 700},
]
KNOWN = Facts(country="NL", device="mobile", release="2.4.0")


@pytest.mark.parametrize(
    ("match", "where", "held"),
    [
        ("all", ["event:buy", "page:/cart"], True),
        ("all", ["event:buy", "page:/checkout"], False),
        ("any", ["event:sell", "status:500"], True),
        ("any", ["event:sell", "status:504"], False),
        ("then", ["page:/cart", "event:buy", "slower:700"], True),
        ("then", ["page:/cart", "slower:701"], False),
        ("then", ["event:buy", "page:/cart"], False),
        ("then", ["event:buy", "event:buy"], False),
        ("then", ["event:buy", "country:nl", "status:503"], True),
        ("all", ["device:desktop"], False),
        ("any", ["device:desktop", "release:2.4"], True),
        ("any", [], True),
    ],
)
def test_conditions_hold_together_or_any_or_one_after_the_other(match: str, where: list[str], held: bool) -> None:
    assert holds(conditions(where), Match(match), MARKS, KNOWN) is held


def element(number: int, tag: str, *children: dict[str, Any], **attributes: str) -> dict[str, Any]:
    return {"type": 2, "id": number, "tagName": tag, "attributes": attributes, "childNodes": list(children)}


def text(number: int, content: str) -> dict[str, Any]:
    return {"type": 3, "id": number, "textContent": content}


def test_an_element_is_called_by_its_selector_and_a_label_that_can_be_read() -> None:
    nodes = Nodes()
    buy = element(5, "button", text(6, " Buy now "), id="buy", **{"class": "primary large wide extra"})
    field = element(7, "input", name="city")
    masked = element(8, "a", text(9, "*** ***"), **{"class": "*** link"})
    tree = {"type": 0, "id": 1, "childNodes": [element(2, "html", buy, field, masked)]}
    nodes.take({"type": 2, "data": {"node": tree}})
    assert [nodes.named(number) for number in (5, 7, 8, 99)] == [
        "button#buy.primary.large.wide Buy now", 'input[name="city"]', "a.link", "",
    ]  # fmt: skip
    later = {"source": 0, "adds": [{"parentId": 2, "node": element(20, "li")}], "attributes": []}
    nodes.take({"type": 3, "data": later})
    changed = {"source": 0, "attributes": [{"id": 20, "attributes": {"class": "open"}}]}
    nodes.take({"type": 3, "data": changed})
    assert nodes.named(20) == "li.open"
