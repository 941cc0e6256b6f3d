"""The keys that are held in memory: bounded in number, least recently used first out, one partition per tenant.

When it is full the tenant that holds the most gives one up, so that no tenant can push out the keys of the others.
"""

from collections import OrderedDict
from typing import NamedTuple

import msgspec

from sightline.errors import SightlineError
from sightline.keys.held import Held
from sightline.keys.wrap import Kind

# The version under which the active one is found.
ACTIVE = 0


class Slot(NamedTuple):
    """Where a key is found: a version, or `ACTIVE`."""

    tenant_id: int
    kind: Kind
    purpose: str
    owner: str
    version: int


class Refusal(msgspec.Struct, frozen=True):
    """An error that is repeated for a moment instead of asking again."""

    error: SightlineError
    until_ms: int

    def again(self) -> SightlineError:
        return type(self.error)(self.error.message, hint=self.error.hint)


class Cache:
    """Held keys by slot."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._count = 0
        self._partitions: dict[int, OrderedDict[Slot, Held]] = {}
        self._refusals: dict[Slot, Refusal] = {}

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"Cache({self._count} keys of {len(self._partitions)} tenants)"

    def get(self, slot: Slot) -> Held | None:
        partition = self._partitions.get(slot.tenant_id)
        if partition is None or (held := partition.get(slot)) is None:
            return None
        partition.move_to_end(slot)
        return held

    def put(self, slot: Slot, held: Held) -> None:
        partition = self._partitions.setdefault(slot.tenant_id, OrderedDict())
        self._count += slot not in partition
        partition[slot] = held
        partition.move_to_end(slot)
        while self._count > self._entries:
            self._evict(partition)

    def drop(self, slot: Slot, held: Held) -> None:
        """Forget a held key, unless another took its slot."""
        partition = self._partitions.get(slot.tenant_id)
        if partition is not None and partition.get(slot) is held:
            del partition[slot]
            self._count -= 1
            self._tidy(slot.tenant_id)

    def forget(self, tenant_id: int, purpose: str | None, owner: str | None, *, close: bool) -> None:
        """Forget the keys of a tenant: all, of one purpose, or of one owner; closed, they stop working at once."""
        partition = self._partitions.get(tenant_id, OrderedDict())
        for slot in list(partition):
            if purpose in {None, slot.purpose} and owner in {None, slot.owner}:
                held = partition.pop(slot)
                self._count -= 1
                if close:
                    held.close()
        self._tidy(tenant_id)
        for slot in [slot for slot in self._refusals if slot.tenant_id == tenant_id]:
            del self._refusals[slot]

    def clear(self) -> None:
        for tenant_id in list(self._partitions):
            self.forget(tenant_id, None, None, close=True)
        self._refusals.clear()

    def refuse(self, slot: Slot, refusal: Refusal) -> None:
        if len(self._refusals) >= self._entries:
            self._refusals.clear()
        self._refusals[slot] = refusal

    def refusal(self, slot: Slot, now_ms: int) -> Refusal | None:
        found = self._refusals.get(slot)
        if found is None or now_ms < found.until_ms:
            return found
        del self._refusals[slot]
        return None

    def _evict(self, own: OrderedDict[Slot, Held]) -> None:
        fair = max(1, self._entries / len(self._partitions))
        victim = own if len(own) > fair else max(self._partitions.values(), key=len)
        slot, _ = victim.popitem(last=False)
        self._count -= 1
        self._tidy(slot.tenant_id)

    def _tidy(self, tenant_id: int) -> None:
        if tenant_id in self._partitions and not self._partitions[tenant_id]:
            del self._partitions[tenant_id]
