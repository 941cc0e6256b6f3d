"""Cases whose answers were worked out by hand: time zones, nights on which clocks change, visits, funnels, origins."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from sightline.analytics.asking import Asker, Params
from sightline.analytics.reports.breakdown import BreakdownParams, breakdown
from sightline.analytics.reports.funnel import DropsParams, FunnelParams, funnel, funnel_drops
from sightline.analytics.reports.overview import OverviewParams, overview
from sightline.analytics.reports.retention import RetentionParams, retention
from sightline.analytics.reports.series import SeriesParams, series
from sightline.analytics.reports.weekly import WeeklyParams, weekly
from sightline.errors import InvalidValue
from sightline.signals.event import Event, EventType
from tests.analytics.conftest import Both


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


class Told:
    """A site on which some things happened, asked through both engines at once."""

    def __init__(self, both: Both, zone: str) -> None:
        self.both, self.zone = both, zone
        self.site = both.sites[0]
        self.events: list[Event] = []

    def __call__(self, moment: int, path: str = "/", *, visitor: int = 1, visit: int = 0, **fields: Any) -> None:
        self.events.append(
            Event(site=self.site, created_ms=moment, path=path, visitor=visitor, visit=visit or visitor, **fields)
        )

    async def ask(self, report: Any, kind: type[Params], **fields: Any) -> Any:
        """The answer, which is the same of both engines."""
        await self.both.hold(self.events)
        params = msgspec.convert(fields, kind, strict=False)
        answers = [
            await report(Asker(engine, self.both.scopes[self.site], zone=self.zone), params)
            for engine in self.both.engines.values()
        ]
        assert answers[0] == answers[1]
        return answers[0]

    async def series(self, unit: str, start: str, end: str) -> list[tuple[str, int]]:
        answer = await self.ask(series, SeriesParams, unit=unit, start=start, end=end, metric=["views"])
        return [(row["begins"], row["views"]) for row in answer.rows]


async def test_hours_in_kolkata_begin_at_half_past_in_utc(both: Both) -> None:
    told = Told(both, "Asia/Kolkata")
    told(at("2026-03-01T18:29:59"))  # 23:59:59 on the 1st
    told(at("2026-03-01T18:30:00"))  # midnight
    found = await told.series("hour", "2026-03-01", "2026-03-02")
    assert [row for row in found if row[1]] == [("2026-03-01T23:00:00+05:30", 1), ("2026-03-02T00:00:00+05:30", 1)]
    assert len(found) == 48


async def test_the_hour_that_comes_twice_in_autumn_is_two_buckets(both: Both) -> None:
    told = Told(both, "Europe/Zurich")
    told(at("2026-10-25T02:30", "Europe/Zurich"))
    told(at("2026-10-25T02:30", "Europe/Zurich", fold=1), visitor=2)
    found = await told.series("hour", "2026-10-25", "2026-10-25")
    assert len(found) == 25
    assert [row for row in found if row[1]] == [("2026-10-25T02:00:00+02:00", 1), ("2026-10-25T02:00:00+01:00", 1)]
    assert await told.series("day", "2026-10-25", "2026-10-25") == [("2026-10-25T00:00:00+02:00", 2)]


async def test_the_hour_that_is_left_out_in_spring_has_no_bucket(both: Both) -> None:
    told = Told(both, "America/New_York")
    told(at("2026-03-08T01:59:59", "America/New_York"))
    told(at("2026-03-08T03:00", "America/New_York"))
    found = await told.series("hour", "2026-03-08", "2026-03-08")
    assert len(found) == 23
    assert [begins[11:13] for begins, _ in found[:4]] == ["00", "01", "03", "04"]
    assert [row[1] for row in found[:4]] == [0, 1, 1, 0]


async def test_lord_howe_changes_its_clocks_by_half_an_hour(both: Both) -> None:
    told = Told(both, "Australia/Lord_Howe")
    told(at("2026-04-05T01:45", "Australia/Lord_Howe"))
    told(at("2026-04-05T01:45", "Australia/Lord_Howe", fold=1))
    found = await told.series("hour", "2026-04-05", "2026-04-05")
    assert found[1:4] == [
        ("2026-04-05T01:00:00+11:00", 1), ("2026-04-05T01:30:00+10:30", 1), ("2026-04-05T02:00:00+10:30", 0),
    ]  # fmt: skip
    spring = await told.series("hour", "2026-10-04", "2026-10-04")
    assert [begins for begins, _ in spring[1:4]] == [
        "2026-10-04T01:00:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-04T03:00:00+11:00",
    ]  # fmt: skip


async def test_a_day_without_midnight_begins_when_it_begins(both: Both) -> None:
    told = Told(both, "Africa/Cairo")  # clocks go from 24:00 to 01:00 on the last Friday of April
    told(at("2026-04-24T01:00", "Africa/Cairo"))
    found = await told.series("day", "2026-04-23", "2026-04-24")
    assert found == [("2026-04-23T00:00:00+02:00", 0), ("2026-04-24T01:00:00+03:00", 1)]


async def test_weeks_begin_on_monday_and_months_on_the_first_of_the_zone(both: Both) -> None:
    told = Told(both, "Pacific/Auckland")
    told(at("2026-03-31T23:30", "Pacific/Auckland"))
    told(at("2026-04-01T00:30", "Pacific/Auckland"))
    assert await told.series("month", "2026-03-15", "2026-04-15") == [
        ("2026-03-01T00:00:00+13:00", 1), ("2026-04-01T00:00:00+13:00", 1),
    ]  # fmt: skip
    weeks = await told.series("week", "2026-03-30", "2026-04-12")
    assert weeks == [("2026-03-30T00:00:00+13:00", 2), ("2026-04-06T00:00:00+12:00", 0)]


async def test_the_heat_map_is_on_the_clock_of_the_zone(both: Both) -> None:
    told = Told(both, "Asia/Kolkata")
    told(at("2026-03-01T18:45"))  # a Sunday in UTC, Monday 00:15 there
    answer = await told.ask(weekly, WeeklyParams, metric=["views"], start="2026-03-01", end="2026-03-07")
    assert [(row["weekday"], row["hour"]) for row in answer.rows if row["views"]] == [(0, 0)]


async def metrics(told: Told, **fields: Any) -> dict[str, Any]:
    answer = await told.ask(overview, OverviewParams, start="2026-01-01", end="2026-01-31", **fields)
    return {row.metric.value: row.value for row in answer.rows}


async def test_a_visit_with_one_view_bounces_whatever_it_clicks(both: Both) -> None:
    told = Told(both, "UTC")
    told(at("2026-01-05T10:00"), "/")
    told(at("2026-01-05T10:01"), type=EventType.CUSTOM, name="play")
    told(at("2026-01-05T11:00"), "/", visitor=2)
    told(at("2026-01-05T11:02"), "/a", visitor=2)
    found = await metrics(told)
    assert (found["visits"], found["bounces"], found["bounce_rate"]) == (2, 1, 0.5)
    assert (found["total_duration_ms"], found["duration_s"]) == (120_000, 60)
    filtered = await metrics(told, filter=["path:eq:/a"])
    assert (filtered["visits"], filtered["views"], filtered["bounces"], filtered["duration_s"]) == (1, 1, 0, 120)
    assert (await metrics(told, exclude_bounces=True))["visits"] == 1


async def test_nothing_at_all_has_no_rates(both: Both) -> None:
    found = await metrics(Told(both, "UTC"))
    assert (found["visitors"], found["bounces"], found["total_duration_ms"]) == (0, 0, 0)
    assert (found["bounce_rate"], found["duration_s"], found["views_per_visit"]) == (None, None, None)


async def test_who_came_directly_is_counted_as_a_source(both: Both) -> None:
    told = Told(both, "UTC")
    told(at("2026-01-05T10:00"), channel="direct")
    told(at("2026-01-05T10:00"), visitor=2, channel="direct")
    told(at("2026-01-05T10:00"), visitor=3, channel="search", referrer_domain="search.example")
    period = {"start": "2026-01-01", "end": "2026-01-31", "metric": ["visitors"]}
    channels = await told.ask(breakdown, BreakdownParams, by=["channel"], **period)
    assert channels.rows == [{"channel": "direct", "visitors": 2}, {"channel": "search", "visitors": 1}]
    referrers = await told.ask(breakdown, BreakdownParams, by=["referrer"], **period)
    assert referrers.rows == [{"referrer": "", "visitors": 2}, {"referrer": "search.example", "visitors": 1}]


async def test_a_step_that_stands_twice_has_to_be_taken_twice(both: Both) -> None:
    told = Told(both, "UTC")
    told(at("2026-01-05T10:00"), "/a")
    told(at("2026-01-05T10:00"), "/a", visitor=2)
    told(at("2026-01-05T10:05"), "/a", visitor=2)
    told(at("2026-01-05T10:06"), "/b", visitor=2)
    params = {"start": "2026-01-01", "end": "2026-01-31"}
    for steps, wanted in (
        (["path:/a", "path:/a"], [2, 1]),
        (["path:/a", "path:/a", "path:/a"], [2, 1, 0]),
        (["path:/a", "path:/b"], [2, 1]),
        (["path:/b", "path:/a"], [1, 0]),
    ):
        answer = await told.ask(funnel, FunnelParams, step=steps, **params)
        assert [row.visitors for row in answer.rows] == wanted


async def test_the_window_of_a_funnel_is_between_two_steps_and_the_latest_try_counts(both: Both) -> None:
    told = Told(both, "UTC")
    for minute, path in ((0, "/a"), (50, "/a"), (70, "/b"), (100, "/c")):
        told(at("2026-01-05T10:00") + minute * 60_000, path)
    params = {"start": "2026-01-01", "end": "2026-01-31", "step": ["path:/a", "path:/b", "path:/c"]}
    reached = {
        window: [row.visitors for row in (await told.ask(funnel, FunnelParams, window_minutes=window, **params)).rows]
        for window in (19, 20, 30)
    }
    assert reached == {19: [1, 0, 0], 20: [1, 1, 0], 30: [1, 1, 1]}


async def test_who_left_a_funnel_is_as_many_as_it_says_each_with_the_visit_of_their_last_try(both: Both) -> None:
    told = Told(both, "UTC")
    for visitor, visit, minute, path in (
        (1, 11, 0, "/a"), (1, 11, 1, "/b"),
        (2, 21, 0, "/a"), (2, 22, 600, "/a"),
        (3, 31, 5, "/b"), (3, 31, 6, "/a"),
        (4, 41, 0, "/a"), (4, 41, 90, "/b"),
        (5, 51, 0, "/b"),
    ):  # fmt: skip
        told(at("2026-01-05T10:00") + minute * 60_000, path, visitor=visitor, visit=visit)
    params = {"start": "2026-01-01", "end": "2026-01-31", "step": ["path:/a", "path:/b", "path:/c"]}
    rows = (await told.ask(funnel, FunnelParams, **params)).rows
    left = await told.ask(funnel_drops, DropsParams, after=1, **params)
    begin = at("2026-01-05T10:00")
    assert [(row.visitor, row.visit, row.at_ms, row.path) for row in left.rows] == [
        ("2", "22", begin + 600 * 60_000, "/a"), ("3", "31", begin + 6 * 60_000, "/a"), ("4", "41", begin, "/a"),
    ]  # fmt: skip
    assert left.visitors == rows[1].dropped == 3
    later = await told.ask(funnel_drops, DropsParams, after=2, limit=1, **params)
    assert [row.visit for row in later.rows] == ["11"]
    assert later.visitors == rows[2].dropped == 1
    with pytest.raises(InvalidValue, match="after"):
        await told.ask(funnel_drops, DropsParams, after=3, **params)


async def test_a_visitor_of_years_is_no_newcomer(both: Both) -> None:
    told = Told(both, "UTC")
    told(at("2024-01-05T10:00"))
    told(at("2026-01-05T10:00"), visit=2)
    told(at("2026-01-05T10:00"), visitor=2, visit=3)
    told(at("2026-01-13T10:00"), visitor=2, visit=4)
    answer = await told.ask(retention, RetentionParams, unit="week", start="2026-01-05", end="2026-01-18")
    assert [(row.begins, row.size, row.after, row.visitors) for row in answer.rows] == [
        ("2026-01-05", 1, 0, 1), ("2026-01-05", 1, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "start", "end", "compare", "wanted"),
    [
        ("UTC", "2026-03-01", "2026-03-31", "previous", ("2026-01-29T00:00", "2026-03-01T00:00")),
        ("Europe/Zurich", "2026-10-25", "2026-10-25", "previous", ("2026-10-24T00:00", "2026-10-25T00:00")),
        ("Europe/Zurich", "2026-03-29", "2026-03-30", "previous", ("2026-03-27T00:00", "2026-03-29T00:00")),
        ("UTC", "2024-02-29", "2024-02-29", "year", ("2023-02-28T00:00", "2023-03-01T00:00")),
        ("UTC", "2026-01-05T10:00", "2026-01-05T12:30", "previous", ("2026-01-05T07:30", "2026-01-05T10:00")),
    ],
)
async def test_a_period_is_compared_with_the_same_stretch_of_the_calendar(  # noqa: PLR0917
    both: Both, zone: str, start: str, end: str, compare: str, wanted: tuple[str, str]
) -> None:
    answer = await Told(both, zone).ask(overview, OverviewParams, start=start, end=end, compare=compare)
    assert (answer.compared.from_ms, answer.compared.to_ms) == (at(wanted[0], zone), at(wanted[1], zone))


async def test_the_change_is_the_part_by_which_it_grew(both: Both) -> None:
    told = Told(both, "UTC")
    told(at("2026-01-01T10:00"))
    for visitor in (1, 2, 3):
        told(at("2026-01-02T10:00"), visitor=visitor, visit=10 + visitor)
    answer = await told.ask(overview, OverviewParams, start="2026-01-02", end="2026-01-02")
    found = {row.metric.value: (row.value, row.before, row.change) for row in answer.rows}
    assert found["visitors"] == (3, 1, 2.0)
    assert found["events"] == (0, 0, None)


async def test_no_report_sees_another_site(both: Both) -> None:
    told = Told(both, "UTC")
    told(at("2026-01-05T10:00"))
    told.events.append(Event(site=both.sites[1], created_ms=at("2026-01-05T10:00"), visitor=9, visit=9))
    assert (await metrics(told))["visitors"] == 1


async def test_the_rows_that_are_equal_stand_in_one_order_on_every_engine(both: Both) -> None:
    told = Told(both, "UTC")
    for number, path in enumerate(["/Ä", "/a", "/Z", "/z", "/_", "/ä"]):
        told(at("2026-01-05T10:00"), path, visitor=number + 1)
    period = {"start": "2026-01-01", "end": "2026-01-31", "metric": ["visitors"]}
    answer = await told.ask(breakdown, BreakdownParams, by=["path"], limit=4, **period)
    assert [row["path"] for row in answer.rows] == ["/Z", "/_", "/a", "/z"]
    assert answer.more
    following = await told.ask(breakdown, BreakdownParams, by=["path"], limit=4, offset=4, **period)
    assert [row["path"] for row in following.rows] == ["/Ä", "/ä"]
    assert not following.more
