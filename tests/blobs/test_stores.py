"""What every object store does: the same tests over a folder and over S3."""

import asyncio

import pytest

from sightline import clock
from sightline.blobs.store import BlobStore, checksum_of
from sightline.errors import Conflict, InvalidValue, NotFound

NAMES = ["a-b", "a/b", "a/b2/c", "a.b/x", "aa", "b=1/day=2026-01-01/part.parquet", "a/b-1", "a+b", "A"]


async def names(store: BlobStore, prefix: str = "", after: str = "") -> list[str]:
    return [blob.name async for blob in store.walk(prefix, after=after)]


async def test_what_was_put_is_got(store: BlobStore) -> None:
    blob = await store.put("visits/1.bin", b"hello")
    assert await store.get("visits/1.bin") == b"hello"
    assert blob == await store.head("visits/1.bin")
    assert (blob.size, blob.checksum) == (5, checksum_of(b"hello"))
    assert abs(blob.modified_ms - clock.now_ms()) < 60_000


async def test_an_empty_object_is_an_object(store: BlobStore) -> None:
    await store.put("empty", b"")
    assert await store.get("empty") == b""
    assert (await store.head("empty")).size == 0


async def test_a_put_replaces_what_was_there(store: BlobStore) -> None:
    first = await store.put("x", b"one")
    second = await store.put("x", b"two!")
    assert first.etag != second.etag
    assert await store.get("x") == b"two!"
    assert (await store.head("x")).checksum == checksum_of(b"two!")


async def test_a_missing_object_is_not_found(store: BlobStore) -> None:
    for attempt in (store.get("nope"), store.head("nope"), store.get_range("nope", 0, 1), store.copy("nope", "x")):
        with pytest.raises(NotFound, match="'nope'"):
            await attempt


async def test_create_only_leaves_what_is_there(store: BlobStore) -> None:
    await store.put("x", b"one", if_absent=True)
    with pytest.raises(Conflict, match="'x'"):
        await store.put("x", b"two", if_absent=True)
    assert await store.get("x") == b"one"


async def test_of_many_who_create_at_once_one_wins(store: BlobStore) -> None:
    results = await asyncio.gather(
        *(store.put("x", b"%d" % n, if_absent=True) for n in range(8)), return_exceptions=True
    )  # fmt: skip
    assert sorted(isinstance(result, Conflict) for result in results) == [False] + [True] * 7


async def test_a_conditional_put_needs_the_etag_of_what_is_there(store: BlobStore) -> None:
    first = await store.put("x", b"one")
    second = await store.put("x", b"two", if_match=first.etag)
    with pytest.raises(Conflict):
        await store.put("x", b"three", if_match=first.etag)
    assert await store.get("x") == b"two"
    await store.put("x", b"three", if_match=second.etag)
    with pytest.raises(Conflict):
        await store.put("absent", b"", if_match=first.etag)


async def test_a_range_is_cut_at_the_end_and_refused_behind_it(store: BlobStore) -> None:
    await store.put("x", b"0123456789")
    assert await store.get_range("x", 2, 3) == b"234"
    assert await store.get_range("x", 8, 100) == b"89"
    for start, length in ((10, 1), (11, 5), (-1, 2), (0, 0), (3, -1)):
        with pytest.raises(InvalidValue):
            await store.get_range("x", start, length)


async def test_a_walk_is_in_the_order_of_names(store: BlobStore) -> None:
    for name in NAMES:
        await store.put(name, name.encode())
    assert await names(store) == sorted(NAMES)
    assert await names(store, after="a/b") == [name for name in sorted(NAMES) if name > "a/b"]


async def test_a_prefix_is_a_folder(store: BlobStore) -> None:
    for name in ("a/1", "a/b/2", "ab/3", "a-/4"):
        await store.put(name, b"12")
    assert await names(store, "a") == ["a/1", "a/b/2"]
    assert await names(store, "a/") == ["a/1", "a/b/2"]
    assert await names(store, "nowhere") == []
    assert [(blob.name, blob.size) async for blob in store.walk("ab")] == [("ab/3", 2)]


async def test_a_walk_goes_over_many_pages(store: BlobStore) -> None:
    wanted = [f"p/{n:04}" for n in range(1100 if not store.is_remote else 60)]
    for start in range(0, len(wanted), 20):
        await asyncio.gather(*(store.put(name, b"") for name in wanted[start : start + 20]))
    assert await names(store, "p") == wanted


async def test_an_empty_store_has_no_objects(store: BlobStore) -> None:
    assert await names(store) == []


async def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(store: BlobStore) -> None:
    await store.put("a/b/x", b"1")
    await store.put("a/y", b"1")
    await store.delete("a/b/x")
    await store.delete("a/b/x")
    assert await names(store) == ["a/y"]
    with pytest.raises(NotFound):
        await store.head("a/b/x")
    assert (await store.put("a/b", b"now an object")).size == 13


async def test_many_are_deleted_at_once(store: BlobStore) -> None:
    for name in NAMES:
        await store.put(name, b"")
    await store.delete_many([*NAMES[1:], "nope"])
    assert await names(store) == [NAMES[0]]


async def test_a_copy_keeps_the_checksum(store: BlobStore) -> None:
    await store.put("a", b"data")
    blob = await store.copy("a", "folder/b")
    assert blob.checksum == checksum_of(b"data")
    assert await store.get("folder/b") == b"data"


ESCAPES = ["/a", "..", "a/../b", "./a", ".hidden", "a/.sums/b", "a\\b", "a\nb", "a\0b", "a%2e"]
MISSHAPEN = ["", "a/", "a//b", "a b ", "ü", "x" * 901, "a/" + "y" * 201]


@pytest.mark.parametrize("name", ESCAPES + MISSHAPEN)
async def test_a_name_that_could_leave_the_store_is_refused(store: BlobStore, name: str) -> None:
    for attempt in (store.put(name, b""), store.get(name), store.head(name), store.delete(name), store.copy("a", name)):
        with pytest.raises(InvalidValue):
            await attempt
    with pytest.raises(InvalidValue):
        store.location(name)
