"""A stand-alone Spark cluster on loopback: one master and two workers, small, and gone afterwards."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

_DEPLOY = "org.apache.spark.deploy"
_STARTED = re.compile(r"Starting Spark master at (spark://\S+)")
_START_S = 90
# One core and little memory each: the machine is shared, and the data is small.
# Its JVMs live for a minute, in which compiling well costs more than it gives.
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
CONF = {
    "spark.driver.extraJavaOptions": _SHORT_LIVED,
    "spark.executor.extraJavaOptions": _SHORT_LIVED,
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.driver.memory": "512m",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.ui.showConsoleProgress": "false",
}


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start the cluster from the package of PyPI and return the master's address."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        master, log = _started(folder, "master", f"{_DEPLOY}.master.Master", "--port", "0", "--webui-port", "0")
        started.append(master)
        url = _awaited(log, _STARTED)[1]
        for number in (1, 2):
            worker, _ = _started(
                folder, f"worker{number}", f"{_DEPLOY}.worker.Worker", "--cores", "1", "--memory", "640m",
                "--port", "0", "--webui-port", "0", "--work-dir", str(folder / f"work{number}"), url,
            )  # fmt: skip
            started.append(worker)
        for number in (1, 2):
            _awaited(folder / f"worker{number}.log", re.compile("Successfully registered with master"))
        yield url
    finally:
        for process in reversed(started):
            _end(process)


def _started(folder: Path, name: str, *command: str) -> tuple["subprocess.Popen[bytes]", Path]:
    found = find_spec("pyspark")
    assert found is not None, "the tests of Spark need requirements/spark.txt: `make test` installs it"
    assert found.origin is not None
    home = Path(found.origin).parent
    environment: dict[str, Any] = {
        **os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_MASTER_HOST": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": _SHORT_LIVED,
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
    }  # fmt: skip
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(home / "bin" / "spark-class"), command[0], "--host", "127.0.0.1", *command[1:]],
            env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, cwd=folder,
        )  # fmt: skip
    return process, log


def _awaited(log: Path, pattern: re.Pattern[str]) -> re.Match[str]:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if found := pattern.search(log.read_text(errors="replace")):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{log.name} does not say {pattern.pattern!r}:\n{log.read_text(errors='replace')[-2000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a daemon and the executors below it."""
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in tree:
        if one.is_running():
            one.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(tree, timeout=10)
    for one in alive:
        one.kill()
    process.wait(timeout=10)
