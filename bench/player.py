"""What a recording of half an hour takes, and how soon a player has its first frame; recorded for this run."""

import asyncio
import copy
import functools
import gzip
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.privacy.recordings.browser import chromium, open_page, recorded, start_recording
from tests.running import up

from bench.filled import signed_in
from bench.measurements import Figure, Result
from bench.pairs import compare
from bench.recordings import _CHANGE, _PAGE, _ROWS
from sightline.blobs.folder import FolderStore
from sightline.keys.held import DataKey, Held
from sightline.keys.wrap import KeyId, Kind
from sightline.privacy.dictionary import default
from sightline.privacy.recording.masker import mask
from sightline.replay import sealed

TITLE = "Sealed recordings"
NOTE = (
    "A page of 1,500 rows with moves of the mouse and changes, recorded once and repeated until it lasts 30 minutes, "
    "with the page loaded anew every 3 minutes; masked. Control of the size: gzip of the same events as JSON. First "
    "frame: index and blocks for a moment in the middle, read from a folder, opened, unpacked, decoded; over HTTP "
    "the same from a running server, which the recording was uploaded to, until its JSON is read."
)
_MINUTES = 30
_LOADS = 10
_ROUNDS = 15


async def run() -> list[Result]:
    events = await _half_an_hour()
    key = DataKey(_held(), 10**6)
    data, end = sealed.pack(events, key, "timed/bench")
    plain = orjson.dumps(events)
    packing = compare(
        "pack / gzip of the JSON", functools.partial(sealed.pack, events, key, "timed/bench"),
        lambda: gzip.compress(orjson.dumps(events), 6), rounds=3,
    )  # fmt: skip
    fetched, taken = await _first_frame(data, end, key, events)
    answered, over_http = await asyncio.to_thread(_over_http, events)
    return [
        packing,
        Figure("30 minutes as rrweb JSON", len(plain) / 1e6, "MB"),
        Figure("stored, a minute", len(data) / _MINUTES / 1000, "kB"),
        Figure("gzip of the JSON, a minute", len(gzip.compress(plain, 6)) / _MINUTES / 1000, "kB"),
        Figure("fetched before the first frame", fetched / 1000, "kB", limit=600),
        Figure("first frame, median", taken * 1000, "ms", limit=300),
        Figure("answered before the first frame, over HTTP", answered / 1000, "kB", limit=600),
        Figure("first frame over HTTP, median", over_http * 1000, "ms", limit=300),
    ]


async def _half_an_hour() -> list[dict[str, Any]]:
    async with chromium() as browser:
        page = await open_page(browser, {"/": _PAGE})
        await page.evaluate(_ROWS)
        await start_recording(page)
        for n in range(40):
            await page.mouse.move(10 + n * 11, 20 + n * 7, steps=25)
        for n in range(0, 300, 10):
            await page.evaluate(_CHANGE, n)
        one: list[dict[str, Any]] = orjson.loads(await recorded(page))
    masked = mask(default(), None, one).events
    each_ms = _MINUTES * 60_000 // _LOADS
    whole, rest = masked[:2], masked[2:]
    start = masked[0]["timestamp"]
    found: list[dict[str, Any]] = []
    for load in range(_LOADS):
        found += [{**event, "timestamp": start + load * each_ms + n} for n, event in enumerate(whole)]
        repeats = max(1, 2000 // max(1, len(rest)))
        step = each_ms // (repeats * len(rest) + 1)
        for number in range(repeats * len(rest)):
            event = copy.copy(rest[number % len(rest)])
            event["timestamp"] = start + load * each_ms + 10 + number * step
            found.append(event)
    return found


async def _first_frame(data: bytes, end: int, key: DataKey, events: list[dict[str, Any]]) -> tuple[int, float]:
    # A minute and a half after a page was loaded: everything since then is needed.
    middle = events[0]["timestamp"] + _MINUTES * 30_000 + 90_000
    times, fetched = [], 0
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        await store.put("timed/bench", data)
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            tail = await store.get_range("timed/bench", len(data) - end, end)
            blocks = sealed.read_index(sealed.index_of(tail, "timed/bench"), key, "timed/bench")
            fetched = len(tail)
            for place in sealed.needed(blocks, middle, middle):
                part = await store.get_range("timed/bench", blocks[place].offset, blocks[place].length)
                fetched += len(part)
                orjson.dumps(sealed.read_block(part, key, "timed/bench", place, blocks[place]))
            times.append(time.perf_counter() - began)
    return fetched, statistics.median(times)


def _over_http(events: list[dict[str, Any]]) -> tuple[int, float]:
    """What a player waits for: the answer of a running server for a moment in the middle, and its JSON."""
    middle = events[0]["timestamp"] + _MINUTES * 30_000 + 90_000
    times, answered = [], 0
    with up(SIGHTLINE_SERVER_MAX_BODY_KB="65536") as running:
        client = signed_in(running)
        team = client.get("/api/v1/me").raise_for_status().json()["teams"][0]["id"]
        site = client.post("/api/v1/sites", json={"name": "Shop", "team": team}).raise_for_status().json()["id"]
        path = f"/api/v1/sites/{site}/recordings"
        answer = client.post(path, content=orjson.dumps(events), headers={"content-type": "application/json"})
        recording = answer.raise_for_status().json()["id"]
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            found = client.get(f"{path}/{recording}/events?from={middle}&to={middle}")
            assert any(event["type"] == 2 for event in orjson.loads(found.content)["events"])
            times.append(time.perf_counter() - began)
            answered = found.num_bytes_downloaded
        client.close()
    return answered, statistics.median(times)


def _held() -> Held:
    raw = bytearray(AESGCM.generate_key(256))
    identity = KeyId(kind=Kind.DATA, tenant_id=1, purpose="recording", owner="7", version=1)
    return Held(raw, identity, born_ms=0, life_ms=2**60, parent=None)
