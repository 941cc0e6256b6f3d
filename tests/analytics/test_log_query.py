"""The query language on DuckDB, on PostgreSQL and in Python over drawn lines: the three find the same."""

from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sightline.analytics.asking import Asker
from sightline.analytics.log_lines import takes
from sightline.analytics.log_query import parse
from sightline.analytics.reports.logs import (
    LogsFacetsParams,
    LogsHistogramParams,
    LogsParams,
    logs,
    logs_facets,
    logs_histogram,
)
from sightline.health.logs import LOG, LogLine
from tests.analytics.conftest import Both

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True,
    phases=[Phase.generate],
)  # fmt: skip
NOON = 1_792_929_600_000
WORDS = ["order", "Order 12 placed", "card declined", 'he said "no"', "back\\slash", "100%", "a_b", "", "ähm", "{x}"]
KEYS = ["order_id", "cart.items", "path", "note", "ok"]
SCALARS = st.sampled_from([0, 12, 500, -3, 1.5, 1e20, True, False, None, "12", "500", "/health/live", *WORDS])


@st.composite
def line(draw: st.DrawFn, site: int) -> LogLine:
    fields = draw(st.dictionaries(st.sampled_from(KEYS), SCALARS, max_size=3))
    return LogLine(
        site=site, created_ms=NOON + draw(st.integers(0, 5_000)), visit=draw(st.integers(0, 2)),
        person=draw(st.none() | st.just(7)), level=draw(st.sampled_from(["debug", "info", "warn", "error"])),
        service=draw(st.sampled_from(["checkout", "cart", ""])), logger=draw(st.sampled_from(["app", "urllib3", ""])),
        message=draw(st.sampled_from(WORDS)), cold=draw(st.booleans()), failed=draw(st.booleans()),
        fields=orjson.dumps(fields).decode() if fields else "",
    )  # fmt: skip


TERMS = [
    "order", "PLACED", '"he said \\"no\\""', "%", "_", "\\", "level:error", "level:>=warn", "level:<info",
    "service:checkout", "service:c*", "service:*art", "service:*ec*", "service:*", 'service:""', "logger:urllib3",
    "message:order", "visit:1", "person:7", "cold:true", "failed:false", "order_id:12", 'order_id:"12"', "order_id:*",
    "order_id:>5", "order_id:<=12", "order_id:0..500", "order_id:*..0", "cart.items:>=1.5", "path:/health*",
    "note:true", "ok:false", "ok:null", 'note:"ähm"', "note:back*",
]  # fmt: skip
QUERIES = st.recursive(
    st.sampled_from(TERMS),
    lambda inner: st.one_of(
        inner.map("NOT ({})".format), st.tuples(inner, inner).map("({0[0]}) {0[1]}".format),
        st.tuples(inner, inner).map("({0[0]} OR {0[1]})".format), inner.map("-({})".format),
    ),
    max_leaves=4,
)  # fmt: skip


def rows(lines: list[LogLine]) -> list[tuple[Any, ...]]:
    return list(LOG.rows(lines, received_ms=NOON, batch=5))


async def hold(both: Both, lines: list[LogLine]) -> None:
    stored = rows(lines)
    duck = both.memory.connection
    duck.execute("CREATE TABLE IF NOT EXISTS" + LOG.duckdb_ddl().removeprefix("CREATE TABLE"))
    duck.execute("DELETE FROM log")
    if stored:
        duck.executemany(f"INSERT INTO log VALUES ({', '.join('?' * len(LOG.columns))})", stored)
    async with both.database.transaction() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS log_all PARTITION OF signal_log DEFAULT")
        await connection.execute("TRUNCATE signal_log")
        await connection.copy_records_to_table(LOG.table, records=stored, columns=LOG.column_names)


@quick
@given(st.data())
async def test_both_engines_and_the_tail_take_the_same_lines(both: Both, data: st.DataObject) -> None:
    site, other = both.sites
    lines = data.draw(st.lists(line(site), max_size=12))
    await hold(both, [*lines, *(LogLine(site=other, created_ms=NOON, message="order") for _ in range(2))])
    for query in [*data.draw(st.lists(QUERIES, min_size=3, max_size=6)), ""]:
        read = parse(query)
        wanted = {f"5-{place}" for place, one in enumerate(lines) if takes(read, _asdict(one))}
        for name, engine in both.engines.items():
            asker = Asker(engine, both.scopes[site])
            asked: dict[str, Any] = {"q": query, "start": str(NOON), "end": str(NOON + 10_000)}
            found = await logs(asker, LogsParams(**asked, limit=1000))
            assert {row.id for row in found.rows} == wanted, (name, query)
            moments = [(row.at_ms, int(row.id.partition("-")[2])) for row in found.rows]
            assert moments == sorted(moments, reverse=True)
            bars = await logs_histogram(asker, LogsHistogramParams(**asked))
            assert bars.total == len(wanted)
            facets = {facet.field: facet for facet in (await logs_facets(asker, LogsFacetsParams(**asked))).rows}
            counted = {str(one["value"]): one["count"] for one in facets["level"].values}
            levels = [one.level for place, one in enumerate(lines) if f"5-{place}" in wanted]
            assert counted == {level: levels.count(level) for level in set(levels)}


async def test_pages_follow_one_another_without_a_line_twice(both: Both) -> None:
    site, _ = both.sites
    await hold(both, [LogLine(site=site, created_ms=NOON + number // 4, message=str(number)) for number in range(21)])
    for engine in both.engines.values():
        asker, cursor, found = Asker(engine, both.scopes[site]), None, []
        while True:
            page = await logs(asker, LogsParams(start=str(NOON), end=str(NOON + 100), limit=4, cursor=cursor))
            found += [int(row.message) for row in page.rows]
            if (cursor := page.next) is None:
                break
        assert found == list(range(20, -1, -1))


def _asdict(one: LogLine) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
