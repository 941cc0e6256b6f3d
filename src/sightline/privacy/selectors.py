"""The CSS selectors that a dictionary may use, matched against the server's own tree of a recorded page.

A subset that means the same everywhere: types, `*`, `.class`, `#id`, `[attribute]` with `=`, `^=`, `$=`, `*=` and `~=`,
`:not()` of one compound, the descendant and child combinators, and lists. Whatever else CSS knows (siblings,
`:nth-child`, `:has`) needs what the server does not keep, and is refused with its position.

Attribute names are compared without case, values, classes and ids with it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from sightline.errors import InvalidValue

MAX_LENGTH: Final = 2000
MAX_COMPOUNDS: Final = 16  # per selector; matching walks the ancestors once per descendant combinator

Operator = Literal["", "=", "^=", "$=", "*=", "~="]

_NAME = re.compile(r"-?(?:[A-Za-z_\u0080-\U0010ffff]|--)[\w\u0080-\U0010ffff-]*")
_SPACE = re.compile(r"[ \t\r\n\f]*")
_OPERATOR = re.compile(r"[\^$*~]?=")
_QUOTED = re.compile(r"\"([^\"\\\n]*)\"|'([^'\\\n]*)'")
_BARE = re.compile(r"[\w\u0080-\U0010ffff-]+")


class SelectorError(InvalidValue):
    """A selector cannot be read."""

    code = "selector"


class Test(NamedTuple):
    """What a selector asks of one attribute."""

    name: str
    operator: Operator
    value: str

    def holds(self, value: str) -> bool:
        match self.operator:
            case "":
                return True
            case "=":
                return value == self.value
            case "^=":
                return bool(self.value) and value.startswith(self.value)
            case "$=":
                return bool(self.value) and value.endswith(self.value)
            case "*=":
                return bool(self.value) and self.value in value
            case _:
                return self.value in value.split()


class Shape(msgspec.Struct, frozen=True):
    """What selectors can see of an element."""

    tag: str
    id: str = ""
    classes: frozenset[str] = frozenset()
    attributes: tuple[tuple[str, str], ...] = ()
    barrier: bool = False  # a frame's document: no selector looks beyond it

    def attribute(self, name: str) -> str | None:
        for held, value in self.attributes:
            if held == name:
                return value
        return None


class Compound(NamedTuple):
    """Simple selectors that hold for one element together."""

    tag: str = ""  # empty: any
    ids: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    without: tuple["Compound", ...] = ()

    def holds(self, shape: Shape) -> bool:
        if shape.barrier or (self.tag and self.tag != shape.tag):
            return False
        if any(name != shape.id for name in self.ids) or not shape.classes.issuperset(self.classes):
            return False
        for test in self.tests:
            value = shape.attribute(test.name)
            if value is None or not test.holds(value):
                return False
        return not any(part.holds(shape) for part in self.without)


class Selector(NamedTuple):
    """Compounds from left to right; `child[n]` says that compound n+1 is a child of n, not any descendant."""

    compounds: tuple[Compound, ...]
    child: tuple[bool, ...]

    @property
    def subject(self) -> Compound:
        return self.compounds[-1]

    def matches(self, path: Sequence[Shape]) -> bool:
        """Whether it selects the first of `path`, which is followed by its ancestors, the nearest first."""
        if not path or not self.subject.holds(path[0]):
            return False
        held = [0]  # where the compound read last holds; a set of places, so that no path is tried twice
        for compound, child in zip(self.compounds[-2::-1], self.child[::-1], strict=True):
            held = list(self._held_above(compound, held, path, child=child))
            if not held:
                return False
        return True

    @staticmethod
    def _held_above(compound: Compound, held: list[int], path: Sequence[Shape], *, child: bool) -> Iterator[int]:
        if child:
            yield from (at + 1 for at in held if at + 1 < len(path) and compound.holds(path[at + 1]))
            return
        for at in range(min(held) + 1, len(path)):
            if path[at].barrier:
                return
            if compound.holds(path[at]):
                yield at


def parse(text: str) -> tuple[Selector, ...]:
    """Read a selector list; what is wrong is raised with its position."""
    if len(text) > MAX_LENGTH:
        raise SelectorError(f"a selector has at most {MAX_LENGTH} characters, this one {len(text)}")
    return tuple(_Parser(text).list())


def compounds(selectors: Sequence[Selector]) -> Iterator[Compound]:
    """Every compound in these selectors, those within `:not()` too."""
    for selector in selectors:
        for compound in selector.compounds:
            yield compound
            yield from compound.without


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def list(self) -> Iterator[Selector]:
        while True:
            yield self._selector()
            if self.at == len(self.text):
                return
            self._take(",")

    def _selector(self) -> Selector:
        self._blank()
        parts = [self._compound()]
        child: list[bool] = []
        while True:
            blank = self._blank()
            if self.at == len(self.text) or self.text[self.at] == ",":
                break
            direct = self.text[self.at] == ">"
            if direct:
                self.at += 1
                self._blank()
            elif self.text[self.at] in "+~|" or not blank:
                raise self._error(f"{self.text[self.at]!r} is not supported")
            child.append(direct)
            parts.append(self._compound())
            if len(parts) > MAX_COMPOUNDS:
                raise self._error(f"more than {MAX_COMPOUNDS} parts")
        return Selector(tuple(parts), tuple(child))

    def _compound(self, *, nested: bool = False) -> Compound:
        start, tag = self.at, ""
        ids: list[str] = []
        classes: list[str] = []
        tests: list[Test] = []
        without: list[Compound] = []
        if self._has("*"):
            self.at += 1
        elif found := _NAME.match(self.text, self.at):
            tag, self.at = found[0].lower(), found.end()
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign in "#.":
                self.at += 1
                (ids if sign == "#" else classes).append(self._name())
            elif sign == "[":
                tests.append(self._test())
            elif self.text.startswith(":not(", self.at) and not nested:
                self.at += len(":not(")
                self._blank()
                without.append(self._compound(nested=True))
                self._blank()
                self._take(")")
            elif sign == ":":
                raise self._error("of the pseudo-classes only :not() of one compound is supported")
            else:
                break
        if self.at == start:
            raise self._error("a type, class, id or attribute is expected")
        return Compound(tag, tuple(ids), tuple(classes), tuple(tests), tuple(without))

    def _test(self) -> Test:
        self.at += 1
        self._blank()
        name = self._name().lower()
        self._blank()
        if self._has("]"):
            self.at += 1
            return Test(name, "", "")
        operator = _OPERATOR.match(self.text, self.at)
        if operator is None:
            raise self._error("]  or one of = ^= $= *= ~= is expected")
        self.at = operator.end()
        self._blank()
        value = self._value()
        self._blank()
        self._take("]")
        return Test(name, operator[0], value)  # type: ignore[arg-type] # the pattern knows these operators only

    def _value(self) -> str:
        if quoted := _QUOTED.match(self.text, self.at):
            self.at = quoted.end()
            return quoted[1] if quoted[1] is not None else quoted[2]
        if bare := _BARE.match(self.text, self.at):
            self.at = bare.end()
            return bare[0]
        raise self._error("a value is expected, quoted unless it is a plain name; backslashes are not supported")

    def _name(self) -> str:
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self._error("a name is expected")
        self.at = found.end()
        return found[0]

    def _blank(self) -> bool:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return bool(found[0])

    def _has(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def _take(self, sign: str) -> None:
        if not self._has(sign):
            raise self._error(f"{sign!r} is expected")
        self.at += 1

    def _error(self, problem: str) -> SelectorError:
        return SelectorError(
            f"selector {self.text!r}, character {self.at + 1}: {problem}",
            hint="Types, classes, ids, attributes, :not(), descendants and children are understood.",
        )
