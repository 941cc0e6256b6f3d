"""Keyed hashes for search: known answers, normal forms."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from sightline.errors import InvalidValue, SettingError
from sightline.privacy.dictionary import default
from sightline.vault import blind
from sightline.vault.fields import Fields
from sightline.vault.purposes import Purposes, kept_days

VECTORS = json.loads((Path(__file__).parent / "blob_vectors.json").read_text())["indexes"]


class Mac:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, message: bytes) -> bytes:
        mac = HMAC(self._key, SHA256())
        mac.update(message)
        return mac.finalize()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["field"])
def test_an_index_has_the_bytes_that_were_committed(vector: dict[str, str]) -> None:
    mac = Mac(bytes.fromhex(vector["key"]))
    made = blind.index(mac, int(vector["version"]), vector["field"], vector["normal"])
    assert made.hex() == vector["index"]
    assert blind.version_of(made) == int(vector["version"])
    assert len(made) == 20


def test_field_and_version_are_part_of_an_index() -> None:
    mac = Mac(bytes(32))
    made = {
        blind.index(mac, v, field, text)
        for v in (1, 2)
        for field, text in (("ssn", "1"), ("tax_id", "1"), ("s", "sn1"))
    }
    assert len({index[4:] for index in made}) == 3  # the version is in front, the key is another per version
    assert len(made) == 6


@pytest.mark.parametrize(
    ("normal", "written", "expected"),
    [
        (blind.email, " Ada@Example.COM ", "ada@example.com"),
        (blind.email, "\uff41da@example.com", "ada@example.com"),
        (blind.phone, "+44 (0)20 7946 0958", "+442079460958"),
        (blind.phone, "+1 (212) 555-0199", "+12125550199"),
        (blind.digits, "219-09-9999", "219099999"),
        (blind.digits, "\uff14111 1111", "41111111"),
        (blind.letters_and_digits, "de89 3704 0044", "DE8937040044"),
    ],
)
def test_normal_forms(normal: "type", written: str, expected: str) -> None:
    assert normal(written) == expected


def test_a_phone_number_without_a_country_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidValue) as failed:
        blind.phone("020 7946 0958")
    assert "7946" not in failed.value.line()


def test_every_field_has_the_number_and_at_least_the_tier_of_the_dictionary() -> None:
    fields = Fields()
    for name in fields.names():
        field = fields[name]
        assert field.number == default().field(field.entry.name).number
        assert field.tier >= field.entry.tier
    kept = {field.name for field in default().fields} - {"person_name", "card"}
    assert kept - set(fields.names()) == {
        "card_code", "card_pin", "password", "one_time_code", "secret", "cookie", "session_id"
    }  # fmt: skip
    numbers = [fields[name].number for name in fields.names() if not fields[name].is_clear]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("declared", ["billing", "billing:", ": ssn", "export: ssn", "Billing: ssn", "a b: ssn"])
def test_a_purpose_that_is_none_stops_the_start(declared: str) -> None:
    with pytest.raises(SettingError, match=r"vault\.purposes"):
        Purposes([declared], Fields())


def test_a_purpose_of_an_unknown_field_stops_the_start() -> None:
    with pytest.raises(InvalidValue, match="no field 'ssnn'"):
        Purposes(["billing: ssnn"], Fields())


def test_days_are_read_and_checked() -> None:
    assert kept_days(["credit_card: 365", "ssn:30"], Fields()) == {"credit_card": 365, "ssn": 30}
    for wrong in ("credit_card", "credit_card: 0", "credit_card: x", "email: 30"):
        with pytest.raises(SettingError, match=r"vault\.keep"):
            kept_days([wrong], Fields())
