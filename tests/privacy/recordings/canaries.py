"""Secrets to plant: each marker of the page becomes a word that looks like a name, a number, or both.

`[[path]]` plants a word and a number, `<<w:path>>` only the word, `<<d:path>>` only the number, for the places that
take no other. A marker is the path by which its secret could leave the page, so a failing test names the leak.
"""

import re
from typing import Any

import orjson

MARKER = re.compile(r"\[\[([a-z0-9-]+)\]\]|<<([wd]):([a-z0-9-]+)>>")
FIRST = ["vel", "bram", "tor", "quil", "hes", "dor", "mav", "pell", "rinz", "osk", "jun", "karv"]
SECOND = ["kor", "wick", "dal", "fen", "mund", "gar", "lov", "tab", "sten", "rup", "zim", "hol"]
THIRD = ["ska", "ery", "ova", "ith", "ander", "etto"]


class Canaries:
    """What was planted where; filled by `plant`."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def word(self, path: str) -> str:
        return self._token(f"{path} (word)", self._word)

    def number(self, path: str) -> str:
        return self._token(f"{path} (number)", lambda n: str(70_000_003 + n * 13_577))

    def plant(self, source: str) -> str:
        """Return the page with every marker replaced."""
        return MARKER.sub(self._replace, source)

    def found_in(self, events: list[Any] | bytes) -> list[str]:
        """The paths whose secret stands in these events, whatever its case."""
        text = (events if isinstance(events, bytes) else orjson.dumps(events)).decode().lower()
        return sorted(path for path, token in self.planted.items() if token in text)

    def _replace(self, found: re.Match[str]) -> str:
        both, kind, path = found.groups()
        if both:
            return f"{self.word(both)}-{self.number(both)}"
        return self.word(path) if kind == "w" else self.number(path)

    def _token(self, name: str, make: Any) -> str:
        return self.planted.setdefault(name, make(len(self.planted)))

    @staticmethod
    def _word(n: int) -> str:
        first, rest = n % len(FIRST), n // len(FIRST)
        return FIRST[first] + SECOND[rest % len(SECOND)] + THIRD[rest // len(SECOND) % len(THIRD)]
