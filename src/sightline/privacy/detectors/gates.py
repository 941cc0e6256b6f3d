"""Gates: which detectors a text gives reason to run, told by look-ups instead of by patterns.

A text is cut twice. Its *tokens* are the runs of letters, digits, `_`, `.` and `-`: each is judged once (which words,
prefixes and letter shapes it holds) and remembered, since logs and pages repeat their words. Its *clusters* are the
runs of digits with what parts them: what matters is their shape, `0000-0000-0000-0000`, of which there are few. So a
line costs some forty dictionary look-ups, not hundreds of searches.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sightline.privacy.entries import Detector

_MEMO: Final = 16_384
_MEMO_LENGTH: Final = 48
MAX_CLUSTER: Final = 64
_SHORT: Final = 12  # a longer run of hexadecimal characters is an identifier and holds no words
_SECRET: Final = 12  # no known key is shorter
PREFIX: Final = 4  # letters by which `word*` is known
# How little a word tells, since it stands in many names: of a phrase the most telling word is looked for.
_COMMON: Final = {
    word: rank
    for rank, words in (
        (1, "key number no num address first access card mail home"),
        (2, "last user api date set source group page time code type data from to request client host file connection"),
        (2, "account body sort push old payment"),
        (3, "is of on your my the id name message line app me service"),
    )
    for word in words.split()
}


def _table(kept: bytes, mapped: Mapping[int, int], other: int) -> bytes:
    return bytes(mapped.get(char, char if char in kept else other) for char in range(256))


_DIGITS: Final = {char: ord("0") for char in b"0123456789"}
_LETTERS: Final = {char: ord("A") for char in range(65, 91)} | {char: ord("a") for char in range(97, 123)}
_ALNUM: Final = bytes([*_DIGITS, *_LETTERS])
_TOKENS: Final = _table(_ALNUM + b"_.-", {}, ord(" "))
_SHAPES: Final = bytes((_DIGITS | _LETTERS | {ord(" "): 45, ord("_"): 45}).get(char, char) for char in range(256))
_CLUSTERS: Final = bytes((_DIGITS | {ord(" "): 45, ord("_"): 45}).get(char, char) for char in range(256))
_CLUSTER: Final = re.compile(rb"[0+(][0./()+-]*0")
_WORD: Final = re.compile("[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+")
_NO_LETTERS: Final = b"0123456789._-"
_HEXADECIMAL: Final = b"0123456789abcdefABCDEF-"
_TOKEN_RUN: Final = re.compile("[a-z0-9_.-]+")


def words_of(text: str) -> list[str]:
    """The words of a name or a text, in lower case: `userSSN_2` has two."""
    return [word.lower() for word in _WORD.findall(text)]


def trie(words: Iterable[str]) -> str:
    """A pattern of one branch per letter that matches where one of the words begins."""
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for char in word:
            node = node.setdefault(char, {})
        node[""] = {}
    return _pattern(root)


def _pattern(node: dict[str, Any]) -> str:
    if "" in node:
        return ""  # a word ends here: whatever is longer is found by the same match
    branches = [re.escape(char) + _pattern(below) for char, below in sorted(node.items())]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


class _Words:
    """Which detectors a word gives reason for; bit 0 stands for names that announce a value."""

    def __init__(self) -> None:
        self._exact: dict[str, int] = {}
        self._prefixes: dict[str, list[tuple[str, int]]] = {}
        self._pairs: set[str] = set()
        self.spaced: list[str] = []

    def add(self, phrase: str, bit: int) -> None:
        """Know a phrase by one of its words; `foo*` stands for every word that begins so."""
        begins = phrase.endswith("*")
        words = words_of(phrase)
        if not words:
            return
        key = min(words, key=lambda word: _COMMON.get(word, 0) if len(word) > 1 else 3)
        if bit == 1 and len(words) == 2 and _COMMON.get(key, 0) > 1:
            # `last name`: each word is everywhere, so both are looked for side by side.
            self._pairs.add("".join(words))
            self.spaced.append(" ".join(words))
            return
        if begins and key == words[-1] and len(key) >= PREFIX:
            self._prefixes.setdefault(key[:PREFIX], []).append((key, bit))
        else:
            self._exact[key] = self._exact.get(key, 0) | bit
        if len(words) > 1:
            joined = "".join(words)
            self._exact[joined] = self._exact.get(joined, 0) | bit
            self._prefixes.setdefault(joined[:PREFIX], []).append((joined, bit))

    def telling(self) -> tuple[list[str], list[str]]:
        """The words, and what words begin with, that open some detector's gate."""
        begun = {prefix for some in self._prefixes.values() for prefix, bit in some if bit != 1}
        return sorted(word for word, bit in self._exact.items() if bit != 1), sorted(begun)

    def hexadecimal(self) -> bool:
        """Whether some word could be mistaken for a number: `face`, `decade`."""
        return any(
            not word.strip("abcdef")
            for word in (*self._exact, *(p for some in self._prefixes.values() for p, _ in some))
        )

    def among(self, words: Iterable[str]) -> int:
        found = 0
        before = ""
        for written in words:
            if not written:
                continue
            word = written.lower()
            if word in self._pairs or before + word in self._pairs:
                found |= 1
            before = word
            found |= self._exact.get(word, 0)
            if word[-1] == "s":
                found |= self._exact.get(word[:-1], 0)
            for prefix, bit in self._prefixes.get(word[:PREFIX], ()):
                if word.startswith(prefix):
                    found |= bit
        return found


class _Remembered(dict[bytes, int]):
    """What `judge` says of a run of characters, remembered within bounds.

    Looking up is a dictionary's own look-up, without a call of Python for what is known, which nearly everything is.
    """

    __slots__ = ("_judge", "_longest")

    def __init__(self, judge: Callable[[bytes], int], longest: int) -> None:
        super().__init__()
        self._judge = judge
        self._longest = longest

    def __missing__(self, run: bytes) -> int:
        found = self._judge(run)
        if len(run) <= self._longest:
            if len(self) >= _MEMO:
                self.clear()
            self[run] = found
        return found


class _Needles:
    """What detectors want to stand in the lower-cased text, sought without reading the text once for each.

    A needle that is part of a token is told when the token is judged. Of one that reaches beyond a token the longest
    part is told so, and only then the text is searched; where no part is left, the text is searched always.
    """

    def __init__(self, needles: Iterable[tuple[str, int]], first: int) -> None:
        self.all = list(needles)
        # (what to look for in a token, whether the token begins so, whether it ends so, bits)
        self._parts: list[tuple[str, bool, bool, int]] = []
        self._confirmed: list[tuple[int, str, int]] = []
        self._sought: list[tuple[str, int]] = []
        self._at: list[tuple[str, int]] = []
        flags: dict[str, int] = {}
        for needle, opens in self.all:
            self._place(needle, opens, flags, first)
        self.first = 1 << first
        self.parts = [part for part, *_ in self._parts]

    def _place(self, needle: str, opens: int, flags: dict[str, int], first: int) -> None:
        if not needle.isascii():
            return  # a text in ASCII has none of these, and others are searched for all
        runs = [run for run in _TOKEN_RUN.finditer(needle) if len(run[0]) > 1 and run[0].strip("0123456789abcdef._-")]
        if not runs:
            (self._at if "@" in needle else self._sought).append((needle, opens))
            return
        run = max(runs, key=lambda run: len(run[0]))
        begins, ends = run.start() > 0, run.end() < len(needle)
        if begins or ends:
            flag = flags.setdefault(needle, 1 << first + len(flags))
            self._confirmed.append((flag, needle, opens))
            opens = flag
        self._parts.append((run[0], begins, ends, opens))

    def telling(self) -> tuple[list[str], list[str]]:
        """What opens some detector's gate: within a token, and what is sought in the whole text."""
        within = {part for part, begins, ends, opens in self._parts if opens != 1 and not begins and not ends}
        text = {needle for _, needle, opens in self._confirmed if opens != 1}
        return sorted(within), sorted(text | {needle for needle, _ in self._sought + self._at})

    def in_token(self, lower: str) -> int:
        """The bits that a token opens, and flags of the needles of which it may be a part."""
        found = 0
        for part, begins, ends, opens in self._parts:
            if part not in lower or (begins and not lower.startswith(part)) or (ends and not lower.endswith(part)):
                continue
            found |= opens
        return found

    def confirmed(self, lower: str, flags: int) -> int:
        found = 0
        for flag, needle, opens in self._confirmed:
            if flags & flag and needle in lower:
                found |= opens
        return found

    def beyond_tokens(self, lower: str) -> int:
        """The bits of the needles that no token tells, for a text in ASCII."""
        found = 0
        for needle, opens in self._sought:
            if needle in lower:
                found |= opens
        if "@" in lower:
            for needle, opens in self._at:
                if needle in lower:
                    found |= opens
        return found


class Gates:
    """The gates of a list of detectors. `opened` answers with a bit per detector, and bit 0 for announced values."""

    def __init__(self, detectors: Sequence[Detector], names: Iterable[str]) -> None:
        self._words = _Words()
        self._digits: list[tuple[bytes, int, int]] = []
        self._letters: list[tuple[bytes, int]] = []
        self._colons: list[tuple[int, int]] = []
        self._always = 0
        prefixes: dict[str, int] = {}
        for name in names:
            self._words.add(name, 1)
        needles = [(phrase, 1) for phrase in self._words.spaced]
        for index, detector in enumerate(detectors, 1):
            self._add(detector, 1 << index, prefixes)
            needles += [(needle.lower(), 1 << index) for needle in detector.contains]
        self._needles = _Needles(needles, len(detectors) + 1)
        self._prefixes = list(prefixes.items())
        self._any_part = re.compile(trie([*prefixes, *self._needles.parts]) or "(?!)").search
        self._by_token = self._by_cluster = self._implied = 0
        for index, detector in enumerate(detectors, 1):
            self._implied |= detector.implied << index
            self._by_token |= bool(detector.gates - {"digits", "colons"}) << index
            self._by_cluster |= bool(detector.digits) << index
        self._by_token |= 1
        # Shapes under the two characters that they begin with: most tokens hold none of these.
        roots = dict.fromkeys(part[:2] for part, _ in self._letters)
        self._by_root = [(root, [pair for pair in self._letters if pair[0][:2] == root]) for root in roots]
        self._hexadecimal = self._words.hexadecimal()
        self._judged = _Remembered(self._judge, _MEMO_LENGTH)
        self._shaped = _Remembered(self._cluster, MAX_CLUSTER)

    def _add(self, detector: Detector, bit: int, prefixes: dict[str, int]) -> None:
        for phrase in (*detector.words, *detector.context, *detector.context_after):
            self._words.add(phrase, bit)
        for prefix in detector.prefixes:
            prefixes[prefix.lower()] = prefixes.get(prefix.lower(), 0) | bit
        self._digits += [(part.encode(), detector.at_least, bit) for part in detector.digits]
        self._letters += [(part.encode(), bit) for part in detector.tokens]
        if detector.colons:
            self._colons.append((detector.colons, bit))
        if not detector.gates:
            self._always |= bit

    def outline(self) -> dict[str, Any]:
        """What suffices to tell of most texts that no gate opens, without compiling anything: the export's `front`."""
        words, begun = self._words.telling()
        parts, needles = self._needles.telling()
        digits: dict[str, int] = {}
        for part, least, _ in self._digits:
            digits[part.decode()] = min(least, digits.get(part.decode(), least))
        return {
            "always": bool(self._always),
            "words": words,
            "begun": begun,
            "parts": parts,
            "secrets": sorted(prefix for prefix, _ in self._prefixes),
            "digits": sorted(digits.items()),
            "shapes": sorted({part.decode() for part, _ in self._letters}),
            "colons": min((least for least, _ in self._colons), default=0),
            "needles": needles,
        }

    def opened(self, text: str, asked: int = -1) -> int:
        """The gates that are open, among those asked for; which of the others are open is not told."""
        data = text.encode("utf-8", "surrogatepass")
        bits = self._always
        if asked & self._by_token:
            for found in set(map(self._judged.__getitem__, data.translate(_TOKENS).split())):
                bits |= found
            bits = self._needled(text, bits)
        if asked & self._by_cluster:
            for found in set(map(self._shaped.__getitem__, _CLUSTER.findall(data.translate(_CLUSTERS)))):
                bits |= found
        for least, opens in self._colons:
            if text.count(":") >= least:
                bits |= opens
        return bits

    def _needled(self, text: str, bits: int) -> int:
        """With the gates of what stands in the text, tokens or not, and without the flags of the tokens."""
        needles, lower = self._needles, text.lower()
        if not text.isascii():
            for needle, opens in needles.all:
                if needle in lower:
                    bits |= opens
            bits |= 1 | self._words_beyond_ascii(text)
            return bits & needles.first - 1
        if bits >= needles.first:
            bits = bits & needles.first - 1 | needles.confirmed(lower, bits)
        return bits | needles.beyond_tokens(lower)

    def among(self, text: str, rough: int) -> int:
        """The gates that are open among those that a prefilter names; whether a name announces something it tells."""
        asked = rough & ~1 & ~self._implied
        return rough & (self._implied | 1) | (self.opened(text, asked) & asked if asked else 0)

    def _words_beyond_ascii(self, text: str) -> int:
        """Tokens end at letters beyond ASCII, so words with such are told by their folded form."""
        from sightline.privacy.names import fold  # noqa: PLC0415 - rare

        return self._words.among(fold(text).split("_")) if len(text) < 4096 else self._needles.first - 1

    def _judge(self, token: bytes) -> int:
        if not token.strip(_NO_LETTERS):
            return 0
        bits = 0
        if token.strip(_HEXADECIMAL):
            text = token.decode("ascii")
            words = [word for word in _WORD.findall(text) if len(word) > 1]
            bits = self._parts_of(text.lower())
            if not words and b"_" not in token:
                return bits  # the T and Z of a moment, a unit: no gate asks for single letters
            bits |= self._words.among(words)
        elif len(token) <= _SHORT and self._hexadecimal:
            bits = self._words.among(_WORD.findall(token.decode("ascii")))
        form = token.translate(_SHAPES)
        for root, parts in self._by_root:
            if root in form:
                for part, opens in parts:
                    if part in form:
                        bits |= opens
        return bits

    def _parts_of(self, lower: str) -> int:
        """What the needles and the prefixes within a token open, seldom any."""
        if self._any_part(lower) is None:
            return 0
        bits = self._needles.in_token(lower)
        if len(lower) >= _SECRET:
            for prefix, opens in self._prefixes:
                if prefix in lower:
                    bits |= opens
        return bits

    def _cluster(self, form: bytes) -> int:
        bits, size = 0, form.count(b"0")
        for part, least, opens in self._digits:
            if size >= least and part in form:
                bits |= opens
        return bits
