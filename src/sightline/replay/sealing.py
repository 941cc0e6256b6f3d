"""Sealing of recordings: when a visit has ended, its chunks become one object per tab, and the chunks go.

The steps, after each of which the process may be killed:

1. The chunks are read, put in order, and packed under the visit's own data key.
2. The object is written under a name that was never used, and read back.
3. One transaction names the object in `recordings` and deletes exactly the chunks that are in it. If one of them is
   gone meanwhile (it was erased), or the recording is not the one that was read, nothing of this is done.

So until 3 the chunks hold everything, and from then on the object does. What a crash leaves is an object that no
recording names; `sweep` deletes it. Chunks that come late are sealed again together with what is there already.
"""

import asyncio
import gzip
import itertools
import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import orjson
from msgspec import Struct

from sightline import clock, metrics
from sightline.blobs.store import BlobStore, Damaged
from sightline.database.pool import Database
from sightline.errors import Conflict, DiskFull, NotFound, ServiceError, Unavailable
from sightline.keys.failures import KeyDestroyed
from sightline.keys.ring import KeyRing
from sightline.replay import sealed
from sightline.replay.search import columns
from sightline.replay.summary import Summary, marks, summary
from sightline.signals.open_visits import new_visit
from sightline.signals.sealing import Progress, nobody
from sightline.sql import queries

log = logging.getLogger("sightline.recordings")
SQL: Final = queries("sightline.replay", "recordings.sql")
PURPOSE: Final = "recording"
IDLE_MS: Final = 30 * 60 * 1000  # as long as a visit may be silent
CLOSED_MS: Final = 60 * 1000  # after a page was left: another load would have come by now
TIMED, KEPT = "timed", "kept"  # prefixes: a lifecycle rule of the store may expire the first, never the second
AT_ONCE: Final = 500
_SWEEP_MS: Final = 3_600_000
Json = dict[str, Any]


class Gap(Struct, frozen=True):
    """A time of which nothing can be shown: it never came, or cannot be read any more."""

    from_ms: int
    to_ms: int


class Changed(Conflict):
    """What was being sealed changed meanwhile: it was erased, or somebody else has sealed it."""

    code = "recording_changed"


class NotSealed(ServiceError):
    """Some recordings cannot be sealed; all others were."""

    code = "not_sealed"


class Sealed(Struct, frozen=True):
    """What a run did."""

    recordings: int
    chunks: int
    bytes: int


class Sealing:
    """Seals the recordings of one database into one object store."""

    def __init__(self, database: Database, store: BlobStore, keys: KeyRing) -> None:
        self._database = database
        self._store = store
        self._keys = keys

    async def run(self, *, idle_ms: int = IDLE_MS, closed_ms: int = CLOSED_MS, progress: Progress = nobody) -> Sealed:
        """Seal every recording to which nothing came for a while; a shorter one where its page was left."""
        now_ms = clock.now_ms()
        found = await self._database.fetch(SQL["ended"], now_ms - idle_ms, AT_ONCE, 0, now_ms - closed_ms)
        recordings, chunks, size = 0, 0, 0
        failed: list[str] = []
        for number, row in enumerate(found):
            try:
                size += await self.seal(row["site"], row["visit"], row["tab"])
            except (Changed, KeyDestroyed, NotFound) as why:
                log.info("a recording was not sealed", extra={"reason": why.code})
            except (Unavailable, DiskFull):  # it holds for all others, too
                raise
            except Exception as exc:  # noqa: BLE001 - one that cannot be sealed must not hold up all others
                failed.append(f"{row['visit']}-{row['tab']}: {type(exc).__name__}")
            else:
                recordings, chunks = recordings + 1, chunks + row["chunks"]
            await progress((number + 1) / len(found))
        metrics.count("RecordingsSealed", recordings)
        metrics.count("RecordingBytes", size)
        if failed:
            raise NotSealed(
                f"{len(failed)} of {len(found)} recordings cannot be sealed, as {failed[0]}",
                hint="Their chunks stay where they are; `sightline recordings list --open` shows them.",
            )
        return Sealed(recordings, chunks, size)

    async def seal(self, site: int, visit: int, tab: str) -> int:
        """Seal one recording; return how large its object is."""
        rows = [dict(row) for row in await self._database.fetch(SQL["chunks"], site, visit, tab)]
        if not rows:
            raise Changed("there are no chunks any more")
        tenant = await self._database.fetchval(SQL["tenant"], site)
        if not isinstance(tenant, int):
            raise NotFound(f"the site {site} of a recording is gone")
        found = await self._database.fetchrow(SQL["of_visit"], site, visit, tab)
        before = None if found is None else dict(found)
        known = await self._events(tenant, before) if before is not None else []
        events, about = await asyncio.to_thread(_read, rows, known)
        if not events:  # nothing was kept of them: there is nothing to look at
            await self._drop(site, rows)
            return 0
        key = await self._keys.data_key(tenant, PURPOSE, str(visit), uses=sealed.seals(events))
        name = named(site, events[0]["timestamp"], visit, kept=bool(before and before["kept"]))
        data, end = await asyncio.to_thread(sealed.pack, events, key, name)
        await self.step("packed")
        blob = await self._store.put(name, data, if_absent=True)
        await self.step("stored")
        if await self._store.get(name) != data:
            raise Damaged(f"the recording {name!r} is not what was written", hint="Check the object store.")
        await self.step("checked")
        values = _values((site, visit, tab), rows, about, (name, blob.checksum or "", len(data), end), before)
        await self._record(rows, name, values, _happened(events, about))
        await self.step("recorded")
        if before is not None:
            await self._store.delete(before["object"])
        return len(data)

    async def upload(self, site: int, tenant: int, events: Sequence[Json], rules: int) -> tuple[int, str]:
        """Keep masked events that came from elsewhere as a recording of a visit of its own; return visit and tab."""
        visit, tab = new_visit(), "upload"
        ordered = sorted(events, key=lambda event: event["timestamp"])
        key = await self._keys.data_key(tenant, PURPOSE, str(visit), uses=sealed.seals(ordered))
        name = named(site, ordered[0]["timestamp"], visit, kept=False)
        data, end = await asyncio.to_thread(sealed.pack, ordered, key, name)
        blob = await self._store.put(name, data, if_absent=True)
        row = {
            "visitor": 0, "person": None, "dropped": 0, "document": "upload", "seq": 0, "rules": rules, "first_ms": 0,
            "last_ms": 0,
        }  # fmt: skip
        about = await asyncio.to_thread(summary, ordered)
        values = _values((site, visit, tab), [row], about, (name, blob.checksum or "", len(data), end), None)
        await self._record([], name, values, _happened(ordered, about))
        return visit, tab

    async def step(self, name: str) -> None:
        """Between two steps; tests kill the process here."""

    async def sweep(self) -> int:
        """Delete objects that a crash left without a recording."""
        before_ms = clock.now_ms() - _SWEEP_MS
        gone = 0
        for prefix in (TIMED, KEPT):
            found = [blob.name async for blob in self._store.walk(prefix) if blob.modified_ms < before_ms]
            for start in range(0, len(found), 1000):
                some = found[start : start + 1000]
                known = {row["object"] for row in await self._database.fetch(SQL["known_objects"], some)}
                orphans = [name for name in some if name not in known]
                await self._store.delete_many(orphans)
                gone += len(orphans)
        return gone

    async def _events(self, tenant: int, row: Mapping[str, Any]) -> list[Json]:
        data = await self._store.get(row["object"])
        key = await self._keys.key_for(tenant, PURPOSE, str(row["visit"]), data)
        return await asyncio.to_thread(_unpacked, data, key, row["object"])

    async def _record(
        self, rows: Sequence[Mapping[str, Any]], name: str, values: Sequence[object], happened: Sequence[object]
    ) -> None:
        try:
            async with self._database.transaction() as connection:
                number = await connection.fetchval(SQL["add"], *values)
                if number is None:
                    raise Changed("the recording is another one meanwhile")
                await connection.execute(SQL["forget_marks"], number)
                await connection.execute(SQL["add_marks"], number, *happened)
                await _take(connection, int(str(values[0])), rows)
        except (Conflict, asyncpg.PostgresError):  # known not to be committed
            await self._store.delete(name)
            raise

    async def _drop(self, site: int, rows: Sequence[Mapping[str, Any]]) -> None:
        async with self._database.transaction() as connection:
            await _take(connection, site, rows)


async def _take(connection: Any, site: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Delete the chunks that are in the object, all of them or none."""
    places = [row["batch"] for row in rows], [row["place"] for row in rows]
    if await connection.fetchval(SQL["take_chunks"], *places, site) != len(rows):
        raise Changed("chunks of it were erased meanwhile")


def _unpacked(data: bytes, key: Any, name: str) -> list[Json]:
    blocks = sealed.read_index(sealed.index_of(data, name), key, name)
    return [
        event
        for place, block in enumerate(blocks)
        for event in sealed.read_block(data[block.offset : block.offset + block.length], key, name, place, block)
    ]


def _read(rows: Sequence[Mapping[str, Any]], known: list[Json]) -> tuple[list[Json], Summary | None]:
    events = in_order(rows)
    if known:
        events = sorted([*known, *events], key=lambda event: event["timestamp"])
    return events, summary(events) if events else None


def in_order(rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    """The events of chunks, in the order of their time; of the same moment in the order in which they came."""
    ordered = sorted(rows, key=lambda row: (row["first_ms"], row["seq"]))
    events: list[Json] = [event for row in ordered for event in orjson.loads(gzip.decompress(row["data"]))]
    events.sort(key=lambda event: event["timestamp"])
    return events


def missing(rows: Sequence[Mapping[str, Any]], *, resumed: bool = False) -> int:
    """How many chunks never arrived: `seq` counts from 0 in every load of a page.

    What is sealed already has taken the first ones with it, so that a resumed count begins at those that are there.
    """
    by_document: dict[str, set[int]] = {}
    for row in rows:
        by_document.setdefault(row["document"], set()).add(row["seq"])
    return sum(max(found) + 1 - len(found) - (min(found) if resumed else 0) for found in by_document.values())


def gaps(rows: Sequence[Mapping[str, Any]]) -> list[Gap]:
    """When something is missing: between two chunks of one load of a page whose numbers do not follow each other."""
    by_document: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_document.setdefault(row["document"], []).append(row)
    found = []
    for some in by_document.values():
        ordered = sorted(some, key=lambda row: int(row["seq"]))
        for before, behind in itertools.pairwise(ordered):
            if behind["seq"] > before["seq"] + 1:
                found.append(Gap(before["last_ms"], max(before["last_ms"], behind["first_ms"])))
    return sorted(found, key=lambda gap: gap.from_ms)


def _open_gaps(rows: Sequence[Mapping[str, Any]], known: Sequence[int]) -> list[int]:
    """The gaps of a recording as they are stored: those that nothing has come for since, and new ones."""
    was = [Gap(start, end) for start, end in zip(known[::2], known[1::2], strict=True)]
    left = [gap for gap in was if not any(gap.from_ms <= row["first_ms"] <= gap.to_ms for row in rows)]
    return [moment for gap in [*left, *gaps(rows)] for moment in (gap.from_ms, gap.to_ms)]


def named(site: int, first_ms: int, visit: int, *, kept: bool) -> str:
    """A name for the object of a recording, as no other ever had."""
    day = clock.from_ms(max(0, first_ms)).date().isoformat()
    return f"{KEPT if kept else TIMED}/site={site}/day={day}/{visit}-{secrets.token_hex(8)}.slrec"


def _happened(events: Sequence[Json], about: Summary | None) -> tuple[object, ...]:
    return columns(marks(events), about.findings if about is not None else [])


def _values(
    where: tuple[int, int, str],
    rows: Sequence[Mapping[str, Any]],
    about: Summary | None,
    blob: tuple[str, str, int, int],
    before: Mapping[str, Any] | None,
) -> tuple[object, ...]:
    assert about is not None
    name, checksum, size, end = blob
    persons = [row["person"] for row in rows if row["person"] is not None]
    nothing: Mapping[str, Any] = {"person": None, "dropped": 0, "missing": 0, "object": "", "gaps": []}
    was = nothing if before is None else before
    return (
        *where, rows[0]["visitor"], persons[-1] if persons else was["person"], about.first_ms, about.last_ms,
        about.active_ms, clock.now_ms(), size, end, about.events, was["dropped"] + sum(row["dropped"] for row in rows),
        was["missing"] + missing(rows, resumed=before is not None), about.clicks, about.inputs, about.errors,
        about.requests, about.failed,
        # The oldest rules of its parts: re-masking looks for what older rules have masked.
        min([row["rules"] for row in rows] + ([was["rules"]] if before is not None else [])), name, checksum,
        about.pages, sorted({one.name for one in about.findings}), was["object"],
        _open_gaps(rows, was["gaps"]),
    )  # fmt: skip
