"""Umami's words and ours: ids, filters, ranges of dates, and the table of routes."""

import pytest

from sightline import clock
from sightline.collect.umami import uuid_of
from sightline.compat.umami import asking, ids, segments
from sightline.compat.umami.routes import Table, route
from sightline.compat.umami.table import ROUTES
from sightline.errors import InvalidValue, NotFound


@pytest.mark.parametrize("number", [0, 1, 255, 2**32, 2**63 - 1])
def test_a_number_in_the_shape_of_a_uuid_is_read_again(number: int) -> None:
    assert ids.written(number) == uuid_of(number)
    assert ids.number(uuid_of(number).upper(), "session") == number
    assert ids.event_number(ids.event_written(number, 32_767)) == (number, 32_767)


@pytest.mark.parametrize(
    "text", ["", "7", "ffffffff-ffff-8fff-8f00-000000000000", ids.event_written(7, 1), "0000-0000", uuid_of(7) + "0"]
)
def test_what_is_no_number_of_ours_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        ids.number(text, "session")


FILTERS = [
    ("path", "/a,b", '["path","eq",["/a","b"]]'),
    ("path", "eq./a", '["path","eq",["/a"]]'),
    ("referrer", "neq.a.example", '["referrer","neq",["a.example"]]'),
    ("utmSource", "c.a,b", '["utm_source","c",["a,b"]]'),
    ("country", "s.", '["country","s",[]]'),
    ("title", "re.^a.b$", '["title","re",["^a.b$"]]'),
    ("title", "cat.dog", '["title","eq",["cat.dog"]]'),
]


@pytest.mark.parametrize(("name", "value", "expected"), FILTERS)
def test_a_filter_is_read_as_umami_writes_it(name: str, value: str, expected: str) -> None:
    assert asking.one_filter(name, value) == expected
    assert list(asking.filters({f"{name}3": value, "unheard": "x", name: ""})) == [expected]


def test_moments_are_milliseconds_or_dates_and_the_end_counts() -> None:
    with clock.held(1_792_929_600_000):
        assert asking.moments({}) == ("1792843200000", "1792929600001")
        assert asking.moments({"startAt": "0", "endAt": 1000.0}) == ("172800000", "172800001")
        assert asking.moments({"startDate": "2026-10-25", "endDate": "2026-10-25T12:00:00+02:00"}) == (
            "1792886400000", "1792922400001",
        )  # fmt: skip
    for wrong in ({"startAt": "1e9"}, {"startAt": "9" * 30}, {"endDate": "x"}, {"startAt": "900000000", "endAt": "1"}):
        with pytest.raises(InvalidValue):
            asking.moments(wrong)


def test_ranges_of_cohorts_are_ours() -> None:
    read = segments.read_range
    assert [read(text) for text in ("30day", "0month", "-1week", "all")] == [
        {"range": "30d"}, {"range": "this_month"}, {"range": "last_week"}, {"range": "all"},
    ]  # fmt: skip
    assert read("range:5:9") == {"start": "5", "end": "10"}
    for wrong in ("", "day", "-2day", "30parsecs", "range:5"):
        with pytest.raises(InvalidValue):
            read(wrong)


def test_a_fixed_part_of_a_path_is_found_before_a_variable_one() -> None:
    table = Table(ROUTES)
    found = {path: table.find(path) for path in ("/teams/join", "/teams/x", "/websites/charts", "/share/id/x", "/x")}
    assert [None if one is None else next(iter(one[0].values())).path for one in found.values()] == [
        "/teams/join", "/teams/{team}", "/websites/charts", "/share/id/{share}", None,
    ]  # fmt: skip
    one = route("GET", "/a", "why", ROUTES[0].answer)
    with pytest.raises(ValueError, match="stands twice"):
        Table((one, one))
