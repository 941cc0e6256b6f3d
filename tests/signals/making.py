"""Signals to store, and a folder to seal them in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from sightline import clock
from sightline.errors import NotFound
from sightline.signals.event import Event, EventType


def event(number: int = 0, *, site: int = 1, **fields: Any) -> Event:
    """One page view; `number` makes it different from the others."""
    values: dict[str, Any] = {
        "created_ms": clock.now_ms(), "visitor": number % 97 + 1, "visit": number % 97 + 1_000, "type": EventType.PAGE,
        "hostname": "shop.example", "path": f"/p/{number}", "title": f"Page {number}", "browser": "firefox",
        "os": "linux", "device": "desktop", "language": "en", "country": "NL", "channel": "direct", "rules": 1,
    }  # fmt: skip
    return Event(site=site, **{**values, **fields})


def events(count: int, *, first: int = 0, **fields: Any) -> list[Event]:
    return [event(number, **fields) for number in range(first, first + count)]


class Blob(Struct, frozen=True):
    name: str
    modified_ms: int


class Folder:
    """An object store in a folder, as small as extents need it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    async def get(self, name: str) -> bytes:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"no object {name!r}") from None

    async def delete(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    async def walk(self, prefix: str = "") -> AsyncIterator[Blob]:
        for path in sorted((self.root / prefix).rglob("*")):
            if path.is_dir():
                continue
            found = path.stat()
            yield Blob(name=str(path.relative_to(self.root)), modified_ms=int(found.st_mtime * 1000))

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())
