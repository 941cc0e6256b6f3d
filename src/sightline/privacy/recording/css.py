"""Style sheets and style attributes without what they may carry of a person.

Kept: selectors and at-rules as their author wrote them (they are what a layout consists of), and declarations whose
property and value consist of listed words, numbers, colours and functions. Dropped or replaced: comments, strings that
are not plain words or a single sign, every URL, declarations with other words, attribute values in selectors, and
identifiers with a run of digits. The number and order of rules stay, because later events address rules by position.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, NamedTuple

from sightline.privacy.recording.vocabulary import allowed, is_plain

MAX_SHEET: Final = 4_000_000  # characters; the largest sheets in the wild have about 2 million
MAX_RULES: Final = 100_000
MAX_STYLE: Final = 32_000
SPLIT: Final = "/* rr_split */"  # where the recorder joined the text nodes of a style element
NO_URL: Final = "url(about:invalid)"
STARRED: Final = '"***"'

# Two are enough for what browsers send; more are for what somebody made up.
_PASSES: Final = 5

_FONTS: Final = allowed("fonts")
# Properties whose values name things that the sheet itself defines: keyframes, areas, counters.
_NAMING: Final = ("animation", "-webkit-animation", "grid-", "counter-", "container")

_LEX = re.compile(
    r"/\*.*?(?:\*/|\Z)"
    r"|\b(?:url|src)\(\s*(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^)\"']*)\s*\)?"
    r"|\"(?:[^\"\\\n]|\\.)*(?:\"|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z)"
    r"|\\(?:3[0-9] |[:/\[\]().,%!@&>~*=+#|]|.|\Z)"
    r"|<|[^\x00-\x7f]",
    re.DOTALL | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(?:3[0-9] |[:/\[\]().,%!@&>~*=+#|])")
# Punctuation, arrows and the private characters of icon fonts, as such or as escapes.
_SIGNS = re.compile(
    r"(?:[ \t!#%&()*+,./:<=>?@\[\]^_`|~\-\u00a0\u00a9\u00ab\u00ae\u00b7\u00bb\u00d7\u2010-\u2044\u2122]"
    r"|[\u2190-\u27bf\u2b00-\u2bff\ue000-\uf8ff]"
    r"|\\(?:[ef][0-9a-f]{3}|2[0-7][0-9a-f]{2}|20|22|27|2f|a0|ab|b7|bb|d7|a) ?){0,4}",
    re.IGNORECASE,
)
_JOINS = re.compile(r"[\w/\\-][\w*(/-]")
_BRACES = re.compile(r"([{}])")
_CLASSES_AND_IDS = re.compile(r"[.#](-?[A-Za-z_](?:[\w-]|\\[^\n0-9a-fA-F])*)")
_CUSTOM_TAGS = re.compile(r"(?:^|[\s,>+~(])([a-z][a-z0-9]*-[\w-]+)")
_DIGITS = re.compile(r"[\w-]*\d{6,}[\w-]*")
_MAIL = re.compile(r"[\w.+\\-]+\\@[\w-]+(?:\\\.[\w-]+)+")
_ATTRIBUTE = re.compile(r"(\[\s*[\w|-]+\s*(?:[~^$*|]?=\s*)?)([^\]\"]*)(\"[^\"]*\")?([^\]]*)\]")
_WORD = re.compile(r"[\w-]*\w[\w-]*")
_NUMBER = re.compile(
    r"(?<![\w-])[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
    r"(?:%|px|r?em|ex|r?ch|r?lh|i?c|[sld]?v(?:w|h|min|max|b|i)|cq(?:w|h|i|b|min|max)|cm|mm|q|in"
    r"|p[tc]|deg|g?rad|turn|m?s|k?hz"
    r"|dpi|dpcm|dppx|x|fr)?(?![\w-])",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})(?![\w-])")
_STRING = re.compile(r"\"[^\"]*\"|url\((?:#[\w-]*|about:invalid)\)")
# A run of digits that may be a telephone number, a card or an id; the largest integers are common as z-index.
_NUMBERS = re.compile(
    r"(?<![\d.])(?!(?:9{7,}|21474836\d\d|16777271)(?!\d))\d{7,}|\.\d{19,}"
    r"|\d{4}(?:[ -]\d{3,}){2,}|\d{3}-\d{2}-\d{4}|\+\d[\d -]{6,}"
)
_VALUE = re.compile(r"[\w\s.,%()/*+\-:<>=!#\"?\[\]]*", re.ASCII)


class Sheet(NamedTuple):
    """A style sheet as it is stored, and the classes, ids and elements that it names."""

    text: str
    names: frozenset[str]


class _Sheets:
    """Sheets seen lately, bounded in characters: every visitor of a page sends the same ones."""

    def __init__(self, characters: int) -> None:
        self._left = characters
        self._held: OrderedDict[bytes, Sheet] = OrderedDict()

    def clean(self, text: str) -> Sheet:
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
            return found
        made = _settled_sheet(text)
        self._held[key] = made
        self._left -= len(made.text)
        while self._left < 0:
            _, dropped = self._held.popitem(last=False)
            self._left += len(dropped.text)
        return made


_sheets = _Sheets(64_000_000)
_EMPTY: Final = Sheet("", frozenset())


def clean_sheet(text: str) -> Sheet:
    """A style sheet, or the text of a rule, without what is not layout; empty if it is too large to be read."""
    if not text:
        return _EMPTY
    if len(text) > MAX_SHEET or text.count("{") > MAX_RULES or text.count("}") > MAX_RULES:
        return _EMPTY
    return _sheets.clean(text)


def clean_style(text: str) -> str:
    """The declarations of a style attribute."""
    if len(text) > MAX_STYLE:
        return ""
    return _settled(_clean_style, text)


def clean_declaration(name: str, value: str) -> str:
    """The value of one declaration; empty if it cannot be kept."""
    if len(value) > MAX_STYLE:
        return ""
    return _settled(lambda text: _clean_declaration(name, text), value)


def _settled(clean: Callable[[str], str], text: str) -> str:
    """Clean until nothing changes any more.

    What is left out may join what it stood between, such as two halves of a comment. Committed chunks are masked again
    when a state is rebuilt, so a second pass has to find nothing to do; what does not settle is not kept.
    """
    for _ in range(_PASSES):
        cleaned = clean(text)
        if cleaned == text:
            return cleaned
        text = cleaned
    return ""


def _clean_style(text: str) -> str:
    # Braces go first: what they kept apart may be the two signs of a comment.
    return _declarations(_LEX.sub(_lexeme, text.replace("{", "").replace("}", "")), sheet=False).strip()


def _clean_declaration(name: str, value: str) -> str:
    kept = _declaration(f"{name}:{_LEX.sub(_lexeme, value)}", sheet=False)
    return kept.partition(":")[2].strip() if ";" not in kept and "{" not in kept and "}" not in kept else ""


def is_property(name: str) -> bool:
    """Whether this may be kept as the name of a property."""
    if name.startswith("--"):
        return is_plain(name[2:])
    return name.isascii() and is_plain(name)


def is_word(text: str) -> bool:
    """Whether a CSS keyword, number or colour may be kept as the value of a presentation attribute."""
    return _is_plain_value(text)


def _settled_sheet(text: str) -> Sheet:
    settled = _settled(lambda part: _clean_sheet(part).text, text)
    return _clean_sheet(settled) if settled else _EMPTY


def _clean_sheet(text: str) -> Sheet:
    pieces = _BRACES.split(_LEX.sub(_lexeme, text))
    out: list[str] = []
    names: set[str] = set()
    for index in range(0, len(pieces), 2):
        piece = pieces[index]
        brace = pieces[index + 1] if index + 1 < len(pieces) else ""
        if brace == "{":
            head, semicolon, prelude = piece.rpartition(";")
            if head:
                out.append(_declarations(head, sheet=True))
            cleaned = _prelude(prelude)
            names.update(name.replace("\\", "") for name in _CLASSES_AND_IDS.findall(cleaned))
            names.update(_CUSTOM_TAGS.findall(cleaned))
            out += semicolon, cleaned, brace
        else:
            out += _declarations(piece, sheet=True), brace
    return Sheet("".join(out), frozenset(names))


def _lexeme(found: re.Match[str]) -> str:
    lexeme = found[0]
    first = lexeme[0]
    if first in "\"'":
        inner = lexeme[1:-1] if len(lexeme) > 1 and lexeme[-1] == first else lexeme[1:]
        return f'"{inner}"' if _is_plain_string(inner) else STARRED
    if first == "/":
        if lexeme == SPLIT:
            return SPLIT
        # A comment separates what stands beside it: left out without trace, `u/**/rl(` would become a function.
        text, start, end = found.string, found.start(), found.end()
        return " " if start and end < len(text) and _JOINS.fullmatch(text[start - 1] + text[end]) else ""
    if first == "\\":
        return lexeme if _ESCAPE.fullmatch(lexeme) else "x"
    if first in "uUsS":
        target = lexeme[lexeme.index("(") + 1 :].rstrip(")").strip().strip("\"'")
        return f"url({target})" if target.startswith("#") and is_plain(target[1:]) else NO_URL
    return "x"


def _is_plain_string(inner: str) -> bool:
    """A sign, the code of an icon, or words that are listed: a font, an attribute's value, a caption."""
    if _SIGNS.fullmatch(inner):
        return True
    return '"' not in inner and "'" not in inner and (is_plain(inner) or _is_font(inner))


def _is_font(text: str) -> bool:
    return all(
        word.lower() in _FONTS or (word.isdigit() and len(word) == 1) or is_plain(word) for word in text.split(" ")
    )


def _prelude(text: str) -> str:
    """Selectors and at-rules stay as their author wrote them, but for what has the shape of an address or a number."""
    if "[" in text:
        text = _ATTRIBUTE.sub(_attribute, text)
    if "@" in text:
        text = _MAIL.sub("x", text)
    return _DIGITS.sub("x", text)


def _attribute(found: re.Match[str]) -> str:
    start, bare, quoted, rest = found.groups()
    if not bare.strip() and not quoted:
        return f"{start}]" if "=" not in start else f"{start}x]"
    value = quoted if quoted is not None else bare.strip()
    if quoted is None and not is_plain(value):
        value = "x"
    return f"{start}{value}{' i' if rest.strip().lower() == 'i' else ''}]"


def _declarations(text: str, *, sheet: bool) -> str:
    if not text or text.isspace():
        return text[:1]
    if SPLIT in text:
        return SPLIT.join(_declarations(part, sheet=sheet) for part in text.split(SPLIT))
    kept = (_declaration(part, sheet=sheet) for part in text.split(";"))
    return ";".join(part for part in kept if part)


def _declaration(text: str, *, sheet: bool) -> str:
    """One declaration. A sheet may use names that it defines; the style of one element may not bring any."""
    text = text.strip()
    if not text:
        return ""
    if text[0] == "@":
        return _statement(text)
    name, _, value = text.partition(":")
    name, value = name.strip(), value.strip()
    known = is_plain(name.removeprefix("--")) or (sheet and name.startswith("--") and _is_authored(name))
    naming = sheet and name.startswith(_NAMING)
    if not known or not _is_plain_value(value, naming=naming, sheet=sheet, fonts=name.startswith("font")):
        return ""
    return f"{name}: {value}"


def _statement(text: str) -> str:
    """An at-rule without a block. An import stays as a rule, so that the rules behind it keep their positions."""
    word = text.split(None, 1)[0].lower()
    if word in {"@import", "@namespace"}:
        return f"@import {NO_URL}"
    return _prelude(text) if word == "@layer" and '"' not in text else ""


def _is_plain_value(value: str, *, naming: bool = False, sheet: bool = False, fonts: bool = False) -> bool:
    bare = _STRING.sub(" ", value) if '"' in value or "url(" in value else value
    if _VALUE.fullmatch(bare) is None or _NUMBERS.search(bare):
        return False
    if "#" in bare:
        bare = _COLOUR.sub(" ", bare)
        if "#" in bare:
            return False
    for word in _WORD.findall(_NUMBER.sub(" ", bare)):
        if word in _plain_words:
            continue
        if word.startswith("--"):
            if not (is_plain(word[2:]) or (sheet and "var(" in bare and _is_authored(word))):
                return False
        elif not (is_plain(word) or (naming and _is_authored(word)) or (fonts and word.lower() in _FONTS)):
            return False
        else:
            _remember(word)
    return True


def _is_authored(name: str) -> bool:
    return len(name) <= 80 and _DIGITS.search(name) is None


_plain_words: set[str] = set()


def _remember(word: str) -> None:
    if is_plain(word) and len(_plain_words) < 10_000:
        _plain_words.add(word)
