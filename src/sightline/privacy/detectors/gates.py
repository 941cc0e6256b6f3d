"""Gates: which detectors a text gives reason to run, told by look-ups instead of by patterns.

A text is cut twice. Its *tokens* are the runs of letters, digits, `_`, `.` and `-`: each is judged once (which words,
prefixes and letter shapes it holds) and remembered, since logs and pages repeat their words. Its *clusters* are the
runs of digits with what parts them: what matters is their shape, `0000-0000-0000-0000`, of which there are few. So a
line costs some forty dictionary look-ups, not hundreds of searches.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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


class Gates:
    """The gates of a list of detectors. `opened` answers with a bit per detector, and bit 0 for announced values."""

    def __init__(self, detectors: Sequence[Detector], names: Iterable[str]) -> None:
        self._words = _Words()
        self._contains: list[tuple[str, int]] = []
        self._digits: list[tuple[bytes, int, int]] = []
        self._letters: list[tuple[bytes, int]] = []
        self._colons: list[tuple[int, int]] = []
        self._always = 0
        prefixes: dict[str, int] = {}
        for name in names:
            self._words.add(name, 1)
        self._contains += [(phrase, 1) for phrase in self._words.spaced]
        for index, detector in enumerate(detectors, 1):
            self._add(detector, 1 << index, prefixes)
        self._prefixes = list(prefixes.items())
        self._any_prefix = re.compile(trie(prefixes) or "(?!)").search
        self._told = 1
        self._by_contains = self._by_token = self._by_cluster = 0
        for index, detector in enumerate(detectors, 1):
            self._by_contains |= bool(detector.contains) << index
            self._by_token |= bool(detector.tokens or detector.prefixes or detector.words) << index
            self._by_cluster |= bool(detector.digits) << index
            self._told |= bool(detector.context) << index
        self._by_token |= 1
        # Shapes under the two characters that they begin with: most tokens hold none of these.
        roots = dict.fromkeys(part[:2] for part, _ in self._letters)
        self._by_root = [(root, [pair for pair in self._letters if pair[0][:2] == root]) for root in roots]
        self._hexadecimal = self._words.hexadecimal()
        # Plain dictionaries, emptied when full: a method call per token would cost more than all else here.
        self._judged: dict[bytes, int] = {}
        self._shaped: dict[bytes, int] = {}

    def _add(self, detector: Detector, bit: int, prefixes: dict[str, int]) -> None:
        for phrase in (*detector.words, *detector.context, *detector.context_after):
            self._words.add(phrase, bit)
        for prefix in detector.prefixes:
            prefixes[prefix.lower()] = prefixes.get(prefix.lower(), 0) | bit
        self._contains += [(needle.lower(), bit) for needle in detector.contains]
        self._digits += [(part.encode(), detector.at_least, bit) for part in detector.digits]
        self._letters += [(part.encode(), bit) for part in detector.tokens]
        if detector.colons:
            self._colons.append((detector.colons, bit))
        if not detector.gated:
            self._always |= bit

    def opened(self, text: str, asked: int = -1) -> int:
        """The gates that are open, among those asked for; which of the others are open is not told."""
        lower = text.lower()
        data = text.encode("utf-8", "surrogatepass")
        bits = self._always
        if asked & self._by_contains:
            for needle, opens in self._contains:
                if asked & opens and needle in lower:
                    bits |= opens
        if asked & self._by_token:
            tokens = data.translate(_TOKENS).split()
            for found in set(map(self._judged.get, tokens)):
                bits |= self._judge_new(tokens) if found is None else found
        if asked & self._by_cluster:
            clusters = _CLUSTER.findall(data.translate(_CLUSTERS))
            for found in set(map(self._shaped.get, clusters)):
                bits |= self._cluster_new(clusters) if found is None else found
        return self._settled(text, lower, bits)

    def among(self, text: str, rough: int) -> int:
        """The gates that are open among those that a prefilter names; it has told the words already."""
        told = rough & self._told
        asked = rough & ~told
        return told | (self.opened(text, asked) & asked if asked else 0)

    def _judge_new(self, tokens: list[bytes]) -> int:
        """Judge the tokens that are not known, and remember the short ones within bounds."""
        bits, known = 0, self._judged
        if len(known) > _MEMO:
            known.clear()
        for token in tokens:
            if token not in known:
                found = self._judge(token)
                bits |= found
                if len(token) <= _MEMO_LENGTH:
                    known[token] = found
        return bits

    def _cluster_new(self, clusters: list[bytes]) -> int:
        bits, known = 0, self._shaped
        if len(known) > _MEMO:
            known.clear()
        for cluster in clusters:
            if cluster not in known:
                found = self._cluster(cluster)
                bits |= found
                if len(cluster) <= MAX_CLUSTER:
                    known[cluster] = found
        return bits

    def _settled(self, text: str, lower: str, bits: int) -> int:
        for least, opens in self._colons:
            if lower.count(":") >= least:
                bits |= opens
        if not text.isascii():
            bits |= 1 | self._words_beyond_ascii(text)
        return bits

    def _words_beyond_ascii(self, text: str) -> int:
        """Tokens end at letters beyond ASCII, so words with such are told by their folded form."""
        from sightline.privacy.names import fold  # noqa: PLC0415 - rare

        return self._words.among(fold(text).split("_")) if len(text) < 4096 else -1

    def _judge(self, token: bytes) -> int:
        if not token.strip(_NO_LETTERS):
            return 0
        bits = 0
        if token.strip(_HEXADECIMAL):
            text = token.decode("ascii")
            words = [word for word in _WORD.findall(text) if len(word) > 1]
            if not words and b"_" not in token:
                return 0  # the T and Z of a moment, a unit: no gate asks for single letters
            bits = self._words.among(words)
            lower = text.lower()
            if len(token) >= _SECRET and self._any_prefix(lower) is not None:
                for prefix, opens in self._prefixes:
                    if prefix in lower:
                        bits |= opens
        elif len(token) <= _SHORT and self._hexadecimal:
            bits = self._words.among(_WORD.findall(token.decode("ascii")))
        form = token.translate(_SHAPES)
        for root, parts in self._by_root:
            if root in form:
                for part, opens in parts:
                    if part in form:
                        bits |= opens
        return bits

    def _cluster(self, form: bytes) -> int:
        bits, size = 0, form.count(b"0")
        for part, least, opens in self._digits:
            if size >= least and part in form:
                bits |= opens
        return bits
