"""Moving from Umami against a raw COPY of the same rows out of one PostgreSQL and into another."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import msgspec
import uvloop
from tests.moving import umami_tables
from tests.moving.umami_tables import SHOP, fill_people
from tests.postgres import system_postgres
from tests.server.application import housed

from bench.measurements import Figure, Result
from bench.pairs import compare
from bench.storage import HOT, migrated
from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.moving import umami
from sightline.moving.umami_source import open_source
from sightline.operate.house import House
from sightline.signals.extents import Catalogue
from sightline.signals.sealing import Sealer

TITLE = "Moving from Umami"
NOTE = (
    "Two PostgreSQL 15 with their defaults and fsync on, and the importing process, on one machine. Umami 3's tables: "
    "5,000 paths, ten events a session, 7 % with five properties each, a fifth with a query, a tenth with a campaign. "
    "Control: `COPY website_event TO STDOUT` of the one, written with `COPY … FROM STDIN` into the same table without "
    "indexes of the other, in binary. The import reads sessions, properties and revenue, too, and masks everything. "
    "Bytes per event are those of the tables that hold these events, with their indexes; Umami's have but three of the "
    "indexes beside their keys that its own migrations make, so that it takes more in truth."
)
_EVENTS = 150_000
_ROUNDS = 2

_SESSIONS = """
INSERT INTO session (session_id, website_id, browser, os, device, screen, language, country, region, city, created_at)
SELECT md5('s' || n)::uuid, $1, (ARRAY['chrome','firefox','safari','edge-chromium'])[1 + n % 4],
       (ARRAY['Windows 10','Mac OS','iOS','Android OS'])[1 + n % 4], (ARRAY['laptop','desktop','mobile'])[1 + n % 3],
       (ARRAY['1920x1080','1440x900','390x844'])[1 + n % 3], 'en-US', (ARRAY['NL','DE','FR','US'])[1 + n % 4],
       (ARRAY['NL-NH','DE-BE','FR-IDF','US-CA'])[1 + n % 4], 'City ' || n % 400, now() - n * interval '1 second'
FROM generate_series(1, $2::bigint / 10) AS n"""
_ROWS = """
INSERT INTO website_event (event_id, website_id, session_id, visit_id, created_at, url_path, url_query, page_title,
    referrer_domain, referrer_path, utm_source, utm_medium, utm_campaign, event_type, event_name, hostname)
SELECT md5('e' || n)::uuid, $1, md5('s' || 1 + n % ($2::bigint / 10))::uuid,
       md5('v' || 1 + n % ($2::bigint / 10) || ' ' || n / ($2::bigint / 3))::uuid,
       timestamptz '2026-03-01' + n * interval '90 days' / $2::bigint,
       '/' || (ARRAY['shop','blog','docs','help'])[1 + p % 4] || '/article-' || p,
       CASE WHEN n % 5 = 0 THEN 'sort=' || (ARRAY['price','name','new'])[1 + n % 3] || '&page=' || n % 30 END,
       'The article number ' || p || ' of the ' || (ARRAY['shop','blog','docs','help'])[1 + p % 4],
       (ARRAY['google.com','bing.com',NULL,NULL,'news.example'])[1 + n % 5], '/search',
       CASE WHEN n % 10 = 0 THEN 'newsletter' END, CASE WHEN n % 10 = 0 THEN 'email' END,
       CASE WHEN n % 10 = 0 THEN 'week-' || n % 52 END,
       CASE WHEN n % 14 = 0 THEN 2 ELSE 1 END, CASE WHEN n % 14 = 0 THEN 'add-to-cart' END, 'www.shop.example'
FROM (SELECT n, n * 7919 % 5000 AS p FROM generate_series(1, $2::bigint) AS n) AS made"""
_DATA = """
INSERT INTO event_data (event_data_id, website_id, website_event_id, data_key, string_value, number_value, data_type,
    created_at)
SELECT gen_random_uuid(), $1, event_id, key, CASE WHEN key <> 'price' THEN key || '-' || left(event_id::text, 3) END,
       CASE WHEN key = 'price' THEN 19.99 END, CASE WHEN key = 'price' THEN 2 ELSE 1 END, created_at
FROM website_event, unnest(ARRAY['sku','price','category','colour','size']) AS key WHERE event_type = 2"""

_THEIRS = """
SELECT sum(pg_total_relation_size(name::regclass))
FROM unnest(ARRAY['website_event', 'event_data', 'session', 'revenue']) AS name"""


class _Bench:
    def __init__(self, source: Address, target: Address, folder: Path) -> None:
        self._source = source
        self._target = target
        self._folder = folder
        self.events = 0
        self.wall_s = 0.0
        self.cpu_s = 0.0

    async def move(self) -> None:
        async with _house(self._target, self._folder) as house, await open_source(self._source) as source:
            await house.database.execute("TRUNCATE imports CASCADE")
            await house.database.execute("TRUNCATE signal_event")
            started, before = time.perf_counter(), _cpu()
            result = await umami.move(house, source, umami.Wanted())
            self.wall_s += time.perf_counter() - started
            self.cpu_s += _cpu() - before
            self.events += sum(counts.get("stored", 0) for counts in result.counts.values())

    async def sizes(self) -> list[Result]:
        """The same events in Umami's tables, in ours when they have just come, and sealed."""
        there = await connect(self._source)
        theirs = int(str(await there.fetchval(_THEIRS)))
        await there.close()
        async with _house(self._target, self._folder) as house:
            hot = int(str(await house.database.fetchval(HOT)))
            catalogue = Catalogue(house.database, FolderStore(self._folder / "extents"))
            sealer = Sealer(catalogue)
            sealed = await sealer.seal(clock.now_ms() + 60_000)
            await sealer.compact()
            size = sum(extent.size for extent in (await catalogue.snapshot()).extents)
        if sealed.signals != _EVENTS:
            raise RuntimeError(f"{sealed.signals} of {_EVENTS} events were sealed")
        return [
            Figure("bytes per event, Umami's tables", theirs / _EVENTS, "B"),
            Figure("bytes per event, ours, not sealed yet", hot / _EVENTS, "B", limit=300),
            Figure("bytes per event, ours, sealed", size / _EVENTS, "B", limit=30),
        ]

    async def copy(self) -> None:
        out, into = await connect(self._source), await connect(self._target)
        await into.execute("TRUNCATE control_event")
        chunks: asyncio.Queue[bytes | None] = asyncio.Queue(64)

        async def chunked() -> AsyncIterator[bytes]:
            while (chunk := await chunks.get()) is not None:
                yield chunk

        async def read() -> None:
            await out.copy_from_table("website_event", output=chunks.put, format="binary")
            await chunks.put(None)

        await asyncio.gather(read(), into.copy_to_table("control_event", source=chunked(), format="binary"))
        await out.close()
        await into.close()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@asynccontextmanager
async def _house(address: Address, folder: Path) -> AsyncIterator[House]:
    database = await Database.open(address, minimum=0, maximum=4)
    async with housed(database, folder) as house:
        yield house
    await database.close()


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        try:
            bench = runner.run(_opened(stack, Path(folder)))
            found = compare(
                f"{_EVENTS:,} events from Umami 3, against COPY out and in",
                lambda: runner.run(bench.move()),
                lambda: runner.run(bench.copy()),
                rounds=_ROUNDS,
                clock="wall",
            )
            sizes = runner.run(bench.sizes())
        finally:
            runner.run(stack.aclose())
    return [
        found,
        Figure("events per second", bench.events / bench.wall_s, "/s"),
        Figure("processor time of the importing process per event", bench.cpu_s / bench.events * 1e6, "µs"),
        *sizes,
    ]


async def _opened(stack: AsyncExitStack, folder: Path) -> _Bench:
    source = stack.enter_context(system_postgres())
    target = await stack.enter_async_context(migrated())
    there: Any = await connect(source)
    await umami_tables.create(there, 3)
    await fill_people(there)
    for query, values in ((_SESSIONS, (SHOP, _EVENTS)), (_ROWS, (SHOP, _EVENTS)), (_DATA, (SHOP,))):
        await there.execute(query, *values)
    await there.execute("VACUUM ANALYZE")
    await _prepare_control(there, target)
    await there.close()
    return _Bench(msgspec.structs.replace(source, schema="public"), target, folder)


async def _prepare_control(there: asyncpg.Connection, target: Address) -> None:
    """A table like the source's, without its indexes, in the target."""
    columns = await there.fetch(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
        "WHERE attrelid = 'website_event'::regclass AND attnum > 0 ORDER BY attnum"
    )
    here = await connect(target)
    await here.execute(
        "CREATE TABLE control_event (" + ", ".join(f"{row['attname']} {row['type']}" for row in columns) + ")"
    )
    await here.close()
