"""Traffic: from hits as a tracker sends them to the numbers that Umami's overview asks for."""

import base64
import io
import zipfile
from typing import Any

import pytest

from sightline import clock
from tests.compat.conftest import Umami, numbers

FIVE = ("pageviews", "visitors", "visits", "bounces", "totaltime")
NOON = 1_792_929_600_000  # 2026-10-25 12:00 UTC: the night before, clocks went back in Europe
DAY = {"startAt": NOON - 12 * 3600_000, "endAt": NOON + 12 * 3600_000 - 1}


async def visited(admin: Umami, site: str) -> dict[str, Any]:
    """Three visitors: one who reads and buys, one who looks once, one from elsewhere."""
    buy = {"plan": "pro", "seats": 3, "revenue": 20, "currency": "EUR"}
    with clock.held(NOON) as time:
        first = await admin.send(site, who=1, url="/?utm_source=news", referrer="https://www.search.example/q")
        time.advance(seconds=90)
        await admin.send(site, who=1, url="/pricing", title="Pricing")
        time.advance(seconds=30)
        await admin.send(site, who=1, url="/pricing", name="buy", data=buy)
        await admin.send(site, who=1, kind="identify", data={"tier": "gold", "score": 40})
        await admin.send(site, who=2, url="/")
        await admin.send(site, who=3, url="/docs")
    return first


@pytest.fixture
async def shop(admin: Umami, site: str) -> str:
    await visited(admin, site)
    return site


async def test_stats_are_the_five_numbers_beside_those_of_before(admin: Umami, shop: str) -> None:
    found = await admin.get(f"/websites/{shop}/stats", **DAY)
    assert numbers(found, *FIVE) == [4, 3, 3, 2, 90]
    assert numbers(found["comparison"], *FIVE) == [0, 0, 0, 0, 0]
    next_day = {name: moment + 24 * 3600_000 for name, moment in DAY.items()}
    found = await admin.get(f"/websites/{shop}/stats", **next_day)
    assert numbers(found["comparison"], *FIVE) == [4, 3, 3, 2, 90]
    next_year = {name: moment + 365 * 24 * 3600_000 for name, moment in DAY.items()}
    found = await admin.get(f"/websites/{shop}/stats", **next_year, compare="yoy")
    assert numbers(found["comparison"], *FIVE) == [4, 3, 3, 2, 90]


FILTERED: list[tuple[dict[str, str], int]] = [
    ({"country": "DE"}, 1),
    ({"country": "neq.DE"}, 2),
    ({"country": "eq.DE,NL"}, 3),
    ({"path": "/pricing"}, 1),
    ({"path": "c.pric"}, 1),
    ({"path": "dnc.pric"}, 3),
    ({"path": "re.^/p.*g$"}, 1),
    ({"path": "/pricing", "path1": "/docs", "match": "any"}, 2),
    ({"path": "/pricing", "country2": "DE"}, 0),
    ({"referrer": "search.example"}, 1),
    ({"utmSource": "news"}, 1),
    ({"browser": "firefox"}, 1),
    ({"event": "buy"}, 1),
    ({"eventType": "2"}, 1),
    ({"hostname": "shop.example"}, 3),
    ({"tag": "s."}, 0),
    ({"excludeBounce": "true"}, 1),
]


@pytest.mark.parametrize(("query", "visitors"), FILTERED, ids=str)
async def test_filters_are_umami_s(admin: Umami, shop: str, query: dict[str, str], visitors: int) -> None:
    found = await admin.get(f"/websites/{shop}/stats", **DAY, **query)
    assert found["visitors"] == visitors


async def test_a_series_is_told_by_the_clock_of_its_zone(admin: Umami, shop: str) -> None:
    found = await admin.get(f"/websites/{shop}/pageviews", **DAY, unit="hour", timezone="Asia/Kolkata", compare="prev")
    assert [row for row in found["pageviews"] if row["y"]] == [{"x": "2026-10-25 17:00:00", "y": 4}]
    assert [row for row in found["sessions"] if row["y"]] == [{"x": "2026-10-25 17:00:00", "y": 3}]
    assert {"startDate", "endDate", "compare"} <= set(found)
    assert found["startDate"] == "2026-10-25T00:00:00Z"
    found = await admin.get(f"/websites/{shop}/pageviews", **DAY, unit="day")
    assert found == {
        "pageviews": [{"x": "2026-10-25T00:00:00Z", "y": 4}], "sessions": [{"x": "2026-10-25T00:00:00Z", "y": 3}],
    }  # fmt: skip
    week = {"startAt": NOON - 3 * 86400_000, "endAt": NOON + 86400_000, "unit": "day", "timezone": "Europe/Zurich"}
    found = await admin.get(f"/websites/{shop}/pageviews", **week)
    assert [row["x"] for row in found["pageviews"]] == [f"2026-10-{day} 00:00:00" for day in (22, 23, 24, 25, 26)]


METRICS: list[tuple[str, list[tuple[str, int]]]] = [
    ("path", [("/", 2), ("/docs", 1), ("/pricing", 1)]),
    ("entry", [("/", 2), ("/docs", 1)]),
    ("exit", [("/", 1), ("/docs", 1), ("/pricing", 1)]),
    ("referrer", [("search.example", 1)]),
    ("title", [("Pricing", 1)]),
    ("event", [("buy", 1)]),
    ("hostname", [("shop.example", 3)]),
    ("browser", [("chrome", 2), ("firefox", 1)]),
    ("country", [("NL", 2), ("DE", 1)]),
    ("utmSource", [("news", 1)]),
    ("tag", []),
]


@pytest.mark.parametrize(("kind", "expected"), METRICS)
async def test_metrics_are_visitors_by_value(
    admin: Umami, shop: str, kind: str, expected: list[tuple[str, int]]
) -> None:
    found = await admin.get(f"/websites/{shop}/metrics", **DAY, type=kind)
    present = [(row["x"], row["y"]) for row in found if row["x"]]
    assert present == expected


async def test_direct_traffic_is_a_channel(admin: Umami, shop: str) -> None:
    found = await admin.get(f"/websites/{shop}/metrics", **DAY, type="channel")
    assert "direct" in {row["x"] for row in found}
    assert sum(row["y"] for row in found) >= 3


async def test_expanded_metrics_are_numbers_throughout(admin: Umami, shop: str) -> None:
    found = await admin.get(f"/websites/{shop}/metrics/expanded", **DAY, type="path", search="pric")
    assert found == [
        {"name": "/pricing", "pageviews": 1, "visitors": 1, "visits": 1, "bounces": 0, "totaltime": 90}
    ]  # fmt: skip
    found = await admin.get(f"/websites/{shop}/metrics/expanded", **DAY, type="country", limit=1, offset=1)
    assert [row["name"] for row in found] == ["DE"]


async def test_small_questions_of_the_overview(admin: Umami, shop: str) -> None:
    with clock.held(NOON + 200_000):
        assert await admin.get(f"/websites/{shop}/active") == {"visitors": 3}
    values = await admin.get(f"/websites/{shop}/values", **DAY, type="country", search="N")
    assert values == [{"value": "NL"}]
    extent = await admin.get(f"/websites/{shop}/daterange")
    assert (extent["startDate"][:16], extent["endDate"][:16]) == ("2026-10-25T12:00", "2026-10-25T12:02")
    chart = (await admin.get("/websites/charts", ids=f"{shop},{shop}", **DAY))["data"]
    assert chart == {shop: {"total": 3, "values": [3]}}


async def test_the_export_is_a_zip_of_tables(admin: Umami, shop: str) -> None:
    data = base64.b64decode((await admin.get(f"/websites/{shop}/export", **DAY))["zip"])
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert len(file.namelist()) == 7
        assert file.read("countries.csv") == b"x,y\r\nNL,2\r\nDE,1\r\n"


async def test_realtime_is_the_last_half_hour(admin: Umami, shop: str) -> None:
    with clock.held(NOON + 200_000):
        found = await admin.get(f"/realtime/{shop}", timezone="UTC")
    assert found["totals"] == {"views": 4, "visitors": 3, "events": 1, "countries": 2}
    assert found["urls"] == {"/": 2, "/docs": 1, "/pricing": 1}
    assert found["countries"] == {"NL": 2, "DE": 1}
    assert found["referrers"] == {"search.example": 1}
    assert [event["__type"] for event in found["events"]].count("session") == 3
    assert sum(row["y"] for row in found["series"]["views"]) == 4
    with clock.held(NOON + 3600_000):
        assert (await admin.get(f"/realtime/{shop}"))["totals"]["visitors"] == 0


async def test_a_link_counts_what_its_address_counted(admin: Umami, shop: str) -> None:
    link = await admin.post("/links", {"name": "Ad", "url": "https://example.com/", "slug": "ad-1", "websiteId": shop})
    with clock.held(NOON + 60_000):
        answer = await admin.client.get("/q/ad-1", headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/127.0"})
        assert answer.status_code == 307
    found = await admin.get(f"/websites/{link['id']}/stats", **DAY)
    assert numbers(found, "pageviews", "visitors") == [1, 1]
    assert (await admin.get("/links/charts", ids=link["id"], **DAY))["data"][link["id"]]["total"] == 1
