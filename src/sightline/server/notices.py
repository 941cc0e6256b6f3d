"""What other processes announce through PostgreSQL: a destroyed key is forgotten here at once, not when it grows old.

One connection to the writer listens. Whatever was said while it was away is unknown, so a new connection begins with
forgetting everything that an announcement could have been about.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Final

import asyncpg
import msgspec

from sightline.database.address import Address, connect
from sightline.errors import Unavailable

log = logging.getLogger("sightline.notices")

_RETRY_S: Final = 1.0


class Heard(msgspec.Struct, frozen=True):
    """What to do with a channel: `heed` one announcement, `forget` everything after a gap."""

    heed: Callable[[str], None]
    forget: Callable[[], None]


class Notices:
    """Listens on channels for as long as the process serves."""

    def __init__(self, direct: Address, channels: Mapping[str, Heard]) -> None:
        self._direct = direct
        self._channels = channels
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="notices")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, Unavailable) as exc:
                log.warning("not listening: the database is away", extra={"reason": type(exc).__name__})
            await asyncio.sleep(_RETRY_S)

    async def _listen(self) -> None:
        connection = await connect(self._direct, application="sightline-notices")
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            for channel, heard in self._channels.items():
                await connection.add_listener(channel, _passing_to(heard))
                heard.forget()
            await lost.wait()
        finally:
            connection.terminate()


def _passing_to(heard: Heard) -> Callable[..., None]:
    def pass_on(_connection: object, _process: int, _channel: str, payload: object) -> None:
        heard.heed(str(payload))

    return pass_on
