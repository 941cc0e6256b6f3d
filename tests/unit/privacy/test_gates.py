"""What saves time changes nothing: gates told by tokens, names told by look-ups, telephones told by their length."""

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.privacy.detectors import pairs, telephones
from sightline.privacy.detectors.scanner import Compiled
from sightline.privacy.dictionary import Rules, default

PIECES = (
    "jane@example.com", '"jane"@x.org', "joe (at) x dot com", "bob@]", "IBAN", "eyJhbGci", "d.o.b", "D.O.B.", "ss# 1",
    "ss #", "-----BEGIN", "<<<", "-us", "-us12", "a:AAbc", "://", "$", "pbkdf2_x", "last name", "First Name", "dot",
    "blast named", " dot ", "电话", "тел", "\u212abc", "cat)", "at]", "::", "user[email", "password*]", "12", "code",
    "x" * 70, "Date of birth", "12:34:56",
)  # fmt: skip
BETWEEN = ("", " ", "=", ": ", "]=", '"', "*]=", " = ", "\t", "-", ".", "_", "[", ",", "é")


def _texts(seed: int, size: int) -> Iterator[str]:
    """Texts of pieces that open gates and pieces that nearly do, and of names before signs."""
    rng = random.Random(seed)
    names = [name for some in default().names_in_text() for name in some]
    for _ in range(size):
        parts = [rng.choice((rng.choice(PIECES), rng.choice(names))) for _ in range(rng.randrange(1, 6))]
        text = "".join(part + rng.choice(BETWEEN) for part in parts)
        yield rng.choice((text, text, text.upper(), text.title()))


@pytest.fixture(scope="module")
def rules() -> Rules:
    return default()


def test_a_needle_opens_its_gate_wherever_it_stands(rules: Rules) -> None:
    detectors = [compiled.detector for compiled in rules.scanner.compiled]
    for text in _texts(1, 6000):
        opened = rules.scanner.gates.opened(text)
        assert opened < 1 << len(detectors) + 1
        for index, detector in enumerate(detectors, 1):
            stands = any(needle.lower() in text.lower() for needle in detector.contains)
            if stands:
                assert opened >> index & 1, (detector.name, text)
            elif detector.gates == {"contains"}:
                assert not opened >> index & 1, (detector.name, text)


IMPLIED = [(index, one) for index, one in enumerate(default().scanner.compiled, 1) if one.detector.implied]


@pytest.mark.parametrize(("index", "compiled"), IMPLIED, ids=[one.detector.name for _, one in IMPLIED])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_match_that_implies_its_gate_opens_it(index: int, compiled: Compiled, data: st.DataObject) -> None:
    around = st.text(st.sampled_from('09aZ@ .-_/()+:\t"\n'), max_size=8)
    match = data.draw(st.from_regex(compiled.detector.pattern, fullmatch=True))
    text = data.draw(around) + match + data.draw(around)
    assert default().scanner.gates.opened(text) >> index & 1


def test_the_gates_that_are_implied_are_those_of_common_shapes() -> None:
    assert {one.detector.name for _, one in IMPLIED} == {"email", "email_quoted", "card_run", "ssn_dashed", "ipv4"}


def test_what_is_remembered_of_a_text_opens_what_a_first_look_opened(rules: Rules) -> None:
    texts = list(_texts(2, 3000))
    first = [rules.scanner.gates.opened(text) for text in texts]
    assert [rules.scanner.gates.opened(text) for text in texts] == first


def test_a_name_before_a_sign_is_not_passed_over(rules: Rules) -> None:
    announced = 0
    for text in _texts(3, 12_000):
        if text.isascii():
            start = pairs._first_announcing(rules, text)
            found = pairs._named(rules, text, 0)
            announced += bool(found)
            assert (pairs._named(rules, text, start) if start >= 0 else []) == found, text
    assert announced > 1000


def test_ten_digits_are_a_number_of_the_first_country_that_would_be_asked() -> None:
    rng = random.Random(4)
    for _ in range(500):
        digits = str(rng.randrange(2_000_000_000, 10_000_000_000))
        written = rng.choice(("", "(")) + digits[0]
        written += "".join(
            "".join(rng.choices(" ()./-", k=rng.choice((0, 0, 1, 2, 3)))) + digit for digit in digits[1:]
        )
        assert telephones.some_country(written, 0, len(written))
        assert phonenumbers.is_possible_number(phonenumbers.parse(written, "US")), written
