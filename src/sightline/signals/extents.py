"""Extents: immutable Parquet files of sealed signals in the object store, and the catalogue that says which count.

Only what the catalogue lists exists for readers; an object that a crash left behind is nobody's and is swept away.
"""

import hashlib
from datetime import date
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from sightline.blobs.store import BlobStore, Damaged
from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "extents.sql")


class Extent(Struct, frozen=True, kw_only=True):
    """One Parquet file: the signals of one kind that were created on one day."""

    id: int = 0
    kind: str
    day: date
    object: str
    rows: int
    size: int
    sha256: bytes
    sites: tuple[int, ...]
    site_rows: tuple[int, ...]
    from_ms: int
    to_ms: int
    rules: int
    sealed_pos: int


class Snapshot(Struct, frozen=True):
    """All that is sealed, at one moment."""

    extents: list[Extent]
    sealed_pos: int
    generation: int

    @property
    def rows(self) -> int:
        return sum(extent.rows for extent in self.extents)


class Catalogue:
    """The extents of a database. `direct` is the writer itself where the database is reached through a proxy.

    Locks that go with a session and long reads use that, since a proxy hands sessions around.
    """

    def __init__(self, database: Database, objects: BlobStore, direct: Address | None = None) -> None:
        self.database = database
        self.objects = objects
        self.direct = direct or database.address

    async def snapshot(self) -> Snapshot:
        """What readers take from extents, and the place of the ledger from which they take the journal."""
        async with (
            self.database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            state = await connection.fetchrow(SQL["state"])
            rows = await connection.fetch(SQL["current"])
        assert state is not None
        return Snapshot([extent_of(row) for row in rows], state["sealed_pos"], state["generation"])

    async def read(self, extent: Extent) -> bytes:
        data = await self.objects.get(extent.object)
        if hashlib.sha256(data).digest() != extent.sha256:
            raise Damaged(f"the extent {extent.object!r} is not what was sealed", hint="Restore it from a backup.")
        return data


def extent_of(row: asyncpg.Record) -> Extent:
    return msgspec.convert(dict(row), Extent)
