"""Salts and open visits, shared by nodes, on a real PostgreSQL."""

import asyncio

import pytest

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import NotFound
from sightline.settings import SignalSettings
from sightline.signals.journal import Batch, Journal
from sightline.signals.open_visits import REFRESH_MS, VISIT_GAP_MS, OpenVisits, forget_ended, touch_text
from sightline.signals.salts import SALT_BYTES, Salts, bounds
from tests.signals.making import event

NOON = 1_790_078_400_000  # 2026-09-22 12:00 UTC, a Tuesday
HOUR = 3_600_000
DAY = 24 * HOUR


async def test_all_nodes_have_the_same_salt_within_a_day_and_another_the_next(database: Database) -> None:
    nodes = [Salts(database) for _ in range(4)]
    found = await asyncio.gather(*(node.current("day", NOON) for node in nodes))
    assert len({salt.salt for salt in found}) == 1
    assert len(found[0].salt) == SALT_BYTES
    assert (await nodes[0].current("day", NOON + DAY)).salt != found[0].salt
    assert (await nodes[0].current("month", NOON)).salt != found[0].salt


async def test_a_salt_is_destroyed_half_an_hour_after_its_period_and_the_proof_stays(database: Database) -> None:
    salts = Salts(database)
    _, midnight = bounds("day", NOON)
    first = (await salts.current("day", NOON)).salt
    assert await salts.destroy_ended(midnight + VISIT_GAP_MS - 1) == 0
    assert (await salts.current("day", midnight + 1)).before == first
    assert await salts.destroy_ended(midnight + VISIT_GAP_MS) == 1
    assert (await salts.current("day", midnight + VISIT_GAP_MS)).before is None
    proof = (await salts.proof())[-1]
    assert (proof.exists, proof.starts_ms) == (False, midnight - DAY)
    assert proof.destroyed_at == clock.from_ms(midnight + VISIT_GAP_MS)
    assert await database.fetchval("SELECT count(*) FROM salt WHERE salt = $1", first) == 0
    with pytest.raises(NotFound, match="destroyed"):
        await Salts(database).current("day", NOON)


async def test_a_destroyed_salt_is_not_left_in_the_file_of_its_table(database: Database) -> None:
    salts = Salts(database)
    await salts.current("day", NOON)
    await salts.destroy_ended(NOON + 2 * DAY)
    await database.execute("CREATE EXTENSION pageinspect")
    dead = await database.fetchval("SELECT count(*) FROM heap_page_items(get_raw_page('salt', 0)) WHERE lp_len > 0")
    assert dead == 1


@pytest.mark.parametrize(
    ("period", "first", "after"),
    [("day", "2026-09-22", "2026-09-23"), ("week", "2026-09-21", "2026-09-28"), ("month", "2026-09-01", "2026-10-01")],
)
def test_periods_begin_at_midnight_utc(period: str, first: str, after: str) -> None:
    found = bounds(period, NOON)
    assert [f"{clock.from_ms(ms):%Y-%m-%d %H%M%S}" for ms in found] == [f"{first} 000000", f"{after} 000000"]


async def test_a_visit_goes_on_until_thirty_minutes_without_a_hit(database: Database) -> None:
    visits = OpenVisits(database)
    first = await visits.hit(1, 7, NOON)
    assert (await visits.hit(1, 7, NOON + VISIT_GAP_MS)).visit == first.visit
    assert (await visits.hit(1, 7, NOON + 2 * VISIT_GAP_MS + 1)).visit != first.visit
    assert (await visits.hit(1, 8, NOON)).visit != first.visit


async def test_two_nodes_whose_requests_alternate_see_one_visit(database: Database, journal: Journal) -> None:
    nodes = [OpenVisits(database), OpenVisits(database)]
    seen = set()
    for step in range(20):
        at_ms = NOON + step * (VISIT_GAP_MS // 4)  # each node alone sees gaps of 15 minutes, in all 2.4 hours
        hit = await nodes[step % 2].hit(1, 7, at_ms)
        seen.add(hit.visit)
        touched = [hit.touched] if hit.touched else []
        await journal.append(Batch(signals=[event(step, visit=hit.visit)], visits=touched))
    assert len(seen) == 1


async def test_a_node_that_saw_nothing_for_an_hour_continues_what_another_kept_open(
    database: Database, journal: Journal
) -> None:
    here, there = OpenVisits(database), OpenVisits(database)
    first = await here.hit(1, 7, NOON)
    for minute in range(0, 60, 10):
        hit = await there.hit(1, 7, NOON + minute * 60_000)
        touched = [hit.touched] if hit.touched else []
        await journal.append(Batch(signals=[event(visit=hit.visit)], visits=touched))
    assert (await here.hit(1, 7, NOON + HOUR)).visit == first.visit


async def test_many_first_hits_at_once_open_one_visit_for_each_visitor_on_all_nodes(database: Database) -> None:
    nodes = [OpenVisits(database) for _ in range(3)]
    found = await asyncio.gather(*(node.hit(1, visitor, NOON) for visitor in range(1, 200) for node in nodes))
    assert len({hit.visit for hit in found}) == 199


async def test_a_visit_is_written_at_most_once_a_minute(database: Database) -> None:
    visits = OpenVisits(database)
    written = [bool((await visits.hit(1, 7, NOON + second * 1000)).touched) for second in range(180)]
    assert written.count(True) == 2
    assert REFRESH_MS == 60_000


async def test_a_person_who_is_identified_is_known_to_all_nodes_for_the_rest_of_the_visit(
    database: Database, journal: Journal
) -> None:
    here, there = OpenVisits(database), OpenVisits(database)
    hit = await here.hit(1, 7, NOON, person=99)
    assert hit.touched is not None
    await journal.append(Batch(signals=[event()], visits=[hit.touched]))
    assert (await there.hit(1, 7, NOON + 1000)).person == 99
    assert (await here.hit(1, 7, NOON + 1000)).person == 99


async def test_a_node_that_comes_back_to_a_visit_knows_what_others_learned_of_it(database: Database) -> None:
    here, there = OpenVisits(database), OpenVisits(database)
    first = await here.hit(1, 7, NOON)
    for minutes in (20, 40):
        hit = await there.hit(1, 7, NOON + minutes * 60_000, person=99, came="email")
        assert hit.touched is not None
        async with database.transaction() as connection:
            await connection.execute(touch_text([hit.touched]))
    found = await here.hit(1, 7, NOON + HOUR)
    assert (found.visit, found.person, found.channel) == (first.visit, 99, "email")


async def test_the_channel_of_a_visit_is_known_on_the_other_node_and_ends_with_it(database: Database) -> None:
    here, there = OpenVisits(database), OpenVisits(database)
    assert (await here.hit(1, 7, NOON, came="organic-search")).channel == "organic-search"
    assert (await there.hit(1, 7, NOON + 1000)).channel == "organic-search"
    hit = await here.hit(1, 7, NOON + 2000, came="email")
    assert hit.touched is not None
    async with database.transaction() as connection:
        await connection.execute(touch_text([hit.touched]))
    assert (await OpenVisits(database).hit(1, 7, NOON + 3000)).channel == "email"
    assert not (await OpenVisits(database).hit(1, 7, NOON + HOUR)).channel


async def test_the_memory_of_a_node_is_bounded_and_what_it_forgot_is_asked_for(database: Database) -> None:
    visits = OpenVisits(database, remembered=10)
    first = [(await visits.hit(1, visitor, NOON)).visit for visitor in range(1, 50)]
    assert [(await visits.hit(1, visitor, NOON + 1000)).visit for visitor in range(1, 50)] == first


async def test_ended_visits_are_forgotten(database: Database) -> None:
    visits = OpenVisits(database)
    await visits.hit(1, 7, NOON)
    await visits.hit(1, 8, NOON + HOUR)
    assert await forget_ended(database, NOON + HOUR) == 1


async def test_a_database_that_is_away_is_told_to_whoever_asks_and_to_nobody_else(database: Database) -> None:
    journal = Journal(database.address, SignalSettings())
    await journal.start()
    visits = OpenVisits(database)
    await visits.hit(1, 7, NOON)
    await database.execute("ALTER TABLE open_visit RENAME TO away")
    with pytest.raises(Exception, match="open_visit"):
        await visits.hit(1, 8, NOON)
    assert (await visits.hit(1, 7, NOON + 1000)).visit
    await database.execute("ALTER TABLE away RENAME TO open_visit")
    assert (await visits.hit(1, 8, NOON)).visit
    await journal.close()
