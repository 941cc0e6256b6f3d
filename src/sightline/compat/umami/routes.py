"""What a route is: a row of a table, which says what the route needs before it says what answers."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sightline.accounts.permissions import Permission

if TYPE_CHECKING:
    from sightline.compat.umami.calls import Call

PREFIX = "/api"
_PART = re.compile(r"\{(\w+)\}")


class Route(Struct, frozen=True):
    """One route. `need` is a permission, or the reason why everybody may call it.

    `pages` are those of a share: who holds a share's link reaches the route when the share shows one of them.
    """

    method: str
    path: str
    need: Permission | str
    answer: "Callable[[Call], Awaitable[Any]]"
    pages: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        return PREFIX + self.path


def route(
    method: str, path: str, need: Permission | str, answer: "Callable[[Call], Awaitable[Any]]", *pages: str
) -> Route:
    return Route(method, path, need, answer, frozenset(pages))


class Table:
    """Finds the route of a path: fixed parts before variable ones."""

    def __init__(self, routes: Iterable[Route]) -> None:
        found: dict[str, dict[str, Route]] = {}
        for one in routes:
            if one.method in found.setdefault(one.path, {}):
                raise ValueError(f"{one.method} {one.path} stands twice")
            found[one.path][one.method] = one
        by_length: dict[int, list[tuple[re.Pattern[str], dict[str, Route]]]] = {}
        for path in sorted(found, key=lambda path: [bool(_PART.fullmatch(part)) for part in path.split("/")]):
            pattern = re.compile(_PART.sub(r"(?P<\1>[^/]+)", path))
            by_length.setdefault(path.count("/"), []).append((pattern, found[path]))
        self._by_length = by_length

    def find(self, path: str) -> tuple[dict[str, Route], dict[str, str]] | None:
        """The routes of a path by their methods, and what stands in its variable parts."""
        for pattern, methods in self._by_length.get(path.count("/"), ()):
            if match := pattern.fullmatch(path):
                return methods, match.groupdict()
        return None
