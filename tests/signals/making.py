"""Signals to store, and a folder to seal them in."""

from pathlib import Path
from typing import Any

from sightline import clock
from sightline.blobs.folder import FolderStore
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


class Folder(FolderStore):
    """The object store in a folder, with a look inside."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root

    def names(self) -> list[str]:
        found = (path.relative_to(self.root) for path in self.root.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if not path.parts[0].startswith("."))
