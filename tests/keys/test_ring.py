"""The key ring on a real table."""

import asyncio
import logging
from pathlib import Path

import asyncpg
import pytest

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import InvalidValue, SettingError
from sightline.keys.failures import KeyDestroyed, KeyFailure, KeyInUse, LeaseEnded
from sightline.keys.ring import CHANNEL, KeyRing
from sightline.keys.root import FILE, LocalRoot
from sightline.keys.table import OneConnection
from sightline.keys.wrap import KeyId, Kind
from sightline.settings import AwsSettings, KeySettings
from tests.keys.conftest import CountingRoot, RingMaker

NOW = 1_700_000_000_000


async def test_what_one_process_seals_another_opens(make_ring: RingMaker) -> None:
    sealed = (await make_ring().data_key(1, "recording", "visit-1")).seal(b"chunk", b"tab 1")
    key = await make_ring().key_for(1, "recording", "visit-1", sealed)
    assert key.open(sealed, b"tab 1") == b"chunk"
    with pytest.raises(KeyFailure):
        key.open(sealed, b"tab 2")


async def test_owners_purposes_and_tenants_have_keys_of_their_own(ring: KeyRing) -> None:
    sealed = (await ring.data_key(1, "recording", "a")).seal(b"x", b"")
    for tenant_id, purpose, owner in ((1, "recording", "b"), (1, "subject", "a"), (2, "recording", "a")):
        other = await ring.data_key(tenant_id, purpose, owner)
        with pytest.raises(KeyFailure):
            other.open(sealed, b"")


async def test_many_who_ask_at_once_cause_one_key_and_one_unwrap(
    make_ring: RingMaker, root: CountingRoot, database: Database
) -> None:
    await make_ring().data_key(1, "recording", "a")
    root.unwraps = 0
    ring = make_ring()
    await asyncio.gather(*(ring.data_key(1, "recording", "a") for _ in range(50)))
    assert root.unwraps == 1
    assert await database.fetchval("SELECT count(*) FROM wrapped_keys") == 2


async def test_processes_that_make_the_same_key_at_once_agree(make_ring: RingMaker) -> None:
    rings = [make_ring() for _ in range(4)]
    keys = await asyncio.gather(*(ring.data_key(1, "recording", "a") for ring in rings))
    sealed = keys[0].seal(b"x", b"")
    assert {key.version for key in keys} == {1}
    assert all(key.open(sealed, b"") == b"x" for key in keys)


async def test_a_cold_process_asks_the_root_once_per_tenant(make_ring: RingMaker, root: CountingRoot) -> None:
    ring = make_ring()
    for owner in "abcdef":
        await ring.data_key(1, "recording", owner)
    root.unwraps = 0
    cold = make_ring()
    for owner in "abcdefxyz":
        await cold.data_key(1, "recording", owner)
    await cold.hmac_key(1, "person")
    assert root.unwraps == 1


async def test_one_who_gives_up_waiting_does_not_end_it_for_the_others(ring: KeyRing) -> None:
    impatient = asyncio.create_task(ring.data_key(1, "recording", "a"))
    patient = asyncio.create_task(ring.data_key(1, "recording", "a"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).version == 1


async def test_a_key_is_asked_for_again_after_its_age(make_ring: RingMaker, root: CountingRoot) -> None:
    with clock.held(NOW) as time:
        ring = make_ring(cache_age_s=300)
        await ring.data_key(1, "recording", "a")
        before = root.unwraps
        time.advance(seconds=200)
        await ring.data_key(1, "recording", "a")
        assert root.unwraps == before
        time.advance(seconds=101)
        await ring.data_key(1, "recording", "a")
        assert root.unwraps == before + 1


async def test_a_key_is_refreshed_ahead_of_its_end_without_waiting(make_ring: RingMaker, root: CountingRoot) -> None:
    with clock.held(NOW) as time:
        ring = make_ring(cache_age_s=100)
        await ring.data_key(1, "recording", "a")
        before = root.unwraps
        for _ in range(20):
            time.advance(seconds=15)
            await ring.tenant_held(1)
            while ring._flights:
                await asyncio.gather(*ring._flights.values())
        assert 3 <= root.unwraps - before <= 6


async def test_a_caller_can_ask_for_a_younger_key(make_ring: RingMaker, root: CountingRoot) -> None:
    with clock.held(NOW) as time:
        ring = make_ring()
        await ring.data_key(1, "recording", "a")
        before = root.unwraps
        time.advance(seconds=61)
        await ring.data_key(1, "recording", "a", max_age_s=60)
        assert root.unwraps == before + 1


async def test_a_key_that_a_clock_set_back_makes_younger_is_asked_for_again(
    make_ring: RingMaker, root: CountingRoot
) -> None:
    with clock.held(NOW) as time:
        ring = make_ring()
        await ring.data_key(1, "recording", "a")
        before = root.unwraps
        time.advance(seconds=-3600)
        await ring.data_key(1, "recording", "a")
        assert root.unwraps == before + 1


async def test_seals_are_counted_and_a_new_version_comes_at_the_bound(make_ring: RingMaker, database: Database) -> None:
    ring = make_ring(bound=10)
    sealed = [(await ring.data_key(1, "recording", "a")).seal(b"%d" % n, b"") for n in range(25)]
    rows = await ring.versions(Kind.DATA, 1, "recording", "a")
    assert [(row.key_id.version, row.state, row.uses) for row in rows] == [
        (1, "decrypt_only", 10),
        (2, "decrypt_only", 10),
        (3, "active", 5),
    ]
    for n, text in enumerate(sealed):
        assert (await ring.key_for(1, "recording", "a", text)).open(text, b"") == b"%d" % n


async def test_processes_together_do_not_pass_the_bound(make_ring: RingMaker) -> None:
    rings = [make_ring(bound=20) for _ in range(3)]

    async def work(ring: KeyRing) -> list[int]:
        return [(await ring.data_key(1, "recording", "a")).version for _ in range(30)]

    versions = [version for done in await asyncio.gather(*map(work, rings)) for version in done]
    assert len(versions) == 90
    assert max(versions.count(version) for version in set(versions)) <= 20


async def test_a_lease_survives_a_refresh_so_that_uptime_does_not_use_up_a_key(make_ring: RingMaker) -> None:
    with clock.held(NOW) as time:
        ring = make_ring(cache_age_s=10)
        for _ in range(20):
            await ring.data_key(1, "recording", "a")
            time.advance(seconds=11)
        (row,) = await ring.versions(Kind.DATA, 1, "recording", "a")
        assert row.uses == 4096


async def test_sealing_more_often_than_was_asked_for_is_refused(ring: KeyRing) -> None:
    key = await ring.data_key(1, "recording", "a", uses=2)
    key.seal(b"", b"")
    key.seal(b"", b"")
    with pytest.raises(LeaseEnded, match="uses="):
        key.seal(b"", b"")
    with pytest.raises(InvalidValue, match="-1 times"):
        await ring.data_key(1, "recording", "a", uses=-1)
    with pytest.raises(InvalidValue, match="at most"):
        await ring.data_key(1, "recording", "a", uses=2**28 + 1)


async def test_an_opening_key_does_not_seal(ring: KeyRing) -> None:
    await ring.data_key(1, "recording", "a")
    with pytest.raises(LeaseEnded):
        (await ring.opening_key(1, "recording", "a", version=1)).seal(b"", b"")


async def test_an_unknown_version_fails_like_everything_else(ring: KeyRing) -> None:
    with pytest.raises(KeyFailure):
        await ring.opening_key(1, "recording", "nobody", version=1)


async def test_a_destroyed_key_opens_nothing_here_nor_elsewhere_and_has_no_successor(
    make_ring: RingMaker, database: Database
) -> None:
    ring = make_ring()
    in_use = await ring.data_key(1, "recording", "a", uses=2)
    sealed = in_use.seal(b"x", b"")
    assert await ring.destroy(1, "recording", "a") == [1]
    with pytest.raises(KeyDestroyed):
        in_use.open(sealed, b"")
    with pytest.raises(KeyDestroyed):
        in_use.seal(b"x", b"")
    for process in (ring, make_ring()):
        with pytest.raises(KeyDestroyed):
            await process.key_for(1, "recording", "a", sealed)
        with pytest.raises(KeyDestroyed):
            await process.data_key(1, "recording", "a")
    row = await database.fetchrow("SELECT wrapped, check_value FROM wrapped_keys WHERE kind = 2")
    assert row is not None
    assert tuple(row) == (b"", bytes(8))
    assert await ring.destroy(1, "recording", "a") == []
    with pytest.raises(KeyDestroyed):
        await ring.rotate(Kind.DATA, 1, "recording", "a")


async def test_a_destroyed_key_cannot_be_revived_by_sql(ring: KeyRing, database: Database) -> None:
    await ring.data_key(1, "recording", "a")
    await ring.destroy(1, "recording", "a")
    for attempt in (
        "UPDATE wrapped_keys SET state = 'active', destroyed_at = NULL, wrapped = '\\x00' WHERE kind = 2",
        "DELETE FROM wrapped_keys WHERE kind = 2",
        "SET session_replication_role = replica; DELETE FROM wrapped_keys WHERE kind = 2",
    ):
        with pytest.raises(asyncpg.PostgresError, match="was destroyed"):
            async with database.connection() as connection:
                await connection.execute(attempt)


async def test_a_rollback_never_revives_a_destroyed_version(ring: KeyRing) -> None:
    await ring.data_key(1, "recording", "a")
    await ring.rotate(Kind.DATA, 1, "recording", "a")
    first = KeyId(kind=Kind.DATA, tenant_id=1, purpose="recording", owner="a", version=1)
    await ring.destroy_version(first)
    with pytest.raises(KeyDestroyed):
        await ring.activate(first)
    assert (await ring.data_key(1, "recording", "a")).version == 2


async def test_a_key_destroyed_while_it_is_being_loaded_is_not_held(make_ring: RingMaker, root: CountingRoot) -> None:
    await make_ring().data_key(1, "recording", "a")
    ring, root.unwraps = make_ring(), 0
    root.gate.clear()
    loading = asyncio.create_task(ring.data_key(1, "recording", "a"))
    while not root.unwraps:
        await asyncio.sleep(0.001)
    await ring.destroy(1, "recording", "a")
    root.gate.set()
    with pytest.raises(KeyDestroyed):
        await loading
    with pytest.raises(KeyDestroyed):
        await ring.opening_key(1, "recording", "a", version=1)


async def test_another_process_that_listens_forgets_a_destroyed_key_at_once(
    make_ring: RingMaker, database: Database
) -> None:
    here, there = make_ring(), make_ring()
    sealed = (await here.data_key(1, "recording", "a")).seal(b"x", b"")
    elsewhere = await there.key_for(1, "recording", "a", sealed)
    heard = asyncio.Event()

    def listener(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        there.heed(str(payload))
        heard.set()

    async with database.connection() as connection:
        await connection.add_listener(CHANNEL, listener)
        await here.destroy(1, "recording", "a")
        async with asyncio.timeout(10):
            await heard.wait()
        await connection.remove_listener(CHANNEL, listener)
    with pytest.raises(KeyDestroyed):
        elsewhere.open(sealed, b"")


async def test_a_process_that_does_not_listen_forgets_a_destroyed_key_after_its_age(make_ring: RingMaker) -> None:
    with clock.held(NOW) as time:
        here, there = make_ring(), make_ring(cache_age_s=300)
        await there.data_key(1, "recording", "a")
        await here.destroy(1, "recording", "a")
        time.advance(seconds=301)
        with pytest.raises(KeyDestroyed):
            await there.data_key(1, "recording", "a")


async def test_a_process_that_does_not_listen_seals_with_the_new_version_after_the_age_of_the_old_one(
    make_ring: RingMaker,
) -> None:
    with clock.held(NOW) as time:
        here, there = make_ring(), make_ring(cache_age_s=300)
        sealed = (await there.data_key(1, "recording", "a")).seal(b"", b"")
        await here.rotate(Kind.DATA, 1, "recording", "a")
        for _ in range(4):  # opening in between does not keep the older version active
            time.advance(seconds=80)
            await there.key_for(1, "recording", "a", sealed)
        assert (await there.data_key(1, "recording", "a")).version == 2


async def test_destroying_a_tenant_destroys_everything_below(make_ring: RingMaker, database: Database) -> None:
    ring = make_ring()
    for owner in "abc":
        await ring.data_key(1, "recording", owner)
    await ring.hmac_key(1, "person")
    await ring.data_key(2, "recording", "a")
    assert await ring.destroy_tenant(1) == 5
    for attempt in (
        ring.data_key(1, "recording", "a"),
        ring.data_key(1, "recording", "new"),
        ring.hmac_key(1, "person"),
    ):
        with pytest.raises(KeyDestroyed):
            await attempt
    assert (await ring.data_key(2, "recording", "a")).version == 1
    assert await database.fetchval("SELECT count(*) FROM wrapped_keys WHERE state <> 'destroyed'") == 2


async def test_a_tenant_key_that_still_wraps_others_is_not_destroyed(ring: KeyRing) -> None:
    await ring.data_key(1, "recording", "a")
    await ring.rotate(Kind.TENANT, 1)
    with pytest.raises(KeyInUse, match="still wraps 1 keys"):
        await ring.destroy_version(KeyId(kind=Kind.TENANT, tenant_id=1, version=1))
    assert (await ring.data_key(1, "recording", "a")).version == 1


async def test_keys_made_after_a_rotation_elsewhere_are_wrapped_by_the_new_tenant_key(
    make_ring: RingMaker, database: Database
) -> None:
    here, there = make_ring(), make_ring()
    await there.data_key(1, "recording", "a")
    await here.rotate(Kind.TENANT, 1)
    await there.data_key(1, "recording", "b")
    assert await database.fetchval("SELECT parent_version FROM wrapped_keys WHERE owner = 'b'") == 2


async def test_an_hmac_key_is_stable_and_of_its_tenant_and_purpose(make_ring: RingMaker) -> None:
    one, again = await make_ring().hmac_key(1, "person"), await make_ring().hmac_key(1, "person")
    others = [await make_ring().hmac_key(2, "person"), await make_ring().hmac_key(1, "index")]
    assert one.digest(b"ada") == again.digest(b"ada")
    assert len(one.digest(b"ada")) == 32
    digests = {one.digest(b"ada"), one.digest(b"eve"), *(other.digest(b"ada") for other in others)}
    assert len(digests) == 4
    assert one.derive(b"site 1").digest(b"ada") == again.derive(b"site 1").digest(b"ada")
    assert one.derive(b"site 1").digest(b"ada") != one.derive(b"site 2").digest(b"ada")


async def test_a_rotated_hmac_key_still_has_its_older_version(ring: KeyRing) -> None:
    first = (await ring.hmac_key(1, "index")).digest(b"x")
    assert await ring.rotate(Kind.HMAC, 1, "index") == 2
    assert (await ring.hmac_key(1, "index")).digest(b"x") != first
    assert (await ring.hmac_key(1, "index", version=1)).digest(b"x") == first


async def test_a_rotation_leaves_keys_in_use_working(ring: KeyRing) -> None:
    key = await ring.data_key(1, "recording", "a")
    await ring.rotate(Kind.DATA, 1, "recording", "a")
    await ring.rotate(Kind.TENANT, 1)
    assert key.open(key.seal(b"x", b""), b"") == b"x"


@pytest.mark.parametrize("column", ["wrapped", "check_value"])
async def test_a_changed_row_fails_in_one_line(make_ring: RingMaker, database: Database, column: str) -> None:
    await make_ring().data_key(1, "recording", "a")
    await database.execute(f"UPDATE wrapped_keys SET {column} = set_byte({column}, 5, get_byte({column}, 5) # 1)")
    with pytest.raises(KeyFailure) as failed:
        await make_ring().data_key(1, "recording", "a")
    assert str(failed.value) == "The key or what it sealed could not be opened."


async def test_rows_exchanged_between_tenants_fail(make_ring: RingMaker, database: Database) -> None:
    for tenant_id in (1, 2):
        await make_ring().data_key(tenant_id, "recording", "a")
    await database.execute(
        "UPDATE wrapped_keys AS k SET wrapped = o.wrapped, check_value = o.check_value FROM wrapped_keys AS o"
        " WHERE k.kind = 2 AND o.kind = 2 AND k.tenant_id <> o.tenant_id"
    )
    for tenant_id in (1, 2):
        with pytest.raises(KeyFailure):
            await make_ring().data_key(tenant_id, "recording", "a")


async def test_keys_of_another_root_fail(make_ring: RingMaker) -> None:
    await make_ring().data_key(1, "recording", "a")
    with pytest.raises(KeyFailure):
        await make_ring(LocalRoot(bytes(32))).data_key(1, "recording", "a")


async def test_no_key_shows_in_logs_or_repr(
    make_ring: RingMaker, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ring = make_ring()
    key = await ring.data_key(1, "recording", "a")
    raw = await ring.unwrap_row((await ring.versions(Kind.DATA, 1, "recording", "a"))[0])
    shown = (
        caplog.text
        + repr(ring)
        + repr(key)
        + repr(ring._cache)
        + repr(await ring.versions(Kind.DATA, 1, "recording", "a"))
    )
    for secret in (bytes(raw), bytes(range(32))):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
        stored = await database.fetch("SELECT * FROM wrapped_keys WHERE position($1 IN wrapped) > 0", secret)
        assert stored == []


async def test_the_first_start_makes_a_root_key_and_the_second_takes_it(database: Database, tmp_path: Path) -> None:
    first = await KeyRing.open(database, KeySettings(), AwsSettings(), tmp_path)
    sealed = (await first.data_key(1, "recording", "a")).seal(b"x", b"")
    second = await KeyRing.open(database, KeySettings(), AwsSettings(), tmp_path)
    assert (await second.key_for(1, "recording", "a", sealed)).open(sealed, b"") == b"x"


async def test_a_lost_root_key_stops_the_start_instead_of_making_another(database: Database, tmp_path: Path) -> None:
    ring = await KeyRing.open(database, KeySettings(), AwsSettings(), tmp_path)
    await ring.data_key(1, "recording", "a")
    (tmp_path / FILE).rename(tmp_path / "elsewhere")
    with pytest.raises(SettingError, match=ring.root.name) as failed:
        await KeyRing.open(database, KeySettings(), AwsSettings(), tmp_path)
    assert str(tmp_path / FILE) in failed.value.line()
    assert not (tmp_path / FILE).exists()


async def test_a_ring_works_over_a_single_connection(database: Database, root: CountingRoot) -> None:
    async with database.connection() as connection:
        ring = KeyRing(OneConnection(connection), root)
        key = await ring.data_key(1, "recording", "a")
        assert key.open(key.seal(b"x", b""), b"") == b"x"
