"""Announcements between processes, on a real PostgreSQL."""

import asyncio
from collections.abc import Callable

from sightline.database.pool import Database
from sightline.server.notices import Heard, Notices


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_an_announcement_is_heard_and_a_gap_forgets_everything(database: Database) -> None:
    heard: list[str] = []
    gaps: list[None] = []
    notices = Notices(database.address, {"channel": Heard(heard.append, lambda: gaps.append(None))})
    notices.start()
    await until(lambda: len(gaps) == 1)
    await database.execute("SELECT pg_notify('channel', 'one')")
    await until(lambda: heard == ["one"])
    await database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sightline-notices' "
        "AND datname = current_database()"
    )
    await until(lambda: len(gaps) == 2)
    await database.execute("SELECT pg_notify('channel', 'two')")
    await until(lambda: heard == ["one", "two"])
    await notices.stop()
