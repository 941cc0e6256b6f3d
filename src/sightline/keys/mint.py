"""New versions of keys: made, wrapped and stored under the lock of their chain."""

import secrets
from typing import Any, Final

from sightline import clock
from sightline.keys.failures import KeyDestroyed
from sightline.keys.held import Held
from sightline.keys.root import Root
from sightline.keys.table import SQL, Connection, Row, Store, chain, lock_and_read, row_of
from sightline.keys.wrap import KEY_SIZE, KeyId, check_value, wipe, wrap

# A version is retired after this many seals: far below the 2^32 that NIST SP 800-38D allows with random nonces.
BOUND: Final = 2**28


class ParentRetired(Exception):
    """The tenant key that was to wrap a new key is no longer the active one."""


class Minter:
    """Makes new versions."""

    def __init__(self, store: Store, root: Root, bound: int) -> None:
        self._store = store
        self._root = root
        self.bound = bound

    async def tenant_key(self, key_id: KeyId, *, anew: bool = False) -> Row:
        """Return the active tenant key; make it when there is none, or in any case `anew`."""
        async with self._store.transaction() as connection:
            rows = await lock_and_read(connection, key_id)
            if (active := _active(rows)) and not anew:
                return active
            fresh = _following(key_id, rows)
            key = bytearray(secrets.token_bytes(KEY_SIZE))
            try:
                # Under the lock, so that the version bound to the wrap is the one that is stored.
                wrapped = await self._root.wrap(key, fresh)
                return await _insert(connection, stored_row(fresh, wrapped, key, root=self._root.name))
            finally:
                wipe(key)

    async def child_key(self, key_id: KeyId, parent: Held, *, uses: int, anew: bool = False) -> Row:
        """Return the active version with `uses` leased; make one when there is none or the bound would be passed."""
        async with self._store.transaction() as connection:
            rows = await lock_and_read(connection, key_id)
            active = _active(rows)
            if active and not anew:
                leased = await connection.fetchrow(
                    SQL["take_lease"], *chain(key_id), active.key_id.version, uses, self.bound
                )
                if leased is not None:
                    return row_of(leased)
            fresh = _following(key_id, rows)
            parent_version = parent.key_id.version
            if await connection.fetchval(SQL["hold_parent"], key_id.tenant_id, parent_version) is None:
                raise ParentRetired
            key = bytearray(secrets.token_bytes(KEY_SIZE))
            try:
                wrapped = wrap(parent.aead, key, fresh)
                return await _insert(
                    connection, stored_row(fresh, wrapped, key, parent_version=parent_version, uses=uses)
                )
            finally:
                wipe(key)


def _active(rows: list[Row]) -> Row | None:
    return next((row for row in rows if row.state == "active"), None)


def _following(key_id: KeyId, rows: list[Row]) -> KeyId:
    if rows and all(row.is_destroyed for row in rows):
        raise KeyDestroyed
    return key_id.at(1 + max((row.key_id.version for row in rows), default=0))


def stored_row(key_id: KeyId, wrapped: bytes, key: bytearray, **parts: Any) -> Row:
    return Row(key_id=key_id, wrapped=wrapped, check_value=check_value(key, key_id), state="active", **parts)


async def _insert(connection: Connection, row: Row) -> Row:
    await connection.execute(SQL["retire_active"], *chain(row.key_id))
    await connection.execute(
        SQL["insert_version"], *chain(row.key_id), row.key_id.version, row.parent_version, row.root, row.wrapped,
        row.check_value, row.uses, clock.now(),
    )  # fmt: skip
    return row
