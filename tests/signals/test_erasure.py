"""Erasure over hot and sealed signals and the warehouse, on a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.signals.erasure import LOG, Erasure
from sightline.signals.event import EVENT, Event
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.ledger import Tombstone
from sightline.signals.open_visits import OpenVisits
from sightline.signals.parquet import decode
from sightline.signals.sealing import Sealer
from sightline.signals.warehouse import Warehouse
from tests.signals.making import Folder, event

ANNA, BERT = 77_000_001, 77_000_002


@pytest.fixture
def log(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "log")


@pytest.fixture
def erasure(database: Database, folder: Folder, log: Folder) -> Erasure:
    return Erasure(Catalogue(database, folder), log)


class Everywhere:
    """Looks for a visitor in every store."""

    def __init__(self, database: Database, folder: Folder, warehouse: Warehouse) -> None:
        self.database, self.folder, self.warehouse = database, folder, warehouse

    async def rows(self, condition: str) -> dict[str, int]:
        """How many rows match in the journal, in all objects (listed or not) and in the warehouse."""
        hot = await self.database.fetchval(f"SELECT count(*) FROM signal_event WHERE {condition}")
        await self.warehouse.caught_up()
        count = (await self.warehouse.query(f"SELECT count(*) AS n FROM event WHERE {condition}")).to_pylist()[0]["n"]
        sealed = 0
        for name in self.folder.names():
            names = ", ".join(EVENT.column_names)
            sealed += await self.warehouse.run(_counting(await self.folder.get(name), names, condition))
        assert isinstance(hot, int)
        return {"hot": hot, "sealed": sealed, "warehouse": count}


def _counting(data: bytes, names: str, condition: str) -> Callable[[object], int]:
    def count(cursor: object) -> int:
        import duckdb

        table = decode(EVENT, data)
        with duckdb.connect() as apart:
            apart.register("found", table)
            row = apart.execute(f"SELECT count(*) FROM (SELECT {names} FROM found) WHERE {condition}").fetchone()
        assert row is not None
        return int(row[0])

    return count


@pytest.fixture
def everywhere(database: Database, folder: Folder, warehouse: Warehouse) -> Everywhere:
    return Everywhere(database, folder, warehouse)


@pytest.fixture
def stored(journal: Journal, database: Database, folder: Folder) -> Callable[[], Awaitable[None]]:
    """Anna and Bert on two sites: sealed, in small extents that were merged, and hot."""

    async def store() -> None:
        sealer = Sealer(Catalogue(database, folder))
        for part in range(3):
            await journal.append(Batch(signals=[*_visits(ANNA, 10 * part), *_visits(BERT, 10 * part)]))
            if part < 2:
                await sealer.seal(clock.now_ms() + 1000)
        await sealer.compact()

    return store


def _visits(visitor: int, first: int) -> list[Event]:
    return [
        event(number, site=number % 2 + 1, visitor=visitor, visit=visitor * 10 + number % 2)
        for number in range(first, first + 10)
    ]


async def test_a_visitor_is_gone_from_journal_objects_and_warehouse_and_others_stay(
    stored: Callable[[], Awaitable[None]], erasure: Erasure, everywhere: Everywhere
) -> None:
    await stored()
    before = await everywhere.rows(f"visitor = {BERT}")
    assert before["hot"] == before["warehouse"] == 30
    assert before["sealed"] >= 20
    anna = Tombstone(reason="request", visitors=(ANNA,))
    assert {kind: rows for kind, rows in (await erasure.preview(anna)).items() if rows} == {"event": 30}
    done = await erasure.erase(anna)
    assert done.rows == 30
    assert await everywhere.rows(f"visitor = {ANNA}") == {"hot": 0, "sealed": 0, "warehouse": 0}
    assert await everywhere.rows(f"visitor = {BERT}") == {"hot": 30, "sealed": 20, "warehouse": 30}
    everywhere.warehouse.rebuild()
    assert await everywhere.rows(f"visitor IN ({ANNA}, {BERT})") == {"hot": 30, "sealed": 20, "warehouse": 30}


async def test_one_visit_goes_and_the_others_of_the_same_visitor_stay(
    stored: Callable[[], Awaitable[None]], erasure: Erasure, everywhere: Everywhere
) -> None:
    await stored()
    await erasure.erase(Tombstone(reason="request", visits=(ANNA * 10,)))
    assert await everywhere.rows(f"visitor = {ANNA}") == {"hot": 15, "sealed": 10, "warehouse": 15}


async def test_a_person_goes_with_every_pseudonym_also_from_before_identify(
    stored: Callable[[], Awaitable[None]], journal: Journal, erasure: Erasure, everywhere: Everywhere
) -> None:
    await stored()
    await journal.append(Batch(signals=[event(1, visitor=ANNA, person=5), event(2, visitor=900, person=5)]))
    await erasure.erase(Tombstone(reason="request", persons=(5,)))
    assert await everywhere.rows(f"visitor IN ({ANNA}, 900) OR person = 5") == {
        "hot": 0, "sealed": 0, "warehouse": 0,
    }  # fmt: skip
    assert (await everywhere.rows(f"visitor = {BERT}"))["warehouse"] == 30


async def test_a_site_is_reset_and_another_keeps_what_it_has(
    stored: Callable[[], Awaitable[None]], erasure: Erasure, everywhere: Everywhere, journal: Journal
) -> None:
    await stored()
    await erasure.erase(Tombstone(reason="reset", sites=(1,)))
    assert await everywhere.rows("site = 1") == {"hot": 0, "sealed": 0, "warehouse": 0}
    assert (await everywhere.rows("site = 2"))["warehouse"] == 30
    await journal.append(Batch(signals=[event(1, site=1)]))
    assert (await everywhere.rows("site = 1"))["warehouse"] == 1


async def test_no_reader_sees_half_of_a_reset(
    stored: Callable[[], Awaitable[None]], erasure: Erasure, warehouse: Warehouse
) -> None:
    await stored()
    await warehouse.caught_up()
    seen: set[int] = set()
    erasing = asyncio.ensure_future(erasure.erase(Tombstone(reason="reset", sites=(1,))))
    while not erasing.done():
        seen.add((await warehouse.query("SELECT count(*) AS n FROM event WHERE site = 1")).to_pylist()[0]["n"])
    await erasing
    assert seen <= {0, 30}


async def test_what_arrives_during_an_erasure_goes_too_and_all_stores_agree(
    stored: Callable[[], Awaitable[None]], erasure: Erasure, everywhere: Everywhere, journal: Journal
) -> None:
    await stored()
    going_on = True

    async def arrive() -> None:
        while going_on:
            await journal.append(Batch(signals=_visits(ANNA, 500)))

    arriving = asyncio.ensure_future(arrive())
    await erasure.erase(Tombstone(reason="request", visitors=(ANNA,)))
    going_on = False
    await arriving
    found = await everywhere.rows(f"visitor = {ANNA}")
    assert found["hot"] == found["warehouse"]
    assert found["sealed"] == 0


@pytest.mark.parametrize("step", ["_note_in_log", "_clean_extents", "_exchange", "_clean_journal", "_close"])
async def test_an_erasure_that_is_interrupted_is_finished_by_resume(
    stored: Callable[[], Awaitable[None]], erasure: Erasure, everywhere: Everywhere, log: Folder, step: str
) -> None:
    await stored()

    async def ended(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Erasure, step, ended)
        with pytest.raises(KeyboardInterrupt):
            await erasure.erase(Tombstone(reason="request", visitors=(ANNA,)))
    assert (await everywhere.rows(f"visitor = {ANNA}"))["warehouse"] == 0
    assert await erasure.resume() == 1
    assert await erasure.resume() == 0
    assert await everywhere.rows(f"visitor = {ANNA}") == {"hot": 0, "sealed": 0, "warehouse": 0}
    assert len(log.names()) == 1


async def test_sealing_waits_until_an_interrupted_erasure_is_finished(
    stored: Callable[[], Awaitable[None]],
    erasure: Erasure,
    database: Database,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await stored()

    async def ended(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Erasure, "_clean_extents", ended)
        with pytest.raises(KeyboardInterrupt):
            await erasure.erase(Tombstone(reason="request", visitors=(ANNA,)))
    sealer = Sealer(Catalogue(database, folder))
    with pytest.raises(Exception, match="erasure is not finished"):
        await sealer.seal(clock.now_ms() + 1000)
    await erasure.resume()
    assert (await sealer.seal(clock.now_ms() + 1000)).signals == 10


async def test_the_log_replayed_after_a_restore_erases_what_came_back(
    stored: Callable[[], Awaitable[None]], erasure: Erasure, everywhere: Everywhere, journal: Journal, log: Folder
) -> None:
    await stored()
    await erasure.erase(Tombstone(reason="request", visitors=(ANNA,)))
    assert [name.split("/")[0] for name in log.names()] == [LOG]
    came_back = [event(n, visitor=ANNA, created_ms=clock.now_ms() - 3_600_000) for n in range(5)]
    await journal.append(Batch(signals=came_back))
    assert (await everywhere.rows(f"visitor = {ANNA}"))["hot"] == 5
    assert await erasure.replay(since_ms=clock.now_ms() + 1000) == 0
    assert await erasure.replay() == 1
    assert await everywhere.rows(f"visitor = {ANNA}") == {"hot": 0, "sealed": 0, "warehouse": 0}
    assert len(log.names()) == 1


async def test_the_open_visit_of_an_erased_visitor_is_forgotten(database: Database, erasure: Erasure) -> None:
    visits = OpenVisits(database)
    await visits.hit(1, ANNA, clock.now_ms())
    await visits.hit(1, BERT, clock.now_ms())
    await erasure.erase(Tombstone(reason="request", visitors=(ANNA,)))
    assert [row["visitor"] for row in await database.fetch("SELECT visitor FROM open_visit")] == [BERT]
    await visits.close()


async def test_an_erasure_of_nothing_is_refused(erasure: Erasure) -> None:
    with pytest.raises(InvalidValue):
        await erasure.erase(Tombstone(reason="request"))


async def test_what_else_keeps_a_visit_is_told(database: Database, folder: Folder, log: Folder) -> None:
    class Recordings:
        name = "recordings"

        def __init__(self) -> None:
            self.told: list[Tombstone] = []

        async def erase(self, tombstone: Tombstone) -> int:
            self.told.append(tombstone)
            return 3

    recordings = Recordings()
    erasure = Erasure(Catalogue(database, folder), log, erasers=[recordings])
    done = await erasure.erase(Tombstone(reason="request", visits=(9,)))
    assert done.others == {"recordings": 3}
    assert recordings.told == [msgspec.structs.replace(recordings.told[0], visits=(9,))]
