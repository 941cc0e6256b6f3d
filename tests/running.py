"""Run `sightline up` as a user would: a process of its own, on a free port, in a folder of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = (sys.executable, "-m", "sightline")
_PATIENCE_S = 60


# What would be a setting; a region stands there while some test of this process runs moto.
_NOT_TAKEN_ON = ("SIGHTLINE_", "DATABASE_URL", "AWS_REGION", "AWS_DEFAULT_REGION")


def environment(**more: str) -> dict[str, str]:
    """What a child process gets: our code importable, none of this machine's settings of Sightline, and no shop."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_TAKEN_ON)}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "SIGHTLINE_DEMO_SHOP": "false", **more}


def run(*arguments: str, timeout: float = 120, text: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sightline", *arguments],
        capture_output=True, text=True, check=False, timeout=timeout, input=text, env=environment(**env), cwd=ROOT,
    )  # fmt: skip


class Running:
    """A `sightline up` (or `serve`) that runs: what it printed, and how to end it."""

    def __init__(
        self, data: Path, arguments: Sequence[str] = (), *, command: str = "up", program: Sequence[str] = PROGRAM,
        **env: str,
    ) -> None:  # fmt: skip
        self.data = data
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            [*program, command, "--data", str(data), "--port", "0", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(**env), cwd=ROOT,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self._lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def output(self) -> str:
        return "".join(list(self._lines))

    def _find(self, pattern: str) -> str | None:
        found = re.search(pattern, self.output, re.MULTILINE)
        return found[1] if found else None

    def wait_until_ready(self) -> str:
        """Return the URL once `/readyz` is 200."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self._reader.join(5)
                raise RuntimeError(f"ended with {self.process.returncode}:\n{self.output}")
            if (url := self.url) and status(f"{url}/readyz") == 200:
                return url
            time.sleep(0.01)
        raise RuntimeError(f"not ready:\n{self.output}")

    @property
    def url(self) -> str | None:
        return self._find(r"^ *address +(http://\S+)$")

    @property
    def setup_link(self) -> str | None:
        return self._find(r"^ *setup +(http://\S+)")

    @property
    def shop(self) -> str | None:
        return self._find(r"^ *shop +(http://\S+)$")

    def wait_for_shop(self) -> str:
        """Return the URL of the example shop, which comes a moment after the server."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.shop is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no shop:\n{self.output}")
            time.sleep(0.02)
        return self.shop

    def processes(self) -> list[psutil.Process]:
        """The server and everything below it."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._close()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=_PATIENCE_S)
        self._close()
        return code

    def _close(self) -> None:
        self._reader.join(_PATIENCE_S)  # its end is the end of the pipe, which children hold, too
        assert self.process.stdout is not None
        self.process.stdout.close()  # again is no error


def status(url: str) -> int:
    """The status of a GET; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as found:  # noqa: S310 - a loopback URL of our own
            code: int = found.status
            return code
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def up(data: Path | None = None, arguments: Sequence[str] = (), **env: str) -> Iterator[Running]:
    """Run `sightline up` and stop it at the end; without `data` in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="sl-up-") as folder:
        # The service user of PostgreSQL has to be able to enter the folder's parents.
        Path(folder).chmod(0o755)
        running = Running(data or Path(folder) / "data", arguments, **env)
        try:
            running.wait_until_ready()
            yield running
        finally:
            running.stop()
