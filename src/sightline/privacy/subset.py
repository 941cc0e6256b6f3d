"""The subset of regular expressions that Python's `re`, RE2 and ECMAScript (flag `u`) read alike.

What differs between them is refused with the reason: classes that mean Unicode in one and ASCII in another, look-around
and back-references (RE2 has none), group syntax of one dialect, and nested unbounded repeats, which backtrack badly in
two of the three.
"""

import re
import warnings
from typing import Final

MAX_PATTERN: Final = 2000
MAX_REPEAT: Final = 1000  # RE2 refuses more
# Escapes that are the same character in all three; ECMAScript with `u` refuses to escape anything else.
_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/")
_LETTERS: Final = frozenset("nrtf")
_REASONS: Final = {
    "d": "\\d means Unicode digits in Python and ASCII digits elsewhere; write [0-9]",
    "D": "\\D means Unicode digits in Python and ASCII digits elsewhere; write [^0-9]",
    "w": "\\w means Unicode letters in Python and ASCII letters elsewhere; write [A-Za-z0-9_]",
    "W": "\\W means Unicode letters in Python and ASCII letters elsewhere; write [^A-Za-z0-9_]",
    "s": "\\s means different white space in each engine; write [ \\t\\r\\n]",
    "S": "\\S means different white space in each engine; write [^ \\t\\r\\n]",
    "b": "\\b follows \\w, which differs between engines; use `before` and `after`",
    "B": "\\B follows \\w, which differs between engines; use `before` and `after`",
}


def problem(pattern: str) -> str | None:
    """Return why `pattern` is not in the subset, or None when it is."""
    if len(pattern) > MAX_PATTERN:
        return f"a pattern has at most {MAX_PATTERN} characters, this one {len(pattern)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what it warns of is refused below, with a reason
            compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as exc:
        return f"not a regular expression: {exc}"
    if compiled.match("") is not None:
        return "it matches the empty text, so it would match everywhere"
    return _Reader(pattern).problem()


class _Reader:
    """One walk over a pattern, which keeps how each open group is repeated inside."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        # For each open group: does it hold an unbounded repeat?
        self.groups: list[bool] = [False]
        self.closed_unbounded = False

    def problem(self) -> str | None:
        while self.at < len(self.pattern):
            found = self._step()
            if found is not None:
                return found
        return None

    def _step(self) -> str | None:
        char = self.pattern[self.at]
        handlers = {"\\": self._escape, "[": self._class, "(": self._open, ")": self._close}
        if char in handlers:
            return handlers[char]()
        if char in "*+?{":
            return self._repeat()
        if char in "]}":
            return f"a bare {char!r} is an error in ECMAScript; escape it"
        if char == "." or char in "^$":
            return f"{char!r} differs at line ends between engines; write a class instead"
        self.at += 1
        self.closed_unbounded = False
        return None

    def _escape(self) -> str | None:
        following = self.pattern[self.at + 1 : self.at + 2]
        self.closed_unbounded = False
        if following in _REASONS:
            return _REASONS[following]
        if following.isdigit():
            return "RE2 has no back-references"
        if following == "x":
            if not re.fullmatch("[0-9A-Fa-f]{2}", self.pattern[self.at + 2 : self.at + 4]):
                return "\\x takes two hexadecimal digits"
            self.at += 4
            return None
        if following in _SYNTAX or following in _LETTERS or (following == "-" and self._in_class):
            self.at += 2
            return None
        return f"\\{following} is not the same everywhere"

    _in_class = False

    def _class(self) -> str | None:
        self.at += 1
        if self.pattern[self.at : self.at + 1] == "^":
            self.at += 1
        if self.pattern[self.at : self.at + 1] == "]":
            return "a class that begins with ']' is empty in ECMAScript; escape it"
        self._in_class = True
        while self.pattern[self.at] != "]":
            char = self.pattern[self.at]
            if char == "\\":
                found = self._escape()
                if found is not None:
                    return found
                continue
            if char == "[":
                return "'[' within a class is a set operation in some engines; escape it"
            if self.pattern[self.at : self.at + 2] in {"&&", "--", "~~", "||"}:
                return f"{self.pattern[self.at : self.at + 2]!r} within a class is a set operation in some engines"
            self.at += 1
        self._in_class = False
        self.at += 1
        self.closed_unbounded = False
        return None

    def _open(self) -> str | None:
        if self.pattern[self.at + 1 : self.at + 2] == "?":
            if self.pattern[self.at + 2 : self.at + 3] != ":":
                return "of the groups with '?' only (?:…) is read alike: no look-around, names, flags or atomic groups"
            self.at += 3
        else:
            self.at += 1
        self.groups.append(False)
        self.closed_unbounded = False
        return None

    def _close(self) -> str | None:
        inner = self.groups.pop()
        self.groups[-1] = self.groups[-1] or inner
        self.closed_unbounded = inner
        self.at += 1
        return None

    def _repeat(self) -> str | None:
        match = re.compile(r"[*+?]|\{(\d+)(?:(,)(\d*))?\}").match(self.pattern, self.at)
        if match is None:
            return "a bare '{' is an error in ECMAScript; escape it"
        char = match[0][0]
        unbounded = char in "*+" or (match[2] is not None and not match[3])
        highest = int(match[3] or match[1] or 0)
        if highest > MAX_REPEAT:
            return f"RE2 refuses a repeat over {MAX_REPEAT}"
        if self.closed_unbounded and (unbounded or highest > 1):
            return "a repeat around an unbounded repeat backtracks badly; bound the inner one"
        self.at = match.end()
        following = self.pattern[self.at : self.at + 1]
        if following == "+":
            return "possessive repeats are not in RE2 or ECMAScript"
        if following == "?":
            self.at += 1
        if unbounded:
            self.groups[-1] = True
        self.closed_unbounded = False
        return None
