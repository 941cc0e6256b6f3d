"""Which fields the vault keeps, in which tier, under which number, and which of them can be searched for.

Ten have columns of their own, under the names of the database guide; every other field of the dictionary that may be
kept at all goes into `user_fields` by its permanent number. What proves who somebody is to a machine (passwords, PINs,
the code on a card) is never kept: PCI DSS 3.3.1 forbids it for cards, and a hash belongs elsewhere for the rest.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from sightline.errors import InvalidValue
from sightline.privacy.detectors.cards import is_card
from sightline.privacy.dictionary import Rules, default
from sightline.privacy.display import display
from sightline.privacy.echo import shown, shown_name
from sightline.privacy.entries import STAR
from sightline.privacy.entries import Field as Entry
from sightline.vault import blind

MAX_VALUE: Final = 16_384  # bytes
_NAME: Final = re.compile(r"[a-z]+(_[a-z]+)*")
REFUSED: Final = frozenset({"card_code", "card_pin", "password", "one_time_code", "secret", "cookie", "session_id"})
_ALSO_REFUSED: Final = frozenset({"cvv", "cvc", "cvv2", "cvc2", "cid", "pin"})
CLEAR: Final = ("email", "first_name", "last_name", "phone")
# Names of the database guide, and what the dictionary calls the same.
_COLUMNS: Final = {
    "email": "email", "first_name": "person_name", "last_name": "person_name", "phone": "phone",
    "address": "address", "date_of_birth": "date_of_birth", "ip_address": "ip_address",
    "ssn": "ssn", "bank_account": "bank_account", "credit_card": "card",
}  # fmt: skip
_NORMAL: Final[Mapping[str, Callable[[str], str]]] = {
    "email": blind.email, "phone": blind.phone, "ssn": blind.digits, "credit_card": blind.digits,
    "bank_account": blind.letters_and_digits, "national_id": blind.letters_and_digits,
    "tax_id": blind.letters_and_digits, "passport": blind.letters_and_digits,
    "driver_licence": blind.letters_and_digits, "insurance_number": blind.letters_and_digits,
}  # fmt: skip


class Field(msgspec.Struct, frozen=True):
    """One field of the vault."""

    name: str
    number: int
    tier: int
    entry: Entry
    has_column: bool

    @property
    def is_clear(self) -> bool:
        return self.name in CLEAR

    @property
    def normal(self) -> Callable[[str], str] | None:
        """What makes the normal form of a value; None where it cannot be searched for."""
        return _NORMAL.get(self.name)

    def shown(self, value: str) -> str:
        """A value as those may see it who may not see it whole."""
        return display(self.entry, value)

    def check(self, value: str) -> str:
        """Refuse what is no value of this field; return it as it is kept."""
        size = len(value.encode())
        if not 1 <= size <= MAX_VALUE:
            raise InvalidValue(
                f"{self.name} has {size} bytes", field=self.name, hint=f"A value has 1 to {MAX_VALUE} bytes."
            )
        if "\x00" in value:
            raise InvalidValue(f"{self.name} holds a zero byte", field=self.name, hint="Send text.")
        if self.name == "credit_card" and not is_card(blind.digits(value)):
            raise InvalidValue("credit_card is no number of a payment card", field=self.name)
        if self.normal is not None and not self.normal(value):
            raise InvalidValue(f"{self.name} holds nothing that could be searched for", field=self.name)
        return value


class Fields:
    """All fields that can be kept, by name."""

    def __init__(self, rules: Rules | None = None) -> None:
        rules = rules or default()
        self._by_name = {name: _column(name, rules.field(entry)) for name, entry in _COLUMNS.items()}
        for entry in rules.fields:
            if entry.name not in REFUSED and entry.name not in _COLUMNS.values():
                # What the dictionary puts in tier 1 is kept in tier 2: a clear column there is for four fields alone.
                self._by_name[entry.name] = Field(entry.name, entry.number, max(2, entry.tier), entry, has_column=False)

    def __getitem__(self, name: str) -> Field:
        found = self._by_name.get(name)
        if found is not None:
            return found
        if name in REFUSED or name.lower() in _ALSO_REFUSED:
            raise InvalidValue(
                f"{shown_name(name) or 'this'} is never kept, not even encrypted",
                field=shown_name(name) or None,
                hint="Leave it out: PCI DSS 3.3.1 forbids it once a payment is authorised.",
            )
        # A value that stands in the place of a name is not repeated.
        looks_like_one = _NAME.fullmatch(name) is not None
        raise InvalidValue(
            f"the vault has no field {shown(name) if looks_like_one else 'of this name'}",
            field=(shown_name(name) or None) if looks_like_one else None,
            hint="`sightline vault fields` lists them.",
        )

    def names(self) -> list[str]:
        return list(self._by_name)

    def searchable(self) -> list[str]:
        return [name for name, field in self._by_name.items() if field.normal is not None]


def _column(name: str, entry: Entry) -> Field:
    tier = 1 if name in CLEAR else 3 if name in {"ssn", "bank_account", "credit_card"} else 2
    if entry.tier > tier:
        raise InvalidValue(f"the dictionary keeps {entry.name} in tier {entry.tier}, the vault's column is of {tier}")
    return Field(name, entry.number, tier, entry, has_column=True)


__all__ = ["CLEAR", "MAX_VALUE", "REFUSED", "STAR", "Field", "Fields"]
