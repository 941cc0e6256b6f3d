"""The reference scanner: plain `re`, run only where the shape of a text gives a detector reason to look.

A gate is a set of substrings, sought in the lower-cased text or in its shape; substring search is some twenty times
faster than a pattern. The gates are part of a detector's definition, so they decide the result and not only its speed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sightline.privacy.detectors.checks import CHECKS, Check
from sightline.privacy.entries import Detector, Field
from sightline.privacy.names import fold

MAX_LEFT: Final = 64  # RFC 5321: the longest local part


class Hit(NamedTuple):
    """A span of personal data."""

    start: int
    end: int
    field: Field


def _shape_table() -> bytes:
    table = bytearray(range(256))
    for char in range(256):
        if 48 <= char <= 57:
            table[char] = ord("0")
        elif 65 <= char <= 90:
            table[char] = ord("A")
        elif 97 <= char <= 122:
            table[char] = ord("a")
        elif char in b" -_":
            table[char] = ord("-")
    return bytes(table)


SHAPES: Final = _shape_table()


def shape(text: str) -> bytes:
    """The text with digits as 0, capitals as A, other ASCII letters as a, blanks, hyphens and underscores as -."""
    return text.encode("utf-8", "surrogatepass").translate(SHAPES)


def _members(klass: str) -> frozenset[str]:
    """The characters of a class, as far as the alphabets reach that dictionaries use."""
    if not klass:
        return frozenset()
    pattern = re.compile(f"[{klass}]")
    return frozenset(char for char in map(chr, range(0x2100)) if pattern.match(char))


class Compiled:
    """A detector, ready to run."""

    __slots__ = ("after", "before", "checks", "context", "context_after", "detector", "field", "left", "search")

    def __init__(self, detector: Detector, field: Field) -> None:
        self.detector = detector
        self.field = field
        self.search = re.compile(detector.pattern, re.IGNORECASE if detector.fold_case else 0).search
        self.before = _members(detector.before)
        self.after = _members(detector.after)
        self.left = _members(detector.left)
        self.checks: tuple[Check, ...] = tuple(CHECKS[name] for name in detector.checks)
        self.context = tuple("_" + fold(word) for word in detector.context)
        self.context_after = tuple("_" + fold(word) for word in detector.context_after)

    def find(self, text: str, found: list[Hit]) -> None:
        """Append the spans of this detector in `text`."""
        group, rescan = self.detector.group, self.detector.rescan
        match = self.search(text)
        while match is not None:
            start, end = match.span(group)
            if self.left:
                start = self._extended(text, start)
            if start < end and self._holds(text, start, end):
                found.append(Hit(start, end, self.field))
                match = self.search(text, max(end, match.end(), match.start() + 1))
            else:
                match = self.search(text, match.start() + 1 if rescan else max(match.end(), match.start() + 1))

    def _extended(self, text: str, start: int) -> int:
        lowest, left, begin = max(0, start - MAX_LEFT), self.left, start
        while begin > lowest and text[begin - 1] in left:
            begin -= 1
        while begin < start and text[begin] in ".-'":
            begin += 1
        return begin if begin < start else len(text)

    def _holds(self, text: str, start: int, end: int) -> bool:
        if self.before and start and text[start - 1] in self.before:
            return False
        if self.after and end < len(text) and text[end] in self.after:
            return False
        if self.context and not self._announced(text, start, end):
            return False
        return all(check(text, start, end) for check in self.checks)

    def _announced(self, text: str, start: int, end: int) -> bool:
        reach = self.detector.reach
        before = "_" + fold(text[max(0, start - reach) : start])
        if any(word in before for word in self.context):
            return True
        if not self.context_after:
            return False
        after = "_" + fold(text[end : end + reach])
        return any(word in after for word in self.context_after)


class Scanner:
    """All detectors of a dictionary that some field claims."""

    def __init__(self, detectors: Sequence[Detector], fields: Mapping[str, Field]) -> None:
        self.compiled = tuple(
            Compiled(detector, fields[detector.name]) for detector in detectors if detector.name in fields
        )
        groups: dict[tuple[tuple[str, ...], tuple[bytes, ...]], list[Compiled]] = {}
        for compiled in self.compiled:
            detector = compiled.detector
            gate = (
                tuple(needle.lower() for needle in detector.contains),
                tuple(needle.encode() for needle in detector.shapes),
            )
            groups.setdefault(gate, []).append(compiled)
        self._gates = tuple((contains, shapes, tuple(group)) for (contains, shapes), group in groups.items())

    def find(self, text: str) -> list[Hit]:
        """The spans of personal data in `text` as it stands, in order, none overlapping."""
        found: list[Hit] = []
        for compiled in self.opened(text):
            compiled.find(text, found)
        return merged(found) if len(found) > 1 else found

    def opened(self, text: str) -> list[Compiled]:
        """The detectors whose gates are open for `text`."""
        lower = text.lower()
        shaped = text.encode("utf-8", "surrogatepass").translate(SHAPES)
        found: list[Compiled] = []
        for contains, shapes, group in self._gates:
            for needle in contains:
                if needle in lower:
                    break
            else:
                for part in shapes:
                    if part in shaped:
                        break
                else:
                    if contains or shapes:
                        continue
            found += group
        return found


def merged(hits: Iterable[Hit]) -> list[Hit]:
    """Overlapping spans as one, of the strongest field among them."""
    result: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if result and hit.start < result[-1].end:
            held = result[-1]
            field = hit.field if hit.field.strength > held.field.strength else held.field
            result[-1] = Hit(held.start, max(held.end, hit.end), field)
        else:
            result.append(hit)
    return result
