"""Rotation by re-wrapping: the keys stay, what wraps them changes. Resumable, since a row says what wraps it now.

A row that was destroyed or moved by another process meanwhile is left alone; a row that cannot be opened is counted
and passed over, never overwritten.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sightline import clock
from sightline.errors import Conflict
from sightline.keys.failures import KeyDestroyed, KeyFailure
from sightline.keys.ring import KeyRing
from sightline.keys.root import Root
from sightline.keys.table import SQL, Row, row_of
from sightline.keys.wrap import wipe, wrap

BATCH: Final = 500
# Called with how many are done, and how many there were to do.
Progress = Callable[[int, int], object]


class Moved(msgspec.Struct, frozen=True):
    """What a run did. `failed` could not be opened and stay as they are."""

    done: int
    failed: int


async def move_to_root(ring: KeyRing, root: Root, progress: Progress | None = None) -> Moved:
    """Wrap every tenant key anew by `root`. The ring has to know the roots that wrap them now."""
    async with ring.store.connection() as connection:
        total = await connection.fetchval(SQL["count_under_other_roots"], root.name)
    after, done, failed = (-1, -1), 0, 0
    while True:
        async with ring.store.connection() as connection:
            records = await connection.fetch(SQL["under_other_roots"], root.name, *after, BATCH)
        for row in map(row_of, records):
            try:
                done += await _move_one(ring, root, row)
            except KeyFailure:
                failed += 1
            if progress:
                progress(done + failed, total)
            after = (row.key_id.tenant_id, row.key_id.version)
        if len(records) < BATCH:
            return Moved(done, failed)


async def _move_one(ring: KeyRing, root: Root, row: Row) -> bool:
    key = await ring.unwrap_row(row)
    try:
        wrapped = await root.wrap(key, row.key_id)
    finally:
        wipe(key)
    async with ring.store.connection() as connection:
        status = await connection.execute(
            SQL["move_to_root"], row.key_id.tenant_id, row.key_id.version, root.name, wrapped, clock.now(), row.root
        )
    return bool(status.endswith(" 1"))


async def move_to_active_parent(
    ring: KeyRing, tenant_id: int, progress: Progress | None = None, *, batch: int = BATCH, pause_s: float = 0
) -> Moved:
    """Wrap a tenant's keys anew by the active version of its key; `pause_s` between batches spares the database."""
    parent = await ring.tenant_held(tenant_id)
    version = parent.key_id.version
    async with ring.store.connection() as connection:
        total = await connection.fetchval(SQL["count_under_older_parents"], tenant_id, version)
    after: tuple[int, str, str, int] = (0, "", "", 0)
    done, failed = 0, 0
    while True:
        async with ring.store.connection() as connection:
            records = await connection.fetch(SQL["under_older_parents"], tenant_id, version, *after, batch)
        rows = [row_of(record) for record in records]
        moved = [(row, wrapped) for row in rows if (wrapped := await _rewrapped(ring, parent.aead, row)) is not None]
        failed += len(rows) - len(moved)
        done += await _store(ring, tenant_id, version, moved)
        if progress:
            progress(done + failed, total)
        if len(rows) < batch:
            return Moved(done, failed)
        last = rows[-1].key_id
        after = (int(last.kind), last.purpose, last.owner, last.version)
        await asyncio.sleep(pause_s)


async def _rewrapped(ring: KeyRing, parent: AESGCM, row: Row) -> bytes | None:
    try:
        key = await ring.unwrap_row(row)
    except (KeyFailure, KeyDestroyed):
        return None
    try:
        return wrap(parent, key, row.key_id)
    finally:
        wipe(key)


async def _store(ring: KeyRing, tenant_id: int, version: int, moved: list[tuple[Row, bytes]]) -> int:
    columns = [
        [int(row.key_id.kind) for row, _ in moved],
        [row.key_id.purpose for row, _ in moved],
        [row.key_id.owner for row, _ in moved],
        [row.key_id.version for row, _ in moved],
        [row.parent_version for row, _ in moved],
        [wrapped for _, wrapped in moved],
    ]
    async with ring.store.transaction() as connection:
        # Nobody may destroy or exchange the new parent between the wrap and its storing.
        if await connection.fetchval(SQL["hold_parent"], tenant_id, version) is None:
            raise Conflict(
                f"the key of tenant {tenant_id} was rotated or destroyed meanwhile", hint="Run the rotation again."
            )
        status = await connection.execute(SQL["move_to_parent"], tenant_id, version, clock.now(), *columns)
    return int(status.split()[-1])
