"""Pseudonyms, salt periods, visits and consent."""

from datetime import UTC, datetime

import pytest

from sightline.clock import to_ms
from sightline.privacy.consent import allowed
from sightline.privacy.pseudonyms import VISIT_IDLE_MS, LocalMacKey, OpenVisit, period_of, person, visit_at, visitor

SALT = bytes(range(32))


def ms(*parts: int) -> int:
    return to_ms(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type,misc]


def test_a_visitor_is_the_same_within_a_salt_and_another_beyond_it() -> None:
    mine = visitor(SALT, "site", "203.0.113.7", "Firefox")
    assert mine == visitor(SALT, "site", "203.0.113.7", "Firefox") == 4857869525655605738
    assert 0 < mine < 2**63
    others = {
        visitor(SALT[::-1], "site", "203.0.113.7", "Firefox"),
        visitor(SALT, "other", "203.0.113.7", "Firefox"),
        visitor(SALT, "site", "203.0.113.8", "Firefox"),
        visitor(SALT, "site", "203.0.113.7", "Chrome"),
    }
    assert len(others | {mine}) == 5


def test_parts_cannot_be_shifted_into_each_other() -> None:
    assert visitor(SALT, "ab", "c", "d") != visitor(SALT, "a", "bc", "d")
    assert person(LocalMacKey(SALT), "ab", "c") != person(LocalMacKey(SALT), "a", "bc")


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes, got 8"):
        visitor(b"x" * 8, "site", "a", "b")


def test_a_person_is_stable_per_tenant_and_key() -> None:
    key = LocalMacKey(SALT)
    assert person(key, "t", "jane") == person(key, "t", " jane ") == 552769868881874376
    assert person(key, "t", "jane") != person(key, "u", "jane")
    assert person(key, "t", "jane") != person(LocalMacKey(SALT[::-1]), "t", "jane")
    assert "0" not in repr(key)


@pytest.mark.parametrize(
    ("period", "moment", "name", "start", "end"),
    [
        ("day", (2026, 2, 28, 23, 59, 59), "day:2026-02-28", (2026, 2, 28), (2026, 3, 1)),
        ("day", (2026, 3, 1), "day:2026-03-01", (2026, 3, 1), (2026, 3, 2)),
        ("month", (2026, 12, 31, 23, 59), "month:2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("month", (2024, 2, 29), "month:2024-02", (2024, 2, 1), (2024, 3, 1)),
    ],
)
def test_a_moment_belongs_to_one_salt_period_in_utc(
    period: str, moment: tuple[int, ...], name: str, start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    found = period_of(ms(*moment), period)  # type: ignore[arg-type]
    assert (found.name, found.start_ms, found.end_ms) == (name, ms(*start), ms(*end))
    assert found.holds(ms(*moment))
    assert not found.holds(found.end_ms)


def test_a_visit_ends_after_thirty_minutes_of_inactivity() -> None:
    first = visit_at(None, 1_000, 7)
    assert first == OpenVisit(7, 1_000, 1_000)
    going_on = visit_at(first, 1_000 + VISIT_IDLE_MS - 1, 8)
    assert going_on == OpenVisit(7, 1_000, 1_000 + VISIT_IDLE_MS - 1)
    assert visit_at(going_on, going_on.seen_ms + VISIT_IDLE_MS, 9).visit == 9


def test_a_late_signal_does_not_move_a_visit_back() -> None:
    held = OpenVisit(7, 10_000, 60_000)
    assert visit_at(held, 30_000, 8) == held
    assert visit_at(held, 9_000, 8) == OpenVisit(7, 9_000, 60_000)
    assert visit_at(held, 10_000 - VISIT_IDLE_MS, 8).visit == 8


@pytest.mark.parametrize(
    ("headers", "options", "analytics", "replay", "because"),
    [
        ({}, {}, True, True, "site"),
        ({"DNT": "1"}, {}, False, False, "dnt"),
        ({"Sec-GPC": "1"}, {}, False, False, "gpc"),
        ({"dnt": "0", "sec-gpc": "0"}, {}, True, True, "site"),
        ({"DNT": "1"}, {"honour_signals": False}, True, True, "site"),
        ({"DNT": "1"}, {"given": "replay"}, True, True, "site"),
        ({}, {"site": "none", "given": "replay"}, False, False, "site"),
        ({}, {"site": "analytics"}, True, False, "site"),
        ({}, {"site": "analytics", "given": "replay"}, True, False, "site"),
        ({}, {"asks": True}, False, False, "consent"),
        ({}, {"asks": True, "given": "analytics"}, True, False, "consent"),
        ({}, {"given": "none"}, False, False, "consent"),
    ],
)
def test_what_may_be_collected(
    headers: dict[str, str], options: dict[str, object], analytics: bool, replay: bool, because: str
) -> None:
    found = allowed(headers, **options)  # type: ignore[arg-type]
    assert (found.analytics, found.replay, found.because) == (analytics, replay, because)
