"""Sealing, compaction and sweeping on a real PostgreSQL."""

import asyncio
from typing import Any

import pytest

from sightline import clock
from sightline.blobs.store import Blob
from sightline.database.pool import Database
from sightline.signals import sealing
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue, Extent
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Registry
from sightline.signals.parquet import DAY_MS, decode
from sightline.signals.sealing import Busy, NotWhole, Sealer
from sightline.signals.warehouse import Warehouse
from tests.signals.making import Folder, events

COUNT = "SELECT count(*) AS n, count(DISTINCT path) AS paths, sum(length(title)) AS titles FROM event"


@pytest.fixture
def catalogue(database: Database, folder: Folder) -> Catalogue:
    return Catalogue(database, folder)


@pytest.fixture
def sealer(catalogue: Catalogue) -> Sealer:
    return Sealer(catalogue)


def _soon() -> int:
    return clock.now_ms() + 1000


async def _counted(warehouse: Warehouse) -> dict[str, int]:
    await warehouse.caught_up()
    found: dict[str, int] = (await warehouse.query(COUNT)).to_pylist()[0]
    return found


async def _rebuilt(warehouse: Warehouse) -> dict[str, int]:
    warehouse.rebuild()
    return await _counted(warehouse)


async def test_a_rebuilt_warehouse_holds_the_same_when_nothing_some_or_all_is_sealed(
    journal: Journal, warehouse: Warehouse, sealer: Sealer
) -> None:
    await journal.append(Batch(signals=events(300)))
    first = await _counted(warehouse)
    assert first["n"] == first["paths"] == 300
    assert await _rebuilt(warehouse) == first
    assert (await sealer.seal(_soon())).signals == 300
    assert await _rebuilt(warehouse) == first
    await journal.append(Batch(signals=events(50, first=300)))
    mixed = await _counted(warehouse)
    assert mixed["n"] == mixed["paths"] == 350
    assert await _rebuilt(warehouse) == mixed


async def test_an_extent_is_sorted_by_site_and_time_and_lies_below_its_day(
    journal: Journal, sealer: Sealer, catalogue: Catalogue
) -> None:
    now = clock.now_ms()
    signals = [
        *events(20, site=2, created_ms=now), *events(20, site=1, created_ms=now - 5),
        *events(5, site=1, created_ms=now - DAY_MS),
    ]  # fmt: skip
    await journal.append(Batch(signals=signals))
    await sealer.seal(_soon())
    extents = (await catalogue.snapshot()).extents
    assert [(extent.rows, extent.sites, extent.site_rows) for extent in extents] == [
        (5, (1,), (5,)),
        (40, (1, 2), (20, 20)),
    ]
    assert all(f"event/day={extent.day.isoformat()}/" in extent.object for extent in extents)
    table = decode(EVENT, await catalogue.read(extents[1]))
    keys = list(zip(table["site"].to_pylist(), table["created_ms"].to_pylist(), strict=True))
    assert keys == sorted(keys)


async def test_only_what_was_received_before_the_moment_is_sealed(journal: Journal, sealer: Sealer) -> None:
    with clock.held(clock.now_ms()) as held:
        await journal.append(Batch(signals=events(3)))
        held.advance(seconds=10)
        boundary = clock.now_ms()
        await journal.append(Batch(signals=events(4)))
        assert (await sealer.seal(boundary)).signals == 3
        assert (await sealer.seal(boundary)).signals == 0
        held.advance(seconds=10)
        assert (await sealer.seal(clock.now_ms())).signals == 4


async def test_late_events_go_to_a_further_extent_of_their_day(
    journal: Journal, sealer: Sealer, catalogue: Catalogue
) -> None:
    yesterday = clock.now_ms() - DAY_MS
    for first in (0, 10):
        await journal.append(Batch(signals=events(10, first=first, created_ms=yesterday)))
        await sealer.seal(_soon())
    extents = (await catalogue.snapshot()).extents
    assert [extent.rows for extent in extents] == [10, 10]
    assert len({extent.day for extent in extents}) == 1


async def test_small_extents_of_a_day_become_one_and_the_old_objects_go_after_a_while(
    journal: Journal, sealer: Sealer, catalogue: Catalogue, folder: Folder, warehouse: Warehouse
) -> None:
    for first in (0, 10, 20):
        await journal.append(Batch(signals=events(10, first=first)))
        await sealer.seal(_soon())
    before = await _counted(warehouse)
    assert await sealer.compact() == 2
    assert [extent.rows for extent in (await catalogue.snapshot()).extents] == [30]
    assert await _rebuilt(warehouse) == before
    assert len(folder.names()) == 4
    assert await sealer.sweep() == 0
    with clock.held(clock.now_ms() + 2 * 3600 * 1000):
        assert await sealer.sweep() == 3
    assert len(folder.names()) == 1


async def test_two_sealers_at_once_seal_everything_once(
    journal: Journal, catalogue: Catalogue, folder: Folder, warehouse: Warehouse
) -> None:
    await journal.append(Batch(signals=events(200)))
    results = await asyncio.gather(*(Sealer(catalogue).seal(_soon()) for _ in range(4)), return_exceptions=True)
    assert all(not isinstance(result, BaseException) or isinstance(result, Busy) for result in results)
    assert sum(extent.rows for extent in (await catalogue.snapshot()).extents) == 200
    assert (await _rebuilt(warehouse))["n"] == 200


async def test_a_sealer_that_lost_its_lock_to_another_changes_nothing(
    journal: Journal, catalogue: Catalogue, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await journal.append(Batch(signals=events(20)))
    slow, fast = Sealer(catalogue), Sealer(catalogue)
    write = Sealer._write

    async def overtaken(self: Sealer, portion: sealing._Portion) -> list[Extent]:
        made = await write(self, portion)
        if self is slow:  # its connection, and so its lock, is lost; another leader seals the same signals meanwhile
            await catalogue.database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
            assert (await fast.seal(_soon())).signals == 20
        return made

    monkeypatch.setattr(Sealer, "_write", overtaken)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whichever error says first that the connection is gone
        await slow.seal(_soon())
    assert sum(extent.rows for extent in (await catalogue.snapshot()).extents) == 20


class _StopAt(Folder):
    """An object store whose process ends at a step."""

    def __init__(self, folder: Folder, step: str) -> None:
        super().__init__(folder.root)
        self.step = step

    async def put(self, name: str, data: bytes, **options: Any) -> Blob:
        if self.step == "before put":
            raise KeyboardInterrupt
        await super().put(name, data, **options)
        if self.step == "after put":
            raise KeyboardInterrupt
        return await self.head(name)

    async def get(self, name: str) -> bytes:
        if self.step == "after get":
            raise KeyboardInterrupt
        return await super().get(name)

    async def delete(self, name: str) -> None:
        """A process that has ended does not clean up."""


@pytest.mark.parametrize("step", ["before put", "after put", "after get"])
async def test_a_seal_that_ends_at_any_step_is_done_again_whole(
    journal: Journal, database: Database, folder: Folder, warehouse: Warehouse, step: str
) -> None:
    await journal.append(Batch(signals=events(40)))
    task = asyncio.ensure_future(_interrupted(Sealer(Catalogue(database, _StopAt(folder, step)))))
    await task
    assert (await Catalogue(database, folder).snapshot()).sealed_pos == 0
    sealer = Sealer(Catalogue(database, folder))
    assert (await sealer.seal(_soon())).signals == 40
    assert (await _rebuilt(warehouse))["n"] == 40
    with clock.held(clock.now_ms() + 2 * 3600 * 1000):
        await sealer.sweep()
    assert len(folder.names()) == 1


async def _interrupted(sealer: Sealer) -> None:
    try:
        await sealer.seal(_soon())
    except KeyboardInterrupt:
        return
    raise AssertionError("it was not interrupted")


async def test_a_kind_that_this_process_does_not_know_is_not_passed_over(
    journal: Journal, catalogue: Catalogue, database: Database
) -> None:
    await journal.append(Batch(signals=events(3)))
    with pytest.raises(NotWhole, match="does not know: event"):
        await Sealer(catalogue, Registry()).seal(_soon())
    assert (await catalogue.snapshot()).sealed_pos == 0


async def test_an_object_store_that_changes_a_byte_is_noticed_before_anything_is_recorded(
    journal: Journal, database: Database, folder: Folder
) -> None:
    class Flipping(Folder):
        async def put(self, name: str, data: bytes, **options: Any) -> Blob:
            return await super().put(name, data[:-100] + bytes([data[-100] ^ 1]) + data[-99:], **options)

    await journal.append(Batch(signals=events(40)))
    with pytest.raises(NotWhole):
        await Sealer(Catalogue(database, Flipping(folder.root))).seal(_soon())
    assert (await Catalogue(database, folder).snapshot()).sealed_pos == 0
    assert folder.names() == []
