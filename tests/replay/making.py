"""Chunks of recordings as collecting stores them, and a sealing process that is killed.

Run as a module it seals everything and kills itself at the step that it is told.
"""

import asyncio
import gzip
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import orjson

from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.replay.chunks import Chunk
from sightline.replay.sealing import Sealing
from sightline.settings import AwsSettings, KeySettings, Secret, SignalSettings
from sightline.signals.journal import Batch, Journal

START_MS = 1_790_000_000_000
STEPS = ("packed", "stored", "checked", "recorded")


def page(at_ms: int, *, path: str = "/a", nodes: int = 5) -> list[dict[str, Any]]:
    """A page as it is loaded: its meta and its snapshot."""
    texts = [
        {"type": 2, "id": 10 + 2 * n, "tagName": "p", "attributes": {}, "childNodes": [
            {"type": 3, "id": 11 + 2 * n, "textContent": "*** ***"},
        ]}
        for n in range(nodes)
    ]  # fmt: skip
    button = {"type": 2, "id": 5, "tagName": "button", "attributes": {"type": "button"}, "childNodes": []}
    body = {"type": 2, "id": 4, "tagName": "body", "attributes": {}, "childNodes": [button, *texts]}
    html = {"type": 2, "id": 3, "tagName": "html", "attributes": {}, "childNodes": [body]}
    root = {"type": 0, "id": 1, "childNodes": [html]}
    meta = {"href": f"https://shop.example{path}", "width": 800, "height": 600}
    whole = {"node": root, "initialOffset": {"top": 0, "left": 0}}
    return [
        {"type": 4, "timestamp": at_ms, "data": meta},
        {"type": 2, "timestamp": at_ms + 1, "data": whole},
    ]


def clicks(at_ms: int, number: int, *, every_ms: int = 200, node: int = 5) -> list[dict[str, Any]]:
    return [
        {"type": 3, "timestamp": at_ms + n * every_ms, "data": {"source": 2, "type": 2, "id": node, "x": 1, "y": 2}}
        for n in range(number)
    ]


def chunk(events: list[dict[str, Any]], *, seq: int = 0, **more: Any) -> Chunk:
    fields = {"site": 1, "visit": 7, "visitor": 70, "tab": "tab12345", "document": "document1", "rules": 1, **more}
    first_ms, last_ms = events[0]["timestamp"], events[-1]["timestamp"]
    return Chunk(
        created_ms=last_ms, first_ms=first_ms, last_ms=last_ms, seq=seq, events=len(events),
        data=gzip.compress(orjson.dumps(events)), **fields,
    )  # fmt: skip


async def stored(database: Database, *chunks: Chunk) -> None:
    """Store chunks as collecting does."""
    journal = Journal(database.address, SignalSettings())
    await journal.start()
    for one in chunks:
        await journal.append(Batch(signals=[one], size=len(one.data) + 512))
    await journal.close()


class Killed(Sealing):
    """A sealing that ends with its process at one of its steps."""

    at = ""

    async def step(self, name: str) -> None:
        if name == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


async def _seal(address: Address, data: Path, at: str) -> None:
    database = await Database.open(address, minimum=0, maximum=2)
    keys = await KeyRing.open(database, KeySettings(), AwsSettings(), data / "keys")
    sealing = Killed(database, FolderStore(data / "recordings"), keys)
    sealing.at = at
    await sealing.run(idle_ms=-60_000)
    await keys.close()
    await database.close()


def main() -> None:
    shown = msgspec.json.decode(sys.stdin.readline())
    address = Address(**{**shown, "password": Secret(shown["password"])})
    assert clock.now_ms()
    asyncio.run(_seal(address, Path(sys.argv[1]), sys.argv[2]))


if __name__ == "__main__":
    main()
