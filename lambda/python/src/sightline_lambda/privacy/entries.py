"""The entries of the dictionary's export, as the detectors read them."""

from typing import Any, Final, NamedTuple

STAR: Final = "********"


class Field(NamedTuple):
    """A field of personal data."""

    number: int
    name: str
    tier: int
    never_unmask: bool = False
    keys: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """What stands in running text in place of a value."""
        return f"[{self.name}]"

    @property
    def strength(self) -> tuple[bool, int]:
        """Of two fields that claim one value the stronger decides."""
        return self.never_unmask, self.tier


class Detector(NamedTuple):
    """A shape that is recognised in text; the server's `entries.Detector` says what each part means."""

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


def made(kind: Any, entry: dict[str, Any]) -> Any:
    """An entry of the export as a tuple of that kind; what the kind has no place for is left out."""
    return kind(**{key: tuple(value) if type(value) is list else value for key, value in entry.items() if key in kind._fields})
