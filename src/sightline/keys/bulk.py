"""Data keys of many owners at once: one statement where the ring would need several for each.

Rotation and import touch every owner of a tenant once, so no cache helps them. An owner for whom that is not possible
(destroyed, at its bound, not there) is left out; the ring answers for that one as ever.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sightline import clock
from sightline.errors import Conflict
from sightline.keys.failures import LeaseEnded
from sightline.keys.held import Guarded, Held
from sightline.keys.mint import stored_row
from sightline.keys.ring import KeyRing
from sightline.keys.table import SQL, Row
from sightline.keys.wrap import KEY_SIZE, KeyId, Kind, confirm, unwrap, unwrap_confirmed, wipe, wrap

MOST: Final = 10_000


class Leased(Guarded):
    """The active key of one owner, with what was leased of it."""

    __slots__ = ("_cipher", "_left", "version")

    def __init__(self, cipher: AESGCM, version: int, uses: int) -> None:
        self._cipher = cipher
        self.version = version
        self._left = uses

    def lend(self, uses: int) -> AESGCM:
        """The cipher; what it will encrypt is counted here."""
        if uses > self._left:
            raise LeaseEnded
        self._left -= uses
        return self._cipher


async def lease_many(
    ring: KeyRing, tenant_id: int, purpose: str, owners: Sequence[str], uses: int
) -> dict[str, Leased]:
    """The active keys of these owners, each with `uses` seals leased. For one batch, then let go: nobody holds them."""
    async with ring.store.transaction() as connection:
        if uses:
            await connection.execute(SQL["lock_leases"], tenant_id, purpose)
            records = await connection.fetch(SQL["lease_many"], tenant_id, purpose, list(owners), uses, ring.bound)
        else:  # only to open: nothing is counted
            records = await connection.fetch(SQL["read_many"], tenant_id, purpose, list(owners))
    parents: dict[int, AESGCM] = {}
    for version in {record["parent_version"] for record in records}:
        parents[version] = (await ring.tenant_held(tenant_id, version)).aead
    encoded = KeyId(kind=Kind.DATA, tenant_id=tenant_id, purpose=purpose).encoder()
    found = {}
    for owner, version, parent, wrapped, check in records:
        key = unwrap_confirmed(parents[parent], wrapped, encoded(version, owner), check)
        found[owner] = Leased(AESGCM(key), version, uses)
        wipe(key)
    return found


async def make_many(ring: KeyRing, tenant_id: int, purpose: str, owners: Sequence[str], uses: int) -> int:
    """Make first keys for owners who never had one, each with `uses` seals leased; return of how many."""
    parent, epoch = await ring.tenant_held(tenant_id), ring.epoch(tenant_id)
    rows: list[Row] = []
    for owner in owners:
        key_id = KeyId(kind=Kind.DATA, tenant_id=tenant_id, purpose=purpose, owner=owner)
        key = bytearray(secrets.token_bytes(KEY_SIZE))
        try:
            rows.append(
                stored_row(key_id, wrap(parent.aead, key, key_id), key, parent_version=parent.key_id.version, uses=uses)
            )
        finally:
            wipe(key)
    async with ring.store.transaction() as connection:
        # Nobody may retire the tenant key between the wraps and their storing.
        if await connection.fetchval(SQL["hold_parent"], tenant_id, parent.key_id.version) is None:
            raise Conflict(f"the key of tenant {tenant_id} was rotated meanwhile", hint="Try again.")
        made = await connection.fetch(
            SQL["insert_many"], tenant_id, purpose, parent.key_id.version, uses, clock.now(),
            [row.key_id.owner for row in rows], [row.wrapped for row in rows], [row.check_value for row in rows],
        )  # fmt: skip
    fresh = {record["owner"] for record in made}
    held = [_held(row, {parent.key_id.version: parent}) for row in rows if row.key_id.owner in fresh]
    if ring.epoch(tenant_id) == epoch:  # else something was destroyed meanwhile, and the ring looks for itself
        for one in held:
            ring.adopt(one, uses)
    return len(held)


def _held(row: Row, parents: Mapping[int, Held]) -> Held:
    assert row.parent_version is not None, "a data key is wrapped by a tenant key"
    parent = parents[row.parent_version]
    key = unwrap(parent.aead, row.wrapped, row.key_id)
    try:
        confirm(key, row.key_id, row.check_value)
        return Held(key, row.key_id, born_ms=clock.now_ms(), life_ms=parent.life_ms, parent=parent)
    finally:
        wipe(key)
