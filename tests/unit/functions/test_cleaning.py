"""The library's masker is the server's: the golden vectors, and a first look that lets nothing pass."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools import lambda_privacy

from sightline.privacy.dictionary import default, load
from sightline.privacy.export import export_for
from sightline.privacy.structures import clean_text as servers_clean_text
from sightline.privacy.structures import mask_json as servers_mask_json
from sightline_lambda.cleaning import STAR, Cleaner, Closed, Uncleaned
from sightline_lambda.masker import Masker
from sightline_lambda.privacy.masks import mask_text
from sightline_lambda.privacy.names import fold
from sightline_lambda.privacy.structures import mask_json
from sightline_lambda.privacy.urls import mask_url

ROOT = Path(__file__).resolve().parents[3]
VECTORS = json.loads((ROOT / "tests/privacy/vectors.json").read_text("utf-8"))
CLEANER = Cleaner()
RULES = CLEANER._proper().rules
SERVER = default()


def _name(field: Any) -> str | None:
    return field.name if field else None


ANSWERS = {
    "fold": fold,
    "key": lambda key: _name(RULES.field_of_key(key)),
    "parameter": lambda name: _name(RULES.field_of_parameter(name)),
    "text": lambda text: mask_text(RULES, text),
    "url": lambda url: mask_url(RULES, url),
    "json": lambda value: mask_json(RULES, value),
    "headers": RULES.header_allowed,
}


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_golden_vectors(kind: str) -> None:
    wrong = [
        (given, ANSWERS[kind](given), expected) for given, expected in VECTORS[kind] if ANSWERS[kind](given) != expected
    ]
    assert not wrong


def test_only_vectors_of_form_fields_are_not_run() -> None:
    """A function sees no form."""
    assert set(VECTORS) == set(ANSWERS) | {"format", "about", "input"}


def test_what_was_made_from_the_server_is_current() -> None:
    assert [
        str(path) for path, content in lambda_privacy.files().items() if not lambda_privacy._same(path, content)
    ] == []


def imported(path: Path) -> set[str]:
    """The packages that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_nothing_but_the_standard_library_is_imported() -> None:
    sources = (ROOT / "lambda/python/src/sightline_lambda").rglob("*.py")
    found = {name for path in sources if path.name != "migrate.py" for name in imported(path)}
    assert found - {"sightline_lambda"} <= sys.stdlib_module_names


def labelled() -> set[str]:
    """Lines that hold what is personal, and lines that mostly do not."""
    texts: set[str] = set()
    for path in (*(ROOT / "tests/privacy/labelled").rglob("*"), *(ROOT / "docs").rglob("*.md")):
        if path.is_file():
            texts |= set(path.read_text("utf-8", "ignore").splitlines())
    return {text for text in texts if text}


def test_the_first_look_lets_nothing_pass_that_the_masker_would_change() -> None:
    texts = labelled() | {given for kind in ("text", "url", "key") for given, _ in VECTORS[kind] if given}
    harmless = [text for text in texts if CLEANER.is_harmless(text)]
    assert len(harmless) > 500
    assert [text for text in harmless if servers_clean_text(SERVER, text) != text] == []


def test_texts_are_masked_as_the_server_masks_them() -> None:
    """But for telephone numbers, whose plans a function does not carry: there it may only mask more."""
    texts = sorted(labelled())[::7]
    different = [text for text in texts if CLEANER.text(text) != servers_clean_text(SERVER, text)]
    assert [text for text in different if "[phone]" not in CLEANER.text(text)] == []
    assert len(different) < len(texts) / 50


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_the_first_look_passes_stays_as_it_is(text: str) -> None:
    if text and CLEANER.is_harmless(text):
        assert servers_clean_text(SERVER, text) == text


WORDS = st.sampled_from(
    [
        "order",
        "placed",
        "user",
        "email",
        "card",
        "token",
        "password",
        "42",
        "17.5",
        "4111",
        "1111",
        "+41",
        "79",
        "123",
        "45",
        "67",
        "=",
        ":",
        "@",
        ".",
        "-",
        "_",
        "/",
        "key",
        "name",
        "the",
        "is",
        "Ann",
        "ann@example.com",
        "DE89",
        "3704",
        "phone",
        "order_id",
        "userId",
        "ssn",
        "123-45-6789",
        "pin",
        "code",
        "Bearer",
        "{",
        "}",
        '"',
        "'",
        "%40",
        "&amp;",
        "--",
        "<b>",
        "</b>",
    ]
)


@given(st.lists(WORDS, max_size=9), st.sampled_from(["", " "]))
@settings(max_examples=150, deadline=None)
def test_sentences_are_masked_as_the_server_masks_them(words: list[str], between: str) -> None:
    text = between.join(words)
    expected = servers_clean_text(SERVER, text)
    found = CLEANER.text(text)
    assert found == expected or "[phone]" in found


KEYS = st.sampled_from(
    [
        "order_id",
        "total",
        "email",
        "customerEmail",
        "user",
        "card",
        "number",
        "first_name",
        "name",
        "url",
        "path",
        "count",
        "ssn",
        "x",
        "password2",
        "emails",
        "note",
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "Ann", "ann@example.com", "/users/4711", "4111111111111111", '{"email":"x"}', "ok"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(KEYS, VALUES)
@settings(max_examples=150, deadline=None)
def test_context_is_masked_as_the_server_masks_json(key: str, value: Any) -> None:
    expected = servers_mask_json(SERVER, {key: value})
    assert {CLEANER.key(key)[0]: CLEANER.value(key, value)} == expected


def test_a_key_that_is_personal_is_starred() -> None:
    assert CLEANER.key("ann@example.com")[0] == STAR
    assert CLEANER.key("x" * 300)[0] == STAR


def test_rules_of_a_site_are_read_from_a_file(tmp_path: Path) -> None:
    """Its own fields, detectors and patterns count from the first look on."""
    site = """
dictionary = 1
name = "shop"
[[field]]
number = 1000
name = "loyalty"
tier = 2
words = ["bonus_number"]
patterns = ["club_[a-z]+"]
detectors = ["bonus"]
[[detector]]
name = "bonus"
prefixes = ["bn-"]
pattern = 'BN-[0-9]{8,12}'
"""
    rules = load(site, default())
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(export_for("lambda", rules)), "utf-8")
    cleaner = Cleaner(str(path))
    assert cleaner.version == rules.version
    for text in ("paid with BN-1234567890 today", "bonus_number=17", "club_gold: 12345", "nothing here"):
        assert cleaner.text(text) == servers_clean_text(rules, text)
    assert cleaner.value("bonus_number", 17) == STAR
    assert cleaner.value("club_gold", "Ann") == STAR


def test_an_export_for_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(export_for("browser", default())), "utf-8")
    with pytest.raises(ValueError, match="is no export of `sightline privacy rules export --for lambda`"):
        Cleaner(str(path))


def test_what_cannot_be_judged_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError

    cleaner = Cleaner()
    monkeypatch.setattr(Masker, "text", broken)
    monkeypatch.setattr(Masker, "value", broken)
    assert cleaner.text("to ann@example.com") == STAR
    assert cleaner.value("x", {"a": "b"}) == STAR
    assert Closed().text("order placed") == STAR
    assert Closed().value("n", 17) == STAR
    assert Uncleaned().text("to ann@example.com") == "to ann@example.com"


def test_memories_are_bounded() -> None:
    cleaner = Cleaner()
    for number in range(9000):
        cleaner.text(f"w{'abcdefghij'[number % 10]} {number}x{number}")
        cleaner.key(f"k{number}")
    assert (
        max(len(cleaner._texts), len(cleaner._tokens), len(cleaner._runs), len(cleaner._names), len(cleaner._keys))
        <= 4096
    )
