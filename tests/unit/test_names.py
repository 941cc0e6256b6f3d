"""Names, addresses, domains and ids in their one form."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.accounts import names
from sightline.errors import InvalidValue


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada+tag@example.com", "ada+tag@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("cafe\u0301@example.com", "caf\u00e9@example.com"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert names.email(typed) == kept
    assert names.email(kept) == kept


@pytest.mark.parametrize(
    "typed", ["", "ada", "ada@", "@example.org", "a b@example.com", "ada@localhost", "a@b@example.com", "a\x00@b.org",
              "\ud800@b.org", "ada@example..com", f"{'x' * 65}@example.com", f"a@{'x' * 250}.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        names.email(typed)
    assert not typed or typed not in refused.value.line()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Example.COM.", "example.com"),
        ("*.Example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_domain_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert names.domain(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "*", "*.", "a b", "https://a.org", "a.org:8080", "a.org/x", "-a.org", "a_b.org", "a..org", "*.*.org"]
)
def test_what_is_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue):
        names.domain(typed)


def test_an_id_is_a_number_of_64_bits_or_a_uuid() -> None:
    found = uuid.uuid4()
    assert names.identifier("17") == 17
    assert names.identifier(str(2**63 - 1)) == 2**63 - 1
    assert names.identifier(str(found)) == found
    for text in (str(2**63), "", "-1", "x", "1.0", "٣", "1" * 30):
        assert names.identifier(text) is None


@given(st.text(max_size=200))
def test_a_name_is_refused_or_kept_in_one_line_that_a_database_takes(text: str) -> None:
    try:
        kept = names.name(text)
    except InvalidValue:
        return
    assert 1 <= len(kept) <= 100
    assert "\x00" not in kept
    assert "\n" not in kept
    kept.encode()
    assert names.name(kept) == kept


@given(st.text(max_size=200))
def test_what_somebody_types_to_sign_in_never_fails(text: str) -> None:
    kind, value = names.login(text)
    assert kind in {"email", "username"}
    value.encode()


def test_the_short_form_of_a_name_is_plain() -> None:
    assert names.slug("  Übung & Co. ") == "ubung-co"
    assert names.slug("日本") == ""
