"""Compare a candidate with a control so that the machine's mood cancels out.

Candidate and control run in turn, round after round, in one process; the order within a round alternates. The figure
of a round is the ratio of the two, the figure of the comparison the median of the rounds, with its spread. Time is the
CPU time of the process unless the work waits for something, then it is wall time.
"""

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

Clock = Literal["cpu", "wall"]
_RESAMPLES = 5000
CLOCKS: dict[str, Callable[[], int]] = {"cpu": time.process_time_ns, "wall": time.perf_counter_ns}


class Comparison(msgspec.Struct, frozen=True):
    """How many times as fast the candidate is as the control: 1 is as fast, 0.5 takes twice as long."""

    name: str
    ratio: float
    low: float
    high: float
    rounds: int
    candidate_ms: float
    control_ms: float
    bound: float | None = None

    @property
    def holds(self) -> bool:
        return self.bound is None or self.ratio >= self.bound


def compare(  # noqa: PLR0913 - two things to run, and how
    name: str,
    candidate: Callable[[], object],
    control: Callable[[], object],
    *,
    rounds: int = 11,
    clock: Clock = "cpu",
    bound: float | None = None,
) -> Comparison:
    """Run both `rounds` times in turn, after one round that is not counted."""
    read = CLOCKS[clock]
    ratios, candidates, controls = [], [], []
    for number in range(rounds + 1):
        first, second = (candidate, control) if number % 2 else (control, candidate)
        taken = {}
        for work in (first, second):
            gc.collect()
            gc.disable()
            started = read()
            work()
            taken[work] = max(read() - started, 1)
            gc.enable()
        if number == 0:
            continue
        ratios.append(taken[control] / taken[candidate])
        candidates.append(taken[candidate] / 1e6)
        controls.append(taken[control] / 1e6)
    ratios.sort()
    return Comparison(
        name=name,
        ratio=statistics.median(ratios),
        low=ratios[0],
        high=ratios[-1],
        rounds=rounds,
        candidate_ms=statistics.median(candidates),
        control_ms=statistics.median(controls),
        bound=bound,
    )


def upper_bound(values: Sequence[float], seed: int = 1) -> float:
    """What the median stays below in 95 % of resamples."""
    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return medians[int(0.95 * _RESAMPLES)]
