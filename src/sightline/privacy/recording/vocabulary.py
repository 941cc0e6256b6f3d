"""Which identifiers of a page may be kept: those that consist of the words of pages and style sheets.

A page writes `btn-primary` into a class, and also `user-jane-doe`. No pattern tells them apart, so words are listed: an
identifier is kept if all its parts are listed words or small numbers. What is not listed may still be kept, by the
caller, because a style sheet or the rules themselves name it.
"""

import re
from importlib import resources
from typing import Final

MAX_IDENTIFIER: Final = 96
MAX_NUMBERS: Final = 2  # `col-6-12` is a layout; more numbers are a date, an address, a telephone number
MAX_LETTERS: Final = 2  # single letters, so that nothing is spelled out


def _sections() -> dict[str, frozenset[str]]:
    text = resources.files(__package__).joinpath("allowed.txt").read_text("ascii")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return {name: frozenset(words.split()) for name, words in re.findall(r"\[([a-z-]+)\]([^\[]*)", lines)}


_SECTIONS: Final = _sections()


def allowed(section: str) -> frozenset[str]:
    """A list of allowed.txt."""
    return _SECTIONS[section]


AMBIGUOUS: Final = allowed("ambiguous")
OWNERS: Final = allowed("owners")

_ALLOWED = re.compile(r"[A-Za-z0-9_\-:/\[\]().,%!@&>~*=+# ]+")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def _read() -> frozenset[str]:
    text = resources.files(__package__).joinpath("words.txt").read_text("ascii")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(part for line in lines for word in line.split() for part in word.split("-"))


WORDS: Final = _read()


_MAX_REMEMBERED: Final = 20_000
_remembered: dict[str, bool] = {}


def is_plain(identifier: str) -> bool:
    """Whether an identifier consists of listed words and small numbers, and so names no person."""
    known = _remembered.get(identifier)
    if known is None:
        known = _is_plain(identifier)
        if len(_remembered) >= _MAX_REMEMBERED:
            _remembered.clear()
        if len(identifier) <= MAX_IDENTIFIER:
            _remembered[identifier] = known
    return known


def _is_plain(identifier: str) -> bool:
    if len(identifier) > MAX_IDENTIFIER or _ALLOWED.fullmatch(identifier) is None:
        return False
    numbers = letters = 0
    parts = [part.lower() for part in _PARTS.findall(identifier)]
    for part in parts:
        if part.isdigit():
            numbers += 1
            if not _is_small(part):
                return False
        elif len(part) == 1:
            letters += 1
        elif part not in WORDS:
            return False
    if numbers > MAX_NUMBERS or letters > MAX_LETTERS:
        return False
    return AMBIGUOUS.isdisjoint(parts) or OWNERS.isdisjoint(parts)


def _is_small(digits: str) -> bool:
    """Steps of scales: 0 to 99, and 100, 150 … 1000 as in `bg-sky-700`."""
    return len(digits) <= 2 or (len(digits) <= 4 and digits[0] != "0" and int(digits) <= 1000 and int(digits) % 50 == 0)
