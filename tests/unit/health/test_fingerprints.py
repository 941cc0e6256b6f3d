"""What makes errors one: frames of every browser, what varies in a message, keys and fingerprints, noise."""

import pytest

from sightline.health import noise
from sightline.health.fingerprints import Parts, culprit, fingerprint, key_of, parts_of, shape, title
from sightline.health.frames import Frame, frames

CHROME = """TypeError: x is not a function
    at Cart.add (https://shop.example/assets/index-B3kD9x1f.js:12:3456)
    at async Promise.all (index 0)
    at https://shop.example/assets/index-B3kD9x1f.js:1:99
    at new Shop (https://shop.example/app.js?v=3:4:5)
    at eval (eval at load (https://shop.example/boot.js:7:8), <anonymous>:1:1)
    at <anonymous>"""
FIREFOX = """add@https://shop.example/assets/index-B3kD9x1f.js:12:3456
@https://shop.example/assets/index-B3kD9x1f.js:1:99
load/<@https://shop.example/boot.js:7:8
"""
SAFARI = """add@https://shop.example/assets/index-B3kD9x1f.js:12:3456
[native code]
global code@https://shop.example/boot.js:7:8"""


@pytest.mark.parametrize(
    ("stack", "functions", "places"),
    [
        (CHROME, ["Cart.add", "", "new Shop", "eval"], [(12, 3456), (1, 99), (4, 5), (7, 8)]),
        (FIREFOX, ["add", "", "load/<"], [(12, 3456), (1, 99), (7, 8)]),
        (SAFARI, ["add", "global code"], [(12, 3456), (7, 8)]),
        ("", [], []),
        ("no stack at all\nat nowhere", [], []),
    ],
)
def test_stacks_of_all_browsers_are_read(stack: str, functions: list[str], places: list[tuple[int, int]]) -> None:
    found = frames(stack)
    assert [one.function for one in found] == functions
    assert [(one.line, one.column) for one in found] == places


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("https://shop.example/assets/index-B3kD9x1f.js", "/assets/index-*.js"),
        ("https://shop.example/static/main.3f2a1b9c.chunk.js?x=1#y", "/static/main-*.chunk.js"),
        ("https://shop.example/my-checkout.js", "/my-checkout.js"),
        ("https://shop.example/jquery-3.7.1.min.js", "/jquery-3.7.1.min.js"),
        ("src/cart.ts", "src/cart.ts"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_a_file_is_the_same_over_builds(file: str, path: str) -> None:
    assert Frame("f", file, 1, 1).path == path


@pytest.mark.parametrize(
    ("file", "ours"),
    [
        ("https://shop.example/assets/index.js", True),
        ("node_modules/react-dom/client.js", False),
        ("https://shop.example/assets/vendor-1a2b3c4d.js", False),
        ("chrome-extension://abc/content.js", False),
        ("safari-web-extension://abc/content.js", False),
        ("src/cart.ts", True),
    ],
)
def test_what_is_the_application_s_own_is_told_by_its_file(file: str, ours: bool) -> None:
    assert Frame("f", file, 1, 1).is_ours is ours


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Order 12 of 2.5 is gone", "Order <n> of <n> is gone"),
        ("no 8f14e45f-ceea-467f-a9b9-8d1b3a2c9f00", "no <id>"),
        ("at 0xdeadbeef12 and cafe and 00ff00ff00aa", "at <hex> and cafe and <hex>"),
        ("GET https://shop.example/a?b=1 failed", "GET <url> failed"),
        ("reading 'price' of 'my value 1'", "reading 'price' of <text>"),
        ("  many \n  spaces ", "many spaces"),
    ],
)
def test_what_varies_in_a_message_does_not_count(message: str, found: str) -> None:
    assert shape(message) == found


def test_a_key_is_exact_and_the_same_on_every_machine() -> None:
    assert key_of("TypeError", "no cart 1", "error", CHROME) == key_of("TypeError", "no cart 2", "caught", CHROME)
    others = {
        key_of("TypeError", "no cart", "error", CHROME),
        key_of("RangeError", "no cart", "error", CHROME),
        key_of("TypeError", "no shop", "error", CHROME),
        key_of("TypeError", "no cart", "resource", CHROME),
        key_of("TypeError", "no cart", "error", CHROME.replace("12:3456", "12:3457")),
        key_of("TypeError", "no cart", "error", FIREFOX),
        key_of("TypeError", "no cart", "error", ""),
    }
    assert len(others) == 7
    assert key_of("TypeError", "no cart", "error", CHROME) == 74566219117441058


def test_a_fingerprint_counts_functions_where_they_have_names_and_else_the_message() -> None:
    number, why = fingerprint(parts_of("TypeError", "no cart", "error", CHROME))
    assert why.frames == ("/assets/index-*.js Cart.add", "/app.js Shop", "/boot.js eval")
    assert (why.counted, why.message) == (("name", "frames"), "")
    again, _ = fingerprint(parts_of("TypeError", "something else", "error", CHROME.replace("12:3456", "1:1")))
    assert again == number
    minified = "TypeError: a\n    at t (https://shop.example/assets/index-B3kD9x1f.js:1:1)"
    number, why = fingerprint(parts_of("TypeError", "no cart 1", "error", minified))
    assert (why.counted, why.message, why.frames) == (
        ("name", "message", "file"),
        "no cart <n>",
        ("/assets/index-*.js",),
    )
    rebuilt = minified.replace("index-B3kD9x1f", "index-9_zzZZzz").replace(" t ", " q ").replace("1:1", "3:3")
    assert fingerprint(parts_of("TypeError", "no cart 2", "error", rebuilt))[0] == number
    assert fingerprint(parts_of("TypeError", "no shop", "error", rebuilt))[0] != number


def test_what_source_maps_say_counts_in_place_of_what_the_browser_said() -> None:
    parts = parts_of("TypeError", "a is undefined", "error", "E\n    at t (https://shop.example/i-B3kD9x1f.js:1:1)")
    mapped = [Frame("addToCart", "src/cart.ts", 7, 3)]
    number, why = fingerprint(parts, mapped)
    assert (why.frames, why.mapped) == (("src/cart.ts addToCart",), True)
    moved = [Frame("addToCart", "src/cart.ts", 99, 9)]
    assert fingerprint(parts, moved)[0] == number
    assert culprit(parts, mapped) == "src/cart.ts addToCart"
    library = [Frame("render", "node_modules/react-dom/x.js", 1, 1)]
    assert culprit(parts, library) == "node_modules/react-dom/x.js render"


def test_titles_are_short_and_never_empty() -> None:
    assert title(Parts(name="TypeError", message="no cart")) == "TypeError: no cart"
    assert title(Parts(name="TypeError", message="TypeError: no cart")) == "TypeError: no cart"
    assert title(Parts()) == "no message"
    assert len(title(Parts(message="x" * 5000))) == 200


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        (Parts(message="Script error."), "script-error"),
        (Parts(message="Script error", frames=(Frame("f", "a.js", 1, 1),)), ""),
        (Parts(message="ResizeObserver loop limit exceeded"), "resize-observer"),
        (Parts(frames=(Frame("f", "moz-extension://1/a.js", 1, 1), Frame("g", "a.js", 1, 1))), "extension"),
        (Parts(frames=(Frame("g", "a.js", 1, 1), Frame("f", "moz-extension://1/a.js", 1, 1))), ""),
        (Parts(name="AbortError", message="The user aborted a request."), "aborted"),
        (Parts(name="TypeError", message="no cart"), ""),
    ],
)
def test_known_noise_is_told_from_errors(parts: Parts, rule: str) -> None:
    assert noise.noise(parts) == rule
    assert noise.noise(parts, off=[rule]) == ""


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("no cart", "no cart", True), ("no cart", "no cart 1", False), ("no*", "NO cart", True),
        ("*cart", "no cart", True), ("n*t", "no cart", True), ("a*a", "a", False), ("ab*ba", "aba", False),
        ("*a*b*", "xxbxxa", False), ("*a*b*", "xxaxxb", True), ("TypeError: no*", "no cart", True),
    ],
)  # fmt: skip
def test_a_rule_s_stars_stand_for_any_characters(pattern: str, text: str, holds: bool) -> None:
    assert noise.Rule(pattern).holds(Parts(name="TypeError", message=text)) is holds


@pytest.mark.parametrize(
    "hostile", ["    at " + "a (" * 5000, "@" * 16_000, "at x (" + "eval at (" * 3000, "a" * 16_000]
)
def test_hostile_stacks_and_messages_are_read_to_their_end(hostile: str) -> None:
    assert frames(hostile) == ()
    assert key_of("E", hostile, "error", hostile) == key_of("E", hostile, "error", "")
    assert parts_of("E", hostile, "error", hostile).frames == ()
