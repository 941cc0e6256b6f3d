"""What properties are to Umami: a number for their type, and a row for each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from sightline import clock
from sightline.analytics.properties import PropertyType

NUMBERS: Final = {
    PropertyType.TEXT: 1, PropertyType.NUMBER: 2, PropertyType.BOOLEAN: 3, PropertyType.DATE: 4, PropertyType.LIST: 5,
}  # fmt: skip


def decoded(text: str) -> dict[str, Any]:
    """The stored properties of an event."""
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}


def type_of(value: object) -> PropertyType:
    if isinstance(value, bool):
        return PropertyType.BOOLEAN
    if isinstance(value, int | float):
        return PropertyType.NUMBER
    text = str(value)
    if text.startswith("[") and text.endswith("]"):
        return PropertyType.LIST
    return PropertyType.TEXT if date_of(text) is None else PropertyType.DATE


def date_of(text: str) -> datetime | None:
    if len(text) < 10 or text[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def rows(properties: Mapping[str, Any], created_ms: int) -> list[dict[str, Any]]:
    """A row for each property."""
    return [_row(key, value, created_ms) for key, value in properties.items()]


def _row(key: str, value: object, created_ms: int) -> dict[str, Any]:
    kind = type_of(value)
    return {
        "dataKey": key, "dataType": NUMBERS[kind], "stringValue": shown(value),
        "numberValue": value if kind is PropertyType.NUMBER else None,
        "dateValue": date_of(str(value)) if kind is PropertyType.DATE else None,
        "createdAt": clock.from_ms(created_ms),
    }  # fmt: skip


def shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
