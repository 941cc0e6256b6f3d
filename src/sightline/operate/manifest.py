"""The manifest of a backup: everything that is needed to tell whether it is whole, and whether it fits."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from sightline.errors import NotFound, ServiceError
from sightline.operate.archive import MANIFEST, MANIFEST_SUM, BackupDamaged, File, Reader
from sightline.operate.tables import Sequence_, Table

FORMAT: Final = "sightline-backup-1"
# What is being done, how much of it, out of how much.
Progress = Callable[[str, int, int], object]


def silent(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


class BackupMigration(msgspec.Struct, frozen=True):
    """A migration that had been applied."""

    number: int
    name: str
    phase: str
    checksum: str


class TableFile(msgspec.Struct, frozen=True):
    """A table, its file, and how many rows are in it; a partitioned table has neither."""

    table: Table
    file: str | None
    rows: int


class StoreListing(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of one store: copied, or only listed when the store is elsewhere."""

    store: str
    url: str
    copied: bool
    file: str
    objects: int
    bytes: int
    vanished: int = 0
    damaged: list[str] = []


class Object(msgspec.Struct, frozen=True, kw_only=True):
    """An object of a store."""

    name: str
    size: int
    sha256: str | None = None
    etag: str | None = None


class VaultPart(msgspec.Struct, frozen=True, kw_only=True):
    """The vault's tables, read just before the rest, so that no blob is there whose key is not."""

    schema: str
    taken_at: datetime
    migrations: list[BackupMigration]
    tables: list[TableFile]
    sequences: list[Sequence_]

    @property
    def rows(self) -> int:
        return sum(entry.rows for entry in self.tables)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A backup."""

    format: str = FORMAT
    sightline: str
    postgresql: str
    schema: str
    snapshot: str
    taken_at: datetime
    migrations: list[BackupMigration]
    tables: list[TableFile]
    sequences: list[Sequence_]
    stores: list[StoreListing]
    roots: list[str]
    root_keys: list[str]
    erasure_log: list[str]
    files: list[File]
    vault: VaultPart | None = None

    @property
    def rows(self) -> int:
        return sum(entry.rows for entry in self.tables)


def encode(manifest: Manifest) -> tuple[bytes, bytes]:
    """The manifest and its checksum, as they are written."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    return data, f"{hashlib.sha256(data).hexdigest()}  {MANIFEST}\n".encode()


def read_manifest(reader: Reader) -> tuple[Manifest, str]:
    """Read and check the manifest; return it and its checksum."""
    try:
        data, line = reader.read(MANIFEST), reader.read(MANIFEST_SUM)
    except NotFound as exc:
        raise BackupDamaged(f"{reader.place}: {exc.message}", hint="It is no backup, or was never finished.") from exc
    digest = hashlib.sha256(data).hexdigest()
    if line != f"{digest}  {MANIFEST}\n".encode():
        raise BackupDamaged(f"{MANIFEST} and {MANIFEST_SUM} do not match", hint="One of them was changed.")
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:
            raise ServiceError(
                f"this backup has the format {head.format!r}, not {FORMAT!r}",
                hint=f"Restore it with Sightline {head.sightline}.",
            )
        return msgspec.json.decode(data, type=Manifest), digest
    except msgspec.DecodeError as exc:
        raise BackupDamaged(f"{MANIFEST} cannot be read: {exc}") from exc


class _Head(msgspec.Struct):
    format: str
    sightline: str = "?"
