"""Lists come in pages; a command shows all of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
_AT_ONCE: Final = 200


async def everything(page: Callable[[int | None, int], Awaitable[Sequence[T]]], id_of: Callable[[T], int]) -> list[T]:
    """Call `page(after, limit)` until it returns less than asked for."""
    found: list[T] = []
    while True:
        part = await page(id_of(found[-1]) if found else None, _AT_ONCE)
        found.extend(part)
        if len(part) < _AT_ONCE:
            return found
