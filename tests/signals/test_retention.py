"""Retention, the whole upkeep, and partitions, on a real PostgreSQL."""

import asyncio

import pytest

from sightline import clock
from sightline.database.address import connect
from sightline.database.pool import Database
from sightline.settings import SignalSettings
from sightline.signals.erasure import Erasure
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.parquet import DAY_MS
from sightline.signals.partitions import create_partitions, partitions
from sightline.signals.retention import Retention
from sightline.signals.salts import Salts
from sightline.signals.sealing import Sealer
from sightline.signals.upkeep import Upkeep
from sightline.signals.warehouse import Warehouse
from tests.collect.conftest import make_site
from tests.signals.making import Folder, events


@pytest.fixture
def erasure(database: Database, folder: Folder) -> Erasure:
    return Erasure(Catalogue(database, folder), Folder(folder.root.parent / "log"))


@pytest.fixture
def upkeep(database: Database, folder: Folder, erasure: Erasure) -> Upkeep:
    return Upkeep(Sealer(Catalogue(database, folder)), erasure, Salts(database), SignalSettings())


async def _sites(warehouse: Warehouse) -> dict[int, int]:
    await warehouse.caught_up()
    rows = (await warehouse.query("SELECT site, count(*) AS n FROM event GROUP BY site")).to_pylist()
    return {row["site"]: row["n"] for row in rows}


async def _keeping(database: Database, *days: int) -> list[int]:
    """Sites that keep analytics for so many days each."""
    made = [(await make_site(database))[0] for _ in days]
    for site, kept in zip(made, days, strict=True):
        await database.execute("UPDATE sites SET analytics_days = $2 WHERE id = $1", site, kept)
    return made


async def test_each_site_keeps_its_own_number_of_days(
    journal: Journal, warehouse: Warehouse, erasure: Erasure, database: Database, folder: Folder
) -> None:
    today = clock.now_ms() // DAY_MS * DAY_MS
    one, two, three = await _keeping(database, 7, 3, 7)
    for age in range(10):
        for site in (one, two, three):
            await journal.append(Batch(signals=events(1, site=site, created_ms=today - age * DAY_MS + 5)))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    assert await _sites(warehouse) == {one: 10, two: 10, three: 10}
    retention = Retention(database)
    assert await retention.apply(erasure) == 2 * 2 + 6
    assert await _sites(warehouse) == {one: 8, two: 4, three: 8}
    assert await retention.apply(erasure) == 0
    warehouse.rebuild()
    assert await _sites(warehouse) == {one: 8, two: 4, three: 8}
    assert Folder(folder.root.parent / "log").names() == []


async def test_what_belongs_to_no_site_any_more_goes_after_a_year(
    journal: Journal, warehouse: Warehouse, erasure: Erasure, database: Database, folder: Folder
) -> None:
    today = clock.now_ms() // DAY_MS * DAY_MS
    for age in (364, 365, 366, 367):
        await journal.append(Batch(signals=events(1, site=999_999, created_ms=today - age * DAY_MS + 5)))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    assert await Retention(database).apply(erasure) == 2
    assert await _sites(warehouse) == {999_999: 2}


async def test_the_forecast_grows_until_a_day_goes_for_each_that_comes(
    journal: Journal, database: Database, folder: Folder
) -> None:
    today = clock.now_ms() // DAY_MS * DAY_MS
    long, short = await _keeping(database, 365, 10)
    for age in range(1, 6):
        for site in (long, short):
            await journal.append(Batch(signals=events(100, site=site, created_ms=today - age * DAY_MS)))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    retention = Retention(database)
    grows, bounded = sorted(await retention.forecast(), key=lambda one: one.site)
    assert (grows.rows, grows.rows_per_day, grows.days) == (500, 100, 365)
    assert grows.bytes_in_30_days == pytest.approx(grows.bytes * 7, rel=0.01)
    assert grows.bytes_at_most == pytest.approx(grows.bytes * 73, rel=0.01)
    assert bounded.bytes_in_30_days == pytest.approx(bounded.bytes * 2, rel=0.01)
    assert bounded.bytes_at_most == pytest.approx(bounded.bytes * 2, rel=0.01)
    assert [one.site for one in await retention.forecast([short])] == [short]


async def test_days_go_through_upkeep_and_every_event_stays_in_exactly_one_place(
    journal: Journal, warehouse: Warehouse, upkeep: Upkeep, database: Database, folder: Folder
) -> None:
    with clock.held(clock.now_ms()) as held:
        total = 0
        for _ in range(6):
            await journal.append(Batch(signals=events(20, first=total)))
            total += 20
            await warehouse.caught_up()
            held.advance(seconds=24 * 3600)
            await upkeep.run()
        done = await upkeep.run()
        assert done.sealed == 0
        left = await _with_rows(database)
        assert 0 < len(left) <= 4  # those of the last 48 hours, with the day of the newest ledger row
        assert (await _sites(warehouse)) == {1: total}
        warehouse.rebuild()
        assert (await _sites(warehouse)) == {1: total}
        paths = await warehouse.query("SELECT count(DISTINCT path) AS n FROM event")
        assert paths.to_pylist() == [{"n": total}]


async def _with_rows(database: Database) -> list[str]:
    connection = await connect(database.address)
    names = [partition.name for partition in await partitions(connection, EVENT)]
    await connection.close()
    return [name for name in names if await database.fetchval(f"SELECT count(*) FROM {name}")]


async def test_making_and_dropping_partitions_does_not_hold_back_an_append(
    journal: Journal, upkeep: Upkeep, database: Database
) -> None:
    await journal.append(Batch(signals=events(1)))
    reader = await connect(database.address)  # a report of PostgreSQL that takes long: it holds a lock on the table
    await reader.execute("BEGIN")
    await reader.fetchval("SELECT count(*) FROM signal_event")
    now_ms = clock.now_ms()
    making = asyncio.ensure_future(create_partitions(database.address, [EVENT], now_ms - 9 * DAY_MS, days=3))
    made = await asyncio.wait_for(making, 20)
    assert len(made) == 3
    dropping = asyncio.ensure_future(upkeep.drop_partitions(now_ms))
    for number in range(20):
        await asyncio.wait_for(journal.append(Batch(signals=events(1, first=number))), 20)
    with clock.held(now_ms + 20 * DAY_MS):  # a day whose partition nobody has made yet
        await asyncio.wait_for(journal.append(Batch(signals=events(1))), 20)
    assert not dropping.done()
    await reader.execute("COMMIT")
    assert len(await dropping) == 3
    await reader.close()


async def test_a_partition_with_signals_that_are_not_sealed_is_never_dropped(
    journal: Journal, upkeep: Upkeep, database: Database
) -> None:
    now_ms = clock.now_ms()
    with clock.held(now_ms - 9 * DAY_MS):  # a node whose clock is nine days behind
        await journal.append(Batch(signals=events(5)))
    assert await upkeep.drop_partitions(now_ms) == []
    assert await database.fetchval("SELECT count(*) FROM signal_event") == 5


async def test_a_drop_that_was_interrupted_after_the_detach_is_finished(
    journal: Journal, upkeep: Upkeep, database: Database
) -> None:
    await create_partitions(database.address, [EVENT], clock.now_ms() - 9 * DAY_MS, days=1)
    connection = await connect(database.address)
    name = (await partitions(connection, EVENT))[0].name
    await connection.close()
    await database.execute(f"ALTER TABLE signal_event DETACH PARTITION {name}")
    assert await upkeep.drop_partitions(clock.now_ms()) == [name]
    assert await database.fetchval("SELECT to_regclass($1)", name) is None
