"""Walkers over journal and extents, on a real PostgreSQL."""

from sightline import clock
from sightline.database.pool import Database
from sightline.privacy.dictionary import default
from sightline.signals.event import EVENT
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Registry
from sightline.signals.masking import Masking
from sightline.signals.parquet import decode
from sightline.signals.sealing import Sealer
from sightline.signals.walkers import Selection, Walkers
from sightline.signals.warehouse import Warehouse
from tests.signals.making import Folder, event

ANN = "ann@shop.example"
MASKING = Masking(2, default())


async def _stored(journal: Journal, database: Database, folder: Folder) -> Walkers:
    await journal.append(Batch(signals=[event(1, title=f"mail {ANN}", site=1), event(2, title="plain", site=2)]))
    await Sealer(Catalogue(database, folder)).seal(clock.now_ms() + 1000)
    await journal.append(
        Batch(signals=[event(3, title=f"mail {ANN}", properties=f'{{"a":"{ANN}"}}', query=f"email={ANN}", site=1)])
    )
    return Walkers(Catalogue(database, folder), Registry([EVENT]))


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
    assert seen["properties", f'{{"a":"{ANN}"}}'] == 1
    everything = [
        (found.where.split("/")[0], found.column, text)
        for walker in walkers
        async for found in walker.texts(Selection())
        for text in found.texts
    ]
    assert everything.count(("event", "title", f"mail {ANN}")) == 1
    assert everything.count(("journal", "title", f"mail {ANN}")) == 1
    assert ("event", "browser", "firefox") not in everything


async def test_each_text_comes_with_a_row_in_which_it_stands(
    journal: Journal, database: Database, folder: Folder
) -> None:
    walkers = await _stored(journal, database, folder)
    rows = {
        (text, row)
        for walker in walkers
        async for found in walker.texts(Selection(sites=(1,)))
        for text, row in zip(found.texts, found.rows, strict=True)
        if found.column == "path"
    }
    stored = await database.fetch("SELECT path, batch, place FROM signal_event WHERE site = 1")
    assert rows == {(row["path"], f"{row['batch']}:{row['place']}") for row in stored}


async def test_a_selection_leaves_out_sites_and_other_times(
    journal: Journal, database: Database, folder: Folder
) -> None:
    await journal.append(Batch(signals=[event(n, site=n % 2 + 1, created_ms=1_000 * n) for n in range(1, 9)]))
    walkers = Walkers(Catalogue(database, folder), Registry([EVENT]))
    (walker,) = walkers
    chosen = Selection(except_sites=(1,), since_ms=2_000, until_ms=6_000)
    found = [text async for part in walker.texts(chosen) if part.column == "path" for text in part.texts]
    assert sorted(found) == ["/p/3", "/p/5"]
    assert await walker.size(Selection()) == 8


async def test_remasking_rewrites_journal_extents_and_warehouse_and_notes_the_rules(
    journal: Journal, database: Database, folder: Folder, warehouse: Warehouse
) -> None:
    walkers = await _stored(journal, database, folder)
    await warehouse.caught_up()
    changed = [await walker.remask(Selection(), MASKING) for walker in walkers]
    assert changed == [2 + 3]  # two sealed ones, and all three that are still in the journal
    assert [await walker.remask(Selection(), MASKING) for walker in walkers] == [0]
    await warehouse.caught_up()
    rows = (await warehouse.query("SELECT path, title, properties, query, rules FROM event ORDER BY path")).to_pylist()
    assert [(row["title"], row["properties"], row["query"], row["rules"]) for row in rows] == [
        ("mail [email]", "", "", 2),
        ("plain", "", "", 2),
        ("mail [email]", '{"a":"[email]"}', "email=********", 2),
    ]
    assert await database.fetchval("SELECT count(*) FROM signal_event AS e WHERE e::text LIKE $1", f"%{ANN}%") == 0
    sealed = [decode(EVENT, await folder.get(name)) for name in folder.names()]
    assert [title for table in sealed for title in table["title"].to_pylist()] == ["mail [email]", "plain"]


async def test_remasking_one_site_leaves_the_others_as_they_are(
    journal: Journal, database: Database, folder: Folder
) -> None:
    walkers = await _stored(journal, database, folder)
    for walker in walkers:
        await walker.remask(Selection(sites=(1,)), MASKING)
    rows = await database.fetch("SELECT DISTINCT site, rules FROM signal_event ORDER BY site")
    assert [(row["site"], row["rules"]) for row in rows] == [(1, 2), (2, 1)]


async def test_what_compaction_replaced_does_not_outlive_a_masking_anew(
    journal: Journal, database: Database, folder: Folder
) -> None:
    sealer = Sealer(Catalogue(database, folder))
    for number in range(2):
        await journal.append(Batch(signals=[event(number, title=f"mail {ANN}")]))
        await sealer.seal(clock.now_ms() + 1000)
    await sealer.compact()
    assert len(folder.names()) == 3
    for walker in Walkers(Catalogue(database, folder), Registry([EVENT])):
        await walker.remask(Selection(), MASKING)
    (name,) = folder.names()
    assert decode(EVENT, await folder.get(name))["title"].to_pylist() == ["mail [email]"] * 2


async def test_whoever_keeps_texts_elsewhere_registers_once_and_is_walked_too(
    database: Database, folder: Folder
) -> None:
    walkers = Walkers(Catalogue(database, folder), Registry([EVENT]))
    event_walker = next(iter(walkers))

    class Recordings:
        name = "recordings"
        texts = event_walker.texts
        size = event_walker.size
        remask = event_walker.remask
        erase = event_walker.erase

    walkers.register(Recordings())
    assert walkers.names() == ["event", "recordings"]
    assert [walker.name for walker in walkers.beside_kinds()] == ["recordings"]
