"""Values as a person may see them who may not see them whole: enough to recognise, too little to use.

At most the issuer's prefix and the last four of a card (PCI DSS 3.4.1), the last four of an account.
"""

import re
from typing import Final

from sightline.privacy.entries import Field
from sightline.privacy.masks import STAR, fail_closed

_NOT_ALNUM: Final = re.compile("[^0-9A-Za-z]+")
_NOT_DIGIT: Final = re.compile("[^0-9]+")


@fail_closed(STAR)
def display(field: Field, value: str) -> str:
    """A value in the display form of its field; one that is too short to hide anything behind is starred whole."""
    return _STYLES[field.style](value)


def _star(value: str) -> str:
    return STAR if value else ""


def _email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    name, dot, ending = domain.rpartition(".")
    if not (local and at and name and dot and ending.isalpha()):
        return STAR
    return f"{local[0]}***@{name[0]}***.{ending}"


def _phone(value: str) -> str:
    digits = _NOT_DIGIT.sub("", value)
    return f"{'+' if value.strip().startswith('+') else ''}******{digits[-2:]}" if len(digits) >= 7 else STAR


def _initial(value: str) -> str:
    words = value.split()
    return " ".join(f"{word[0]}***" for word in words[:3]) if words else ""


def _card(value: str) -> str:
    digits = _NOT_DIGIT.sub("", value)
    if not 12 <= len(digits) <= 19:
        return STAR
    return f"{digits[:6]}******{digits[-4:]}" if len(digits) >= 14 else f"{STAR}{digits[-4:]}"


def _last4(value: str) -> str:
    plain = _NOT_ALNUM.sub("", value)
    return f"{STAR}{plain[-4:]}" if len(plain) >= 8 else STAR


_STYLES: Final = {
    "star": _star, "email": _email, "phone": _phone, "initial": _initial, "card": _card, "last4": _last4,
}  # fmt: skip
