"""The named checks of detectors, which say whether what matched really is a card, an IBAN, an address.

Each takes the text and the span that matched, and answers. Names are part of the dictionary's format: the browser and
the Lambda library implement them under the same names, or take every match where a check needs a table they lack.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from sightline.privacy.detectors import cards, ibans, networks, telephones

Check = Callable[[str, int, int], bool]

_NOT_DIGIT: Final = re.compile("[^0-9]+")
_DIGITS: Final = re.compile("[0-9]+")
_HEX: Final = frozenset("0123456789abcdefABCDEF")


def digits_of(text: str) -> str:
    return _NOT_DIGIT.sub("", text)


def card(text: str, start: int, end: int) -> bool:
    """Prefix and length of an issuer, and Luhn."""
    return cards.is_card(digits_of(text[start:end]))


def one_separator(text: str, start: int, end: int) -> bool:
    """All groups are parted alike: `4111 1111-1111.1111` is no card as anybody prints it."""
    return len(set(_DIGITS.split(text[start:end])) - {""}) <= 1


def not_decimal(text: str, start: int, end: int) -> bool:
    """Not the fraction of a number, as in `0.4111111111111111`, nor its whole part with a long fraction."""
    if start >= 2 and text[start - 1] in ".," and text[start - 2] in "0123456789":
        return False
    return not (text[end : end + 1] == "." and len(_leading_digits(text, end + 1)) > 2)


def _leading_digits(text: str, at: int) -> str:
    found = _DIGITS.match(text, at)
    return found[0] if found else ""


def not_hex(text: str, start: int, end: int) -> bool:
    """Not a run of digits within a hash or another long hexadecimal number."""
    left, right = start, end
    while left > 0 and start - left < 64 and text[left - 1] in _HEX:
        left -= 1
    while right < len(text) and right - end < 64 and text[right] in _HEX:
        right += 1
    run = text[left:right]
    return len(run) - (end - start) < 6 or not any(char in "abcdefABCDEF" for char in run)


def alone(text: str, start: int, end: int) -> bool:
    """No further number stands beside it, parted by one blank, comma or dash: this is no row of numbers or a path."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if len(before) == 2 and before[1] in " ,-" and before[0] in "0123456789":
        return False
    return not (len(after) == 2 and after[0] in " ,-" and after[1] in "0123456789")


def ssn(text: str, start: int, end: int) -> bool:
    """The numbers that the Social Security Administration gives out, and those of the tax office (9xx)."""
    digits = digits_of(text[start:end])
    if len(digits) != 9 or len(set(digits)) == 1:
        return False
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in {"000", "666"} or group == "00" or serial == "0000":
        return False
    return area < "900" or 50 <= int(group) <= 99


def iban(text: str, start: int, end: int) -> bool:
    return ibans.is_iban(re.sub("[ -]", "", text[start:end]).upper())


def entropy(text: str) -> float:
    """Bits per character."""
    size = len(text)
    return -sum(count / size * math.log2(count / size) for count in Counter(text).values()) if size else 0.0


def random_looking(text: str, start: int, end: int) -> bool:
    """Letters and digits mixed, with as many bits as chance would give and a written word would not."""
    token = text[start:end]
    kinds = sum(any(test(char) for char in token) for test in (str.isdigit, str.islower, str.isupper))
    return (
        kinds >= 2 and any(char.isdigit() for char in token) and entropy(token) >= min(3.0, 0.7 * math.log2(len(token)))
    )


def has_digit(text: str, start: int, end: int) -> bool:
    return any("0" <= char <= "9" for char in text[start:end])


CHECKS: Final[Mapping[str, Check]] = {
    "alone": alone,
    "card": card,
    "e164": telephones.e164,
    "has_digit": has_digit,
    "iban": iban,
    "ipv4": networks.ipv4,
    "ipv6": networks.ipv6,
    "mail_domain": networks.mail_domain,
    "nanp": telephones.nanp,
    "not_decimal": not_decimal,
    "not_hex": not_hex,
    "one_separator": one_separator,
    "phone": telephones.some_country,
    "random_looking": random_looking,
    "ssn": ssn,
    "trunk": telephones.trunk,
    "userinfo": networks.userinfo,
}
