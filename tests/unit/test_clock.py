"""The time in one place."""

from datetime import UTC, datetime

import pytest

from sightline import clock


def test_a_held_clock_moves_only_when_told() -> None:
    with clock.held(5_000) as held:
        assert clock.now_ms() == 5_000
        held.advance(seconds=1.5)
        assert clock.now_ms() == 6_500
    assert clock.now_ms() > 1_700_000_000_000


def test_a_moment_survives_the_way_there_and_back() -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, 789_000, UTC)
    assert clock.from_ms(clock.to_ms(moment)) == moment


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        clock.to_ms(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test
