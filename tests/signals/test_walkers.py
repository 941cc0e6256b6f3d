"""Audit and re-masking over journal and extents, on a real PostgreSQL."""

from collections.abc import Sequence

from sightline import clock
from sightline.database.pool import Database
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Walk
from sightline.signals.parquet import decode
from sightline.signals.sealing import Sealer
from sightline.signals.walkers import Selection, Walkers
from sightline.signals.warehouse import Warehouse
from tests.signals.making import Folder, event


async def _stored(journal: Journal, database: Database, folder: Folder) -> Walkers:
    await journal.append(Batch(signals=[event(1, title="call Ann", site=1), event(2, title="plain", site=2)]))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    await journal.append(Batch(signals=[event(3, title="call Ann", properties='{"a":"Ann"}', site=1)]))
    return Walkers(Catalogue(database, folder))


def _without_ann(_walk: Walk, texts: Sequence[str]) -> list[str]:
    return [text.replace("Ann", "***") for text in texts]


async def test_an_audit_reads_every_written_text_of_hot_and_sealed_signals(
    journal: Journal, database: Database, folder: Folder
) -> None:
    walkers = await _stored(journal, database, folder)
    seen = {
        (found.column, text): count
        for walker in walkers
        async for found in walker.texts(Selection(sites=(1,)))
        for text, count in zip(found.texts, found.counts, strict=True)
        if found.where == "journal"
    }
    assert seen[("properties", '{"a":"Ann"}')] == 1
    everything = [
        (found.where.split("/")[0], found.column, text)
        for walker in walkers
        async for found in walker.texts(Selection())
        for text in found.texts
    ]
    assert everything.count(("event", "title", "call Ann")) == 1
    assert everything.count(("journal", "title", "call Ann")) == 1
    assert ("event", "browser", "firefox") not in everything


async def test_remasking_rewrites_journal_extents_and_warehouse_and_notes_the_rules(
    journal: Journal, database: Database, folder: Folder, warehouse: Warehouse
) -> None:
    walkers = await _stored(journal, database, folder)
    await warehouse.caught_up()
    changed = [await walker.remask(Selection(), _without_ann, 2) for walker in walkers]
    assert changed == [2 + 3]  # two sealed ones, and all three that are still in the journal
    assert [await walker.remask(Selection(), _without_ann, 2) for walker in walkers] == [0]
    await warehouse.caught_up()
    rows = (await warehouse.query("SELECT path, title, properties, rules FROM event ORDER BY path")).to_pylist()
    assert [(row["title"], row["properties"], row["rules"]) for row in rows] == [
        ("call ***", "", 2),
        ("plain", "", 2),
        ("call ***", '{"a":"***"}', 2),
    ]
    assert await database.fetchval("SELECT count(*) FROM signal_event WHERE title LIKE '%Ann%'") == 0
    sealed = [decode(EVENT, await folder.get(name)) for name in folder.names()]
    assert [title for table in sealed for title in table["title"].to_pylist()] == ["call ***", "plain"]


async def test_remasking_one_site_leaves_the_others_as_they_are(
    journal: Journal, database: Database, folder: Folder
) -> None:
    walkers = await _stored(journal, database, folder)
    for walker in walkers:
        await walker.remask(Selection(sites=(1,)), _without_ann, 2)
    rows = await database.fetch("SELECT DISTINCT site, rules FROM signal_event ORDER BY site")
    assert [(row["site"], row["rules"]) for row in rows] == [(1, 2), (2, 1)]


async def test_whoever_keeps_texts_elsewhere_registers_once_and_is_walked_too(
    database: Database, folder: Folder
) -> None:
    walkers = Walkers(Catalogue(database, folder))
    event_walker = next(iter(walkers))

    class Recordings:
        name = "recordings"
        texts = event_walker.texts
        remask = event_walker.remask
        erase = event_walker.erase

    walkers.register(Recordings())
    assert walkers.names() == ["event", "recordings"]
    assert [walker.name for walker in walkers.beside_kinds()] == ["recordings"]
