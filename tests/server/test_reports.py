"""Reports over HTTP: from what is stored, through the warehouse or PostgreSQL, to an answer in the wanted format."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import Request

from sightline.operate.house import House
from sightline.server.api.reports import while_waited_for
from sightline.settings import SignalSettings, WarehouseSettings
from sightline.signals.event import Event, EventType
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.warehouse import Warehouse
from tests.server.application import Browser, browsing, served
from tests.server.calls import error, made
from tests.signals.making import Folder

NOON = 1_792_929_600_000  # 2026-10-25 12:00 UTC


@pytest.fixture
async def warehouse(house: House, tmp_path: Path) -> AsyncIterator[Warehouse]:
    settings = WarehouseSettings(poll_ms=20, memory_mb=256)
    catalogue = Catalogue(house.database, Folder(tmp_path / "extents"))
    opened = Warehouse(tmp_path / "warehouse.duckdb", catalogue, settings)
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
async def journal(house: House) -> AsyncIterator[Journal]:
    opened = Journal(house.database.address, SignalSettings())
    await opened.start()
    yield opened
    await opened.close()


def seen(site: int, visitor: int, minutes: int, path: str, **fields: Any) -> Event:
    return Event(
        site=site, visitor=visitor, visit=visitor, created_ms=NOON + minutes * 60_000, path=path, **fields
    )  # fmt: skip


async def watched(admin: Browser, journal: Journal, *, zone: str = "UTC") -> int:
    """A site, and two visits of it."""
    site = int((await made(admin, "/sites", {"name": "Shop", "time_zone": zone}))["id"])
    buy = {"type": EventType.CUSTOM, "name": "buy", "properties": '{"plan":"pro"}', "revenue": 99_0000}
    await journal.append(
        Batch(
            signals=[
                seen(site, 1, 0, "/", referrer_domain="search.example", channel="search"),
                seen(site, 1, 5, "/pricing", title="=1+1"),
                seen(site, 1, 6, "/pricing", currency="EUR", **buy),
                seen(site, 2, 60, "/", channel="direct"),
                seen(site + 1, 3, 0, "/other"),
            ]
        )
    )
    return site


def asked(site: int, name: str, **query: Any) -> tuple[str, dict[str, Any]]:
    return f"/sites/{site}/reports/{name}", {"start": "2026-10-25", "end": "2026-10-25", **query}


async def get(browser: Browser, site: int, name: str, **query: Any) -> Any:
    path, params = asked(site, name, **query)
    answer = await browser("GET", path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_report_is_answered_from_the_journal_where_there_is_no_warehouse(
    admin: Browser, journal: Journal
) -> None:
    site = await watched(admin, journal)
    found = {row["metric"]: row["value"] for row in (await get(admin, site, "overview"))["rows"]}
    assert (found["visitors"], found["visits"], found["views"], found["events"]) == (2, 2, 3, 1)
    assert (found["bounces"], found["bounce_rate"], found["duration_s"]) == (1, 0.5, 150)


async def test_every_report_answers_through_the_warehouse(
    admin: Browser, house: House, journal: Journal, warehouse: Warehouse
) -> None:
    site = await watched(admin, journal)
    await warehouse.caught_up()
    whole = msgspec.structs.replace(house, warehouse=warehouse)
    async with browsing(served(whole)) as browser:
        browser.headers, browser.client.cookies = admin.headers, admin.client.cookies
        by = await get(browser, site, "breakdown", by=["path", "channel"], metric=["views", "bounces"])
        assert [row["path"] for row in by["rows"]] == ["/", "/", "/pricing"]
        goal = await get(browser, site, "goals", goal=["event:buy", "path:/pricing"])
        assert [row["rate"] for row in goal["rows"]] == [0.5, 0.5]
        step = ["path:/", '["event:buy","property:plan:eq:pro"]']
        funnel = await get(browser, site, "funnel", step=step, window_minutes=10)
        assert [row["visitors"] for row in funnel["rows"]] == [2, 1]
        queries: dict[str, dict[str, Any]] = {
            "series": {"unit": "hour", "compare": "previous"}, "weekly": {}, "campaigns": {}, "journeys": {},
            "retention": {"unit": "day"}, "attribution": {"goal": "event:buy", "model": "linear"}, "revenue": {},
            "properties": {}, "property-values": {"key": "plan"}, "realtime": {}, "visits": {}, "activity": {},
            "visitor": {"visitor": "1"}, "overview": {"compare": "year", "exclude_bounces": True},
        }  # fmt: skip
        for name, query in queries.items():
            await get(browser, site, name, **query)


async def test_reports_say_503_and_how_far_it_is_while_the_warehouse_is_rebuilt(
    admin: Browser, house: House, journal: Journal, warehouse: Warehouse
) -> None:
    site = await watched(admin, journal)
    await warehouse.caught_up()
    whole = msgspec.structs.replace(house, warehouse=warehouse)
    async with browsing(served(whole)) as browser:
        browser.headers, browser.client.cookies = admin.headers, admin.client.cookies
        # Extents are locked away: the rebuild waits for them, as it would for a slow store.
        held = asyncio.Event()
        original = warehouse._catalogue.snapshot

        async def waiting() -> Any:
            await held.wait()
            return await original()

        warehouse._catalogue.snapshot = waiting  # type: ignore[method-assign]
        warehouse.rebuild()
        while warehouse.status().phase != "building":
            await asyncio.sleep(0.01)
        answer = await browser("GET", f"/sites/{site}/reports/overview")
        assert error(answer)[:2] == (503, "warehouse_rebuilding")
        assert "rows" in answer.json()["error"]["message"]
        assert answer.headers["retry-after"]
        held.set()
        await warehouse.caught_up()
        await get(browser, site, "overview")


async def test_rows_come_as_csv_parquet_and_arrow_too(admin: Browser, journal: Journal) -> None:
    site = await watched(admin, journal)
    path, params = asked(site, "breakdown", by="title", metric="views")
    answer = await admin("GET", path, params=params, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows == [{"title": "", "views": "2"}, {"title": "'=1+1", "views": "1"}]
    parquet = await admin("GET", path, params={**params, "format": "parquet"})
    arrow = await admin("GET", path, params={**params, "format": "arrow"})
    assert pq.read_table(pa.BufferReader(parquet.content)).to_pylist() == [
        {"title": "", "views": 2}, {"title": "=1+1", "views": 1},
    ]  # fmt: skip
    assert pa.ipc.open_stream(arrow.content).read_all().num_rows == 2


async def test_a_report_is_told_in_the_zone_of_the_site(admin: Browser, journal: Journal) -> None:
    site = await watched(admin, journal, zone="Pacific/Auckland")
    found = await get(admin, site, "series", unit="day", metric="views", start="2026-10-25", end="2026-10-26")
    assert [(row["begins"], row["views"]) for row in found["rows"]] == [
        ("2026-10-25T00:00:00+13:00", 0), ("2026-10-26T00:00:00+13:00", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("breakdown", {"by": "shoe_size"}, "by"),
        ("breakdown", {"by": "path", "metric": "joy"}, "metric"),
        ("breakdown", {}, "by"),
        ("overview", {"filter": "path:is:/"}, "filter"),
        ("overview", {"filter": "path:re:(a+)+$"}, "filter"),
        ("overview", {"filter": "path:re:(?=a)*b"}, "filter"),
        ("overview", {"filter": "path:gt:3"}, "filter"),
        ("overview", {"filter": "property:x:gt:three"}, "filter"),
        ("overview", {"filter": "path:eq:\x00"}, "filter"),
        ("overview", {"range": "7 days"}, "range"),
        ("overview", {"range": None, "start": "2026-01-02", "end": "2026-01-01"}, "range"),
        ("overview", {"start": "2026-01-02T25:00", "end": "2026-01-03"}, "start"),
        ("overview", {"start": "2026-01-02"}, "end"),
        ("overview", {"zone": "Europe/Atlantis"}, "zone"),
        ("overview", {"zone": "../../etc/passwd"}, "zone"),
        ("series", {"unit": "minute", "range": "2y"}, "unit"),
        ("series", {"unit": "fortnight"}, "unit"),
        ("funnel", {"step": "path:/"}, "step"),
        ("funnel", {"step": ["path:/", "shoe"]}, "step"),
        ("visits", {"cursor": "x"}, "cursor"),
        ("visits", {"visitor": "me"}, "visitor"),
        ("overview", {"fliter": "path:eq:/"}, "fliter"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused_with_its_field(
    admin: Browser, name: str, query: dict[str, Any], field: str
) -> None:
    site = (await made(admin, "/sites", {"name": "Shop"}))["id"]
    answer = await admin("GET", f"/sites/{site}/reports/{name}", params={k: v for k, v in query.items() if v})
    status, code, said = error(answer)
    assert (status, code) == (422, "invalid_value"), answer.text
    assert said is not None
    assert said.startswith(field)


async def test_an_unknown_dimension_is_answered_with_those_that_there_are(admin: Browser) -> None:
    site = (await made(admin, "/sites", {"name": "Shop"}))["id"]
    answer = await admin("GET", f"/sites/{site}/reports/breakdown", params={"by": "shoe_size"})
    assert "path, entry, exit" in answer.json()["error"]["hint"]


async def test_work_ends_when_its_client_goes_away() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    answer: object = await while_waited_for(Request({"type": "http"}, receive), work())
    assert answer is None
    assert ended.is_set()


async def test_work_ends_when_the_server_gives_it_up() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await while_waited_for(Request({"type": "http"}, receive), work())
    assert ended.is_set()


async def test_a_saved_segment_and_a_cohort_narrow_any_report(admin: Browser, journal: Journal) -> None:
    site = await watched(admin, journal)
    path = f"/sites/{site}/segments"
    searched = await made(admin, path, {"name": "Searched", "definition": {"filter": ["channel:eq:search"]}})
    day = {"start": "2026-10-25", "end": "2026-10-25"}
    bought = await made(admin, path, {"name": "Buyers", "definition": {"did": "event:buy", **day}})
    views = {"by": "path", "metric": "views"}
    of_searched = await get(admin, site, "breakdown", **views, segment=searched["id"])
    assert of_searched["rows"] == [{"path": "/", "views": 1}]
    of_buyers = await get(admin, site, "breakdown", **views, segment=bought["id"])
    assert of_buyers["rows"] == [{"path": "/", "views": 1}, {"path": "/pricing", "views": 1}]
    assert (await get(admin, site, "goals", goal="path:/", segment=bought["id"]))["visitors"] == 1
    assert [one["name"] for one in (await admin("GET", path)).json()["items"]] == ["Searched", "Buyers"]
    new = {"name": "Direct", "definition": {"filter": ["channel:eq:direct"]}}
    changed = await admin("PUT", f"{path}/{searched['id']}", new)
    assert changed.json()["definition"]["filter"] == ["channel:eq:direct"]
    assert (await get(admin, site, "overview", segment=searched["id"]))["rows"][0]["value"] == 1
    assert (await admin("DELETE", f"{path}/{searched['id']}")).status_code == 204
    gone = await admin("GET", f"/sites/{site}/reports/overview", params={"segment": searched["id"]})
    assert error(gone)[:2] == (404, "not_found")


async def test_a_segment_of_another_site_narrows_nothing_here(admin: Browser, journal: Journal) -> None:
    site = await watched(admin, journal)
    other = (await made(admin, "/sites", {"name": "Other"}))["id"]
    theirs = await made(admin, f"/sites/{other}/segments", {"name": "A", "definition": {"filter": ["path:eq:/"]}})
    answer = await admin("GET", f"/sites/{site}/reports/overview", params={"segment": theirs["id"]})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "definition", [{}, {"filter": ["shoe:eq:1"]}, {"did": "shoe"}, {"did": "event:a", "range": "x"}, {"shoe": 1}]
)
async def test_a_segment_that_means_nothing_is_not_saved(admin: Browser, definition: dict[str, Any]) -> None:
    site = (await made(admin, "/sites", {"name": "Shop"}))["id"]
    answer = await admin("POST", f"/sites/{site}/segments", {"name": "A", "definition": definition})
    assert answer.status_code == 422
