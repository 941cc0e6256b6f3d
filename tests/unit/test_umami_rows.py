"""Rows of Umami as values of ours: the pure part."""

import pytest

from sightline.collect.pages import tagged
from sightline.collect.umami_rows import browser_of, device_of, moment, nested, system_of


def text(name: str, value: str, kind: int = 1) -> tuple[str, str, None, None, int]:
    return name, value, None, None, kind


def test_dotted_names_are_objects_again() -> None:
    assert nested([text("a.b.c", "1"), text("a.b.d", "2"), text("e", "3")]) == {
        "a": {"b": {"c": "1", "d": "2"}}, "e": "3",
    }  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_names_that_contradict_each_other_both_stay(turned: bool) -> None:
    rows = [text("a", "1"), text("a.b", "2")]
    assert nested(rows[::-1] if turned else rows) == {"a": "1", "a.b": "2"}


def test_values_have_the_type_that_the_row_says() -> None:
    rows = [
        ("number", None, 3.0, None, 2), ("part", None, 3.25, None, 2), ("yes", "true", None, None, 3),
        ("odd", "maybe", None, None, 3), ("list", "[1,2]", None, None, 5), ("cut", '["x', None, None, 5),
        ("day", None, None, 0, 4), ("none", None, None, None, 1), ("late", None, None, 2**63 - 1, 4),
    ]  # fmt: skip
    assert nested(rows) == {
        "number": 3, "part": 3.25, "yes": True, "odd": "maybe", "list": [1, 2], "cut": '["x',
        "day": "2000-01-01T00:00:00.000+00:00", "none": None, "late": "",
    }  # fmt: skip


def test_words_of_theirs_are_words_of_ours() -> None:
    assert [browser_of(one) for one in ("edge-chromium", "ios", "crios", "firefox", "Some New")] == [
        "edge", "safari", "chrome", "firefox", "some-new",
    ]  # fmt: skip
    assert [system_of(one) for one in ("Windows 10", "Windows Mobile", "Mac OS", "iOS", "Linux")] == [
        "windows", "windows-phone", "macos", "ios", "linux",
    ]  # fmt: skip
    assert [device_of(one) for one in ("laptop", "mobile", "")] == ["desktop", "mobile", ""]


def test_an_address_gets_back_what_was_taken_out_of_it() -> None:
    assert tagged("/a", []) == "/a"
    assert tagged("/a?b=1#c", [("utm_source", "x&y z")]) == "/a?b=1&utm_source=x%26y+z#c"
    assert tagged("/a", [("gclid", "1"), ("utm_term", "2")]) == "/a?gclid=1&utm_term=2"
    assert moment(-(2**62)) == ""
