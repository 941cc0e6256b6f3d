"""Source maps of releases: kept in the object store, named by what is in them, and never handed out again.

A map comes in parts, since a request has a limit; what is there already is not sent again, so that an upload that was
interrupted goes on where it was, and one that is repeated sends nothing.
"""

import asyncio
import gzip
import hashlib
import re
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.blobs.store import BlobStore
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound
from sightline.health.maps import MOST_BYTES, NotAMap, SourceMap, check
from sightline.sql import queries

SQL: Final = queries("sightline.health", "sourcemaps.sql")
FOLDER: Final = "sourcemaps"
PART_BYTES: Final = 512 << 10
MOST_PARTS: Final = 128
MOST_MAPS: Final = 20_000
_STALE_MS: Final = 24 * 3600 * 1000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_FILE: Final = re.compile(r"[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,399}")
_RELEASE: Final = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,99}")


class Stored(Struct, frozen=True):
    """One map."""

    release: str
    file: str
    sha256: bytes
    size: int
    mappings: int
    uploaded_at: datetime


class Offer(Struct, frozen=True):
    """What somebody wants to store: which file's map it is, and the digest of its content."""

    release: str
    file: str
    sha256: str
    parts: int

    def check(self) -> None:
        if not _RELEASE.fullmatch(self.release):
            raise InvalidValue(
                f"{self.release[:100]!r} names no release", field="release", hint="1 to 100 ASCII characters."
            )
        if not _FILE.fullmatch(self.file) or ".." in self.file.split("/"):
            raise InvalidValue(
                f"{self.file[:100]!r} names no file", field="file",
                hint="Name the built file by its path below the root of what is served, as assets/index.js.",
            )  # fmt: skip
        if not _SHA256.fullmatch(self.sha256):
            raise InvalidValue("this is no SHA-256", field="sha256", hint="Write 64 hexadecimal digits.")
        if not 1 <= self.parts <= MOST_PARTS:
            raise InvalidValue(f"{self.parts} parts", field="parts", hint=f"A map has 1 to {MOST_PARTS} parts.")


class SourceMaps:
    """The maps of one installation."""

    def __init__(self, database: Database, objects: BlobStore) -> None:
        self._database = database
        self._objects = objects

    async def offer(self, site: int, offer: Offer) -> list[int]:
        """Store a map whose content is there; return which parts of it are missing, none when it is stored."""
        offer.check()
        known = await self._database.fetchrow(SQL["known"], site, bytes.fromhex(offer.sha256))
        if known is not None:
            await self._keep(site, offer, known["size"], known["mappings"])
            return []
        there = {blob.name async for blob in self._objects.walk(_parts(site, offer.sha256))}
        missing = [part for part in range(offer.parts) if _part(site, offer.sha256, part) not in there]
        if not missing:
            await self._assemble(site, offer)
        return missing

    async def put_part(self, site: int, sha256: str, part: int, data: bytes) -> None:
        """Keep a part of a content, compressed by gzip as a whole, until it is complete."""
        Offer("-", "-", sha256, part + 1).check()
        if not 1 <= len(data) <= PART_BYTES:
            raise InvalidValue(f"a part has 1 to {PART_BYTES} bytes, got {len(data)}", field="part")
        await self._objects.put(_part(site, sha256, part), data)

    async def store(self, site: int, release: str, file: str, data: bytes) -> bool:
        """Store a map at once; return whether its content is new."""
        digest = hashlib.sha256(data).hexdigest()
        offer = Offer(release, file, digest, 1)
        offer.check()
        known = await self._database.fetchrow(SQL["known"], site, bytes.fromhex(digest))
        if known is not None:
            await self._keep(site, offer, known["size"], known["mappings"])
            return False
        await self._store(site, offer, data)
        return True

    async def listing(
        self, site: int, *, release: str | None = None, after: tuple[str, str] | None = None, limit: int = 50
    ) -> list[Stored]:
        """The maps of a site, by release and file."""
        in_release, file = after or (None, None)
        rows = await self._database.fetch(SQL["list"], site, release, in_release, file, limit)
        return [
            Stored(r["release"], r["file"], bytes(r["sha256"]), r["size"], r["mappings"], r["uploaded_at"])
            for r in rows
        ]

    async def remove(self, site: int, release: str, file: str | None = None) -> int:
        """Remove the maps of a release, or of one file in it; return how many that were."""
        rows = await self._database.fetch(SQL["remove"], site, release, file)
        if not rows:
            raise NotFound("there is no such source map", hint="`sightline sourcemaps list` shows them all.")
        digests = {bytes(row["sha256"]) for row in rows}
        used = await self._database.fetch(SQL["still_used"], site, list(digests))
        for digest in digests - {bytes(row["sha256"]) for row in used}:
            await self._objects.delete(_object(site, digest.hex()))
        return len(rows)

    async def find(self, site: int, release: str, path: str) -> tuple[str, str]:
        """The digest of the map for a built file, or nothing and the reason why there is none."""
        if not release:
            return "", "the error names no release; give `release` to init()"
        base = path.rpartition("/")[2]
        rows = await self._database.fetch(SQL["candidates"], site, release, base)
        fitting = [row for row in rows if ("/" + path).endswith("/" + row["file"])]
        chosen = max(fitting, key=lambda row: len(row["file"]), default=rows[0] if len(rows) == 1 else None)
        if chosen is not None:
            return bytes(chosen["sha256"]).hex(), ""
        if await self._database.fetchval(SQL["has_release"], site, release):
            return "", f"release {release} has source maps, but none for {base or path}"
        return "", f"there are no source maps of release {release}: sightline sourcemaps upload DIR --release {release}"

    async def read(self, site: int, sha256: str) -> SourceMap:
        """Read a map; `NotFound` or `NotAMap` when its object is gone or damaged."""
        packed = await self._objects.get(_object(site, sha256))
        return await asyncio.to_thread(lambda: SourceMap(gzip.decompress(packed)))

    async def tidy(self) -> int:
        """Remove the maps of removed sites, and objects that nobody lists; return how many objects that were."""
        await self._database.execute(SQL["remove_of_gone"])
        used = {
            _object(row["site"], bytes(row["sha256"]).hex()) for row in await self._database.fetch(SQL["all_contents"])
        }
        before_ms = clock.now_ms() - _STALE_MS
        gone = [
            blob.name
            async for blob in self._objects.walk(FOLDER)
            if blob.name not in used and blob.modified_ms < before_ms
        ]
        await self._objects.delete_many(gone)
        return len(gone)

    async def _assemble(self, site: int, offer: Offer) -> None:
        names = [_part(site, offer.sha256, part) for part in range(offer.parts)]
        packed = b"".join([await self._objects.get(name) for name in names])
        try:
            data = await asyncio.to_thread(_unpacked, packed)
            if hashlib.sha256(data).hexdigest() != offer.sha256:
                raise InvalidValue("the parts do not make the content of this digest", hint="Send it again.")
            await self._store(site, offer, data)
        finally:  # of what could not be stored nothing is kept, so that it can be sent again from the start
            await self._objects.delete_many(names)

    async def _store(self, site: int, offer: Offer, data: bytes) -> None:
        if int(str(await self._database.fetchval(SQL["count"], site))) >= MOST_MAPS:
            raise InvalidValue(
                f"the site has {MOST_MAPS:,} source maps", hint="Remove old releases: `sightline sourcemaps delete`."
            )
        read = await asyncio.to_thread(check, data)
        packed = await asyncio.to_thread(gzip.compress, data, 6, mtime=0)
        await self._objects.put(_object(site, offer.sha256), packed)
        await self._keep(site, offer, len(data), read.mappings)

    async def _keep(self, site: int, offer: Offer, size: int, mappings: int) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(
                SQL["keep"], site, offer.release, offer.file, offer.file.rpartition("/")[2],
                bytes.fromhex(offer.sha256), size, mappings, clock.now(),
            )  # fmt: skip
            await connection.execute(SQL["hear_of"], site, offer.release, clock.now_ms())


def split(data: bytes) -> tuple[str, list[bytes]]:
    """The digest of a map, and the parts in which it is sent."""
    packed = gzip.compress(data, 6, mtime=0)
    return hashlib.sha256(data).hexdigest(), [packed[at : at + PART_BYTES] for at in range(0, len(packed), PART_BYTES)]


def built_file(map_name: str, known: Sequence[str]) -> str:
    """The built file that a map of this name is for: beside it, under its name without `.map`."""
    name = map_name.removesuffix(".map")
    return name if name in known or name.endswith((".js", ".mjs", ".cjs", ".css")) else f"{name}.js"


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(31)
    try:
        data = unpacking.decompress(packed, MOST_BYTES + 1)
    except zlib.error:
        raise NotAMap("its parts are not gzip") from None
    if len(data) > MOST_BYTES:
        raise NotAMap(f"it has more than {MOST_BYTES:,} bytes")
    if not unpacking.eof:
        raise NotAMap("its last part is missing")
    return data


def _object(site: int, sha256: str) -> str:
    return f"{FOLDER}/{site}/{sha256}.json.gz"


def _parts(site: int, sha256: str) -> str:
    return f"{FOLDER}/{site}/parts/{sha256}"


def _part(site: int, sha256: str, part: int) -> str:
    return f"{_parts(site, sha256)}/{part:03}"
