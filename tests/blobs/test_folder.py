"""What holds for a folder: modes, atomic writes, checksums beside the objects."""

import asyncio
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from sightline.blobs.folder import FolderStore
from sightline.blobs.store import Damaged
from sightline.errors import Conflict, DiskFull


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


async def test_everything_is_readable_by_its_owner_only(folder: FolderStore, tmp_path: Path) -> None:
    await folder.put("a/b/c", b"x")
    for path in [tmp_path / "store", *(tmp_path / "store").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_a_flipped_bit_is_found(folder: FolderStore, tmp_path: Path) -> None:
    await folder.put("a", b"hello")
    (tmp_path / "store" / "a").write_bytes(b"hellp")
    with pytest.raises(Damaged, match="'a'"):
        await folder.get("a")


async def test_a_file_that_another_program_wrote_is_read_unchecked(folder: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "part.parquet").write_bytes(b"PAR1")
    assert await folder.get("part.parquet") == b"PAR1"
    assert (await folder.head("part.parquet")).checksum is None
    assert folder.location("part.parquet") == str(tmp_path / "store" / "part.parquet")


async def test_a_crash_between_checksum_and_content_leaves_the_older_object_valid(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await folder.put("a", b"older")
    place = FolderStore._place

    def crash(self: FolderStore, draft: Path, path: Path) -> None:
        if ".sums" not in path.parts:
            raise KeyboardInterrupt
        place(self, draft, path)

    monkeypatch.setattr(FolderStore, "_place", crash)
    with pytest.raises(KeyboardInterrupt):
        folder._put("a", b"newer", False, None)
    monkeypatch.undo()
    assert await folder.get("a") == b"older"
    assert (await folder.head("a")).etag == before.etag
    await folder.put("a", b"newest", if_match=before.etag)
    assert await folder.get("a") == b"newest"


async def test_nothing_is_left_in_the_temporary_folder(folder: FolderStore, tmp_path: Path) -> None:
    await folder.put("a", b"1")
    with pytest.raises(Conflict):
        await folder.put("a", b"2", if_absent=True)
    assert list((tmp_path / "store" / ".temp").iterdir()) == []


async def test_a_reader_never_sees_half_an_object(folder: FolderStore) -> None:
    one, two = b"1" * 500_000, b"2" * 500_000
    await folder.put("x", one)
    done = asyncio.Event()

    async def write() -> None:
        for n in range(20):
            await folder.put("x", two if n % 2 else one)
        done.set()

    writing = asyncio.create_task(write())
    while not done.is_set():
        assert await folder.get("x") in {one, two}
        await folder.head("x")
    await writing


async def test_putting_and_deleting_in_one_folder_at_once_works(folder: FolderStore) -> None:
    async def work(n: int) -> None:
        for _ in range(15):
            await folder.put(f"a/b/c/{n}", b"x")
            await folder.delete(f"a/b/c/{n}")

    await asyncio.gather(*map(work, range(6)))
    assert [blob async for blob in folder.walk()] == []


async def test_of_many_who_change_at_once_one_wins(folder: FolderStore) -> None:
    """Not run over S3, where moto checks and writes in two steps."""
    etag = (await folder.put("x", b"start")).etag
    results = await asyncio.gather(
        *(folder.put("x", b"%d" % n, if_match=etag) for n in range(8)), return_exceptions=True
    )  # fmt: skip
    assert sorted(isinstance(result, Conflict) for result in results) == [False] + [True] * 7


async def test_an_object_cannot_be_a_folder_too(folder: FolderStore) -> None:
    await folder.put("a", b"x")
    with pytest.raises(Conflict, match="both an object and a folder"):
        await folder.put("a/b", b"x")
    await folder.put("c/d", b"x")
    with pytest.raises(Conflict, match="both an object and a folder"):
        await folder.put("c", b"x")


def _create(root: Path, number: int) -> bool:
    try:
        asyncio.run(FolderStore(root).put("one", b"%d" % number, if_absent=True))
    except Conflict:
        return False
    return True


def test_processes_exclude_each_other(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        won = pool.starmap(_create, [(tmp_path / "store", n) for n in range(12)])
    assert won.count(True) == 1


async def test_a_full_disk_is_one_clear_line_and_leaves_what_was_there(small_disk: Path) -> None:
    store = FolderStore(small_disk / "store")
    await store.put("x", b"kept")
    with pytest.raises(DiskFull, match=f"{small_disk}.* is full"):
        await store.put("x", os.urandom(2_000_000))
    assert await store.get("x") == b"kept"
    await store.put("y", b"small")
