"""The rules, made from an export: what the server's `Rules` answers to the maskers, and no more."""

import re
from collections.abc import Iterable
from typing import Any, Final

from sightline_lambda.privacy.detectors.scanner import Scanner
from sightline_lambda.privacy.entries import Detector, Field, made
from sightline_lambda.privacy.memo import Memo
from sightline_lambda.privacy.names import Names, fold

FORMAT: Final = 1
_MAX_INPUTS: Final = 2048
_MAX_RUN: Final = 64  # characters of a name before a sign


class Rules:
    """One state of the dictionary, compiled as far as its texts ask for."""

    def __init__(self, front: dict[str, Any], export: dict[str, Any]) -> None:
        self.version: str = export["version"]
        self.fields: tuple[Field, ...] = tuple(made(Field, entry) for entry in export["fields"])
        self._by_name = {field.name: field for field in self.fields}
        self._names: Names[Field] = Names(export["names"].get("harmless_endings") or ())
        for name, (_, words, exact, bare) in front["names"].items():
            self._names.restore(self._by_name[name], words.split(), exact.split(), bare.split())
        self._patterns = [(re.compile(pattern), field) for field in self.fields for pattern in field.patterns]
        self._keys = {fold(key): field for field in self.fields for key in field.keys}
        self._parameters = {fold(name): field for field in self.fields for name in field.parameters}
        self._headers = _strongest(self.fields)
        self._headers_allowed = _lower(export["headers"].get("allowed"))
        self._containers = frozenset(map(fold, export["names"].get("containers") or ()))
        url = export["url"]
        self._kept = frozenset(map(fold, [*(url.get("parameters") or ()), *export["unmask_parameters"]]))
        self.owners, self.places = frozenset(url.get("owners") or ()), frozenset(url.get("places") or ())
        self._unmasked = _lower(export["unmask_keys"])
        claimed = {entry["name"]: self._by_name[entry["field"]] for entry in export["detectors"]}
        detectors: list[Detector] = [made(Detector, entry) for entry in export["detectors"]]
        names = [name for some in self._names.in_text() for name in some]
        self.scanner = Scanner(detectors, claimed, names)
        self.any_word_announces = bool(self._patterns)
        self._named: Memo[tuple[str, bool], Field | None] = Memo(_MAX_INPUTS)
        self.memo: Memo[tuple[str, str], Any] = Memo(_MAX_INPUTS)

    def field(self, name: str) -> Field:
        return self._by_name[name]

    def field_of_key(self, key: str, parent: str = "") -> Field | None:
        """What the value under a JSON key is; `parent` is the key of the object that holds it."""
        if self._unmasked and (key.lower() in self._unmasked or f"{parent}.{key}".lower() in self._unmasked):
            return None
        found = self._keys.get(fold(key)) if self._keys else None
        found = found or self._find(key, structured=True)
        if found is None and parent and self.is_container(parent):
            found = self._find(f"{parent}_{key}", structured=False)
        return found

    def field_of_parameter(self, name: str) -> Field | None:
        found = self._parameters.get(fold(name)) if self._parameters else None
        return found or self._find(name, structured=True)

    def field_of_word(self, word: str) -> Field | None:
        return self._find(word, structured=False)

    def field_of_phrase(self, phrase: str) -> Field | None:
        return self._names.whole(phrase)

    def ends_phrase(self, word: str) -> bool:
        return self._names.ends_phrase(word)

    def may_announce(self, run: bytes) -> bool:
        """Whether a run of ASCII before a sign may be a name that counts in running text, or the end of one."""
        if b"[" in run or b"]" in run or len(run) > _MAX_RUN:
            return True
        if run[:1].isdigit():
            return False
        word = run.decode("ascii")
        return self.field_of_word(word) is not None or self.ends_phrase(word)

    def field_of_header(self, name: str) -> Field | None:
        return self._headers.get(name.lower()) or self._find(name, structured=False)

    def header_allowed(self, name: str) -> bool:
        return name.strip().lower() in self._headers_allowed

    def parameter_allowed(self, name: str) -> bool:
        return fold(name) in self._kept

    def is_container(self, key: str) -> bool:
        return fold(key) in self._containers

    def _find(self, name: str, *, structured: bool) -> Field | None:
        key = (name, structured)
        found = self._named.get(key, self)
        if found is self:
            found = self._names.find(name, structured=structured)
            if found is None and self._patterns:
                folded = fold(name)
                found = next((field for pattern, field in self._patterns if pattern.search(folded)), None)
            if len(name) <= 100:
                self._named.put(key, found)
        return found if isinstance(found, Field) else None


def _strongest(fields: Iterable[Field]) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for field in fields:
        for name in field.headers:
            held = found.get(name.lower())
            if held is None or field.strength > held.strength:
                found[name.lower()] = field
    return found


def _lower(names: Iterable[str] | None) -> frozenset[str]:
    return frozenset(name.lower() for name in names or ())
