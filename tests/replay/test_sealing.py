"""Sealing: one object per visit and tab, readable in part, whatever process is killed on the way."""

import asyncio
import os
import subprocess
import sys

import msgspec
import pytest

from sightline import clock
from sightline.blobs.store import Damaged
from sightline.errors import InvalidValue, NotFound
from sightline.keys.failures import KeyFailure
from sightline.replay import retention
from sightline.replay.chunks import CHUNK, Chunk
from sightline.replay.erasing import RecordingsEraser
from sightline.replay.library import Wanted
from sightline.replay.sealing import NotSealed
from sightline.replay.search import Match, conditions
from sightline.settings import SignalSettings
from sightline.signals import parquet
from sightline.signals.erasure import RETENTION, Erasure
from sightline.signals.extents import Catalogue
from sightline.signals.ledger import Tombstone
from sightline.signals.salts import Salts
from sightline.signals.sealing import Sealer
from sightline.signals.upkeep import Upkeep
from tests.replay.conftest import Shelf
from tests.replay.making import START_MS, STEPS, chunk, clicks, page, stored
from tests.running import ROOT
from tests.signals.making import Folder

EVERYTHING = (0, 2**62)


async def three(shelf: Shelf) -> list[dict[str, object]]:
    """A recording of three chunks in two loads of a page."""
    parts = [
        [*page(START_MS), *clicks(START_MS + 1000, 3)],
        clicks(START_MS + 5000, 1),
        [*page(START_MS + 9000, path="/b", nodes=50), *clicks(START_MS + 9500, 2, every_ms=2000)],
    ]
    await stored(
        shelf.database,
        chunk(parts[0], site=shelf.site),
        chunk(parts[1], site=shelf.site, seq=1, dropped=2),
        chunk(parts[2], site=shelf.site, document="document2"),
    )
    return [event for part in parts for event in part]


async def test_a_visit_that_has_ended_is_one_object_and_its_chunks_are_gone(shelf: Shelf) -> None:
    events = await three(shelf)
    assert await shelf.seal() == 1
    row = await shelf.one()
    assert await shelf.chunks() == 0
    assert await shelf.objects() == [row["object"]]
    assert (row["events"], row["dropped"], row["missing"], row["clicks"]) == (len(events), 2, 0, 6)
    assert row["pages"] == ["https://shop.example/a", "https://shop.example/b"]
    assert row["findings"] == ["dead-click", "rage-click"]
    found = await shelf.library.events(row, *EVERYTHING)
    assert (found.events, found.next_ms) == (events, 0)
    assert await shelf.seal() == 0


async def test_a_visit_that_goes_on_is_not_sealed_and_can_be_looked_at(shelf: Shelf) -> None:
    events = await three(shelf)
    assert (await shelf.sealing.run()).recordings == 0
    (row,) = await shelf.library.under_way(shelf.site)
    assert (row["visit"], row["events"]) == (7, len(events))
    assert await shelf.library.events_under_way(shelf.site, 7, "tab12345") == events


async def test_what_comes_late_is_sealed_into_the_same_recording(shelf: Shelf) -> None:
    events = await three(shelf)
    await shelf.seal()
    before = await shelf.one()
    late = clicks(START_MS + 6000, 1)
    await stored(shelf.database, chunk(late, site=shelf.site, seq=3))
    assert await shelf.seal() == 1
    row = await shelf.one()
    assert row["id"] == before["id"]
    assert await shelf.objects() == [row["object"]]
    expected = sorted([*events, *late], key=lambda event: event["timestamp"])
    assert (await shelf.library.events(row, *EVERYTHING)).events == expected
    assert row["missing"] == 0  # the chunks before it are in what was sealed already


async def test_a_part_of_a_recording_is_read_without_the_rest(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = [[*page(START_MS + n * 60_000, nodes=2000), *clicks(START_MS + n * 60_000 + 500, 20)] for n in range(5)]
    parts = [chunk(load, site=shelf.site, document=f"document{n}") for n, load in enumerate(loads)]
    await stored(shelf.database, *parts)
    await shelf.seal()
    row = await shelf.one()
    read: list[int] = []
    plain = shelf.store.get_range

    async def counted(name: str, start: int, length: int) -> bytes:
        read.append(length)
        return await plain(name, start, length)

    monkeypatch.setattr(type(shelf.store), "get_range", lambda _self, *given: counted(*given))
    found = await shelf.library.events(row, START_MS + 125_000, START_MS + 130_000)
    assert found.events == loads[2]
    assert found.next_ms == START_MS + 180_000
    assert len(read) == 2
    assert sum(read) < row["bytes"] / 3


async def test_an_object_that_was_changed_or_belongs_to_another_is_refused(shelf: Shelf) -> None:
    await three(shelf)
    await shelf.seal()
    row = dict(await shelf.one())
    data = await shelf.store.get(row["object"])
    await shelf.store.put("timed/other.slrec", data)
    with pytest.raises(KeyFailure):
        await shelf.library.blocks({**row, "object": "timed/other.slrec"})
    await shelf.store.put(row["object"], bytes([*data[:90], data[90] ^ 1, *data[91:]]))
    played = await shelf.library.events(row, *EVERYTHING)
    assert [gap.from_ms for gap in played.gaps] == [row["first_ms"]]  # what is damaged is not shown, but said
    with pytest.raises(Damaged):
        await shelf.library.summary(row)  # and is never written anew as if it were whole
    with pytest.raises(Damaged):
        await shelf.library.blocks({**row, "bytes": row["bytes"] - 5})


def killed_at(shelf: Shelf, step: str) -> int:
    address = shelf.database.address
    shown = {**msgspec.structs.asdict(address), "password": address.password.reveal() if address.password else ""}
    done = subprocess.run(
        [sys.executable, "-m", "tests.replay.making", str(shelf.data), step],
        input=msgspec.json.encode(shown) + b"\n", cwd=ROOT, check=False, capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )  # fmt: skip
    return done.returncode


@pytest.mark.parametrize("step", STEPS)
async def test_whatever_step_a_process_is_killed_at_every_event_is_there_once(shelf: Shelf, step: str) -> None:
    events = await three(shelf)
    assert await asyncio.to_thread(killed_at, shelf, step) == -9
    rows = await shelf.rows()
    if step == "recorded":
        assert await shelf.chunks() == 0
    else:
        assert rows == []
        assert await shelf.library.events_under_way(shelf.site, 7, "tab12345") == events
    await shelf.seal()
    row = await shelf.one()
    assert (await shelf.library.events(row, *EVERYTHING)).events == events
    with clock.held(clock.now_ms() + 2 * 3_600_000):
        await shelf.sealing.sweep()
    assert await shelf.objects() == [row["object"]]


async def test_what_is_erased_while_it_is_sealed_stays_erased(shelf: Shelf) -> None:
    await three(shelf)
    sealing = shelf.sealing

    async def erased(name: str) -> None:
        if name == "checked":
            await shelf.database.execute("DELETE FROM signal_chunk")

    sealing.step = erased  # type: ignore[method-assign]
    assert (await sealing.run(idle_ms=-60_000)).recordings == 0
    assert (await shelf.rows(), await shelf.objects()) == ([], [])


def eraser(shelf: Shelf) -> RecordingsEraser:
    return RecordingsEraser(shelf.database, shelf.store, shelf.keys)


async def test_an_erasure_takes_object_and_key_and_nobody_elses(shelf: Shelf) -> None:
    await three(shelf)
    other = chunk(page(START_MS), site=shelf.site, visit=8, visitor=80)
    await stored(shelf.database, other)
    assert await shelf.seal() == 2
    copy = {name: await shelf.store.get(name) for name in await shelf.objects()}
    mine = next(dict(row) for row in await shelf.rows() if row["visit"] == 7)
    row = dict(await shelf.library.sealed(shelf.site, 7, mine["tab"]))
    for _ in range(2):
        await eraser(shelf).erase(Tombstone(reason="asked", visitors=(70,)))
    assert [left["visit"] for left in await shelf.rows()] == [8]
    await shelf.store.put(row["object"], copy[row["object"]])  # as a backup would bring it back
    with pytest.raises(Exception, match="destroyed"):
        await shelf.library.events(row, *EVERYTHING)


async def test_retention_of_other_kinds_takes_no_recording_and_age_none_that_is_kept(shelf: Shelf) -> None:
    await three(shelf)
    await shelf.seal()
    row = await shelf.one()
    await shelf.library.keep(row, kept=True)
    later = START_MS + 10**12
    await eraser(shelf).erase(Tombstone(reason=RETENTION, sites=(shelf.site,), kinds=("event",), before_ms=later))
    await eraser(shelf).erase(Tombstone(reason=RETENTION, sites=(shelf.site,), kinds=("chunk",), before_ms=later))
    assert len(await shelf.rows()) == 1
    await eraser(shelf).erase(Tombstone(reason="asked", sites=(shelf.site,), before_ms=later))
    assert await shelf.rows() == []


async def test_a_kept_recording_moves_to_where_no_rule_expires_it_and_back(shelf: Shelf) -> None:
    events = await three(shelf)
    await shelf.seal()
    for kept, prefix in ((True, "kept/"), (False, "timed/")):
        await shelf.library.keep(await shelf.one(), kept=kept)
        row = await shelf.one()
        assert row["object"].startswith(prefix)
        assert await shelf.objects() == [row["object"]]
        assert (await shelf.library.events(row, *EVERYTHING)).events == events


async def test_age_and_budget_take_the_oldest_first_and_never_a_kept_one(shelf: Shelf) -> None:
    now = clock.now_ms()
    days = (40, 20, 10, 5)
    for visit, age in enumerate(days, 1):
        events = page(now - age * 86_400_000)
        await stored(shelf.database, chunk(events, site=shelf.site, visit=visit, visitor=visit))
    await shelf.seal()
    rows = {row["visit"]: row for row in await shelf.rows()}
    gone, room = await retention.apply(shelf.database, shelf.library, 0)
    assert (gone, room.recordings, room.full) == (1, 3, False)
    assert room.bytes_in_30_days > room.bytes
    await shelf.library.keep(await shelf.library.sealed(shelf.site, 2, rows[2]["tab"]), kept=True)
    gone, room = await retention.apply(shelf.database, shelf.library, room.bytes - 1)
    assert (gone, [row["visit"] for row in await shelf.rows()]) == (1, [4, 2])
    gone, room = await retention.apply(shelf.database, shelf.library, 1)
    assert ([row["visit"] for row in await shelf.rows()], room.full) == ([2], True)


async def test_what_was_left_is_sealed_after_a_minute_and_what_goes_on_is_not(shelf: Shelf) -> None:
    def one(visit: int, seq: int, *, closed: bool) -> Chunk:
        events = page(START_MS + seq * 1000)
        return chunk(events, site=shelf.site, visit=visit, seq=seq, document=f"document{visit}", closed=closed)

    await stored(
        shelf.database, one(1, 0, closed=False), one(1, 1, closed=True), one(2, 0, closed=True),
        one(2, 1, closed=False), one(3, 0, closed=False),
    )  # fmt: skip
    now_ms = clock.now_ms()
    for after_ms, expected in ((50_000, []), (61_000, [1]), (31 * 60_000, [3, 2, 1])):
        with clock.held(now_ms + after_ms):
            await shelf.sealing.run()
        assert sorted((row["visit"] for row in await shelf.rows()), reverse=True) == expected, after_ms


async def test_a_deleted_recording_is_gone_with_its_key(shelf: Shelf) -> None:
    await three(shelf)
    await shelf.seal()
    row = await shelf.one()
    await shelf.library.delete(row)
    with pytest.raises(NotFound):
        await shelf.library.sealed(shelf.site, 7, row["tab"])
    assert await shelf.objects() == []


async def test_a_list_is_searched_by_what_was_found_and_seen(shelf: Shelf) -> None:
    await three(shelf)
    await stored(shelf.database, chunk(page(START_MS + 99_000, path="/other"), site=shelf.site, visit=8))
    await shelf.seal()

    async def found(**wanted: object) -> list[int]:
        return [row["visit"] for row in await shelf.library.listed(shelf.site, Wanted(**wanted))]  # type: ignore[arg-type]

    assert await found() == [8, 7]
    assert await found(finding="rage-click") == [7]
    assert await found(page="/other") == [8]
    assert await found(page="_other") == []
    assert await found(with_errors=True) == []
    assert await found(until_ms=START_MS + 1) == [7]


async def test_a_search_is_for_all_for_any_or_for_one_thing_after_the_other(shelf: Shelf) -> None:
    first = [*page(START_MS), *clicks(START_MS + 1000, 3), *page(START_MS + 9000, path="/cart")]
    second = [*page(START_MS, path="/cart"), *page(START_MS + 5000), *clicks(START_MS + 6000, 1)]
    await stored(
        shelf.database, chunk(first, site=shelf.site), chunk(second, site=shelf.site, visit=8, document="document2")
    )
    await shelf.seal()

    async def found(match: Match, *where: str) -> list[int]:
        wanted = Wanted(where=conditions(where), match=match)
        return [row["visit"] for row in await shelf.library.listed(shelf.site, wanted)]

    assert await found(Match.ALL, "page:/cart", "click") == [8, 7]
    assert await found(Match.ALL, "page:/cart", "rage-click") == [7]
    assert await found(Match.ANY, "rage-click", "page:/nowhere") == [7]
    assert await found(Match.THEN, "click", "page:/cart") == [7]
    assert await found(Match.THEN, "page:/cart", "page:/a", "click") == [8]
    assert await found(Match.THEN, "page:/cart", "click", "page:/cart") == []
    with pytest.raises(InvalidValue, match="searched by"):
        conditions(["shoe:size"])


async def test_bytes_that_are_in_no_object_keep_their_partition_and_stay_out_of_extents(shelf: Shelf) -> None:
    now_ms = clock.now_ms()
    with clock.held(now_ms - 5 * 86_400_000):
        await three(shelf)
    # The ledger always keeps its last row, and that row its partition.
    await stored(shelf.database, chunk(page(START_MS), site=shelf.site, visit=9, document="document9"))
    catalogue = Catalogue(shelf.database, Folder(shelf.data / "extents"))
    sealer = Sealer(catalogue)
    upkeep = Upkeep(sealer, Erasure(catalogue, shelf.store), Salts(shelf.database), SignalSettings())
    assert (await sealer.seal()).signals == 3
    (extent,) = (await catalogue.snapshot()).extents
    assert set(parquet.decode(CHUNK, await catalogue.read(extent)).column("data").to_pylist()) == {b""}
    await upkeep.prune(now_ms)
    assert [name for name in await upkeep.drop_partitions(now_ms) if "chunk" in name] == []
    assert await shelf.chunks() == 4
    assert await shelf.seal() == 2
    assert [name for name in await upkeep.drop_partitions(now_ms) if "chunk" in name] != []
    row = await shelf.library.sealed(shelf.site, 7, "tab12345")
    assert len((await shelf.library.events(row, *EVERYTHING)).events) == row["events"] == 10


async def test_one_that_cannot_be_sealed_holds_up_no_other_and_loses_nothing(shelf: Shelf) -> None:
    broken = msgspec.structs.replace(chunk(page(START_MS), site=shelf.site, visit=6), data=b"no gzip")
    await stored(shelf.database, broken, chunk(page(START_MS), site=shelf.site, document="document2"))
    with pytest.raises(NotSealed, match="1 of 2 recordings cannot be sealed, as 6-tab12345: BadGzipFile"):
        await shelf.seal()
    assert [row["visit"] for row in await shelf.rows()] == [7]
    assert await shelf.chunks() == 1
