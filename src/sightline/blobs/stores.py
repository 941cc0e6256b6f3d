"""The object stores of one installation: recordings, extents and seals."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from sightline.blobs.folder import FolderStore
from sightline.blobs.s3 import S3Store
from sightline.blobs.store import BlobStore, checked_prefix
from sightline.errors import SettingError
from sightline.settings import AwsSettings, BlobSettings


class Stores(msgspec.Struct, frozen=True):
    """One store per kind of object."""

    recordings: BlobStore
    extents: BlobStore
    seals: BlobStore

    def __iter__(self) -> Iterator[tuple[str, BlobStore]]:
        yield from (("recordings", self.recordings), ("extents", self.extents), ("seals", self.seals))


def open_stores(blobs: BlobSettings, aws: AwsSettings, data: Path) -> Stores:
    """Open the stores of the settings; nothing is sent or made yet."""
    opened = {
        name: open_store(getattr(blobs, name) or str(data / "blobs" / name), aws, setting=f"blobs.{name}")
        for name in ("recordings", "extents", "seals")
    }
    return Stores(**opened)


def open_store(place: str, aws: AwsSettings, *, setting: str) -> BlobStore:
    """Open `s3://bucket/prefix` or a folder."""
    if not place.startswith("s3://"):
        if "://" in place:
            raise SettingError(f"{setting} = {place!r}", hint="Write s3://bucket/prefix or a folder.")
        return FolderStore(Path(place).expanduser().absolute())
    parts = urlsplit(place)
    if not parts.netloc or parts.query or parts.fragment:
        raise SettingError(f"{setting} = {place!r} names no bucket", hint="Write s3://bucket/prefix.")
    return S3Store(parts.netloc, checked_prefix(parts.path.strip("/")), aws)
