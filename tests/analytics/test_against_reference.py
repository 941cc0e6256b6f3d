"""Every report on random events, against the plain reference, on DuckDB and on PostgreSQL."""

import json
import math
from datetime import date, timedelta
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sightline.analytics.asking import Asker, Params
from sightline.analytics.fields import Metric
from sightline.analytics.reports.attribution import AttributionParams, attribution
from sightline.analytics.reports.breakdown import BreakdownParams, breakdown
from sightline.analytics.reports.campaigns import CampaignsParams, campaigns
from sightline.analytics.reports.funnel import FunnelParams, funnel
from sightline.analytics.reports.goals import GoalsParams, goals
from sightline.analytics.reports.journeys import JourneysParams, journeys
from sightline.analytics.reports.overview import OverviewParams, overview
from sightline.analytics.reports.properties import (
    PropertiesParams,
    PropertyParams,
    properties,
    property_values,
)
from sightline.analytics.reports.retention import RetentionParams, retention
from sightline.analytics.reports.revenue import RevenueParams, revenue
from sightline.analytics.reports.series import SeriesParams, series
from sightline.analytics.reports.visitor import VisitorParams, visitor
from sightline.analytics.reports.visits import ActivityParams, ListParams, activity, visits
from sightline.analytics.reports.weekly import WeeklyParams, weekly
from tests.analytics import reference
from tests.analytics.conftest import Both
from tests.analytics.generated import HOUR, NIGHTS, conditions, worlds

pytestmark = pytest.mark.slow
P = TypeVar("P", bound=Params)
METRICS = [metric.value for metric in Metric]
quick = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
    phases=[Phase.generate],
)


def same(found: Any, wanted: Any) -> bool:
    if isinstance(found, float) or isinstance(wanted, float):
        return found is not None and wanted is not None and math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == wanted)


def assert_same(found: dict[Any, Any], wanted: dict[Any, Any], note: object = "") -> None:
    assert found.keys() == wanted.keys(), note
    for key, value in wanted.items():
        if isinstance(value, dict):
            assert_same(found[key], value, (note, key))
        else:
            assert same(found[key], value), (note, key, found[key], value)


def asked(params: type[P], found: "Case", **fields: Any) -> P:
    """Parameters as they come in an address."""
    return msgspec.convert({**found.params, **fields}, params, strict=False)


class Case:
    """A random question: filters, period and zone, for the report and for the reference alike."""

    def __init__(self, both: Both, events: Any, draw: st.DataObject, zone: str) -> None:
        night = NIGHTS[zone]
        self.both, self.events, self.zone = both, events, zone
        self.from_ms = night - draw.draw(st.sampled_from([48, 48, 30, 2])) * HOUR
        self.to_ms = night + draw.draw(st.sampled_from([24, 24, 6, 1])) * HOUR
        self.conditions = draw.draw(conditions())
        self.match = draw.draw(st.sampled_from(["all", "any"]))
        self.exclude_bounces = draw.draw(st.sampled_from([False, False, False, True]))
        self.site = both.sites[0]

    @property
    def world(self) -> reference.World:
        return reference.World(
            self.events, self.site, self.from_ms, self.to_ms, self.conditions, match=self.match,
            exclude_bounces=self.exclude_bounces,
        )  # fmt: skip

    @property
    def params(self) -> dict[str, Any]:
        return {
            "start": str(self.from_ms), "end": str(self.to_ms), "match": self.match,
            "filter": [json.dumps([field, op, values]) for field, op, values in self.conditions],
            "exclude_bounces": self.exclude_bounces, "zone": self.zone,
        }  # fmt: skip

    def askers(self) -> list[Asker]:
        return [Asker(engine, self.both.scopes[self.site]) for engine in self.both.engines.values()]


ZONES = st.sampled_from(sorted(NIGHTS))


async def case(both: Both, data: st.DataObject) -> Case:
    await both.renew()
    zone = data.draw(ZONES)
    events = data.draw(worlds(zone=zone, sites=both.sites, counts=both.counts))
    await both.hold(events)
    return Case(both, events, data, zone)


@quick
@given(st.data())
async def test_overview_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    for asker in found.askers():
        answer = await overview(asker, asked(OverviewParams, found, compare="none"))
        assert_same({row.metric.value: row.value for row in answer.rows}, reference.overview(found.world))


@quick
@given(st.data())
async def test_breakdown_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    by = data.draw(
        st.lists(
            st.sampled_from(
                ["path", "entry", "exit", "referrer", "country", "event", "title", "property:plan", 'property:k"q']
            ),
            min_size=1, max_size=3, unique=True,
        )
    )  # fmt: skip
    metrics = data.draw(st.sampled_from([METRICS, ["visitors", "visits", "views", "events", "engagement_ms"]]))
    wanted = {key: {name: row[name] for name in metrics} for key, row in reference.breakdown(found.world, by).items()}
    for asker in found.askers():
        answer = await breakdown(asker, asked(BreakdownParams, found, by=by, metric=metrics, limit=1000))
        rows = {tuple(row[name] for name in by): {name: row[name] for name in metrics} for row in answer.rows}
        assert_same(rows, wanted)
        ordered = [(-int(row["visitors"] or 0), *(str(row[name]) for name in by)) for row in answer.rows]
        assert ordered == sorted(ordered)


@quick
@given(st.data())
async def test_series_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    unit = data.draw(st.sampled_from(["hour", "day", "week", "month", "quarter", "year"]))
    wanted = reference.series(found.world, unit, found.zone)
    for asker in found.askers():
        answer = await series(asker, asked(SeriesParams, found, unit=unit, metric=METRICS))
        names = [
            reference.bucket(max(int(str(row["begins_ms"])), found.from_ms), unit, found.zone) for row in answer.rows
        ]
        assert len(set(names)) == len(names)
        rows = {name: row for name, row in zip(names, answer.rows, strict=True) if row["visits"]}
        assert_same({name: {m: row[m] for m in METRICS} for name, row in rows.items()}, wanted)


STEPS = st.sampled_from(["path:/", "path:/a", "path:/b*", "path:*b", "path:*", "event:buy", "event:sign*", "path:*b*"])


@quick
@given(st.data())
async def test_funnel_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    steps = data.draw(st.lists(STEPS, min_size=2, max_size=5))
    window = data.draw(st.sampled_from([1, 30, 600, 5000]))
    wanted = reference.funnel(found.world, steps, window * 60_000)
    for asker in found.askers():
        answer = await funnel(asker, asked(FunnelParams, found, step=steps, window_minutes=window))
        assert [row.visitors for row in answer.rows] == wanted, steps


@quick
@given(st.data())
async def test_retention_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    unit = data.draw(st.sampled_from(["day", "week", "month"]))
    wanted = reference.retention(found.world, found.from_ms, found.to_ms, unit, found.zone)
    for asker in found.askers():
        answer = await retention(asker, asked(RetentionParams, found, unit=unit))
        begins = sorted({row.begins_ms for row in answer.rows} | {row.begins_ms for row in answer.rows})
        name = {edge: reference.bucket(max(edge, found.from_ms), unit, found.zone) for edge in begins}
        got = {}
        for row in answer.rows:
            if row.visitors:
                later = _later(name[row.begins_ms], unit, row.after)
                got[name[row.begins_ms], later] = (row.size, row.visitors)
        assert got == wanted


def _later(day: str, unit: str, count: int) -> str:
    moment = date.fromisoformat(day)
    if unit == "month":
        year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
        return date(year, month + 1, 1).isoformat()
    return (moment + timedelta(days=count * (7 if unit == "week" else 1))).isoformat()


@quick
@given(st.data())
async def test_journeys_are_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    ends = st.none() | st.sampled_from(["path:/", "path:/a", "event:buy"])
    length, first, last = data.draw(st.integers(2, 7)), data.draw(ends), data.draw(ends)
    wanted = reference.journeys(found.world, length, first, last)
    for asker in found.askers():
        ends_said = {name: text for name, text in (("first", first), ("last", last)) if text}
        answer = await journeys(asker, asked(JourneysParams, found, steps=length, limit=1000, **ends_said))
        assert {tuple(row.steps): row.visits for row in answer.rows} == wanted
        assert [row.visits for row in answer.rows] == sorted(wanted.values(), reverse=True)


@quick
@given(st.data())
async def test_goals_are_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    goals_asked = data.draw(st.lists(STEPS, min_size=1, max_size=3))
    for asker in found.askers():
        answer = await goals(asker, asked(GoalsParams, found, goal=goals_asked))
        assert answer.visitors == reference.overview(found.world)["visitors"]
        for row in answer.rows:
            assert (row.visitors, row.visits, row.events) == reference.goal(found.world, row.goal)


@quick
@given(st.data())
async def test_attribution_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    goal, model = data.draw(STEPS), data.draw(st.sampled_from(["first", "last", "linear"]))
    by = data.draw(st.sampled_from(["channel", "referrer", "utm_source", "entry"]))
    wanted = reference.attribution(found.world, goal, model, by)
    for asker in found.askers():
        answer = await attribution(asker, asked(AttributionParams, found, goal=goal, model=model, by=by))
        assert_same({row.value: row.conversions for row in answer.rows}, {k: c for k, (c, _) in wanted.items()})
        assert {row.value: row.visitors for row in answer.rows} == {k: v for k, (_, v) in wanted.items()}


@quick
@given(st.data())
async def test_revenue_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    by = data.draw(st.sampled_from(["country", "entry", "event", None]))
    world = found.world
    wanted = reference.revenue(world, lambda event: world.text(event, by) if by else "")
    for asker in found.askers():
        said = {"by": by} if by else {}
        answer = await revenue(asker, asked(RevenueParams, found, **said))
        got = {(row.currency, row.value or ""): (row.revenue, row.orders, row.buyers) for row in answer.rows}
        assert got == wanted


@quick
@given(st.data())
async def test_weekly_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    wanted = reference.weekly(found.world, found.zone)
    for asker in found.askers():
        answer = await weekly(asker, asked(WeeklyParams, found, metric=METRICS))
        rows = {(row["weekday"], row["hour"]): row for row in answer.rows}
        assert len(rows) == 168
        assert_same({key: {m: row[m] for m in METRICS} for key, row in rows.items() if row["visits"]}, wanted)


@quick
@given(st.data())
async def test_properties_are_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    key = data.draw(st.sampled_from(["plan", "price", "a.b", 'k"q', "k:"]))
    world = found.world
    statistics = reference.numbers(world, key)
    for asker in found.askers():
        listed = await properties(asker, asked(PropertiesParams, found))
        assert {(row.event, row.key, row.type.value): row.events for row in listed.rows} == reference.property_types(
            world
        )
        answer = await property_values(asker, asked(PropertyParams, found, key=key, limit=1000))
        got = {(row.value, row.type.value): (row.events, row.visitors) for row in answer.rows}
        assert got == reference.property_values(world, key)
        assert answer.numbers.count == len(statistics)
        if statistics:
            assert (answer.numbers.least, answer.numbers.most) == (min(statistics), max(statistics))
            assert same(answer.numbers.sum, sum(statistics))
            assert same(answer.numbers.average, sum(statistics) / len(statistics))


@quick
@given(st.data())
async def test_visits_are_what_the_reference_says_page_by_page(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    limit = data.draw(st.sampled_from([1, 3, 50]))
    wanted = reference.visits(found.world)
    for asker in found.askers():
        rows: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await visits(asker, asked(ListParams, found, limit=limit, **cursor))
            names = wanted[0] if wanted else {}
            rows += [{name: getattr(row, name) for name in names} for row in answer.rows]
            if answer.next is None:
                break
            cursor = {"cursor": answer.next}
        assert rows == wanted


@quick
@given(st.data())
async def test_activity_holds_every_event_the_latest_first(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    limit = data.draw(st.sampled_from([1, 4, 50]))
    wanted = [(e.created_ms, str(e.visit), e.path, e.properties) for e in reversed(found.world.matched)]
    for asker in found.askers():
        rows: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await activity(asker, asked(ActivityParams, found, limit=limit, **cursor))
            rows += [(row.created_ms, row.visit, row.path, row.properties) for row in answer.rows]
            if answer.next is None:
                break
            cursor = {"cursor": answer.next}
        assert rows == wanted


@quick
@given(st.data())
async def test_campaigns_are_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    world = found.world
    wanted = {
        (field, key[0]): (row["visitors"], row["visits"], row["views"])
        for field in ("utm_source", "utm_campaign")
        for key, row in reference.breakdown(world, [field]).items()
        if key[0]
    }
    for asker in found.askers():
        answer = await campaigns(asker, asked(CampaignsParams, found))
        assert {(r.parameter.value, r.value): (r.visitors, r.visits, r.views) for r in answer.rows} == wanted


@quick
@given(st.data())
async def test_one_visitor_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    found = await case(both, data)
    whole = reference.World(found.events, found.site, 0, 2**62)
    for visitor_id in {e.visitor for e in whole.all}:
        own = [e for e in whole.all if e.visitor == visitor_id]
        for asker in found.askers():
            answer = await visitor(asker, asked(VisitorParams, found, visitor=str(visitor_id)))
            assert (answer.first_ms, answer.last_ms) == (own[0].created_ms, own[-1].created_ms)
            assert (answer.visits, answer.views) == (len({e.visit for e in own}), sum(map(reference.is_view, own)))
            listed = [row for row in reference.visits(found.world) if row["visitor"] == str(visitor_id)]
            assert [row.visit for row in answer.rows] == [row["visit"] for row in listed]
