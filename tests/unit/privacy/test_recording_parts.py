"""The parts of the recording masker: words, stars, style sheets, selectors."""

# ruff: noqa: E501 - tables of cases read better with a case to a line

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.privacy.recording.css import clean_declaration, clean_sheet, clean_style
from sightline.privacy.recording.stars import MAX_TEXT, star
from sightline.privacy.recording.vocabulary import AMBIGUOUS, WORDS, is_plain
from sightline.privacy.selectors import SelectorError, Shape, parse


@pytest.mark.parametrize(
    "identifier",
    [
        "btn-primary",
        "col-12",
        "md:w-1/2",
        "navItemActive",
        "MuiButton-root",
        "text-rose-500",
        "h1",
        "fa-cart-plus",
        "bg-gray-50",
    ],
)
def test_identifiers_of_page_words_and_small_numbers_are_plain(identifier: str) -> None:
    assert is_plain(identifier)


@pytest.mark.parametrize(
    "identifier",
    [
        "user-jane-doe", "jane", "row-4711", "css-x7q2k9", "order-1984", "555-12-12-12", "user-rose", "profile-mark", "info@example.com",
        "a-n-n", "jose\u0301", "x" * 200, "born-1-2-3", "550e8400-e29b-41d4", "\u200bbtn",
    ],
)  # fmt: skip
def test_names_numbers_and_hashes_are_not_plain(identifier: str) -> None:
    assert not is_plain(identifier)


def test_no_common_given_name_is_a_page_word_except_those_refused_beside_an_owner() -> None:
    names = "james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph jessica thomas sarah charles karen anna maria jose ali mohammed wei yuki ivan olga jane doe smith miller meyer garcia nguyen lee"
    assert WORDS.isdisjoint(names.split())
    assert {"rose", "violet", "olive", "ruby", "mark", "max", "may", "pat"} & WORDS <= AMBIGUOUS


@given(st.text(max_size=300))
def test_starring_shows_nothing_and_is_done_after_one_time(text: str) -> None:
    starred = star(text)
    assert set(starred) <= {"*", " ", "\n"}
    assert star(starred) == starred
    assert len(starred) <= max(8, 4 * len(text))


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "a " * 100_000, "a\n" * 100_000, " " * 100_000, "word " * 20_000 + "\n"]
)
def test_starred_text_is_bounded_and_stable_at_the_bound(text: str) -> None:
    starred = star(text)
    assert len(starred) <= MAX_TEXT
    assert star(starred) == starred


@pytest.mark.parametrize(
    "text",
    ["*//**/*/:", "*/{*/:", "u/**/rl(red)", "color: u/**/rl(red)", "url/**/(red)", "/{*red*/", "a/**//**/b: red"],
)
def test_what_is_left_out_of_a_style_joins_nothing_that_means_something_else(text: str) -> None:
    assert clean_style(clean_style(text)) == clean_style(text)
    assert clean_sheet(clean_sheet(text).text) == clean_sheet(text)


@given(st.lists(st.sampled_from([".a", "{", "}", ";", ":", "color", "red", '"', "'", "\\", "/", "*", "/*", "*/", "u", "rl(", "url(", ")", "jane", " ", "\n", "@import", "--x", "[", "]", "#b", "12px", "@media x", "\u00e9", "<"]), max_size=25))  # fmt: skip
def test_cleaning_a_sheet_or_a_style_twice_changes_nothing_more(parts: list[str]) -> None:
    text = "".join(parts)
    assert clean_sheet(clean_sheet(text).text) == clean_sheet(text)
    assert clean_style(clean_style(text)) == clean_style(text)
    assert "jane" not in clean_style(text)
    value = clean_declaration("color", text)
    assert clean_declaration("color", value) == value


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('a{content:"Jane"}', 'a{content: "***"}'),
        ('a{content:"New"}', 'a{content: "New"}'),
        ('a{content:"\\f101"}', 'a{content: "\\f101"}'),
        ("a{background:URL( 'jane.png' )}", "a{background: url(about:invalid)}"),
        ("a{fill:url(#icon-1)}", "a{fill: url(#icon-1)}"),
        ("a{fill:url(#jane)}", "a{fill: url(about:invalid)}"),
        (":root{--who: jane; --gap: 4px}", ":root{--gap: 4px}"),
        (":root{--phone: 4915112345678}", ":root{}"),
        ("a{z-index:2147483647}", "a{z-index: 2147483647}"),
        ("a{jane: red; color: jane}", "a{}"),
        ("@font-face{font-family:Jane;src:url(x)}", "@font-face{src: url(about:invalid)}"),
        ('a{font-family:"Helvetica Neue",Jane}', "a{}"),
        ("@keyframes spinner-x{from{opacity:0}}a{animation:spinner-x 1s}", "@keyframes spinner-x{from{opacity: 0}}a{animation: spinner-x 1s}"),
        ('[data-user="jane"],[lang=jane],[type="text"]{}', '[data-user="***"],[lang=x],[type="text"]{}'),
        (".user-70000017,.jane\\@example\\.org{}", ".x,x{}"),
        (".md\\:w-1\\/2{width:50%}", ".md\\:w-1\\/2{width: 50%}"),
        (".\\6a ane{color:red}", ".xa ane{color: red}"),
        ("/* jane */a{}/* rr_split */b{}", "a{}/* rr_split */b{}"),
        ('@import "jane.css";a{}', "@import url(about:invalid);a{}"),
        ("@media (max-width:767px){a{color:red}}", "@media (max-width:767px){a{color: red}}"),
        ('a{color:red;"jane', 'a{color: red'),
    ],
)  # fmt: skip
def test_of_a_sheet_the_layout_stays(text: str, kept: str) -> None:
    assert clean_sheet(text).text == kept


def test_a_sheet_tells_the_classes_ids_and_elements_that_it_names() -> None:
    names = clean_sheet(".css-x7q2k9, #root > my-app.md\\:flex { color: red }").names
    assert names == {"css-x7q2k9", "root", "my-app", "md:flex"}


def shape(tag: str = "div", id: str = "", classes: str = "", **attributes: str) -> Shape:  # noqa: A002
    return Shape(tag, id, frozenset(classes.split()), tuple(attributes.items()))


PATH = [
    shape("a", classes="link", href="https://x.test/a"),
    shape("li"),
    shape("ul", classes="menu"),
    shape("nav", id="top"),
    shape("body"),
]


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("a", True), ("*", True), ("p", False), (".link", True), ("A.link", True), ("nav a", True), ("nav > a", False), ("li > a", True),
        ("nav > ul a", True), ("nav > li a", False), ("#top .menu > li > a", True), ("body > nav > ul > li > a", True), ("body > ul a", False),
        ("[href]", True), ('[href^="https:"]', True), ("[href$='/a']", True), ("[href*='.test']", True), ("[href=x]", False), ("[title]", False),
        ("a:not(.menu)", True), ("a:not( [href] )", False), ("p, nav a", True), ("ul ul a", False), ("[class~=x]", False),
    ],
)  # fmt: skip
def test_selectors_match_as_in_css(selector: str, matches: bool) -> None:
    assert any(one.matches(PATH) for one in parse(selector)) is matches


def test_no_selector_looks_beyond_a_frame() -> None:
    path = [shape("p"), shape("body"), Shape("#document", barrier=True), shape("iframe"), shape("main")]
    assert not parse("main p")[0].matches(path)
    assert not parse("*")[0].matches(path[2:])
    assert parse("body p")[0].matches(path)


def test_a_selector_of_many_parts_over_a_deep_tree_takes_no_time() -> None:
    path = [shape("p")] + [shape("div") for _ in range(500)]
    assert not parse("b > div " + "div > div " * 6 + "p")[0].matches(path)


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ("", "character 1: a type, class, id or attribute"), ("a,", "character 3"), ("a + b", "character 3: '\\+' is not supported"),
        ("a:hover", "character 2: of the pseudo-classes only"), ("a[b", "character 4: \\]"), ("a[b=", "character 5: a value"), ("a[b='x]", "character 5"),
        ("a:not(b c)", "character 9"), (".", "character 2: a name"), ("a>>b", "character 3"), ("a" * 2001, "at most 2000"), (".a\\:b", "character 3"),
        (" ".join("abcdefghijklmnopqr"), "more than 16 parts"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_position(selector: str, says: str) -> None:
    with pytest.raises(SelectorError, match=says):
        parse(selector)
