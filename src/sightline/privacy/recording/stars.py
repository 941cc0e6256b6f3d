"""Stars in place of text: about as wide as what they hide, and no wider a hint than that.

A word becomes 3, 6, 12, 24 … stars, whichever of these steps its length comes nearest to from below a bound, so the
exact length is not told while lines still break about where they did. Blanks become one, lines stay lines. Values of
inputs are always eight stars: there the length alone would tell a name from another.
"""

from typing import Final

FIXED: Final = "********"
MAX_TEXT: Final = 65_536  # characters of a leaf, before and after
_LONGEST: Final = 3072

# A step is the star count of all lengths up to its bound, and lies within it: starring twice changes nothing.
_STEPS: Final = (
    (4, 3),
    (8, 6),
    (16, 12),
    (32, 24),
    (64, 48),
    (128, 96),
    (256, 192),
    (512, 384),
    (1024, 768),
    (2048, 1536),
)


def _by_length() -> list[str]:
    words, length = [""], 1
    for bound, stars in _STEPS:
        words += ["*" * stars] * (bound - length + 1)
        length = bound + 1
    return words


_STARS: Final = _by_length()
_LAST: Final = "*" * _LONGEST


def star(text: str) -> str:
    """Text with its words starred; blanks collapse, and at either end they stay one blank, since layout needs it."""
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT]
    if "\n" in text:
        return _star_lines(text)
    words = text.split()
    if not words:
        return " " if text else ""
    try:
        starred = " ".join([_STARS[len(word)] for word in words])
    except IndexError:
        starred = " ".join([_STARS[len(word)] if len(word) < len(_STARS) else _LAST for word in words])
    if text[0].isspace():
        starred = " " + starred
    if text[-1].isspace():
        starred += " "
    return starred if len(starred) <= MAX_TEXT else _cut(starred)


def _star_lines(text: str) -> str:
    if text.isspace():
        return "\n"
    starred = "\n".join([star(line.strip()) for line in text.split("\n")])
    return starred if len(starred) <= MAX_TEXT else _cut(starred)


def _cut(starred: str) -> str:
    """Cut behind a whole word, so that starring once more finds the same words."""
    starred = starred[:MAX_TEXT]
    return starred[: max(starred.rfind(" "), starred.rfind("\n"))]
