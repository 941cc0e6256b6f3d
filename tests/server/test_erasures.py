"""Erasing on a site over HTTP: at once for readers, in the background in every store."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sightline import clock
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.operate.house import House, local_warehouse
from sightline.privacy import pseudonyms
from sightline.server.schedule import JOBS
from sightline.settings import SignalSettings, WarehouseSettings
from sightline.signals import emptying
from sightline.signals.event import Event
from sightline.signals.journal import Batch, Journal
from sightline.signals.sealing import Sealer
from tests.server.application import Browser, browsing, served
from tests.server.calls import error, made


@pytest.fixture
async def whole(house: House, tmp_path: Path) -> AsyncIterator[House]:
    """A house with a warehouse that polls often."""
    settings = msgspec.structs.replace(house.settings, warehouse=WarehouseSettings(poll_ms=20, memory_mb=256))
    here = msgspec.structs.replace(house, loaded=msgspec.structs.replace(house.loaded, settings=settings))
    opened = local_warehouse(here)
    yield msgspec.structs.replace(here, warehouse=opened)
    await opened.close()


@pytest.fixture
async def owner(admin: Browser, whole: House) -> AsyncIterator[Browser]:
    """The administrator, at a process that has the warehouse."""
    async with browsing(served(whole)) as browser:
        browser.headers, browser.client.cookies = admin.headers, admin.client.cookies
        yield browser


@pytest.fixture
async def journal(house: House) -> AsyncIterator[Journal]:
    opened = Journal(house.database.address, SignalSettings())
    await opened.start()
    yield opened
    await opened.close()


def seen(site: int, visitor: int, **fields: Any) -> Event:
    return Event(site=site, visitor=visitor, visit=visitor * 10, created_ms=clock.now_ms() - 1000, path="/", **fields)


async def store(journal: Journal, *signals: Event) -> None:
    await journal.append(Batch(signals=list(signals)))


async def views(house: House, owner: Browser, site: int) -> int:
    assert house.warehouse is not None
    await house.warehouse.caught_up()
    answer = await owner("GET", f"/sites/{site}/reports/overview", params={"range": "24h"})
    assert answer.status_code == 200, answer.text
    return int(next(row["value"] for row in answer.json()["rows"] if row["metric"] == "views"))


async def carry_out(house: House) -> None:
    """What the leading process does when the job's turn has come."""

    async def nobody(_done: float) -> None: ...

    (job,) = [job for job in JOBS if job.name == emptying.JOB]
    await job.run(house, nobody)


async def new_site(owner: Browser) -> int:
    return int((await made(owner, "/sites", {"name": "Shop"}))["id"])


async def test_a_reset_is_seen_at_once_and_done_in_the_background(
    whole: House, owner: Browser, journal: Journal
) -> None:
    site, other = await new_site(owner), await new_site(owner)
    await store(journal, *(seen(site, number) for number in range(1, 5)), seen(other, 9))
    await Sealer(whole.catalogue).seal(clock.now_ms() + 1000)
    await store(journal, seen(site, 5))
    assert await views(whole, owner, site) == 5
    answer = await owner("POST", f"/sites/{site}/reset")
    assert answer.status_code == 202, answer.text
    asked = answer.json()
    assert (asked["reason"], asked["done"], asked["finished_at"]) == ("reset", 0, None)
    assert await views(whole, owner, site) == 0  # although nothing was taken out of any store yet
    assert (await whole.catalogue.snapshot()).rows == 5
    assert (await owner("GET", f"/sites/{site}")).json()["reset_at"] is not None
    await store(journal, Event(site=site, visitor=6, created_ms=clock.now_ms() + 1, path="/"))
    await carry_out(whole)
    (listed,) = (await owner("GET", f"/sites/{site}/erasures")).json()["items"]
    assert (listed["id"], listed["rows"], listed["done"]) == (asked["id"], 5, 1)
    assert listed["finished_at"] is not None
    assert (await whole.catalogue.snapshot()).rows == 1
    assert await views(whole, owner, site) == 1
    assert await views(whole, owner, other) == 1


async def test_a_removed_site_takes_its_data_along(whole: House, owner: Browser, journal: Journal) -> None:
    site = await new_site(owner)
    await store(journal, seen(site, 1), seen(site, 2))
    await Sealer(whole.catalogue).seal(clock.now_ms() + 1000)
    assert (await owner("DELETE", f"/sites/{site}")).status_code == 204
    assert (await owner("GET", f"/sites/{site}/reports/overview")).status_code == 404
    await carry_out(whole)
    assert await whole.database.fetchval("SELECT count(*) FROM signal_event WHERE site = $1", site) == 0
    assert [extent for extent in (await whole.catalogue.snapshot()).extents if site in extent.sites] == []


async def test_a_person_goes_by_name_with_everything_before_they_were_named(
    whole: House, owner: Browser, journal: Journal
) -> None:
    site = await new_site(owner)
    scope = await scope_for(whole.database, operator(), Permission.SITE_ERASE, site=str(site))
    key = await whole.keys.hmac_key(scope.tenant, "person")
    anna = pseudonyms.person(key, str(scope.tenant), "anna-4711")
    await store(journal, seen(site, 1), seen(site, 2))
    await Sealer(whole.catalogue).seal(clock.now_ms() + 1000)
    await store(journal, seen(site, 1, person=anna), seen(site, 2))
    path, wanted = f"/sites/{site}/erasures", {"named": ["anna-4711"]}
    preview = await owner("POST", path, {**wanted, "dry_run": True})
    assert preview.json()["erasure"] is None
    assert {kind: count for kind, count in preview.json()["signals"].items() if count} == {"event": 2}
    assert await views(whole, owner, site) == 4
    assert (await owner("POST", path, wanted)).status_code == 202
    await carry_out(whole)
    assert await views(whole, owner, site) == 2
    (listed,) = (await owner("GET", path)).json()["items"]
    assert (listed["reason"], listed["persons"], listed["rows"]) == ("asked", 1, 2)


async def test_an_erasure_says_what_is_wrong_with_it(owner: Browser) -> None:
    site = await new_site(owner)
    for body in ({}, {"visitors": ["x"]}, {"visits": ["-1"]}, {"visitors": [1]}, {"named": ["a" * 1001]}):
        answer = await owner("POST", f"/sites/{site}/erasures", body)
        assert 400 <= answer.status_code < 500, answer.text
        assert error(answer)[1] in {"invalid_value", "invalid_request", "validation"}, error(answer)


async def test_what_a_site_takes_is_told_once_it_is_sealed(whole: House, owner: Browser, journal: Journal) -> None:
    site = await new_site(owner)
    assert (await owner("GET", f"/sites/{site}/storage")).json()["items"] == []
    await store(journal, seen(site, 1), seen(site, 2))
    await Sealer(whole.catalogue).seal(clock.now_ms() + 1000)
    (found,) = (await owner("GET", f"/sites/{site}/storage")).json()["items"]
    assert (found["kind"], found["days"], found["rows"]) == ("event", 365, 2)
    assert found["bytes"] > 0


async def test_the_warehouse_tells_how_far_it_is_and_is_made_anew(
    whole: House, owner: Browser, journal: Journal
) -> None:
    site = await new_site(owner)
    await store(journal, seen(site, 1))
    assert (await owner("GET", "/warehouse")).json()["phase"] == "closed"
    assert await views(whole, owner, site) == 1
    assert (await owner("GET", "/warehouse")).json()["phase"] == "open"
    assert (await owner("POST", "/warehouse/rebuild")).status_code == 202
    assert await views(whole, owner, site) == 1
    assert (await owner("GET", "/warehouse")).json()["rows_done"] == 1


async def test_a_process_without_a_warehouse_says_so(admin: Browser) -> None:
    assert (await admin("GET", "/warehouse")).status_code == 404
