"""The key ring: root key → tenant key → data keys and HMAC keys, wrapped in a table, unwrapped in a bounded cache.

A held key serves until `keys.cache_age_s` after the root was last heard of, never longer: a key that is withdrawn at
the root stops working within that time, and an outage of the root is bridged for that time. A tenant key is asked for
again a little earlier, at a random moment and in the background, so that nobody waits while the root answers. When the
root refuses, all keys of the tenant are forgotten at once. One load at a time runs for a key, however many wait.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec

from sightline import clock, metrics
from sightline.errors import InvalidValue, SettingError, SightlineError
from sightline.keys.cache import ACTIVE, Cache, Refusal, Slot
from sightline.keys.failures import KeyDenied, KeyDestroyed, KeyFailure, KeyInUse, RootUnavailable
from sightline.keys.held import DataKey, Held, HmacKey
from sightline.keys.kms import KmsRoot
from sightline.keys.mint import BOUND, Minter, ParentRetired
from sightline.keys.root import FILE, Root, create_root, local_roots, read_root
from sightline.keys.table import SQL, Connection, Row, Store, chain, read, row_of
from sightline.keys.wrap import KeyId, Kind, confirm, fail, sealed_version, unwrap, wipe
from sightline.settings import AwsSettings, KeySettings

CHANNEL: Final = "sightline_keys"
DENIED_MS: Final = 5_000
# Long enough that a crowd of requests does not queue up behind one timeout after the other.
AWAY_MS: Final = 1_000

# Tenant, kind, purpose, owner, and whether the key was destroyed or only exchanged.
_Announcement = tuple[int, int, str, str, bool]
RootFinder = Callable[[str], Awaitable[Root | None]]


class KeyRing:
    """Hands out keys. One per process and event loop."""

    def __init__(
        self,
        store: Store,
        root: Root,
        settings: KeySettings | None = None,
        *,
        find_root: RootFinder | None = None,
        bound: int = BOUND,
    ) -> None:
        self._settings = settings or KeySettings()
        self.store = store
        self.root = root
        self._find_root = find_root
        self._minter = Minter(store, root, bound)
        self._cache = Cache(self._settings.cache_entries)
        self._flights: dict[Slot, asyncio.Task[Held]] = {}
        self._epochs: dict[int, int] = {}
        self._others: dict[str, Root] = {}

    def __repr__(self) -> str:
        return f"KeyRing({self.root.name}, {len(self._cache)} keys held)"

    @classmethod
    async def open(cls, store: Store, keys: KeySettings, aws: AwsSettings, folder: Path) -> "KeyRing":
        """Open the ring with the root key of the settings; a local one lies in `folder` and is made on first start."""
        async with store.connection() as connection:
            known = [record["root"] for record in await connection.fetch(SQL["roots"])]
        locals_ = await local_roots(folder)
        needed = sorted(name for name in known if name.startswith("local:") and name not in locals_)
        if needed:
            raise SettingError(
                f"the database's keys were wrapped by the root key {', '.join(needed)}, which {str(folder)!r} lacks",
                hint=f"Put its file back as {folder / FILE}; without it nothing that was sealed can be opened.",
            )
        root: Root
        if keys.root == "local":
            path = folder / FILE
            # A folder that holds only other roots has lost this one: make none, unless nothing was wrapped yet.
            if not path.exists() and any(name in locals_ for name in known):
                read_root(path)
            root = await asyncio.to_thread(read_root if path.exists() else create_root, path)
        else:
            root = KmsRoot(keys.root, aws)

        async def find(name: str) -> Root | None:
            if name.startswith("kms:"):
                return KmsRoot(name.removeprefix("kms:"), aws)
            return (await local_roots(folder)).get(name)

        return cls(store, root, keys, find_root=find)

    async def close(self) -> None:
        """Forget every key."""
        for task in list(self._flights.values()):
            task.cancel()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)
        self._cache.clear()
        for root in (self.root, *self._others.values()):
            root.close()

    # ---- what callers ask for ---------------------------------------------------------------------------------

    async def data_key(
        self,
        tenant_id: int,
        purpose: str,
        owner: str = "",
        *,
        uses: int = 1,
        max_age_s: float | None = None,
    ) -> DataKey:
        """Return the active key of an owner, made when there is none; it seals, and opens what it sealed.

        `uses` is how often the caller will seal with this handle. `max_age_s` asks for a key that the root confirmed
        within that time.
        """
        if uses < 0:
            raise InvalidValue(f"a key cannot be used {uses} times")
        slot = Slot(tenant_id, Kind.DATA, purpose, owner, ACTIVE)
        held = await self._hold(slot, max_age_s)
        while held.left < uses:
            held = await self._flight(slot, lambda: self._lease(slot, uses))
        held.left -= uses
        return DataKey(held, uses)

    async def opening_key(
        self, tenant_id: int, purpose: str, owner: str = "", *, version: int, max_age_s: float | None = None
    ) -> DataKey:
        """Return one version of an owner's key; it opens and does not seal."""
        return DataKey(await self._hold(Slot(tenant_id, Kind.DATA, purpose, owner, version), max_age_s), 0)

    async def key_for(self, tenant_id: int, purpose: str, owner: str, sealed: bytes) -> DataKey:
        """Return the key that opens what `DataKey.seal` made."""
        return await self.opening_key(tenant_id, purpose, owner, version=sealed_version(sealed))

    async def hmac_key(self, tenant_id: int, purpose: str, owner: str = "", *, version: int | None = None) -> HmacKey:
        """Return a stable keyed hash of a tenant and purpose, made when there is none."""
        return HmacKey(await self._hold(Slot(tenant_id, Kind.HMAC, purpose, owner, version or ACTIVE), None))

    async def versions(self, kind: Kind, tenant_id: int, purpose: str = "", owner: str = "") -> list[Row]:
        """All versions of a key, also destroyed ones; their bytes stay wrapped."""
        key_id = KeyId(kind=kind, tenant_id=tenant_id, purpose=purpose, owner=owner)
        async with self.store.connection() as connection:
            return [row_of(record) for record in await connection.fetch(SQL["read_chain"], *chain(key_id))]

    # ---- rotation, rollback, destruction ----------------------------------------------------------------------

    async def rotate(self, kind: Kind, tenant_id: int, purpose: str = "", owner: str = "") -> int:
        """Make a new active version; the one before still opens. Return the new version."""
        key_id = KeyId(kind=kind, tenant_id=tenant_id, purpose=purpose, owner=owner)
        if kind is Kind.TENANT:
            row = await self._minter.tenant_key(key_id, anew=True)
        else:
            row = await self._mint_child(key_id, uses=0, anew=True)
        async with self.store.connection() as connection:
            self.heed(await _announce(connection, key_id, destroyed=False))
        return row.key_id.version

    async def activate(self, key_id: KeyId) -> None:
        """Roll back to an older version. A destroyed one stays destroyed."""
        async with self.store.transaction() as connection:
            await connection.execute(SQL["lock_chain"], *chain(key_id))
            row = await read(connection, key_id, newest=False)
            if row is None or row.is_destroyed:
                raise KeyDestroyed
            if row.state == "active":
                return
            await connection.execute(SQL["retire_active"], *chain(key_id))
            await connection.execute(SQL["activate"], *chain(key_id), key_id.version)
            payload = await _announce(connection, key_id, destroyed=False)
        self.heed(payload)

    async def destroy(self, tenant_id: int, purpose: str, owner: str = "", *, kind: Kind = Kind.DATA) -> list[int]:
        """Destroy every version of a key; return which. Needs no root key. No new version can follow."""
        key_id = KeyId(kind=kind, tenant_id=tenant_id, purpose=purpose, owner=owner)
        async with self.store.transaction() as connection:
            await connection.execute(SQL["lock_chain"], *chain(key_id))
            gone = await connection.fetch(SQL["destroy_chain"], *chain(key_id), clock.now())
            payload = await _announce(connection, key_id, destroyed=True)
        self.heed(payload)
        return sorted(record["version"] for record in gone)

    async def destroy_version(self, key_id: KeyId) -> bool:
        """Destroy one version; a tenant key only when it wraps nothing any more. Return whether there was one."""
        async with self.store.transaction() as connection:
            await connection.execute(SQL["lock_chain"], *chain(key_id))
            gone = await connection.fetchval(SQL["destroy_version"], *chain(key_id), key_id.version, clock.now())
            if key_id.kind is Kind.TENANT:
                children = await connection.fetchval(SQL["count_children"], key_id.tenant_id, key_id.version)
                if children:
                    raise KeyInUse(
                        f"version {key_id.version} of the key of tenant {key_id.tenant_id} still wraps {children} keys",
                        hint="Re-wrap them first.",
                    )
            payload = await _announce(connection, key_id, destroyed=True)
        self.heed(payload)
        return gone is not None

    async def destroy_tenant(self, tenant_id: int) -> int:
        """Destroy a tenant's key and all keys below it; return how many."""
        key_id = KeyId(kind=Kind.TENANT, tenant_id=tenant_id)
        async with self.store.transaction() as connection:
            await connection.execute(SQL["lock_chain"], *chain(key_id))
            gone = await connection.fetch(SQL["destroy_chain"], *chain(key_id), clock.now())
            # A statement of its own: it sees the keys whose makers the one above has waited for.
            gone += await connection.fetch(SQL["destroy_tenant"], tenant_id, clock.now())
            payload = await _announce(connection, key_id, destroyed=True)
        self.heed(payload)
        return len(gone)

    def purge(self, tenant_id: int | None = None, purpose: str | None = None, owner: str | None = None) -> None:
        """Forget held keys: all, of a tenant, of a purpose, of an owner. What was handed out stops working too."""
        if tenant_id is not None:
            self._forget(tenant_id, purpose, owner, close=True)
            return
        for known in list(self._epochs):
            self._epochs[known] += 1
        self._cache.clear()

    def heed(self, payload: str) -> None:
        """Forget what another process announced on the channel `CHANNEL` of PostgreSQL's LISTEN."""
        tenant_id, kind, purpose, owner, destroyed = msgspec.json.decode(payload, type=_Announcement)
        if kind == Kind.TENANT:
            self._forget(tenant_id, None, None, close=destroyed)
        else:
            self._forget(tenant_id, purpose, owner, close=destroyed)

    async def unwrap_row(self, row: Row) -> bytearray:
        """Unwrap a stored key, checked; the caller wipes the buffer. For re-wrapping."""
        if row.key_id.kind is Kind.TENANT:
            key = await self._unwrap_by_root(row)
        else:
            parent = await self.tenant_held(row.key_id.tenant_id, row.parent_version)
            key = unwrap(parent.aead, row.wrapped, row.key_id)
        try:
            confirm(key, row.key_id, row.check_value)
        except KeyFailure:
            wipe(key)
            raise
        return key

    async def tenant_held(self, tenant_id: int, version: int | None = None) -> Held:
        """Hold a tenant key: a version, or the active one."""
        return await self._hold(_slot(KeyId(kind=Kind.TENANT, tenant_id=tenant_id), version), None)

    @property
    def bound(self) -> int:
        """After how many seals a key makes way for the next."""
        return self._minter.bound

    def epoch(self, tenant_id: int) -> int:
        """Changes whenever something of a tenant is to be forgotten; what was read before must not be held after."""
        return self._epochs.setdefault(tenant_id, 0)

    def adopt(self, held: Held, leased: int) -> None:
        """Hold an active key that was made for many at once (`bulk.py`)."""
        held.left += leased
        self._keep(_slot(held.key_id, None), held)

    def _forget(self, tenant_id: int, purpose: str | None, owner: str | None, *, close: bool) -> None:
        self._epochs[tenant_id] = self._epochs.get(tenant_id, 0) + 1
        self._cache.forget(tenant_id, purpose, owner, close=close)

    # ---- holding and loading ----------------------------------------------------------------------------------

    async def _hold(self, slot: Slot, max_age_s: float | None) -> Held:
        longest = self._settings.cache_age_s * 1000
        if max_age_s is not None:
            longest = min(longest, round(max_age_s * 1000))
        held = self._cache.get(slot)
        for _ in range(3):  # a load that was running already may have been content with an older parent
            now = clock.now_ms()
            if held is not None and held.is_fresh(now, longest):
                self._look_ahead(held.parent or held, now)
                return held
            held = await self._flight(slot, lambda: self._load(slot, longest))
        if held is None or not held.is_fresh(clock.now_ms(), longest):
            raise RootUnavailable("the root key answers more slowly than a key may be held")
        return held

    async def _flight(self, slot: Slot, load: Callable[[], Coroutine[Any, Any, Held]]) -> Held:
        """Run one load per slot; all who ask meanwhile wait for it. One who gives up does not end it for the rest."""
        if refusal := self._cache.refusal(slot, clock.now_ms()):
            raise refusal.again()
        task = self._flights.get(slot)
        if task is None:
            task = self._launch(slot, load())
        return await asyncio.shield(task)

    def _launch(self, slot: Slot, load: Coroutine[Any, Any, Held]) -> asyncio.Task[Held]:
        task = asyncio.get_running_loop().create_task(load)
        self._flights[slot] = task
        task.add_done_callback(lambda done: self._landed(slot, done))
        return task

    def _landed(self, slot: Slot, task: asyncio.Task[Held]) -> None:
        self._flights.pop(slot, None)
        if not task.cancelled():
            task.exception()  # seen by those who wait; nobody waits for one that was started ahead

    async def _load(self, slot: Slot, longest_ms: int) -> Held:
        while True:
            epoch = self._epochs.setdefault(slot.tenant_id, 0)
            before = self._cache.get(slot)
            # A key that is found as the active one is not kept alive by those who open with its version: it has to
            # be looked up again which one is active.
            same = before if slot.version == ACTIVE or slot.kind is Kind.TENANT else None
            try:
                row = await self._row(slot)
                if slot.kind is Kind.TENANT and slot.version == ACTIVE:
                    # One way to the root per version, so that a cold process asks it once.
                    held = await self._hold(_slot(row.key_id, row.key_id.version), longest_ms / 1000)
                else:
                    held = await self._unwrapped(row, same, longest_ms)
            except KeyDestroyed:
                if before:
                    before.close()
                    self._cache.drop(slot, before)
                raise
            except ParentRetired:
                continue
            if epoch == self._epochs[slot.tenant_id]:  # else it was destroyed or withdrawn while this ran
                return self._keep(slot, held)

    def _keep(self, slot: Slot, held: Held) -> Held:
        self._cache.put(slot, held)
        exact = _slot(held.key_id, held.key_id.version)
        if slot.version == ACTIVE and self._cache.get(exact) is None:
            self._cache.put(exact, held)
        return held

    async def _row(self, slot: Slot) -> Row:
        key_id = _key_id(slot)
        async with self.store.connection() as connection:
            row = await read(connection, key_id, newest=slot.version == ACTIVE)
        if row is None and slot.version != ACTIVE:
            fail()
        if row is not None and row.is_destroyed:
            raise KeyDestroyed
        if row is not None and (slot.version != ACTIVE or row.state == "active"):
            return row
        if slot.kind is Kind.TENANT:
            return await self._minter.tenant_key(key_id)
        return await self._mint_child(key_id, uses=0)

    async def _mint_child(self, key_id: KeyId, *, uses: int, anew: bool = False) -> Row:
        while True:
            parent = await self.tenant_held(key_id.tenant_id)
            try:
                return await self._minter.child_key(key_id, parent, uses=uses, anew=anew)
            except ParentRetired:
                self._cache.drop(_slot(parent.key_id, None), parent)

    async def _unwrapped(self, row: Row, before: Held | None, longest_ms: int) -> Held:
        now = clock.now_ms()
        if row.key_id.kind is Kind.TENANT:
            key, parent = await self._unwrap_by_root(row), None
        else:
            try:
                slot = _slot(KeyId(kind=Kind.TENANT, tenant_id=row.key_id.tenant_id), row.parent_version)
                parent = await self._hold(slot, longest_ms / 1000)
            except KeyDestroyed:
                raise ParentRetired if await self._has_moved(row) else KeyDestroyed() from None
            key = unwrap(parent.aead, row.wrapped, row.key_id)
        try:
            confirm(key, row.key_id, row.check_value)
            if before is not None and before.key_id == row.key_id and before.parent is parent and before.is_open:
                # The same key, confirmed: those that depend on it live on, and its lease goes on.
                before.born_ms, before.life_ms = now, self._life_ms()
                return before
            return Held(key, row.key_id, born_ms=now, life_ms=self._life_ms(), parent=parent)
        finally:
            wipe(key)

    async def _has_moved(self, row: Row) -> bool:
        async with self.store.connection() as connection:
            again = await read(connection, row.key_id, newest=False)
        return again is not None and not again.is_destroyed and again.parent_version != row.parent_version

    async def _unwrap_by_root(self, row: Row) -> bytearray:
        root = self.root
        if row.root != root.name:
            root = await self._other_root(row.root or "")
        try:
            key = await root.unwrap(row.wrapped, row.key_id)
        except (KeyDenied, KeyFailure) as exc:
            metrics.count("KeyUnwraps", Result="denied")
            self._withdraw(row.key_id, exc, DENIED_MS)
            raise
        except RootUnavailable as exc:
            metrics.count("KeyUnwraps", Result="failed")
            self._note(row.key_id, exc, AWAY_MS)
            raise
        metrics.count("KeyUnwraps", Result="ok")
        return key

    async def _other_root(self, name: str) -> Root:
        if name not in self._others:
            found = await self._find_root(name) if self._find_root else None
            if found is None:
                fail()
            self._others[name] = found
        return self._others[name]

    def _withdraw(self, key_id: KeyId, error: SightlineError, for_ms: int) -> None:
        self._forget(key_id.tenant_id, None, None, close=True)
        self._note(key_id, error, for_ms)

    def _note(self, key_id: KeyId, error: SightlineError, for_ms: int) -> None:
        refusal = Refusal(error, clock.now_ms() + for_ms)
        for version in (key_id.version, None):
            self._cache.refuse(_slot(key_id, version), refusal)

    def _look_ahead(self, held: Held, now_ms: int) -> None:
        """Ask the root again for a tenant key before it has to be."""
        age = now_ms - held.born_ms
        if held.key_id.kind is not Kind.TENANT or age < held.life_ms * 0.75:
            return
        slot = _slot(held.key_id, held.key_id.version)
        if self._cache.get(slot) is held and slot not in self._flights and not self._cache.refusal(slot, now_ms):
            task = self._launch(slot, self._load(slot, self._settings.cache_age_s * 1000))
            assert not task.done(), "held in _flights until it lands"

    def _life_ms(self) -> int:
        """Held keys do not all end at the same moment."""
        return round(self._settings.cache_age_s * 1000 * random.uniform(0.9, 1.0))  # noqa: S311 - not a secret

    # ---- leases -------------------------------------------------------------------------------------------------

    async def _lease(self, slot: Slot, uses: int) -> Held:
        """Lease more seals for the active version, or for the next one when its bound is reached."""
        held = await self._hold_for_lease(slot)
        bound = self._minter.bound
        if uses > bound:
            raise InvalidValue(f"one key seals at most {bound} times, not {uses}")
        chunk = max(uses, min(held.chunk, self._settings.cache_uses, max(1, bound // 64)))
        row = await self._mint_child(_key_id(slot), uses=chunk)
        if row.key_id != held.key_id:
            self._cache.drop(slot, held)
            held = await self._load(slot, self._settings.cache_age_s * 1000)
        if row.key_id == held.key_id:  # else it was rotated again in between, and the lease is lost
            # A process that seals much leases more at a time; one that starts often wastes little of the bound.
            held.left += chunk
            held.chunk = min(held.chunk * 2, self._settings.cache_uses)
        return held

    async def _hold_for_lease(self, slot: Slot) -> Held:
        return self._cache.get(slot) or await self._load(slot, self._settings.cache_age_s * 1000)


async def _announce(connection: Connection, key_id: KeyId, *, destroyed: bool) -> str:
    """Tell all processes what to forget, as soon as the transaction commits; return it, for this one to do so too."""
    payload = msgspec.json.encode((*chain(key_id), destroyed)).decode()
    await connection.execute(SQL["announce"], payload)
    return payload


def _slot(key_id: KeyId, version: int | None) -> Slot:
    return Slot(key_id.tenant_id, key_id.kind, key_id.purpose, key_id.owner, version or ACTIVE)


def _key_id(slot: Slot) -> KeyId:
    return KeyId(
        kind=slot.kind, tenant_id=slot.tenant_id, purpose=slot.purpose, owner=slot.owner, version=slot.version or 1
    )
