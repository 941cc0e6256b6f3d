"""The peers that benchmarks measure against: an environment of their own, in the same process as Sightline's.

`make bench` makes `.venv-bench` from requirements/bench.txt when a benchmark needs it. Its packages come behind our own
on the path, and those that both have are locked to one version, so that candidate and control can run in turn.
"""

import sys
import sysconfig
from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parent.parent / ".venv-bench"


def use() -> None:
    """Make the peers importable; without them a benchmark has no control, so it does not run."""
    site = Path(sysconfig.get_path("purelib", vars={"base": str(ENVIRONMENT)}))
    if not (ENVIRONMENT / ".peers").exists():
        raise SystemExit(f"bench: {ENVIRONMENT.name} with the peers to measure against is missing: use `make bench`")
    if str(site) not in sys.path:
        sys.path.append(str(site))
