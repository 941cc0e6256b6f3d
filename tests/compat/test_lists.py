"""Events, sessions and what they carry: one by one, paged, and as properties."""

import pytest

from sightline import clock
from tests.compat.conftest import Umami
from tests.compat.test_traffic import DAY, NOON, visited


@pytest.fixture
async def shop(admin: Umami, site: str) -> str:
    await visited(admin, site)
    return site


async def test_events_are_paged_with_their_count(admin: Umami, shop: str) -> None:
    first = await admin.get(f"/websites/{shop}/events", **DAY, pageSize=2)
    assert (first["count"], first["page"], first["pageSize"], len(first["data"])) == (5, 1, 2, 2)
    pages = [await admin.get(f"/websites/{shop}/events", **DAY, pageSize=2, page=page) for page in (1, 2, 3, 4)]
    seen = [row["id"] for page in pages for row in page["data"]]
    assert len(seen) == len(set(seen)) == 5
    buys = await admin.get(f"/websites/{shop}/events", **DAY, search="buy")
    (row,) = buys["data"]
    assert (row["eventType"], row["eventName"], row["urlPath"], row["hasData"]) == (2, "buy", "/pricing", True)
    assert (row["country"], row["browser"], row["hostname"]) == ("NL", "chrome", "shop.example")


async def test_the_session_of_a_tracker_s_answer_is_the_one_that_is_listed(admin: Umami, site: str) -> None:
    told = await visited(admin, site)
    listed = await admin.get(f"/websites/{site}/sessions", **DAY)
    assert listed["count"] == 3
    row = next(row for row in listed["data"] if row["id"] == told["sessionId"])
    assert (row["visits"], row["views"], row["events"], row["country"]) == (1, 2, 1, "NL")
    assert (row["firstAt"], row["lastAt"]) == ("2026-10-25T12:00:00Z", "2026-10-25T12:02:00Z")
    one = await admin.get(f"/websites/{site}/sessions/{told['sessionId']}")
    assert {name: one[name] for name in row} == row
    events = await admin.get(f"/websites/{site}/events", **DAY)
    assert {event["visitId"] for event in events["data"] if event["sessionId"] == row["id"]} == {told["visitId"]}
    activity = await admin.get(f"/websites/{site}/sessions/{told['sessionId']}/activity", **DAY)
    assert [event["eventName"] or event["urlPath"] for event in activity] == ["buy", "/pricing", "/"]
    said = await admin.get(f"/websites/{site}/sessions/{told['sessionId']}/properties")
    assert {row["dataKey"]: (row["dataType"], row["stringValue"], row["numberValue"]) for row in said} == {
        "tier": (1, "gold", None), "score": (2, "40", 40),
    }  # fmt: skip


async def test_sessions_are_counted_by_what_they_did(admin: Umami, shop: str) -> None:
    assert await admin.get(f"/websites/{shop}/sessions/stats", **DAY) == {
        "pageviews": {"value": 4}, "visitors": {"value": 3}, "visits": {"value": 3}, "countries": {"value": 2},
        "events": {"value": 1},
    }  # fmt: skip
    week = await admin.get(f"/websites/{shop}/sessions/weekly", **DAY, timezone="Asia/Kolkata")
    assert [len(day) for day in week] == [24] * 7
    assert week[0][17] == 3  # a Sunday, 17:30 in Kolkata
    assert sum(map(sum, week)) == 3


async def test_events_are_counted_by_name_and_time(admin: Umami, shop: str) -> None:
    found = await admin.get(f"/websites/{shop}/events/series", **DAY, unit="day", timezone="UTC")
    assert found == [{"x": "buy", "t": "2026-10-25 00:00:00", "y": 1}]
    stats = (await admin.get(f"/websites/{shop}/events/stats", **DAY))["data"]
    assert stats == {
        "events": 1, "visitors": 3, "visits": 3, "uniqueEvents": 1,
        "comparison": {"events": 0, "visitors": 0, "visits": 0, "uniqueEvents": 0},
    }  # fmt: skip


async def test_the_properties_of_events_are_told_with_types_and_values(admin: Umami, shop: str) -> None:
    at = f"/websites/{shop}/event-data"
    with clock.held(NOON + 300_000):
        for seats, who in ((5, 2), (10, 3)):
            await admin.send(shop, who=who, url="/", name="buy", data={"seats": seats, "tags": ["a", "b"]})
    fields = {row["propertyName"]: (row["dataType"], row["total"]) for row in await admin.get(f"{at}/fields", **DAY)}
    assert fields == {"plan": (1, 1), "seats": (2, 3), "revenue": (2, 1), "currency": (1, 1), "tags": (1, 2)}
    properties = await admin.get(f"{at}/properties", **DAY)
    assert {row["eventName"] for row in properties} == {"buy"}
    values = await admin.get(f"{at}/values", **DAY, eventName="buy", propertyName="plan")
    assert values == [{"value": "pro", "total": 1}]
    assert await admin.get(f"{at}/stats", **DAY) == {"events": 3, "properties": 5, "records": 8}
    page = await admin.get(at, **DAY)
    assert page["count"] == 3
    one = await admin.get(f"{at}/{page['data'][-1]['eventId']}")
    assert {row["dataKey"]: row["numberValue"] for row in one}["seats"] == 3
    pivot = await admin.get(f"{at}-pivot", **DAY, eventName="buy")
    assert (
        dict(zip(pivot["data"][-1]["propertyKeys"], pivot["data"][-1]["propertyValues"], strict=True))["plan"] == "pro"
    )
    of = {"eventName": "buy", "propertyName": "seats", **DAY}
    stats = await admin.get(f"{at}-pivot/numeric-stats", **of)
    assert stats == {"average": 6, "max": 10, "median": 5, "min": 3, "total": 18}
    series = await admin.get(f"{at}-pivot/numeric-series", **of, unit="day", timezone="UTC", metric="max")
    assert series == [{"t": "2026-10-25 00:00:00", "y": 10}]
    items = await admin.get(f"{at}-pivot/array-series", **{**of, "propertyName": "tags"}, unit="day", timezone="UTC")
    assert {row["x"]: row["y"] for row in items} == {"a": 2, "b": 2}


async def test_what_identify_said_is_told_of_sessions(admin: Umami, shop: str) -> None:
    with clock.held(NOON + 300_000):
        await admin.send(shop, who=1, kind="identify", data={"tier": "silver"})
        await admin.send(shop, who=2, kind="identify", data={"tier": "gold", "score": 20})
    at = f"/websites/{shop}/session-data"
    properties = await admin.get(f"{at}/properties", **DAY)
    assert properties == [
        {"propertyName": "score", "dataType": 2, "total": 2}, {"propertyName": "tier", "dataType": 1, "total": 2},
    ]  # fmt: skip
    values = await admin.get(f"{at}/values", **DAY, propertyName="tier")
    assert sorted((row["value"], row["total"]) for row in values) == [("gold", 1), ("silver", 1)]
    stats = {row["label"]: row for row in await admin.get(f"{at}/stats", **DAY, propertyName="tier")}
    assert stats["silver"] == {"label": "silver", "sessions": 1, "visits": 1, "views": 2, "events": 1, "activity": 3}
    numbers = await admin.get(f"{at}/numeric-stats", **DAY, propertyName="score")
    assert numbers == {"average": 30, "max": 40, "median": 30, "min": 20, "total": 60}
    filtered = await admin.get(f"{at}/values", **DAY, propertyName="tier", country="DE")
    assert filtered == []
