"""Collecting, from bytes on the wire to a durable row: single events, batches, and what each step costs.

Client, server and PostgreSQL share the machine, fsync is on, and every step is on: 200,000 visitors told apart by
X-Forwarded-For from a trusted proxy, 5,000 pages, 40 user agents. The control of the single events is a route of the
same server that reads the body and answers without looking at it; that of the batches a bare binary COPY of such rows.
"""

import asyncio
import contextlib
import functools
import gc
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import uvloop
from tests.collect.conftest import make_site
from tests.postgres import system_postgres
from tests.server.serving import serving

from bench.made import PATHS, VISITORS, made_events
from bench.measurements import Figure, Result
from bench.pairs import Comparison
from sightline.blobs.stores import open_stores
from sightline.collect import policy, properties, tokens, umami
from sightline.collect.hits import Sender
from sightline.database.address import Address, connect
from sightline.database.migrations import migrate
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.operate.house import House
from sightline.server.application import application, ready
from sightline.server.asgi import App, Receive, Scope, Send, answer
from sightline.server.collecting import Collecting, collecting
from sightline.server.intake import tools
from sightline.server.senders import sender_of
from sightline.settings import Loaded, Secret, ServerSettings, Settings
from sightline.signals.event import EVENT
from sightline.signals.rules import RulesStore

TITLE = "Collecting"
NOTE = (
    "Single events and the null handler run in turn, a few seconds each, at 32 connections; every request is by "
    "another visitor. The null handler is a route of the same application, so both pass through the same middleware; "
    "the second comparison is with one that nothing stands in front of. p99 is that of the whole single-event rounds, "
    "the client's own time included."
)
_ROUNDS: Final = 5
_SECONDS: Final = 3.0
_BOUGHT: Final = b'{"sku":"A-1","price":9.5}'
_CONNECTIONS: Final = 32
_AGENTS: Final = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    for system in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64",
                   "Linux; Android 14; SM-S918B", "iPhone; CPU iPhone OS 17_5 like Mac OS X")
    for version in range(119, 127)
)  # fmt: skip


# ---- what is sent ----------------------------------------------------------------------------------------------------


def payloads(site: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    for event in made_events(count, seed=seed):
        query = f"?{event.query}" if event.query else ""
        payload = {
            "website": site, "hostname": "shop.example", "url": event.path + query, "title": event.title,
            "referrer": f"https://{event.referrer_domain}{event.referrer_path}" if event.referrer_domain else "",
            "screen": event.screen, "language": event.language,
        }  # fmt: skip
        if event.name:
            payload |= {"name": event.name, "data": json.loads(event.properties)}
        yield {"type": "event", "payload": payload}


class Requests:
    """Requests, each by another visitor: what says who sends is put before what is sent when it is sent."""

    def __init__(self, path: str, bodies: list[Any], seed: int) -> None:
        self._random = random.Random(seed).random
        self._heads = [
            (
                f"POST {path} HTTP/1.1\r\nHost: collect.example\r\nUser-Agent: {agent}\r\nAccept: */*\r\n"
                "Accept-Language: en-GB,en;q=0.5\r\nContent-Type: text/plain\r\nOrigin: https://shop.example\r\n"
                f"CF-IPCountry: {('NL', 'DE', 'US', 'FR')[number % 4]}\r\nX-Forwarded-For: 10."
            ).encode()
            for number, agent in enumerate(_AGENTS)
        ]
        encoded = [json.dumps(body).encode() for body in bodies]
        self._tails = [b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body) for body in encoded]

    def __len__(self) -> int:
        return len(self._tails)

    def __getitem__(self, number: int) -> bytes:
        visitor = int(self._random() * VISITORS)
        address = b"%d.%d.%d" % (visitor >> 16, visitor >> 8 & 255, visitor & 255)
        return self._heads[visitor % len(_AGENTS)] + address + self._tails[number]


# ---- the client, a process of its own --------------------------------------------------------------------------------


class Connection(asyncio.Protocol):
    """Sends one request after the other and notes how long each took."""

    _bad: Final = re.compile(rb'"beep"|"errors":[1-9]|\nx-sightline-dropped:')  # answered, and not stored

    def __init__(self, requests: Requests, until: float, noted: list[float], first: int) -> None:
        self._requests, self._until, self._noted = requests, until, noted
        self._next, self._buffer, self._started = first, b"", 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failed = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by their class
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._next = (self._next + 1) % len(self._requests)
        request = self._requests[self._next]
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if not data.endswith(b"}"):  # every answer is one JSON object; what is sent after the head comes with it
            self._buffer = data
            return
        now = time.perf_counter()
        self._noted.append(now - self._started)
        self._buffer = b""
        if not data.startswith(b"HTTP/1.1 200") or self._bad.search(data):
            self.failed += 1
        if now < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError())


async def drive(  # noqa: PLR0913 - what to send, and how
    port: int, path: str, site: str, *, batch: int, seconds: float, seed: int
) -> dict[str, Any]:
    bodies: list[Any] = list(payloads(site, 20_000, seed))
    if batch > 1:
        bodies = [bodies[at : at + batch] for at in range(0, len(bodies), batch)]
    requests = Requests(path, bodies, seed)
    noted: list[float] = []
    until = time.perf_counter() + seconds
    loop, connections, started, used = asyncio.get_running_loop(), [], time.perf_counter(), time.process_time()
    for number in range(_CONNECTIONS):
        first = number * len(requests) // _CONNECTIONS

        def make(first: int = first) -> Connection:
            return Connection(requests, until, noted, first)

        connections.append((await loop.create_connection(make, "127.0.0.1", port))[1])
    await asyncio.gather(*(connection.done for connection in connections))
    taken = time.perf_counter() - started
    noted.sort()
    return {
        "cpu": time.process_time() - used, "taken": taken,
        "rate": len(noted) * batch / taken, "p50": noted[len(noted) // 2] * 1e3,
        "p99": noted[len(noted) * 99 // 100] * 1e3, "failed": sum(one.failed for one in connections),
    }  # fmt: skip


async def driven(port: int, path: str, site: str, *, batch: int = 1, seed: int = 1) -> Any:
    arguments = [str(port), path, site, str(batch), str(_SECONDS), str(seed)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.collect", "drive", *arguments, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    found = json.loads(out)
    if found["failed"]:
        raise RuntimeError(f"{path}: {found['failed']} requests were not answered as they should be")
    return found


# ---- the server, a process of its own, with the null handler ---------------------------------------------------------


async def null(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's signature
    await receive()
    await answer(send, 200, b'{"cache":""}')


class WithNull(Collecting):
    """Collecting, and beside its routes one that does nothing, behind all that every request passes through."""

    def routes(self) -> Mapping[tuple[str, str], App]:
        return {**super().routes(), ("POST", "/null"): null}


def beside(app: App) -> App:
    """The application, and before it a handler that nothing stands in front of."""

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        await (null if scope["path"] == "/bare" else app)(scope, receive, send)

    return choose


@contextlib.asynccontextmanager
async def opened(address: Address, data: Path) -> AsyncIterator[House]:
    settings = Settings(server=ServerSettings(trusted_proxies=("127.0.0.1",)))
    database = await Database.open(address, minimum=1, maximum=4)
    keys = await KeyRing.open(database, settings.keys, settings.aws, data / "keys")
    stores = open_stores(settings.blobs, settings.aws, data)
    loaded = Loaded(settings=settings, data=data, origins={})
    yield House(loaded, database, database.address, keys, stores, RulesStore(database))
    await keys.close()
    await database.close()


async def serve(address: Address, data: Path) -> None:
    async with opened(address, data) as house, collecting(house, WithNull) as parts:
        app = beside(application(house, ready(house, None), parts))
        gc.collect()
        gc.freeze()  # as `sightline serve` does
        async with serving(app) as url:
            print(url.rpartition(":")[2], flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.asynccontextmanager
async def served(address: Address, data: Path) -> AsyncIterator[tuple[int, int]]:
    """The port of the server, and its process id."""
    said = json.dumps({**msgspec.to_builtins(address, enc_hook=_plain), "data": str(data)})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.collect", "serve", said, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    yield int(await process.stdout.readline()), process.pid
    process.stdin.close()
    await process.wait()


def _plain(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else str(value)


# ---- the benchmark ---------------------------------------------------------------------------------------------------


async def run() -> list[Result]:
    with system_postgres() as admin, tempfile.TemporaryDirectory(prefix="sl-bench-") as folder:
        connection = await connect(admin)
        await connection.execute("CREATE SCHEMA umami")
        await connection.close()
        address = msgspec.structs.replace(admin, schema="umami")
        connection = await connect(address)
        await migrate(connection)
        await connection.close()
        database = await Database.open(address, minimum=1, maximum=2)
        site = (await make_site(database))[1]
        try:
            async with served(address, Path(folder)) as (port, pid):
                results = [*await singles(port, site), *await batches(port, site, address), memory(pid)]
        finally:
            await database.close()
    return [*results, *steps()]


async def singles(port: int, site: str) -> list[Result]:
    await driven(port, "/api/send", site)
    pairs, bare = [], []
    for number in range(_ROUNDS):
        control = await driven(port, "/null", site, seed=number)
        pairs.append((await driven(port, "/api/send", site, seed=number), control))
        bare.append((pairs[-1][0], await driven(port, "/bare", site, seed=number)))
    middle = sorted(pairs, key=lambda pair: pair[0]["p99"])[len(pairs) // 2]
    return [
        _compared("single events against a null handler (rate)", pairs, 0.25),
        _compared("single events against a null handler without the server's middleware (rate)", bare, None),
        Figure("single events, p50", middle[0]["p50"], "ms"),
        Figure("single events, p99", middle[0]["p99"], "ms", limit=15),
        Figure("null handler, p99", middle[1]["p99"], "ms"),
        Figure("single events a second", sorted(pair[0]["rate"] for pair in pairs)[_ROUNDS // 2], "/s"),
    ]


async def batches(port: int, site: str, address: Address) -> list[Result]:
    rows = list(EVENT.rows(made_events(20_000), received_ms=int(time.time() * 1000), batch=1))
    connection = await connect(address)
    await connection.execute("CREATE TABLE bare (LIKE signal_event)")
    pairs = []
    for number in range(_ROUNDS):
        control = {"rate": await bare_copy(connection, rows)}
        pairs.append((await driven(port, "/api/batch", site, batch=20, seed=number), control))
    await connection.close()
    return [
        _compared("events in batches of 20 against bare COPY (rate)", pairs, 0.4),
        Figure("batches of 20, p99", sorted(pair[0]["p99"] for pair in pairs)[_ROUNDS // 2], "ms"),
        Figure("events in batches a second", sorted(pair[0]["rate"] for pair in pairs)[_ROUNDS // 2], "/s"),
    ]


async def bare_copy(connection: Any, rows: list[tuple[Any, ...]]) -> float:
    """Rows a second by COPY, 500 in a commit, over one connection."""
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < _SECONDS:
        at = done % 20_000
        await connection.copy_records_to_table("bare", records=rows[at : at + 500], columns=EVENT.column_names)
        done += 500
    rate = done / (time.perf_counter() - started)
    await connection.execute("TRUNCATE bare")
    return rate


def _compared(name: str, pairs: list[tuple[Any, Any]], bound: float | None) -> Comparison:
    ratios = sorted(candidate["rate"] / control["rate"] for candidate, control in pairs)
    rate = sorted(pair[0]["rate"] for pair in pairs)[len(pairs) // 2]
    null_rate = sorted(pair[1]["rate"] for pair in pairs)[len(pairs) // 2]
    return Comparison(
        name=name, ratio=ratios[len(ratios) // 2], low=ratios[0], high=ratios[-1], rounds=len(pairs),
        candidate_ms=1e3 / rate, control_ms=1e3 / null_rate, bound=bound,
    )  # fmt: skip


def memory(pid: int) -> Figure:
    status = Path(f"/proc/{pid}/status").read_text()
    return Figure("memory of the server after all this", int(status.split("VmRSS:")[1].split()[0]) / 1000, "MB")


# ---- what each step costs --------------------------------------------------------------------------------------------


def steps() -> list[Result]:
    """CPU time of each step of one event, over 5,000 pages that were met before."""
    from sightline.accounts.watched import Watched  # noqa: PLC0415 - beside what uses it
    from sightline.collect.pages import Reader  # noqa: PLC0415
    from sightline.privacy import dictionary  # noqa: PLC0415
    from sightline.privacy.pseudonyms import LocalMacKey  # noqa: PLC0415

    name, source = str(uuid.uuid4()), random.Random(1)
    bodies = [json.dumps(body).encode() for body in payloads(name, PATHS, 1)]
    site = Watched(id=1, tenant_id=1, domains=("shop.example",))
    reader, mac, parts = Reader(dictionary.default()), LocalMacKey(b"x" * 32), tools(Settings().collect)
    senders = [Sender(f"10.0.{source.randrange(256)}.{source.randrange(256)}", source.choice(_AGENTS)) for _ in bodies]
    headers = [(b"user-agent", _AGENTS[0].encode()), (b"accept", b"*/*"), (b"host", b"x")] * 3
    scope: Scope = {"headers": headers, "client": ("::1", 1)}
    hits = [umami.decode(body) for body in bodies]
    cases = [
        policy.Case(hit, sender, site, reader, 1, b"s" * 32, 1, 1) for hit, sender in zip(hits, senders, strict=True)
    ]
    for case in cases:
        policy.judge(case, parts)
    parts = msgspec.structs.replace(parts, rates=type(parts.rates)(10**9))
    found: list[Result] = [
        _cost("decode", lambda: [umami.decode(body) for body in bodies], len(bodies)),
        _cost("sender_of", lambda: [sender_of(scope) for _ in bodies], len(bodies)),
    ]
    found += [_cost(step.__name__, functools.partial(_each, step, cases, parts), len(cases)) for step in policy.STEPS]
    found += [
        _cost("judge (all of these)", lambda: [policy.judge(case, parts) for case in cases], len(cases)),
        _cost("event", lambda: [policy.event(case, 1, None) for case in cases], len(cases)),
        _cost("seal a token", lambda: [tokens.seal(mac, 1, tokens.Token(2, 3), 4) for _ in cases], len(cases)),
        _cost("answer", lambda: [umami.accepted("x" * 50, 2, 3) for _ in cases], len(cases)),
        _cost("properties", lambda: [properties.read(reader.rules, _BOUGHT) for _ in cases], len(cases)),
    ]
    return found


def _each(step: policy.Step, cases: list[policy.Case], parts: policy.Tools) -> None:
    for case in cases:
        step(case, parts)


def _cost(name: str, work: Callable[[], object], count: int) -> Figure:
    best = min(_timed(work) for _ in range(5))
    return Figure(f"cost of {name}", best / count * 1e6, "µs")


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _main() -> None:
    command, *rest = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if command == "drive":
            port, path, site, batch, seconds, seed = rest
            print(
                json.dumps(
                    runner.run(drive(int(port), path, site, batch=int(batch), seconds=float(seconds), seed=int(seed)))
                )
            )
        else:
            said = json.loads(rest[0])
            data = said.pop("data")
            runner.run(serve(msgspec.convert(said, Address, dec_hook=lambda _, text: Secret(text)), Path(data)))


if __name__ == "__main__":
    _main()
