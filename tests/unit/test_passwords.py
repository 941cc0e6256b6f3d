"""Which passwords are accepted, and how they are hashed."""

import argon2
import pytest

from sightline.accounts import passwords
from sightline.errors import InvalidValue


def test_the_parameters_are_those_of_rfc_9106_for_little_memory_and_above_owasps_minimum() -> None:
    standard = passwords.STANDARD
    assert (standard.type, standard.version) == (argon2.Type.ID, 19)
    assert (standard.time_cost, standard.parallelism, standard.memory_cost) == (3, 4, 64 * 1024)
    assert (standard.salt_len, standard.hash_len) == (16, 32)
    assert standard.memory_cost >= 19 * 1024
    assert standard.time_cost >= 2


async def test_without_a_word_about_tests_the_standard_parameters_are_used() -> None:
    assert (await passwords.hashed("four wet owls sing")).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_hash_of_other_parameters_is_verified_and_made_anew() -> None:
    with passwords.cheap_for_tests():
        stored = await passwords.hashed("four wet owls sing")
        assert await passwords.verify(stored, "four wet owls sing") == passwords.Verified(right=True)
    verified = await passwords.verify(stored, "four wet owls sing")
    assert verified.right
    assert verified.fresh_hash is not None
    assert verified.fresh_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("stored", [None, "", "no hash", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
async def test_what_is_no_hash_of_the_password_is_wrong(stored: str | None) -> None:
    with passwords.cheap_for_tests():
        assert await passwords.verify(stored, "nobody's password") == passwords.Verified(right=False)


async def test_one_way_of_writing_a_letter_is_as_good_as_another() -> None:
    with passwords.cheap_for_tests():
        stored = await passwords.hashed("caf\u00e9 caf\u00e9 caf\u00e9")
        assert (await passwords.verify(stored, "cafe\u0301 cafe\u0301 cafe\u0301")).right


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "123456789",  # one too short
        "1234567890",
        "9876543210",
        "qwertyuiop",
        "QwertyUiop",
        "password1234",
        "Administrator!",
        "aaaaaaaaaaaa",
        "abababababab",
        "abcabcabcabc",
        "abcdefghijkl",
        "my ada.lovelace pw",
        "ADA.LOVELACE2026",
        "x" * 257,
        "four wet owls\x00",
        "four wet owls\ud800",
    ],
)
def test_a_weak_password_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        passwords.check(password, minimum=10, about=("ada.lovelace@example.com", None))
    assert refused.value.field == "password"
    assert password not in refused.value.line()


@pytest.mark.parametrize(
    "password", ["four wet owls sing", "correct horse battery", "x7$kQ9!mZp2&", "Größe zählt doch!"]
)
def test_a_good_password_is_accepted(password: str) -> None:
    passwords.check(password, minimum=10, about=("ada.lovelace@example.com", None))


def test_a_short_name_inside_of_a_password_is_chance() -> None:
    passwords.check("bobsleigh in july", minimum=10, about=("bob@example.com", "bob"))
