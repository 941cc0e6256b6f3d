"""How good a value of a Web Vital is: the thresholds of web.dev/articles/vitals."""

from typing import Final

# Up to the first bound a value is good, beyond the second it is poor; what is classified of many is their p75.
BOUNDS: Final = {
    "LCP": (2500, 4000), "INP": (200, 500), "CLS": (0.1, 0.25), "FCP": (1800, 3000), "TTFB": (800, 1800),
    "FID": (100, 300),
}  # fmt: skip


def rating(metric: str, value: float) -> str:
    good, poor = BOUNDS[metric]
    return "good" if value <= good else "poor" if value > poor else "needs-improvement"
