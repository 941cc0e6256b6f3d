"""Stacks, read by the source maps of their release: where each call stands in the source, with the code around it."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sightline.errors import SightlineError
from sightline.health.frames import Frame, path_of
from sightline.health.maps import Found, Line, NotAMap, SourceMap, as_frame
from sightline.health.sourcemaps import SourceMaps

MOST_REMEMBERED: Final = 96 << 20  # bytes of maps in memory, as `SourceMap.size` counts them


class Resolved(Struct, frozen=True, kw_only=True):
    """One call; `missing` says why no map tells where it is in the source."""

    function: str
    file: str
    line: int
    column: int
    in_app: bool
    mapped: bool = False
    missing: str = ""
    code: tuple[Line, ...] = ()
    built: str = ""

    @property
    def frame(self) -> Frame:
        return Frame(self.function, self.file, self.line, self.column)


class Remembered:
    """The maps that were read last, by their digests: a content is the same whoever has it."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._maps: OrderedDict[tuple[int, str], SourceMap] = OrderedDict()
        self.size = 0

    def get(self, key: tuple[int, str]) -> SourceMap | None:
        found = self._maps.get(key)
        if found is not None:
            self._maps.move_to_end(key)
        return found

    def put(self, key: tuple[int, str], read: SourceMap) -> None:
        """Remember a map; one that alone is larger than all may be is not remembered."""
        if key in self._maps or read.size > self._most:
            return
        self._maps[key] = read
        self.size += read.size
        while self.size > self._most:
            _, old = self._maps.popitem(last=False)
            self.size -= old.size


_REMEMBERED: Final = Remembered()


class Resolver:
    """Reads stacks with the maps of an installation."""

    def __init__(self, maps: SourceMaps, remembered: Remembered = _REMEMBERED) -> None:
        self._maps = maps
        self._remembered = remembered
        self._reading = asyncio.Lock()  # one at a time: a map that is being read takes several times its size

    async def resolve(self, site: int, release: str, stack: Sequence[Frame]) -> list[Resolved]:
        """Every frame of a stack as the maps of its release say."""
        opened: dict[str, tuple[SourceMap | None, str]] = {}
        places: list[tuple[Frame, SourceMap | None, Found | None, str]] = []
        for frame in stack:
            path = path_of(frame.file)
            if path not in opened:
                opened[path] = await self._open(site, release, frame, path)
            read, missing = opened[path]
            found = read.find(frame.line, frame.column) if read else None
            if read is not None and found is None:
                missing = f"the source map says nothing of line {frame.line}, column {frame.column}"
            places.append((frame, read, found, missing))
        # What stands at a call is the name of what is called, which is the frame before.
        callers = [found.name if found else "" for _, _, found, _ in places[1:]]
        return [_resolved(*place, caller) for place, caller in zip(places, [*callers, ""], strict=False)]

    async def mapped(self, site: int, release: str, frames: Sequence[Frame]) -> list[Frame | None]:
        """The frames as maps say, None where none says: for fingerprints."""
        if not release:
            return [None] * len(frames)
        return [one.frame if one.mapped else None for one in await self.resolve(site, release, frames)]

    async def _open(self, site: int, release: str, frame: Frame, path: str) -> tuple[SourceMap | None, str]:
        if frame.is_of_extension:
            return None, "this is code of a browser extension"
        sha256, missing = await self._maps.find(site, release, path)
        if missing:
            return None, missing
        async with self._reading:
            read = self._remembered.get((site, sha256))
            if read is None:
                try:
                    read = await self._maps.read(site, sha256)
                except NotAMap as exc:
                    return None, f"the source map cannot be read: {exc.message}"
                except SightlineError as exc:
                    return None, f"the source map is not there: {exc.message}"
                self._remembered.put((site, sha256), read)
        return read, ""


def _resolved(frame: Frame, read: SourceMap | None, found: Found | None, missing: str, caller: str) -> Resolved:
    built = f"{frame.file}:{frame.line}:{frame.column}"
    told = frame if found is None else as_frame(found, frame, caller)
    return Resolved(
        function=told.function, file=told.file, line=told.line, column=told.column, in_app=told.is_ours,
        mapped=found is not None, missing=missing, built=built,
        code=read.code(found) if read is not None and found is not None else (),
    )  # fmt: skip
