"""Keys of many owners at once are the same keys, counted in the same way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sightline.database.pool import Database
from sightline.keys.bulk import lease_many, make_many
from sightline.keys.failures import KeyDestroyed, LeaseEnded
from sightline.keys.ring import KeyRing
from sightline.keys.wrap import SEAL_BODY, SEAL_HEAD, Kind, frame
from tests.keys.conftest import RingMaker

OWNERS = [f"owner-{number}" for number in range(20)]


async def uses(database: Database) -> list[int]:
    rows = await database.fetch("SELECT uses FROM wrapped_keys WHERE kind = 2 ORDER BY owner, version")
    return [row["uses"] for row in rows]


async def test_keys_that_were_made_at_once_open_elsewhere(
    ring: KeyRing, make_ring: RingMaker, database: Database
) -> None:
    assert await make_many(ring, 1, "vault", OWNERS, 3) == 20
    key = await ring.data_key(1, "vault", OWNERS[4], uses=3)
    sealed = key.seal(b"text", b"field")
    assert await uses(database) == [3] * 20  # nothing was asked of the database for it
    other = make_ring()
    assert (await other.key_for(1, "vault", OWNERS[4], sealed)).open(sealed, b"field") == b"text"
    assert await make_many(ring, 1, "vault", [*OWNERS, "one more"], 1) == 1


async def test_leases_are_counted_and_a_key_at_its_bound_is_left_out(make_ring: RingMaker, database: Database) -> None:
    ring = make_ring(bound=10)
    await make_many(ring, 1, "vault", OWNERS, 4)
    keys = await lease_many(make_ring(bound=10), 1, "vault", OWNERS, 5)
    assert set(keys) == set(OWNERS)
    assert await uses(database) == [9] * 20
    key = keys[OWNERS[0]]
    cipher = key.lend(5)
    with pytest.raises(LeaseEnded):
        key.lend(1)
    theirs = await ring.data_key(1, "vault", OWNERS[0], uses=1)
    sealed, context = theirs.seal(b"text", b"field"), frame(theirs.key_id).context + b"field"
    assert cipher.decrypt(sealed[SEAL_HEAD:SEAL_BODY], sealed[SEAL_BODY:], context) == b"text"
    assert await lease_many(make_ring(bound=10), 1, "vault", OWNERS, 2) == {}
    assert (await make_ring(bound=10).data_key(1, "vault", OWNERS[0], uses=5)).version == 2  # the ring makes the next


async def test_a_destroyed_key_is_neither_leased_nor_made_anew(ring: KeyRing, database: Database) -> None:
    await make_many(ring, 1, "vault", OWNERS, 1)
    await ring.destroy(1, "vault", OWNERS[3])
    assert set(await lease_many(ring, 1, "vault", OWNERS, 1)) == set(OWNERS) - {OWNERS[3]}
    assert await make_many(ring, 1, "vault", [OWNERS[3]], 1) == 0
    with pytest.raises(KeyDestroyed):
        await ring.data_key(1, "vault", OWNERS[3])


async def test_what_is_destroyed_while_it_is_made_is_not_held(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = ring.store.transaction

    @asynccontextmanager
    async def slow() -> AsyncIterator[object]:
        async with connect() as connection:
            yield connection
        monkeypatch.undo()
        await ring.destroy(1, "vault", OWNERS[0])

    await ring.tenant_held(1)
    monkeypatch.setattr(ring.store, "transaction", slow)
    await make_many(ring, 1, "vault", OWNERS, 1)
    with pytest.raises(KeyDestroyed):
        await ring.data_key(1, "vault", OWNERS[0])
    assert (await ring.data_key(1, "vault", OWNERS[1])).version == 1


async def test_two_who_lease_the_same_owners_do_not_wait_in_a_circle(make_ring: RingMaker, database: Database) -> None:
    rings = [make_ring() for _ in range(4)]
    await make_many(rings[0], 1, "vault", OWNERS, 0)
    orders = [OWNERS, OWNERS[::-1], OWNERS[10:] + OWNERS[:10], OWNERS]
    await asyncio.gather(*(lease_many(ring, 1, "vault", order, 1) for ring, order in zip(rings, orders, strict=True)))
    assert await uses(database) == [4] * 20
    assert {row.state for row in await rings[0].versions(Kind.DATA, 1, "vault", OWNERS[0])} == {"active"}
