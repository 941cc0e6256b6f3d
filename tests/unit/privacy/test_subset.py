"""The subset of patterns, and that every shipped pattern is read alike by Python and RE2."""

import re

import pytest
import re2

from sightline.privacy.dictionary import default
from sightline.privacy.subset import problem


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\d+", "Unicode digits"),
        (r"\w", "Unicode letters"),
        (r"a\s", "white space"),
        (r"\bx", "follows"),
        (r"(a)\1", "back-references"),
        (r"a(?=b)", "look-around"),
        (r"a(?<!b)", "look-around"),
        (r"(?i)a", "look-around"),
        (r"(?P<n>a)", "names"),
        (r"(?>a)b", "atomic"),
        (r"a++b", "possessive"),
        (r"(?:a+)+b", "backtracks badly"),
        (r"(?:a*b){2,9}", "backtracks badly"),
        (r"(?:(?:ab+)c)+", "backtracks badly"),
        (r"a{1,2000}", "RE2 refuses"),
        (r"a*", "matches the empty text"),
        (r"x|", "matches the empty text"),
        (r"a.b", "line ends"),
        (r"^a", "line ends"),
        (r"a$", "line ends"),
        (r"a]", "ECMAScript"),
        (r"a}", "ECMAScript"),
        (r"a{b", "ECMAScript"),
        (r"[a[b]", "set operation"),
        (r"[+--b]", "set operation"),
        (r"[]a]", "empty in ECMAScript"),
        (r"\-", "not the same"),
        (r"\'", "not the same"),
        (r"\x4", "not a regular expression"),
        (r"(a", "not a regular expression"),
        ("a" * 3000, "at most 2000"),
    ],
)
def test_what_engines_read_differently_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    found = problem(pattern)
    assert found is not None
    assert reason in found


@pytest.mark.parametrize(
    "pattern",
    [r"a+b", r"(?:ab{1,3}){2,4}", r"[A-Za-z0-9_-]{8,}", r"\.\/\x40[^\r\n]", r"(a|b)c?", r"[\]\[\-]x", r"a+?b"],
)
def test_what_all_read_alike_is_taken(pattern: str) -> None:
    assert problem(pattern) is None


def test_every_shipped_pattern_is_in_the_subset_and_compiles_in_re2() -> None:
    detectors = default().document.detector
    assert len(detectors) >= 40
    for detector in detectors:
        for pattern in filter(None, (detector.pattern, detector.sieve)):
            assert problem(pattern) is None, detector.name
            assert re2.compile(pattern).groups == re.compile(pattern).groups
