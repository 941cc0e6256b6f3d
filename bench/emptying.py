"""Emptying a large site: memory, time until no reader sees it, time until it is gone, and collecting meanwhile."""

import asyncio
import os
import threading
import time

import psutil

from bench.filled import Filled, eventually, filled
from bench.measurements import Figure, Result

TITLE = "Emptying a site"
_EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
NOTE = (
    f"{_EVENTS:,} signals of one site over 90 days, the last 200,000 of them not sealed yet; the warehouse is open. "
    "Memory is that of the Python process beside what it was before. BENCH_EVENTS=10000000 makes ten times as many."
)


async def run() -> list[Result]:
    async with filled(_EVENTS, hot=200_000) as found:
        return await asyncio.to_thread(_measured, found)


def _measured(found: Filled) -> list[Result]:
    process = psutil.Process(found.running.process.pid)
    eventually(lambda: _views(found) == _views(found) > 0, within_s=600)
    before = process.memory_info().rss
    most, stop = [before], threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            most[0] = max(most[0], process.memory_info().rss)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    started = time.perf_counter()
    found.client.post(f"{found.path}/reset").raise_for_status()
    seen = eventually(lambda: _views(found) == 0, within_s=60)
    told: set[float] = set()

    def done() -> bool:
        (one,) = found.client.get(f"{found.path}/erasures").json()["items"]
        told.add(one["done"])
        return one["finished_at"] is not None

    eventually(done, within_s=1200)
    taken = time.perf_counter() - started
    stop.set()
    watching.join()
    return [
        Figure("until no report shows it", seen, "s"),
        Figure("until it is gone from every store", taken, "s"),
        Figure("more memory meanwhile", (most[0] - before) / 1e6, "MB", limit=200),
        Figure("steps of progress that were told", len(told), ""),
    ]


def _views(found: Filled) -> int:
    answer = found.client.get(f"{found.path}/reports/overview", params={"range": "90d"})
    if answer.status_code == 503:  # the warehouse is being built
        return -1
    rows = answer.raise_for_status().json()["rows"]
    return int(next(row["value"] for row in rows if row["metric"] == "views") or 0)
