"""The same answers from the warehouse, and what is erased: at once for who reads."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from sightline import clock
from sightline.database.pool import Database
from sightline.operate.house import House
from sightline.signals.warehouse import Warehouse
from tests.compat.conftest import Umami, numbers, served
from tests.compat.test_traffic import DAY, FIVE, visited


@pytest.fixture
async def nobody(house: House, warehouse: Warehouse) -> AsyncIterator[Umami]:
    async with served(msgspec.structs.replace(house, warehouse=warehouse)) as found:
        yield found


REPORTS = (
    "stats", "pageviews?unit=hour&timezone=Asia/Kolkata&compare=prev", "metrics?type=path", "metrics?type=channel",
    "metrics/expanded?type=country", "events", "events/series?unit=day&timezone=UTC", "events/stats", "sessions",
    "sessions/stats", "sessions/weekly?timezone=Europe/Zurich", "event-data", "event-data/fields",
    "event-data/values?eventName=buy&propertyName=plan", "event-data-pivot/numeric-stats?propertyName=seats",
    "event-data-pivot/numeric-series?propertyName=seats&metric=avg", "session-data/properties",
    "session-data/stats?propertyName=tier", "revenue/chart?currency=EUR", "revenue/stats", "revenue/sessions",
    "journeys?steps=3", "retention", "attribution?type=event&step=buy&model=last-click", "breakdown?fields=path,os",
    "utm/metrics?type=utmSource", "values?type=browser", "daterange",
)  # fmt: skip


async def test_the_warehouse_and_postgresql_answer_alike(
    admin: Umami, house: House, warehouse: Warehouse
) -> None:  # fmt: skip
    site = await admin.website()
    await visited(admin, site)
    await warehouse.caught_up()
    async with served(house) as slow:
        other = Umami(slow.url, slow.client, admin.token)
        for report in REPORTS:
            path = (
                f"/websites/{site}/{report}{'&' if '?' in report else '?'}startAt={DAY['startAt']}&endAt={DAY['endAt']}"
            )
            found = await admin.get(path)
            assert found == await other.get(path), report
            assert found, report


async def test_a_reset_takes_what_was_measured_and_keeps_the_site(admin: Umami, warehouse: Warehouse) -> None:
    site = await admin.website()
    await visited(admin, site)
    await warehouse.caught_up()
    assert numbers(await admin.get(f"/websites/{site}/stats", **DAY), *FIVE) == [4, 3, 3, 2, 90]
    with clock.held(DAY["endAt"] + 1):
        assert await admin.post(f"/websites/{site}/reset") == {"ok": True}
    await warehouse.caught_up()
    assert numbers(await admin.get(f"/websites/{site}/stats", **DAY), *FIVE) == [0, 0, 0, 0, 0]
    assert (await admin.get(f"/websites/{site}"))["resetAt"] is not None


async def test_a_session_is_erased(admin: Umami, warehouse: Warehouse) -> None:
    site = await admin.website()
    told = await visited(admin, site)
    assert await admin.delete(f"/websites/{site}/sessions/{told['sessionId']}") == {"ok": True}
    await warehouse.caught_up()
    listed = await admin.get(f"/websites/{site}/sessions", **DAY)
    assert (listed["count"], told["sessionId"] in {row["id"] for row in listed["data"]}) == (2, False)
    assert (await admin.refused("GET", f"/websites/{site}/sessions/{told['sessionId']}"))[0] == 404


async def test_a_removed_website_is_gone_with_its_data(
    admin: Umami, house: House, warehouse: Warehouse, database: Database
) -> None:
    site = await admin.website()
    await visited(admin, site)
    assert await admin.delete(f"/websites/{site}") == {"ok": True}
    assert (await admin.refused("GET", f"/websites/{site}"))[:2] == (404, "not-found")
    assert (await admin.get("/websites"))["count"] == 0
    await house.erasure.resume()  # as the job does
    assert await database.fetchval("SELECT count(*) FROM signal_event") == 0
