"""The reference scanner: plain `re`, run only where the shape of a text gives a detector reason to look.

The gates (`gates.py`) are part of a detector's definition, so they decide the result and not only its speed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sightline.privacy.detectors.checks import CHECKS, FITS, Check, Fit
from sightline.privacy.detectors.gates import Gates, trie
from sightline.privacy.entries import Detector, Field
from sightline.privacy.memo import Memo
from sightline.privacy.names import fold

# No pattern that asks for context needs more characters than this to begin to match.
_SHORT: Final = 64
_MAX_COMBINATIONS: Final = 4096
MAX_LEFT: Final = 64  # RFC 5321: the longest local part


class Hit(NamedTuple):
    """A span of personal data."""

    start: int
    end: int
    field: Field


_ALPHABETS: Final = "".join(map(chr, range(0x2100)))


def _members(klass: str) -> frozenset[str]:
    """The characters of a class, as far as the alphabets reach that dictionaries use."""
    return frozenset(re.findall(f"[{klass}]", _ALPHABETS)) if klass else frozenset()


class Compiled:
    """A detector, ready to run."""

    __slots__ = (
        "after",
        "before",
        "checks",
        "context",
        "context_after",
        "detector",
        "field",
        "fit",
        "group",
        "left",
        "near",
        "rescan",
        "search",
    )

    def __init__(self, detector: Detector, field: Field) -> None:
        self.detector = detector
        self.field = field
        self.search = re.compile(detector.pattern, re.IGNORECASE if detector.fold_case else 0).search
        self.before = _members(detector.before)
        self.after = _members(detector.after)
        self.left = _members(detector.left)
        self.checks: tuple[Check, ...] = tuple(CHECKS[name] for name in detector.checks)
        self.fit: Fit | None = FITS[detector.fit] if detector.fit else None
        self.group, self.rescan = detector.group, detector.rescan
        self.context = tuple(map(_sought, detector.context))
        self.context_after = tuple(map(_sought, detector.context_after))
        words = [*detector.context, *detector.context_after]
        self.near = re.compile(near_pattern(words)).search if words else None

    def find(self, text: str, found: list[Hit]) -> None:
        """Append the spans of this detector in `text`."""
        if self.near is None:
            self.go_on(self.search(text), text, len(text), found)
            return
        # Only what stands near a word of the context can count.
        reach, done, lower = self.detector.reach, 0, _lower(text)
        word = self.near(lower)
        while word is not None:
            start = max(done, word.start() - (reach + MAX_LEFT if self.context_after else 0))
            last = word.end() + reach
            done = self._within(text, start, last, found)
            word = self.near(lower, max(done, word.end()))

    def _within(self, text: str, start: int, last: int, found: list[Hit]) -> int:
        """Append the spans that begin between `start` and `last`; return where the search stopped."""
        return self.go_on(self._next(text, start, last), text, last, found, start)

    def go_on(self, match: re.Match[str] | None, text: str, last: int, found: list[Hit], at: int = 0) -> int:
        """Append the spans from a first match on; return where the search stopped."""
        group, rescan = self.group, self.rescan
        while match is not None and match.start() <= last:
            start, end = match.span(group)
            if self.left:
                start = self._extended(text, start)
            if self.fit is not None:
                end = self.fit(text, start, end)
            if start < end and self._holds(text, start, end):
                found.append(Hit(start, end, self.field))
                at = max(end, match.start() + 1)
            else:
                at = match.start() + 1 if rescan else max(match.end(), match.start() + 1)
            # Without a context there is no place to stop at.
            match = self.search(text, at) if self.near is None else self._next(text, at, last)
        return at

    def _next(self, text: str, at: int, last: int) -> re.Match[str] | None:
        """The next match that begins by `last`; what lies further on is not read."""
        end = last + _SHORT
        match = self.search(text, at, end)
        # A match that touches the end of what was read may go on.
        return self.search(text, match.start()) if match is not None and match.end() >= end else match

    def _extended(self, text: str, start: int) -> int:
        lowest, left, begin = max(0, start - MAX_LEFT), self.left, start
        while begin > lowest and text[begin - 1] in left:
            begin -= 1
        while begin < start and text[begin] in ".-'":
            begin += 1
        return begin if begin < start or self.detector.left_optional else len(text)

    def _holds(self, text: str, start: int, end: int) -> bool:
        if self.before and start and text[start - 1] in self.before:
            return False
        if self.after and end < len(text) and text[end] in self.after:
            return False
        if self.context and not self._announced(text, start, end):
            return False
        for check in self.checks:  # noqa: SIM110 - all() over a generator costs twice as much, and this runs per match
            if not check(text, start, end):
                return False
        return True

    def _announced(self, text: str, start: int, end: int) -> bool:
        reach = self.detector.reach
        before = f"_{fold(text[max(0, start - reach) : start])}_"
        if any(word in before for word in self.context):
            return True
        if not self.context_after:
            return False
        after = f"_{fold(text[end : end + reach])}_"
        return any(word in after for word in self.context_after)


_ASCII_LOWER: Final = {char: char + 32 for char in range(65, 91)}


def _lower(text: str) -> str:
    """Lower case, every character where it stood: some letters beyond ASCII become two."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_ASCII_LOWER)


def near_stems(words: Iterable[str]) -> list[str]:
    """What the words of a context begin with, folded; only the first of those of which one begins like another."""
    stems: list[str] = []
    for stem in sorted({fold(word) if "_" in fold(word) else fold(word)[:6] for word in words}):
        if not stems or not stem.startswith(stems[-1]):
            stems.append(stem)
    return stems


def near_pattern(words: Iterable[str]) -> str:
    """A pattern for the words of a context, lower-cased: `date_of_birth` is also `dateofbirth` and `date of birth`."""
    return trie(stem.replace("_", "\0") for stem in near_stems(words)).replace(re.escape("\0"), "[^A-Za-z0-9]{0,8}")


def _sought(word: str) -> str:
    """How a word of the context is sought in folded text: `word*` begins with it, `word` is it."""
    return f"_{fold(word)}" if word.endswith("*") else f"_{fold(word)}_"


class Scanner:
    """All detectors of a dictionary that some field claims; `names` are those by which text announces a value."""

    def __init__(self, detectors: Sequence[Detector], fields: Mapping[str, Field], names: Iterable[str] = ()) -> None:
        claimed = [detector for detector in detectors if detector.name in fields]
        self._claimed = [(detector, fields[detector.name]) for detector in claimed]
        # Made when its gate first opens: a short-lived process meets few of them.
        self._ready: dict[int, Compiled] = {}
        self.gates = Gates(claimed, names)
        # An accelerator's answer to which detectors may find something: a superset, see `accelerated.py`.
        self.prefilter: Callable[[str], int] | None = None
        self._by_bits: Memo[int, tuple[Compiled, ...]] = Memo(_MAX_COMBINATIONS)

    @property
    def compiled(self) -> tuple[Compiled, ...]:
        """All of them, in the order of the dictionary."""
        return tuple(map(self._at, range(len(self._claimed))))

    def _at(self, index: int) -> Compiled:
        found = self._ready.get(index)
        if found is None:
            found = self._ready[index] = Compiled(*self._claimed[index])
        return found

    def find(self, text: str) -> list[Hit]:
        """The spans of personal data in `text` as it stands, in order, none overlapping."""
        found = self.scan(text)[0]
        return merged(found) if len(found) > 1 else found

    def scan(self, text: str) -> tuple[list[Hit], bool]:
        """The spans, unmerged, and whether some word stands there that may announce a value."""
        found: list[Hit] = []
        if self.prefilter is not None and text.isascii():
            bits = self.gates.among(text, self.prefilter(text))
        else:
            bits = self.gates.opened(text)
        if bits > 1:
            for compiled in self.of(bits):
                if compiled.near is not None:
                    compiled.find(text, found)
                elif (match := compiled.search(text)) is not None:
                    # Most texts that a detector is asked about hold nothing, which this search alone tells.
                    compiled.go_on(match, text, len(text), found)
        return found, bits & 1 == 1

    def of(self, bits: int) -> tuple[Compiled, ...]:
        """The detectors whose gates are open."""
        known = self._by_bits.get(bits, None)
        if known is not None:
            return known
        opened = tuple(self._at(index) for index in range(len(self._claimed)) if bits >> index + 1 & 1)
        return self._by_bits.put(bits, opened)


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
