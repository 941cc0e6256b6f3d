"""Each report through HTTP beside its own SQL run bare in DuckDB, in the same run; cold starts and memory, too."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx
import msgspec
import psutil
from msgspec import Struct
from tests.running import Running

import sightline.operate.house  # noqa: F401 - a file that lacks a kind would be made anew, empty: this declares all
from bench.filled import signed_in
from bench.measurements import Figure, Result
from bench.pairs import compare
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.analytics.asking import Asker
from sightline.analytics.catalogue import report
from sightline.analytics.engines import DuckEngine
from sightline.analytics.export import Format, written
from sightline.database.credentials import FileStore
from sightline.database.pool import Database
from sightline.settings import DatabaseSettings
from sightline.signals import ledger
from sightline.signals.kinds import KINDS
from sightline.signals.ledger import Place
from sightline.signals.shadow import Shadow

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
_BIG = 50_000_000
TITLE = "Reports over a hundred million events" if EVENTS >= _BIG else "Reports"
SITES = 2 if EVENTS >= _BIG else 1
_MEMORY_MB = 2048 if EVENTS >= _BIG else 192
NOTE = (
    f"{EVENTS:,} events of {SITES} site(s) over 90 days in the warehouse of a server that runs, 4 events a visit, 2.5 "
    f"visits a visitor, 5,000 paths; 30 of those days are asked for, of one site; DuckDB may take {_MEMORY_MB} MB. "
    "Candidate: one HTTP request, warm. Control: only its SQL, bare, in another process with a copy of the file. Cold: "
    "the first request after a restart, which opens the warehouse. BENCH_EVENTS=10000000 is the size that the limits "
    "are for, BENCH_EVENTS=100000000 the one with two sites."
)
START_MS = 1_780_000_000_000
DAYS = 90
_DAY_MS = 86_400_000
BOUND = 1 / 1.5
_COLD = 3
_ROUNDS = 2 if EVENTS >= _BIG else 5  # a report over a hundred million takes seconds
# Milliseconds at ten million events; at a hundred million all have four seconds, journeys eight.
LIMITS = {
    "overview": 250, "series": 150, "breakdown by path": 350, "breakdown by referrer": 150,
    "breakdown by country": 150, "breakdown by channel": 250, "funnel": 300, "retention": 500, "journeys": 900,
}  # fmt: skip
ASKED: dict[str, dict[str, Any]] = {
    "overview": {"compare": "previous"},
    "overview of one period": {"compare": "none"},
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
SELECT CASE WHEN visit_number % 2 = 1 THEN $5 ELSE $2 END::BIGINT AS site,
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


class Copy:
    """A copy of the warehouse's file, asked in this process; it remembers what was asked."""

    def __init__(self, file: Path) -> None:
        self.connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{_MEMORY_MB}MB", "preserve_insertion_order": "false",
                "temp_directory": f"{file}.spill",
            },
        )  # fmt: skip
        self.connection.execute(f"ATTACH '{file}' AS warehouse (READ_ONLY)")
        self.asked: list[tuple[str, list[object]]] = []

    async def query(self, sql: str, parameters: list[object] | None = None) -> Any:
        self.asked.append((sql, parameters or []))
        return self.bare(sql, parameters or [])

    def bare(self, sql: str, parameters: list[object]) -> Any:
        cursor = self.connection.cursor()
        cursor.execute("USE warehouse")
        return cursor.sql(sql, params=parameters).to_arrow_table()


class Bench:
    """A server over a warehouse that was filled directly, in the shape and at the place that it has itself."""

    def __init__(self, folder: Path, start_ms: int = START_MS) -> None:
        self.data = folder / "data"
        self.copy = folder / "copy.duckdb"
        folder.chmod(0o755)  # the service user of PostgreSQL has to be able to enter it
        self.running = self._started()
        self.client = signed_in(self.running)
        self.sites = [self._site(f"Shop{number}") for number in range(SITES)]
        place, self.scope = asyncio.run(self._place())
        self.running.stop()
        file = self.data / "warehouse" / "warehouse.duckdb"
        _fill(file, place, self.sites, start_ms)
        shutil.copy(file, self.copy)
        self.restart()

    def restart(self) -> None:
        if self.running.process.poll() is None:
            self.running.stop()
        self.running = self._started()
        assert self.running.url is not None
        self.client.base_url = httpx.URL(self.running.url)
        self.client.headers["origin"] = self.running.url

    def get(self, name: str) -> bytes:
        address = f"/api/v1/sites/{self.sites[0]}/reports/{_kind(name)}"
        return self.client.get(address, params=_parameters(name)).raise_for_status().content

    def memory_mb(self) -> float:
        return float(psutil.Process(self.running.process.pid).memory_info().rss / 1e6)

    def _started(self) -> Running:
        running = Running(self.data, SIGHTLINE_WAREHOUSE_MEMORY_MB=str(_MEMORY_MB))
        running.wait_until_ready()
        return running

    def _site(self, name: str) -> int:
        answer = self.client.post("/api/v1/sites", json={"name": name, "domains": ["shop.example"]})
        return int(answer.raise_for_status().json()["id"])

    async def _place(self) -> tuple[Place, Scope]:
        credentials = await FileStore(self.data / "secrets" / "database.json").read()
        assert credentials is not None
        database = await Database.open(credentials.address(DatabaseSettings()), minimum=0)
        state = await ledger.poll(database, Place())
        scope = await scope_for(database, operator(), Permission.SITE_READ, site=str(self.sites[0]))
        await database.close()
        return Place(cluster=state.cluster, generation=state.generation, pos=state.last_pos), scope


def _fill(file: Path, place: Place, sites: list[int], start_ms: int) -> None:
    shadow = Shadow.open(file, KINDS, memory_mb=4096 if EVENTS >= _BIG else 2048, threads=0)
    shadow.begin(place)
    cursor = shadow.cursor()
    cursor.execute(_MADE, [EVENTS, sites[0], start_ms, DAYS, sites[-1]])
    cursor.close()
    shadow.complete()
    shadow.close()


async def run() -> list[Result]:
    return await asyncio.to_thread(_measured)


def _measured() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="sl-bench-") as folder:
        bench = Bench(Path(folder))
        try:
            results = _memory(bench)
            copy = Copy(bench.copy)
            for name in ASKED:
                results += _warm(bench, copy, name)
            for name in LIMITS if EVENTS < _BIG else ():
                bench.restart()
                results.append(Figure(f"{name}, cold", _taken_ms(partial(bench.get, name)), "ms", _limit(name, _COLD)))
        finally:
            bench.running.stop()
    return results


def _memory(bench: Bench) -> list[Result]:
    bench.client.get(f"/api/v1/sites/{bench.sites[0]}/reports/overview", params={"range": "today"}).raise_for_status()
    time.sleep(35)  # half a minute after the last query the warehouse gives memory back
    idle = bench.memory_mb()
    for name in ASKED:
        bench.get(name)
    return [
        Figure(
            "memory of the Python process, idle with the warehouse open", idle, "MB", None if EVENTS >= _BIG else 190
        ),
        Figure(
            "memory of the Python process after every report once",
            bench.memory_mb(),
            "MB",
            3000 if EVENTS >= _BIG else 350,
        ),
    ]


def _warm(bench: Bench, copy: Copy, name: str) -> list[Result]:
    wanted = report(_kind(name))
    params = msgspec.convert(_parameters(name), wanted.params, strict=False)
    copy.asked.clear()
    answer = asyncio.run(_asked(wanted.run(Asker(DuckEngine(copy), bench.scope, zone="UTC"), params)))
    queries = list(copy.asked)
    found_here, found_there = json.loads(written(answer, Format.JSON)), json.loads(bench.get(name))
    if _counted(found_here) != _counted(found_there):
        raise RuntimeError(f"{name}: the server answers otherwise than its warehouse's copy")

    def control() -> None:
        for sql, values in queries:
            copy.bare(sql, values)

    found = compare(name, lambda: bench.get(name), control, rounds=_ROUNDS, clock="wall", bound=BOUND)
    limited: list[Result] = [Figure(f"{name}, warm", found.candidate_ms, "ms", _limit(name))] if name in LIMITS else []
    return [found, *limited]


async def _asked(work: Awaitable[Struct]) -> Struct:
    return await work


def _counted(answer: Any) -> Any:
    """What of an answer is the same whoever adds up its floating-point numbers, in whatever order."""
    if isinstance(answer, dict):
        return {key: _counted(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_counted(value) for value in answer]
    return float(f"{answer:.9g}") if isinstance(answer, float) else answer


def _kind(name: str) -> str:
    return name.partition(" ")[0].rstrip(",")


def _parameters(name: str) -> dict[str, Any]:
    end = START_MS + DAYS * _DAY_MS
    return {**ASKED[name], "start": str(end - 30 * _DAY_MS), "end": str(end), "zone": "Europe/Zurich"}


def _limit(name: str, times: int = 1) -> float | None:
    """What a report may take; a smaller size has no limits of its own."""
    if EVENTS >= _BIG:
        return (8000 if name == "journeys" else 4000) * times
    return LIMITS[name] * times if EVENTS >= 10_000_000 else None


def _taken_ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
