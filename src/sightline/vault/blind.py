"""Search by equality without a readable value: a keyed hash of the value in its one normal form.

    index    version (4) | first 16 bytes of HMAC-SHA-256(index key of that version, message)             20 bytes
    message  "sightline.idx.v1" | length (2) | field | value in normal form

The index key is one per tenant, and versioned; it is no data key, and whoever may read values never needs it. While it
is exchanged two versions are live, and a search asks for both. A short secret such as a social security number is
guessed within minutes by whoever holds the index key; that is why it stands under a key of its own.
"""

import re
import struct
import unicodedata
from functools import cache
from typing import Final

import phonenumbers

from sightline.errors import InvalidValue
from sightline.privacy.pseudonyms import MacKey

TAG: Final = b"sightline.idx.v1"
SIZE: Final = 16
_VERSION: Final = struct.Struct(">I")
_NOT_DIGIT: Final = re.compile("[^0-9]+")
_NOT_ALNUM: Final = re.compile("[^0-9A-Z]+")


def email(text: str) -> str:
    """NFKC, without blanks around, in lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def phone(text: str) -> str:
    """E.164; a number without a country is refused, since nobody could say whose it is."""
    try:
        found = phonenumbers.parse(unicodedata.normalize("NFKC", text).strip(), None)
    except phonenumbers.NumberParseException:
        raise InvalidValue(
            "this telephone number names no country", field="phone", hint="Write it as +49 30 1234567."
        ) from None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def digits(text: str) -> str:
    """Digits alone."""
    return _NOT_DIGIT.sub("", unicodedata.normalize("NFKC", text))


def letters_and_digits(text: str) -> str:
    """Letters in upper case and digits: an IBAN, a passport."""
    return _NOT_ALNUM.sub("", unicodedata.normalize("NFKC", text).upper())


@cache
def _before(field: str) -> bytes:
    """What stands before the value; fields are few, and putting it together costs a third of the hash."""
    name = field.encode()
    return TAG + len(name).to_bytes(2, "big") + name


def index(key: MacKey, version: int, field: str, normal: str) -> bytes:
    """The keyed hash of a value that is in normal form."""
    return _VERSION.pack(version) + key.digest(_before(field) + normal.encode())[:SIZE]


def version_of(stored: bytes) -> int:
    """Under which version of the index key a hash was made."""
    return int(_VERSION.unpack_from(stored)[0])
