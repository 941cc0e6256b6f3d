"""The bounds of the key cache."""

from sightline.errors import ServiceError
from sightline.keys.cache import Cache, Refusal, Slot
from sightline.keys.held import Held
from sightline.keys.wrap import KeyId, Kind


def slot(tenant_id: int, owner: str) -> Slot:
    return Slot(tenant_id, Kind.DATA, "recording", owner, 1)


def held(tenant_id: int, owner: str) -> Held:
    key_id = KeyId(kind=Kind.DATA, tenant_id=tenant_id, purpose="recording", owner=owner)
    return Held(bytearray(32), key_id, born_ms=0, life_ms=1000, parent=None)


def filled(entries: int, *places: tuple[int, str]) -> Cache:
    cache = Cache(entries)
    for place in places:
        cache.put(slot(*place), held(*place))
    return cache


def test_the_least_recently_used_key_goes_first() -> None:
    cache = filled(2, (1, "a"), (1, "b"))
    assert cache.get(slot(1, "a"))
    cache.put(slot(1, "c"), held(1, "c"))
    assert cache.get(slot(1, "b")) is None
    assert cache.get(slot(1, "a"))
    assert len(cache) == 2


def test_a_tenant_that_fills_the_cache_pushes_out_its_own_keys() -> None:
    cache = filled(4, (1, "quiet"), *((2, str(n)) for n in range(50)))
    assert cache.get(slot(1, "quiet"))
    assert len(cache) == 4


def test_a_new_tenant_gets_room_from_the_one_that_holds_the_most() -> None:
    cache = filled(4, *((2, str(n)) for n in range(4)))
    cache.put(slot(3, "new"), held(3, "new"))
    assert cache.get(slot(3, "new"))
    assert cache.get(slot(2, "0")) is None


def test_an_evicted_key_still_works_for_who_holds_it_and_a_purged_one_does_not() -> None:
    evicted, purged = held(1, "a"), held(1, "b")
    cache = Cache(1)
    cache.put(slot(1, "a"), evicted)
    cache.put(slot(1, "b"), purged)
    assert evicted.is_open
    cache.forget(1, None, None, close=True)
    assert not purged.is_open
    assert len(cache) == 0


def test_a_purge_of_one_owner_leaves_the_others() -> None:
    cache = filled(9, (1, "a"), (1, "b"), (2, "a"))
    cache.forget(1, "recording", "a", close=True)
    assert [cache.get(slot(*place)) is None for place in ((1, "a"), (1, "b"), (2, "a"))] == [True, False, False]


def test_dropping_a_key_that_was_replaced_leaves_its_successor() -> None:
    cache, older = filled(9, (1, "a")), held(1, "a")
    cache.drop(slot(1, "a"), older)
    assert cache.get(slot(1, "a"))


def test_a_refusal_is_repeated_until_its_time_is_over() -> None:
    cache = Cache(9)
    cache.refuse(slot(1, "a"), Refusal(ServiceError("no", hint="ask"), until_ms=100))
    found = cache.refusal(slot(1, "a"), 99)
    assert found is not None
    assert found.again().line() == "no. ask"
    assert cache.refusal(slot(1, "a"), 100) is None


def test_refusals_are_bounded_too() -> None:
    cache = Cache(3)
    for n in range(100):
        cache.refuse(slot(n, "a"), Refusal(ServiceError("no"), until_ms=100))
    assert sum(cache.refusal(slot(n, "a"), 0) is not None for n in range(100)) <= 3
