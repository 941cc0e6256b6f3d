"""What the recording masker keeps, stars, drops and remembers."""

# ruff: noqa: E501 - tables of cases read better with a case to a line

import copy
import itertools
from typing import Any

import msgspec
import orjson
import pytest

from sightline.privacy.dictionary import Rules, default
from sightline.privacy.recording.masker import MAX_EVENTS, RecordingTooLarge, encode, mask, rebuild
from sightline.privacy.recording.state import State
from tests.unit.privacy.recordings import (
    NOW,
    Page,
    added,
    changed,
    find,
    increment,
    mutation,
    said,
    site,
    text_of,
    typed,
)


def masked(rules: Rules, events: list[Any]) -> list[Any]:
    return mask(rules, None, copy.deepcopy(events)).events


def attributes(rules: Rules | None = None, tag: str = "div", **given: Any) -> dict[str, Any]:
    page = Page()
    element = page.element(tag, **given)
    found: dict[str, Any] = find(masked(rules or default(), page.snapshot(element)), element["id"])["attributes"]
    return found


def test_text_is_starred_and_its_words_tell_no_exact_length() -> None:
    page = Page()
    text = page.element("p", "Dear Jane\n  see you  tomorrow ")
    again = page.element("p", "Dear Ann-Mary Smithson")
    events = masked(default(), page.snapshot(text, again))
    assert text_of(find(events, text["id"])) == "*** ***\n*** *** ******"
    assert text_of(find(events, again["id"])) == "*** ****** ******"


@pytest.mark.parametrize(
    ("tag", "given", "kept"),
    [
        ("div", {"class_": "btn-primary user-jane-doe col-12"}, {"class": "btn-primary col-12"}),
        ("div", {"class_": "jane doe"}, {}),
        ("div", {"id": "user-4711"}, {}),
        ("div", {"id": "sidebar", "data_user": "jane", "owner": "jane"}, {"id": "sidebar"}),
        ("a", {"href": "https://jane:pw@shop.test/orders/jane?x=1#y"}, {"href": "https://shop.test/orders/*"}),
        ("a", {"href": "mailto:jane@example.org"}, {"href": "mailto:", "data-sl-field": "email"}),
        ("a", {"href": "javascript:alert(1)"}, {}),
        ("a", {"href": "#content", "target": "jane"}, {"href": "#content"}),
        ("img", {"src": "https://cdn.test/jane.png", "alt": "Jane Doe"}, {"rr_src": "https://cdn.test/*", "alt": "*** ***"}),
        ("img", {"src": "https://cdn.test/icons/cart.svg"}, {"src": "https://cdn.test/icons/cart.svg"}),
        ("img", {"rr_dataURL": "data:image/png;base64,xxxx", "srcset": "/jane.png 2x"}, {}),
        ("iframe", {"srcdoc": "<p>jane</p>", "src": "https://x.test/"}, {"rr_src": "https://x.test/"}),
        ("object", {"data": "https://x.test/a.pdf"}, {}),
        ("base", {"href": "https://x.test/"}, {}),
        ("div", {"onclick": "open('jane')", "title": "Jane"}, {"title": "***"}),
        ("div", {"aria_hidden": "true", "aria_label": "of Jane", "role": "button"}, {"aria-hidden": "true", "aria-label": "*** ***", "role": "button"}),
        ("meta", {"name": "author", "content": "Jane Doe"}, {"name": "author"}),
        ("meta", {"name": "viewport", "content": "width=device-width"}, {"name": "viewport", "content": "width=device-width"}),
        ("meta", {"http_equiv": "refresh", "content": "0;url=//evil"}, {}),
        ("path", {"d": "M0 0 L10.5 10z", "fill": "jane"}, {"d": "M0 0 L10.5 10z"}),
        ("path", {"d": "Mjane", "fill": "#336699"}, {"fill": "#336699"}),
        ("td", {"width": "20%", "height": "4111111111111111"}, {"width": "20%"}),
        ("div", {"style": "color: red; background: url(/jane.png); --who: jane"}, {"style": "color: red;background: url(about:invalid)"}),
        ("div", {"lang": "en-GB"}, {"lang": "en-GB"}),
        ("div", {"data_sl_masked": "jane"}, {"data-sl-masked": ""}),
        ("div", {"data_sl_field": "jane"}, {}),
        ("option", {"value": "jane", "selected": True}, {}),
        ("input", {"type": "radio", "value": "female", "checked": True}, {"type": "radio"}),
        ("input", {"type": "checkbox", "value": "on", "checked": True}, {"type": "checkbox", "checked": True}),
        ("input", {"type": "hidden", "value": "jane"}, {"type": "hidden"}),
        ("input", {"type": "submit", "value": "Pay as Jane"}, {"type": "submit", "value": "*** *** ***"}),
        ("input", {"type": "search", "value": "x"}, {"type": "search", "value": "********"}),
        ("input", {"type": "password", "value": "hunter2"}, {"type": "password", "value": "********", "data-sl-field": "password"}),
        ("input", {"type": "number", "value": "4711", "autocomplete": "cc-csc"}, {"type": "number", "autocomplete": "cc-csc", "data-sl-field": "card_code"}),
    ],
)  # fmt: skip
def test_only_listed_attributes_are_kept_and_only_in_listed_forms(
    tag: str, given: dict[str, Any], kept: dict[str, Any]
) -> None:
    spelled = {"data-sl-masked" if name == "data_sl_masked" else name: value for name, value in given.items()}
    page = Page()
    element = page.element(tag)
    element["attributes"] = {
        name if "rr_" in name else name.rstrip("_").replace("_", "-"): value for name, value in spelled.items()
    }
    assert find(masked(default(), page.snapshot(element)), element["id"])["attributes"] == kept


def test_a_change_that_cannot_be_kept_takes_the_old_value_away() -> None:
    event = changed(
        7, href="javascript:jane()", style="--who: jane", class_="jane", title="Jane", data_x="jane", lang=None
    )
    made = masked(default(), [event])[0]["data"]["attributes"]
    assert made == [{"id": 7, "attributes": {"href": None, "style": None, "class": "", "title": "***", "lang": None}}]


def test_a_class_is_kept_if_a_style_sheet_names_it_wherever_in_the_chunk_that_comes() -> None:
    page = Page()
    card = page.element("div", class_="css-x7q2k9 user-jane", id="root-x7")
    late = increment(
        15,
        id=1,
        styleIds=[1],
        styles=[{"styleId": 1, "rules": [{"rule": ".css-x7q2k9 { color: red }"}, {"rule": "#root-x7{}"}]}],
    )
    events = masked(default(), [*page.snapshot(card), late])
    assert find(events, card["id"])["attributes"] == {"class": "css-x7q2k9", "id": "root-x7"}
    assert "class" not in find(masked(default(), page.snapshot(card)), card["id"])["attributes"]


def test_style_sheets_keep_their_rules_and_lose_what_is_not_layout() -> None:
    page = Page()
    style = page.element("style", "")
    style["attributes"]["_cssText"] = (
        '.a { color: red; content: "Jane" } /* jane */ .b::before { content: "\\f101"; background: url(jane.png) }'
    )
    kept = find(masked(default(), page.snapshot(style)), style["id"])["attributes"]["_cssText"]
    assert kept == '.a {color: red;content: "***"}  .b::before {content: "\\f101";background: url(about:invalid)}'


def test_comments_scripts_text_areas_and_templates_lose_their_text() -> None:
    page = Page()
    comment: dict[str, Any] = {"type": 5, "textContent": "jane", "id": page.id()}
    script, area = page.element("script", "var x = 'jane'"), page.element("textarea", "Dear Jane")
    events = masked(default(), page.snapshot(comment, script, area))
    assert find(events, comment["id"])["textContent"] == ""
    assert text_of(find(events, script["id"])) == ""
    assert text_of(find(events, area["id"])) == "********"


def test_unknown_elements_get_a_name_that_says_nothing() -> None:
    page = Page()
    known, named, unknown = page.element("x-sidebar"), page.element("shop-kartrv"), page.element("x-jane-doe")
    style = page.element("style")
    style["attributes"]["_cssText"] = "shop-kartrv > p { color: red }"
    events = masked(default(), page.snapshot(known, named, unknown, head=(style,)))
    assert [find(events, node["id"])["tagName"] for node in (known, named, unknown)] == [
        "x-sidebar",
        "shop-kartrv",
        "x-masked",
    ]


def test_an_addition_keeps_nothing_but_its_place_and_its_node() -> None:
    node = {"type": 3, "textContent": "Jane", "id": 9}
    event = mutation(adds=[{"parentId": 5, "node": node, "jane": "Jane"}])
    assert masked(default(), [event])[0]["data"]["adds"] == [
        {"parentId": 5, "nextId": None, "node": node | {"textContent": "***"}}
    ]


def test_typing_tells_that_there_is_a_value_and_nothing_else() -> None:
    page = Page()
    field = page.element("input", type="text", name="city")
    keys = [typed(field["id"], "Berlin"[:n]) for n in range(1, 7)]
    events = masked(default(), [*page.snapshot(field), *keys, typed(field["id"], ""), typed(field["id"], "B")])
    assert [event["data"]["text"] for event in events[2:]] == ["********", "", "********"]


def test_a_password_that_is_shown_stays_a_password() -> None:
    page = Page()
    field = page.element("input", type="password", name="x", value="")
    rules = site('page = "/help"')
    first = [*page.snapshot(field), increment(2, type=2, id=field["id"])]
    state, before, _ = mask(rules, None, first)
    told = {
        "type": 5,
        "data": {"tag": "sightline.page", "payload": {"href": "https://shop.test/help"}},
        "timestamp": NOW + 50,
    }
    shown = mask(
        rules, rebuild(rules, [before]), [told, changed(field["id"], type="text"), typed(field["id"], "hunter2")]
    )
    assert state.special[field["id"]].field == "password"
    assert shown.events[-1]["data"]["text"] == "********"


def test_a_button_of_choice_tells_nothing_and_a_select_no_value() -> None:
    page = Page()
    choice = page.element("select", page.element("option", "Jane", value="j"), name="who")
    radio = page.element("input", type="radio", name="gender", value="f")
    box = page.element("input", type="checkbox", name="newsletter")
    events = masked(default(), [*page.snapshot(choice, radio, box), typed(choice["id"], "j"), typed(radio["id"], "f", checked=True), typed(box["id"], "on", checked=True)])  # fmt: skip
    assert [(event["data"]["text"], event["data"]["isChecked"]) for event in events[2:]] == [
        ("", False),
        ("", False),
        ("", True),
    ]


def test_what_an_entry_unmasks_is_readable_below_it_except_for_what_detectors_and_fields_hold() -> None:
    page = Page()
    mail = page.element("p", "Write to jane@example.org now")
    name = page.element("input", type="text", name="last_name", value="Doe", placeholder="Your name")
    plain = page.element("input", type="text", name="q", value="red shoes")
    private = page.element("div", "Jane", data_private="")
    frame = page.element("iframe")
    area = page.element(
        "section", "Opening hours", mail, name, plain, private, frame, class_="catalogue", title="Our hours"
    )
    other = page.element("p", "Jane")
    events = page.snapshot(area, other)
    document: dict[str, Any] = {
        "type": 0,
        "childNodes": [page.element("html", page.element("body", "Framed"))],
        "id": page.id(),
    }
    events = masked(site('selector = ".catalogue"'), [*events, added(frame["id"], document)])
    assert find(events, area["id"])["childNodes"][0]["textContent"] == "Opening hours"
    assert find(events, area["id"])["attributes"]["title"] == "Our hours"
    assert text_of(find(events, mail["id"])) == "Write to [email] now"
    assert find(events, name["id"])["attributes"] == {"type": "text", "name": "name", "value": "********", "placeholder": "*** ***", "data-sl-field": "person_name"} | {"name": "last_name"}  # fmt: skip
    assert find(events, plain["id"])["attributes"]["value"] == "red shoes"
    assert text_of(find(events, private["id"])) == "***"
    assert find(events, private["id"])["attributes"] == {"data-private": "", "data-sl-masked": ""}
    assert text_of(find(events, document["id"])) == "******"
    assert text_of(find(events, other["id"])) == "***"


def test_what_a_field_shows_is_told_also_where_its_attribute_said_it_before() -> None:
    page = Page()
    field = page.element("input", class_="quantity", value="1")
    rules = site('selector = ".quantity"')
    # React writes the attribute first; a player shows what was typed, not the attribute.
    events = [
        *page.snapshot(field), typed(field["id"], "2"), changed(field["id"], value="3"), typed(field["id"], "3"),
        typed(field["id"], "3"), changed(field["id"], value="3"),
    ]  # fmt: skip
    made = masked(rules, events)
    assert [event["data"]["text"] for event in made if event["data"].get("source") == 5] == ["2", "3"]
    told = [event["data"]["attributes"] for event in made if event["data"].get("source") == 0]
    assert [one["attributes"].get("value") for attributes in told for one in attributes] == ["3"]


def test_unmasking_follows_the_tree_when_nodes_are_added_moved_and_changed() -> None:
    page = Page()
    inside, outside = page.element("div", class_="catalogue"), page.element("div")
    rules = site('selector = ".catalogue p"')
    first = page.text("Shoes")
    shoes = page.element("p")
    state, before, _ = mask(rules, None, page.snapshot(inside, outside))
    events = [added(inside["id"], shoes), added(shoes["id"], first), said(first["id"], "Boots")]
    state, clear, _ = mask(rules, state, copy.deepcopy(events))
    assert [find(clear, first["id"])["textContent"], clear[-1]["data"]["texts"][0]["value"]] == ["Shoes", "Boots"]
    # Moved out of the unmasked part: the recorder removes it and adds it and all below it again.
    moved = [
        mutation(removes=[{"parentId": inside["id"], "id": shoes["id"]}]),
        added(outside["id"], shoes),
        added(shoes["id"], first),
    ]
    state, starred, _ = mask(rules, state, copy.deepcopy([*moved, said(first["id"], "Hats")]))
    assert [find(starred, first["id"])["textContent"], starred[-1]["data"]["texts"][0]["value"]] == ["******", "***"]
    # Back again, and then the ancestor loses its class.
    back = [
        mutation(removes=[{"parentId": outside["id"], "id": shoes["id"]}]),
        added(inside["id"], shoes),
        added(shoes["id"], first),
    ]
    state, again, _ = mask(
        rules, state, copy.deepcopy([*back, changed(inside["id"], class_="user-jane"), said(first["id"], "Jane")])
    )
    assert find(again, first["id"])["textContent"] == "Shoes"
    assert again[-1]["data"]["texts"][0]["value"] == "***"
    assert rebuild(rules, [before, clear, starred, again]) == state


def test_a_shadow_root_belongs_to_its_host_and_a_frame_to_nobody() -> None:
    page = Page()
    inner = page.element("p", "Shoes") | {"isShadow": True}
    host = page.element("x-card", inner, class_="catalogue") | {"isShadowHost": True}
    events = masked(site('selector = ".catalogue p"'), page.snapshot(host))
    assert text_of(find(events, inner["id"])) == "Shoes"
    assert find(events, inner["id"])["isShadow"] is True


def test_an_entry_bound_to_a_page_ends_with_that_page() -> None:
    page = Page()
    text = page.text("Help")
    rules = site('page = "/help/*"')
    snapshot = page.snapshot(page.element("p", text), href="https://shop.test/help/start?user=jane")

    def custom(href: str) -> dict[str, Any]:
        return {
            "type": 5,
            "data": {"tag": "sightline.page", "payload": {"href": href, "title": "Jane"}},
            "timestamp": NOW + 60,
        }

    # The recorder has not told that it reports changes of the page, so nothing is certain once it runs.
    unsure = masked(rules, [*snapshot, said(text["id"], "Prices")])
    assert [find(unsure, text["id"])["textContent"], unsure[-1]["data"]["texts"][0]["value"]] == ["Help", "******"]
    sure = masked(rules, [*snapshot, custom("https://shop.test/help/prices"), said(text["id"], "Prices"), custom("https://shop.test/account"), said(text["id"], "Jane")])  # fmt: skip
    assert [event["data"]["texts"][0]["value"] for event in sure if event["type"] == 3] == ["Prices", "***"]
    assert sure[2]["data"] == {"tag": "sightline.page", "payload": {"href": "https://shop.test/help/prices"}}
    assert sure[0]["data"]["href"] == "https://shop.test/help/start?user=********"


def test_a_mark_that_arrives_can_only_tighten() -> None:
    page = Page()
    forged = page.element("div", "Jane", data_sl_clear="", data_sl_field="search", class_="other")
    closed = page.element("div", "Shoes", data_sl_field="person_name", class_="catalogue")
    events = masked(site('selector = ".catalogue"'), page.snapshot(forged, closed))
    assert text_of(find(events, forged["id"])) == "***"
    assert text_of(find(events, closed["id"])) == "******"


def test_a_blocked_element_has_no_children_then_or_later() -> None:
    page = Page()
    frame = page.element("iframe", rr_src="https://js.stripe.com/v3/jane?x")
    frame["attributes"] = {"rr_src": "https://js.stripe.com/v3/jane?x"}
    block = page.element("div", page.element("p", "Jane"), class_="sightline-block")
    snapshot = page.snapshot(frame, block)
    late: dict[str, Any] = {"type": 0, "childNodes": [page.element("html")], "id": page.id()}
    _, events, _ = mask(default(), None, snapshot)
    assert find(events, block["id"])["childNodes"] == []
    assert find(events, block["id"])["attributes"] == {"class": "sightline-block", "data-sl-blocked": ""}
    assert mask(default(), rebuild(default(), [events]), [added(frame["id"], late)]).events == []


def test_the_data_attributes_that_rules_ask_for_survive_as_the_rules_wrote_them() -> None:
    rules = site('selector = "[data-kind=help]"', 'selector = "[data-area^=shop-]"')
    assert attributes(rules, data_kind="help", data_area="shop-of-jane") == {"data-kind": "help", "data-area": "shop-"}
    assert attributes(rules, data_kind="jane", data_area="jane") == {}


@pytest.mark.parametrize(
    ("event", "kept"),
    [
        (increment(1, positions=[{"x": 1, "y": 2.5, "id": 3, "timeOffset": -10, "text": "Jane"}]), {"source": 1, "positions": [{"x": 1, "y": 2.5, "id": 3, "timeOffset": -10}]}),
        (increment(1, positions=[{"x": 4111111111111111, "y": 2, "id": 3, "timeOffset": 0}]), None),
        (increment(2, type=2, id=5, x=1, y=2, label="Jane", pointerType=0), {"source": 2, "type": 2, "id": 5, "x": 1, "y": 2, "pointerType": 0}),
        (increment(3, id=5, x=1, y=2), {"source": 3, "id": 5, "x": 1, "y": 2}),
        (increment(4, width=1, height=2, jane=1), {"source": 4, "width": 1, "height": 2}),
        (increment(7, type=0, id=5, currentTime=1.5, src="jane"), {"source": 7, "type": 0, "id": 5, "currentTime": 1.5}),
        (increment(8, id=5, adds=[{"rule": '.a::after { content: "Jane" }', "index": 0}]), {"source": 8, "id": 5, "adds": [{"rule": '.a::after {content: "***"}', "index": 0}]}),
        (increment(8, id=5, adds=[{"rule": "/* jane */", "index": [0, 1]}]), {"source": 8, "id": 5, "adds": [{"rule": "x{}", "index": [0, 1]}]}),
        (increment(9, id=5, type=0, commands=[{"property": "fillText", "args": ["Jane", 1, 2]}]), None),
        (increment(10, family="Jane", fontSource="url(jane)", buffer=False), None),
        (increment(11, level="log", payload=["Jane"]), None),
        (increment(13, id=5, index=[0], set={"property": "color", "value": "red", "priority": ""}), {"source": 13, "id": 5, "index": [0], "set": {"property": "color", "value": "red", "priority": ""}}),
        (increment(13, id=5, index=[0], set={"property": "--who", "value": "Jane"}), None),
        (increment(14, ranges=[{"start": 5, "startOffset": 1, "end": 5, "endOffset": 7}]), None),
        (increment(16, define={"name": "x-jane"}), None),
        (increment(99, text="Jane"), None),
        ({"type": 0, "data": {"jane": 1}, "timestamp": NOW}, {}),
        ({"type": 7, "data": {"url": "jane"}, "timestamp": NOW}, None),
        ({"type": 8, "data": {"type": "caption", "text": "Jane"}, "timestamp": NOW}, None),
        ({"type": 5, "data": {"tag": "cart-open", "payload": {"count": 3, "of": "Jane", "jane": 1, "open": True}}, "timestamp": NOW}, {"tag": "cart-open", "payload": {"count": 3, "of": "********", "open": True}}),
        ({"type": 6, "data": {"plugin": "x/jane@1", "payload": {}}, "timestamp": NOW}, None),
        ({"type": 3, "data": {"source": 3, "id": 5, "x": 1, "y": 2}, "timestamp": "Jane"}, None),
        ({"type": ["Jane"], "data": {"source": 0, "removes": [{"parentId": 5, "id": 6}]}, "timestamp": NOW}, None),
        ({"type": True, "data": {}, "timestamp": NOW}, None),
        ({"type": 3, "data": {"source": 3, "id": 5, "x": 1, "y": 2}, "timestamp": 4111111111111111}, None),
    ],
)  # fmt: skip
def test_events_keep_what_their_type_names(event: dict[str, Any], kept: dict[str, Any] | None) -> None:
    result = mask(default(), None, [copy.deepcopy(event)])
    assert [made["data"] for made in result.events] == ([] if kept is None else [kept])
    assert bool(result.dropped) == (kept is None and event["data"].get("source") != 14)


def test_a_canvas_is_recorded_only_where_a_site_opted_in_and_its_words_never() -> None:
    pixels = {
        "rr_type": "ImageBitmap",
        "args": [{"rr_type": "Blob", "data": [{"rr_type": "ArrayBuffer", "base64": "AAAA"}], "type": "image/png"}],
    }
    commands = [
        {"property": "fillText", "args": ["Jane Doe", 1, 2]},
        {"property": "fillStyle", "args": ["#336699"], "setter": True},
        {"property": "font", "args": ["12px jane"], "setter": True},
        {"property": "drawImage", "args": [pixels, 0, 0]},
        {"property": "drawImage", "args": [{"rr_type": "HTMLImageElement", "src": "https://x.test/jane.png"}, 0, 0]},
        {"property": "jane", "args": []},
    ]
    (event,) = mask(default(), None, [increment(9, id=5, type=0, commands=commands)], record_canvas=True).events
    assert [(made["property"], made["args"][0]) for made in event["data"]["commands"]] == [
        ("fillText", "*** ***"),
        ("fillStyle", "#336699"),
        ("drawImage", pixels),
    ]
    assert mask(default(), None, [increment(9, id=5, type=1, commands=commands)], record_canvas=True).events == []


def test_the_console_and_the_network_keep_what_no_rule_calls_personal() -> None:
    console = {"level": "error", "payload": [orjson.dumps({"email": "jane@example.org", "status": "open"}).decode(), '"card 4111 1111 1111 1111"', "not json jane@example.org"], "trace": ["f (https://shop.test/a.js?token=abcdef:1:2)"]}  # fmt: skip
    request = {"name": "https://shop.test/api/users/4711?email=jane@example.org", "method": "post", "status": 200, "startTime": 12.5, "requestHeaders": {"Authorization": "Bearer abc", "Accept": "text/html"}, "requestBody": "jane", "responseBody": "jane", "nextHopProtocol": "jane"}  # fmt: skip
    events = mask(default(), None, [
        {"type": 6, "data": {"plugin": "rrweb/console@1", "payload": console}, "timestamp": NOW},
        {"type": 6, "data": {"plugin": "rrweb/network@1", "payload": {"requests": [request]}}, "timestamp": NOW},
    ]).events  # fmt: skip
    text = encode(events).decode()
    assert "jane" not in text
    assert "4111" not in text
    assert "abcdef" not in text
    made = events[1]["data"]["payload"]["requests"][0]
    assert made["name"].startswith("https://shop.test/api/users/:id")
    assert [made["method"], made["status"], made["startTime"], made["requestHeaders"]["Accept"]] == [
        "POST",
        200,
        12.5,
        "text/html",
    ]
    assert not {"requestBody", "responseBody", "nextHopProtocol"} & made.keys()
    assert events[0]["data"]["payload"]["level"] == "error"
    assert "open" in events[0]["data"]["payload"]["payload"][0]


def test_a_state_survives_the_way_to_another_process() -> None:
    page = Page()
    rules = site('selector = ".catalogue"')
    style = page.element("style")
    style["attributes"]["_cssText"] = "".join(f".c{n}-x{{}}" for n in range(300))
    box = page.element("div", page.element("input", type="password"), "Shoes", class_="catalogue")
    state, _, _ = mask(rules, None, [*page.snapshot(box, head=(style,)), typed(5, "x")])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State) == state
    assert state.nodes
    assert state.sheets


def test_without_unmask_entries_a_state_holds_only_what_is_special() -> None:
    page = Page()
    state, _, _ = mask(
        default(), None, page.snapshot(*(page.element("p", "x") for _ in range(1000)), page.element("input"))
    )
    assert len(state.nodes) + len(state.within) == 0
    assert len(state.special) == 1


def test_a_failing_rule_masks_the_event_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    box = page.element("div", "Shoes", page.element("a", "more", href="https://shop.test/x"), class_="catalogue")
    snapshot = page.snapshot(box)

    def fail(*_: object) -> str:
        raise RuntimeError("planted")

    rules = site('selector = ".catalogue"')
    monkeypatch.setattr("sightline.privacy.recording.tree.clean_text", fail)
    result = mask(rules, None, snapshot)
    assert result.dropped == {"masked whole": 1}
    assert text_of(find(result.events, box["id"])) == "*********"
    assert find(result.events, box["id"])["attributes"] == {"data-sl-masked": ""}
    assert mask(rules, None, copy.deepcopy(result.events)).events == result.events


def test_after_an_event_that_failed_nothing_is_unmasked_until_the_next_snapshot() -> None:
    page = Page()
    field = page.element("input", type="text", name="q")
    text = page.text("Shoes")
    box = page.element("div", field, text, class_="catalogue")
    rules = site('selector = ".catalogue"')
    broken = mutation(attributes=[{"id": field["id"], "attributes": {"type": "password"}}], removes="broken")
    later = [typed(field["id"], "hunter2"), said(text["id"], "Boots")]
    before = mask(rules, None, [*page.snapshot(box), broken])
    assert before.dropped == {"unreadable": 1}
    for state in (rebuild(rules, [copy.deepcopy(before.events)]), before.state):
        events = mask(rules, state, copy.deepcopy(later)).events
        assert [events[0]["data"]["text"], events[1]["data"]["texts"][0]["value"]] == ["********", "******"]
    again = mask(rules, before.state, [*page.snapshot(box), said(text["id"], "Boots")]).events
    assert again[-1]["data"]["texts"][0]["value"] == "Boots"


def test_a_position_out_of_range_costs_only_its_event() -> None:
    page = Page()
    text = page.text("Shoes")
    move = increment(1, positions=[{"x": 1e12, "y": 2, "id": 3, "timeOffset": 0}])
    result = mask(
        site('selector = "p"'), None, [*page.snapshot(page.element("p", text)), move, said(text["id"], "Boots")]
    )
    assert result.events[-1]["data"]["texts"][0]["value"] == "Boots"
    assert result.dropped == {"unreadable": 1}


def test_a_chunk_with_too_many_events_is_refused() -> None:
    with pytest.raises(RecordingTooLarge, match="at most 100000 events"):
        mask(default(), None, list(itertools.repeat({}, MAX_EVENTS + 1)))
