"""Nothing that was answered is lost or doubled, whoever is killed."""

import asyncio
import os
import random
import time
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from sightline.database.address import connect
from sightline.database.pool import Database
from sightline.settings import SignalSettings, WarehouseSettings
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.warehouse import Warehouse
from tests.signals.crashing import Child, Server
from tests.signals.making import Folder, event

CHANCE = random.Random()
SOAK = bool(os.environ.get("SIGHTLINE_SOAK"))


class _Sleepy(Journal):
    """A journal some of whose transactions are slow to commit, so that later batches overtake them."""

    async def _insert_keys(self, connection: asyncpg.Connection, *rest: object) -> set[object]:  # type: ignore[override]
        found = await super()._insert_keys(connection, *rest)  # type: ignore[arg-type]
        if CHANCE.random() < 0.05:
            await asyncio.sleep(CHANCE.random() * 0.2)
        return found  # type: ignore[return-value]


async def _write(journal: Journal, writer: int, until: float, sent: list[int]) -> None:
    number = writer
    while time.monotonic() < until:
        await journal.append(Batch(signals=[event(number + 8 * step) for step in range(10)]))
        sent.extend(number + 8 * step for step in range(10))
        number += 80
        await asyncio.sleep(CHANCE.random() * 0.01)


async def test_eight_writers_and_a_transaction_left_open_elsewhere_lose_and_double_nothing(
    database: Database, warehouse: Warehouse
) -> None:
    await warehouse.caught_up()
    elsewhere = await connect(database.address)
    await elsewhere.execute("CREATE TABLE other (a int)")
    await elsewhere.execute("BEGIN")
    await elsewhere.execute("INSERT INTO other VALUES (1)")  # a write transaction that nobody ends
    journals = [_Sleepy(database.address, SignalSettings(gather_ms=1)) for _ in range(8)]
    for journal in journals:
        await journal.start()
    sent: list[int] = []
    until = time.monotonic() + (30 if SOAK else 4)
    await asyncio.gather(*(_write(journal, n, until, sent) for n, journal in enumerate(journals)))
    await warehouse.caught_up()
    rows = await warehouse.query("SELECT path FROM event")
    assert Counter(rows["path"].to_pylist()) == Counter(f"/p/{number}" for number in sent)
    assert await database.fetchval("SELECT count(*) FROM signal_event") == len(sent) == len(set(sent))
    for journal in journals:
        await journal.close()
    await elsewhere.close()


async def _stored(server: Server) -> Counter[int]:
    connection = await connect(server.address)
    rows = await connection.fetch("SELECT path FROM signal_event")
    await connection.close()
    return Counter(int(row["path"].rpartition("/")[2]) for row in rows)


async def _followed(server: Server, folder: Path) -> Counter[int]:
    """Go on with the file that a killed follower has left."""
    database = await Database.open(server.address)
    settings = WarehouseSettings(poll_ms=20, memory_mb=256)
    warehouse = Warehouse(folder / "warehouse.duckdb", Catalogue(database, Folder(folder / "extents")), settings)
    await warehouse.start()
    await warehouse.caught_up()
    rows = (await warehouse.query("SELECT path FROM event"))["path"].to_pylist()
    await warehouse.close()
    await database.close()
    return Counter(int(path.rpartition("/")[2]) for path in rows)


async def _kill_in_rounds(server: Server, folder: Path, rounds: int) -> None:
    answered: set[int] = set()
    first = 0
    for number in range(rounds):
        writer = Child("write", server.address, str(first), "8")
        follower = Child("follow", server.address, str(folder))
        first += 10_000_000
        lines = [await asyncio.to_thread(writer.wait_for_line)]
        await asyncio.to_thread(follower.wait_for_line)
        await asyncio.sleep(0.3 + CHANCE.random() * 0.7)
        if number % 3 == 1:  # PostgreSQL crashes under both, and comes back while they go on
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(server.start)
            await asyncio.sleep(CHANCE.random())
        lines += await asyncio.to_thread(writer.end)
        if number % 3 == 2:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        await asyncio.to_thread(follower.end)
        answered.update(int(line) for line in lines)
    stored = await _stored(server)
    assert len(answered) > 20 * rounds
    assert answered <= stored.keys()
    assert max(stored.values()) == 1
    assert await _followed(server, folder) == stored


async def test_kill_9_of_writer_follower_and_postgresql_loses_and_doubles_nothing(
    server: Server, tmp_path: Path
) -> None:
    await _kill_in_rounds(server, tmp_path, 3)


@pytest.mark.soak
async def test_kill_9_in_thirty_rounds_loses_and_doubles_nothing(server: Server, tmp_path: Path) -> None:
    await _kill_in_rounds(server, tmp_path, 30)
