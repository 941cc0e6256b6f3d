"""The warehouse on a real PostgreSQL and a real DuckDB: fresh, complete, disposable."""

import asyncio
import subprocess
import sys
from pathlib import Path

import duckdb
import msgspec
import pytest

from sightline import clock
from sightline.database.address import connect
from sightline.database.pool import Database
from sightline.errors import Conflict, Unavailable
from sightline.replay.chunks import Chunk
from sightline.settings import Secret, SignalSettings, WarehouseSettings
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.ledger import ArrowReader, OnStandby, Place, poll
from sightline.signals.sealing import Sealer
from sightline.signals.shadow import STORAGE_VERSION, Shadow
from sightline.signals.warehouse import Phase, Rebuilding, Warehouse
from tests.running import environment
from tests.signals.crashing import Server
from tests.signals.making import Folder, event, events
from tests.signals.standby import standby_of

FILE = "warehouse/warehouse.duckdb"


async def _count(warehouse: Warehouse) -> int:
    await warehouse.caught_up()
    counted: int = (await warehouse.query("SELECT count(*) AS n FROM event")).to_pylist()[0]["n"]
    return counted


def _another(tmp_path: Path, database: Database) -> Warehouse:
    chosen = WarehouseSettings(poll_ms=20, memory_mb=256)
    return Warehouse(tmp_path / FILE, Catalogue(database, Folder(tmp_path / "extents")), chosen)


async def test_every_field_reaches_the_warehouse_as_it_was_given(journal: Journal, warehouse: Warehouse) -> None:
    given = event(
        1,
        person=2**63 - 1,
        revenue=-(2**62),
        engagement_ms=5,
        title="naïve ☃ \U0001f600",
        properties='{"a": [1, null]}',
    )
    await journal.append(Batch(signals=[given, event(2)]))
    await warehouse.caught_up()
    rows = (await warehouse.query("SELECT * FROM event ORDER BY place")).to_pylist()
    assert {name: rows[0][name] for name in given.__struct_fields__} == msgspec.structs.asdict(given)
    assert rows[1]["person"] is rows[1]["revenue"] is None


async def test_bytes_of_recordings_stay_out_of_it_whether_followed_or_rebuilt(
    journal: Journal, warehouse: Warehouse, database: Database, folder: Folder
) -> None:
    chunks = [Chunk(site=1, created_ms=clock.now_ms(), seq=seq, tab="tab", data=b"x" * 1000) for seq in range(2)]
    await journal.append(Batch(signals=[chunks[0]]))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    await journal.append(Batch(signals=[chunks[1]]))
    for _ in range(2):
        await warehouse.caught_up()
        rows = (await warehouse.query("SELECT * FROM chunk ORDER BY seq")).to_pylist()
        assert [(row["seq"], row["tab"]) for row in rows] == [(0, "tab"), (1, "tab")]
        assert "data" not in rows[0]
        warehouse.rebuild()


async def test_it_goes_on_where_it_was_when_it_is_opened_again(
    journal: Journal, database: Database, tmp_path: Path
) -> None:
    for first in (0, 10, 20):
        await journal.append(Batch(signals=events(10, first=first)))
        warehouse = _another(tmp_path, database)
        await warehouse.start()
        assert await _count(warehouse) == first + 10
        await warehouse.close()


async def test_a_standby_is_refused(server: Server, tmp_path: Path) -> None:
    with standby_of(server, tmp_path) as address:
        standby = await Database.open(address, minimum=0)
        with pytest.raises(OnStandby):
            await poll(standby, Place())
        warehouse = _another(tmp_path, standby)
        await warehouse.start()
        with pytest.raises(Unavailable, match="standby"):
            await warehouse.caught_up(within_s=1)
        await warehouse.close()
        await standby.close()


@pytest.mark.parametrize("commits_since", [0, 2, 6])
async def test_a_database_that_was_restored_to_an_earlier_moment_is_noticed(
    journal: Journal, warehouse: Warehouse, database: Database, commits_since: int
) -> None:
    for number in range(4):
        await journal.append(Batch(signals=events(1, first=number)))
    assert await _count(warehouse) == 4
    async with database.transaction() as connection:  # what happens meanwhile is seen at once
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' ledger', 0))")
        await connection.execute("DELETE FROM signal_event WHERE path IN ('/p/2', '/p/3')")
        await connection.execute("DELETE FROM ledger WHERE pos > 2")
        await connection.execute("ALTER TABLE ledger ALTER COLUMN pos RESTART WITH 3")
        for _ in range(commits_since):
            number = await connection.fetchval("SELECT nextval('batch_number')")
            await connection.execute(
                "INSERT INTO ledger (batch, received_ms, counts) VALUES ($1, $2, '{}')", number, clock.now_ms()
            )
    await asyncio.sleep(0.2)
    assert await _count(warehouse) == 2


async def test_a_new_generation_makes_it_start_anew(journal: Journal, warehouse: Warehouse, database: Database) -> None:
    await journal.append(Batch(signals=events(5)))
    assert await _count(warehouse) == 5
    await database.execute("DELETE FROM signal_event WHERE path = '/p/1'")
    await database.execute("UPDATE journal_state SET generation = generation + 1")
    assert await _count(warehouse) == 4


async def test_a_file_that_missed_pruned_rows_is_made_anew_from_the_extents(
    journal: Journal, database: Database, tmp_path: Path
) -> None:
    await journal.append(Batch(signals=events(5)))
    warehouse = _another(tmp_path, database)
    await warehouse.start()
    assert await _count(warehouse) == 5
    await warehouse.close()
    for first in (5, 10):
        await journal.append(Batch(signals=events(5, first=first)))
    await Sealer(Catalogue(database, Folder(tmp_path / "extents"))).seal(clock.now_ms() + 1000)
    await database.execute("UPDATE journal_state SET pruned_pos = 2")
    await database.execute("DELETE FROM ledger WHERE pos <= 2")
    await database.execute("DELETE FROM signal_event")
    warehouse = _another(tmp_path, database)
    await warehouse.start()
    assert await _count(warehouse) == 15
    await warehouse.close()


async def test_a_damaged_file_or_one_of_another_schema_is_made_anew(
    journal: Journal, database: Database, tmp_path: Path
) -> None:
    await journal.append(Batch(signals=events(5)))
    warehouse = _another(tmp_path, database)
    await warehouse.start()
    assert await _count(warehouse) == 5
    await warehouse.close()
    file = tmp_path / FILE
    with duckdb.connect(str(file)) as direct:
        direct.execute("UPDATE shadow_state SET schema_hash = 'older'")
    for damage in (None, b"this is no database"):
        if damage:
            file.write_bytes(damage)
        warehouse = _another(tmp_path, database)
        await warehouse.start()
        assert await _count(warehouse) == 5
        await warehouse.close()


async def test_a_rebuild_that_was_killed_is_begun_again(journal: Journal, database: Database, tmp_path: Path) -> None:
    await journal.append(Batch(signals=events(5)))
    shadow = Shadow.open(tmp_path / FILE, [EVENT], memory_mb=256, threads=1)
    shadow.begin(Place())
    shadow.close()  # begun, never complete
    warehouse = _another(tmp_path, database)
    await warehouse.start()
    assert await _count(warehouse) == 5
    await warehouse.close()


async def test_the_file_is_private_and_of_the_format_that_older_releases_of_duckdb_read(
    journal: Journal, warehouse: Warehouse, tmp_path: Path
) -> None:
    await warehouse.caught_up()
    tags = (await warehouse.query("SELECT tags FROM duckdb_databases() WHERE database_name = 'warehouse'")).to_pylist()
    assert STORAGE_VERSION in str(tags)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "query", ["SELECT * FROM read_csv('/etc/passwd')", "INSTALL httpfs", "COPY event TO 'stolen.csv'"]
)
async def test_a_query_reaches_no_file_and_no_network(journal: Journal, warehouse: Warehouse, query: str) -> None:
    await warehouse.caught_up()
    with pytest.raises(duckdb.Error):
        await warehouse.query(query)


async def test_a_second_process_is_told_to_ask_the_server(
    journal: Journal, warehouse: Warehouse, tmp_path: Path
) -> None:
    await warehouse.caught_up()
    code = (
        "from pathlib import Path; from sightline.signals.shadow import Shadow; "
        "from sightline.signals.kinds import KINDS; import sys\n"
        "Shadow.open(Path(sys.argv[1]), KINDS, memory_mb=100, threads=1)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / FILE)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, env=environment()
    )
    assert done.returncode == 1
    assert Conflict.__name__ in done.stderr
    assert "another process has the warehouse" in done.stderr


async def test_a_query_is_interrupted_when_its_caller_leaves(journal: Journal, warehouse: Warehouse) -> None:
    await warehouse.caught_up()
    endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range * b.range = -1"
    asked = asyncio.ensure_future(warehouse.query(endless))
    await asyncio.sleep(0.2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert warehouse._running == set()
    assert (await warehouse.query("SELECT 1 AS one")).to_pylist() == [{"one": 1}]


async def test_a_query_that_a_rebuild_ends_is_told_to_come_again(journal: Journal, warehouse: Warehouse) -> None:
    await warehouse.caught_up()
    endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range * b.range = -1"
    asked = [asyncio.ensure_future(warehouse.query(endless)) for _ in range(6)]  # more than run at once
    await asyncio.sleep(0.1)
    warehouse.rebuild()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert await _count(warehouse) == 0


async def test_a_query_waits_for_a_file_that_is_built_in_a_moment(
    journal: Journal, database: Database, tmp_path: Path
) -> None:
    class SlowFolder(Folder):
        async def get(self, name: str) -> bytes:
            await asyncio.sleep(0.3)
            return await super().get(name)

    catalogue = Catalogue(database, SlowFolder(tmp_path / "extents"))
    await journal.append(Batch(signals=events(100)))
    await Sealer(catalogue).seal(clock.now_ms() + 1000)
    warehouse = Warehouse(tmp_path / FILE, catalogue, WarehouseSettings(poll_ms=20, memory_mb=256))
    await warehouse.start()
    warehouse.rebuild()
    while warehouse.status().phase is not Phase.BUILDING or warehouse._following is None:
        await asyncio.sleep(0.01)
    assert await _count(warehouse) == 100
    await warehouse.close()


async def test_collecting_goes_on_and_reports_say_how_far_it_is_while_it_is_rebuilt(
    journal: Journal, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.signals.warehouse._SHORT_BUILD_S", 0)

    class SlowFolder(Folder):
        async def get(self, name: str) -> bytes:
            await asyncio.sleep(0.5)
            return await super().get(name)

    sealer = Sealer(Catalogue(database, Folder(tmp_path / "extents")))
    for first in (0, 100, 200):
        await journal.append(Batch(signals=events(100, first=first)))
        await sealer.seal(clock.now_ms() + 1000)
    slow = SlowFolder(tmp_path / "extents")
    warehouse = Warehouse(tmp_path / FILE, Catalogue(database, slow), WarehouseSettings(poll_ms=20, memory_mb=256))
    await warehouse.start()
    progress = set()
    while warehouse.status().phase is not Phase.OPEN:
        assert await journal.append(Batch(signals=[event(1)]))
        if warehouse.status().phase is Phase.BUILDING:
            with pytest.raises(Rebuilding, match="of about"):
                await warehouse.query("SELECT 1")
            progress.add(round(warehouse.status().progress, 1))
        await asyncio.sleep(0.02)
    assert len(progress) >= 3
    assert await _count(warehouse) == await database.fetchval("SELECT count(*) FROM signal_event")
    await warehouse.close()


async def test_it_is_closed_when_nobody_asks_and_opened_by_the_next_query(
    journal: Journal, warehouse: Warehouse
) -> None:
    await journal.append(Batch(signals=events(3)))
    assert await _count(warehouse) == 3
    with clock.held(clock.now_ms() + 11 * 60_000):
        while warehouse.status().phase is not Phase.CLOSED:
            await asyncio.sleep(0.01)
        assert warehouse._shadow is None
        await journal.append(Batch(signals=events(3, first=3)))
        assert (await warehouse.query("SELECT count(*) AS n FROM event")).to_pylist() == [{"n": 6}]


async def test_it_gives_memory_back_half_a_minute_after_the_last_query(journal: Journal, warehouse: Warehouse) -> None:
    await journal.append(Batch(signals=events(2000)))
    assert await _count(warehouse) == 2000
    used = "SELECT sum(memory_usage_bytes)::bigint AS n FROM duckdb_memory() WHERE tag <> 'ART_INDEX'"
    cached = "CREATE TABLE cached AS SELECT range AS a, hash(range) AS b FROM range(1000000)"
    await warehouse.run(lambda cursor: cursor.execute(cached))
    before = (await warehouse.query(used)).to_pylist()[0]["n"]
    with clock.held(clock.now_ms() + 31_000):
        while not warehouse._relaxed:
            await asyncio.sleep(0.01)
        assert warehouse._shadow is not None
        cursor = warehouse._shadow.cursor()
        after = cursor.execute(used).fetchone()[0]
        limit = cursor.execute("SELECT current_setting('memory_limit')").fetchone()[0]
        cursor.close()
    assert after <= before
    assert after < 64 << 20
    assert limit.startswith("244.1")  # what 256 MB are in MiB: the limit is what it was


async def test_it_comes_back_by_itself_when_postgresql_was_away(server: Server, tmp_path: Path) -> None:
    database = await Database.open(server.address, minimum=0)
    journal = Journal(server.address, SignalSettings())
    await journal.start()
    warehouse = _another(tmp_path, database)
    await warehouse.start()
    await journal.append(Batch(signals=events(3)))
    assert await _count(warehouse) == 3
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(0.2)
    assert (await warehouse.query("SELECT count(*) AS n FROM event")).to_pylist() == [{"n": 3}]
    await asyncio.to_thread(server.start)
    await journal.append(Batch(signals=events(3, first=3)))
    assert await _count(warehouse) == 6
    await warehouse.close()
    await journal.close()
    await database.close()


async def test_a_backfill_of_one_huge_commit_arrives_whole(journal: Journal, warehouse: Warehouse) -> None:
    await journal.append(Batch(signals=events(20_000)))
    assert await _count(warehouse) == 20_000


async def test_the_journal_alone_loads_neither_duckdb_nor_arrow() -> None:
    code = (
        "import sys, sightline.signals.journal, sightline.signals.open_visits, sightline.signals.salts, "
        "sightline.signals.upkeep, sightline.signals.warehouse, sightline.signals.walkers; "
        "print([m for m in ('duckdb', 'pyarrow', 'adbc_driver_postgresql', 'pandas', 'ibis') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout.strip() == "[]"


async def test_the_address_of_a_reader_keeps_quotes_in_a_password(database: Database, journal: Journal) -> None:
    connection = await connect(database.address)
    await connection.execute("CREATE ROLE quoting LOGIN PASSWORD 'a''b\\c d'")
    await connection.execute("GRANT USAGE ON SCHEMA umami TO quoting; GRANT SELECT ON signal_event TO quoting")
    await connection.close()
    reader = ArrowReader(database.address.as_user("quoting", Secret("a'b\\c d")))
    assert reader.row("SELECT count(*) FROM signal_event") == (0,)
    reader.close()
