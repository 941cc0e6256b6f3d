"""Named queries, read from `.sql` files that stand beside the code that runs them.

A file holds queries, each under a line `-- name: what_it_does` and a line or two that say what it is for::

    -- name: find_site
    -- One site by its id.
    SELECT * FROM sites WHERE id = $1
"""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: *([a-z][a-z0-9_]*) *$", re.MULTILINE)


class Queries:
    """The queries of one file, by name: `queries["find_site"]`."""

    def __init__(self, origin: str, text: str) -> None:
        parts = _NAME.split(text)
        names, bodies = parts[1::2], parts[2::2]
        if duplicate := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{origin}: query {duplicate!r} stands twice")
        self._origin = origin
        self._by_name: dict[str, str] = dict(zip(names, (body.strip() for body in bodies), strict=True))

    def __getitem__(self, name: str) -> str:
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(f"{self._origin} has no query {name!r}") from None

    def names(self) -> list[str]:
        return list(self._by_name)


@cache
def queries(package: str, file: str) -> Queries:
    """Read `file` (a name with `.sql`) that stands in `package`."""
    return Queries(f"{package}/{file}", files(package).joinpath(file).read_text("utf-8"))
