"""Reports: run by a body as Umami 3.1 does and by an address as later releases do, saved, narrowed by segments."""

import json
from typing import Any

import pytest

from sightline import clock
from tests.compat.conftest import Umami
from tests.compat.test_traffic import DAY, NOON, visited

DATES = {"startDate": "2026-10-25T00:00:00Z", "endDate": "2026-10-25T23:59:59.999Z", "timezone": "UTC"}
STEPS = [
    {"type": "path", "value": "/"},
    {"type": "path", "value": "/pric*"},
    {"type": "event", "value": "buy", "filters": [{"property": "plan", "operator": "eq", "value": "pro"}]},
]


@pytest.fixture
async def shop(admin: Umami, site: str) -> str:
    await visited(admin, site)
    return site


async def run(admin: Umami, site: str, report: str, filters: Any = None, **parameters: Any) -> Any:
    body = {"websiteId": site, "type": report, "filters": filters or {}, "parameters": {**DATES, **parameters}}
    return await admin.post(f"/reports/{report}", body)


async def test_a_funnel_says_who_is_left_after_each_step(admin: Umami, shop: str) -> None:
    found = await run(admin, shop, "funnel", steps=STEPS, window=60)
    assert [(row["visitors"], row["previous"], row["dropped"], row["dropoff"], row["remaining"]) for row in found] == [
        (2, 0, 0, 0, 1), (1, 2, 1, 0.5, 0.5), (1, 1, 0, 0, 0.5),
    ]  # fmt: skip
    assert [row["value"] for row in found] == ["/", "/pric*", "buy"]
    same = await admin.get(f"/websites/{shop}/funnels/stats", **DAY, steps=json.dumps(STEPS), window=60)
    assert same == found
    assert [row["visitors"] for row in await run(admin, shop, "funnel", {"country": "DE"}, steps=STEPS)] == [0, 0, 0]


async def test_a_goal_is_a_part_of_all(admin: Umami, shop: str) -> None:
    assert await run(admin, shop, "goal", type="event", value="buy") == {"num": 1, "total": 3}
    assert await run(admin, shop, "goal", type="path", value="/") == {"num": 2, "total": 3}
    found = await admin.get(f"/websites/{shop}/goals/stats", **DAY, type="path", value="/docs")
    assert found == {"num": 1, "total": 3}


async def test_journeys_are_what_visits_begin_with(admin: Umami, shop: str) -> None:
    found = await run(admin, shop, "journey", steps=3)
    assert {tuple(row["items"]): row["count"] for row in found} == {
        ("/", "/pricing", "buy"): 1, ("/", None, None): 1, ("/docs", None, None): 1,
    }  # fmt: skip
    assert len(await run(admin, shop, "journey", steps=3, startStep="/", endStep="buy")) == 1


async def test_retention_counts_those_who_came_for_the_first_time_ever(admin: Umami, shop: str) -> None:
    with clock.held(NOON + 24 * 3600_000):
        await admin.send(shop, who=7, url="/")
    later = {"startDate": "2026-10-25", "endDate": "2026-10-26T23:59:59.999Z", "timezone": "UTC"}
    found = await run(admin, shop, "retention", **later)
    assert [(row["date"], row["day"], row["visitors"], row["returnVisitors"], row["percentage"]) for row in found] == [
        ("2026-10-25 00:00:00", 0, 3, 3, 100), ("2026-10-25 00:00:00", 1, 3, 0, 0),
        ("2026-10-26 00:00:00", 0, 1, 1, 100),
    ]  # fmt: skip


async def test_campaigns_sources_and_money(admin: Umami, shop: str) -> None:
    utm = await run(admin, shop, "utm")
    assert utm["utm_source"] == [{"utm": "news", "views": 1}]
    assert utm["utm_term"] == []
    assert await admin.get(f"/websites/{shop}/utm/metrics", **DAY, type="utmSource") == utm["utm_source"]
    sources = await run(admin, shop, "attribution", model="first-click", type="event", step="buy")
    assert sources["referrer"] == [{"name": "search.example", "value": 1}]
    assert sources["utm_source"] == [{"name": "news", "value": 1}]
    assert sources["total"] == {"pageviews": 4, "visitors": 3, "visits": 3}
    money = await run(admin, shop, "revenue", currency="EUR", unit="day")
    assert money["chart"] == [{"x": "buy", "t": "2026-10-25 00:00:00", "y": 20, "count": 1}]
    assert money["country"] == [{"name": "NL", "value": 20}]
    whole = {name: money["total"][name] for name in ("sum", "count", "unique_count", "average", "arpu")}
    assert whole == {"sum": 20, "count": 1, "unique_count": 1, "average": 20, "arpu": 20}
    assert (await run(admin, shop, "revenue", currency="USD"))["total"]["sum"] == 0
    with clock.held(NOON + 400_000):
        for who in (2, 3):
            await admin.send(shop, who=who, url="/", name="buy", data={"revenue": 900, "currency": "JPY"})
    assert (await run(admin, shop, "revenue"))["total"]["sum"] == 1800, "currencies are never added up"
    buyers = await admin.get(f"/websites/{shop}/revenue/sessions", **DAY, currency="EUR")
    assert [(row["views"], row["events"]) for row in buyers["data"]] == [(2, 1)]


async def test_a_breakdown_takes_any_fields(admin: Umami, shop: str) -> None:
    found = await run(admin, shop, "breakdown", fields=["path", "country"])
    assert {(row["path"], row["country"], row["views"], row["totaltime"]) for row in found} == {
        ("/", "NL", 2, 90), ("/pricing", "NL", 1, 90), ("/docs", "DE", 1, 0),
    }  # fmt: skip
    assert await admin.get(f"/websites/{shop}/breakdown", **DAY, fields="path,country") == found


async def test_a_saved_report_is_given_back_as_it_was_sent(admin: Umami, shop: str) -> None:
    body = {"websiteId": shop, "type": "funnel", "name": "Buying", "description": "d",
            "parameters": {"steps": STEPS, "window": 30}}  # fmt: skip
    made = await admin.post("/reports", body)
    assert {name: made[name] for name in body} == body
    changed = await admin.post(f"/reports/{made['id']}", {**body, "name": "Better"})
    assert (changed["id"], changed["name"]) == (made["id"], "Better")
    assert [row["id"] for row in (await admin.get("/reports", websiteId=shop, type="funnel"))["data"]] == [made["id"]]
    assert (await admin.get(f"/websites/{shop}/reports", type="goal"))["count"] == 0
    stats = await admin.get(f"/websites/{shop}/funnels/{made['id']}/stats", **DAY)
    assert [row["visitors"] for row in stats] == [2, 1, 1]
    await admin.delete(f"/reports/{made['id']}")
    assert (await admin.refused("GET", f"/reports/{made['id']}"))[0] == 404


async def test_segments_and_cohorts_narrow_every_number(admin: Umami, shop: str) -> None:
    filters = [{"name": "country", "operator": "eq", "value": "NL"}]
    sent = {"name": "Dutch", "type": "segment", "parameters": {"filters": filters, "match": "all"}}
    segment = await admin.post(f"/websites/{shop}/segments", sent)
    assert {name: segment[name] for name in sent} == sent
    assert (await admin.get(f"/websites/{shop}/stats", **DAY, segment=segment["id"]))["visitors"] == 2
    action = {"type": "event", "value": "buy"}
    when = f"range:{DAY['startAt']}:{DAY['endAt']}"
    sent = {"name": "Buyers", "type": "cohort",
            "parameters": {"filters": [], "match": "all", "action": action, "dateRange": when}}  # fmt: skip
    cohort = await admin.post(f"/websites/{shop}/segments", sent)
    assert {name: cohort[name] for name in sent} == sent
    found = await admin.get(f"/websites/{shop}/stats", **DAY, cohort=cohort["id"])
    assert (found["visitors"], found["pageviews"]) == (1, 2)
    assert (await admin.get(f"/websites/{shop}/segments", type="cohort"))["count"] == 1
    foreign = await admin.website(name="Other")
    refused = await admin.refused("GET", f"/websites/{foreign}/stats", **DAY, segment=segment["id"])
    assert refused[:2] == (404, "not-found")


@pytest.mark.parametrize("text", ["0day", "-1day", "30day", "24hour", "12week", "6month", "0year", "all"])
async def test_the_name_of_a_range_comes_back_as_it_was(admin: Umami, site: str, text: str) -> None:
    parameters = {"action": {"type": "path", "value": "/"}, "dateRange": text}
    made = await admin.post(f"/websites/{site}/segments", {"name": "C", "type": "cohort", "parameters": parameters})
    assert made["parameters"]["dateRange"] == text
