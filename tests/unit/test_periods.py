"""What a period is compared with, day of the week by day of the week."""

from datetime import UTC, datetime

import pytest

from sightline.analytics.period import Compare, Period, period

NOW_MS = int(datetime(2026, 11, 25, 10, tzinfo=UTC).timestamp() * 1000)  # a Wednesday


def days(found: Period) -> tuple[str, str]:
    """The first and the last day."""
    last = found.local(found.to_ms - 1)
    return f"{found.local(found.from_ms):%Y-%m-%d}", f"{last:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("name", "compare", "expected"),
    [
        ("28d", Compare.PREVIOUS, ("2026-10-01", "2026-10-28")),  # four whole weeks: as it was
        ("30d", Compare.PREVIOUS, ("2026-09-22", "2026-10-21")),  # not forwards, into the period itself
        ("today", Compare.PREVIOUS, ("2026-11-18", "2026-11-18")),
        ("today", Compare.YEAR, ("2025-11-26", "2025-11-26")),  # the nearest Wednesday
        ("7d", Compare.YEAR, ("2025-11-20", "2025-11-26")),
    ],
)
def test_a_period_can_be_compared_with_the_same_days_of_the_week(
    name: str, compare: Compare, expected: tuple[str, str]
) -> None:
    over = period(name, zone="Europe/Zurich", now_ms=NOW_MS)
    before = over.compared(compare)
    assert before is not None
    matched = before.on_weekday_of(over)
    assert days(matched) == expected
    assert matched.local(matched.from_ms).weekday() == over.local(over.from_ms).weekday()
    assert matched.to_ms <= over.from_ms


def test_days_stay_whole_where_clocks_change_in_between() -> None:
    """On 25 October clocks go back in Zürich: that day has 25 hours."""
    over = period("", zone="Europe/Zurich", start="2026-10-26", end="2026-10-27")
    before = over.compared(Compare.PREVIOUS)
    assert before is not None
    matched = before.on_weekday_of(over)
    assert days(matched) == ("2026-10-19", "2026-10-20")
    assert matched.local(matched.from_ms).hour == 0
