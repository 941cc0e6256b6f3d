"""Benchmarks as ratios to a control in the same run; `python -m bench` runs all and writes docs/measurements.md."""
