"""Performance: what Umami's tracker measured, as Umami's reports tell it, from the same vitals as ours."""

import pytest

from sightline import clock
from tests.compat.conftest import Umami
from tests.compat.test_reports import run
from tests.compat.test_traffic import DAY, NOON


@pytest.fixture
async def shop(admin: Umami, site: str) -> str:
    with clock.held(NOON) as time:
        for number, lcp in enumerate((1000, 2000, 3000, 5000)):
            who = 1 + number % 2
            await admin.send(site, who=who, url="/?utm_source=news" if number == 0 else "/")
            await admin.send(site, who=who, kind="performance", url="/" if number < 3 else "/slow", lcp=lcp, cls=0.5)
            time.advance(seconds=1)
    return site


async def test_stats_chart_and_metrics_are_percentiles_of_what_was_measured(admin: Umami, shop: str) -> None:
    at = f"/websites/{shop}/performance"
    found = await admin.get(f"{at}/stats", **DAY)
    assert found["lcp"] == pytest.approx({"p50": 2500, "p75": 3500, "p95": 4700})
    assert found["cls"] == {"p50": 0.5, "p75": 0.5, "p95": 0.5}
    assert found["inp"] == {"p50": 0, "p75": 0, "p95": 0}
    assert found["count"] == 4
    chart = await admin.get(f"{at}/chart", **DAY, unit="day", timezone="UTC", metric="lcp")
    (point,) = chart["chart"]
    assert point.pop("t") == "2026-10-25 00:00:00"
    assert point == pytest.approx({"p50": 2500, "p75": 3500, "p95": 4700})
    pages = await admin.get(f"{at}/metrics", **DAY, metric="lcp", type="path")
    assert [(row["name"], row["p75"], row["count"]) for row in pages] == [("/slow", 5000, 1), ("/", 2500, 3)]
    assert len(await admin.get(f"{at}/metrics", **DAY, metric="lcp", type="browser")) == 2
    assert await admin.get(f"{at}/metrics", **DAY, metric="lcp", type="title") == []


async def test_the_report_has_them_all_and_filters_hold(admin: Umami, shop: str) -> None:
    found = await run(admin, shop, "performance", metric="lcp")
    assert found["summary"]["count"] == 4
    assert found["pages"][0]["name"] == "/slow"
    assert {row["name"] for row in found["browsers"]} == {"chrome", "firefox"}
    assert len(found["chart"]) == 1
    for query, count in (
        ({"path": "/slow"}, 1), ({"browser": "firefox"}, 2), ({"utmSource": "news"}, 2), ({"country": "DE"}, 0),
    ):  # fmt: skip
        stats = await admin.get(f"/websites/{shop}/performance/stats", **DAY, **query)
        assert stats["count"] == count, query
