"""Umami's pages: numbered, with the count of all; and lists short enough to be searched and ordered here."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from sightline.compat.umami.calls import Call
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

R = TypeVar("R")
PAGE: Final = 20
LARGEST: Final = 1000
# Teams, sites and boards are lists that people look through; more than this are not listed.
MOST: Final = 10_000


class Page:
    """Which page is asked for."""

    def __init__(self, call: Call, *, largest: int = LARGEST) -> None:
        most = call.number("maxResults", MOST, least=1)
        self.size = min(call.number("pageSize", PAGE, least=1, most=2**31) or PAGE, largest, most)
        self.number = call.number("page", 1, least=1, most=1_000_000)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def answer(self, rows: Sequence[Any], count: int, **more: Any) -> dict[str, Any]:
        return {"data": rows, "count": count, "page": self.number, "pageSize": self.size, **more}


def paged(
    call: Call, rows: Iterable[R], shape: Callable[[R], dict[str, Any]], *, search: Sequence[str] = ("name",),
) -> dict[str, Any]:  # fmt: skip
    """A page of a list that is held whole: searched, ordered by a field of what is shown, cut."""
    page, found = Page(call), [shape(row) for row in rows]
    wanted, order = call.text("search"), call.text("orderBy")
    if wanted:
        lower = wanted.lower()
        found = [row for row in found if any(lower in str(row.get(field) or "").lower() for field in search)]
    if order:
        if found and order not in found[0]:
            raise InvalidValue(f"the list cannot be ordered by {shown(order[:40])}", field="orderBy")
        found.sort(key=lambda row: (row[order] is None, str(row[order])), reverse=call.flag("sortDescending"))
    more = {name: value for name, value in (("search", wanted), ("orderBy", order)) if value}
    return page.answer(found[page.offset : page.offset + page.size], len(found), **more)
