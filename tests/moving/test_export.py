"""The raw export: everything that is stored, each row once, sealed or not, and what comes back is what went out."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sightline import clock
from sightline.analytics.export import Format
from sightline.moving.csv_file import CsvWish, move_csv
from sightline.moving.export import exported
from sightline.moving.stored import Range
from sightline.operate.house import House
from sightline.settings import SignalSettings
from sightline.signals.event import EVENT, Event
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.sealing import Sealer
from tests.collect.conftest import make_site
from tests.signals.making import events

NASTY = ["=1+1", "'=1", "'plain", "-", "a,b", 'q"q', "line\u2028", "ünï", "x" * 500, "@a", "+1"]


@pytest.fixture
async def journal(house: House) -> AsyncIterator[Journal]:
    opened = Journal(house.database.address, SignalSettings())
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
async def site(house: House, journal: Journal) -> int:
    """A site of which half is sealed, beside another one."""
    site, _, _ = await make_site(house.database)
    nasty = [
        event
        for number, text in enumerate(NASTY)
        for event in events(1, first=7000 + number, site=site, title=text, name=text[:50], revenue=number * 10**12)
    ]
    await journal.append(Batch(signals=[*events(300, site=site), *events(50, site=site + 1000), *nasty]))
    await journal.append(Batch(signals=events(200, first=300, site=site, person=2**62)))
    await Sealer(catalogue(house)).seal(before_ms=clock.now_ms() + 60_000)
    await journal.append(Batch(signals=[*events(100, first=500, site=site), *events(50, first=900, site=site + 1000)]))
    return site


def catalogue(house: House) -> Catalogue:
    return Catalogue(house.database, house.stores.extents, house.direct)


async def written(house: House, site: int, form: Format, from_ms: int = 0, to_ms: int = 2**62) -> bytes:
    wanted = Range(kind=EVENT, site=site, from_ms=from_ms, to_ms=to_ms)
    return b"".join([data async for data in exported(catalogue(house), wanted, form)])


async def truth(house: House, site: int) -> list[dict[str, Any]]:
    rows = await house.database.fetch("SELECT * FROM signal_event WHERE site = $1 ORDER BY batch, place", site)
    return [{name: row[name] for name in EVENT.column_names} for row in rows]


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["batch"], row["place"]))


async def test_every_row_is_there_once_in_every_format(house: House, site: int) -> None:
    expected = await truth(house, site)
    assert len(expected) == 611
    table = pq.read_table(pa.BufferReader(await written(house, site, Format.PARQUET)))
    assert ordered(table.to_pylist()) == expected
    with pa.ipc.open_stream(await written(house, site, Format.ARROW)) as stream:
        assert ordered(stream.read_all().to_pylist()) == expected
    ids = ("site", "visitor", "visit", "person", "batch")
    rows = json.loads(await written(house, site, Format.JSON))
    rows = [{**row, **{name: None if row[name] is None else int(row[name]) for name in ids}} for row in rows]
    assert ordered(rows) == expected


async def test_texts_that_a_spreadsheet_would_run_are_harmless(house: House, site: int) -> None:
    rows = list(csv.DictReader(io.StringIO((await written(house, site, Format.CSV)).decode(), newline="")))
    assert len(rows) == 611
    titles = {row["title"] for row in rows}
    assert {"'=1+1", "''=1", "''plain", "'-", "'@a", "a,b"} <= titles
    assert not [title for title in titles if title.startswith(("=", "+", "-", "@"))]


async def test_a_range_is_by_when_it_happened(house: House, site: int, journal: Journal) -> None:
    for moment in (1_000_000, 2_000_000):
        await journal.append(Batch(signals=[Event(site=site, created_ms=moment, path=f"/{moment}")]))
    rows = json.loads(await written(house, site, Format.JSON, from_ms=1_000_000, to_ms=2_000_000))
    assert [row["path"] for row in rows] == ["/1000000"]
    assert json.loads(await written(house, site + 999, Format.JSON)) == []


async def test_our_own_csv_comes_back_as_it_went_out(house: House, site: int, tmp_path: Path) -> None:
    import zoneinfo

    file = tmp_path / "out.csv"
    file.write_bytes(await written(house, site, Format.CSV))
    other, _, tenant = await make_site(house.database, team="Other")
    wish = CsvWish(file=file, zone=zoneinfo.ZoneInfo("UTC"))
    result = await move_csv(house, other, tenant, wish)
    assert (result.read, result.stored, result.refused) == (611, 611, 0)
    own = {"site", "batch", "place", "received_ms", "rules"}

    def plain(rows: list[dict[str, Any]]) -> list[str]:
        return sorted(str({name: value for name, value in row.items() if name not in own}) for row in rows)

    there, here = plain(await truth(house, other)), plain(await truth(house, site))
    assert sorted(set(there) - set(here)) == sorted(set(here) - set(there)) == []
    assert there == here


async def test_what_is_read_takes_no_more_memory_than_a_portion(house: House, site: int, journal: Journal) -> None:
    for start in range(0, 60_000, 10_000):
        await journal.append(Batch(signals=events(10_000, first=start, site=site)))
    await Sealer(catalogue(house)).seal(before_ms=clock.now_ms() + 60_000)
    wanted = Range(kind=EVENT, site=site)
    before = pa.total_allocated_bytes()
    most = 0
    async for _ in exported(catalogue(house), wanted, Format.CSV):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 48 << 20
