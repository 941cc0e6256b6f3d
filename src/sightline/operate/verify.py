"""Hold a backup against its manifest: every byte of it, and the objects that it only lists."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from sightline.blobs.store import BlobStore
from sightline.errors import NotFound, SightlineError
from sightline.operate.archive import CHUNK, BackupDamaged, File, Reader, open_backup
from sightline.operate.manifest import Manifest, Object, Progress, StoreListing, read_manifest, silent

# Says why an object is gone: by retention, by an erasure; or None, when nothing explains it.
Explain = Callable[[str, Object], Awaitable[str | None]]


class Problem(msgspec.Struct, frozen=True):
    """Something that is wrong with a backup."""

    name: str
    what: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `gone` counts objects that retention or an erasure took since."""

    problems: list[Problem]
    manifest: Manifest | None = None
    digest: str = ""
    files: int = 0
    bytes: int = 0
    objects: int = 0
    gone: int = 0
    unchecked: list[str] = []

    @property
    def is_whole(self) -> bool:
        return not self.problems


async def verify(
    place: Path,
    stores: Mapping[str, BlobStore] | None = None,
    *,
    explain: Explain | None = None,
    progress: Progress = silent,
) -> Report:
    """Read the whole backup. `stores` are those whose objects it only lists; without them they stay unchecked."""
    reader = await asyncio.to_thread(open_backup, place)
    try:
        return await _verified(reader, stores or {}, explain, progress)
    finally:
        reader.close()


async def _verified(
    reader: Reader, stores: Mapping[str, BlobStore], explain: Explain | None, progress: Progress
) -> Report:
    problems = [Problem(*damage) for damage in await asyncio.to_thread(lambda: list(reader.damages()))]
    try:
        manifest, digest = await asyncio.to_thread(read_manifest, reader)
    except BackupDamaged as exc:
        return Report(problems=[*problems, Problem("manifest.json", exc.message)])
    total, done = sum(file.size for file in manifest.files), 0
    for file in manifest.files:
        problems += await asyncio.to_thread(_compared, reader, file)
        done += file.size
        progress("files", done, total)
    objects = gone = 0
    unchecked: list[str] = []
    for listing in manifest.stores:
        entries = await asyncio.to_thread(_entries, reader, listing, problems)
        objects += len(entries)
        if listing.copied:
            problems += await _copies(reader, listing, entries, progress)
        elif listing.store in stores:
            found, explained = await _elsewhere(stores[listing.store], listing, entries, explain)
            problems, gone = problems + found, gone + explained
        else:
            unchecked.append(listing.url)
    return Report(
        problems=problems, manifest=manifest, digest=digest, files=len(manifest.files), bytes=total, objects=objects,
        gone=gone, unchecked=unchecked,
    )  # fmt: skip


def unpacked(reader: Reader, name: str) -> Iterator[bytes]:
    """The content of a compressed file of a backup."""
    inflate = zlib.decompressobj(wbits=31)
    with reader.open(name) as file:
        while chunk := file.read(CHUNK):
            while chunk:
                if data := inflate.decompress(chunk, CHUNK):
                    yield data
                chunk = inflate.unconsumed_tail
    if data := inflate.flush():
        yield data
    if not inflate.eof:
        raise BackupDamaged(f"{name} ends too early")


def listed(reader: Reader, listing: StoreListing, problems: list[Problem] | None = None) -> Iterator[Object]:
    """The objects that a listing names; a listing that cannot be read is a problem."""
    try:
        yield from (
            msgspec.json.decode(line, type=Object) for line in b"".join(unpacked(reader, listing.file)).splitlines()
        )
    except (msgspec.DecodeError, zlib.error, SightlineError) as exc:
        if problems is None:
            raise BackupDamaged(f"{listing.file} cannot be read: {exc}") from exc
        if not any(problem.name == listing.file for problem in problems):
            problems.append(Problem(listing.file, f"cannot be read: {exc}"))


def _entries(reader: Reader, listing: StoreListing, problems: list[Problem]) -> list[Object]:
    return list(listed(reader, listing, problems))


def object_file(listing: StoreListing, entry: Object) -> str:
    return f"objects/{listing.store}/{entry.name}"


def _compared(reader: Reader, expected: File) -> list[Problem]:
    try:
        found = reader.sum_of(expected.name)
    except NotFound:
        return [Problem(expected.name, "is missing")]
    except OSError as exc:
        return [Problem(expected.name, f"cannot be read: {exc}")]
    if found.size != expected.size:
        return [Problem(expected.name, f"has {found.size} bytes, not {expected.size}")]
    return [] if found.sha256 == expected.sha256 else [Problem(expected.name, "does not match its checksum")]


async def _copies(reader: Reader, listing: StoreListing, entries: list[Object], progress: Progress) -> list[Problem]:
    problems: list[Problem] = []
    for number, entry in enumerate(entries, 1):
        expected = File(object_file(listing, entry), entry.size, entry.sha256 or "")
        problems += await asyncio.to_thread(_compared, reader, expected)
        progress(f"objects of {listing.store}", number, len(entries))
    return problems


async def _elsewhere(
    store: BlobStore, listing: StoreListing, entries: list[Object], explain: Explain | None
) -> tuple[list[Problem], int]:
    """Compare with what the store lists now; what is gone with an explanation is no problem."""
    there = {blob.name: blob async for blob in store.walk()}
    problems: list[Problem] = []
    gone = 0
    for entry in entries:
        blob = there.get(entry.name)
        name = f"{listing.url}/{entry.name}"
        if blob is None:
            reason = await explain(listing.store, entry) if explain else None
            gone += reason is not None
            if reason is None:
                problems.append(Problem(name, "is gone, and neither retention nor an erasure explains it"))
        elif blob.size != entry.size or (blob.etag and entry.etag and blob.etag != entry.etag):
            problems.append(Problem(name, "is another object than the one that was backed up"))
    return problems, gone


MAX_SHOWN: Final = 20


def complaint(report: Report) -> str:
    """The problems as one text for an error."""
    shown = "; ".join(f"{problem.name} {problem.what}" for problem in report.problems[:MAX_SHOWN])
    more = len(report.problems) - MAX_SHOWN
    return shown + (f"; and {more} more" if more > 0 else "")
