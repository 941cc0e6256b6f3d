"""Values and shapes: questions of one shape share their compiled SQL, and their values are bound to it."""

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

Content = int | float | str
S = TypeVar("S")

_TYPES: Final[dict[type, str]] = {int: "int64", float: "float64", str: "string"}


class Value(Struct, frozen=True):
    """A value in a question: it differs from request to request, and the compiled SQL does not depend on it."""

    content: Content


class Slot(Struct, frozen=True):
    """Where a value is bound in a shape; the first place is 1."""

    place: int
    type: str


Bound = Value | Slot


def shaped(question: S) -> tuple[S, tuple[Content, ...]]:
    """The question with a slot for each value, and the values in the order of their slots."""
    values: list[Content] = []
    shape: S = _walk(question, values)
    return shape, tuple(values)


def _walk(part: Any, values: list[Content]) -> Any:
    if isinstance(part, Value):
        values.append(part.content)
        return Slot(len(values), _TYPES[type(part.content)])
    if isinstance(part, Struct):
        return type(part)(**{name: _walk(found, values) for name, found in msgspec.structs.asdict(part).items()})
    if isinstance(part, tuple):
        return tuple(_walk(item, values) for item in part)
    return part
