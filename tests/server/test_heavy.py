"""Heavy work in other processes."""

import asyncio
import os
import subprocess
import sys
import time

import psutil
import pytest

from sightline.server.heavy import Heavy


def square(number: int) -> int:
    return number * number


def process_id() -> int:
    return os.getpid()


def end_abruptly(_again: int) -> int:
    os._exit(1)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


@pytest.mark.parametrize("processes", [0, 1])
async def test_the_result_comes_back(processes: int) -> None:
    heavy = Heavy(processes)
    assert await heavy.run(square, 12) == 144
    heavy.close()


async def test_work_runs_elsewhere_and_the_process_goes_when_idle() -> None:
    heavy = Heavy(1, idle_s=0.05)
    elsewhere = await heavy.run(process_id)
    assert elsewhere != os.getpid()
    async with asyncio.timeout(10):
        while psutil.pid_exists(elsewhere):
            await asyncio.sleep(0.02)
    assert await heavy.run(square, 3) == 9
    heavy.close()


async def test_the_process_stands_back_behind_who_answers() -> None:
    heavy = Heavy(1)
    assert await heavy.run(os.nice, 0) > os.nice(0)
    heavy.close()


async def test_a_process_that_died_is_replaced() -> None:
    heavy = Heavy(1)
    os.kill(await heavy.run(process_id), 9)
    assert await heavy.run(square, 5) == 25
    heavy.close()


async def test_work_does_not_stop_the_loop() -> None:
    heavy = Heavy(1)
    await heavy.run(square, 1)
    task = asyncio.create_task(heavy.run(sleep, 0.3))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.01)
        turns += 1
    heavy.close()
    assert turns > 5


def test_a_killed_parent_leaves_no_orphan() -> None:
    code = (
        "import asyncio, os\n"
        "from sightline.server.heavy import Heavy\n"
        "from tests.server.test_heavy import process_id, sleep\n"
        "async def main():\n"
        "    heavy = Heavy(1)\n"
        "    print(await heavy.run(process_id), flush=True)\n"
        "    await heavy.run(sleep, 60)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not psutil.pid_exists(worker)
