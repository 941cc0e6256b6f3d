"""How long a start takes and what an idle Sightline holds: the process users see first, measured from outside."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from tests.running import Running

from bench.measurements import Figure, Result

TITLE = "Start and idle memory"
_ROUNDS = 7


def _pss_mb(processes: list[psutil.Process]) -> float:
    return sum(process.memory_full_info().pss for process in processes) / 1e6


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    """Start on a new folder once, then on the same folder several times; read the memory after ten quiet seconds."""
    with tempfile.TemporaryDirectory(prefix="sl-bench-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        cold = _start(data)[1]
        warm = [_start(data)[1] for _ in range(_ROUNDS)]
        running, _ = _start(data, keep=True)
        time.sleep(10)
        server, tree = running.processes()[0], running.processes()
        python_mb, tree_mb = server.memory_info().rss / 1e6, _pss_mb(tree)
        running.stop()
    return [
        Figure("first start, new data folder, until /readyz is 200", cold, "s"),
        Figure(f"warm start until /readyz is 200, median of {_ROUNDS}", statistics.median(warm), "s", limit=3),
        Figure("idle, the Python server (RSS)", python_mb, "MB", limit=90),
        Figure(f"idle, all {len(tree)} processes together (PSS)", tree_mb, "MB", limit=180),
    ]


def _start(data: Path, *, keep: bool = False) -> tuple[Running, float]:
    started = time.perf_counter()
    running = Running(data)
    running.wait_until_ready()
    taken = time.perf_counter() - started
    if not keep:
        running.stop()
    return running, taken
