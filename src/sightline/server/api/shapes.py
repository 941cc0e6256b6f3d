"""What all routes share: the bases of bodies and answers, pages, ids as texts."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, Self, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from sightline.accounts import names
from sightline.accounts.permissions import Permission, Role, TeamRole
from sightline.errors import InvalidValue, NotFound

PREFIX: Final = "/api/v1"
_MAX_LIMIT: Final = 200

T = TypeVar("T")
S = TypeVar("S")


class Body(BaseModel):
    """What a client sends: nothing is converted, nothing unknown is accepted."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Answer(BaseModel):
    """What a client gets; 64-bit ids are texts, since JavaScript's numbers end at 2^53."""

    model_config = ConfigDict(from_attributes=True, coerce_numbers_to_str=True)

    @classmethod
    def of(cls, thing: object) -> Self:
        return cls.model_validate(thing)


class Page(BaseModel, Generic[T]):
    """A part of a list; `next` is the cursor of the following part, null at the end."""

    items: list[T]
    next: str | None


# JSON has no enums: strict bodies read their values from texts.
RoleName = Annotated[Role, Field(strict=False)]
TeamRoleName = Annotated[TeamRole, Field(strict=False)]
PermissionName = Annotated[Permission, Field(strict=False)]
Text = Annotated[str, Field(max_length=1000)]
Reference = Annotated[str, Field(max_length=64, description="An id or a UUID.")]


class Paging:
    """`?limit=&cursor=`: how many, and from where on."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=_MAX_LIMIT, description="At most so many items.")] = 50,
        cursor: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    ) -> None:
        self.limit = limit
        self.from_id = _decoded(cursor) if cursor else None

    @property
    def fetch(self) -> int:
        """One more than asked for tells whether there is more."""
        return self.limit + 1

    def page(self, found: Sequence[S], shape: Callable[[S], T], id_of: Callable[[S], int]) -> Page[T]:
        shown = found[: self.limit]
        more = len(found) > self.limit
        return Page(items=[shape(thing) for thing in shown], next=_encoded(id_of(shown[-1])) if more else None)


def number(text: str, what: str) -> int:
    """Read the id of something in an address."""
    found = names.identifier(text)
    if not isinstance(found, int):
        raise NotFound(f"there is no such {what}, or you may not see it")
    return found


def numbers(texts: Sequence[str], field: str) -> tuple[int, ...]:
    """Read the ids in a body."""
    found = [names.identifier(text) for text in texts]
    read = [one for one in found if isinstance(one, int)]
    if len(read) != len(texts):
        raise InvalidValue(f"one of {field} is no id", field=field, hint="Ids are numbers, written as texts.")
    return tuple(sorted(set(read)))


def _encoded(last_id: int) -> str:
    return base64.urlsafe_b64encode(last_id.to_bytes(8, "big")).decode().rstrip("=")


def _decoded(cursor: str) -> int:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _wrong_cursor() from exc
    if len(raw) != 8 or raw[0] > 0x7F:
        raise _wrong_cursor()
    return int.from_bytes(raw, "big")


def _wrong_cursor() -> InvalidValue:
    return InvalidValue("this cursor is none of ours", field="cursor", hint="Take `next` of the page before.")
