"""Errors become issues: counted along the ledger, by whoever gets to it first, some seconds after they arrived.

Whoever holds the one row of `issue_place` takes the next errors in the order in which they became visible, and moves
the place in the same transaction: each error is counted exactly once, and since the journal stores a batch that comes
twice once, so is each error of a browser. What is written grows with the number of different errors, days and
releases, never with the number of errors. Everything but what people decided can be counted anew from what is stored.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
from msgspec import Struct

from sightline.health import noise
from sightline.health.failures import ERROR
from sightline.health.fingerprints import PARTS, WHY, Parts, Why, alone, culprit, fingerprint, parts_of, title
from sightline.health.frames import Frame
from sightline.signals import ledger, parquet
from sightline.signals.extents import Catalogue, Snapshot
from sightline.signals.ledger import Place, Row
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy as Connection

SQL: Final = queries("sightline.health", "grouping.sql")
MOST_KEYS: Final = 20_000  # of a site; what is still different then is counted together, under OTHERS
OTHERS: Final = 0
_ERRORS_AT_ONCE: Final = 10_000
_ROWS_AT_ONCE: Final = 5_000
_LIGHT: Final = ("site", "fingerprint", "count", "created_ms", "release")
_WHOLE: Final = ("site", "fingerprint", "created_ms", "name", "message", "source", "stack", "release", "rules")

Key = tuple[int, int]  # site and key


class Maps(Protocol):
    """What source maps say of frames."""

    async def mapped(self, site: int, release: str, frames: Sequence[Frame]) -> list[Frame | None]: ...


class NoMaps:
    """Where no source maps are asked."""

    async def mapped(self, site: int, release: str, frames: Sequence[Frame]) -> list[Frame | None]:  # noqa: ARG002
        return [None] * len(frames)


class Counted(Struct):
    """Errors of one key, on one day, in one release."""

    events: int = 0
    first_ms: int = 2**62
    last_ms: int = 0


Counts = dict[tuple[int, int, int, str], Counted]  # site, key, day, release


class Sample(Struct, frozen=True):
    """One error of a key."""

    parts: Parts
    release: str
    rules: int


class Settings(Struct, frozen=True):
    """What a site says of noise."""

    off: tuple[str, ...] = ()
    rules: tuple[noise.Rule, ...] = ()

    def noise(self, parts: Parts) -> str:
        return noise.noise(parts, off=self.off, own=self.rules)


_RULES: Final = msgspec.json.Decoder(tuple[noise.Rule, ...])


class Grouping:
    """The issues of one database, as far as they follow from errors."""

    def __init__(self, catalogue: Catalogue, maps: Maps | None = None) -> None:
        self._catalogue = catalogue
        self._database = catalogue.database
        self._maps = maps or NoMaps()

    async def catch_up(self, *, portions: int = 50) -> int:
        """Count what has arrived, at most so many portions of it; return how many errors that were."""
        total = 0
        if not await self._database.fetchval(SQL["behind"]):
            return 0
        for _ in range(portions):
            async with self._database.transaction() as connection:
                pos = await connection.fetchval(SQL["place"])
                found = None if pos is None else await self._advance(connection, pos)
            if found is None:
                break
            total += found
        return total

    async def recount(self, sites: Sequence[int] | None = None, *, samples: bool = False) -> int:
        """Count some sites' errors anew, or all, from what is stored; with `samples`, choose the texts anew, too."""
        async with self._database.transaction() as connection:
            pos = await connection.fetchval(SQL["place_waiting"])
            while True:
                if await self._is_behind(pos):
                    return await self._recount_all(connection)
                while await self._advance(connection, pos) is not None:
                    pos = await connection.fetchval(SQL["place_waiting"])
                snapshot = await self._catalogue.snapshot()
                if snapshot.sealed_pos <= pos:  # else what is not counted yet was sealed meanwhile
                    return await self._recount(connection, sites, snapshot, pos, samples=samples)

    async def regroup(self, site: int) -> int:
        """Work out fingerprints and noise of a site's keys anew, as maps and rules now say; return how many changed."""
        changed = 0
        async with self._database.transaction() as connection:
            await connection.fetchval(SQL["place_waiting"])
            settings = await self._settings(connection, site)
            heirs: set[int] = set()
            for row in await connection.fetch(SQL["keys_of_site"], site):
                sample = Sample(PARTS.decode(row["parts"]), row["release"], 0)
                number, why, mapped = await self._fingerprint(site, sample)
                if row["alone"]:
                    number = alone(row["key"])
                silenced = settings.noise(sample.parts)
                if (number, silenced) != (row["fingerprint"], row["noise"]):
                    changed += 1
                    await connection.execute(SQL["change_key"], site, row["key"], number, silenced)
                if not silenced:
                    if row["fingerprint"] not in heirs:  # what people decided goes to the first that follows it
                        heirs.add(row["fingerprint"])
                        await _inherit(connection, site, row["fingerprint"], number, why)
                    await self._join(connection, site, number, why, sample, mapped)
            await self.tidy(connection, [site])
        return changed

    async def tidy(self, connection: "Connection", sites: Sequence[int]) -> None:
        """Forget what is empty, and sum up what is left."""
        await connection.execute(SQL["lock_issues_of_sites"], list(sites))
        for name in ("forget_empty_keys", "forget_empty_groups", "forget_empty_issues"):
            await connection.execute(SQL[name], list(sites))
        issues = [row["id"] for row in await connection.fetch(SQL["issues_of_sites"], list(sites))]
        await connection.execute(SQL["total"], issues)

    # ---- along the ledger ------------------------------------------------------------------------------------------

    async def _advance(self, connection: "Connection", pos: int) -> int | None:
        """Count one portion; None when there is nothing, otherwise how many errors that were."""
        if await self._is_behind(pos):
            return await self._recount_all(connection)
        rows = await ledger.rows_after(self._database, pos, _ROWS_AT_ONCE)
        portion = _portion(rows)
        if not portion:
            return None
        wanted = [row for row in portion if row.counts.get(ERROR.name)]
        counted = 0
        if wanted:
            counts = count_rows(await connection.fetch(SQL["rows"], *_span(wanted)))
            counted = sum(one.events for one in counts.values())
            await self._add(connection, counts, wanted)
            if await self._is_behind(pos):  # a partition may have been dropped while we read it
                return await self._recount_all(connection)
        await connection.execute(SQL["move"], portion[-1].pos)
        await self._without_erased(connection, portion)
        return counted

    async def _without_erased(self, connection: "Connection", portion: Sequence[Row]) -> None:
        """Count anew where an erasure has ended: what came while it ran was counted, and is gone by now."""
        ids = [row.tombstone for row in portion if row.tombstone is not None]
        if not ids or not (ended := await connection.fetch(SQL["ended"], ids)):
            return
        snapshot = await self._catalogue.snapshot()
        if snapshot.sealed_pos > portion[-1].pos:
            await self._recount_all(connection)
            return
        named = sorted({site for row in ended for site in row["sites"]})
        only = named if all(row["sites"] for row in ended) else None
        await self._recount(connection, only, snapshot, portion[-1].pos, samples=True)

    async def _is_behind(self, pos: int) -> bool:
        return (await ledger.poll(self._database, Place())).pruned_pos > pos

    async def _add(self, connection: "Connection", counts: Counts, rows: Sequence[Row]) -> None:
        keys = sorted({(site, key) for site, key, _, _ in counts})
        unknown = await self._unknown(connection, keys)
        if unknown:
            found = await connection.fetch(SQL["samples"], *_span(rows), *_columns(unknown))
            await self._add_keys(connection, {(row["site"], row["key"]): sample_of(row) for row in found})
        counts = await self._store(connection, counts)
        keys = sorted({(site, key) for site, key, _, _ in counts})
        touched = {(row["site"], row["key"]): row["issue"]
                   for row in await connection.fetch(SQL["issues_of_keys"], *_columns(keys))}  # fmt: skip
        await connection.execute(SQL["lock_issues"], sorted(set(touched.values())))
        await connection.execute(SQL["total"], sorted(set(touched.values())))
        await _open_again(connection, counts, touched)

    async def _unknown(self, connection: "Connection", keys: Sequence[Key]) -> list[Key]:
        known = {(row["site"], row["key"]) for row in await connection.fetch(SQL["keys"], *_columns(keys))}
        return [key for key in keys if key not in known]

    async def _add_keys(self, connection: "Connection", samples: Mapping[Key, Sample]) -> None:
        settings: dict[int, Settings] = {}
        room: dict[int, int] = {}
        for (site, key), found in samples.items():
            sample = found if key != OTHERS else msgspec.structs.replace(found, parts=Parts(message="Other errors"))
            if site not in settings:
                settings[site] = await self._settings(connection, site)
                room[site] = MOST_KEYS - int(await connection.fetchval(SQL["count_keys"], site))
            room[site] -= 1
            if room[site] < 0 and key != OTHERS:
                continue
            number, why, mapped = await self._fingerprint(site, sample)
            silenced = settings[site].noise(sample.parts)
            await connection.execute(
                SQL["add_key"], site, key, number, sample.rules, silenced, msgspec.json.encode(sample.parts).decode()
            )
            if not silenced:
                await self._join(connection, site, number, why, sample, mapped)

    async def _store(self, connection: "Connection", counts: Counts) -> Counts:
        """Write counts, and return them: those of keys that found no room stand under OTHERS."""
        keys = sorted({(site, key) for site, key, _, _ in counts})
        homeless = set(await self._unknown(connection, keys))
        if homeless:
            others = {(site, OTHERS): Sample(Parts(), "", 0) for site, _ in homeless}
            await self._add_keys(connection, others)
            counts = _moved(counts, homeless)
        ordered = sorted(counts.items())
        await connection.execute(
            SQL["count"], *([place[number] for place, _ in ordered] for number in range(4)),
            [one.events for _, one in ordered], [one.first_ms for _, one in ordered],
            [one.last_ms for _, one in ordered],
        )  # fmt: skip
        first: dict[tuple[int, str], int] = {}
        for (site, _, _, release), one in ordered:
            if release:
                first[site, release] = min(first.get((site, release), 2**62), one.first_ms)
        releases = sorted(first.items())
        await connection.execute(
            SQL["releases"], [site for (site, _), _ in releases], [name for (_, name), _ in releases],
            [moment for _, moment in releases],
        )  # fmt: skip
        return counts

    async def _fingerprint(self, site: int, sample: Sample) -> tuple[int, Why, list[Frame | None]]:
        mapped = await self._maps.mapped(site, sample.release, sample.parts.frames)
        return (*fingerprint(sample.parts, mapped), mapped)

    async def _join(  # noqa: PLR0913, PLR0917 - what an issue is made of
        self, connection: "Connection", site: int, number: int, why: Why, sample: Sample, mapped: list[Frame | None]
    ) -> None:
        """Let a fingerprint have an issue."""
        if await connection.fetchval(SQL["group"], site, number) is not None:
            return
        named = title(sample.parts), culprit(sample.parts, mapped)
        issue = await connection.fetchval(SQL["add_issue"], site, *named, sample.rules)
        told = msgspec.json.encode(why).decode()
        await connection.execute(SQL["add_group"], site, number, issue, sample.rules, told)

    @staticmethod
    async def _settings(connection: "Connection", site: int) -> Settings:
        row = await connection.fetchrow(SQL["noise_of"], site)
        return Settings() if row is None else Settings(tuple(row["off"]), _RULES.decode(row["rules"]))

    # ---- anew ------------------------------------------------------------------------------------------------------

    async def _recount_all(self, connection: "Connection") -> int:
        """Count everything, and go on from there."""
        state = await ledger.poll(self._database, Place())
        snapshot = await self._catalogue.snapshot()
        upto = max(state.last_pos, snapshot.sealed_pos)
        counted = await self._recount(connection, None, snapshot, upto, samples=True)
        await connection.execute(SQL["move"], upto)
        return counted

    async def _recount(
        self, connection: "Connection", only: Sequence[int] | None, snapshot: Snapshot, upto: int, *, samples: bool
    ) -> int:
        """Count what the extents hold, and the journal from where they end up to a place of the ledger."""
        hot = await self._hot(snapshot.sealed_pos, upto)
        counts: Counts = {}
        chosen: dict[Key, tuple[int, Sample]] = {}
        for extent in snapshot.extents:
            if extent.kind != ERROR.name or (only is not None and not set(extent.sites) & set(only)):
                continue
            data = await self._catalogue.read(extent)
            await asyncio.to_thread(_count_extent, data, only, counts)
            keys = {(site, key) for site, key, _, _ in counts}
            wanted = keys if samples else set(await self._unknown(connection, sorted(keys)))
            await asyncio.to_thread(_choose_from, data, wanted, chosen)
        for portion in ledger.portions(hot, signals=_ERRORS_AT_ONCE):
            taken = [row for row in portion if row.counts.get(ERROR.name)]
            if not taken:
                continue
            rows = [r for r in await connection.fetch(SQL["rows"], *_span(taken)) if only is None or r["site"] in only]
            count_rows(rows, counts)
            for row in await connection.fetch(SQL["samples"], *_span(taken), *_columns({_key(r) for r in rows})):
                chosen.setdefault(_key(row), (2**62, sample_of(row)))
        await self._replace(connection, only, counts, {key: sample for key, (_, sample) in chosen.items()}, samples)
        return sum(one.events for one in counts.values())

    async def _replace(
        self, connection: "Connection", only: Sequence[int] | None, counts: Counts, samples: Mapping[Key, Sample],
        renewed: bool,  # noqa: FBT001
    ) -> None:  # fmt: skip
        known = {row["site"] for row in await connection.fetch(SQL["sites"])} | {site for site, _, _, _ in counts}
        sites = sorted(known if only is None else set(only))
        await connection.execute(SQL["forget_counts"], sites)
        unknown = set(await self._unknown(connection, sorted(samples)))
        await self._add_keys(connection, {key: sample for key, sample in samples.items() if key in unknown})
        if renewed:
            for (site, key), sample in samples.items():
                if key == OTHERS:
                    continue
                text = msgspec.json.encode(sample.parts).decode()
                await connection.execute(SQL["renew_key"], site, key, text, sample.rules)
        if counts:
            await self._store(connection, counts)
        await self.tidy(connection, sites)
        if renewed:
            await self._retitle(connection, sites)

    async def _retitle(self, connection: "Connection", sites: Sequence[int]) -> None:
        issues = [row["id"] for row in await connection.fetch(SQL["issues_of_sites"], list(sites))]
        for row in await connection.fetch(SQL["first_keys"], issues):
            parts, why = PARTS.decode(row["parts"]), WHY.decode(row["why"])
            place = why.frames[0] if why.mapped and why.frames else culprit(parts)
            await connection.execute(SQL["retitle"], row["issue"], title(parts), place, row["rules"])

    async def _hot(self, after: int, to: int) -> list[Row]:
        rows: list[Row] = []
        while more := await ledger.rows_between(self._database, after, to, _ROWS_AT_ONCE):
            rows += [row for row in more if row.counts.get(ERROR.name)]
            after = more[-1].pos
        return rows


async def _inherit(connection: "Connection", site: int, old: int, new: int, why: Why) -> None:
    """Let a fingerprint that has no issue yet have that of the one it follows."""
    issue = await connection.fetchval(SQL["group"], site, old)
    if issue is not None and await connection.fetchval(SQL["group"], site, new) is None:
        await connection.execute(SQL["add_group"], site, new, issue, 0, msgspec.json.encode(why).decode())


async def _open_again(connection: "Connection", counts: Counts, touched: Mapping[Key, int]) -> None:
    """Open what was resolved and is back, and what was ignored until now."""
    waiting = await connection.fetch(SQL["waiting"], sorted(set(touched.values())))
    if not waiting:
        return
    seen: dict[int, dict[str, int]] = {}
    for (site, key, _, release), one in counts.items():
        if (issue := touched.get((site, key))) is not None:
            last = seen.setdefault(issue, {})
            last[release] = max(last.get(release, 0), one.last_ms)
    pairs = sorted({(row["site"], release) for row in waiting for release in seen[row["id"]]})
    found = await connection.fetch(SQL["release_order"], [site for site, _ in pairs], [name for _, name in pairs])
    order = {(row["site"], row["release"]): row["first_ms"] for row in found}
    for row in waiting:
        last = seen[row["id"]]
        if row["status"] == "resolved":
            back = came_back(last, row["resolved_in"], row["resolved_ms"], row["resolved_order"],
                             {release: order.get((row["site"], release), 0) for release in last})  # fmt: skip
            if back is not None:
                await connection.execute(SQL["regress"], row["id"], last[back], back)
        elif (row["ignored_until_ms"] or 2**62) <= max(last.values()) or (row["ignored_until_events"] or 2**62) <= row[
            "events"
        ]:
            await connection.execute(SQL["reopen"], row["id"])


def came_back(
    last: Mapping[str, int], resolved_in: str, resolved_ms: int, resolved_order: int | None, order: Mapping[str, int]
) -> str | None:
    """The release in which a resolved issue came back; None while it has not.

    Resolved in a release: seen in one that was heard of later. Errors of old pages, which still run the release in
    which it was resolved or one before, do not count. Resolved without a release: seen again after that moment.
    """
    if not resolved_in:
        return next((release for release, moment in sorted(last.items()) if moment > resolved_ms), None)
    later = [
        release for release in last if release and order[release] > (resolved_order or 0) and release != resolved_in
    ]
    return min(later, key=lambda release: order[release]) if later else None


def count_rows(rows: Iterable[Any], counts: Counts | None = None) -> Counts:
    """Count errors by site, key, day and release."""
    counts = {} if counts is None else counts
    for row in rows:
        _note(counts, row["site"], row["key"], row["created_ms"], row["release"], row["events"])
    return counts


def _note(counts: Counts, site: int, key: int, created_ms: int, release: str, events: int) -> None:  # noqa: PLR0913, PLR0917
    place = site, key, created_ms // parquet.DAY_MS, release
    one = counts.get(place)
    if one is None:
        one = counts[place] = Counted()
    one.events += events
    one.first_ms = min(one.first_ms, created_ms)
    one.last_ms = max(one.last_ms, created_ms)


def _count_extent(data: bytes, only: Sequence[int] | None, counts: Counts) -> None:
    table = parquet.decode(ERROR, data, _LIGHT)
    columns = [table.column(name).to_pylist() for name in _LIGHT]
    for site, key, events, created_ms, release in zip(*columns, strict=True):
        if only is None or site in only:
            _note(counts, site, key, created_ms, release, events)


def _choose_from(data: bytes, wanted: set[Key], chosen: dict[Key, tuple[int, Sample]]) -> None:
    """Choose the earliest error of each key that is wanted."""
    if not wanted:
        return
    import pyarrow as pa  # noqa: PLC0415 - a process that only collects never loads Arrow
    import pyarrow.compute as pc  # noqa: PLC0415

    table = parquet.decode(ERROR, data, _WHOLE)
    table = table.filter(
        pc.is_in(table.column("fingerprint"), value_set=pa.array([key for _, key in wanted], pa.int64()))
    )
    first = table.append_column("at", pa.array(range(table.num_rows), pa.int64()))
    first = first.sort_by([("created_ms", "ascending")]).group_by(["site", "fingerprint"], use_threads=False)
    for row in table.take(first.aggregate([("at", "first")]).column("at_first")).to_pylist():
        key = row["site"], row["fingerprint"]
        if key in wanted and row["created_ms"] < chosen.get(key, (2**62, None))[0]:
            chosen[key] = row["created_ms"], sample_of(row)


def sample_of(row: Any) -> Sample:
    return Sample(parts_of(row["name"], row["message"], row["source"], row["stack"]), row["release"], row["rules"])


def _moved(counts: Counts, homeless: set[Key]) -> Counts:
    found: Counts = {}
    for (site, key, day, release), one in counts.items():
        place = site, OTHERS if (site, key) in homeless else key, day, release
        into = found.setdefault(place, Counted())
        into.events += one.events
        into.first_ms, into.last_ms = min(into.first_ms, one.first_ms), max(into.last_ms, one.last_ms)
    return found


def _portion(rows: Sequence[Row]) -> list[Row]:
    """Rows of the ledger with about as many errors as are counted at once."""
    taken: list[Row] = []
    size = 0
    for row in rows:
        if taken and size + row.counts.get(ERROR.name, 0) > _ERRORS_AT_ONCE:
            break
        size += row.counts.get(ERROR.name, 0)
        taken.append(row)
    return taken


def _span(rows: Sequence[Row]) -> tuple[int, int, list[int]]:
    moments = [row.received_ms for row in rows]
    return min(moments), max(moments), [row.batch for row in rows if row.batch is not None]


def _columns(keys: Iterable[Key]) -> tuple[list[int], list[int]]:
    ordered = sorted(keys)
    return [site for site, _ in ordered], [key for _, key in ordered]


def _key(row: Any) -> Key:
    return row["site"], row["key"]
