"""The harness that all figures come from."""

from pathlib import Path

import pytest
from bench import pairs
from bench.measurements import Figure, record
from bench.pairs import Comparison


def test_twice_the_work_has_half_the_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0

    def work(cost: int) -> None:
        nonlocal now
        now += cost

    monkeypatch.setitem(pairs.CLOCKS, "cpu", lambda: now)
    found = pairs.compare("x", lambda: work(2_000), lambda: work(1_000), rounds=5, bound=0.9)
    assert found.ratio == 0.5
    assert (found.low, found.high, found.rounds) == (0.5, 0.5, 5)
    assert not found.holds


def test_candidate_and_control_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    pairs.compare("x", lambda: order.append("candidate"), lambda: order.append("control"), rounds=2)
    assert order == ["control", "candidate", "candidate", "control", "control", "candidate"]


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "measurements.md"
    record("One", "make one", [Figure("size", 5, "kB", limit=9)], file=file)
    record("Two", "make two", [Comparison("x", 0.5, 0.4, 0.6, 11, 2, 1, bound=0.3)], file=file)
    record("One", "make one", [Figure("size", 7, "kB", limit=9)], file=file)
    text = file.read_text()
    assert text.count("## One") == 1
    assert "**7 kB** | ≤ 9" in text
    assert "**5 kB**" not in text
    assert "| x | **0.50** | ≥ 0.3 | 0.40 to 0.60 |" in text


@pytest.mark.parametrize(("value", "holds"), [(9, True), (10, False)])
def test_a_figure_over_its_limit_does_not_hold(value: float, *, holds: bool) -> None:
    assert Figure("size", value, "kB", limit=9).holds is holds


def test_the_upper_bound_of_a_median_is_beyond_it_and_the_same_each_time() -> None:
    spread = [float(value) for value in (*range(30), 400)]  # one load that hung says little of the others
    bound = pairs.upper_bound(spread)
    assert 15 < bound < 25
    assert pairs.upper_bound(spread) == bound
    assert pairs.upper_bound([7.0] * 31) == 7
