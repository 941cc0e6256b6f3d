"""Lines on their way to OpenSearch: a job follows the ledger and writes what was committed since, masked as it is.

A line's id is its place in the journal, so that a portion which is written again changes nothing. What the domain
refuses goes to the dead letters, and the job goes on. Erasures stand in the ledger, too, and are carried out in the
domain at their place in it, as the warehouses do; dead letters hold lines, so they are looked through as well.
"""

import asyncio
import logging
from typing import Any, Final

import asyncpg
import msgspec
import orjson
from msgspec import Struct

from sightline import clock, metrics
from sightline.blobs.store import BlobStore
from sightline.cloud.opensearch import Document, OpenSearch, Refused
from sightline.database.pool import Database
from sightline.signals.erasure import RETENTION
from sightline.signals.ledger import Tombstone, tombstones
from sightline.sql import queries

log = logging.getLogger("sightline.opensearch")
SQL: Final = queries("sightline.cloud", "feeding.sql")
DEAD: Final = "opensearch-dead-letters"
_COMMITS: Final = 500
_AT_ONCE: Final = 10_000


class Fed(Struct, frozen=True):
    """What one run did."""

    written: int = 0
    already: int = 0
    refused: int = 0
    missed: bool = False  # the ledger no longer knew where the last run ended

    def line(self) -> str:
        said = f"wrote {self.written:,} lines, {self.already:,} were there, {self.refused:,} were refused"
        return said + "; what came between was pruned or restored and is not there" if self.missed else said


class Feeding:
    """Feeds one domain from one database."""

    def __init__(self, database: Database, domain: OpenSearch, dead: BlobStore, *, index: str) -> None:
        self._database, self._domain, self._dead, self._index = database, domain, dead, index

    async def run(self) -> Fed:
        """Write everything that was committed so far."""
        row = await self._database.fetchrow(SQL["place"])
        assert row is not None  # journal_state has one row, always
        pos, generation = row["pos"], row["generation"]
        if pos is None:  # from now on: what is older was there before anybody wanted it there
            await self._database.execute(SQL["note"], row["last_pos"], generation)
            return Fed()
        missed = row["of_generation"] != generation or pos < row["pruned_pos"] or pos > row["last_pos"]
        if missed:
            pos = row["pruned_pos"]
        done = Fed(missed=missed)
        while commits := await self._database.fetch(SQL["commits"], pos, _COMMITS):
            if (erased := commits[0]["tombstone"]) is not None:
                await self._erase(erased)
                pos = commits[0]["pos"]
            else:
                taken = _together(commits)
                done = await self._portion([commit["batch"] for commit in taken], done)
                pos = taken[-1]["pos"]
            await self._database.execute(SQL["note"], pos, generation)
        return done

    async def _portion(self, batches: list[int], done: Fed) -> Fed:
        rows = await self._database.fetch(SQL["lines"], batches)
        documents = [self._document(dict(row)) for row in rows]
        found = await asyncio.to_thread(self._domain.write, documents)
        if found.refused:
            await self._keep(batches, found.refused)
        return Fed(
            done.written + found.written, done.already + found.already, done.refused + len(found.refused), done.missed
        )  # fmt: skip

    async def _erase(self, number: int) -> None:
        found = (await tombstones(self._database, [number])).get(number)
        query = None if found is None else taken_by(found)
        if found is None or query is None:
            return
        await asyncio.to_thread(self._domain.erase, self._index, query)
        if found.reason != RETENTION:  # nothing in them is older than the domain keeps it
            for name in [listed.name async for listed in self._dead.walk(DEAD)]:
                await self._erase_in(name, found)

    async def _erase_in(self, name: str, tombstone: Tombstone) -> None:
        lines = (await self._dead.get(name)).splitlines(keepends=True)
        kept = [line for line in lines if not takes(tombstone, orjson.loads(line)["document"])]
        if not kept:
            await self._dead.delete(name)
        elif len(kept) < len(lines):
            await self._dead.put(name, b"".join(kept))

    def _document(self, row: dict[str, Any]) -> Document:
        day = clock.from_ms(row["created_ms"]).strftime("%Y.%m.%d")
        content = {
            "@timestamp": row["created_ms"],
            **{name: row[name] for name in ("level", "source", "service", "function", "stream", "request", "trace",
                                            "correlation", "logger", "message", "cold", "failed")},
            "group": row["log_group"],
            **{name: str(row[name]) for name in ("site", "visit", "visitor", "person") if row[name]},
            "fields": orjson.loads(row["fields"]) if row["fields"] else {},
        }  # fmt: skip
        return Document(f"{self._index}-{day}", f"{row['batch']}-{row['place']}", content)

    async def _keep(self, batches: list[int], refused: tuple[Refused, ...]) -> None:
        """Keep what was refused as lines of JSON that can be sent again, with the reason beside each."""
        name = f"{DEAD}/{clock.now_ms():015}-{batches[0]}.ndjson"
        data = b"".join(
            msgspec.json.encode(
                {"index": one.document.index, "id": one.document.id, "status": one.status, "reason": one.reason,
                 "document": one.document.content}
            ) + b"\n"
            for one in refused
        )  # fmt: skip
        await self._dead.put(name, data)
        metrics.count("LogsDropped", len(refused), Reason="opensearch")
        log.warning("lines refused by OpenSearch: %s", refused[0].reason, extra={"lines": len(refused), "object": name})


def _together(commits: list[asyncpg.Record]) -> list[asyncpg.Record]:
    """The first commits, up to an erasure, and not too many lines of them."""
    taken: list[asyncpg.Record] = []
    lines = 0
    for commit in commits:
        if commit["tombstone"] is not None or (taken and lines + commit["lines"] > _AT_ONCE):
            break
        taken.append(commit)
        lines += commit["lines"]
    return taken


def takes(tombstone: Tombstone, document: dict[str, Any]) -> bool:
    """Whether an erasure takes one document: the same as `taken_by` says to OpenSearch."""
    if taken_by(tombstone) is None:
        return False
    names = (("visitor", tombstone.visitors), ("visit", tombstone.visits), ("person", tombstone.persons))
    if tombstone.by_name and not any(int(document.get(name, 0)) in values for name, values in names):
        return False
    if tombstone.sites and int(document["site"]) not in tombstone.sites:
        return False
    return tombstone.before_ms is None or int(document["@timestamp"]) < tombstone.before_ms


def taken_by(tombstone: Tombstone) -> dict[str, Any] | None:
    """The documents that an erasure takes, as a query of OpenSearch: the same as `Tombstone.condition` says in SQL."""
    if tombstone.kinds and "log" not in tombstone.kinds:
        return None
    named = [
        {"terms": {name: [str(value) for value in values]}}
        for name, values in (
            ("visitor", tombstone.visitors),
            ("visit", tombstone.visits),
            ("person", tombstone.persons),
        )
        if values
    ]
    if not named and not tombstone.sites:
        return None
    tests: list[dict[str, Any]] = [{"bool": {"should": named, "minimum_should_match": 1}}] if named else []
    if tombstone.sites:
        tests.append({"terms": {"site": [str(site) for site in tombstone.sites]}})
    if tombstone.before_ms is not None:
        tests.append({"range": {"@timestamp": {"lt": tombstone.before_ms}}})
    return {"bool": {"filter": tests}}
