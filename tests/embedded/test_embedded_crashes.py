"""The embedded PostgreSQL under kill -9: every start comes up, nothing is left behind, no committed row is lost."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sightline.database.address import connect
from sightline.database.embedded import EmbeddedPostgres, running
from sightline.settings import EmbeddedSettings
from tests.embedded.processes import Writer, of_folder, postmaster_of, supervisor_of, wait_for_none

SHORT, LONG = 2, 20
Write = Callable[[], Writer]


def rounds() -> list[object]:
    return [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.soak)]


def kill_server(writer: Writer, data: Path) -> None:
    writer.kill()


def kill_server_and_postgres(writer: Writer, data: Path) -> None:
    postmaster = postmaster_of(data)
    os.kill(writer.process.pid, signal.SIGKILL)
    os.kill(postmaster, signal.SIGKILL)
    writer.finish()


def kill_server_and_supervisor(writer: Writer, data: Path) -> None:
    supervisor = supervisor_of(data)
    os.kill(writer.process.pid, signal.SIGKILL)
    os.kill(supervisor, signal.SIGKILL)
    writer.finish()


def kill_everything(writer: Writer, data: Path) -> None:
    for pid in (*(process.pid for process in of_folder(data)), writer.process.pid):
        with suppress(ProcessLookupError):  # killed by the death of another
            os.kill(pid, signal.SIGKILL)
    writer.finish()


async def rows_of(data: Path) -> set[int]:
    address = running(data)
    assert address is not None
    connection = await connect(address)
    rows = await connection.fetch("SELECT number FROM written")
    await connection.close()
    return {row["number"] for row in rows}


@pytest.mark.parametrize("number", rounds())
@pytest.mark.parametrize("kill", [kill_server, kill_server_and_postgres, kill_server_and_supervisor, kill_everything])
async def test_a_killed_server_comes_up_again_with_every_committed_row(
    kill: Callable[[Writer, Path], None], number: int, write: Write, place: Path
) -> None:
    data = place / "data"
    committed: set[int] = set()
    for _ in range(number):
        writer = write()
        writer.wait_until("ready")
        writer.wait_for_rows(20)
        kill(writer, data)  # and the next start follows at once
        committed |= writer.committed
    writer = write()
    writer.wait_until("ready")
    assert committed - await rows_of(data) == set()
    writer.kill()
    wait_for_none(data)


@pytest.mark.parametrize("number", rounds())
@pytest.mark.parametrize("victim", [postmaster_of, supervisor_of])
async def test_a_killed_postgres_or_supervisor_comes_back_under_the_running_server(
    victim: Callable[[Path], int], number: int, write: Write, place: Path
) -> None:
    data = place / "data"
    writer = write()
    writer.wait_until("ready")
    for _ in range(number):
        writer.wait_for_rows(20)
        os.kill(victim(data), signal.SIGKILL)
        writer.wait_until("away")
        writer.wait_until("committed")
    assert writer.committed - await rows_of(data) == set()
    writer.stop()
    wait_for_none(data)


async def test_a_server_killed_the_moment_it_started_postgres_leaves_none_behind(write: Write, place: Path) -> None:
    data = place / "data"
    for _ in range(6):
        writer = write()
        while not of_folder(data):
            writer.read(0.001)
        writer.kill()
        wait_for_none(data)


async def test_a_killed_backend_does_not_end_the_others_for_long(write: Write, place: Path) -> None:
    data = place / "data"
    writer = write()
    writer.wait_until("ready")
    backend = next(p for p in of_folder(data) if "sightline_admin" in " ".join(p.cmdline()))
    backend.kill()
    writer.wait_until("away")
    writer.wait_until("committed")
    writer.stop()


async def test_a_server_killed_in_the_middle_of_its_first_start_starts_the_next_time(write: Write, place: Path) -> None:
    data = place / "data"
    for word in ("progress creating a PostgreSQL", "progress creating a PostgreSQL"):
        writer = write()
        writer.wait_until(word)
        writer.kill()
        wait_for_none(data)
    writer = write()
    writer.wait_until("ready")
    assert list(data.glob("postgres.new-*")) == []
    writer.stop()


async def test_a_busy_backend_that_lost_everybody_is_ended_by_the_next_start(write: Write, place: Path) -> None:
    data = place / "data"
    writer = write()
    writer.wait_until("ready")
    address = running(data)
    assert address is not None
    connection = await connect(address)
    pid = int(await connection.fetchval("SELECT pg_backend_pid()"))
    busy = connection.execute("DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$")
    endless = asyncio.create_task(busy)
    await asyncio.sleep(0.2)
    supervisor, postmaster = supervisor_of(data), postmaster_of(data)
    os.kill(postmaster, signal.SIGSTOP)  # or it might still tell its backends, when the supervisor dies before it
    for victim in (writer.process.pid, supervisor, postmaster):
        os.kill(victim, signal.SIGKILL)
    writer.finish()
    # It notices the death of its postmaster only when it waits for something, which it never does.
    assert psutil.Process(pid).cwd() == str(data / "postgres")
    writer = write()
    writer.wait_until("ready")
    assert pid not in {process.pid for process in of_folder(data)}
    with pytest.raises(Exception, match=r"connection|closed|reset"):
        await endless
    writer.stop()


def test_a_service_manager_that_stops_all_at_once_lets_the_server_end_first(write: Write, place: Path) -> None:
    data = place / "data"
    writer = write()
    writer.wait_until("ready")
    supervisor = supervisor_of(data)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(supervisor, number)
    writer.wait_for_rows(50)
    assert supervisor_of(data) == supervisor
    writer.stop()
    wait_for_none(data)


async def test_a_pid_file_that_names_somebody_else_s_process_is_no_obstacle(place: Path, os_user: str) -> None:
    embedded = EmbeddedPostgres(place / "data", EmbeddedSettings(os_user=os_user))
    await embedded.start()
    os.kill(supervisor_of(place / "data"), signal.SIGSTOP)  # so that nobody starts it again
    postmaster = psutil.Process(postmaster_of(place / "data"))
    postmaster.kill()
    os.kill(supervisor_of(place / "data"), signal.SIGCONT)
    await embedded.stop()
    pid_file = place / "data" / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{place / 'data' / 'postgres'}\n1\n5432\n\n\n\nready\n")
    async with embedded as address:
        connection = await connect(address)
        await connection.close()
