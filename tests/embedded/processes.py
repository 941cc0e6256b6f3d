"""Looking at, and waiting for, the processes of one data folder."""

import os
import select
import signal
import time
from pathlib import Path

import psutil

from tests.embedded.people import Person

# Far above what anything here takes: a wait that ends is not measured, one that does not end fails.
PATIENCE_S = 60
SCRIPT = Path(__file__).with_name("writer.py")


def of_folder(data: Path) -> list[psutil.Process]:
    """Return the processes of PostgreSQL, initdb and the supervisor on this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            inside = process.cwd().startswith(str(data))
            ours = any(part.endswith(("supervisor.py", "/initdb", "/postgres")) for part in command)
            named = ours and any(str(data) in part for part in command)
            if (inside or named) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def wait_for_none(data: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while (left := of_folder(data)) and time.monotonic() < until:
        time.sleep(0.02)
    assert left == [], f"left behind: {left}"


def supervisor_of(data: Path) -> int:
    return next(
        process.pid for process in of_folder(data) if any(part.endswith("supervisor.py") for part in process.cmdline())
    )


def postmaster_of(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().split()[0])


class Writer:
    """A running writer.py: what it said so far, and which rows it said were committed."""

    def __init__(self, person: Person, data: Path, os_user: str) -> None:
        self.committed: set[int] = set()
        self.said: list[str] = []
        self._waited = 0
        self._rest = b""
        self._ended = False
        # The text, not the file: the person may not be able to read the file.
        self.process = person.popen("-c", SCRIPT.read_text(), str(data), os_user)

    def read(self, timeout: float = 0.05) -> None:
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        if not select.select([descriptor], [], [], timeout)[0]:
            return
        data = os.read(descriptor, 1 << 20)
        self._ended = data == b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            word, _, value = line.decode().partition(" ")
            if word == "committed":
                self.committed.add(int(value))
            self.said.append(line.decode())

    def _read_before(self, until: float) -> None:
        last = "\n".join(self.said[-20:])
        assert not self._ended, f"it ended: {last}"
        assert time.monotonic() < until, f"it hangs: {last}"
        self.read()

    def wait_until(self, word: str) -> str:
        """Read on until a line begins with this word, after the last one waited for; return it."""
        until = time.monotonic() + PATIENCE_S
        while True:
            for number in range(self._waited, len(self.said)):
                if self.said[number].startswith(word):
                    self._waited = number + 1
                    return self.said[number]
            self._read_before(until)

    def wait_for_rows(self, number: int) -> None:
        wanted = len(self.committed) + number
        until = time.monotonic() + PATIENCE_S
        while len(self.committed) < wanted:
            self._read_before(until)

    def kill(self) -> None:
        self.process.kill()
        self.finish()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.finish() == 0
        assert self.said[-1] == "stopped"

    def finish(self) -> int:
        """Wait for its end; return its exit code."""
        until = time.monotonic() + PATIENCE_S
        while not self._ended:
            assert time.monotonic() < until, "\n".join(self.said[-20:])
            self.read()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(PATIENCE_S)
