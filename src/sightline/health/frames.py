"""Stacks as browsers write them, read frame by frame. Pure."""

import re
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

MOST_LINES: Final = 60
_LONGEST_LINE: Final = 500
_PLACE: Final = r"(?P<file>\S+?):(?P<line>\d{1,9}):(?P<column>\d{1,9})"
# Chrome and Edge: `    at name (file:1:2)`, or without a name; a call of eval says where the eval stands.
_AT: Final = re.compile(
    rf"^\s*at (?:async )?(?:(?P<function>.+?) \((?:eval at .*?\()?{_PLACE}\).*|{_PLACE.replace('?P<', '?P<_')})$"
)
# Firefox and Safari: `name@file:1:2`.
_SIGN: Final = re.compile(rf"^(?P<function>[^@]*)@{_PLACE}$")
_DIGEST: Final = re.compile(r"[.-](?:[0-9a-f]{6,40}|(?=[A-Za-z0-9_-]*[0-9A-Z_])[A-Za-z0-9_-]{8})(?=(?:\.[a-z]+)+$)")
_ALIAS: Final = re.compile(r" \[as [^\]]*\]")
_EXTENSION: Final = re.compile(
    r"^(?:chrome|moz|safari|safari-web|ms-browser|webkit-masked-url)(?:-extension)?:/+", re.IGNORECASE
)
_OTHERS: Final = ("/node_modules/", "/@vite/", "/@react-refresh", "/vendor", "webpack/runtime", "vite/preload-helper")
_SHORT: Final = 2  # a minifier's names are about as short as names can be


class Frame(Struct, frozen=True):
    """One call. `file` is an address as the browser wrote it, or after a source map the path of the source."""

    function: str
    file: str
    line: int
    column: int

    @property
    def path(self) -> str:
        """The file without host, query and the digest of the build: the same over releases."""
        path = path_of(self.file)
        folder, slash, name = path.rpartition("/")
        return folder + slash + _DIGEST.sub("-*", name)

    @property
    def is_ours(self) -> bool:
        """Whether the application's own people wrote it, as far as the file's name tells."""
        file = "/" + self.file
        return bool(self.file) and not self.is_of_extension and not any(part in file for part in _OTHERS)

    @property
    def is_of_extension(self) -> bool:
        return _EXTENSION.match(self.file) is not None

    @property
    def name(self) -> str:
        """The function's name, as far as it is one that somebody chose."""
        plain = _ALIAS.sub("", self.function).removeprefix("async ").removeprefix("new ").removeprefix("Object.")
        plain = plain.removesuffix("/<").split("/")[-1]
        return "" if len(plain.rpartition(".")[2]) <= _SHORT or "anonymous" in plain else plain


def frames(stack: str) -> tuple[Frame, ...]:
    """The frames of a stack, the innermost first; lines that say no place are passed over."""
    found = []
    for line in stack.split("\n", MOST_LINES)[:MOST_LINES]:
        match = _AT.match(line[:_LONGEST_LINE]) or _SIGN.match(line[:_LONGEST_LINE])
        if match is not None:
            parts = match.groupdict()
            file, at, column = (parts[name] or parts.get("_" + name) or "" for name in ("file", "line", "column"))
            found.append(Frame((parts["function"] or "").strip(), file, int(at or 0), int(column or 0)))
    return tuple(found)


def path_of(file: str) -> str:
    """The path of a file's address, without scheme, host, query and fragment; of a source its relative name."""
    if "://" in file:
        try:
            return urlsplit(file).path
        except ValueError:
            return file
    return file.partition("?")[0].partition("#")[0]
