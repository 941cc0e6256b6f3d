"""From messages to events of rrweb: what each message becomes, and what is closed on the way."""

from typing import Any

import orjson

from sightline.collect.openreplay.converter import Converted, convert
from sightline.collect.openreplay.decoder import decode
from sightline.collect.openreplay.page import Page, absorb, dump, load
from sightline.privacy.dictionary import default
from sightline.privacy.recording.masker import mask
from sightline.replay.findings import findings
from tests.openreplay.wire import batch, loaded


class Known:
    """A page that goes from batch to batch as it does on the server: masked, written, read."""

    def __init__(self, *messages: tuple[Any, ...]) -> None:
        self.page = Page()
        self.state: Any = None
        self.events = self.take(*(messages or loaded()))

    def raw(self, *messages: tuple[Any, ...], **more: Any) -> Converted:
        return convert(self.page, decode(batch(messages, **more)))

    def take(self, *messages: tuple[Any, ...], **more: Any) -> list[dict[str, Any]]:
        found = self.raw(*messages, **more)
        masked = mask(default(), self.state, found.events)
        self.state = masked.state
        absorb(self.page, found.raw, masked.events)
        self.page = load(dump(self.page))
        return masked.events


def data(events: list[dict[str, Any]], source: int) -> list[dict[str, Any]]:
    return [event["data"] for event in events if event["type"] == 3 and event["data"]["source"] == source]


def test_the_first_moment_of_a_page_is_its_meta_and_its_snapshot() -> None:
    page = Page()
    meta, snapshot = convert(page, decode(batch(loaded()))).events
    assert meta["data"] == {"href": "https://shop.example/a", "width": 800, "height": 600}
    doctype, html = snapshot["data"]["node"]["childNodes"]
    assert (doctype["type"], html["tagName"], html["id"]) == (1, "html", 3)
    paragraph = html["childNodes"][0]["childNodes"][0]
    assert (paragraph["tagName"], paragraph["id"]) == ("p", 12)
    assert paragraph["childNodes"][0]["textContent"] == "Anneliese"


def test_nothing_personal_is_kept_from_one_batch_to_the_next() -> None:
    known = Known(*loaded(), (12, 2, "title", "Anneliese"), (34, 5, "word"))
    assert b"Anneliese" not in dump(known.page)
    known.take((14, 3, "Anneliese"), (12, 1, "aria-label", "Anneliese"), at=1_700_000_000_100)
    assert b"Anneliese" not in dump(known.page)


def test_a_node_that_moves_takes_its_masked_content_along() -> None:
    known = Known(*loaded(texts=("Anneliese", "two")), (12, 2, "class", "title"))
    events = known.take((10, 2, 1, 1), at=1_700_000_000_100)
    (mutation,) = data(events, 0)
    assert mutation["removes"] == [{"parentId": 11, "id": 12}]
    assert [(add["parentId"], add["nextId"], add["node"]["id"]) for add in mutation["adds"]] == [
        (11, None, 12),
        (12, None, 13),
    ]
    assert mutation["adds"][0]["node"]["attributes"] == {"class": "title"}
    assert set(mutation["adds"][1]["node"]["textContent"]) == {"*"}


def test_a_list_that_is_sorted_in_one_turn_is_taken_out_first() -> None:
    known = Known(*loaded(texts=("a", "b", "c")))
    (mutation,) = data(known.raw((10, 6, 1, 0), (10, 4, 1, 1), (10, 2, 1, 2), at=1_700_000_000_100).events, 0)
    assert [entry["id"] for entry in mutation["removes"]] == [16, 14, 12]
    tops = [(add["node"]["id"], add["nextId"]) for add in mutation["adds"] if add["parentId"] == 11]
    assert tops == [(12, None), (14, 12), (16, 14)]


def test_a_second_turn_within_a_moment_begins_where_a_node_is_touched_again() -> None:
    known = Known(*loaded(texts=("a", "b")))
    turns = data(known.raw((8, 9, 1, 0, "HR", False), (11, 9), at=1_700_000_000_100).events, 0)
    assert [(len(turn["adds"]), len(turn["removes"])) for turn in turns] == [(1, 0), (0, 1)]


def test_a_shadow_root_has_no_id_of_its_own() -> None:
    known = Known()
    (mutation,) = data(known.raw((70, 2, 20), (8, 21, 20, 0, "EM", False), at=1_700_000_000_100).events, 0)
    (add,) = mutation["adds"]
    assert (add["parentId"], add["node"]["isShadow"]) == (12, True)
    (mutation,) = data(known.raw((11, 21), at=1_700_000_000_200).events, 0)
    assert mutation["removes"] == [{"parentId": 12, "id": 31, "isShadow": True}]


def test_the_document_of_a_frame_has_no_root_id_and_what_is_in_it_has() -> None:
    known = Known(*loaded(), (8, 20, 1, 1, "IFRAME", False), (70, 20, 21), (8, 22, 21, 0, "HTML", False))
    (attached,) = [found for found in data(known.events, 0) if found.get("isAttachIframe")]
    (add,) = attached["adds"]
    assert (add["parentId"], add["node"]["id"], "rootId" in add["node"]) == (30, 31, False)
    assert add["node"]["childNodes"][0]["rootId"] == 31
    (mutation,) = data(known.raw((8, 23, 22, 0, "BODY", False), at=1_700_000_000_100).events, 0)
    assert mutation["adds"][0]["node"]["rootId"] == 31


def test_a_frame_that_goes_to_another_page_takes_along_what_was_just_removed_or_moved_in_it() -> None:
    first = (*loaded(), (8, 20, 1, 1, "IFRAME", False), (70, 20, 21), (8, 22, 21, 0, "P", False))
    for touched in ((11, 22), (10, 22, 21, 0)):
        known = Known(*first)
        found = known.raw((0, 1_700_000_000_100), touched, (70, 20, 30), (8, 31, 30, 0, "HTML", False))
        (attached,) = [one for one in data(found.events, 0) if one.get("isAttachIframe")]
        assert [child["id"] for child in attached["adds"][0]["node"]["childNodes"]] == [41]


def test_a_root_neither_goes_nor_moves_without_its_host() -> None:
    for touched in ((11, 21), (10, 21, 1, 0)):
        known = Known(*loaded(), (70, 2, 21), (8, 22, 21, 0, "EM", False))
        assert data(known.raw((0, 1_700_000_000_100), touched).events, 0) == []


def test_a_word_that_was_lost_costs_one_attribute_and_not_the_page() -> None:
    known = Known(*loaded(), (34, 7, "class"), (34, 8, "title"))
    found = known.raw((35, 2, 7, 99), (35, 2, 7, 8), at=1_700_000_000_100)
    assert found.ignored == 1
    assert data(found.events, 0)[0]["attributes"] == [{"id": 12, "attributes": {"class": "title"}}]


def test_sheets_of_scripts_wait_for_their_owner() -> None:
    known = Known()
    events = known.raw((73, 15, "b { color: red }", 0, "https://shop.example/"), (76, 15, 0), (75, 15, 0)).events
    adopted, added, removed = (event["data"] for event in events)
    assert (adopted["id"], adopted["styleIds"], adopted["styles"]) == (1, [15], [{"styleId": 15, "rules": []}])
    assert (added["styleId"], added["adds"]) == (15, [{"rule": "b { color: red }", "index": 0}])
    assert removed["removes"] == [{"index": 0}]


def test_addresses_are_in_full_and_scripts_are_none() -> None:
    known = Known()
    base = "https://shop.example/a/b?token=abc"
    found = known.raw(
        (60, 2, "href", "../x.css", base), (60, 1, "style", "background: url(y.png)", base),
        (12, 3, "onclick", "x"), (12, 2, "src", "javascript:alert(1)"), (12, 2, "srcdoc", "<p>Anneliese"),
    )  # fmt: skip
    said = {entry["id"]: entry["attributes"] for entry in data(found.events, 0)[0]["attributes"]}
    assert said[12]["href"] == "https://shop.example/x.css"
    assert said[12]["src"] == ""
    assert said[11]["style"] == 'background: url("https://shop.example/a/y.png")'
    assert "srcdoc" not in said[12]
    assert "token" not in orjson.dumps(found.events).decode()


def test_a_symbol_is_drawn_in_the_page_itself() -> None:
    known = Known(*loaded(), (8, 30, 1, 1, "svg", True), (8, 31, 30, 0, "use", True))
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="x"><path d="M1 2h3" onclick="x"/></svg>'
    events = known.raw((12, 31, "href", f"_$OPENREPLAY_SPRITE$_{svg}"), at=1_700_000_000_100).events
    used, drawn = data(events, 0)
    (symbol,) = drawn["adds"][0]["node"]["childNodes"]
    assert used["attributes"] == [{"id": 41, "attributes": {"href": f"#{symbol['attributes']['id']}"}}]
    assert symbol["childNodes"][0]["attributes"] == {"d": "M1 2h3"}
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><svg>&a;</svg>'
    assert known.raw((12, 31, "href", f"_$OPENREPLAY_SPRITE$_{bomb}"), at=1_700_000_000_200).ignored == 1


def test_selected_text_stays_outside_and_inputs_become_stars() -> None:
    known = Known(*loaded(), (8, 30, 1, 1, "INPUT", False))
    found = known.raw((113, 2, 2, "Anneliese"), (18, 30, "Anneliese", 4), (18, 30, "x", -1), at=1_700_000_000_100)
    assert "Anneliese" not in orjson.dumps(found.events).decode()
    assert [entry["text"] for entry in data(found.events, 5)] == ["****", ""]


def test_requests_are_on_the_servers_clock() -> None:
    page = Page()
    body = batch([(83, "fetch", "get", "/api/cart?token=abc", "{}", "{}", 404, 1_000, 20, 5)])
    (event,) = convert(page, decode(body), delay_ms=500).events
    (request,) = event["data"]["payload"]["requests"]
    assert (request["startTime"], request["endTime"], request["status"]) == (1_500, 1_520, 404)
    (event,) = mask(default(), None, [event]).events
    assert "token" not in orjson.dumps(event).decode()


def test_ids_from_a_partition_of_their_own_fit_into_rrweb() -> None:
    known = Known(*loaded(), (8, 2**31 + 5, 1, 1, "HR", False))
    added = known.raw((12, 2**31 + 5, "class", "title"), at=1_700_000_000_100).events
    assert data(added, 0)[0]["attributes"][0]["id"] < 2**31


def test_streams_of_one_body_are_merged_the_tree_first() -> None:
    at = 1_700_000_000_000
    css = [(61, 21, "p { color: red }", "https://shop.example/")]
    body = batch([*loaded(), (8, 20, 1, 1, "STYLE", False), (9, 21, 20, 0)], at=at) + batch(css, at=at, version=3)
    _, snapshot = convert(Page(), decode(body)).events
    body_node = snapshot["data"]["node"]["childNodes"][1]["childNodes"][0]
    assert body_node["childNodes"][1]["childNodes"][0]["textContent"] == "p { color: red }"


def test_what_the_console_printed_is_kept_without_the_objects_in_it() -> None:
    known = Known()
    (event,) = known.raw((22, "warn", "cart of {name: Anneliese, list: [1, 2]} is empty"), at=1_700_000_000_100).events
    assert event["data"]["payload"]["payload"] == ['"cart of {***} is empty"']


def test_what_the_tracker_finds_by_itself_is_found_here_too() -> None:
    known = Known()
    told = [(125, 1, 1, kind, "", "", "", "") for kind in ("click_rage", "dead_click", "cpu", "anneliese")]
    events = known.take(*told, (114, 5), (64, "x", "{}"), at=1_700_000_000_100)
    assert [event["data"]["payload"]["type"] for event in events] == [
        "click-rage", "dead-click", "cpu", "custom", "thrashing", "custom",
    ]  # fmt: skip
    assert [one.name for one in findings(events)] == ["rage-click", "dead-click", "thrashing"]
