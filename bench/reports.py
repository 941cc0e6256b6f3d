"""Each report through the compiled path against the same SQL run bare in DuckDB, in the same run."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from tests.analytics.conftest import add_site
from tests.postgres import system_postgres

from bench.measurements import Result
from bench.pairs import compare
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.analytics.asking import Asker
from sightline.analytics.catalogue import report
from sightline.analytics.engines import DuckEngine
from sightline.database.address import connect
from sightline.database.migrations import migrate
from sightline.database.pool import Database
from sightline.signals.event import EVENT

TITLE = "Reports"
EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
NOTE = (
    f"{EVENTS:,} events of one site over 90 days in DuckDB, 4 events a visit, 2.5 visits a visitor, 5,000 paths, "
    "30 of those days, warm. Candidate: the whole report, from parameters to JSON. Control: only its SQL, in the same "
    "thread pool. BENCH_EVENTS=10000000 makes ten times as many."
)
START_MS = 1_780_000_000_000
DAYS = 90
BOUND = 1 / 1.5
ASKED: dict[str, dict[str, Any]] = {
    "overview": {"compare": "none"},
    "series": {"unit": "day"},
    "breakdown by path": {"by": ["path"]},
    "breakdown by referrer": {"by": ["referrer"]},
    "breakdown by country": {"by": ["country"]},
    "breakdown by channel": {"by": ["channel"]},
    "breakdown by entry, all metrics": {"by": ["entry"], "metric": ["visits", "bounce_rate", "duration_s"]},
    "breakdown by path and country": {"by": ["path", "country"]},
    "overview, filtered": {"compare": "none", "filter": ["country:eq:NL", "path:c:/page/1"]},
    "funnel": {"step": ["path:/page/0", "path:/page/1*", "event:sign-up"]},
    "retention": {"unit": "week"},
    "journeys": {},
    "attribution": {"goal": "event:sign-up", "model": "linear"},
    "weekly": {},
    "goals": {"goal": ["event:sign-up", "path:/page/1*"]},
    "property-values": {"key": "plan"},
    "visits": {},
}

_MADE = """
INSERT INTO event BY NAME
WITH numbered AS (
    SELECT i, i // 4 AS visit_number, hash(i) AS h, hash(i // 4 + 7) AS g, hash(i) % 1000 / 1000 AS u
    FROM range($1) made(i)
), visitors AS (
    SELECT *, (g % ($1 // 10))::BIGINT + 1 AS who FROM numbered
)
SELECT $2::BIGINT AS site,
       $3 + (visit_number * ($4 * 86400000.0 / ($1 / 4)))::BIGINT + (i % 4) * 40000 + (h % 20000)::BIGINT AS created_ms,
       (hash(who) >> 1)::BIGINT AS visitor, visit_number + 1 AS visit, NULL::BIGINT AS person, 1 AS rules,
       CASE WHEN h % 100 < 7 AND h % 3 = 0 THEN 100000 END AS revenue, (h % 60000)::INTEGER AS engagement_ms,
       CASE WHEN h % 100 < 7 THEN 2 ELSE 1 END AS type, 'shop.example' AS hostname,
       '/page/' || floor(5000 * u * u * u)::INTEGER AS path, '' AS query, 'Page ' || floor(5000 * u * u * u) AS title,
       CASE WHEN g % 3 = 0 THEN '' ELSE 'site' || g % 30 || '.example' END AS referrer_domain, '' AS referrer_path,
       CASE WHEN g % 10 = 0 THEN 'news' ELSE '' END AS utm_source, '' AS utm_medium, '' AS utm_campaign,
       '' AS utm_content, '' AS utm_term, '' AS click, '' AS click_id,
       CASE WHEN g % 3 = 0 THEN 'direct' WHEN g % 3 = 1 THEN 'search' ELSE 'referral' END AS channel,
       CASE WHEN h % 100 < 7 THEN 'sign-up' ELSE '' END AS name,
       CASE WHEN h % 100 < 7 THEN '{"plan":"pro","price":' || h % 90 || '}' ELSE '' END AS properties,
       CASE WHEN h % 100 < 7 AND h % 3 = 0 THEN 'EUR' ELSE '' END AS currency, '' AS tag,
       'browser' || hash(who) % 6 AS browser, 'os' || hash(who) % 5 AS os, 'device' || hash(who) % 3 AS device,
       '1920x1080' AS screen, 'en' AS language,
       ['NL', 'DE', 'US', 'FR', 'GB', 'IN', 'BR', 'JP', 'ES', 'IT'][(hash(who) % 10)::BIGINT + 1] AS country,
       '' AS region, 'City ' || hash(who) % 400 AS city, $3 AS received_ms, i // 500 AS batch, i % 500 AS place
FROM visitors
"""


class File:
    """A DuckDB file, asked in a thread as the warehouse does; it remembers what was asked."""

    def __init__(self, path: Path, site: int) -> None:
        self.connection = duckdb.connect(str(path))
        self.connection.execute(EVENT.duckdb_ddl())
        self.connection.execute(_MADE, [EVENTS, site, START_MS, DAYS])
        self.asked: list[tuple[str, list[object]]] = []
        self.pool = ThreadPoolExecutor(1)

    async def query(self, sql: str, parameters: list[object] | None = None) -> Any:
        self.asked.append((sql, parameters or []))
        return await asyncio.get_running_loop().run_in_executor(self.pool, self.bare, sql, parameters or [])

    def bare(self, sql: str, parameters: list[object]) -> Any:
        return self.connection.cursor().sql(sql, params=parameters).to_arrow_table()


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    with (
        system_postgres(fsync="off") as postgres,
        tempfile.TemporaryDirectory(prefix="sl-bench-") as folder,
        asyncio.Runner() as runner,
    ):
        site, scope = runner.run(_site(postgres))
        file = File(Path(folder) / "events.duckdb", site)
        return [_compared(runner, file, scope, name, asked) for name, asked in ASKED.items()]


async def _site(postgres: Any) -> tuple[int, Scope]:
    address = msgspec.structs.replace(postgres, schema="umami")
    connection = await connect(address)
    await connection.execute("CREATE SCHEMA umami")
    await migrate(connection)
    await connection.close()
    database = await Database.open(address)
    site = await add_site(database, "bench")
    scope = await scope_for(database, operator(), Permission.SITE_READ, site=str(site))
    await database.close()
    return site, scope


def _compared(runner: asyncio.Runner, file: File, scope: Scope, name: str, asked: dict[str, Any]) -> Result:
    wanted = report(name.partition(" ")[0].rstrip(","))
    to_ms = START_MS + DAYS * 86_400_000
    asked = {**asked, "start": str(to_ms - 30 * 86_400_000), "end": str(to_ms)}

    async def candidate() -> bytes:
        params = msgspec.convert(asked, wanted.params, strict=False)
        return msgspec.json.encode(await wanted.run(Asker(DuckEngine(file), scope, zone="Europe/Zurich"), params))

    file.asked.clear()
    runner.run(candidate())
    queries = list(file.asked)

    async def control() -> None:
        for sql, values in queries:
            await asyncio.get_running_loop().run_in_executor(file.pool, file.bare, sql, values)

    def once(work: Callable[[], Awaitable[object]]) -> Callable[[], object]:
        return lambda: runner.run(_awaited(work))

    return compare(name, once(candidate), once(control), rounds=5, clock="wall", bound=BOUND)


async def _awaited(work: Callable[[], Awaitable[object]]) -> object:
    return await work()
