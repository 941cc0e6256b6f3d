"""Every report on random events, against the plain reference, on DuckDB and on PostgreSQL."""

import json
import math
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sightline.analytics.asking import Asker, Params
from sightline.analytics.fields import Metric
from sightline.analytics.reports.breakdown import BreakdownParams, breakdown
from sightline.analytics.reports.overview import OverviewParams, overview
from sightline.analytics.reports.series import SeriesParams, series
from tests.analytics import reference
from tests.analytics.conftest import Both
from tests.analytics.generated import HOUR, NIGHTS, conditions, worlds

pytestmark = pytest.mark.slow
P = TypeVar("P", bound=Params)
METRICS = [metric.value for metric in Metric]
quick = settings(
    max_examples=40,
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
        self.from_ms = night - draw.draw(st.sampled_from([48, 30, 2])) * HOUR
        self.to_ms = night + draw.draw(st.sampled_from([24, 6, 1])) * HOUR
        self.conditions = draw.draw(conditions())
        self.match = draw.draw(st.sampled_from(["all", "any"]))
        self.exclude_bounces = draw.draw(st.booleans())
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
    zone = data.draw(ZONES)
    events = data.draw(worlds(zone=zone, sites=both.sites))
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
