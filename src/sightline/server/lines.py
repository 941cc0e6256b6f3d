"""Where lines of vitals and errors go: to stdout or a file, beside what collects, and never in its way."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sightline import clock, metrics
from sightline.errors import SettingError
from sightline.health import emf
from sightline.health.failures import Failure
from sightline.health.vitals import Vital
from sightline.settings import HealthSettings
from sightline.signals.kind import Signal

log = logging.getLogger("sightline.lines")
_MOST_WAITING: Final = 10_000
_WRITE_EVERY_S: Final = 1.0
_MINUTE_MS: Final = 60_000
_OFF: Final = "off"
_STDOUT: Final = "stdout"


class Lines:
    """The lines of one process. What is too much, or cannot be written, is counted."""

    def __init__(self, settings: HealthSettings) -> None:
        self._settings = settings
        self._file = None if settings.lines == _STDOUT else Path(settings.lines).expanduser()
        if self._file is not None and not self._file.parent.is_dir():
            raise SettingError(
                f"health.lines = {settings.lines!r}: there is no folder {str(self._file.parent)!r}",
                hint="Name off, stdout, or a file in a folder that exists.",
            )
        self._waiting: list[str] = []
        self._minute = 0
        self._room = 0
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def wanted(cls, settings: HealthSettings) -> "Lines | None":
        return None if settings.lines in {_OFF, ""} else cls(settings)

    def put(self, signals: Sequence[Signal]) -> None:
        """Take the lines of what was committed; they are written within a second."""
        found = [signal for signal in signals if isinstance(signal, Vital | Failure)]
        if not found:
            return
        minute = clock.now_ms() // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._room = minute, self._settings.lines_per_minute
        for line in emf.lines(found, self._settings.namespace):
            if not line:
                metrics.count("LinesDropped", Reason="noise")
            elif self._room <= 0 or len(self._waiting) >= _MOST_WAITING:
                metrics.count("LinesDropped", Reason="limit")
            else:
                self._room -= 1
                self._waiting.append(line)
        if self._task is None:
            self._task = asyncio.create_task(self._forever(), name="lines")

    async def close(self) -> None:
        """Write what waits."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._write()

    async def _forever(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_EVERY_S)
            await asyncio.shield(self._write())

    async def _write(self) -> None:
        taken, self._waiting = self._waiting, []
        if not taken:
            return
        try:
            await asyncio.to_thread(self._write_out, "\n".join(taken) + "\n")
        except OSError as exc:
            metrics.count("LinesDropped", len(taken), Reason="failed")
            log.warning("lines of vitals and errors cannot be written", extra={"reason": type(exc).__name__})

    def _write_out(self, text: str) -> None:
        if self._file is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        if self._file.exists() and self._file.stat().st_size >= self._settings.lines_file_mb << 20:
            self._file.replace(self._file.with_name(self._file.name + ".1"))
        with os.fdopen(
            os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
        ) as out:
            out.write(text)
