"""A root key in AWS KMS, over HTTP, and what happens when KMS does not answer or refuses."""

import asyncio
from collections.abc import Iterator

import pytest

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import SightlineError
from sightline.keys import kms
from sightline.keys.failures import KeyDenied, KeyFailure, RootUnavailable
from sightline.keys.kms import KmsRoot
from sightline.keys.ring import KeyRing
from sightline.keys.root import LocalRoot
from sightline.keys.rotation import Moved, move_to_root
from sightline.keys.wrap import KeyId, Kind
from sightline.settings import KeySettings
from tests.aws import FakeAws, FaultProxy
from tests.keys.conftest import RingMaker

TENANT = KeyId(kind=Kind.TENANT, tenant_id=1)
NOW = 1_700_000_000_000


@pytest.fixture
def arn(aws: FakeAws) -> str:
    return aws.kms_key()


@pytest.fixture
def kms_root(arn: str, fault_proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[KmsRoot]:
    monkeypatch.setattr(kms, "READ_TIMEOUT_S", 0.3)
    root = KmsRoot(arn, fault_proxy.settings)
    yield root
    root.close()


async def test_a_key_wrapped_by_kms_is_unwrapped_by_kms(kms_root: KmsRoot) -> None:
    wrapped = await kms_root.wrap(bytes(range(32)), TENANT)
    assert wrapped[0] == 2
    assert await kms_root.unwrap(wrapped, TENANT) == bytes(range(32))


@pytest.mark.parametrize(
    "other", [TENANT.at(2), KeyId(kind=Kind.TENANT, tenant_id=2), KeyId(kind=Kind.DATA, tenant_id=1)]
)
async def test_kms_refuses_a_key_moved_to_another_place(kms_root: KmsRoot, other: KeyId) -> None:
    wrapped = await kms_root.wrap(bytes(32), TENANT)
    with pytest.raises(KeyFailure) as failed:
        await kms_root.unwrap(wrapped, other)
    assert str(failed.value) == "The key or what it sealed could not be opened."


# moto begins its ciphertexts with the name of the key, which AWS does not; behind it both are opaque.
@pytest.mark.parametrize("position", [0, 40, 60, -1])
async def test_kms_refuses_a_changed_key(kms_root: KmsRoot, position: int) -> None:
    wrapped = bytearray(await kms_root.wrap(bytes(32), TENANT))
    wrapped[position] ^= 1
    with pytest.raises(KeyFailure):
        await kms_root.unwrap(bytes(wrapped), TENANT)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("throttle", RootUnavailable),
        ("error", RootUnavailable),
        ("hang", RootUnavailable),
        ("denied", KeyDenied),
        ("disabled", KeyDenied),
        ("wrong-key", KeyFailure),
    ],
)
async def test_each_fault_becomes_the_error_it_stands_for(
    kms_root: KmsRoot, fault_proxy: FaultProxy, fault: str, error: type[SightlineError]
) -> None:
    wrapped = await kms_root.wrap(bytes(32), TENANT)
    fault_proxy.fault = fault
    with pytest.raises(error) as failed:
        await kms_root.unwrap(wrapped, TENANT)
    if error is RootUnavailable:
        assert failed.value.status == 503
        assert "retry-after" in failed.value.headers()


async def test_an_address_where_nobody_listens_is_an_outage(arn: str, fault_proxy: FaultProxy) -> None:
    fault_proxy.close()
    root = KmsRoot(arn, fault_proxy.settings)
    with pytest.raises(RootUnavailable, match="does not answer: EndpointConnectionError"):
        await root.wrap(bytes(32), TENANT)
    root.close()


async def test_an_outage_is_bridged_until_the_age_of_a_key_and_is_503_afterwards(
    make_ring: RingMaker, kms_root: KmsRoot, fault_proxy: FaultProxy
) -> None:
    with clock.held(NOW) as time:
        ring = make_ring(kms_root, cache_age_s=300)
        sealed = (await ring.data_key(1, "subject", "ada")).seal(b"x", b"")
        fault_proxy.fault = "error"
        time.advance(seconds=260)
        assert (await ring.key_for(1, "subject", "ada", sealed)).open(sealed, b"") == b"x"
        assert (await ring.data_key(1, "subject", "ada")).seal(b"y", b"")
        await settled(ring)
        with pytest.raises(RootUnavailable):
            await make_ring(kms_root).key_for(1, "subject", "ada", sealed)
        with pytest.raises(RootUnavailable):
            await ring.data_key(1, "subject", "ada", max_age_s=60)
        time.advance(seconds=41)
        with pytest.raises(RootUnavailable):
            await ring.key_for(1, "subject", "ada", sealed)
        with pytest.raises(RootUnavailable):
            await ring.data_key(1, "subject", "ada")
        fault_proxy.fault = None
        time.advance(seconds=1)
        assert (await ring.key_for(1, "subject", "ada", sealed)).open(sealed, b"") == b"x"


async def test_a_key_is_destroyed_while_kms_is_away(
    make_ring: RingMaker, kms_root: KmsRoot, fault_proxy: FaultProxy
) -> None:
    ring = make_ring(kms_root)
    await ring.data_key(1, "subject", "ada")
    fault_proxy.fault = "error"
    assert await make_ring(kms_root).destroy(1, "subject", "ada") == [1]


async def test_a_refusal_takes_all_held_keys_of_the_tenant_and_is_remembered_five_seconds(
    make_ring: RingMaker, kms_root: KmsRoot, fault_proxy: FaultProxy
) -> None:
    with clock.held(NOW) as time:
        ring = make_ring(kms_root, cache_age_s=300)
        in_use = await ring.data_key(1, "subject", "ada")
        fault_proxy.fault = "denied"
        time.advance(seconds=250)  # between three quarters of the longest life and the shortest
        await ring.data_key(1, "subject", "ada")  # still young enough; the root is asked in the background
        await settled(ring)
        with pytest.raises(KeyDenied):
            await ring.data_key(1, "subject", "ada")
        with pytest.raises(SightlineError, match="withdrawn"):
            in_use.seal(b"", b"")
        asked = fault_proxy.requests
        for _ in range(10):
            with pytest.raises(KeyDenied):
                await ring.data_key(1, "subject", "ada")
        assert fault_proxy.requests == asked
        fault_proxy.fault = None
        time.advance(seconds=5)
        assert (await ring.data_key(1, "subject", "ada")).version == 1


async def test_a_crowd_during_an_outage_waits_for_one_call(
    make_ring: RingMaker, kms_root: KmsRoot, fault_proxy: FaultProxy
) -> None:
    await make_ring(kms_root).data_key(1, "subject", "ada")
    fault_proxy.fault = "error"
    asked = fault_proxy.requests
    ring = make_ring(kms_root)
    results = await asyncio.gather(
        *(ring.data_key(1, "subject", str(n % 5)) for n in range(100)), return_exceptions=True
    )  # fmt: skip
    assert {type(result) for result in results} == {RootUnavailable}
    assert fault_proxy.requests - asked <= 2  # the call and its one retry


async def test_a_cold_process_needs_one_call_to_kms(
    make_ring: RingMaker, kms_root: KmsRoot, fault_proxy: FaultProxy
) -> None:
    ring = make_ring(kms_root)
    for owner in "abc":
        await ring.data_key(1, "subject", owner)
    asked = fault_proxy.requests
    cold = make_ring(kms_root)
    await asyncio.gather(*(cold.data_key(1, "subject", owner) for owner in "abcde"))
    assert fault_proxy.requests - asked == 1


async def test_keys_move_from_a_local_root_to_kms(
    make_ring: RingMaker, database: Database, kms_root: KmsRoot, root: LocalRoot
) -> None:
    sealed = (await make_ring().data_key(1, "subject", "ada")).seal(b"x", b"")

    async def find(name: str) -> LocalRoot | None:
        return root if name == root.name else None

    ring = KeyRing(database, kms_root, KeySettings(), find_root=find)
    assert await move_to_root(ring, kms_root) == Moved(done=1, failed=0)
    assert (await make_ring(kms_root).key_for(1, "subject", "ada", sealed)).open(sealed, b"") == b"x"


async def settled(ring: KeyRing) -> None:
    while ring._flights:
        await asyncio.gather(*ring._flights.values(), return_exceptions=True)
