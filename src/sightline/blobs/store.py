"""The interface of an object store, the same for a folder and for S3.

Names are relative paths of `/`-separated parts, none of which begins with a dot. A prefix is a folder: `a/b` lists
`a/b/c` but not `a/bc`. Every object carries the SHA-256 of its content, written with it and checked whenever it is
read whole: on S3 as the metadata `sha256` (and, on the way there, as S3's own checksum header), in a folder in a file
of the same name below `.sums`, since neither extended attributes nor a trailer would survive every file system and
leave Parquet files readable for other programs. Objects that others wrote have no checksum and are read unchecked.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable
from typing import Final, Protocol

import msgspec

from sightline.errors import Conflict, InvalidValue, NotFound, ServiceError, Unavailable

MAX_NAME: Final = 900
_RESERVE: Final = 1 << 28
_PART: Final = re.compile(r"[A-Za-z0-9_=+@~-][A-Za-z0-9_=+@~. -]{0,199}")


class StoreUnavailable(Unavailable):
    """The object store does not answer."""

    code = "store_unavailable"


class StoreDenied(ServiceError):
    """The object store refuses access."""

    code = "store_denied"


class Damaged(ServiceError):
    """An object is not what was written."""

    code = "damaged"


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an object. A listing knows no checksum, and of a folder no etag."""

    name: str
    size: int
    modified_ms: int
    etag: str | None = None
    checksum: str | None = None


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """The disk below a store."""

    free: int
    total: int

    @property
    def full(self) -> bool:
        """Whether hardly anything fits any more: less than a hundredth of it, of a large disk less than 256 MB."""
        return self.free < min(self.total // 100, _RESERVE)


class BlobStore(Protocol):
    """An object store."""

    @property
    def url(self) -> str:
        """Where it is: `s3://bucket/prefix` or a folder."""

    @property
    def is_remote(self) -> bool:
        """Whether it is kept elsewhere, so that a backup lists it instead of copying it."""

    def location(self, name: str) -> str:
        """What another program calls this object: a path or an `s3://` URL."""

    async def put(self, name: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> Blob:
        """Write an object whole; a condition that does not hold raises `Conflict`."""

    async def get(self, name: str) -> bytes:
        """Read an object whole; `Damaged` when it does not match its checksum."""

    async def get_range(self, name: str, start: int, length: int) -> bytes:
        """Read a part, shorter at the end; unchecked."""

    async def head(self, name: str) -> Blob: ...

    def walk(self, prefix: str = "", *, after: str = "") -> AsyncIterator[Blob]:
        """Walk through the objects below a folder in the order of their names, from behind `after`."""

    async def delete(self, name: str) -> None:
        """Delete an object; that there is none is no error."""

    async def delete_many(self, names: Iterable[str]) -> None: ...

    async def disk(self) -> Disk | None:
        """The disk that it lies on; None where its owner says that there is always room."""

    async def copy(self, source: str, target: str) -> Blob:
        """Copy an object with its checksum, over what is there."""


def checked_name(name: str) -> str:
    """A name that stays inside the store and means the same in every store."""
    parts = name.split("/")
    if len(name) > MAX_NAME or not all(_PART.fullmatch(part) for part in parts) or name.endswith((" ", ".")):
        raise InvalidValue(
            f"{name[:200]!r} is no name of an object",
            hint="Use letters, digits and _=+@~.- in parts between slashes, none beginning with a dot.",
        )
    return name


def checked_prefix(prefix: str) -> str:
    return checked_name(prefix.rstrip("/")) if prefix else ""


def checksum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def missing(name: str, url: str) -> NotFound:
    return NotFound(f"there is no object {name!r} in {url}")


def taken(name: str, url: str) -> Conflict:
    return Conflict(f"the object {name!r} in {url} is not in the expected state: it exists already or was changed")


def damaged(name: str, url: str) -> Damaged:
    return Damaged(f"the object {name!r} in {url} does not match its checksum", hint="Restore it from a backup.")


def out_of_range(name: str, start: int, length: int) -> InvalidValue:
    return InvalidValue(f"the object {name!r} has no bytes from {start}, length {length}")
