r"""Normal forms: a text as a reader, a browser or a decoder further on would understand it.

`jane%40example.com`, `jane&#64;example.com`, `jane\u0040example.com`, full-width digits and zero-width joiners all
hide what they mean from a pattern. What is found only in the normal form has no place in the text as it stands, so the
maskers star the whole of it.
"""

import html
import re
import unicodedata
from typing import Final

ROUNDS: Final = 3  # percent within JSON within percent; more is nobody's data, and is starred where it still changes
# A tab may part the groups of a number; one before `Duration:` parts fields.
_HINT: Final = re.compile(
    r"%[0-9A-Fa-f]{2}|\\[ux/\"'nrt\\]|&#?[A-Za-z0-9]{1,31};|[0-9]\t(?![A-Za-z_][A-Za-z_ ]{0,31}[:=])"
)
_PERCENT: Final = re.compile("(?:%[0-9A-Fa-f]{2})+")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([/\"'nrt\\]))")
_PLAIN: Final = {"n": "\n", "r": "\r", "t": "\t"}
_ENTITY: Final = re.compile("&#?[A-Za-z0-9]{1,31};")
# Invisible or ignorable: soft hyphen, joiners, direction marks, word joiner, variation selectors, byte-order mark.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_DASHES: Final = re.compile("[\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d\u30fc]")
_BLANKS: Final = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_DOTS: Final = re.compile("[\u3002\uff0e\uff61\u2024\u00b7]")


def normal(text: str) -> str:
    """The normal form of a text; the text itself, the same object, where there is nothing to undo."""
    if text.isascii():
        if "%" not in text and "\\" not in text and "&" not in text and "\t" not in text:
            return text
        if _HINT.search(text) is None:
            return text
    form = text
    for _ in range(ROUNDS):
        before = form
        form = _once(form)
        if form == before:
            break
    return form


def _once(text: str) -> str:
    if "%" in text:
        text = _PERCENT.sub(_percent, text)
    if "\\" in text:
        text = _ESCAPE.sub(_escape, text)
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        text = _BLANKS.sub(" ", _DASHES.sub("-", _DOTS.sub(".", text)))
        text = _digits(unicodedata.normalize("NFKC", text))
    elif "\t" in text:
        text = text.replace("\t", " ")
    return text


def _percent(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")


def _escape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _PLAIN.get(match[4], match[4])
    point = int(code, 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"


def _digits(text: str) -> str:
    """Arabic-Indic, Devanagari and all other decimal digits as ASCII ones."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(char)) if char > "\x7f" and unicodedata.decimal(char, None) is not None else char
        for char in text
    )
