"""Lines of a backend: how many arrive in a second, masked and committed, and how long a search over millions takes."""

import asyncio
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
from tests.backend.payloads import document, firehose, invocation, packed, powertools, request_id

import sightline.health.logs  # noqa: F401 - the kinds, for the sealer
from bench.filled import Filled, eventually, filled, seal
from bench.measurements import Figure, Result
from sightline import clock
from sightline.database.address import connect

TITLE = "Lines of a backend"
ARRIVING = int(os.environ.get("BENCH_ARRIVING", "150000"))
STORED = int(os.environ.get("BENCH_LINES", "1000000"))
_FULL = 5_000_000
_OF_PAYLOAD = 2_000
_SENDERS = 4
_TIMES = 5
NOTE = (
    f"{ARRIVING:,} lines as Firehose sends them, {_OF_PAYLOAD:,} to a record, two records to a request, {_SENDERS} "
    "requests at once from the same machine: START, two JSON lines with five fields, a print, END, REPORT. The bound "
    f"is 15,000 lines a second. Searched are {STORED:,} sealed lines of one site over 7 days, by HTTP, warm, the "
    f"median of {_TIMES}; BENCH_LINES={_FULL} is the size that the limits are for."
)
_AT_ONCE = 30_000
_DAY_MS = 86_400_000
_DAYS = 7

_ROWS = """
INSERT INTO signal_log (
    site, created_ms, visit, received_ms, batch, place, rules, level, source, service, function, log_group, stream,
    request, trace, message, fields)
SELECT $1, $2 + (n * $3)::bigint,
       CASE WHEN h % 3 = 0 THEN hashint8extended(n / 6, 2) & 9223372036854775807 ELSE 0 END,
       $4, $5, (n - $6)::smallint, 1,
       (ARRAY['info', 'info', 'info', 'info', 'info', 'debug', 'debug', 'warn', 'error'])[h % 9 + 1],
       'function', s, s || '-fn', '/aws/lambda/' || s || '-fn', '2026/11/28/[$LATEST]' || md5((n / 5000)::text),
       md5((n / 6)::text)::uuid::text, md5((n / 6)::text),
       CASE WHEN h % 100000 = 7 THEN 'card declined by the issuer for order ' || n
            ELSE (ARRAY['order placed for cart ', 'stock is reserved for item ', 'mail was handed over as ',
                        'price was calculated for basket '])[h % 4 + 1] || n END,
       '{"location":"handler:' || h % 90 || '","order_id":' || n || ',"cart.items":' || h % 12 || ',"duration_ms":'
       || h % 900 || '.5}'
FROM (SELECT n, (hashint8(n) & 2147483647) AS h,
             (ARRAY['checkout','cart','catalogue','mails','search'])[(hashint8(n / 6) & 2147483647) % 5 + 1] AS s
      FROM generate_series($6::bigint, $7::bigint - 1) AS n) AS made
"""
_LEDGER = "INSERT INTO ledger (batch, received_ms, counts) VALUES ($1, $2, jsonb_build_object('log', $3::bigint))"

# Each with the milliseconds that it may take at five million lines.
SEARCHES: tuple[tuple[str, str, dict[str, Any], int], ...] = (
    ("field filter", "logs", {"q": "level:error service:checkout"}, 300),
    ("field filter that finds little", "logs", {"q": "level:error request:00000000-0000-0000-0000-000000000000"}, 300),
    ("field of the line itself", "logs", {"q": "order_id:4711"}, 1500),
    ("range of a number", "logs", {"q": "duration_ms:>899"}, 1500),
    ("range of a number that finds nothing", "logs", {"q": "duration_ms:>5000"}, 1500),
    ("free text that finds much", "logs", {"q": "stock reserved"}, 1500),
    ("free text that finds little", "logs", {"q": '"card declined"'}, 1500),
    ("histogram of a field filter", "logs-histogram", {"q": "level:error", "unit": "hour"}, 300),
    ("facets of free text", "logs-facets", {"q": "declined"}, 1500),
)


async def run() -> list[Result]:
    async with filled(0) as found:
        key = found.client.post("/api/v1/api-keys", json={"name": "bench", "permissions": ["site:send-logs"]}).json()
        results = await asyncio.to_thread(_arrive, found, str(key["token"]))
        await _fill(found)
        results += await asyncio.to_thread(_search, found)
    return results


def _lines() -> list[str]:
    found: list[str] = []
    while len(found) < _OF_PAYLOAD:
        number = len(found)
        request = request_id()
        found += invocation(
            request, powertools("order placed", order_id=number, total=number * 2, items=3, visit_id=str(number + 1)),
            powertools(f"stock is reserved for item {number}", level="DEBUG", item=number), f"a print of {number}",
        )  # fmt: skip
    return found[:_OF_PAYLOAD]


def _arrive(found: Filled, key: str) -> list[Result]:
    now = clock.now_ms()
    payloads = [packed(document(_lines(), at_ms=now + number)) for number in range(max(2, ARRIVING // _OF_PAYLOAD))]
    requests = [firehose(*payloads[at : at + 2]) for at in range(0, len(payloads), 2)]
    headers = {"x-amz-firehose-access-key": key, "x-amz-firehose-request-id": "bench"}
    url = f"{found.running.url}/cloudwatch/{found.site['uuid']}"
    processes = [psutil.Process(found.running.process.pid)]

    def send(body: bytes) -> None:
        with httpx.Client(timeout=120) as client:
            client.post(url, content=body, headers=headers).raise_for_status()

    send(requests[0])  # starts the process that masks
    processes += processes[0].children(recursive=True)
    before, started = _cpu(processes), time.perf_counter()
    with ThreadPoolExecutor(_SENDERS) as senders:
        list(senders.map(send, requests[1:]))
    taken, cpu = time.perf_counter() - started, _cpu(processes) - before
    count = (len(payloads) - 2) * _OF_PAYLOAD
    return [
        Figure("time of a line that arrives, all together", taken / count * 1e6, "µs", limit=1e6 / 15_000),
        Figure("CPU of it, of the server with its helper and PostgreSQL", cpu / count * 1e6, "µs"),
        Figure("bytes of it on the way, in base64", sum(map(len, requests)) / (len(payloads) * _OF_PAYLOAD), "bytes"),
    ]


def _cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


async def _fill(found: Filled) -> None:
    connection = await connect(found.address)
    site = int(found.site["id"])
    begin_ms, apart = clock.now_ms() - _DAYS * _DAY_MS, _DAYS * _DAY_MS / STORED
    for number, first in enumerate(range(0, STORED, _AT_ONCE)):
        last = min(first + _AT_ONCE, STORED)
        if number % 10 == 0:
            sys.stderr.write(f"    {first:,} of {STORED:,} lines\n")
        received_ms = clock.now_ms()
        batch = await connection.fetchval("SELECT nextval('batch_number')")
        async with connection.transaction():
            await connection.execute(_ROWS, site, begin_ms, apart, received_ms, batch, first, last)
            await connection.execute(_LEDGER, batch, received_ms, last - first)
    await connection.close()
    await seal(found.address, found.running.data / "blobs" / "extents", clock.now_ms() + 1)


def _search(found: Filled) -> list[Result]:
    def ask(name: str, asked: dict[str, Any]) -> httpx.Response:
        return found.client.get(f"{found.path}/reports/{name}", params={"range": f"{_DAYS + 1}d", **asked})

    eventually(lambda: ask("logs", {"q": "level:fatal"}).status_code == 200, within_s=600)
    total = ask("logs-histogram", {}).raise_for_status().json()["total"]
    assert total >= STORED, f"{total:,} of {STORED:,} lines are found"
    results: list[Result] = []
    for title, name, asked, limit in SEARCHES:
        ask(name, asked).raise_for_status()
        times = []
        for _ in range(_TIMES):
            started = time.perf_counter()
            ask(name, asked).raise_for_status()
            times.append(time.perf_counter() - started)
        median = sorted(times)[_TIMES // 2] * 1000
        results.append(Figure(title, median, "ms", limit=limit if STORED >= _FULL else None))
    return results
