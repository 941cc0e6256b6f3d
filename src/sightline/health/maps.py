"""Source maps (revision 3), read: from a place in a built file to a place in its source. Pure.

A map is read once as a whole, since each mapping is told by its difference from the one before, into flat arrays of 32
bits, about 20 bytes a mapping; a look-up is a binary search in one line.
"""

import re
from array import array
from bisect import bisect_right
from typing import Any, Final

import orjson
from msgspec import Struct

from sightline.errors import InvalidValue
from sightline.health.frames import Frame

MOST_BYTES: Final = 64 << 20
MOST_MAPPINGS: Final = 8_000_000
_AROUND: Final = 5  # lines of code before and after
_LONGEST_LINE: Final = 400
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DIGITS: Final = {char: value for value, char in enumerate(_ALPHABET)}
_MOST: Final = 2**31 - 1
_DECLARED: Final = (
    re.compile(r"\bfunction\s*\*?\s*([A-Za-z_$][\w$]*)"),
    re.compile(r"(?:\b(?:const|let|var)\s+|[.{,]\s*|^\s*)([A-Za-z_$][\w$]*)\s*[=:]\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*(?::[^=]+)?=>|[\w$]+\s*=>)"),
    re.compile(r"^\s*(?:(?:async|static|get|set|public|private|protected|export|default)\s+)*([A-Za-z_$][\w$]*)\s*\([^;]*\)\s*(?::[^={]+)?\{\s*$"),
)  # fmt: skip
_NO_NAMES: Final = frozenset({"if", "for", "while", "switch", "catch", "with", "return", "function"})


class NotAMap(InvalidValue):
    """This is no source map."""

    code = "not_a_source_map"


class Line(Struct, frozen=True):
    """A line of source code."""

    number: int
    text: str


class Found(Struct, frozen=True):
    """A place in a source."""

    source: str
    line: int
    column: int
    name: str  # of what stands there, where the builder gave it another
    function: str  # that it stands in, as far as the source tells


class SourceMap:
    """One map."""

    def __init__(self, data: bytes) -> None:
        document = _document(data)
        root = document.get("sourceRoot") or ""
        self._sources = [_plain(f"{root}/{name}" if root else name or "") for name in document["sources"]]
        self._names: list[str] = document["names"]
        self._texts: list[str | None] = document["sourcesContent"]
        self._lines, self._columns, self._fields = _decoded(document["mappings"], len(self._sources), len(self._names))
        self.size = len(data) + 20 * len(self._columns) + 4 * len(self._lines)

    @property
    def mappings(self) -> int:
        return len(self._columns)

    @property
    def sources(self) -> list[str]:
        return list(self._sources)

    def find(self, line: int, column: int) -> Found | None:
        """The place in a source of a place in the built file, both counted from 1; None where the map says nothing."""
        if not 1 <= line < len(self._lines):
            return None
        first, end = self._lines[line - 1], self._lines[line]
        at = bisect_right(self._columns, column - 1, first, end) - 1
        if at < first:
            return None
        source, source_line, source_column, name = self._fields[at * 4 : at * 4 + 4]
        if source < 0:
            return None
        return Found(
            self._sources[source], source_line + 1, source_column + 1, self._names[name] if name >= 0 else "",
            self._function(source, source_line),
        )  # fmt: skip

    def code(self, found: Found) -> tuple[Line, ...]:
        """The lines around a place; none where the map does not hold its sources."""
        text = self._texts[self._sources.index(found.source)]
        if not text:
            return ()
        lines = text.split("\n")
        first = max(0, found.line - 1 - _AROUND)
        return tuple(
            Line(number + 1, lines[number].rstrip("\r")[:_LONGEST_LINE])
            for number in range(first, min(len(lines), found.line + _AROUND))
        )

    def _function(self, source: int, line: int) -> str:
        """The name of the function that a line stands in: of the nearest line above, less indented, that names one."""
        text = self._texts[source]
        if not text:
            return ""
        lines = text.split("\n")
        if line >= len(lines):
            return ""
        indent = _indent(lines[line]) + 1
        for number in range(line, max(-1, line - 2000), -1):
            code = lines[number][:_LONGEST_LINE]
            if not code.strip() or _indent(code) >= indent:
                continue
            indent = _indent(code) if number != line else indent - 1
            for declared in _DECLARED:
                match = declared.search(code)
                if match and match[1] not in _NO_NAMES:
                    return match[1]
            if indent == 0 and number != line:
                break
        return ""


def check(data: bytes) -> SourceMap:
    """Read a map whole; `NotAMap` says what is wrong with what is none."""
    return SourceMap(data)


def as_frame(found: Found, frame: Frame, caller: str) -> Frame:
    """A frame as its map says. What called it may know its name, if the source does not tell."""
    return Frame(found.function or caller or frame.function, found.source, found.line, found.column)


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise NotAMap(f"it has {len(data):,} bytes", hint=f"A source map has at most {MOST_BYTES:,}.")
    try:
        document = orjson.loads(data.removeprefix(b")]}'\n"))
    except orjson.JSONDecodeError:
        raise NotAMap("it is not JSON", hint="Upload the .map files that the build has written.") from None
    if not isinstance(document, dict):
        raise NotAMap("it is no JSON object")
    if "sections" in document:
        raise NotAMap("it is an index map (`sections`)", hint="Let the bundler write one flat map for each file.")
    if document.get("version") != 3:
        raise NotAMap(f"its version is {str(document.get('version'))[:20]!r}", hint="Version 3 is read.")
    for name, kind in (("mappings", str), ("sources", list)):
        if not isinstance(document.get(name), kind):
            raise NotAMap(f"it has no {name}")
    document["names"] = [str(name) for name in document.get("names") or []]
    sources = document["sources"]
    if not all(name is None or isinstance(name, str) for name in sources):
        raise NotAMap("its sources are no names")
    texts = document.get("sourcesContent") or []
    texts = [text if isinstance(text, str) else None for text in texts[: len(sources)]]
    document["sourcesContent"] = texts + [None] * (len(sources) - len(texts))
    return document


def _decoded(mappings: str, sources: int, names: int) -> "tuple[array[int], array[int], array[int]]":
    """Where each line begins, the column of each mapping, and its source, line, column and name (-1: none)."""
    lines, columns, fields = array("i", [0]), array("i"), array("i")
    source = source_line = source_column = name = 0
    for text in mappings.split(";"):
        column = 0
        if text:
            for segment in text.encode().split(b","):
                values = _values(segment)
                column += values[0]
                if len(values) >= 4:
                    source += values[1]
                    source_line += values[2]
                    source_column += values[3]
                    if len(values) > 4:
                        name += values[4]
                    if not (0 <= source < sources and 0 <= source_line <= _MOST and 0 <= source_column <= _MOST):
                        raise NotAMap("a mapping leads out of its sources")
                    fields.extend((source, source_line, source_column, name if len(values) > 4 else -1))
                    if len(values) > 4 and not 0 <= name < names:
                        raise NotAMap("a mapping leads out of its names")
                else:
                    fields.extend((-1, 0, 0, -1))
                if not 0 <= column <= _MOST:
                    raise NotAMap("a mapping has no column")
                columns.append(column)
        if len(columns) > MOST_MAPPINGS:
            raise NotAMap(f"it has more than {MOST_MAPPINGS:,} mappings")
        lines.append(len(columns))
    return _sorted(lines, columns, fields)


def _sorted(
    lines: "array[int]", columns: "array[int]", fields: "array[int]"
) -> "tuple[array[int], array[int], array[int]]":
    """Mappings of a line in the order of their columns: builders write them so, the format does not demand it."""
    for number in range(len(lines) - 1):
        first, end = lines[number], lines[number + 1]
        part = columns[first:end]
        if any(part[at] > part[at + 1] for at in range(len(part) - 1)):
            order = sorted(range(first, end), key=lambda at: columns[at])
            moved = [fields[at * 4 : at * 4 + 4] for at in order]
            columns[first:end] = array("i", [columns[at] for at in order])
            for at, values in enumerate(moved, first):
                fields[at * 4 : at * 4 + 4] = values
    return lines, columns, fields


def _values(segment: bytes) -> list[int]:
    """The numbers of a segment: base 64, five bits a digit, the lowest first; the lowest bit of all is the sign."""
    found: list[int] = []
    value = shift = 0
    for char in segment:
        digit = _DIGITS.get(char)
        if digit is None or shift > 30:
            raise NotAMap("its mappings are no base-64 numbers")
        value |= (digit & 31) << shift
        if digit & 32:
            shift += 5
        else:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    if shift or len(found) not in {1, 4, 5}:
        raise NotAMap("a mapping has not 1, 4 or 5 numbers")
    return found


def _plain(source: str) -> str:
    """A source's name without the way to it from where it was built."""
    name = re.sub(r"^[a-z][a-z0-9+.-]*:/+(?:[^/]*/)?(?=\./|src/|\.\./)", "", source)
    while name.startswith(("../", "./", "/")):
        name = name.partition("/")[2]
    return name[:300]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
