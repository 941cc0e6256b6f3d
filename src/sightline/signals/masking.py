"""Masking of what is stored: one masker per kind of text, when a signal arrives, is audited and is masked anew.

What an audit reports is exactly what masking anew would change, with the place and the detector, never with the value.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
import orjson
from msgspec import Struct

from sightline.privacy.dictionary import Rules
from sightline.privacy.masks import STAR, find
from sightline.privacy.structures import clean_stack, clean_text, mask_json, mask_json_text
from sightline.privacy.urls import mask_path, mask_url
from sightline.signals.kind import Kind, Signal, Walk

S = TypeVar("S", bound=Signal)

ENCODED: Final = "encoded"  # only the normal form of the text shows it: percent-encoded, full-width, …
UNREADABLE: Final = "unreadable"  # no JSON, or too long or too deep to be read
_TAG: Final = re.compile(r"[\[:]([a-z][a-z0-9_]{0,31})\]?")
_MAX_PATH: Final = 200


class Found(Struct, frozen=True):
    """Something that the rules would mask: where in the text, and which detector or field says so."""

    path: str
    detector: str


class Masking(Struct, frozen=True):
    """Rules in force with their number, as they are applied to what is stored."""

    number: int
    rules: Rules

    def text(self, walk: Walk, text: str) -> str:
        """Mask one text; an empty one stays empty."""
        if not text:
            return ""
        match walk:
            case Walk.PATH:
                return mask_url(self.rules, text) if "?" in text or "#" in text else mask_path(self.rules, text)
            case Walk.QUERY:
                return _query(self.rules, text)
            case Walk.JSON:
                return mask_json_text(self.rules, text).decode()
            case Walk.TEXT:
                return clean_text(self.rules, text)
            case Walk.STACK:
                return clean_stack(self.rules, text)

    def texts(self, walk: Walk, texts: Sequence[str]) -> list[str]:
        return [self.text(walk, text) for text in texts]

    def signal(self, kind: Kind, signal: S) -> S:
        """Mask every text of a signal that somebody can have written, and note the rules on it."""
        masked = {column.name: self.text(column.walk, getattr(signal, column.name)) for column in kind.walked()
                  if column.walk}  # fmt: skip
        return msgspec.structs.replace(signal, rules=self.number, **masked)

    def findings(self, walk: Walk, text: str) -> list[Found]:
        """What masking would change in a text."""
        masked = self.text(walk, text)
        if masked == text:
            return []
        match walk:
            case Walk.PATH:
                return list(_in_path(text, masked))
            case Walk.QUERY:
                return list(_in_query(self.rules, text, masked))
            case Walk.JSON:
                return _in_json(self.rules, text)
            case Walk.TEXT:
                return _in_text(self.rules, text) or [Found("", "url")]
            case Walk.STACK:
                lines = zip(text.split("\n"), masked.split("\n"), strict=False)
                found = [self.findings(Walk.TEXT, before) for before, after in lines if before != after]
                return [one for hits in found for one in hits] or [Found("", "frame")]


def _query(rules: Rules, text: str) -> str:
    masked = mask_url(rules, "?" + text.removeprefix("?"))
    return masked if text.startswith("?") or masked == STAR else masked.removeprefix("?")


def _in_text(rules: Rules, text: str) -> list[Found]:
    hits = find(rules, text)
    return [Found("", ENCODED)] if hits is None else [Found("", hit.field.name) for hit in hits]


def _in_path(text: str, masked: str) -> Iterator[Found]:
    before, after = text.split("/"), masked.split("/")
    if len(before) != len(after):
        yield Found("", "path")
        return
    for number, (segment, shown) in enumerate(zip(before, after, strict=True)):
        if segment != shown:
            yield Found(f"segment {number}", _named(shown))


def _in_query(rules: Rules, text: str, masked: str) -> Iterator[Found]:
    before, after = text.removeprefix("?").replace(";", "&").split("&"), masked.removeprefix("?").split("&")
    if len(before) != len(after):
        yield Found("", "query")
        return
    for pair, shown in zip(before, after, strict=True):
        if pair != shown:
            name = shown.partition("=")[0]
            field = rules.field_of_parameter(name)
            yield Found(_short(f"?{name}"), field.name if field else "parameter")


def _in_json(rules: Rules, text: str) -> list[Found]:
    try:
        value = orjson.loads(text)
    except ValueError:
        return [Found("", UNREADABLE)]
    masked = mask_json(rules, value)
    if masked == STAR:
        return _in_text(rules, text) or [Found("$", UNREADABLE)]
    # A key that stands there twice hides the first value from every reader but this one.
    return list(_differing(rules, value, masked, "$", "", "")) or _in_text(rules, text)


def _differing(rules: Rules, value: Any, masked: Any, path: str, key: str, parent: str) -> Iterator[Found]:  # noqa: PLR0913, PLR0917
    if isinstance(value, dict) and isinstance(masked, dict):
        for (name, inner), (shown, after) in zip(value.items(), masked.items(), strict=True):
            below = _short(f"{path}.{shown}")
            if name != shown:
                yield Found(below, "key")
            yield from _differing(rules, inner, after, below, name, key)
    elif isinstance(value, list) and isinstance(masked, list):
        for number, (inner, after) in enumerate(zip(value, masked, strict=True)):
            yield from _differing(rules, inner, after, _short(f"{path}[{number}]"), key, parent)
    elif value != masked:
        field = rules.field_of_key(key, parent) if key else None
        yield Found(path, field.name if field else _named(str(masked)))


def _named(masked: str) -> str:
    """The field that a mask names; a star names none."""
    tag = _TAG.search(masked)
    return tag[1] if tag else "masked"


def _short(path: str) -> str:
    return path if len(path) <= _MAX_PATH else path[:_MAX_PATH] + "…"
