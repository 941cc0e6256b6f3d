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
    Metric("SheetsFetched", Unit.COUNT, ("Outcome",), "Style sheets that recorded pages link: taken or failed."),
    Metric("ItemsLost", Unit.COUNT, (), "Items that browsers could not keep until they were sent, as the SDK says."),
    Metric("ValuesCut", Unit.COUNT, ("Field",), "Values of hits that were too long, and stored without their end."),
    Metric("LinesDropped", Unit.COUNT, ("Reason",), "Lines of vitals and errors not written: noise, limit or failed."),
    Metric("LogsDropped", Unit.COUNT, ("Reason",), "Payloads of log lines that could not be read, or were not wanted."),
    Metric("LogLag", Unit.MILLISECONDS, (), "From when a backend wrote the first line of a payload to its commit."),
    Metric("SignalsCommitted", Unit.COUNT, ("Kind",), "Signals that were committed to the journal."),
    Metric("CommitDuration", Unit.MILLISECONDS, (), "How long a group commit took."),
    Metric(
        "JournalRefused",
        Unit.COUNT,
        ("Reason",),
        "Batches not stored: full (the queue), value, database (away, or its disk full) or error.",
    ),
    Metric("SignalsSealed", Unit.COUNT, ("Kind",), "Signals that were sealed into extents."),
    Metric("RecordingsSealed", Unit.COUNT, (), "Recordings of visits that ended and became one object per tab."),
    Metric("RecordingBytes", Unit.BYTES, (), "Bytes of recordings that were sealed."),
    Metric("RecordingsStored", Unit.BYTES, (), "Bytes of all sealed recordings, after each look at their budget."),
    Metric(
        "RecordingsFull",
        Unit.COUNT,
        (),
        "Over 0 while recordings are over their budget and none may go, or their disk is full.",
    ),
    Metric("WarehouseLag", Unit.MILLISECONDS, (), "Age of the oldest commit that the warehouse has not read yet."),
    Metric("WarehouseRebuilds", Unit.COUNT, ("Reason",), "Rebuilds: new, schema, restored, behind, broken or asked."),
    Metric("QueryDuration", Unit.MILLISECONDS, (), "How long a query of the warehouse took."),
    Metric("SignIns", Unit.COUNT, ("Result",), "Sign-ins: ok, refused or throttled."),
    Metric("KeyUnwraps", Unit.COUNT, ("Result",), "Keys unwrapped by the root key: ok, denied or failed."),
    Metric("VaultReads", Unit.COUNT, ("Result",), "Values read from the vault: ok, refused or failed."),
    Metric("VaultRefused", Unit.COUNT, ("Reason",), "Readings that a limit refused: too many values or subjects."),
    Metric("VaultSubjectsRead", Unit.COUNT, (), "Different subjects that one actor has read within an hour."),
    Metric("VaultHoneytokens", Unit.COUNT, (), "Readings of subjects that nobody has a reason to read: alarm on one."),
    Metric("VaultAuditWrong", Unit.COUNT, (), "What the daily verification of the vault's audit found: alarm on one."),
    Metric("LogsExported", Unit.COUNT, (), "Log groups that a run of `sightline aws logs export` has gone through."),
    Metric("VaultAuditUnsealed", Unit.COUNT, (), "Rows of the vault's audit that wait for their seal."),
)

CATALOGUE: Final = {metric.name: metric for metric in _ROWS}

_gathered: dict[tuple[str, tuple[str, ...]], list[float]] = {}
# What was checked before: the dimensions of most calls are the same few.
_checked: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[str, tuple[str, ...]]] = {}
_MOST_CHECKED: Final = 4096
_lock = threading.Lock()


def count(name: str, value: float = 1, **dimensions: str) -> None:
    """Add `value` to a metric of the catalogue; counts are summed until the next `emit`."""
    key = _key(name, dimensions)
    with _lock:
        values = _gathered.get(key)
        if values is None:
            values = _gathered[key] = [0.0]
        values[0] += value


def observe(name: str, value: float, **dimensions: str) -> None:
    """Note one measured value of a metric of the catalogue."""
    key = _key(name, dimensions)
    with _lock:
        values = _gathered.get(key)
        if values is None:
            values = _gathered[key] = []
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
    asked = name, tuple(dimensions.items())
    key = _checked.get(asked)
    if key is None:
        key = _check(name, dimensions)
        if len(_checked) < _MOST_CHECKED:
            _checked[asked] = key
    return key


def _check(name: str, dimensions: dict[str, str]) -> tuple[str, tuple[str, ...]]:
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
