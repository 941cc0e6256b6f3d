"""Vitals on both engines over random worlds, held against plain Python: percentiles, ratings, filters, buckets."""

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import sightline.health.vitals  # noqa: F401 - the kind
from sightline import clock
from sightline.analytics.asking import Asker, Params, Saved
from sightline.analytics.binding import Value
from sightline.analytics.engines import Dialect, prepared
from sightline.analytics.filters import where
from sightline.analytics.period import Bounds
from sightline.analytics.reports.vitals import (
    VitalsCausesParams,
    VitalsParams,
    VitalsSeriesParams,
    vitals,
    vitals_causes,
    vitals_series,
)
from sightline.analytics.selection import Cohort, step
from sightline.errors import InvalidValue
from sightline.health.vitals import VITAL, Vital
from sightline.signals.event import Event
from sightline.signals.ratings import BOUNDS, rating
from tests.analytics import reference
from tests.analytics.conftest import Both
from tests.analytics.generated import HOUR, NIGHTS
from tests.analytics.test_against_reference import same

pytestmark = pytest.mark.slow
quick = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True,
    phases=[Phase.generate],
)  # fmt: skip
P = TypeVar("P", bound=Params)
_FIELDS = ("path", "device", "country", "release", "element")
_PARTS = {"LCP": ("ttfb", "render"), "INP": ("input", "work")}


@st.composite
def worlds(draw: st.DrawFn, night: int, site: int) -> list[Vital]:
    return [draw(_vital(night, site)) for _ in range(draw(st.sampled_from([0, 1, 5, 20])))]


@st.composite
def _vital(draw: st.DrawFn, night: int, site: int) -> Vital:
    metric = draw(st.sampled_from(["LCP", "INP", "CLS", "TTFB"]))
    good, poor = BOUNDS[metric]
    value = float(draw(st.sampled_from([0, good, poor, good / 3, poor * 2]) | st.floats(0, poor * 3).map(_rounded)))
    visitor = draw(st.integers(1, 3))
    detail = {name: draw(st.integers(0, 900)) for name in _PARTS.get(metric, ()) if draw(st.booleans())}
    return Vital(
        site=site, visitor=visitor, visit=visitor * 10, created_ms=night + draw(st.integers(-30, 30)) * HOUR // 4,
        metric=metric, value=value, rating=rating(metric, value), path=draw(st.sampled_from(["/", "/o/:id", "/b"])),
        device=draw(st.sampled_from(["desktop", "mobile"])), country=draw(st.sampled_from(["NL", ""])),
        release=draw(st.sampled_from(["1", "2", ""])), element=draw(st.sampled_from(["", "img.hero", "h1"])),
        detail="{" + ",".join(f'"{name}":{number}' for name, number in detail.items()) + "}" if detail else "",
    )  # fmt: skip


def _rounded(value: float) -> float:
    return math.floor(value * 16) / 16


def percentile(values: Sequence[float], part: float) -> float:
    """Between the two neighbours, in proportion."""
    ordered = sorted(values)
    at = part * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    return low + (high - low) * (at - math.floor(at))


def said(values: Sequence[Vital]) -> dict[str, float]:
    numbers, count = [one.value for one in values], len(values)
    parts = [sum(one.rating == name for one in values) / count for name in ("good", "needs-improvement", "poor")]
    named = dict(zip(("good", "needs_improvement", "poor"), parts, strict=True))
    return {"count": count, **{f"p{p}": percentile(numbers, p / 100) for p in (50, 75, 95)}, **named}


class World:
    """Some vitals in both engines, and what a question takes of them."""

    def __init__(self, both: Both, data: st.DataObject) -> None:
        self.both, self.data = both, data
        self.zone = data.draw(st.sampled_from(sorted(NIGHTS)))
        self.site, self.other = both.sites
        night = NIGHTS[self.zone]
        self.vitals = data.draw(worlds(night, self.site))
        self.from_ms, self.to_ms = night - 6 * HOUR, night + data.draw(st.sampled_from([6, 7])) * HOUR
        self.wanted = data.draw(
            st.none() | st.tuples(st.sampled_from(_FIELDS[:4]), st.sampled_from(["/", "mobile", "1"]))
        )
        self.foreign = [Vital(site=self.other, metric="LCP", value=9e3, rating="poor", created_ms=night)]

    async def hold(self) -> None:
        found = [*self.vitals, *self.foreign]
        stored: list[tuple[Any, ...]] = list(VITAL.rows(found, received_ms=clock.now_ms(), batch=1))
        duck = self.both.memory.connection
        duck.execute("DELETE FROM vital" if _has(duck) else VITAL.duckdb_ddl())
        duck.executemany(f"INSERT INTO vital VALUES ({', '.join('?' * len(VITAL.columns))})", stored)
        async with self.both.database.transaction() as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS vital_all PARTITION OF signal_vital DEFAULT")
            await connection.execute("TRUNCATE signal_vital")
            await connection.copy_records_to_table(VITAL.table, records=stored, columns=VITAL.column_names)

    @property
    def taken(self) -> list[Vital]:
        inside = [one for one in self.vitals if self.from_ms <= one.created_ms < self.to_ms]
        if self.wanted is None:
            return inside
        field, value = self.wanted
        return [one for one in inside if getattr(one, field) == value]

    @property
    def params(self) -> dict[str, Any]:
        filters = [] if self.wanted is None else [f"{self.wanted[0]}:eq:{self.wanted[1]}"]
        return {"start": str(self.from_ms), "end": str(self.to_ms), "zone": self.zone, "filter": filters}

    def askers(self) -> list[Asker]:
        return [Asker(engine, self.both.scopes[self.site]) for engine in self.both.engines.values()]


def _has(duck: Any) -> bool:
    return bool(duck.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'vital'").fetchall())


def asked(params: type[P], world: World, **fields: Any) -> P:
    """Parameters as they come in an address."""
    return msgspec.convert({**world.params, **fields}, params, strict=False)


@quick
@given(st.data())
async def test_percentiles_and_ratings_are_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    world = World(both, data)
    await world.hold()
    by = tuple(data.draw(st.lists(st.sampled_from(_FIELDS), max_size=3, unique=True)))
    wanted: dict[tuple[str, ...], list[Vital]] = defaultdict(list)
    for one in world.taken:
        wanted[one.metric, *(getattr(one, name) for name in by)].append(one)
    for asker in world.askers():
        answer = await vitals(asker, asked(VitalsParams, world, by=by, limit=1000))
        found = {(row["metric"], *(row[name] for name in by)): row for row in answer.rows}
        assert found.keys() == wanted.keys()
        for key, values in wanted.items():
            row = found[key]
            for name, value in said(values).items():
                assert same(row[name], value), (key, name)
            assert row["rating"] == rating(key[0], percentile([one.value for one in values], 0.75))


@quick
@given(st.data())
async def test_a_trend_is_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    world = World(both, data)
    await world.hold()
    unit = data.draw(st.sampled_from(["hour", "day"]))
    wanted: dict[Any, list[Vital]] = defaultdict(list)
    for one in (one for one in world.taken if one.metric == "LCP"):
        wanted[reference.bucket(one.created_ms, unit, world.zone)].append(one)
    for asker in world.askers():
        answer = await vitals_series(asker, asked(VitalsSeriesParams, world, metric="lcp", unit=unit))
        names = [reference.bucket(max(int(str(r["begins_ms"])), world.from_ms), unit, world.zone) for r in answer.rows]
        found = {name: row for name, row in zip(names, answer.rows, strict=True) if row["count"]}
        assert found.keys() == wanted.keys()
        for name, values in wanted.items():
            assert found[name]["count"] == len(values)
            assert same(found[name]["p75"], percentile([one.value for one in values], 0.75))
            assert found[name]["good"] == sum(one.rating == "good" for one in values)


@quick
@given(st.data())
async def test_causes_are_what_the_reference_says(both: Both, data: st.DataObject) -> None:
    world = World(both, data)
    await world.hold()
    metric = data.draw(st.sampled_from(sorted(_PARTS)))
    wanted: dict[str, list[Vital]] = defaultdict(list)
    for one in (one for one in world.taken if one.metric == metric):
        wanted[one.element].append(one)
    for asker in world.askers():
        answer = await vitals_causes(asker, asked(VitalsCausesParams, world, metric=metric))
        found = {str(row["cause"]): row for row in answer.rows}
        assert found.keys() == wanted.keys()
        for element, values in wanted.items():
            assert found[element]["count"] == len(values)
            for part in _PARTS[metric]:
                numbers = [float(d[part]) for one in values if one.detail and part in (d := json.loads(one.detail))]
                expected = percentile(numbers, 0.75) if numbers else None
                assert same(found[element][part], expected), part


async def test_filters_about_events_take_the_vitals_of_the_visits_that_have_them(both: Both) -> None:
    night, site = NIGHTS["UTC"], both.sites[0]
    await both.hold([Event(site=site, visitor=1, visit=10, created_ms=night, channel="search", path="/")])
    duck = both.memory.connection
    duck.execute(VITAL.duckdb_ddl())
    found = [
        Vital(
            site=site,
            visitor=n,
            visit=n * 10,
            created_ms=night,
            metric="LCP",
            value=n * 1000.0,
            rating="good",
            path="/",
        )
        for n in (1, 2)
    ]
    stored = list(VITAL.rows(found, received_ms=clock.now_ms(), batch=1))
    duck.executemany(f"INSERT INTO vital VALUES ({', '.join('?' * len(VITAL.columns))})", stored)
    await both.database.execute("CREATE TABLE vital_all PARTITION OF signal_vital DEFAULT")
    async with both.database.transaction() as connection:
        await connection.copy_records_to_table(VITAL.table, records=stored, columns=VITAL.column_names)
    about = {"start": str(night - HOUR), "end": str(night + HOUR)}
    for engine in both.engines.values():
        asker = Asker(engine, both.scopes[site])
        answer = await vitals(asker, msgspec.convert({**about, "filter": ["channel:eq:search"]}, VitalsParams))
        assert [(row["count"], row["p75"]) for row in answer.rows] == [(1, 1000.0)]
        assert (await vitals(asker, msgspec.convert(about, VitalsParams))).rows[0]["count"] == 2
        seen = Saved(where=where(("path:eq:/",)))
        did = Saved(cohort=Cohort(step("path:/"), Bounds(Value(night - HOUR), Value(night + HOUR))))
        for saved in (seen, did):
            narrowed = Asker(engine, both.scopes[site], saved={"7": saved})
            answer = await vitals(narrowed, msgspec.convert({**about, "segment": ["7"]}, VitalsParams))
            assert [(row["count"], row["p75"]) for row in answer.rows] == [(1, 1000.0)]
        bounced = msgspec.convert({**about, "exclude_bounces": True}, VitalsParams)
        assert (await vitals(asker, bounced)).rows == []
        wrongs: list[dict[str, Any]] = [
            {"filter": ["nothing:eq:1"]}, {"by": ["channel"]}, {"metric": ["XYZ"]}, {"search": "a"},
        ]  # fmt: skip
        for wrong in wrongs:
            with pytest.raises(InvalidValue):
                await vitals(asker, msgspec.convert({**about, **wrong}, VitalsParams))


async def test_a_cluster_is_not_asked_about_vitals(both: Both) -> None:
    class Cluster:
        async def ask(self, build: Any, question: Any) -> list[dict[str, Any]]:
            prepared(build, question, Dialect.SPARK)
            return []

    with pytest.raises(InvalidValue, match="events only"):
        await vitals(Asker(Cluster(), both.scopes[both.sites[0]]), VitalsParams())
