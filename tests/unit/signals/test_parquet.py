"""Parquet: what is written comes back, and what does not come back is noticed."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.signals import parquet
from sightline.signals.event import EVENT, Event
from sightline.signals.extents import Extent
from sightline.signals.sealing import LARGE_BYTES, SMALL_BYTES, NotWhole, encoded, mergeable

DAY = parquet.DAY_MS
BIG = st.integers(-(2**63), 2**63 - 1)
EVENTS = st.builds(
    Event, site=st.integers(1, 3), created_ms=st.integers(-DAY, 3 * DAY), visitor=BIG, visit=BIG,
    person=st.none() | BIG, revenue=st.none() | BIG, title=st.text(st.characters(exclude_categories=["Cs"])),
    rules=st.integers(0, 2**15 - 1),
)  # fmt: skip


def table_of(events: list[Event]) -> pa.Table:
    rows = list(EVENT.rows(events, received_ms=1, batch=2))
    columns = zip(*rows, strict=True) if rows else [[] for _ in EVENT.columns]
    arrays = [pa.array(list(values), column.arrow.type) for values, column in zip(columns, EVENT.columns, strict=True)]
    return pa.table(arrays, schema=EVENT.arrow_schema())


@settings(max_examples=30, deadline=None)
@given(st.lists(EVENTS, max_size=30))
def test_every_row_comes_back_once_in_the_file_of_its_day(events: list[Event]) -> None:
    table = table_of(events)
    files = encoded(EVENT, table)
    back = [row for _, data in files for row in parquet.decode(EVENT, data).to_pylist()]
    assert sorted(back, key=lambda row: row["place"]) == table.to_pylist()
    for extent, data in files:
        rows = parquet.decode(EVENT, data).to_pylist()
        assert {parquet.day_of(row["created_ms"]) for row in rows} == {extent.day}
        keys = [(row["site"], row["created_ms"]) for row in rows]
        assert keys == sorted(keys)
        assert dict(zip(extent.sites, extent.site_rows, strict=True)) == {
            site: sum(row["site"] == site for row in rows) for site in {row["site"] for row in rows}
        }


def test_a_moment_before_1970_lies_on_its_own_day() -> None:
    assert [day for day, _ in parquet.by_day(table_of([Event(site=1, created_ms=-1)]))] == [date(1969, 12, 31)]


def test_values_that_are_not_what_was_written_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of([Event(site=1, created_ms=5, title="abc")])
    other = table_of([Event(site=1, created_ms=5, title="ab")])
    monkeypatch.setattr(parquet, "decode", lambda *_: other)
    with pytest.raises(NotWhole):
        encoded(EVENT, table)


@pytest.mark.parametrize("change", [{"visit": 7}, {"title": "longer"}, {"created_ms": 6}, {"rules": 1}])
def test_the_sums_of_two_tables_differ_when_a_value_does(change: dict[str, object]) -> None:
    fields: dict[str, object] = {"site": 1, "created_ms": 5, "visit": 6, "title": "short"}
    one, two = (table_of([Event(**given)]) for given in (fields, {**fields, **change}))  # type: ignore[arg-type]
    assert parquet.sums_of_table(EVENT, one) != parquet.sums_of_table(EVENT, two)


def test_a_file_that_is_not_changed_is_not_written_again() -> None:
    data = parquet.encode(EVENT, table_of([Event(site=1, created_ms=5)]))
    assert parquet.rewritten(EVENT, data, lambda table: table) is None


def _extent(number: int, size: int, day: int = 1) -> Extent:
    return Extent(
        id=number, kind="event", day=date(2026, 1, day), object=str(number), rows=1, size=size, sha256=b"",
        sites=(1,), site_rows=(1,), from_ms=0, to_ms=0, rules=0, sealed_pos=0,
    )  # fmt: skip


def test_small_extents_of_one_day_are_merged_until_they_are_large() -> None:
    third = LARGE_BYTES // 3
    extents = [_extent(n, min(third, SMALL_BYTES - 1)) for n in range(1, 6)]
    assert [[one.id for one in group] for group in mergeable(extents)] == [[1, 2, 3], [4, 5]]


def test_large_extents_single_ones_and_those_of_different_days_are_left_alone() -> None:
    assert mergeable([_extent(1, SMALL_BYTES), _extent(2, 10), _extent(3, 10, day=2)]) == []
