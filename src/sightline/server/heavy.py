"""Heavy pure work in a process of its own, so that it never delays an answer.

The processes start with the first piece of work and end after a minute without any. They end with their parent, however
it ends: an orphan that waits for work forever would hold memory and locks.
"""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final, TypeVar

R = TypeVar("R")

_IDLE_S: Final = 60.0
_NICER: Final = 10  # where there are fewer cores than work, who is waited for comes first
_PR_SET_PDEATHSIG: Final = 1


class Heavy:
    """A small pool of processes for pure functions; with no processes the work is done in a thread."""

    def __init__(self, processes: int, *, idle_s: float = _IDLE_S) -> None:
        self._processes = processes
        self._idle_s = idle_s
        self._pool: ProcessPoolExecutor | None = None
        self._running = 0
        self._idle: asyncio.TimerHandle | None = None

    async def run(self, work: Callable[..., R], *values: object) -> R:
        """Do `work`, a module-level function of picklable values; a process that dies is tried once more."""
        if not self._processes:
            return await asyncio.to_thread(work, *values)
        self._running += 1
        try:
            for attempt in (1, 2):
                try:
                    return await asyncio.get_running_loop().run_in_executor(self._opened(), work, *values)
                except BrokenProcessPool:
                    self._pool = None
                    if attempt == 2:
                        raise
            raise AssertionError("unreachable")
        finally:
            self._running -= 1
            self._wait_for_idle()

    def close(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _opened(self) -> ProcessPoolExecutor:
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._processes,
                # Not fork: a forked child would carry the parent's sockets, locks and keys.
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_end_with,
                initargs=(os.getpid(),),
            )
        return self._pool

    def _wait_for_idle(self) -> None:
        if self._running == 0 and self._pool is not None:
            if self._idle:
                self._idle.cancel()
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self.close)


def _end_with(parent: int) -> None:
    """End this process when its parent ends; it stands back behind the others."""
    os.nice(_NICER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
