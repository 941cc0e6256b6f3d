"""Extents: immutable Parquet files of sealed signals in the object store, and the catalogue that says which count.

Only what the catalogue lists exists for readers; an object that a crash left behind is nobody's and is swept away.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import date
from typing import Final, Protocol

import asyncpg
import msgspec
from msgspec import Struct

from sightline.database.pool import Database
from sightline.errors import ServiceError
from sightline.sql import queries

SQL: Final = queries("sightline.signals", "extents.sql")


class Listed(Protocol):
    """An object in a listing."""

    @property
    def name(self) -> str: ...

    @property
    def modified_ms(self) -> int: ...


class Objects(Protocol):
    """What extents need of an object store."""

    async def put(self, name: str, data: bytes) -> object: ...

    async def get(self, name: str) -> bytes:
        """Read an object; `NotFound` when there is none."""

    async def delete(self, name: str) -> None: ...

    def walk(self, prefix: str = "") -> AsyncIterator[Listed]:
        """List the objects below a folder."""


class Damaged(ServiceError):
    """An extent is not what was sealed."""

    code = "damaged"


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
    """The extents of a database."""

    def __init__(self, database: Database, objects: Objects) -> None:
        self.database = database
        self.objects = objects

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
