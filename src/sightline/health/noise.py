"""Known noise: errors that say nothing of the application. They are stored and counted, and make no issue. Pure.

A site may switch a rule off, or add its own: a pattern with `*` for any characters, over messages or files.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

from msgspec import Struct

from sightline.errors import InvalidValue
from sightline.health.fingerprints import Parts

MOST_RULES: Final = 100
_LONGEST: Final = 200
_PATTERN: Final = re.compile(r"[^\x00-\x1f\x7f]{3,200}")


class Known(Struct, frozen=True):
    """A rule that everybody has."""

    name: str
    meaning: str
    holds: Callable[[Parts], bool]


class Rule(Struct, frozen=True):
    """A site's own rule; its name is the pattern."""

    pattern: str
    over: Literal["message", "file"] = "message"

    def check(self) -> None:
        if not _PATTERN.fullmatch(self.pattern) or not self.pattern.strip("* "):
            raise InvalidValue(
                f"a pattern has 3 to {_LONGEST} characters, not only *, got {self.pattern[:_LONGEST]!r}",
                field="pattern", hint="Write a message or a file's address, with * for any characters.",
            )  # fmt: skip

    def holds(self, parts: Parts) -> bool:
        if self.over == "message":
            return any(_is_like(text, self.pattern) for text in (f"{parts.name}: {parts.message}", parts.message))
        return any(_is_like(frame.file, self.pattern) for frame in parts.frames)


def _message(*patterns: str) -> Callable[[Parts], bool]:
    found = re.compile("|".join(patterns), re.IGNORECASE)
    return lambda parts: found.search(f"{parts.name}: {parts.message}") is not None


def _of_extension(parts: Parts) -> bool:
    """The innermost frame that says where it is stands in an extension."""
    return bool(parts.frames) and parts.frames[0].is_of_extension


KNOWN: Final = (
    Known("extension", "Thrown by a browser extension.", _of_extension),
    Known("script-error", "`Script error.`: another origin's script, of which the browser tells nothing.",
          lambda parts: not parts.frames and re.fullmatch(r"Script error\.?", parts.message.strip()) is not None),
    Known("resize-observer", "A layout that took longer than one frame; browsers go on with the next.",
          _message(r"ResizeObserver loop (?:limit exceeded|completed with undelivered notifications)")),
    Known("extension-message", "Messages between the parts of an extension.",
          _message(r"message (?:port|channel) closed before a response", r"Extension context invalidated",
                   r"Could not establish connection\. Receiving end does not exist")),
    Known("injected", "Variables that in-app browsers and toolbars expect in every page.",
          _message(r"\b(?:instantSearchSDKJSBridgeClearHighlight|_AutofillCallbackHandler|__gCrWeb|webkit\.messageHandlers"
                   r"|zaloJSV2|ceCurrentVideo|conduitPage|MyAppInterfaces|mraid)\b")),
    Known("aborted", "A request that ended because its page was left.",
          _message(r"^AbortError: .*(?:aborted|cancelled)", r"The operation was aborted\.?\s*$")),
    Known("object-not-found", "Link scanners of mail programs that run pages.",
          _message(r"Object Not Found Matching Id:\d+")),
)  # fmt: skip
NAMES: Final = tuple(rule.name for rule in KNOWN)


def noise(parts: Parts, *, off: Sequence[str] = (), own: Sequence[Rule] = ()) -> str:
    """The name of the rule that takes an error for noise; empty where none does."""
    for known in KNOWN:
        if known.name not in off and known.holds(parts):
            return known.name
    return next((rule.pattern for rule in own if rule.holds(parts)), "")


def _is_like(text: str, pattern: str) -> bool:
    """Whether a pattern with stars fits a whole text; one pass, however many stars there are."""
    first, *middle = pattern.casefold().split("*")
    text = text.casefold()
    if not middle:
        return text == first
    *middle, last = middle
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
