"""Processes that are killed: a PostgreSQL that can be killed and started again, a writer and a follower.

Run as a module it is the writer (`write`), which prints every number whose event was committed, the follower
(`follow`), which keeps a warehouse fresh until it is ended, or the masker (`remask`), which masks anew and waits to be
killed when it has deleted so many objects.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from sightline.accounts.callers import operator
from sightline.database.address import Address, connect
from sightline.database.migrations import migrate
from sightline.database.pool import Database
from sightline.errors import Unavailable
from sightline.settings import Secret, SignalSettings, WarehouseSettings
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.remasking import Remasking
from sightline.signals.rules import RulesStore
from sightline.signals.walkers import Walkers
from sightline.signals.warehouse import Warehouse
from tests.postgres import binaries, system_postgres
from tests.signals.making import Folder, event

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A PostgreSQL of its own that can be killed."""

    def __init__(self, address: Address, data: Path) -> None:
        self.address = address
        self.data = data

    def kill(self) -> None:
        """End the server and all its processes at once, as a crash does."""
        top = psutil.Process(int((self.data / "postmaster.pid").read_text().splitlines()[0]))
        for process in [top, *top.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([top], timeout=10)

    def start(self) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        for _ in range(50):
            done = subprocess.run(
                [binaries() / "pg_ctl", "-D", self.data, "-w", "-l", self.data.parent / "log", "start"],
                user=user, cwd=self.data.parent, capture_output=True, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError((self.data.parent / "log").read_text()[-2000:])


@contextmanager
def killable() -> Iterator[Server]:
    """Run a PostgreSQL with a migrated schema. A killed process loses nothing that the system has, so no fsync."""
    with system_postgres(fsync="off") as admin:
        address = msgspec.structs.replace(admin, schema="umami")
        data = asyncio.run(_prepared(address))
        yield Server(address, data)


async def _prepared(address: Address) -> Path:
    connection = await connect(address)
    await connection.execute("CREATE SCHEMA umami")
    await migrate(connection)
    data = Path(await connection.fetchval("SHOW data_directory"))
    await connection.close()
    return data


class Child:
    """This module, run in a process of its own."""

    def __init__(self, role: str, address: Address, *arguments: str) -> None:
        shown = {**msgspec.structs.asdict(address), "password": address.password.reveal() if address.password else ""}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.signals.crashing", role, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        )  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(shown).decode() + "\n")
        self._process.stdin.flush()

    def wait_for_line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self, number: signal.Signals = signal.SIGKILL) -> list[str]:
        """End it and return the whole lines that it had printed."""
        assert self._process.stdin is not None
        self._process.send_signal(number)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        assert self._process.stdout is not None
        text = self._process.stdout.read()
        self._process.stdout.close()
        self._process.wait(timeout=30)
        return text.split("\n")[:-1]  # what stands behind the last line end was not written whole


def _address() -> Address:
    shown = msgspec.json.decode(sys.stdin.readline())
    return Address(**{**shown, "password": Secret(shown["password"])})


async def write(first: int, step: int) -> None:
    """Commit one event after the other, and say which were committed; what fails is not said and not sent again."""
    journal = Journal(_address(), SignalSettings(commit_timeout_s=3))
    await journal.start()

    async def one(number: int) -> None:
        while True:
            try:
                await journal.append(Batch(signals=[event(number)]))
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()
            except Unavailable:
                await asyncio.sleep(0.05)
            number += step

    await asyncio.gather(*(one(first + lane) for lane in range(step)))


async def follow(folder: Path) -> None:
    """Keep a warehouse fresh."""
    database = await Database.open(_address(), minimum=0)
    settings = WarehouseSettings(poll_ms=20, memory_mb=256)
    warehouse = Warehouse(folder / "warehouse.duckdb", Catalogue(database, Folder(folder / "extents")), settings)
    await warehouse.start()
    sys.stdout.write("following\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


class Slow(Folder):
    """A folder in which the deletion of one object takes for ever: there the process is killed."""

    def __init__(self, root: Path, after: int) -> None:
        super().__init__(root)
        self._left = after

    async def delete(self, name: str) -> None:
        self._left -= 1
        if self._left <= 0:
            sys.stdout.write("writing\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
        await super().delete(name)


async def remask(folder: Path, after: int) -> None:
    """Mask anew until so many extents were rewritten; go on with what another has left."""
    database = await Database.open(_address(), minimum=0)
    remasking = Remasking(database, Walkers(Catalogue(database, Slow(folder, after))), RulesStore(database))
    if await remasking.resume() is None:
        await remasking.run(operator())


if __name__ == "__main__":
    if sys.argv[1] == "write":
        asyncio.run(write(int(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1] == "remask":
        asyncio.run(remask(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        asyncio.run(follow(Path(sys.argv[2])))
