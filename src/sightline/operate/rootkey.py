"""Rotation of keys by re-wrapping, for all tenants: a new root, or new tenant keys.

A local root is exchanged in three steps that each survive a crash: `root.next.key` is made, every tenant key is
wrapped by it, then it becomes `root.key` and the one before stays beside it, since older backups need it. A move to
AWS KMS, or from one KMS key to another, is: change `keys.root`, then rotate.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sightline.errors import ServiceError
from sightline.keys.ring import KeyRing
from sightline.keys.root import NEXT_FILE, Root, create_root, finish_rotation, read_root
from sightline.keys.rotation import Moved, move_to_active_parent, move_to_root
from sightline.keys.table import SQL
from sightline.keys.wrap import Kind
from sightline.operate.manifest import Progress, silent


class RootUse(msgspec.Struct, frozen=True):
    """A root and how many tenant keys it wraps."""

    root: str
    tenant_keys: int
    is_current: bool


async def uses(ring: KeyRing) -> list[RootUse]:
    """Which roots wrap tenant keys; the current one first, even if it wraps none yet."""
    async with ring.store.connection() as connection:
        found = {row["root"]: row["keys"] for row in await connection.fetch(SQL["roots"])}
    names = [ring.root.name, *sorted(name for name in found if name != ring.root.name)]
    return [RootUse(name, found.get(name, 0), name == ring.root.name) for name in names]


async def rotate_root(ring: KeyRing, folder: Path, progress: Progress = silent) -> tuple[str, Moved]:
    """Wrap every tenant key by a new local root, or by the KMS key of the settings; return its name, too."""
    is_local = ring.root.name.startswith("local:")
    root = await asyncio.to_thread(_next_root, folder) if is_local else ring.root
    moved = await move_to_root(ring, root, lambda done, total: progress("tenant keys", done, total))
    if moved.failed:
        raise ServiceError(
            f"{moved.failed} tenant keys could not be opened and stay as they are; {moved.done} were re-wrapped",
            hint="Restore these rows of wrapped_keys from a backup, then rotate again.",
        )
    if is_local:
        await asyncio.to_thread(finish_rotation, folder)
    return root.name, moved


def _next_root(folder: Path) -> Root:
    following = folder / NEXT_FILE
    return read_root(following) if following.exists() else create_root(following)


async def tenants(ring: KeyRing) -> list[int]:
    async with ring.store.connection() as connection:
        return [row["tenant_id"] for row in await connection.fetch(SQL["tenants_with_keys"])]


async def rotate_tenants(ring: KeyRing, tenant_ids: Sequence[int], progress: Progress = silent) -> Moved:
    """Give tenants a new key each, and wrap their data keys by it; older versions stay and still open."""
    done = failed = 0
    for number, tenant_id in enumerate(tenant_ids, 1):
        await ring.rotate(Kind.TENANT, tenant_id)
        moved = await move_to_active_parent(ring, tenant_id)
        done, failed = done + moved.done, failed + moved.failed
        progress("tenants", number, len(tenant_ids))
    return Moved(done, failed)
