"""Sealed recordings for audits and masking anew: what in them can be read is read again, under the rules in force.

Most of a recording is stars. What is not is text that the rules unmask, what the console said, addresses of pages and
requests: these are the columns of the walker. Masking anew passes the events through the masker once more, which can
only take away; the object is written anew under a new name, in one transaction with its row, and the old one deleted.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import orjson

from sightline.database.pool import Database
from sightline.errors import Conflict, NotFound
from sightline.privacy.recording.masker import mask
from sightline.replay.library import Library
from sightline.replay.sealing import SQL
from sightline.signals.kind import Walk
from sightline.signals.ledger import Tombstone
from sightline.signals.masking import Masking
from sightline.signals.sealing import Progress, nobody
from sightline.signals.walkers import Selection, Texts

NAME: Final = "recording"
_WALKS: Final = {"text": Walk.TEXT, "console": Walk.JSON, "page": Walk.PATH, "request": Walk.PATH}
_READABLE: Final = frozenset({"alt", "aria-label", "placeholder", "title", "value", "label"})
Json = dict[str, Any]


class RecordingsWalker:
    """Goes over the sealed recordings of one installation."""

    name = NAME

    def __init__(self, database: Database, library: Library) -> None:
        self._database = database
        self._library = library

    async def texts(self, selection: Selection, *, progress: Progress = nobody) -> AsyncIterator[Texts]:
        """Everything in clear, recording by recording."""
        rows = await self._rows(selection)
        for number, row in enumerate(rows):
            try:
                _, events = await self._library.summary(row)
            except NotFound:  # deleted since it was listed
                continue
            by_column = await asyncio.to_thread(_clear, events)
            for column, counted in sorted(by_column.items()):
                yield Texts(
                    walker=NAME, column=column, walk=_WALKS[column], rules=row["rules"], where=row["object"],
                    texts=tuple(counted), counts=tuple(counted.values()),
                    rows=(f"{row['visit']}:{row['tab']}",) * len(counted),
                )  # fmt: skip
            await progress((number + 1) / len(rows))

    async def size(self, selection: Selection) -> int:
        return len(await self._rows(selection))

    async def remask(self, selection: Selection, masking: Masking, *, progress: Progress = nobody) -> int:
        """Write every recording anew that older rules have masked; each notes the rules, so a second run goes on."""
        rows = [row for row in await self._rows(selection) if row["rules"] < masking.number]
        changed = 0
        for number, row in enumerate(rows):
            with contextlib.suppress(NotFound, Conflict):  # deleted or sealed anew since it was listed
                _, events = await self._library.summary(row)
                found = await asyncio.to_thread(mask, masking.rules, None, events)
                await self._library.rewrite(row, found.events, rules=masking.number)
                changed += 1
            await progress((number + 1) / len(rows))
        return changed

    async def erase(self, tombstone: Tombstone) -> int:  # noqa: ARG002 - the interface of all walkers
        """Nothing: `erasing.RecordingsEraser` is told by every erasure itself."""
        return 0

    async def _rows(self, selection: Selection) -> list[Mapping[str, Any]]:
        until_ms = 2**62 if selection.until_ms is None else selection.until_ms
        rows = await self._database.fetch(
            SQL["walked"], list(selection.sites), list(selection.except_sites), selection.since_ms, until_ms,
            selection.older_than_rules, selection.share,
        )  # fmt: skip
        return [dict(row) for row in rows]


def _clear(events: list[Json]) -> dict[str, Counter[str]]:
    """What can be read, by column."""
    found: dict[str, Counter[str]] = {}
    for event in events:
        for column, text in _texts(event):
            if text.strip("* \n\t"):
                found.setdefault(column, Counter())[text] += 1
    return found


def _texts(event: Json) -> Iterator[tuple[str, str]]:
    kind, data = event["type"], event["data"]
    if kind == 4:
        yield "page", data["href"]
    elif kind == 2:
        yield from _of_nodes([data["node"]])
    elif kind == 3 and data["source"] == 0:
        yield from _of_nodes([entry["node"] for entry in data["adds"]])
        yield from (("text", entry["value"]) for entry in data["texts"] if entry["value"])
        for entry in data["attributes"]:
            yield from _of_attributes(entry["attributes"])
    elif kind == 3 and data["source"] == 5:
        yield "text", data["text"]
    elif kind == 6:
        for argument in data["payload"].get("payload", ()):
            yield "console", orjson.dumps({"argument": _loaded(argument)}).decode()
        for request in data["payload"].get("requests", ()):
            yield "request", request.get("name", "")
    elif kind == 5 and data["tag"] == "sightline.page":
        yield "page", data["payload"]["href"]


def _of_nodes(nodes: list[Json]) -> Iterator[tuple[str, str]]:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node["type"] == 3:
            yield "text", node["textContent"]
        yield from _of_attributes(node.get("attributes", {}))
        if node.get("tagName") != "style":  # its text is a style sheet
            stack.extend(node.get("childNodes", ()))


def _of_attributes(attributes: Json) -> Iterator[tuple[str, str]]:
    for name in _READABLE & attributes.keys():
        if isinstance(attributes[name], str):
            yield "text", attributes[name]


def _loaded(argument: str) -> Any:
    try:
        return orjson.loads(argument)
    except orjson.JSONDecodeError:
        return argument
