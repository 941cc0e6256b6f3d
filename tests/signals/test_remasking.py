"""Masking anew: what is stored is rewritten under the rules in force, whole, also when a process is killed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from sightline import clock
from sightline.accounts.callers import operator
from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.privacy.structures import mask_json
from sightline.signals.activation import Wanted, activate
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue
from sightline.signals.findings import Audit
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Walk
from sightline.signals.ledger import Tombstone
from sightline.signals.masking import Masking
from sightline.signals.parquet import decode
from sightline.signals.remasking import Job, Remasking
from sightline.signals.rules import RulesStore
from sightline.signals.sealing import Busy, Progress, Sealer, alone, nobody
from sightline.signals.walkers import Selection, Texts, Walkers
from sightline.signals.warehouse import Warehouse
from tests.signals.crashing import Child
from tests.signals.making import Folder, event, events
from tests.signals.test_rules import STAFF

SECRET = "SX-123456"


def remasking(database: Database, folder: Folder) -> Remasking:
    return Remasking(database, Walkers(Catalogue(database, folder)), RulesStore(database))


async def stored(journal: Journal, database: Database, folder: Folder, *, extents: int = 3, each: int = 5) -> None:
    """Some extents and some that is not sealed, all with a staff number that the default does not know."""
    for number in range(extents):
        await journal.append(Batch(signals=events(each, first=number * each, title=f"by {SECRET}")))
        await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    await journal.append(Batch(signals=events(each, first=extents * each, title=f"by {SECRET}")))


async def remaining(database: Database, folder: Folder) -> int:
    """How often the staff number is stored, in tables and in extents."""
    count = await database.fetchval("SELECT count(*) FROM signal_event WHERE title LIKE $1", f"%{SECRET}%")
    assert isinstance(count, int)
    for name in folder.names():
        count += sum(SECRET in title for title in decode(EVENT, await folder.get(name))["title"].to_pylist())
    return count


async def test_everything_stored_follows_the_rules_in_force(
    journal: Journal, database: Database, folder: Folder, warehouse: Warehouse
) -> None:
    await stored(journal, database, folder)
    await warehouse.caught_up()
    await activate(database, operator(), Wanted(source=STAFF))
    job = await remasking(database, folder).run(operator())
    assert (job.progress, job.changed) == (1.0, 15 + 20)
    assert set(job.walked) == {f"{name}@0" for name in Walkers(Catalogue(database, folder)).names()}
    assert job.finished_at is not None
    assert await remaining(database, folder) == 0
    await warehouse.caught_up()
    found = await warehouse.query("SELECT title, rules, count(*) AS n FROM event GROUP BY ALL")
    assert found.to_pylist() == [{"title": "by [staff_number]", "rules": 2, "n": 20}]
    again = await remasking(database, folder).run(operator())
    assert again.changed == 0


async def test_a_preview_counts_and_changes_nothing(journal: Journal, database: Database, folder: Folder) -> None:
    await stored(journal, database, folder)
    await activate(database, operator(), Wanted(source=STAFF))
    found = await remasking(database, folder).preview()
    assert {(part.version, part.site) for part in found} == {(2, 0)}
    counts = {part.kind: (part.signals, part.texts) for part in found}
    assert counts == {**dict.fromkeys(Walkers(Catalogue(database, folder)).names(), (0, 0)), "event": (20, 20)}
    assert await remaining(database, folder) == 15 + 20
    assert await remasking(database, folder).listing() == []


async def test_one_site_follows_its_own_rules(journal: Journal, database: Database, folder: Folder) -> None:
    await journal.append(Batch(signals=[event(n, site=n, title=f"by {SECRET}") for n in (1, 2, 3)]))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    await activate(database, operator(), Wanted(source=STAFF, site=2))
    await remasking(database, folder).run(operator())
    for rows in (
        [tuple(row) for row in await database.fetch("SELECT site, title, rules FROM signal_event ORDER BY site")],
        [(row["site"], row["title"], row["rules"]) for name in folder.names()
         for row in decode(EVENT, await folder.get(name)).to_pylist()],
    ):  # fmt: skip
        assert sorted(rows) == [(1, f"by {SECRET}", 1), (2, "by [staff_number]", 2), (3, f"by {SECRET}", 1)]


async def test_it_waits_for_whoever_seals_or_erases(journal: Journal, database: Database, folder: Folder) -> None:
    await stored(journal, database, folder)
    await activate(database, operator(), Wanted(source=STAFF))
    async with alone(database.address):
        task = asyncio.create_task(remasking(database, folder).run(operator()))
        await asyncio.sleep(0.2)
        assert not task.done()
    assert (await task).changed == 35


async def test_two_at_the_same_time_are_one_and_a_refusal(journal: Journal, database: Database, folder: Folder) -> None:
    await stored(journal, database, folder)
    await activate(database, operator(), Wanted(source=STAFF))
    async with alone(database.address):
        first = asyncio.create_task(remasking(database, folder).run(operator()))
        while not await remasking(database, folder).listing():
            await asyncio.sleep(0.01)
        with pytest.raises(Busy, match="another process is masking anew"):
            await remasking(database, folder).run(operator())
        assert await remasking(database, folder).resume() is None
    assert (await first).changed == 35


async def test_an_unknown_kind_is_named(database: Database, folder: Folder) -> None:
    with pytest.raises(InvalidValue, match="there is no kind 'sounds'"):
        await remasking(database, folder).run(operator(), kinds=["sounds"])


async def test_killed_anywhere_it_goes_on_and_ends_the_same(
    journal: Journal, database: Database, folder: Folder, warehouse: Warehouse
) -> None:
    await stored(journal, database, folder, extents=12, each=40)
    await warehouse.caught_up()
    await activate(database, operator(), Wanted(source=STAFF))
    seen: set[int] = set()
    for changes in (1, 5, 3):
        child = Child("remask", database.address, str(folder.root), str(changes))
        assert child.wait_for_line() == "writing"
        child.end()
        seen.add(await remaining(database, folder))
    assert 0 not in seen
    (job,) = await remasking(database, folder).listing()
    assert job.finished_at is None
    done = await remasking(database, folder).resume()
    assert done is not None
    assert (done.id, done.progress) == (job.id, 1.0)
    assert done.finished_at is not None
    assert await remaining(database, folder) == 0
    await warehouse.caught_up()
    found = await warehouse.query("SELECT title, rules, count(*) AS n FROM event GROUP BY ALL")
    assert found.to_pylist() == [{"title": "by [staff_number]", "rules": 2, "n": 13 * 40}]
    catalogue = await Catalogue(database, folder).snapshot()
    assert sorted(extent.object for extent in catalogue.extents) == folder.names()
    assert await remasking(database, folder).resume() is None


class Chunks:
    """What recordings will be: chunks in an object store, each with the version that masked it."""

    name = "chunks"

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def texts(self, selection: Selection, *, progress: Progress = nobody) -> AsyncIterator[Texts]:
        for name, chunk in await self._chosen(selection):
            yield Texts(
                walker=self.name, column="events", walk=Walk.JSON, rules=chunk["rules"], where=name,
                texts=(orjson.dumps(chunk["events"]).decode(),), counts=(1,), rows=("0",),
            )  # fmt: skip
        await progress(1.0)

    async def size(self, selection: Selection) -> int:
        return len(await self._chosen(selection))

    async def remask(self, selection: Selection, masking: Masking, *, progress: Progress = nobody) -> int:
        wanted = msgspec.structs.replace(selection, older_than_rules=masking.number)
        chosen = await self._chosen(wanted)
        for number, (name, chunk) in enumerate(chosen):
            events = mask_json(masking.rules, chunk["events"])
            await self._folder.put(name, orjson.dumps({**chunk, "events": events, "rules": masking.number}))
            await progress((number + 1) / len(chosen))
        return len(chosen)

    async def erase(self, tombstone: Tombstone) -> int:  # noqa: ARG002 - the interface
        return 0

    async def _chosen(self, selection: Selection) -> list[tuple[str, dict[str, Any]]]:
        chunks = [(name, orjson.loads(await self._folder.get(name))) for name in self._folder.names()]
        return [
            (name, chunk)
            for name, chunk in chunks
            if (not selection.sites or chunk["site"] in selection.sites)
            and chunk["site"] not in selection.except_sites
            and (selection.older_than_rules is None or chunk["rules"] < selection.older_than_rules)
        ]


async def test_recording_chunks_are_audited_and_masked_anew_like_any_kind(
    database: Database, folder: Folder, tmp_path: Path
) -> None:
    chunks = Folder(tmp_path / "chunks")
    for number in range(4):
        text = {"site": 1, "rules": 1, "events": [{"type": 3, "data": {"text": f"by {SECRET}", "x": number}}]}
        await chunks.put(f"{number}.json", orjson.dumps(text))
    await activate(database, operator(), Wanted(source=STAFF))
    walkers = Walkers(Catalogue(database, folder))
    walkers.register(Chunks(chunks))
    store = RulesStore(database)
    report = await Audit(walkers, await store.by_site()).run(Selection())
    assert [(one.kind, one.detector, one.signals) for one in report.findings] == [("chunks", "staff_number", 4)]
    assert report.findings[0].places[0].path == "$[0].data.text"
    told: list[Job] = []

    async def watch(job: Job) -> None:
        told.append(job)

    done = await Remasking(database, walkers, store).run(operator(), kinds=["chunks"], watch=watch)
    assert (done.changed, done.kinds, done.walked) == (4, ("chunks",), ("chunks@0",))
    assert told
    assert (await Audit(walkers, await store.by_site()).run(Selection())).findings == []
    assert {orjson.loads(await chunks.get(name))["rules"] for name in chunks.names()} == {2}
