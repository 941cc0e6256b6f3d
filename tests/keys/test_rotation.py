"""Rotation by re-wrapping."""

import asyncio

import pytest

from sightline.database.pool import Database
from sightline.errors import Conflict
from sightline.keys.ring import KeyRing
from sightline.keys.root import LocalRoot, Root
from sightline.keys.rotation import Moved, move_to_active_parent, move_to_root
from sightline.keys.wrap import KeyId, Kind
from sightline.settings import KeySettings
from tests.keys.conftest import CountingRoot, RingMaker

NEW = LocalRoot(bytes(range(100, 132)))


async def fill(ring: KeyRing, owners: int, tenant_id: int = 1) -> list[bytes]:
    return [
        (await ring.data_key(tenant_id, "recording", str(n))).seal(b"%d" % n, b"") for n in range(owners)
    ]  # fmt: skip


async def opens(ring: KeyRing, sealed: list[bytes], tenant_id: int = 1) -> bool:
    for n, text in enumerate(sealed):
        key = await ring.key_for(tenant_id, "recording", str(n), text)
        if key.open(text, b"") != b"%d" % n:
            return False
    return True


def knowing(database: Database, *roots: Root) -> KeyRing:
    async def find(name: str) -> Root | None:
        return next((root for root in roots if root.name == name), None)

    return KeyRing(database, roots[0], KeySettings(), find_root=find)


async def test_a_new_root_opens_everything_and_the_old_one_nothing(
    make_ring: RingMaker, database: Database, root: CountingRoot
) -> None:
    sealed = await fill(make_ring(), 3)
    await fill(make_ring(), 2, tenant_id=2)
    seen: list[tuple[int, int]] = []
    moved = await move_to_root(knowing(database, root, NEW), NEW, lambda done, total: seen.append((done, total)))
    assert moved == Moved(done=2, failed=0)
    assert seen == [(1, 2), (2, 2)]
    assert await opens(make_ring(NEW), sealed)
    assert await database.fetchval("SELECT count(*) FROM wrapped_keys WHERE root = $1", root.name) == 0


async def test_a_move_to_a_root_that_was_interrupted_goes_on_where_it_stopped(
    make_ring: RingMaker, database: Database, root: CountingRoot
) -> None:
    for tenant_id in range(1, 6):
        await fill(make_ring(), 1, tenant_id=tenant_id)

    class Interrupted(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        await move_to_root(knowing(database, root, NEW), NEW, stop)
    assert await move_to_root(knowing(database, root, NEW), NEW) == Moved(done=3, failed=0)
    assert await move_to_root(knowing(database, root, NEW), NEW) == Moved(done=0, failed=0)


async def test_data_keys_move_to_a_new_tenant_key_which_can_then_be_the_only_one(make_ring: RingMaker) -> None:
    ring = make_ring()
    sealed = await fill(ring, 7)
    await ring.rotate(Kind.TENANT, 1)
    seen: list[tuple[int, int]] = []
    moved = await move_to_active_parent(ring, 1, lambda done, total: seen.append((done, total)), batch=3)
    assert moved == Moved(done=7, failed=0)
    assert seen == [(3, 7), (6, 7), (7, 7)]
    assert await ring.destroy_version(KeyId(kind=Kind.TENANT, tenant_id=1, version=1))
    assert await opens(make_ring(), sealed)


async def test_a_damaged_key_is_counted_passed_over_and_left_as_it_is(make_ring: RingMaker, database: Database) -> None:
    ring = make_ring()
    sealed = await fill(ring, 4)
    await database.execute("UPDATE wrapped_keys SET wrapped = set_byte(wrapped, 20, 0) WHERE owner = '3'")
    damaged = await database.fetchval("SELECT wrapped FROM wrapped_keys WHERE owner = '3'")
    await ring.rotate(Kind.TENANT, 1)
    assert await move_to_active_parent(make_ring(), 1, batch=2) == Moved(done=3, failed=1)
    assert await database.fetchval("SELECT wrapped FROM wrapped_keys WHERE owner = '3'") == damaged
    assert await opens(make_ring(), sealed[:3])


async def test_a_move_to_a_tenant_key_that_was_destroyed_meanwhile_stops(make_ring: RingMaker) -> None:
    ring = make_ring()
    sealed = await fill(ring, 4)
    await ring.rotate(Kind.TENANT, 1)
    await ring.activate(KeyId(kind=Kind.TENANT, tenant_id=1, version=1))
    await ring.activate(KeyId(kind=Kind.TENANT, tenant_id=1, version=2))

    async def replaced() -> None:
        await make_ring().activate(KeyId(kind=Kind.TENANT, tenant_id=1, version=1))
        await make_ring().destroy_version(KeyId(kind=Kind.TENANT, tenant_id=1, version=2))

    await ring.tenant_held(1)
    await replaced()
    with pytest.raises(Conflict, match="rotated or destroyed meanwhile"):
        await move_to_active_parent(ring, 1)
    assert await opens(make_ring(), sealed)


async def test_rotation_beside_work_loses_nothing_and_revives_nothing(make_ring: RingMaker) -> None:
    ring, worker = make_ring(), make_ring()
    sealed = await fill(ring, 20)
    stop = asyncio.Event()
    made: list[tuple[str, bytes]] = []

    async def work() -> None:
        number = 100
        while not stop.is_set():
            owner = str(number)
            made.append((owner, (await worker.data_key(1, "recording", owner)).seal(owner.encode(), b"")))
            number += 1

    async def erase() -> None:
        for owner in ("3", "11", "17"):
            await worker.destroy(1, "recording", owner)

    working = asyncio.create_task(work())
    erasing = asyncio.create_task(erase())
    for _ in range(3):
        await ring.rotate(Kind.TENANT, 1)
        await move_to_active_parent(ring, 1, batch=5)
    stop.set()
    await working
    await erasing
    await move_to_active_parent(ring, 1)
    fresh = make_ring()
    for owner, text in made:
        assert (await fresh.key_for(1, "recording", owner, text)).open(text, b"") == owner.encode()
    for n, text in enumerate(sealed):
        rows = await fresh.versions(Kind.DATA, 1, "recording", str(n))
        if n in {3, 11, 17}:
            assert all(row.is_destroyed for row in rows)
        else:
            assert (await fresh.key_for(1, "recording", str(n), text)).open(text, b"") == b"%d" % n
