"""Where a backup is kept: a folder, or one `.tar` file. The names and bytes in both are the same.

::

    manifest.json            what the backup is, and the size and SHA-256 of every file in it
    manifest.json.sha256     the SHA-256 of that, as `sha256sum -c` reads it
    tables/SCHEMA.TABLE.gz   the rows, in PostgreSQL's binary COPY format, compressed
    objects/STORE.jsonl.gz   the objects of a store: name, size, SHA-256
    objects/STORE/NAME       the objects themselves, where the store is a folder
    keys/…                   root key files, only when they were asked for

A backup is written under a name that ends in `.partial` and renamed when everything is on the disk.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
import tarfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from sightline.errors import Conflict, DiskFull, NotFound, ServiceError

MANIFEST: Final = "manifest.json"
MANIFEST_SUM: Final = "manifest.json.sha256"
CHUNK: Final = 1 << 20
_TAR: Final = tarfile.GNU_FORMAT


class BackupDamaged(ServiceError):
    """The backup is not what was written."""

    code = "backup_damaged"


class File(msgspec.Struct, frozen=True):
    """A file of a backup."""

    name: str
    size: int
    sha256: str


class Writer(ABC):
    """Writes a backup; nothing under its final name until `finish`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(target.name + ".partial")

    @abstractmethod
    def add(self, name: str, draft: Path) -> None:
        """Take a file that lies in `drafts`."""

    @abstractmethod
    def close(self) -> None:
        """Write what is outstanding."""

    @property
    @abstractmethod
    def drafts(self) -> Path: ...

    def finish(self) -> None:
        self.close()
        os.sync()
        self.partial.rename(self.target)
        descriptor = os.open(self.target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abandon(self) -> None:
        _remove(self.partial)


class FolderWriter(Writer):
    """A backup as a folder."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self.partial.mkdir(mode=0o700, parents=True)

    @property
    def drafts(self) -> Path:
        return self.partial / ".draft"

    def add(self, name: str, draft: Path) -> None:
        path = self.partial / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.rename(path)

    def close(self) -> None:
        _remove(self.drafts)


class TarWriter(Writer):
    """A backup as one file."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self.partial.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=_TAR)  # noqa: SIM115 - closed by close()

    @property
    def drafts(self) -> Path:
        return self.partial.with_name(self.partial.name + ".draft")

    def add(self, name: str, draft: Path) -> None:
        with draft.open("rb") as file:
            self._tar.addfile(_member(name, draft.stat().st_size), file)
        draft.unlink()

    def close(self) -> None:
        self._tar.close()
        self._file.close()
        _remove(self.drafts)

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        _remove(self.drafts)
        super().abandon()


@asynccontextmanager
async def writing(target: Path) -> AsyncIterator[Writer]:
    """Write a backup to `target`; whatever goes wrong, nothing is left that looks like one."""
    if await asyncio.to_thread(target.exists):
        raise Conflict(f"{str(target)!r} exists already", hint="Name a place that does not exist yet.")
    target = await asyncio.to_thread(target.absolute)
    kind = TarWriter if target.suffix == ".tar" else FolderWriter
    partial = target.with_name(target.name + ".partial")
    try:
        for left in (partial, partial.with_name(f"{partial.name}.draft")):  # by a run that was killed
            await asyncio.to_thread(_remove, left)
        writer = kind(target)
    except OSError as exc:
        raise _cannot_write(target, exc) from exc
    try:
        yield writer
        await asyncio.to_thread(writer.finish)
    except BaseException as exc:
        writer.abandon()
        if isinstance(exc, OSError):
            raise _cannot_write(target, exc) from exc
        raise


def _cannot_write(target: Path, exc: OSError) -> ServiceError:
    if exc.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFull.at(target.parent)
    return ServiceError(f"{str(target)!r} cannot be written: {exc.strerror or exc}", hint="Name another place.")


class Draft:
    """A file of a backup while it is written: hashed, counted, and perhaps compressed."""

    def __init__(self, writer: Writer, name: str, *, compress: bool) -> None:
        self._writer, self._name = writer, name
        writer.drafts.mkdir(mode=0o700, exist_ok=True)
        self._path = writer.drafts / hashlib.sha256(name.encode()).hexdigest()[:32]
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._hash = hashlib.sha256()
        self._size = 0
        self._pending: list[bytes] = []
        self._waiting = 0
        self._compressor = _compressor() if compress else None

    async def write(self, data: bytes) -> None:
        self._pending.append(data)
        self._waiting += len(data)
        if self._waiting >= CHUNK:
            await self._flush()

    async def finish(self) -> File:
        await self._flush()
        if self._compressor:
            self._store(self._compressor.flush())
        self._file.close()
        await asyncio.to_thread(self._writer.add, self._name, self._path)
        return File(self._name, self._size, self._hash.hexdigest())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    async def _flush(self) -> None:
        data, self._pending, self._waiting = b"".join(self._pending), [], 0
        await asyncio.to_thread(self._compress, data)

    def _compress(self, data: bytes) -> None:
        self._store(self._compressor.compress(data) if self._compressor else data)

    def _store(self, data: bytes) -> None:
        self._hash.update(data)
        self._size += len(data)
        self._file.write(data)


async def write_file(writer: Writer, name: str, data: bytes, *, compress: bool = False) -> File:
    draft = Draft(writer, name, compress=compress)
    try:
        await draft.write(data)
        return await draft.finish()
    finally:
        draft.close()


class Reader(ABC):
    """Reads a backup."""

    def __init__(self, place: Path) -> None:
        self.place = place

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Open a file of the backup; `NotFound` when it is missing."""

    def damages(self) -> Iterator[tuple[str, str]]:
        """What is wrong beside the content of files: name and words."""
        return iter(())

    def close(self) -> None:
        return

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def sum_of(self, name: str) -> File:
        digest, size = hashlib.sha256(), 0
        with self.open(name) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        return File(name, size, digest.hexdigest())


class FolderReader(Reader):
    """A backup in a folder."""

    def open(self, name: str) -> BinaryIO:
        try:
            return (self.place / name).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound(f"{name} is missing from the backup") from None


class TarReader(Reader):
    """A backup in one file."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self._broken: tuple[str, str] | None = None
        self._file = place.open("rb")
        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            self._tar: tarfile.TarFile | None = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115 - kept open
            for member in self._tar:
                self._members[member.name] = member
        except (tarfile.TarError, OSError, ValueError, EOFError) as exc:
            self._tar = None if not self._members else self._tar
            self._broken = (place.name, f"is not a readable archive after {len(self._members)} files: {exc}")

    def close(self) -> None:
        self._file.close()

    def open(self, name: str) -> BinaryIO:
        member = self._members.get(name)
        if member is None or self._tar is None or not member.isreg():
            raise NotFound(f"{name} is missing from the backup")
        found = self._tar.extractfile(member)
        assert found is not None, "a regular file"
        return cast("BinaryIO", found)

    def damages(self) -> Iterator[tuple[str, str]]:
        """Hold headers and padding, which no checksum of a file covers, against what would be written today."""
        if self._broken:
            yield self._broken
        end = 0
        for member in sorted(self._members.values(), key=lambda member: member.offset):
            if self._bytes(end, member.offset_data) != _member(member.name, member.size).tobuf(_TAR):
                yield member.name, "has a changed header"
            after = member.offset_data + member.size
            end = -(-after // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
            if any(self._bytes(after, end)):
                yield member.name, "is followed by bytes that do not belong there"
        size = self._file.seek(0, os.SEEK_END)
        if size % tarfile.RECORDSIZE or size < end + 2 * tarfile.BLOCKSIZE or any(self._bytes(end, size)):
            yield self.place.name, f"does not end behind its last file, at byte {end}"

    def _bytes(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(max(0, end - start))


def open_backup(place: Path) -> Reader:
    if place.is_dir():
        return FolderReader(place)
    if not place.exists():
        raise NotFound(f"there is no backup at {str(place)!r}", hint="Name the folder or file that `backup` wrote.")
    return TarReader(place)


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Always the same header for the same file, so that a flipped byte in one shows."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _compressor() -> "zlib._Compress":
    return zlib.compressobj(1, wbits=31)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
