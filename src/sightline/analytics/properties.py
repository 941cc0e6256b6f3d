"""How the properties of an event are stored, and read back out of that text.

They are one flat JSON object, written compactly: keys are the names (nested ones joined by dots), values are texts,
numbers or booleans; a list is a text that holds JSON. Nothing is null. A text so written has a form that one regular
expression finds a value in, which every engine runs alike, so that no report needs an engine's own JSON functions.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

Scalar = str | int | float | bool


class PropertyType(StrEnum):
    """What a property's value is."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    LIST = "list"


# The first takes a pair's value away and keeps its key, to tell which properties occur together.
ONE_PAIR: Final = r'("(?:[^"\\]|\\.)*":)(?:"(?:[^"\\]|\\.)*"|[^,}"]+)'
_KEY: Final = re.compile(r'("(?:[^"\\]|\\.)*"):')
DATE: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})?)?$"


def encode(properties: Mapping[str, Any]) -> str:
    """The stored text of some properties; empty where there are none."""
    flat = dict(_flat("", properties))
    return msgspec.json.encode(flat).decode() if flat else ""


def _flat(prefix: str, value: Any) -> list[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        return [
            pair for key, inner in value.items() for pair in _flat(f"{prefix}.{key}" if prefix else str(key), inner)
        ]
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [(prefix, msgspec.json.encode(value).decode())]
    return [(prefix, value)]


def keys(signature: str) -> list[str]:
    """The names in a text whose values were taken away by `ONE_PAIR`."""
    return [msgspec.json.decode(found, type=str) for found in _KEY.findall(signature)]
