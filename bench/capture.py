"""What recordings cost the process that takes them: chunk by chunk, five hundred visits at once, beside a big page."""

import asyncio
import contextlib
import functools
import gzip
import itertools
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import orjson
import psutil
from playwright.sync_api import sync_playwright
from tests.browser.conftest import AGENT, Rows
from tests.crowd import Outcome, Request, Visit
from tests.dashboard.conftest import CHROMIUM, FLAGS
from tests.openreplay.shop import Ingest
from tests.openreplay.test_conversion import visited
from tests.privacy.recordings.browser import chromium
from tests.running import up
from tests.shop.conftest import Visitors
from tests.shop.test_load import VISITORS, Load, recorded, watched

from bench.measurements import Figure, Result
from bench.pairs import compare
from sightline.collect import recordings
from sightline.privacy.dictionary import default
from sightline.privacy.recording.masker import encode, mask

_SECONDS = float(os.environ.get("BENCH_SECONDS", "300"))
_ROUNDS = 7
_OVER_HTTP = (3, 3.0)  # rounds, and seconds of each: server and clients need their time besides
_RATE = 200  # events a second beside the big page
_BESIDE = (3, 8.0)  # rounds with the page and without, and seconds of each: 1,600 events
TITLE = "Taking recordings"
NOTE = (
    "A visit to the example shop by the SDK in Chromium: search, cart, checkout, an error, two tabs. `take a chunk` is "
    "all that the process does with its chunks before they are written: gunzip, decode, mask, encode, gzip; its "
    "control gunzips and decodes the same bytes with `orjson`. Rates are of the events' JSON, on one core; `over HTTP` "
    "is the server's processor time for the same chunks from a socket to the commit, PostgreSQL's own not counted. "
    f"The crowd are {VISITORS} such visits at any time, each at its pace, for {_SECONDS:.0f} s; client, server and "
    "PostgreSQL share the machine. Beside the big page (1,500 rows, by OpenReplay's tracker, again and again) "
    f"{_RATE} batches of events a second are sent."
)


async def run() -> list[Result]:
    visit = await asyncio.to_thread(_visit)
    async with chromium() as browser:
        ingest = Ingest(protocol=2)
        await visited(browser, ingest, acts="act().then(addRows)")
    pages = [body for _, body, _ in ingest.batches]
    return [
        *_chunks(visit), *await asyncio.to_thread(_over_http, visit), *await asyncio.to_thread(_crowd, visit),
        *await asyncio.to_thread(_beside, visit, pages),
    ]  # fmt: skip


def _visit() -> Visit:
    with up(SIGHTLINE_DEMO_SHOP="true") as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, f"--user-agent={AGENT}"])
        url = server.wait_for_shop()
        page = httpx.get(url).text
        key, path = (page.partition(f'{name}="')[2].partition('"')[0] for name in ("data-site", "data-host"))
        visitors = Visitors(browser, url, path.strip("/"), key, Rows(server.data))
        try:
            return recorded(visitors)
        finally:
            visitors.close()
            browser.close()


# ---- one chunk after the other ---------------------------------------------------------------------------------------


def _chunks(visit: Visit) -> list[Result]:
    bodies = _bodies(visit)
    size = sum(request.size for request in visit.requests)

    def taken() -> None:
        states: dict[str, Any] = {}
        for body in bodies:
            sent = recordings.decode(body)
            found = mask(default(), states.pop(sent.document, None), sent.events)
            states[sent.document] = found.state
            gzip.compress(encode(found.events), 6, mtime=0)

    def control() -> None:
        for body in bodies:
            orjson.loads(gzip.decompress(body).partition(b"\n")[2])

    found = compare("take a chunk / gunzip + loads", taken, control, rounds=_ROUNDS)
    return [
        found,
        Figure("take chunks", size / found.candidate_ms / 1000, "MB/s of one core"),
        Figure("gunzip + loads", size / found.control_ms / 1000, "MB/s of one core"),
    ]


def _bodies(visit: Visit) -> list[bytes]:
    return [request.body("pk_bench", "0x0", 0) for request in visit.requests if request.events]


def _over_http(visit: Visit) -> list[Result]:
    """The server's processor time for the chunks of many visits."""
    chunks = Visit([request for request in visit.requests if request.events], 0.0)
    with _served() as load:
        process = psutil.Process(load.server.process.pid)
        rates = []
        rounds, seconds = _OVER_HTTP
        for _ in range(rounds):
            began = _processor_s(process)
            at_once = Visit([_at_once(request) for request in chunks.requests], 0.5)
            outcome = load.visited(at_once, 16, seconds)
            _all_went(outcome)
            sent = sum(request.size for request in chunks.requests) * outcome.visits
            rates.append(sent / (_processor_s(process) - began) / 1e6)
    return [Figure("take chunks over HTTP", statistics.median(rates), "MB/s of one core")]


def _at_once(request: Request) -> Request:
    return replace(request, at_s=0.0)


def _processor_s(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


# ---- many at once ----------------------------------------------------------------------------------------------------


def _crowd(visit: Visit) -> list[Result]:
    with _served() as load:
        # What is stored of one visit, however fast it goes.
        _all_went(load.visited(Visit([_at_once(request) for request in visit.requests], 0.5), 1, 0.1))
        before = psutil.Process(load.server.process.pid).memory_info().rss / 1e6
        one = load.stored()
        with watched(load.server) as memory:
            outcome = load.visited(visit, VISITORS, _SECONDS)
        _all_went(outcome)
        stored, visits = load.stored(), outcome.visits + 1
    lost = sum(one[name] * visits - stored[name] for name in one if name != "missing") + stored["missing"]
    name = f"{VISITORS} visits at once"
    return [
        Figure(f"{name}, requests", outcome.requests / (_SECONDS + visit.lasts_s), "/s"),
        Figure(f"{name}, bodies", outcome.bytes / (_SECONDS + visit.lasts_s) / 1e6, "MB/s"),
        Figure(f"{name}, lost", lost, "events and items", limit=0),
        Figure(f"{name}, p50", outcome.percentile(0.5) * 1000, "ms"),
        Figure(f"{name}, p99", outcome.percentile(0.99) * 1000, "ms", limit=500),
        Figure(f"{name}, more memory", max(memory) - before, "MB", limit=400),
    ]


def _all_went(outcome: Outcome) -> None:
    if outcome.wrong:
        raise RuntimeError(f"{len(outcome.wrong)} requests failed, as {outcome.wrong[0]}")
    if outcome.again:
        raise RuntimeError(f"{outcome.again} requests were answered 503")


@contextmanager
def _served() -> Iterator[Load]:
    with up(SIGHTLINE_SERVER_TRUSTED_PROXIES="127.0.0.1") as server:
        yield Load(server)


# ---- beside a big page -----------------------------------------------------------------------------------------------


def _beside(visit: Visit, pages: list[bytes]) -> list[Result]:
    """Events at a steady rate, with and without a big page that is converted meanwhile."""
    batch = next(request for request in visit.requests if not request.events)
    event = Visit([_at_once(batch)], 1.0)
    took: dict[str, list[float]] = {"alone": [], "beside a big page": []}
    rounds, seconds = _BESIDE
    with _served() as load:
        done = 0
        for number in range(2 * rounds):
            name = ("alone", "beside a big page")[number % 2]
            with _meanwhile(functools.partial(_page, load, pages) if number % 2 else None) as count:
                outcome = load.visited(event, _RATE, seconds)
            _all_went(outcome)
            took[name].append(outcome.percentile(0.99) * 1000)
            done += count[0]
    return [
        *(Figure(f"p99 of events, {name}", statistics.median(found), "ms") for name, found in took.items()),
        Figure("big pages converted meanwhile", done / (rounds * seconds), "/s"),
    ]


_numbers = itertools.count()


def _page(load: Load, pages: list[bytes]) -> None:
    """One visitor with OpenReplay's tracker, whose page is big."""
    number = next(_numbers)
    headers = {"user-agent": AGENT, "x-forwarded-for": f"11.0.{number >> 8}.{number & 255}"}
    with httpx.Client(base_url=load.server.url or "", headers=headers, timeout=60) as client:
        said = {
            "projectKey": load.site, "timestamp": time.time() * 1000, "trackerVersion": "19.0.1", "userUUID": None,
            "width": 1280, "height": 720,
        }  # fmt: skip
        token = client.post("/ingest/v1/web/start", json=said).raise_for_status().json()["token"]
        for place, body in enumerate(pages):
            url = f"/ingest/v1/web/i?batch=0_{place}_{len(body)}_kno"
            client.post(url, content=body, headers={"authorization": f"Bearer {token}"}).raise_for_status()


@contextmanager
def _meanwhile(work: Callable[[], None] | None) -> Iterator[list[int]]:
    """Do something again and again, as long as the block runs; how often."""
    count, over = [0], threading.Event()

    def forever() -> None:
        while work is not None and not over.is_set():
            work()
            count[0] += 1

    thread = threading.Thread(target=forever)
    thread.start()
    try:
        yield count
    finally:
        over.set()
        with contextlib.suppress(RuntimeError):
            thread.join()
