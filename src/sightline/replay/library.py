"""The recordings of a site: found, read in part, kept, deleted; sealed or still under way."""

import asyncio
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from sightline.blobs.store import BlobStore, Damaged
from sightline.database.pool import Database
from sightline.errors import Conflict, NotFound
from sightline.keys.failures import KeyFailure
from sightline.keys.held import DataKey
from sightline.keys.ring import KeyRing
from sightline.replay import sealed
from sightline.replay.sealed import Block
from sightline.replay.sealing import PURPOSE, SQL, Gap, gaps, in_order, named
from sightline.replay.search import Condition, Match, clause, columns, escaped
from sightline.replay.summary import Mark, Summary, marks, summary

MOST_EVENTS: Final = 20_000  # of one answer
Json = dict[str, Any]


class Sorting(StrEnum):
    """What recordings are listed by, the most first."""

    LATEST = "latest"
    ERRORS = "errors"
    DURATION = "duration"
    ACTIVITY = "activity"


_COLUMNS: Final = {
    Sorting.LATEST: "id", Sorting.ERRORS: "errors", Sorting.DURATION: "last_ms - first_ms",
    Sorting.ACTIVITY: "active_ms",
}  # fmt: skip


class Place(Struct, frozen=True):
    """Where a recording stands in an order."""

    value: int
    id: int


def place_of(row: Mapping[str, Any], order: Sorting) -> Place:
    values = {
        Sorting.LATEST: row["id"], Sorting.ERRORS: row["errors"], Sorting.DURATION: row["last_ms"] - row["first_ms"],
        Sorting.ACTIVITY: row["active_ms"],
    }  # fmt: skip
    return Place(values[order], row["id"])


class Wanted(Struct, frozen=True, kw_only=True):
    """What a list of recordings is to hold."""

    since_ms: int | None = None
    until_ms: int | None = None
    finding: str | None = None
    page: str | None = None
    with_errors: bool = False
    with_failures: bool = False
    kept: bool = False
    visit: int | None = None
    tag: str | None = None
    where: tuple[Condition, ...] = ()
    match: Match = Match.ALL
    order: Sorting = Sorting.LATEST


class Stream(Struct, frozen=True, kw_only=True):
    """Some events, and where to ask for more: from which moment on, and from which place (0 and None: these were all).

    Whoever goes on at a place is sent nothing twice; a moment begins with the snapshot before it.
    """

    events: list[Json]
    next_ms: int = 0
    place: int | None = None
    gaps: list[Gap] = []


class UnderWay(Struct, frozen=True, kw_only=True):
    """What has come of a recording: the last batch to go on after, and how many chunks there are by now."""

    events: list[Json]
    last: int
    chunks: int
    gaps: list[Gap]


class Library:
    """The recordings in one database and one object store."""

    def __init__(self, database: Database, store: BlobStore, keys: KeyRing) -> None:
        self._database = database
        self.store = store
        self._keys = keys

    async def listed(
        self, site: int, wanted: Wanted, *, before: Place | None = None, limit: int = 50, backwards: bool = False
    ) -> list[Mapping[str, Any]]:
        """Sealed recordings in the order that is wanted, from a place on; `backwards` goes the other way."""
        search, values = clause([one for one in wanted.where if one.is_recorded], wanted.match, 14)
        query = SQL["listed"].replace("{search}", search).replace("{order}", _COLUMNS[wanted.order])
        query = query.replace("{beyond}", ">" if backwards else "<")
        query = query.replace("{direction}", "ASC" if backwards else "DESC")
        rows = await self._database.fetch(
            query, site, before and before.id, wanted.since_ms, wanted.until_ms, wanted.finding,
            None if wanted.page is None else escaped(wanted.page), wanted.with_errors, wanted.with_failures,
            wanted.kept, wanted.visit, wanted.tag, limit, before and before.value, *values,
        )  # fmt: skip
        return [dict(row) for row in rows]

    async def marks_of(self, recordings: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
        """What some recordings are searched by, in the order of time."""
        found: dict[int, list[Mapping[str, Any]]] = {recording: [] for recording in recordings}
        for row in await self._database.fetch(SQL["marks"], list(recordings)):
            found[row["recording"]].append(dict(row))
        return found

    async def under_way(
        self, site: int, *, visit: int | None = None, tab: str | None = None, limit: int = 50
    ) -> list[Mapping[str, Any]]:
        """Recordings that are not sealed yet."""
        return [dict(row) for row in await self._database.fetch(SQL["under_way"], site, visit, limit, tab)]

    async def sealed(self, site: int, visit: int, tab: str) -> Mapping[str, Any]:
        """The recording of a visit and tab, if it is sealed."""
        row = await self.of_visit(site, visit, tab)
        if row is None:
            raise NotFound("there is no such recording", hint="It may have been deleted, or erased with its visit.")
        return row

    async def of_visit(self, site: int, visit: int, tab: str) -> Mapping[str, Any] | None:
        row = await self._database.fetchrow(SQL["of_visit"], site, visit, tab)
        return None if row is None else dict(row)

    async def blocks(self, row: Mapping[str, Any]) -> list[Block]:
        """The index of a sealed recording: one read of its end."""
        end = await self.store.get_range(row["object"], row["bytes"] - row["index_size"], row["index_size"])
        index = sealed.index_of(end, row["object"])
        return sealed.read_index(index, await self._key(row, index), row["object"])

    async def events(self, row: Mapping[str, Any], from_ms: int, to_ms: int, *, place: int | None = None) -> Stream:
        """The events that a player needs for a time: from the last snapshot before it on, or on from a place.

        A block that cannot be read is a gap, and what stands around it is played.
        """
        blocks = await self.blocks(row)
        wanted = sealed.needed(blocks, from_ms, to_ms)
        lost: list[Gap] = []
        if place is None:
            start, found = await self._beginning(row, blocks, wanted.start, lost)
            following = start + 1
        else:
            following, found = min(place, len(blocks)), []
        while following < len(blocks) and (following < wanted.stop or not found) and len(found) <= MOST_EVENTS:
            found += await self._block(row, blocks, following, lost) or []
            following += 1
        more = following < len(blocks)
        return Stream(
            events=found, next_ms=blocks[following].first_ms if more else 0, place=following if more else None,
            gaps=lost,
        )  # fmt: skip

    async def _beginning(
        self, row: Mapping[str, Any], blocks: Sequence[Block], wanted: int, lost: list[Gap]
    ) -> tuple[int, list[Json]]:
        """The block to begin at; where it is damaged the last snapshot before it, else the first one behind it."""
        before = [place for place in range(wanted, -1, -1) if blocks[place].whole or place in {0, wanted}]
        behind = [place for place in range(wanted + 1, len(blocks)) if blocks[place].whole]
        for place in (*before, *behind):
            found = await self._block(row, blocks, place, lost)
            if found is not None:
                return place, found
        raise Damaged("no part of this recording can be read", hint="Restore it from a backup.")

    async def _block(
        self, row: Mapping[str, Any], blocks: Sequence[Block], place: int, lost: list[Gap]
    ) -> list[Json] | None:
        """The events of one block; None, and a gap, where it is damaged."""
        block = blocks[place]
        try:
            data = await self.store.get_range(row["object"], block.offset, block.length)
            key = await self._key(row, data)
            return await asyncio.to_thread(sealed.read_block, data, key, row["object"], place, block)
        except (Damaged, KeyFailure):
            lost.append(Gap(block.first_ms, block.last_ms))
            return None

    async def whole(self, row: Mapping[str, Any]) -> tuple[list[Json], list[Gap]]:
        """Every event that can be read, and what cannot or never came."""
        blocks = await self.blocks(row)
        found: list[Json] = []
        lost = [Gap(start, end) for start, end in zip(row["gaps"][::2], row["gaps"][1::2], strict=True)]
        for place in range(len(blocks)):
            found += await self._block(row, blocks, place, lost) or []
        return found, lost

    async def follow(self, site: int, visit: int, tab: str, *, after: int = 0) -> UnderWay:
        """What has come of a recording that is under way, after a batch of it or from the beginning."""
        rows = [dict(row) for row in await self._database.fetch(SQL["chunks"], site, visit, tab)]
        if not rows:
            raise NotFound("there is no such recording", hint="It may have been sealed just now: look at the list.")
        new = [row for row in rows if row["batch"] > after]
        return UnderWay(
            events=await asyncio.to_thread(in_order, new), last=max(row["batch"] for row in rows), chunks=len(rows),
            gaps=gaps(rows),
        )  # fmt: skip

    async def events_under_way(self, site: int, visit: int, tab: str) -> list[Json]:
        """Everything that has come of a recording that is under way."""
        return (await self.follow(site, visit, tab)).events

    async def summary(self, row: Mapping[str, Any]) -> tuple[Summary, list[Json]]:
        """What a whole recording holds, with its events; refused where a part of it is damaged."""
        lost: list[Gap] = []
        stream: list[Json] = []
        blocks = await self.blocks(row)
        for place in range(len(blocks)):
            stream += await self._block(row, blocks, place, lost) or []
        if lost:
            raise Damaged(f"{len(lost)} of {len(blocks)} parts are damaged", hint="Restore it from a backup.")
        return await asyncio.to_thread(summary, stream), stream

    async def keep(self, row: Mapping[str, Any], *, kept: bool) -> None:
        """Keep a recording past its retention, or no longer."""
        if row["kept"] == kept:
            return
        _, events = await self.summary(row)
        await self.rewrite({**row, "kept": kept}, events, rules=row["rules"])

    async def rewrite(self, row: Mapping[str, Any], events: list[Json], *, rules: int) -> None:
        """Write a recording anew: blocks are bound to the name of their object, and no name is used twice."""
        name = named(row["site"], row["first_ms"], row["visit"], kept=row["kept"])
        tenant = await self._tenant(row["site"])
        key = await self._keys.data_key(tenant, PURPOSE, str(row["visit"]), uses=sealed.seals(events))
        data, end = await asyncio.to_thread(sealed.pack, events, key, name)
        blob = await self.store.put(name, data, if_absent=True)
        about, found = await asyncio.to_thread(_told, events)
        async with self._database.transaction() as connection:
            done = await connection.fetchval(
                SQL["rewrite"], row["id"], row["object"], row["kept"], name, len(data), end, blob.checksum or "",
                rules, len(events), about.pages,
            )  # fmt: skip
            if done is not None:  # what newer rules took out of the events may not stay in the search
                await connection.execute(SQL["forget_marks"], row["id"])
                await connection.execute(SQL["add_marks"], row["id"], *columns(found, about.findings))
        if done is None:
            await self.store.delete(name)
            raise Conflict("the recording was changed meanwhile", hint="Try again.")
        await self.store.delete(row["object"])

    async def delete(self, row: Mapping[str, Any]) -> None:
        """Delete a recording; with the last of its visit its key is destroyed."""
        await self.delete_many([row])

    async def delete_many(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Delete recordings: first the row, so that nobody finds it, then the key and the object."""
        for row in rows:
            await self._database.fetchval(SQL["delete"], row["id"])
            await self.store.delete(row["object"])
            if not await self._database.fetchval(SQL["last_of_visit"], row["site"], row["visit"]):
                await self._keys.destroy(await self._tenant(row["site"]), PURPOSE, str(row["visit"]))
        return len(rows)

    async def _key(self, row: Mapping[str, Any], data: bytes) -> DataKey:
        return await self._keys.key_for(await self._tenant(row["site"]), PURPOSE, str(row["visit"]), data)

    async def _tenant(self, site: int) -> int:
        tenant = await self._database.fetchval(SQL["tenant"], site)
        if not isinstance(tenant, int):
            raise NotFound("there is no such site")
        return tenant


def _told(events: list[Json]) -> tuple[Summary, list[Mark]]:
    return summary(events), marks(events)
