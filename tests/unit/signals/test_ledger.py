"""The ledger's pure parts: whom a tombstone takes, in SQL and in Arrow alike, and when a follower starts anew."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.signals.erasure import taken_rows
from sightline.signals.event import EVENT, Event
from sightline.signals.kind import Signal, declare
from sightline.signals.ledger import Place, Row, State, Tombstone, portions
from tests.unit.signals.test_parquet import table_of

FEW = st.integers(1, 4)
TOMBSTONES = st.builds(
    Tombstone, reason=st.just("request"), sites=st.lists(FEW, max_size=2).map(tuple),
    visitors=st.lists(FEW, max_size=2).map(tuple), visits=st.lists(FEW, max_size=2).map(tuple),
    persons=st.lists(FEW, max_size=2).map(tuple), before_ms=st.none() | FEW,
)  # fmt: skip
EVENTS = st.lists(
    st.builds(Event, site=FEW, created_ms=FEW, visitor=FEW, visit=FEW, person=st.none() | FEW), max_size=12
)


def _takes(stone: Tombstone, event: Event) -> bool:
    """The rule in plain words."""
    named = (
        event.visitor in stone.visitors
        or event.visit in stone.visits
        or (event.person is not None and event.person in stone.persons)
    )
    wanted = named if stone.by_name else event.site in stone.sites
    on_site = not stone.sites or event.site in stone.sites
    return wanted and on_site and (stone.before_ms is None or event.created_ms < stone.before_ms)


@settings(max_examples=60, deadline=None)
@given(TOMBSTONES, EVENTS)
def test_sql_and_arrow_take_the_rows_that_the_rule_says(stone: Tombstone, events: list[Event]) -> None:
    expected = [place for place, event in enumerate(events) if _takes(stone, event)]
    table = table_of(events)
    assert table.filter(taken_rows(EVENT, table, stone)).column("place").to_pylist() == expected
    condition = stone.condition(EVENT)
    with duckdb.connect() as connection:
        connection.register("event", table)
        found = connection.execute(f"SELECT place FROM event WHERE {condition or 'false'} ORDER BY place").fetchall()
    assert [place for (place,) in found] == expected


def test_a_tombstone_that_names_nobody_takes_nothing() -> None:
    assert Tombstone(reason="request").condition(EVENT) is None
    assert Tombstone(reason="request", before_ms=5).condition(EVENT) is None


def test_a_tombstone_for_one_kind_leaves_the_others() -> None:
    class Other(Signal, frozen=True, kw_only=True, gc=False):
        pass

    stone = Tombstone(reason="retention", sites=(1,), kinds=("event",))
    assert stone.condition(EVENT)
    assert stone.condition(declare("other", Other)) is None


HERE = Place(cluster="c", generation=1, pos=10, mark="7:99")


def _state(**changes: object) -> State:
    values = {
        "cluster": "c", "generation": 1, "sealed_pos": 5, "pruned_pos": 0, "last_pos": 12, "mark": "7:99", **changes,
    }  # fmt: skip
    return State(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"mark": None}, None),
        ({"pruned_pos": 10}, None),
        ({"pruned_pos": 11}, "behind"),
        ({"cluster": "d"}, "restored"),
        ({"generation": 2}, "restored"),
        ({"last_pos": 9, "mark": None}, "restored"),
        ({"mark": "8:99"}, "restored"),
    ],
)
def test_a_follower_starts_anew_only_when_its_history_is_another(
    changes: dict[str, object], reason: str | None
) -> None:
    assert _state(**changes).differs(HERE) == reason


def _row(pos: int, signals: int = 0, *, tombstone: int | None = None) -> Row:
    return Row(pos, None if tombstone else pos, tombstone, 1, {"event": signals} if signals else {})


def test_portions_are_bounded_in_order_and_a_tombstone_stands_alone() -> None:
    rows = [_row(1, 60), _row(2, 60), _row(3, 30), _row(4, tombstone=1), _row(5, 10), _row(6, 500)]
    cut = portions(rows, signals=100)
    assert [[row.pos for row in portion] for portion in cut] == [[1], [2, 3], [4], [5], [6]]
