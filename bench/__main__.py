"""`python -m bench [NAME …]`: run the benchmarks, print their ratios, write docs/measurements.md.

A benchmark is a module of this folder with a `TITLE` and `async def run() -> list[Result]`. The exit code is 1 when a
bound does not hold, so that nobody has to read the numbers to know.
"""

import asyncio
import importlib
import os
import pkgutil
import sys
import time
from pathlib import Path

from bench.measurements import Result, record
from bench.pairs import Comparison

_PARTS = {"pairs", "peers", "measurements", "made", "storage", "filled", "__main__"}


def names() -> list[str]:
    """All benchmarks, in the order of their names."""
    return [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name not in _PARTS]


def main() -> int:
    wanted = sys.argv[1:] or names()
    if unknown := sorted(set(wanted) - set(names())):
        sys.stderr.write(f"bench: no such benchmark: {', '.join(unknown)}; there are {', '.join(names())}\n")
        return 2
    failed = []
    for name in wanted:
        sys.stderr.write(f"==> {name} …\n")
        started = time.perf_counter()
        module = importlib.import_module(f"bench.{name}")
        results: list[Result] = asyncio.run(module.run())
        record(module.TITLE, command(name), results, getattr(module, "NOTE", ""))
        for result in results:
            print(_line(result))
            if not result.holds:
                failed.append(f"{name}: {result.name}")
        sys.stderr.write(f"    {time.perf_counter() - started:.0f} s\n")
    for line in failed:
        sys.stderr.write(f"bench: bound missed: {line}\n")
    return 1 if failed else 0


def command(name: str) -> str:
    """What makes these figures again, with the sizes that were asked for."""
    sizes = (f"{key}={value} " for key, value in sorted(os.environ.items()) if key.startswith("BENCH_"))
    return f"{''.join(sizes)}make bench BENCH={name}"


def _line(result: Result) -> str:
    state = "ok  " if result.holds else "MISS"
    if isinstance(result, Comparison):
        bound = f"  (bound ≥ {result.bound:g})" if result.bound is not None else ""
        return f"{state} {result.name}: {result.ratio:.2f} of the control, {result.low:.2f} to {result.high:.2f}{bound}"
    bound = f"  (bound ≤ {result.limit:g})" if result.limit is not None else ""
    return f"{state} {result.name}: {result.value:.4g} {result.unit}{bound}"


if __name__ == "__main__":
    sys.exit(main())
