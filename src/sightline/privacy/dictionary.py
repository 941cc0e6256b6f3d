"""The dictionary: what is personal, where it is met, how it is masked; read, checked, compiled, compared.

`default()` is what ships. `load(text, base)` lays a site's file over a base, which it may only tighten. The result is
immutable; its `version` is the hash of its canonical text, from which `restore` makes the same rules again.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from sightline.privacy import subset
from sightline.privacy.detectors.checks import CHECKS, FITS
from sightline.privacy.detectors.scanner import Scanner
from sightline.privacy.entries import FORMAT, Detector, DictionaryError, Document, Field, Lines, Unmask, read
from sightline.privacy.memo import Memo
from sightline.privacy.names import Names, fold
from sightline.privacy.tighten import tightened

__all__ = [
    "Detector",
    "DictionaryError",
    "Field",
    "Rules",
    "Unmask",
    "default",
    "diff",
    "load",
    "restore",
]

VERSION_LENGTH: Final = 16
_MAX_INPUTS: Final = 4096
MAX_RUN: Final = 64  # characters of a name before a sign; see `detectors/pairs.py`


class Rules:
    """One state of the dictionary, compiled. Immutable: what is remembered inside only saves time."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.canonical = msgspec.json.encode(_canonical(document)).decode()
        self.version = hashlib.sha256(self.canonical.encode()).hexdigest()[:VERSION_LENGTH]
        self.fields: tuple[Field, ...] = document.field
        self.unmask: tuple[Unmask, ...] = document.unmask
        self._by_name = {field.name: field for field in document.field}
        self._names = _names(document)
        self._patterns = [(re.compile(pattern), field) for field in document.field for pattern in field.patterns]
        self._types = _table(document.field, "input_types")
        self._autocomplete = _table(document.field, "autocomplete")
        self._parameters = {fold(name): field for field in document.field for name in field.parameters}
        self._keys = {fold(name): field for field in document.field for name in field.keys}
        self._headers = _table(document.field, "headers")
        self._headers_allowed = frozenset(name.lower() for name in document.headers.allowed or ())
        self._parameters_kept = frozenset(map(fold, document.url.parameters or ()))
        self._containers = frozenset(map(fold, document.names.containers or ()))
        self.owners = frozenset(document.url.owners or ())
        self.places = frozenset(document.url.places or ())
        self._unmasked_parameters = frozenset(fold(entry.parameter) for entry in self.unmask if entry.parameter)
        self._unmasked_keys = frozenset(entry.key.lower() for entry in self.unmask if entry.key)
        claimed = {name: field for field in self.fields for name in field.detectors}
        self.scanner = Scanner(document.detector, claimed, [name for names in self.names_in_text() for name in names])
        # A site's own patterns for names may match any word, so no gate can stand before them.
        self.any_word_announces = bool(self._patterns)
        self._inputs: Memo[tuple[str, ...], Field | None] = Memo(_MAX_INPUTS)
        self._named: Memo[tuple[str, bool], Field | None] = Memo(_MAX_INPUTS)
        self._announcing: Memo[bytes, bool] = Memo(_MAX_INPUTS)
        self.memo: Memo[tuple[str, str], Any] = Memo(_MAX_INPUTS)

    def __repr__(self) -> str:
        return f"Rules({self.document.name!r}, version={self.version!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rules) and other.canonical == self.canonical

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __reduce__(self) -> tuple[Any, ...]:
        return restore, (self.canonical,)

    def field(self, name: str) -> Field:
        """Return the field of that name; LookupError if there is none."""
        return self._by_name[name]

    def field_of_input(
        self,
        type: str = "",  # noqa: A002 - the attribute's name in HTML
        autocomplete: str = "",
        name: str = "",
        id: str = "",  # noqa: A002 - the attribute's name in HTML
        label: str = "",
    ) -> Field | None:
        """What a form field asks for, the strongest of what its attributes say."""
        key = (type, autocomplete, name, id, label)
        found = self._inputs.get(key, self)
        if found is self:
            found = self._inputs.put(key, self._input(*key))
        return found if isinstance(found, Field) else None

    def _input(self, type_: str, autocomplete: str, name: str, id_: str, label: str) -> Field | None:
        found: list[Field | None] = [self._types.get(type_.strip().lower())]
        # `section-a billing cc-number webauthn` is a list; the field is one of its words.
        found += [self._autocomplete.get(word) for word in autocomplete.lower().split()[:8]]
        found += [self._named_field(text, structured=True) for text in (name, id_, label) if text]
        return max((field for field in found if field), key=lambda field: field.strength, default=None)

    def field_of_key(self, key: str, parent: str = "") -> Field | None:
        """What the value under a JSON key is; `parent` is the key of the object that holds it."""
        if self._unmasked_keys and (
            key.lower() in self._unmasked_keys or f"{parent}.{key}".lower() in self._unmasked_keys
        ):
            return None
        found = self._keys.get(fold(key)) if self._keys else None
        found = found or self._named_field(key, structured=True)
        if found is None and parent:
            found = self._named_field(f"{parent}_{key}", structured=False) if self.is_container(parent) else None
        return found

    def field_of_parameter(self, name: str) -> Field | None:
        """What a URL parameter carries."""
        found = self._parameters.get(fold(name)) if self._parameters else None
        return found or self._named_field(name, structured=True)

    def field_of_word(self, word: str) -> Field | None:
        """What `word=` or `word:` announces in running text; fewer names count there than in data."""
        return self._named_field(word, structured=False)

    def names_in_text(self) -> tuple[list[str], list[str]]:
        """The names that announce a value in running text: words within a name, and whole names."""
        return self._names.in_text()

    def names(self) -> list[tuple[Field, list[str], list[str], list[str]]]:
        """Every field with its words, whole names and bare names, folded; who comes first has kept a name."""
        return self._names.tables()

    def field_of_phrase(self, phrase: str) -> Field | None:
        """What several words stand for together, as before a colon; nothing else may stand around them."""
        return self._names.whole(phrase)

    def ends_phrase(self, word: str) -> bool:
        """Whether some name of several words ends in this one."""
        return self._names.ends_phrase(word)

    def may_announce(self, run: bytes) -> bool:
        """Whether a run of ASCII before a sign may be a name that counts in running text, or the end of one."""
        known = self._announcing.get(run, None)
        if known is not None:
            return known
        if b"[" in run or b"]" in run:
            return True  # the name may begin behind it
        if run[:1].isdigit():
            return False
        word = run.decode("ascii")
        found = len(word) > MAX_RUN or self.field_of_word(word) is not None or self.ends_phrase(word)
        return self._announcing.put(run, found) if len(word) <= MAX_RUN else found

    def field_of_header(self, name: str) -> Field | None:
        return self._headers.get(name.lower()) or self._named_field(name, structured=False)

    def header_allowed(self, name: str) -> bool:
        return name.strip().lower() in self._headers_allowed

    def parameter_allowed(self, name: str) -> bool:
        """Whether the value of a URL parameter stays readable, as far as no detector objects."""
        folded = fold(name)
        return folded in self._parameters_kept or folded in self._unmasked_parameters

    def is_container(self, key: str) -> bool:
        """Whether an object under this key merely holds other data, each piece of which is judged by itself."""
        return fold(key) in self._containers

    def _named_field(self, name: str, *, structured: bool) -> Field | None:
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


def load(text: str, base: Rules | None = None) -> Rules:
    """Read a dictionary; with `base`, one that tightens it. Anything wrong or looser is raised with its line."""
    document, lines = read(text)
    check(document, lines, base)
    if base is not None:
        document = tightened(base.document, document, lines)
    rules = Rules(document)
    _check_unmask(rules, document.unmask[len(base.unmask) if base else 0 :], lines)
    return rules


@cache
def default() -> Rules:
    """The dictionary that ships."""
    return load(default_text())


def default_text() -> str:
    return resources.files("sightline.privacy").joinpath("default.toml").read_text("utf-8")


def restore(canonical: str) -> Rules:
    """The rules whose canonical text this is; what was activated once stays readable whatever ships later."""
    return Rules(msgspec.json.decode(canonical, type=Document))


def check(document: Document, lines: Lines, base: Rules | None) -> None:
    """Raise what is wrong within one file: numbers, patterns, unknown detectors and checks."""
    numbers: dict[int, str] = {}
    names: set[str] = set()
    known = {detector.name for detector in document.detector} | (
        {detector.name for detector in base.document.detector} if base else set()
    )
    for index, field in enumerate(document.field):
        where = lines.at("field", index)
        if not 0 < field.number < 2**16:
            raise DictionaryError(f"{where}: field {field.name!r}: number {field.number} is not within 1 to 65535")
        if field.number in numbers or field.name in names:
            raise DictionaryError(f"{where}: field {field.number} {field.name!r} stands there twice")
        if not re.fullmatch("[a-z][a-z0-9_]{0,31}", field.name):
            raise DictionaryError(
                f"{where}: field name {field.name!r} is not a lower-case name of at most 32 characters"
            )
        numbers[field.number] = field.name
        names.add(field.name)
        for pattern in field.patterns:
            _check_pattern(pattern, lines.at("field", index, "patterns"), f"field {field.name!r}")
        for name in field.detectors:
            if name not in known:
                raise DictionaryError(
                    f"{lines.at('field', index, 'detectors')}: field {field.name!r} names no known detector: {name!r}"
                )
    for index, detector in enumerate(document.detector):
        _check_detector(detector, index, lines)


def _check_detector(detector: Detector, index: int, lines: Lines) -> None:
    where, what = lines.at("detector", index, "pattern"), f"detector {detector.name!r}"
    _check_pattern(detector.pattern, where, what)
    if detector.sieve:
        _check_pattern(detector.sieve, lines.at("detector", index, "sieve"), what)
    if detector.group > re.compile(detector.pattern).groups:
        raise DictionaryError(f"{where}: {what}: the pattern has no group {detector.group}")
    for part in ("before", "after", "left"):
        if getattr(detector, part):
            _check_pattern(f"[{getattr(detector, part)}]", lines.at("detector", index, part), what)
    if detector.fit and detector.fit not in FITS:
        raise DictionaryError(
            f"{lines.at('detector', index, 'fit')}: {what}: no fit is named {detector.fit!r}; known: {', '.join(FITS)}"
        )
    for name in detector.checks:
        if name not in CHECKS:
            raise DictionaryError(
                f"{lines.at('detector', index, 'checks')}: {what}: no check is named {name!r}",
                hint=f"Known are {', '.join(sorted(CHECKS))}.",
            )


def _check_pattern(pattern: str, where: str, what: str) -> None:
    reason = subset.problem(pattern)
    if reason is not None:
        raise DictionaryError(f"{where}: {what}: pattern {pattern!r}: {reason}")


_ATTRIBUTE: Final = re.compile(r"""\[\s*([a-z-]+)\s*[~^$*|]?=\s*["']?([^"'\]]+)|[#.]([A-Za-z_][\w-]*)""")


def _check_unmask(rules: Rules, entries: Sequence[Unmask], lines: Lines) -> None:
    """Refuse an entry that aims at what can never be unmasked; the maskers refuse such data a second time."""
    first = len(rules.unmask) - len(entries)
    for index, entry in enumerate(entries):
        where = f"{lines.at('unmask', index)}: unmask entry {index + 1}"
        if not entry.what:
            raise DictionaryError(
                f"{where} names no selector, page, key or parameter (entry {first + index + 1} of all)"
            )
        for field in _aimed_at(rules, entry):
            if field.never_unmask:
                raise DictionaryError(
                    f"{where} ({entry.what}) aims at {field.name!r}, which can never be unmasked",
                    hint="Passwords, cards, one-time codes and social security numbers stay masked.",
                )


def _aimed_at(rules: Rules, entry: Unmask) -> Iterable[Field]:
    found: list[Field | None] = []
    if entry.key:
        *_, last = entry.key.split(".")
        found.append(rules._named_field(last, structured=True))  # noqa: SLF001 - its own module
        found.append(rules._named_field(entry.key, structured=False))  # noqa: SLF001 - its own module
    if entry.parameter:
        found.append(rules.field_of_parameter(entry.parameter))
    for attribute, value, token in _ATTRIBUTE.findall(entry.selector):
        if token:
            found.append(rules.field_of_input(id=token))
        elif attribute in {"type", "autocomplete", "name", "id"}:
            found.append(rules.field_of_input(**{attribute: value}))
        else:
            found.append(rules.field_of_input(label=value))
    return [field for field in found if field is not None]


def diff(a: Rules, b: Rules) -> list[dict[str, object]]:
    """What `b` has that `a` has not, and the other way round, one row per change."""
    before, after = _flat(a), _flat(b)
    rows: list[dict[str, object]] = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        if isinstance(old, list | tuple) and isinstance(new, list | tuple):
            row: dict[str, object] = {"entry": path, "removed": [x for x in old if x not in new]}
            rows.append(row | {"added": [x for x in new if x not in old]})
        else:
            rows.append({"entry": path, "removed": old, "added": new})
    return rows


def _flat(rules: Rules) -> dict[str, object]:
    document = msgspec.to_builtins(rules.document)
    found: dict[str, object] = {}
    for table, content in document.items():
        if table in {"field", "detector"}:
            for entry in content:
                found.update(
                    {
                        f"{table} {entry['name']}: {key}": value
                        for key, value in entry.items()
                        if key != "name" and value
                    }
                )
        elif table == "unmask":
            for entry in rules.unmask:
                found[f"unmask {entry.what}"] = f"{entry.reason} (signed by {entry.signed_by}, {entry.date})"
        elif isinstance(content, Mapping):
            found.update({f"{table}.{key}": value for key, value in content.items()})
        else:
            found[table] = content
    return found


def _canonical(document: Document) -> object:
    return _sorted(msgspec.to_builtins(document))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def _table(fields: Iterable[Field], attribute: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for field in fields:
        for name in getattr(field, attribute):
            held = found.get(name.lower())
            if held is None or field.strength > held.strength:
                found[name.lower()] = field
    return found


def _names(document: Document) -> Names[Field]:
    names: Names[Field] = Names(document.names.harmless_endings or ())
    # The strongest first: who comes first keeps a name.
    for field in sorted(document.field, key=lambda field: field.strength, reverse=True):
        names.add(field, words=field.words, exact=field.exact, bare=field.bare)
    return names


assert FORMAT == 1, "restore() reads the canonical texts of every format that was ever activated"
