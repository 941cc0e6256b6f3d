"""An object store in a folder: atomic, durable, private to its owner.

A write is: the content to `.temp`, synced; its checksum to `.sums`, synced; then a rename over the name, and the
folder synced. While an object is being replaced its `.sums` file lists both checksums, the new one first, so that a
crash between the two renames leaves an object that matches. Changes of one name exclude each other by a lock file, also
between processes.
"""

import asyncio
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from sightline.blobs.store import (
    Blob,
    Disk,
    StoreDenied,
    StoreUnavailable,
    checked_name,
    checked_prefix,
    checksum_of,
    damaged,
    missing,
    out_of_range,
    taken,
)
from sightline.errors import Conflict, DiskFull, SightlineError

P = ParamSpec("P")
R = TypeVar("R")

_PAGE: Final = 500
_LOCKS: Final = 64


class FolderStore:
    """Objects as files below a folder."""

    is_remote = False

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sums = root / ".sums"
        self._temp = root / ".temp"
        self._locks = root / ".locks"
        self.url = str(root)

    def __repr__(self) -> str:
        return f"FolderStore({self.url})"

    def location(self, name: str) -> str:
        return str(self._root / checked_name(name))

    async def put(self, name: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> Blob:
        checked_name(name)
        return await self._run(name, self._put, name, data, if_absent, if_match)

    async def get(self, name: str) -> bytes:
        return await self._run(name, self._get, checked_name(name))

    async def get_range(self, name: str, start: int, length: int) -> bytes:
        return await self._run(name, self._get_range, checked_name(name), start, length)

    async def head(self, name: str) -> Blob:
        return await self._run(name, self._head, checked_name(name))

    async def walk(self, prefix: str = "", *, after: str = "") -> AsyncIterator[Blob]:
        walk = self._files(checked_prefix(prefix), after)
        while page := await asyncio.to_thread(lambda: list(islice(walk, _PAGE))):
            for blob in page:
                yield blob

    async def delete(self, name: str) -> None:
        await self._run(name, self._delete, checked_name(name))

    async def delete_many(self, names: Iterable[str]) -> None:
        for name in [checked_name(name) for name in names]:
            await self.delete(name)

    async def disk(self) -> Disk:
        return await asyncio.to_thread(self._disk)

    def _disk(self) -> Disk:
        there = next(place for place in (self._root, *self._root.parents) if place.exists())
        usage = shutil.disk_usage(there)
        return Disk(free=usage.free, total=usage.total)

    async def copy(self, source: str, target: str) -> Blob:
        checked_name(target)
        return await self.put(target, await self.get(source))

    async def _run(self, name: str, work: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        try:
            return await asyncio.to_thread(work, *args, **options)
        except OSError as exc:
            raise self._translated(name, exc) from exc

    def _translated(self, name: str, exc: OSError) -> SightlineError:
        if exc.errno == errno.ENOENT:
            return missing(name, self.url)
        if exc.errno in {errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST}:
            return Conflict(f"{name!r} in {self.url} is both an object and a folder", hint="Choose another name.")
        if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            return DiskFull.at(self._root)
        if exc.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            return StoreDenied(
                f"{self.url} cannot be written or read: {exc.strerror}", hint="Check its owner and mode."
            )
        return StoreUnavailable(f"{self.url}: {exc.strerror}")

    # ---- in a thread ----------------------------------------------------------------------------------------------

    def _put(self, name: str, data: bytes, if_absent: bool, if_match: str | None) -> Blob:  # noqa: FBT001
        checksum = checksum_of(data)
        draft = self._draft(data)
        try:
            with self._locked(name):
                before = self._head_or_none(name)
                if if_absent and before is not None:
                    raise taken(name, self.url)
                if if_match is not None and (before is None or before.etag != if_match):
                    raise taken(name, self.url)
                sums = [checksum, *([before.checksum] if before and before.checksum else [])]
                self._place(self._draft("\n".join(sums).encode()), self._sums / name)
                self._place(draft, self._root / name)
        finally:
            draft.unlink(missing_ok=True)
        return self._head(name)

    def _get(self, name: str) -> bytes:
        for _ in range(3):  # replaced between the two reads: read again
            data, sums = (self._root / name).read_bytes(), self._known_sums(name)
            if not sums or checksum_of(data) in sums:
                return data
        raise damaged(name, self.url)

    def _get_range(self, name: str, start: int, length: int) -> bytes:
        with (self._root / name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if start < 0 or length < 1 or start >= size:
                raise out_of_range(name, start, length)
            return os.pread(file.fileno(), length, start)

    def _head(self, name: str) -> Blob:
        path = self._root / name
        found = path.stat()
        if not path.is_file():
            raise missing(name, self.url)
        sums = self._known_sums(name)
        checksum = sums[0] if sums else None
        if len(sums) > 1 and checksum_of(path.read_bytes()) != checksum:
            checksum = sums[1]  # a crash came between the two renames
        etag = checksum or f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
        return Blob(
            name=name, size=found.st_size, modified_ms=found.st_mtime_ns // 1_000_000, etag=etag, checksum=checksum
        )

    def _head_or_none(self, name: str) -> Blob | None:
        return self._head(name) if (self._root / name).is_file() else None

    def _delete(self, name: str) -> None:
        with self._locked(name):
            for base in (self._root, self._sums):
                path = base / name
                try:
                    path.unlink()
                except (FileNotFoundError, NotADirectoryError):
                    continue
                _sync(path.parent)
                self._prune(path.parent, base)

    def _files(self, prefix: str, after: str) -> Iterator[Blob]:
        """All files in the order of their whole names, which is not the order of their folders: `a-b` < `a/b`."""
        pending = [f"{prefix}/" if prefix else ""]
        while pending:
            name = pending.pop()
            if name and not name.endswith("/"):
                if name > after and (found := _stat(self._root / name)):
                    yield Blob(name=name, size=found.st_size, modified_ms=found.st_mtime_ns // 1_000_000)
                continue
            pending.extend(name + entry for entry in sorted(_entries(self._root / name), reverse=True))

    def _known_sums(self, name: str) -> list[str]:
        try:
            return (self._sums / name).read_text().split()
        except FileNotFoundError:
            return []

    def _draft(self, data: bytes) -> Path:
        _make_folder(self._temp)
        path = self._temp / secrets.token_hex(8)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _place(self, draft: Path, path: Path) -> None:
        for attempt in range(5):
            _make_folder(path.parent)
            try:
                draft.replace(path)
                break
            except FileNotFoundError:  # a deletion removed the empty folder in this moment
                if attempt == 4:
                    raise
        _sync(path.parent)

    def _prune(self, folder: Path, base: Path) -> None:
        while folder != base:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        _make_folder(self._locks)
        number = hashlib.sha256(name.encode()).digest()[0] % _LOCKS
        descriptor = os.open(self._locks / f"{number:02}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _entries(folder: Path) -> list[str]:
    """Names in a folder, those of folders with a slash, so that they sort as parts of whole names do."""
    try:
        with os.scandir(folder) as found:
            return [
                f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in found
                if not entry.name.startswith(".")
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        _make_folder(folder.parent)
        _make_folder(folder)
        return
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # removed by a deletion, which has synced its parent
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
