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


# Replaced everywhere, this leaves of each pair its key and, of the value, what tells its type.
REDUCE: Final = r'("(?:[^"\\]|\\.)*":)(?:(")(?:[^"\\]|\\.)*"|([tf])[a-z]+|[^,}"]+)'
REDUCED: Final = r"\1\2\3"
_PAIR: Final = re.compile(r'("(?:[^"\\]|\\.)*"):(["tf]?)')
_TYPES: Final = {'"': PropertyType.TEXT, "t": PropertyType.BOOLEAN, "f": PropertyType.BOOLEAN, "": PropertyType.NUMBER}
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


def pairs(signature: str) -> list[tuple[str, PropertyType]]:
    """The names and types in a text that was reduced."""
    return [(msgspec.json.decode(key, type=str), _TYPES[mark]) for key, mark in _PAIR.findall(signature)]
