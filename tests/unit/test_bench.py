"""The harness that all figures come from."""

from pathlib import Path

import pytest
from bench.measurements import Comparison, Figure, record
from bench.pairs import compare


def work(times: int) -> None:
    sum(number * number for number in range(times))


def test_twice_the_work_has_half_the_ratio() -> None:
    found = compare("x", lambda: work(200_000), lambda: work(100_000), rounds=5, bound=0.9)
    assert 0.3 < found.ratio < 0.75
    assert not found.holds


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
