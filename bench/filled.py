"""A running `sightline up` whose site already has millions of signals, for benchmarks through HTTP.

The rows are made by PostgreSQL itself, with the ledger rows that the journal would have written, and sealed by our own
sealer, so that ten million take minutes and are stored exactly as live ones are.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct
from tests.running import Running

from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.database.address import Address, connect
from sightline.database.credentials import FileStore
from sightline.database.pool import Database
from sightline.settings import DatabaseSettings
from sightline.signals.extents import Catalogue
from sightline.signals.sealing import Sealer

_AT_ONCE = 50_000
_DAY_MS = 24 * 3600 * 1000
_PERSON = {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"}

# 4 events a visit, 10 a visitor, 5,000 paths of which few are seen most, 40 countries, 7 % custom events.
_ROWS = """
INSERT INTO signal_event (
    site, created_ms, visitor, visit, received_ms, batch, place, rules, type, hostname, path, title, referrer_domain,
    channel, name, properties, browser, os, device, screen, language, country, region, city, engagement_ms)
SELECT $1, $2 + (n * $3)::bigint, hashint8extended(n / 10, 1) & 9223372036854775807,
       hashint8extended(n / 4, 2) & 9223372036854775807, $4, $5, (n - $6)::smallint, 1,
       CASE WHEN h % 14 = 0 THEN 2 ELSE 1 END, 'www.shop.example', '/page/' || p, 'Page ' || p || ' | Example Shop',
       (ARRAY['', '', '', 'google.com', 'bing.com', 'duckduckgo.com', 'reddit.com', 't.co'])[v % 8 + 1],
       (ARRAY['direct', 'direct', 'direct', 'search', 'search', 'search', 'social', 'social'])[v % 8 + 1],
       CASE WHEN h % 14 = 0 THEN (ARRAY['add-to-cart', 'sign-up', 'download'])[h % 3 + 1] ELSE '' END,
       CASE WHEN h % 14 = 0 THEN '{"sku":"A-' || h % 9000 || '"}' ELSE '' END,
       (ARRAY['chrome', 'safari', 'firefox', 'edge'])[v % 4 + 1],
       (ARRAY['windows', 'ios', 'android', 'macos'])[v % 4 + 1],
       (ARRAY['desktop', 'mobile', 'tablet'])[v % 3 + 1], (ARRAY['1920x1080', '390x844', '1440x900'])[v % 3 + 1],
       (ARRAY['en-US', 'de-DE', 'nl-NL', 'fr-FR'])[v % 4 + 1], 'C' || chr(65 + v % 26), 'R-' || v % 40,
       'City ' || v % 400, h % 60000
FROM (SELECT n, (hashint8(n) & 2147483647) AS h, (hashint8(n / 10) & 2147483647) AS v,
             floor(5000 ^ ((hashint8(n * 7) & 65535) / 65536.0))::int AS p
      FROM generate_series($6::bigint, $7::bigint - 1) AS n) AS made
"""
_LEDGER = """
INSERT INTO ledger (batch, received_ms, counts) VALUES ($1, $2, jsonb_build_object('event', $3::bigint))
"""


class Filled(Struct, frozen=True):
    """The running server, a site of it, and a client that is its administrator."""

    running: Running
    address: Address
    site: dict[str, Any]
    client: httpx.Client

    @property
    def path(self) -> str:
        return f"/api/v1/sites/{self.site['id']}"


@asynccontextmanager
async def filled(events: int, *, days: int = 90, hot: int = 0, **env: str) -> AsyncIterator[Filled]:
    """Run the server with so many signals over so many days; the last `hot` of them are not sealed."""
    with tempfile.TemporaryDirectory(prefix="sl-bench-") as folder:
        data = Path(folder) / "data"
        running = await asyncio.to_thread(_started, data, env)
        try:
            client = signed_in(running)
            site = client.post("/api/v1/sites", json={"name": "Shop", "domains": ["shop.example"]}).json()
            credentials = await FileStore(data / "secrets" / "database.json").read()
            assert credentials is not None
            address = credentials.address(DatabaseSettings())
            sealed_until = await _fill(address, int(site["id"]), events, days=days, hot=hot)
            await seal(address, data / "blobs" / "extents", sealed_until)
            yield Filled(running, address, site, client)
        finally:
            await asyncio.to_thread(running.stop)


def signed_in(running: Running) -> httpx.Client:
    """The first administrator; their link works once."""
    assert running.url is not None
    assert running.setup_link is not None
    client = httpx.Client(base_url=running.url, headers={"origin": running.url}, timeout=600)
    token = running.setup_link.partition("token=")[2]
    client.post("/api/v1/setup", json={"token": token, **_PERSON}).raise_for_status()
    client.headers["x-sightline-csrf"] = client.get("/api/v1/me").raise_for_status().json()["csrf_token"]
    return client


def _started(data: Path, env: dict[str, str]) -> Running:
    data.parent.chmod(0o755)  # the service user of PostgreSQL has to be able to enter it
    running = Running(data, **env)
    running.wait_until_ready()
    return running


async def _fill(address: Address, site: int, events: int, *, days: int, hot: int) -> int:
    """Store the signals; return the moment before which everything but the last `hot` was received."""
    connection = await connect(address)
    begin_ms = clock.now_ms() - days * _DAY_MS
    apart = days * _DAY_MS / max(events, 1)
    sealed_until = 0
    for first in range(0, events, _AT_ONCE):
        last = min(first + _AT_ONCE, events)
        received_ms = clock.now_ms()
        batch = await connection.fetchval("SELECT nextval('batch_number')")
        for start in range(first, last, 30_000):  # a place in a batch has 16 bits
            end = min(start + 30_000, last)
            async with connection.transaction():
                number = batch + (start - first) // 30_000
                await connection.execute(_ROWS, site, begin_ms, apart, received_ms, number, start, end)
                await connection.execute(_LEDGER, number, received_ms, end - start)
        if last <= events - hot:
            sealed_until = received_ms + 1
            await asyncio.sleep(0.002)
    await connection.close()
    return sealed_until


async def seal(address: Address, extents: Path, before_ms: int) -> None:
    """Seal everything that was received before a moment."""
    database = await Database.open(address, minimum=0)
    await Sealer(Catalogue(database, FolderStore(extents))).seal(before_ms)
    await database.close()


def eventually(done: Any, *, within_s: float) -> float:
    """Ask until it is true; return how long it took."""
    started = time.perf_counter()
    while not done():
        if time.perf_counter() - started > within_s:
            raise TimeoutError
        time.sleep(0.05)
    return time.perf_counter() - started
