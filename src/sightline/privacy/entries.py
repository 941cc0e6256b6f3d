"""The entries of a dictionary, as typed values, and the reader of its TOML, which says where something is wrong."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from sightline.errors import CallerError

FORMAT: Final = 1
STAR: Final = "********"  # every mask of tiers 2 and 3, whatever the length of what it hides
SITE_NUMBERS: Final = 1000  # a site's own fields start here
MAX_TEXT: Final = 1_000_000

Style = Literal["star", "email", "phone", "initial", "card", "last4"]


class DictionaryError(CallerError):
    """The dictionary cannot be used as it stands."""

    code = "dictionary"
    status = 422


class Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The base of all entries: an unknown name is refused, since a typing error must not leave something unmasked."""


class Field(Entry, frozen=True, kw_only=True):
    """A field of personal data: where it is met and how it is kept. The number is permanent."""

    number: int
    name: str
    tier: Literal[1, 2, 3]
    title: str = ""
    style: Style = "star"
    never_unmask: bool = False
    input_types: tuple[str, ...] = ()
    autocomplete: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """What stands in running text in place of a value."""
        return f"[{self.name}]"

    @property
    def strength(self) -> tuple[bool, int]:
        """Of two fields that claim one value the stronger decides."""
        return self.never_unmask, self.tier


class Detector(Entry, frozen=True, kw_only=True):
    """A shape that is recognised in text. All parts are portable: the browser and the Lambda library run them too.

    It runs only where one of its gates is open: one of `contains` stands in the lower-cased text, one of `digits`
    in the shape of a run of digits (digits as 0, blanks and underscores as -) of `at_least` digits, one of `tokens`
    in the shape of a run of letters and digits (capitals as A, others as a), one of `prefixes` in such a run, one
    of `words` or of the context among the words, or `colons` colons; without gates it always runs.

    A match counts if no character of `before` precedes it, none of `after` follows, all `checks` hold, and, where
    `context` is given, one of these words stands within `reach` characters before it (`word*`: any word that begins
    so) or, for `context_after`, behind it. `group` is the part that is masked; `left` extends it to the left over
    these characters, by one at least unless `left_optional`; `fit` names a function that finds where it really
    ends. After a match that does not count the search goes on behind it, with `rescan` one character on.

    `sieve` is a simpler pattern that finds something wherever the detector does, for accelerators; without it they
    take the pattern itself. `implied` says that every match opens a gate by itself, so that where an accelerator has
    seen the pattern nobody needs to look at the gates.
    """

    name: str
    pattern: str
    sieve: str = ""
    implied: bool = False
    fold_case: bool = False
    contains: tuple[str, ...] = ()
    digits: tuple[str, ...] = ()
    at_least: int = 0
    tokens: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    colons: int = 0
    before: str = ""
    after: str = ""
    left: str = ""
    left_optional: bool = False
    checks: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    context_after: tuple[str, ...] = ()
    reach: int = 40
    group: int = 0
    fit: str = ""
    rescan: bool = False

    @property
    def gates(self) -> frozenset[str]:
        """Which kinds of gates it has; without any it always runs."""
        kinds = ("contains", "digits", "tokens", "prefixes", "words", "context", "colons")
        return frozenset(kind for kind in kinds if getattr(self, kind))


class Unmask(Entry, frozen=True, kw_only=True):
    """Something that may be seen, because an administrator signed that it is not personal."""

    reason: str
    signed_by: str
    date: str
    selector: str = ""
    page: str = ""
    key: str = ""
    parameter: str = ""

    @property
    def what(self) -> str:
        parts = [(kind, getattr(self, kind)) for kind in ("selector", "page", "key", "parameter")]
        return ", ".join(f"{kind} {value!r}" for kind, value in parts if value)


class NameRules(Entry, frozen=True, kw_only=True):
    """How names are read."""

    harmless_endings: tuple[str, ...] | None = None
    containers: tuple[str, ...] | None = None


class UrlRules(Entry, frozen=True, kw_only=True):
    """What stays of a URL."""

    parameters: tuple[str, ...] | None = None
    owners: tuple[str, ...] | None = None
    places: tuple[str, ...] | None = None


class HeaderRules(Entry, frozen=True, kw_only=True):
    """What stays of headers."""

    allowed: tuple[str, ...] | None = None


class RecordingRules(Entry, frozen=True, kw_only=True):
    """Selectors that a recording blocks (leaves out) or masks, besides those of the fields."""

    blocked: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()


class Document(Entry, frozen=True, kw_only=True):
    """A dictionary file."""

    dictionary: int
    name: str
    names: NameRules = NameRules()
    url: UrlRules = UrlRules()
    headers: HeaderRules = HeaderRules()
    recording: RecordingRules = RecordingRules()
    field: tuple[Field, ...] = ()
    detector: tuple[Detector, ...] = ()
    unmask: tuple[Unmask, ...] = ()


S = TypeVar("S")


class Lines:
    """Where in a TOML text an entry stands; tomllib does not tell."""

    _HEADER = re.compile(r"\s*\[(\[?)\s*([A-Za-z_]+)\s*\]")
    _KEY = re.compile(r"\s*\"?([A-Za-z_]+)\"?\s*=")

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, int, str], int] = {}
        table, index, seen = "", 0, dict[str, int]()
        for number, line in enumerate(text.splitlines(), 1):
            if header := self._HEADER.match(line):
                table = header[2]
                index = seen.get(table, -1) + 1
                seen[table] = index
                self._found[table, index, ""] = number
            elif key := self._KEY.match(line):
                self._found.setdefault((table, index, key[1]), number)

    def of(self, table: str, index: int = 0, key: str = "") -> int:
        return self._found.get((table, index, key)) or self._found.get((table, index, "")) or 1

    def states(self, table: str, index: int, key: str) -> bool:
        """Whether an entry says anything about `key`, or leaves it to the default."""
        return (table, index, key) in self._found

    def at(self, table: str, index: int = 0, key: str = "") -> str:
        return f"line {self.of(table, index, key)}"


def read(text: str) -> tuple[Document, Lines]:
    """Parse a dictionary strictly; the first thing wrong is raised with its line."""
    if len(text) > MAX_TEXT:
        raise DictionaryError(f"a dictionary has at most {MAX_TEXT} characters, this one {len(text)}")
    lines = Lines(text)
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise DictionaryError(f"not TOML: {exc}", hint="Correct the TOML.") from exc
    for index, entry in enumerate(raw.get("unmask", []) if isinstance(raw.get("unmask"), list) else []):
        if isinstance(entry, dict) and "date" in entry:
            entry["date"] = str(entry["date"])
        _require_sign_off(entry, index, lines)
    try:
        document = msgspec.convert(raw, Document)
    except msgspec.ValidationError as exc:
        raise DictionaryError(_located(str(exc), raw, lines), hint="See docs/reference/dictionary.md.") from exc
    if document.dictionary != FORMAT:
        raise DictionaryError(
            f"{lines.at('', 0, 'dictionary')}: dictionary = {document.dictionary!r}: this version reads {FORMAT}"
        )
    return document, lines


def _require_sign_off(entry: object, index: int, lines: Lines) -> None:
    missing = [
        key for key in ("reason", "signed_by", "date") if not (isinstance(entry, Mapping) and str(entry.get(key, "")))
    ]
    if missing:
        raise DictionaryError(
            f"{lines.at('unmask', index)}: unmask entry {index + 1} lacks {', '.join(missing)}",
            hint="An unmask entry needs a reason and the sign-off of an administrator.",
        )


_PLACE = re.compile(r"at `\$(?:\.([a-z_]+))?(?:\[(\d+|\.\.\.)\])?(?:\.([a-z_]+))?")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")


def _located(message: str, raw: Mapping[str, Any], lines: Lines) -> str:
    """A validation error with the line it is about, as far as it can be told."""
    place = _PLACE.search(message)
    table = (place[1] if place else None) or ""
    key = (place[3] if place else None) or ""
    unknown = _UNKNOWN.search(message)
    if unknown:
        key = unknown[1]
    index = int(place[2]) if place and place[2] and place[2].isdigit() else _culprit(raw.get(table), table)
    if unknown and not table:
        table, key = key, ""
    return f"{lines.at(table, index, key)}: {message}"


_KINDS: Final[Mapping[str, type[Entry]]] = {"field": Field, "detector": Detector, "unmask": Unmask}


def _culprit(entries: object, table: str) -> int:
    """Which of the entries does not convert: msgspec names no index in arrays."""
    if table in _KINDS and isinstance(entries, list):
        for index, entry in enumerate(entries):
            try:
                msgspec.convert(entry, _KINDS[table])
            except msgspec.ValidationError:
                return index
    return 0
