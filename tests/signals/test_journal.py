"""The journal on a real PostgreSQL."""

import asyncio
from typing import Any

import msgspec
import pytest

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import DatabaseUnavailable, InvalidValue, TooLarge, Unavailable
from sightline.settings import SignalSettings
from sightline.signals.journal import Batch, Journal, QueueFull, forget_keys
from tests.signals.crashing import Server
from tests.signals.making import event, events


async def _count(database: Database) -> int:
    counted = await database.fetchval("SELECT count(*) FROM signal_event")
    assert isinstance(counted, int)
    return counted


async def test_many_appends_share_few_commits_and_each_row_has_its_place(journal: Journal, database: Database) -> None:
    await asyncio.gather(*(journal.append(Batch(signals=[event(number)])) for number in range(500)))
    assert await _count(database) == 500
    assert len(await database.fetch("SELECT pos FROM ledger")) <= 20
    distinct = await database.fetchval("SELECT count(*) FROM (SELECT DISTINCT batch, place FROM signal_event) AS p")
    assert distinct == 500


async def test_every_field_comes_back_as_it_was_given(journal: Journal, database: Database) -> None:
    given = event(
        1,
        person=2**63 - 1,
        revenue=-(2**62),
        engagement_ms=5,
        title="naïve ☃ \U0001f600",
        properties='{"a": [1, null]}',
    )
    await journal.append(Batch(signals=[given]))
    row = await database.fetchrow("SELECT * FROM signal_event")
    assert row is not None
    assert {name: row[name] for name in given.__struct_fields__} == msgspec.structs.asdict(given)


async def test_a_batch_with_a_key_is_stored_once_however_often_and_by_whomever_it_is_sent(
    journal: Journal, database: Database
) -> None:
    other = Journal(database.address, SignalSettings())
    await other.start()
    batch = Batch(signals=events(3), key="visit 1 tab 2 page 3 seq 4")
    together = await asyncio.gather(*(node.append(batch) for node in (journal, other) for _ in range(20)))
    assert together.count(True) == 1
    assert await journal.append(batch) is False
    assert await _count(database) == 3
    await other.close()


async def test_two_nodes_with_the_same_keys_in_another_order_do_not_block_each_other(
    journal: Journal, database: Database
) -> None:
    other = Journal(database.address, SignalSettings())
    await other.start()
    batches = [Batch(signals=[event(number)], key=f"k{number}") for number in range(200)]
    one = [journal.append(batch) for batch in batches]
    two = [other.append(batch) for batch in reversed(batches)]
    answers = await asyncio.gather(*one, *two)
    assert answers.count(True) == 200
    assert await _count(database) == 200
    await other.close()


async def test_keys_are_forgotten_after_two_days(journal: Journal, database: Database) -> None:
    await journal.append(Batch(signals=[event()], key="a"))
    assert await forget_keys(database, clock.now_ms() + 47 * 3_600_000) == 0
    assert await forget_keys(database, clock.now_ms() + 49 * 3_600_000) == 1


@pytest.mark.parametrize(
    "wrong", [{"title": "a\x00b"}, {"title": "\ud800"}, {"engagement_ms": 2**40}, {"rules": 70_000}, {"person": "x"}]
)
async def test_a_value_that_cannot_be_stored_is_refused_and_nobody_else_suffers(
    journal: Journal, database: Database, wrong: dict[str, Any]
) -> None:
    sent = [journal.append(Batch(signals=[event(number)])) for number in range(10)]
    sent.insert(5, journal.append(Batch(signals=[event(99, **wrong)])))
    answers = await asyncio.gather(*sent, return_exceptions=True)
    assert isinstance(answers.pop(5), InvalidValue)
    assert answers == [True] * 10
    assert await _count(database) == 10
    await journal.append(Batch(signals=[event(11)]))


async def test_a_full_queue_pushes_back_and_takes_more_once_it_is_emptied(database: Database) -> None:
    journal = Journal(database.address, SignalSettings(queue_rows=100))
    await journal.start()
    sent = [journal.append(Batch(signals=events(30))) for _ in range(5)]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    assert [isinstance(answer, QueueFull) for answer in answers] == [False, False, False, True, True]
    assert await journal.append(Batch(signals=events(30)))
    with pytest.raises(TooLarge):
        await journal.append(Batch(signals=events(101)))
    assert await _count(database) == 120
    await journal.close()


async def test_a_stop_commits_what_waits_and_refuses_what_comes(database: Database) -> None:
    journal = Journal(database.address, SignalSettings(gather_ms=100))
    await journal.start()
    waiting = [asyncio.ensure_future(journal.append(Batch(signals=[event(number)]))) for number in range(5)]
    await asyncio.sleep(0)
    await journal.close()
    assert await asyncio.gather(*waiting) == [True] * 5
    with pytest.raises(Unavailable):
        await journal.append(Batch(signals=[event()]))
    assert await _count(database) == 5


async def test_who_leaves_does_not_take_the_others_along(journal: Journal, database: Database) -> None:
    waiting = [asyncio.ensure_future(journal.append(Batch(signals=[event(number)]))) for number in range(20)]
    await asyncio.sleep(0)
    waiting[3].cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [answer for answer in done if answer is True] == [True] * 19


async def test_a_stopped_postgresql_is_answered_with_unavailable_and_comes_back_by_itself(server: Server) -> None:
    journal = Journal(server.address, SignalSettings(commit_timeout_s=2))
    await journal.start()
    assert await journal.append(Batch(signals=[event(1)]))
    await asyncio.to_thread(server.kill)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await journal.append(Batch(signals=[event(2)]))
    await asyncio.to_thread(server.start)
    assert await journal.append(Batch(signals=[event(3)]))
    database = await Database.open(server.address)
    rows = await database.fetch("SELECT path FROM signal_event ORDER BY path")
    assert [row["path"] for row in rows] == ["/p/1", "/p/3"]
    await database.close()
    await journal.close()


async def test_a_commit_that_hangs_is_given_up_and_the_next_one_works(journal: Journal, database: Database) -> None:
    impatient = Journal(database.address, SignalSettings(commit_timeout_s=1))
    await impatient.start()
    await impatient.append(Batch(signals=[event(1)]))
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE signal_event IN EXCLUSIVE MODE")
        with pytest.raises(DatabaseUnavailable):
            await impatient.append(Batch(signals=[event(2)]))
    assert await impatient.append(Batch(signals=[event(3)]))
    await impatient.close()


async def test_a_commit_is_durable_where_the_server_would_not_wait_for_it(database: Database) -> None:
    name = database.address.database
    await database.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    journal = Journal(database.address, SignalSettings())
    await journal.start()
    await journal.append(Batch(signals=[event()]))
    assert journal._connection is not None
    assert await journal._connection.fetchval("SHOW synchronous_commit") == "on"
    await journal.close()
