r"""The language in which lines are searched for, read into a value that engines and the live tail take alike.

    level:error service:checkout "card declined" NOT path:/health*
    (level:>=warn OR failed:true) duration_ms:>500 status:500..599 -logger:urllib3

`field:value` compares, a text alone is looked for in message and fields in any case, and what stands side by side has
to hold together. docs/reference/logs.md says it all. Nothing is read twice: what cannot be read says where.
"""

import math
import re
from collections.abc import Callable
from typing import Final, NoReturn

import orjson
from msgspec import Struct

from sightline.analytics.binding import Bound, Value
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

MOST_LETTERS: Final = 2_000
MOST_TERMS: Final = 50
DEEPEST: Final = 20
LEVELS: Final = ("trace", "debug", "info", "warn", "error", "fatal")
_LEVEL_NAMES: Final = {"warning": "warn", "critical": "fatal", "err": "error"}

# How a field of the language is stored; what stands here is a column, every other name is a key of `fields`.
TEXTS: Final = {
    "level": "level", "source": "source", "service": "service", "function": "function", "group": "log_group",
    "stream": "stream", "request": "request", "trace": "trace", "correlation": "correlation", "logger": "logger",
}  # fmt: skip
NUMBERS: Final = {"visit": "visit", "visitor": "visitor", "person": "person"}
FLAGS: Final = {"cold": "cold", "failed": "failed"}
MESSAGE: Final = "message"
COLUMNS: Final = (*TEXTS, MESSAGE, *NUMBERS, *FLAGS)


class Found(Struct, frozen=True, tag=True):
    """A text that stands in the message, or also in the fields, in any case."""

    text: Bound  # in small letters
    everywhere: bool


class Is(Struct, frozen=True, tag=True):
    """A column is one of some values."""

    column: str
    values: tuple[Bound, ...]


class Like(Struct, frozen=True, tag=True):
    """A column begins with, ends with or contains a text; with `how` present it is not empty."""

    column: str
    how: str
    text: Bound


class Flagged(Struct, frozen=True, tag=True):
    """A column is set, or is not."""

    column: str
    wanted: bool


class Has(Struct, frozen=True, tag=True):
    """One of these texts stands in the fields, as JSON writes a key with its value; `value` stands in each of them."""

    value: Bound
    texts: tuple[Bound, ...]


class Between(Struct, frozen=True, tag=True):
    """A number of the fields lies between two others; `low` and `high` themselves count where they are `_closed`."""

    key: str
    low: Bound | None = None
    high: Bound | None = None
    low_closed: bool = True
    high_closed: bool = True


class Not(Struct, frozen=True, tag=True):
    """The opposite."""

    part: "Query"


class All(Struct, frozen=True, tag=True):
    """All of it; nothing at all holds for every line."""

    parts: "tuple[Query, ...]" = ()


class AnyOf(Struct, frozen=True, tag=True):
    """Any of it."""

    parts: "tuple[Query, ...]"


Query = Found | Is | Like | Flagged | Has | Between | Not | All | AnyOf

_SPACE: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"([A-Za-z_@][A-Za-z0-9_.@-]{0,99}):")
_WORD: Final = re.compile(r'[^\s()"]+')
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COMPARED: Final = re.compile(r"(>=|<=|>|<)(.*)", re.DOTALL)
_RANGE: Final = re.compile(r"(\*|-?[0-9][0-9.eE+-]*?)\.\.(\*|-?[0-9][0-9.eE+-]*)")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ESCAPED: Final = re.compile(r"\\(.)")


class BadQuery(InvalidValue):
    """This query cannot be read."""

    code = "bad_query"


def parse(text: str) -> Query:
    """Read a query; an empty one takes every line."""
    if len(text) > MOST_LETTERS:
        raise BadQuery(f"a query has {MOST_LETTERS} characters at most, this one {len(text)}", field="q")
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise BadQuery("a query holds a character that no text has", field="q")
    return _Reader(text).whole()


class _Reader:
    """One reading, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._terms = 0

    def whole(self) -> Query:
        found = self._either(0)
        if self._at < len(self._text):
            self._fail(self._at, "this parenthesis closes nothing", "Remove it, or open one before.")
        return found

    def _either(self, depth: int) -> Query:
        parts = [self._together(depth)]
        while self._takes("OR"):
            parts.append(self._together(depth, after="OR"))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _together(self, depth: int, *, after: str = "") -> Query:
        parts: list[Query] = []
        while True:
            joined = bool(parts) and self._takes("AND")
            if self._ends():
                if not parts and not after and self._text.startswith("OR", self._at):
                    self._fail(self._at, "something is missing before OR", "Name a condition.")
                if joined or (after and not parts):
                    self._fail(
                        self._at, f"something is missing after {'AND' if joined else after}", "Name a condition."
                    )
                break
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Query:
        begins = self._at
        if depth > DEEPEST:
            self._fail(begins, f"this is nested more than {DEEPEST} deep", "Write it flatter.")
        if self._takes("NOT") or self._takes("-"):
            if self._ends():
                self._fail(self._at, "something is missing after NOT", "Name a condition.")
            return Not(self._one(depth + 1))
        if self._text.startswith("(", self._at):
            self._at += 1
            inner = self._either(depth + 1)
            self._skip()
            if not self._text.startswith(")", self._at):
                self._fail(begins, "this parenthesis is never closed", "Close it, or put it in quotes.")
            self._at += 1
            return inner
        self._terms += 1
        if self._terms > MOST_TERMS:
            self._fail(begins, f"there are more than {MOST_TERMS} conditions", "Ask for less at once.")
        return self._term()

    def _term(self) -> Query:
        begins = self._at
        if self._text[begins] != '"' and (named := _NAME.match(self._text, begins)):
            self._at = named.end()
            if self._at >= len(self._text) or self._text[self._at].isspace() or self._text[self._at] == ")":
                self._fail(begins, f"{shown(named[1])} has no value", "Write field:value, or put the text in quotes.")
            value, quoted = self._value()
            return _compared(named[1], value, quoted=quoted, fail=lambda said, hint: self._fail(begins, said, hint))
        value, _ = self._value()
        return Found(Value(value.lower()), everywhere=True)

    def _value(self) -> tuple[str, bool]:
        begins = self._at
        if self._text[begins] == '"':
            found = _QUOTED.match(self._text, begins)
            if found is None:
                self._fail(begins, "this quote is never closed", 'Close it, or write \\" for the quote itself.')
            self._at = found.end()
            return _ESCAPED.sub(r"\1", found[1]), True
        found = _WORD.match(self._text, begins)
        if found is None:
            self._fail(begins, "a value cannot begin with a parenthesis", "Put it in quotes.")
        self._at = found.end()
        return found[0], False

    def _takes(self, word: str) -> bool:
        """Go past a word of the language, if it stands here."""
        self._skip()
        after = self._at + len(word)
        if not self._text.startswith(word, self._at):
            return False
        if word == "-":
            if after >= len(self._text) or self._text[after].isspace() or self._text[after] == "-":
                return False  # a dash alone is a text
        elif after < len(self._text) and not self._text[after].isspace() and self._text[after] not in "()":
            return False
        self._at = after
        self._skip()
        return True

    def _ends(self) -> bool:
        """Whether nothing more stands here that belongs together."""
        self._skip()
        if self._at >= len(self._text) or self._text[self._at] == ")":
            return True
        after = self._at + 2
        return self._text.startswith("OR", self._at) and (after >= len(self._text) or self._text[after] in " \t\r\n()")

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _fail(self, at: int, said: str, hint: str) -> NoReturn:
        raise BadQuery(f"at character {at + 1}: {said}", field="q", hint=hint)


Fail = Callable[[str, str], NoReturn]


def _compared(name: str, value: str, *, quoted: bool, fail: Fail) -> Query:
    if name == MESSAGE:
        return Found(Value(value.lower()), everywhere=False)
    if name in FLAGS:
        if value not in {"true", "false"}:
            fail(f"{name} is true or false, not {shown(value[:40])}", f"Write {name}:true.")
        return Flagged(FLAGS[name], value == "true")
    if name in NUMBERS:
        if not re.fullmatch(r"-?[0-9]{1,19}", value) or not -(2**63) <= int(value) < 2**63:
            fail(f"{name} is an id, not {shown(value[:40])}", f"Write {name}:123.")
        return Is(NUMBERS[name], (Value(int(value)),))
    if name == "level":
        return _level(value, fail)
    if name in TEXTS:
        return _text(TEXTS[name], value, quoted=quoted, fail=fail)
    return _field(name, value, quoted=quoted, fail=fail)


def _level(value: str, fail: Fail) -> Query:
    compared = _COMPARED.fullmatch(value)
    said = (compared[2] if compared else value).lower()
    level = _LEVEL_NAMES.get(said, said)
    if level not in LEVELS:
        fail(f"there is no level {shown(said[:40])}", f"There are {', '.join(LEVELS)}.")
    at = LEVELS.index(level)
    chosen: tuple[str, ...]
    match compared[1] if compared else "":
        case ">=":
            chosen = LEVELS[at:]
        case ">":
            chosen = LEVELS[at + 1 :]
        case "<=":
            chosen = LEVELS[: at + 1]
        case "<":
            chosen = LEVELS[:at]
        case _:
            chosen = (level,)
    return Is("level", tuple(Value(one) for one in chosen)) if chosen else AnyOf(())


def _text(column: str, value: str, *, quoted: bool, fail: Fail) -> Query:
    if quoted or "*" not in value:
        if not quoted and _COMPARED.fullmatch(value):
            fail("only levels and numbers of the fields are compared with < and >", "Put the text in quotes.")
        return Is(column, (Value(value),))
    inner = value.strip("*")
    if "*" in inner:
        fail("a * stands at the beginning or the end of a value", "Write several conditions, or quotes.")
    how = {(True, True): "contains", (True, False): "ends", (False, True): "begins"}[
        value.startswith("*"), value.endswith("*")
    ]
    return Like(column, how if inner else "present", Value(inner))


def _field(key: str, value: str, *, quoted: bool, fail: Fail) -> Query:
    named = orjson.dumps(key).decode() + ":"
    if quoted or value == "*":
        text = Value(named + orjson.dumps(value).decode() if quoted else named)
        return Has(text, (text,))
    if compared := _COMPARED.fullmatch(value):
        number, closed = Value(_number(compared[2], fail)), len(compared[1]) == 2
        above = compared[1][0] == ">"
        return Between(key, low=number, low_closed=closed) if above else Between(key, high=number, high_closed=closed)
    if spanned := _RANGE.fullmatch(value):
        low, high = (None if part == "*" else Value(_number(part, fail)) for part in spanned.groups())
        return Between(key, low=low, high=high)
    if "*" in value[:-1]:
        fail("a * stands at the end of a field's value", "Look for the text itself, or use quotes.")
    if value.endswith("*"):
        begin = Value(named + orjson.dumps(value[:-1]).decode()[:-1])
        return Has(begin, (begin,))
    texts = [named + orjson.dumps(value).decode()]
    if _NUMBER.fullmatch(value) or value in {"true", "false", "null"}:
        texts += [f"{named}{value},", f"{named}{value}}}"]
    return Has(Value(orjson.dumps(value).decode()[1:-1]), tuple(Value(text) for text in texts))


def _number(text: str, fail: Fail) -> float:
    try:
        found = float(text) if _NUMBER.fullmatch(text) else math.nan
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        fail(f"{shown(text[:40])} is no number", "Only numbers are compared; put a text in quotes.")
    return found


def number_pattern(key: str) -> str:
    """The regular expression that finds a number of the fields; a text that is a number counts as one."""
    named = re.sub(r"([.@-])", r"\\\1", orjson.dumps(key).decode())
    return named + r':"?(-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?)"?[,}]'
