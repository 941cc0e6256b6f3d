"""Filters: parsed to values here, compiled to an expression in `events`.

A filter is `field:operator:value`; several values are a JSON list. An absent text is the empty text, so `neq` and `dnc`
hold for it. `any` lets one of the conditions be enough.
"""

import math
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from sightline.analytics.binding import Bound, Value
from sightline.analytics.fields import OF_THE_VISIT, Dimension, Field, Property, choice, field
from sightline.errors import InvalidValue
from sightline.privacy import subset
from sightline.privacy.echo import shown

MOST_CONDITIONS: Final = 30
MOST_VALUES: Final = 200
LONGEST: Final = 2000


class Operator(StrEnum):
    """How a field is compared; the short names are Umami's."""

    EQUALS = "eq"
    NOT_EQUALS = "neq"
    CONTAINS = "c"
    NOT_CONTAINS = "dnc"
    MATCHES = "re"
    NOT_MATCHES = "nre"
    SET = "s"
    NOT_SET = "ns"
    TRUE = "t"
    FALSE = "f"
    GREATER = "gt"
    LESS = "lt"
    AT_LEAST = "gte"
    AT_MOST = "lte"
    BEFORE = "bf"
    AFTER = "af"


class Match(StrEnum):
    """Whether all conditions have to hold, or any of them."""

    ALL = "all"
    ANY = "any"


WITHOUT_VALUE: Final = frozenset({Operator.SET, Operator.NOT_SET, Operator.TRUE, Operator.FALSE})
NUMERIC: Final = frozenset({Operator.GREATER, Operator.LESS, Operator.AT_LEAST, Operator.AT_MOST})
DATED: Final = frozenset({Operator.BEFORE, Operator.AFTER})
ONLY_PROPERTIES: Final = NUMERIC | DATED | {Operator.TRUE, Operator.FALSE}
SEVERAL: Final = frozenset({Operator.EQUALS, Operator.NOT_EQUALS, Operator.CONTAINS, Operator.NOT_CONTAINS})
_PATTERNS: Final = frozenset({Operator.MATCHES, Operator.NOT_MATCHES})


class ReadField(Protocol):
    """What reads the name of a field."""

    def __call__(self, text: str, *, where: str) -> Field: ...


class Condition(Struct, frozen=True):
    """One comparison."""

    field: Field
    operator: Operator
    values: tuple[Bound, ...] = ()


class Where(Struct, frozen=True):
    """Conditions that have to hold together; none of them: everything matches."""

    conditions: tuple[Condition, ...] = ()
    match: Match = Match.ALL


def where(texts: Iterable[str], match: str = "all", read: ReadField = field) -> Where:
    """Read filters as they stand in an address; `read` knows the fields of what is filtered."""
    found = tuple(condition(text, read) for text in texts)
    if len(found) > MOST_CONDITIONS:
        raise InvalidValue(
            f"{len(found)} filters are too many", field="filter", hint=f"Take {MOST_CONDITIONS} at most."
        )
    return Where(found, choice(Match, match, where="match"))


def condition(text: str, read: ReadField = field) -> Condition:
    """Read one filter. With a colon in the key it is written as a JSON list: [field, operator, values]."""
    if text.startswith("["):
        try:
            name, operator_name, content = msgspec.json.decode(text, type=tuple[str, str, str | list[str]])
        except msgspec.MsgspecError as exc:
            raise InvalidValue(f"{shown(text[:100])} is no filter: {exc}", field="filter") from None
        return _condition(name, operator_name, [content] if isinstance(content, str) else content, read)
    parts = text.split(":")
    prefix = 2 if parts[0] == "property" else 1
    if len(parts) < prefix + 1:
        raise InvalidValue(
            f"{shown(text[:100])} is no filter", field="filter", hint="Write field:operator:value, as country:eq:NL."
        )
    content = ":".join(parts[prefix + 1 :])
    values = _values(content) if len(parts) > prefix + 1 else []
    return _condition(":".join(parts[:prefix]), parts[prefix], values, read)


def _values(text: str) -> list[str]:
    if not text.startswith("["):
        return [text]
    try:
        return msgspec.json.decode(text, type=list[str])
    except msgspec.MsgspecError:
        return [text]


def _condition(name: str, operator_name: str, values: list[str], read: ReadField) -> Condition:
    found = read(name, where="filter")
    operator = choice(Operator, operator_name, where="filter")
    if operator in ONLY_PROPERTIES and not isinstance(found, Property):
        raise InvalidValue(
            f"{operator} compares properties of events, and {name} is a text", field="filter",
            hint="Write property:KEY, or use eq, neq, c, dnc, re, nre, s, ns.",
        )  # fmt: skip
    if operator in WITHOUT_VALUE:
        return Condition(found, operator)
    if not values or (len(values) > 1 and operator not in SEVERAL):
        raise InvalidValue(f"{operator} takes {'a value' if not values else 'one value'}", field="filter")
    if len(values) > MOST_VALUES:
        raise InvalidValue(f"{len(values)} values are too many", field="filter", hint=f"Take {MOST_VALUES} at most.")
    return Condition(found, operator, tuple(_value(operator, text) for text in values))


def _value(operator: Operator, text: str) -> Value:
    check_text(text, "filter")
    if operator in NUMERIC:
        return Value(number(text, "filter"))
    if operator in _PATTERNS:
        return Value(pattern(text, "filter"))
    return Value(text)


def check_text(text: str, where: str) -> str:
    """Refuse what no stored text can be and what an engine cannot take."""
    if len(text) > LONGEST:
        raise InvalidValue(f"a value has {LONGEST} characters at most, this one {len(text)}", field=where)
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidValue("a value holds a character that no text has", field=where)
    return text


def number(text: str, where: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not math.isfinite(found):
        raise InvalidValue(f"{shown(text[:100])} is no number", field=where)
    return found


_ANCHORED: Final = re.compile(r"(?<!\\)(\\\\)*\$$")
_COUNTED: Final = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_LONGEST_PATTERN: Final = 500
_POSTGRES_MOST: Final = 255
# RE2 and PostgreSQL unroll counted repeats, so that their sum is what a pattern costs.
_MOST_REPEATS: Final = 1000


def pattern(text: str, where: str) -> str:
    """A regular expression that all engines read alike and none takes long for; `^` may begin it and `$` end it."""
    inner = text.removeprefix("^")
    if _ANCHORED.search(inner):
        inner = inner[:-1]
    if len(text) > _LONGEST_PATTERN:
        raise InvalidValue(f"a regular expression has {_LONGEST_PATTERN} characters at most", field=where)
    if reason := _problem(inner):
        raise InvalidValue(f"this regular expression cannot be used: {reason}", field=where)
    return text


def _problem(inner: str) -> str | None:
    try:
        re.compile(inner)
    except (re.error, RecursionError, OverflowError) as exc:
        return f"{exc}"
    # Within a group behind a letter it may match the empty text; the rules of the subset hold all the same.
    if reason := subset.problem(f"x(?:{_without_dots(inner)})"):
        return reason
    repeats = [int(high or low) for low, high in _COUNTED.findall(inner)]
    if any(count > _POSTGRES_MOST for count in repeats) or sum(repeats) > _MOST_REPEATS:
        return f"a repeat is {_POSTGRES_MOST} at most, all together {_MOST_REPEATS}"
    if "){" in inner:
        return "a group is repeated with *, + or ?, not by a count"
    return "write the character itself, not \\x and its number" if "\\x" in inner else None


def _without_dots(text: str) -> str:
    """The pattern with a class in the place of each dot that means any character."""
    out, at, in_class = [], 0, False
    while at < len(text):
        char = text[at]
        if char == "\\":
            out.append(text[at : at + 2])
            at += 2
            continue
        in_class = (char == "[" and not in_class) or (in_class and char != "]")
        out.append("[^\\n]" if char == "." and not in_class else char)
        at += 1
    return "".join(out)


def uses(wheres: Iterable[Where], dimension: Dimension) -> bool:
    return any(found.field is dimension for one in wheres for found in one.conditions)


def of_the_visit(wheres: Iterable[Where]) -> frozenset[Dimension]:
    """The entry or exit page, where a condition asks for it."""
    return frozenset(dimension for dimension in OF_THE_VISIT if uses(wheres, dimension))
