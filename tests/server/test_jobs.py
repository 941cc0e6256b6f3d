"""Background jobs on a real PostgreSQL: one leader, and a row that says what happened."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from sightline.database.pool import Database
from sightline.errors import NotFound, ServiceError
from sightline.server import jobs
from sightline.server.jobs import Job, Jobs, Progress, listing, request


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the lock and for due jobs more often than in life."""
    monkeypatch.setattr(jobs, "_POLL_S", 0.02)
    monkeypatch.setattr(jobs, "_RETRY_LEAD_S", 0.05)


async def row(database: Database, name: str) -> dict[str, object]:
    return next((found for found in await listing(database) if found["name"] == name), {})


def counting(name: str, seen: list[str], *, every: timedelta = timedelta(hours=1)) -> Job[str]:
    async def run(parts: str, progress: Progress) -> str:
        await progress(0.5)
        seen.append(parts)
        return f"run {len(seen)}"

    return Job(name, every, run)


async def test_a_job_runs_at_once_then_by_its_schedule_and_says_what_it_did(database: Database) -> None:
    seen: list[str] = []
    running = Jobs([counting("count", seen)], "parts", database, database.address)
    running.start()

    async def done() -> bool:
        return (await row(database, "count")).get("last_result") == "ok"

    await until(done)
    await asyncio.sleep(0.2)
    found = await row(database, "count")
    await running.stop()
    assert seen == ["parts"]
    assert found["last_message"] == "run 1"
    assert found["runs"] == 1
    assert found["progress"] is None


async def test_a_job_that_was_asked_for_runs_now(database: Database) -> None:
    seen: list[str] = []
    running = Jobs([counting("count", seen)], "parts", database, database.address)
    running.start()

    async def ran(times: int) -> bool:
        return len(seen) == times

    await until(lambda: ran(1))
    await until(lambda: _is(database, "count", "ok"))
    await request(database, "count")
    await until(lambda: ran(2))
    await running.stop()
    with pytest.raises(NotFound, match="there is no job of the name 'nonsense'"):
        await request(database, "nonsense")


async def _is(database: Database, name: str, result: str) -> bool:
    return (await row(database, name)).get("last_result") == result


async def test_only_one_of_two_leads_and_the_other_takes_over(database: Database) -> None:
    first = Jobs([counting("count", [])], "1", database, database.address)
    second = Jobs([counting("count", [])], "2", database, database.address)
    first.start()

    async def leads(found: Jobs[str]) -> bool:
        return found.leads

    await until(lambda: leads(first))
    second.start()
    await asyncio.sleep(0.3)
    assert not second.leads
    await first.stop()
    await until(lambda: leads(second))
    await second.stop()


async def test_a_leader_whose_connection_is_killed_stops_its_job_and_begins_again(database: Database) -> None:
    begun: list[str] = []

    async def slow(parts: str, progress: Progress) -> str:
        begun.append(parts)
        await asyncio.sleep(30 if len(begun) == 1 else 0)
        return "done"

    running = Jobs([Job("slow", timedelta(hours=1), slow)], "parts", database, database.address)
    running.start()

    async def ran(times: int) -> bool:
        return len(begun) == times

    await until(lambda: ran(1))
    await database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sightline-leader' "
        "AND datname = current_database()"
    )
    await until(lambda: ran(2))
    await until(lambda: _is(database, "slow", "ok"))
    await running.stop()
    assert (await row(database, "slow"))["failures"] == 1


async def test_a_job_that_fails_says_why_and_the_others_go_on(database: Database) -> None:
    async def fail(parts: str, progress: Progress) -> str:
        raise ServiceError("the disk is full", hint="Make room.")

    async def break_down(parts: str, progress: Progress) -> str:
        raise RuntimeError("jane@example.com")

    seen: list[str] = []
    all_jobs = [Job("a", timedelta(hours=1), fail), Job("b", timedelta(hours=1), break_down), counting("c", seen)]
    running = Jobs(all_jobs, "parts", database, database.address)
    running.start()
    await until(lambda: _is(database, "c", "ok"))
    await running.stop()
    failed, broken = await row(database, "a"), await row(database, "b")
    assert failed["last_message"] == "the disk is full. Make room."
    assert broken["last_message"] == "RuntimeError; the log has its stack"
    assert (failed["failures_in_row"], failed["last_result"]) == (1, "failed")
    assert failed["next_run_at"] is not None


async def test_a_job_that_this_release_no_longer_has_is_forgotten(database: Database) -> None:
    await database.execute("INSERT INTO jobs (name) VALUES ('old')")
    running = Jobs([counting("new", [])], "parts", database, database.address)
    running.start()
    await until(lambda: _is(database, "new", "ok"))
    await running.stop()
    assert [found["name"] for found in await listing(database)] == ["new"]
