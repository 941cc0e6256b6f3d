"""What `/api/send` has answered is there exactly once, whoever is killed, and it comes back by itself."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sightline.database.address import connect
from sightline.database.pool import Database
from tests.collect.conftest import CHROME, make_site
from tests.running import Running
from tests.signals.crashing import Server, killable

CHANCE = random.Random()
SENDERS = 8


# A number as a word: a page's number of five digits would be masked.
LETTERS = str.maketrans("0123456789", "abcdefghij")
DIGITS = str.maketrans("abcdefghij", "0123456789")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with killable() as found:
        yield found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of every server here: the root key of their one database is in it."""
    return tmp_path_factory.mktemp("collect") / "data"


class Load:
    """Senders of single events, each a visitor; what was answered, and with what."""

    def __init__(self, site: str) -> None:
        self._site = site
        self.url = ""
        self.answered: list[int] = []
        self.statuses: Counter[int] = Counter()
        self.without_hint = 0
        self._next = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._send_on(number)) for number in range(SENDERS)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send_on(self, visitor: int) -> None:
        headers = {"user-agent": f"{CHROME} {visitor}"}
        async with httpx.AsyncClient(headers=headers, timeout=40) as client:
            while True:
                number, self._next = self._next, self._next + 1
                body = {
                    "type": "event",
                    "payload": {"website": self._site, "url": f"/page/q{str(number).translate(LETTERS)}"},
                }
                try:
                    answer = await client.post(f"{self.url}/api/send", json=body)
                except httpx.TransportError:  # nobody answered: it may be stored or not
                    await asyncio.sleep(0.02)
                    continue
                self.statuses[answer.status_code] += 1
                if answer.status_code == 200:
                    self.answered.append(number)
                elif answer.status_code == 503:
                    self.without_hint += "retry-after" not in answer.headers
                    await asyncio.sleep(0.05)

    async def go_on(self, count: int, *, patience_s: float = 60) -> None:
        """Wait until so many more were answered."""
        wanted, until = len(self.answered) + count, time.monotonic() + patience_s
        while len(self.answered) < wanted:
            assert time.monotonic() < until, (wanted, len(self.answered), self.statuses)
            await asyncio.sleep(0.02)


async def _site(server: Server) -> str:
    database = await Database.open(server.address, minimum=0, maximum=1)
    name = (await make_site(database))[1]
    await database.close()
    return name


async def _numbers(server: Server) -> Counter[int]:
    connection = await connect(server.address)
    rows = await connection.fetch("SELECT path FROM signal_event")
    await connection.execute("TRUNCATE signal_event")
    await connection.close()
    return Counter(int(row["path"].removeprefix("/page/q").translate(DIGITS)) for row in rows)


def _serve(server: Server, data: Path) -> Running:
    address = server.address
    assert address.password is not None
    url = f"postgresql://{address.user}:{address.password.reveal()}@{address.host}:{address.port}/{address.database}"
    return Running(
        data, ["--role", "collect"], command="serve", SIGHTLINE_DATABASE_URL=url, SIGHTLINE_DATABASE_TLS="off",
        SIGHTLINE_COLLECT_VISITOR_PER_MINUTE="100000",
    )  # fmt: skip


async def _rounds(server: Server, data: Path, rounds: int) -> None:
    load = Load(await _site(server))
    running = _serve(server, data)
    try:
        load.url = await asyncio.to_thread(running.wait_until_ready)
        load.start()
        for number in range(rounds):
            await load.go_on(20)
            await asyncio.sleep(CHANCE.random() * 0.2)
            victims = ("server", "postgresql", "both")[number % 3]
            if victims != "server":
                await asyncio.to_thread(server.kill)
            if victims != "postgresql":
                await asyncio.to_thread(running.kill)
            if victims != "server":
                await asyncio.to_thread(server.start)
            if victims != "postgresql":
                running = _serve(server, data)
                load.url = await asyncio.to_thread(running.wait_until_ready)
        await load.go_on(20)
        await load.stop()
    finally:
        await load.stop()
        await asyncio.to_thread(running.stop)
    stored = await _numbers(server)
    assert len(load.answered) == len(set(load.answered)) > 20 * rounds
    assert set(load.answered) <= stored.keys()
    assert max(stored.values()) == 1
    assert set(load.statuses) <= {200, 503}, load.statuses
    assert load.without_hint == 0


async def _pause(server: Server, data: Path, seconds: float) -> None:
    load = Load(await _site(server))
    running = _serve(server, data)
    try:
        load.url = await asyncio.to_thread(running.wait_until_ready)
        load.start()
        await load.go_on(50)
        before = load.statuses[503]
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(seconds)
        assert load.statuses[503] > before, load.statuses
        answered = len(load.answered)
        await asyncio.to_thread(server.start)
        await load.go_on(100)
        assert len(load.answered) > answered
        assert running.process.poll() is None  # it came back by itself
    finally:
        await load.stop()
        await asyncio.to_thread(running.stop)
    stored = await _numbers(server)
    assert set(load.answered) <= stored.keys()
    assert max(stored.values()) == 1
    assert set(load.statuses) <= {200, 503}, load.statuses
    assert load.without_hint == 0


async def test_kill_9_of_server_postgresql_and_both_under_load_loses_and_doubles_nothing(
    server: Server, data: Path
) -> None:
    await _rounds(server, data, 3)


async def test_while_postgresql_is_away_503_says_when_to_come_again_and_it_recovers_by_itself(
    server: Server, data: Path
) -> None:
    await _pause(server, data, 3)


@pytest.mark.soak
async def test_thirty_rounds_of_kill_9_lose_and_double_nothing(server: Server, data: Path) -> None:
    await _rounds(server, data, 30)


@pytest.mark.soak
async def test_postgresql_away_for_twenty_seconds_costs_nothing_that_was_answered(server: Server, data: Path) -> None:
    await _pause(server, data, 20)
