"""The metric catalogue, and the emitter that writes what was counted as CloudWatch EMF lines.

A metric exists only if it stands in `CATALOGUE`: counting anything else raises. Counting costs a dictionary update;
nothing is sent by itself. `emit` turns what was gathered since the last call into EMF lines, which on Fargate reach
CloudWatch through stdout, without an agent.
"""

import threading
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from sightline import clock

NAMESPACE: Final = "Sightline"
# CloudWatch takes at most 100 values of a metric in one EMF line.
_MAX_VALUES: Final = 100


class Unit(StrEnum):
    """CloudWatch's names of the units we use."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    SECONDS = "Seconds"
    BYTES = "Bytes"
    PERCENT = "Percent"


class Metric(msgspec.Struct, frozen=True):
    """One row of the catalogue."""

    name: str
    unit: Unit
    dimensions: tuple[str, ...]
    meaning: str


_ROWS: Final = (
    Metric("Requests", Unit.COUNT, ("Route", "Status"), "Answered requests, by route template and status class."),
    Metric(
        "RequestDuration", Unit.MILLISECONDS, ("Route",), "From the first byte of a request to the last of its answer."
    ),
    Metric("JobRuns", Unit.COUNT, ("Job", "Result"), "Runs of a background job: ok or failed."),
    Metric("JobDuration", Unit.MILLISECONDS, ("Job",), "How long a run of a background job took."),
    Metric("Leader", Unit.COUNT, (), "1 while this process holds the lock under which jobs run."),
    Metric("DatabaseReconnects", Unit.COUNT, (), "How often a lost connection to PostgreSQL was made again."),
    Metric("HitsDropped", Unit.COUNT, ("Reason",), "Hits that were not stored, by the reason in the answer's header."),
    Metric("HitsReleased", Unit.COUNT, (), "Hits that somebody released from the quarantine."),
    Metric("ValuesCut", Unit.COUNT, ("Field",), "Values of hits that were too long, and stored without their end."),
    Metric("SignalsCommitted", Unit.COUNT, ("Kind",), "Signals that were committed to the journal."),
    Metric("CommitDuration", Unit.MILLISECONDS, (), "How long a group commit took."),
    Metric("JournalRefused", Unit.COUNT, ("Reason",), "Batches not stored: full, value, database or error."),
    Metric("SignalsSealed", Unit.COUNT, ("Kind",), "Signals that were sealed into extents."),
    Metric("WarehouseLag", Unit.MILLISECONDS, (), "Age of the oldest commit that the warehouse has not read yet."),
    Metric("WarehouseRebuilds", Unit.COUNT, ("Reason",), "Rebuilds: new, schema, restored, behind, broken or asked."),
    Metric("QueryDuration", Unit.MILLISECONDS, (), "How long a query of the warehouse took."),
    Metric("SignIns", Unit.COUNT, ("Result",), "Sign-ins: ok, refused or throttled."),
    Metric("KeyUnwraps", Unit.COUNT, ("Result",), "Keys unwrapped by the root key: ok, denied or failed."),
)

CATALOGUE: Final = {metric.name: metric for metric in _ROWS}

_gathered: dict[tuple[str, tuple[str, ...]], list[float]] = {}
_lock = threading.Lock()


def count(name: str, value: float = 1, **dimensions: str) -> None:
    """Add `value` to a metric of the catalogue; counts are summed until the next `emit`."""
    key = _key(name, dimensions)
    with _lock:
        values = _gathered.setdefault(key, [0.0])
        values[0] += value


def observe(name: str, value: float, **dimensions: str) -> None:
    """Note one measured value of a metric of the catalogue."""
    key = _key(name, dimensions)
    with _lock:
        values = _gathered.setdefault(key, [])
        if len(values) < 100 * _MAX_VALUES:  # a stalled emitter costs bounded memory
            values.append(value)


def emit(write: Callable[[str], object]) -> None:
    """Write what was gathered since the last call, one EMF line per metric and set of dimensions."""
    with _lock:
        taken = dict(_gathered)
        _gathered.clear()
    for line in _lines(taken):
        write(line)


def _key(name: str, dimensions: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    metric = CATALOGUE.get(name)
    if metric is None:
        raise LookupError(f"metric {name!r} does not stand in the catalogue")
    if set(dimensions) != set(metric.dimensions):
        raise LookupError(f"metric {name!r} has the dimensions {metric.dimensions}, got {tuple(dimensions)}")
    return name, tuple(dimensions[dimension] for dimension in metric.dimensions)


def _lines(gathered: dict[tuple[str, tuple[str, ...]], list[float]]) -> Iterator[str]:
    moment = clock.now_ms()
    for (name, dimension_values), values in gathered.items():
        metric = CATALOGUE[name]
        header = {
            "Timestamp": moment,
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(metric.dimensions)],
                    "Metrics": [{"Name": name, "Unit": metric.unit.value}],
                }
            ],
        }
        dimensions = dict(zip(metric.dimensions, dimension_values, strict=True))
        for start in range(0, len(values), _MAX_VALUES):
            part = values[start : start + _MAX_VALUES]
            document = {"_aws": header, **dimensions, name: part[0] if len(part) == 1 else part}
            yield msgspec.json.encode(document).decode()
