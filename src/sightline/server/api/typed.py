"""Structs of lower floors in the OpenAPI document: the same fields, bounds and descriptions, as pydantic has them."""

import types
from functools import cache
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel, ConfigDict, Field, create_model

_BOUNDS: Final = ("ge", "le", "gt", "lt", "min_length", "max_length", "pattern", "description")


@cache
def model(struct: type[msgspec.Struct], *, suffix: str = "") -> type[BaseModel]:
    """The model of an answer."""
    return create_model(struct.__name__ + suffix, __doc__=struct.__doc__, **_fields(struct))


@cache
def query(struct: type[msgspec.Struct], **more: tuple[Any, Any]) -> type[BaseModel]:
    """The model of parameters in an address; what is not in it is refused."""
    fields: dict[str, Any] = {**_fields(struct), **more}
    config = ConfigDict(extra="forbid")
    return create_model(f"{struct.__name__}Query", __config__=config, __doc__=struct.__doc__, **fields)


def _fields(struct: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(struct, include_extras=True)
    return {
        found.name: (_hint(hints[found.name]), ... if found.required else found.default)
        for found in msgspec.structs.fields(struct)
    }


def _hint(hint: Any) -> Any:
    """A type with msgspec's bounds written as pydantic's."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner, *notes = arguments
        found = _hint(inner)
        for note in notes:
            if isinstance(note, msgspec.Meta):
                bounds = {name: value for name in _BOUNDS if (value := getattr(note, name)) is not None}
                found = Annotated[found, Field(**bounds)]
        return found
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return list[_hint(arguments[0])]  # type: ignore[misc]
    if origin in {Union, types.UnionType}:
        return Union[tuple(_hint(one) for one in arguments)]  # noqa: UP007 - of as many as there are
    if origin in {list, dict}:
        return origin[tuple(_hint(one) for one in arguments)]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return model(hint)
    return hint
