"""What makes two errors one issue: a key that is stored with every error, and a fingerprint that can be explained.

The key is cheap and exact: the same message but for what varies in it, thrown from the same places of the same build.
It is computed once, when an error arrives. The fingerprint is worked out for each new key only, so it may cost more:
source maps are asked first, and then the same error of two builds has one fingerprint. What an issue is made of can
be said in a sentence, see `Why`. Pure.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from sightline.health.frames import Frame, frames, path_of

_VERSION: Final = b"1"  # of what counts: keys and fingerprints of another version are others
_FRAMES_OF_KEY: Final = 5
_FRAMES_KEPT: Final = 10
_FRAMES_COUNTED: Final = 3
_MESSAGE: Final = 300
_TITLE: Final = 200
_FILE: Final = 300

_VARYING: Final = re.compile(
    r"(?P<url>(?:https?|wss?|blob|data):\S+)"
    r"|(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<hex>\b(?:0x)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b)"
    r"|(?P<n>\d+(?:[.,:]\d+)*)"
    r"|(?P<text>\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|`[^`\n]{0,300}`)",
    re.IGNORECASE,
)
# The name of a property or a type is part of what went wrong; a value is not.
_NAME: Final = re.compile(r"[\"'`][A-Za-z_$][A-Za-z_$.]{0,39}[\"'`]")


class Parts(Struct, frozen=True, omit_defaults=True):
    """What is kept of an error's key: enough to work out its fingerprint again."""

    name: str = ""
    shape: str = ""
    message: str = ""
    source: str = ""
    frames: tuple[Frame, ...] = ()


class Why(Struct, frozen=True):
    """What counted: two errors are one issue when all of this is the same for both."""

    counted: tuple[str, ...]  # name, message, frames, file: in this order
    name: str
    message: str  # with <n>, <id>, <hex>, <url> and <text> for what varies; empty where it did not count
    frames: tuple[str, ...]  # `path function`; empty where they did not count
    mapped: bool  # whether source maps said what the frames are
    sentence: str


def shape(message: str) -> str:
    """A message without what varies from one time to the next."""
    return _VARYING.sub(_placeholder, " ".join(message[:_MESSAGE].split()))


def _placeholder(match: "re.Match[str]") -> str:
    kind, found = match.lastgroup, match[0]
    if kind == "text":
        return found if _NAME.fullmatch(found) else "<text>"
    return f"<{kind}>"


def key_of(name: str, message: str, source: str, stack: str) -> int:
    """The key that is stored with an error; never 0."""
    top = frames(stack)[:_FRAMES_OF_KEY]
    places = [f"{path_of(one.file)}:{one.line}:{one.column}:{one.function}" for one in top]
    return _number(b"key", [name, shape(message), "resource" if source == "resource" else "", *places])


def parts_of(name: str, message: str, source: str, stack: str) -> Parts:
    kept = tuple(
        Frame(one.function[:_TITLE], one.file[:_FILE], one.line, one.column) for one in frames(stack)[:_FRAMES_KEPT]
    )
    return Parts(name, shape(message), message[:_MESSAGE], source, kept)


def fingerprint(parts: Parts, mapped: Sequence[Frame | None] = ()) -> tuple[int, Why]:
    """The fingerprint of what has these parts; `mapped` are its frames as source maps say, None where none says."""
    known = [told or one for told, one in zip([*mapped, *[None] * len(parts.frames)], parts.frames, strict=False)]
    ours = [one for one in known if one.is_ours] or [one for one in known if not one.is_of_extension]
    named = [f"{one.path} {one.name}" for one in ours if one.name][:_FRAMES_COUNTED]
    is_mapped = any(told is not None for told in mapped)
    if named and parts.source != "resource":
        counted: dict[str, Sequence[str]] = {"name": [parts.name], "frames": named}
        which = "innermost function" if len(named) == 1 else f"{len(named)} innermost functions"
        why = f"the same type of error thrown by the same {which} of the application"
    else:
        file = [ours[0].path] if ours else []
        counted = {"name": [parts.name], "message": [parts.shape], "file": file}
        why = "the same type of error with the same message" + (" from the same file" if file else "")
        why += ", whatever numbers, ids, addresses and quoted values stand in it"
    number = _number(b"fingerprint", [part for name, of in counted.items() for part in (name, *of)])
    told = tuple(name for name, of in counted.items() if any(of))
    shown = tuple(counted.get("frames", counted.get("file", ())))
    return number, Why(told, parts.name, parts.shape if "message" in counted else "", shown, is_mapped, why)


def title(parts: Parts) -> str:
    """What people call it."""
    text = " ".join(parts.message.split()) or "no message"
    if parts.name and not text.startswith(parts.name):
        text = f"{parts.name}: {text}"
    return text[:_TITLE]


def culprit(parts: Parts, mapped: Sequence[Frame | None] = ()) -> str:
    """Where it came from: the innermost frame of the application."""
    known = [told or one for told, one in zip([*mapped, *[None] * len(parts.frames)], parts.frames, strict=False)]
    found = next((one for one in known if one.is_ours), known[0] if known else None)
    return "" if found is None else f"{found.path} {found.function}".strip()[:_TITLE]


def alone(key: int) -> int:
    """The fingerprint of a key that somebody took out of its issue."""
    return _number(b"alone", [str(key)])


def _number(what: bytes, parts: Sequence[str]) -> int:
    digest = hashlib.blake2b(person=what[:16], digest_size=8)
    digest.update(_VERSION)
    for part in parts:
        digest.update(part.encode("utf-8", "replace") + b"\0")
    return int.from_bytes(digest.digest(), "big", signed=True) or 1


PARTS: Final = msgspec.json.Decoder(Parts)
WHY: Final = msgspec.json.Decoder(Why)
