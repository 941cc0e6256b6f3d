"""Functions on both engines over drawn invocations, held against plain Python; and who called them, by hand."""

import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sightline import clock
from sightline.analytics.asking import Asker
from sightline.analytics.prices import LAMBDA
from sightline.analytics.reports.functions import (
    FunctionPagesParams,
    FunctionsParams,
    FunctionsSeriesParams,
    InvocationsParams,
    function_pages,
    functions,
    functions_series,
    invocations,
)
from sightline.health.logs import INVOCATION, LOG, Invocation, LogLine
from sightline.signals.event import Event, EventType
from sightline.signals.kind import Kind, Signal
from tests.analytics.conftest import Both
from tests.analytics.test_against_reference import same

quick = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True,
    phases=[Phase.generate],
)  # fmt: skip
NOON = 1_792_929_600_000
HOUR = 3_600_000
ASKED: dict[str, Any] = {"start": str(NOON), "end": str(NOON + 6 * HOUR)}


@st.composite
def run(draw: st.DrawFn, site: int, number: int) -> Invocation:
    cold = draw(st.booleans())
    return Invocation(
        site=site, created_ms=NOON + draw(st.integers(0, 6 * HOUR - 1)), visit=draw(st.sampled_from([0, 0, 1, 2])),
        request=f"r{number}", duration_ms=draw(st.floats(0, 5000).map(lambda value: round(value, 2))),
        billed_ms=draw(st.integers(0, 5000)), init_ms=draw(st.integers(50, 900)) + 0.5 if cold else 0.0, cold=cold,
        memory_mb=draw(st.sampled_from([128, 1024])), used_mb=draw(st.integers(10, 128)),
        status=draw(st.sampled_from(["ok", "ok", "ok", "error", "timeout"])),
        service=draw(st.sampled_from(["checkout", "cart"])), function=draw(st.sampled_from(["a", "b"])),
    )  # fmt: skip


async def hold(both: Both, found: dict[Kind, list[Signal]]) -> None:
    duck = both.memory.connection
    for kind, signals in found.items():
        stored = list(kind.rows(signals, received_ms=clock.now_ms(), batch=1))
        duck.execute("CREATE TABLE IF NOT EXISTS" + kind.duckdb_ddl().removeprefix("CREATE TABLE"))
        duck.execute(f"DELETE FROM {kind.name}")
        if stored:
            duck.executemany(f"INSERT INTO {kind.name} VALUES ({', '.join('?' * len(kind.columns))})", stored)
        async with both.database.transaction() as connection:
            await connection.execute(f"CREATE TABLE IF NOT EXISTS {kind.table}_all PARTITION OF {kind.table} DEFAULT")
            await connection.execute(f"TRUNCATE {kind.table}")
            await connection.copy_records_to_table(kind.table, records=stored, columns=kind.column_names)


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    place = (len(ordered) - 1) * part
    low = ordered[math.floor(place)]
    return low + (ordered[math.ceil(place)] - low) * (place - math.floor(place))


@quick
@given(st.data())
async def test_functions_are_summed_up_as_the_reference_says(both: Both, data: st.DataObject) -> None:
    site, other = both.sites
    runs = [data.draw(run(site, number)) for number in range(data.draw(st.integers(0, 14)))]
    broken = {one.request for one in runs if data.draw(st.booleans())}
    seen = {one.request: 3 for one in runs if data.draw(st.booleans())}
    lines: list[Signal] = [
        *(LogLine(site=site, created_ms=NOON, request=request, failed=True) for request in sorted(broken) * 2),
        *(LogLine(site=site, created_ms=NOON, request=name, visit=visit) for name, visit in seen.items()),
        *(LogLine(site=site, created_ms=NOON, message="no request", failed=True) for _ in range(2)),
    ]
    foreign: list[Signal] = [Invocation(site=other, created_ms=NOON, duration_ms=9e9, service="cart", function="a")]
    await hold(both, {INVOCATION: [*runs, *foreign], LOG: lines})

    groups: dict[tuple[str, str], list[Invocation]] = defaultdict(list)
    for one in runs:
        groups[one.service, one.function].append(one)
    for engine in both.engines.values():
        asker = Asker(engine, both.scopes[site])
        answer = await functions(asker, FunctionsParams(**ASKED))
        found = {(str(row["service"]), str(row["function"])): row for row in answer.rows}
        assert found.keys() == groups.keys()
        for key, members in groups.items():
            row, cold = found[key], [one for one in members if one.cold]
            durations = [one.duration_ms for one in members]
            hours: dict[int, float] = defaultdict(float)
            for one in members:
                hours[one.created_ms // HOUR] += one.duration_ms
            wanted = {
                "invocations": len(members), "cold_starts": len(cold),
                "errors": sum(one.status != "ok" or one.request in broken for one in members),
                "timeouts": sum(one.status == "timeout" for one in members),
                "init_ms": sum(one.init_ms for one in cold) / len(cold) if cold else None,
                "used_mb": max(one.used_mb for one in members), "memory_mb": max(one.memory_mb for one in members),
                "visits": len({one.visit or seen.get(one.request, 0) for one in members} - {0}),
                "p50_ms": percentile(durations, 0.5), "p95_ms": percentile(durations, 0.95),
                "p99_ms": percentile(durations, 0.99), "concurrency": max(hours.values()) / HOUR, "throttles": None,
                "cost": LAMBDA.cost(len(members), sum(one.billed_ms * one.memory_mb for one in members)),
            }  # fmt: skip
            for name, value in wanted.items():
                assert same(row[name], value), (key, name)
        series = await functions_series(asker, FunctionsSeriesParams(**ASKED))
        assert sum(int(row["invocations"] or 0) for row in series.rows) == len(runs)
        slowest = await invocations(asker, InvocationsParams(**ASKED, order="slowest"))
        assert [row.duration_ms for row in slowest.rows] == sorted((one.duration_ms for one in runs), reverse=True)
        failing = await invocations(asker, InvocationsParams(**ASKED, failed=True))
        assert {row.request for row in failing.rows} == {
            one.request for one in runs if one.status != "ok" or one.request in broken
        }
        assert all(row.status != "ok" for row in failing.rows)


async def test_the_page_that_called_is_the_last_that_was_seen_before(both: Both) -> None:
    site, _ = both.sites
    views: list[Signal] = [
        Event(site=site, visit=visit, visitor=visit, created_ms=NOON + minute * 60_000, path=path, type=kind)
        for visit, minute, path, kind in (
            (1, 0, "/", EventType.PAGE), (1, 5, "/cart", EventType.PAGE), (1, 6, "/cart", EventType.CUSTOM),
            (1, 9, "/thanks", EventType.PAGE), (2, 0, "/cart", EventType.PAGE),
        )
    ]  # fmt: skip
    calls: list[Signal] = [
        Invocation(site=site, visit=visit, created_ms=NOON + int(minute * 60_000), service="checkout", function="pay",
                   duration_ms=10.0 * minute, status=status, request=f"r{number}")
        for number, (visit, minute, status) in enumerate(
            ((1, 1, "ok"), (1, 5, "ok"), (1, 7, "error"), (2, 3, "ok"), (3, 3, "ok"), (0, 3, "ok"))
        )
    ]  # fmt: skip
    await hold(both, {INVOCATION: calls, LOG: []})
    await both.hold([one for one in views if isinstance(one, Event)])
    for engine in both.engines.values():
        answer = await function_pages(Asker(engine, both.scopes[site]), FunctionPagesParams(**ASKED))
        found = [(row["path"], row["invocations"], row["visits"], row["errors"]) for row in answer.rows]
        assert found == [("/cart", 3, 2, 1), ("/", 1, 1, 0)]


async def test_invocations_are_paged_the_latest_first(both: Both) -> None:
    site, _ = both.sites
    calls: list[Signal] = [
        Invocation(site=site, created_ms=NOON + number // 3, request=str(number), status="ok") for number in range(11)
    ]
    await hold(both, {INVOCATION: calls, LOG: []})
    for engine in both.engines.values():
        asker, cursor, found = Asker(engine, both.scopes[site]), None, []
        while True:
            page = await invocations(asker, InvocationsParams(**ASKED, limit=3, cursor=cursor))
            found += [int(row.request) for row in page.rows]
            if (cursor := page.next) is None:
                break
        assert found == list(range(10, -1, -1))


@pytest.mark.unit
def test_a_million_calls_of_a_tenth_of_a_second_cost_what_the_price_list_says() -> None:
    """128 MB for 100 ms, a million times: 12,500 GB-seconds and one million requests."""
    assert LAMBDA.cost(1_000_000, 1_000_000 * 100 * 128) == pytest.approx(0.20 + 12_500 * 0.0000166667)
