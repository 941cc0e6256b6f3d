"""Measure what a database does before we move in, and hold against it what it does afterwards.

The limits are the story's: CPU + 5 points, connections + 2, input and output + 10 %, growth of 1 GB a month.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import asyncpg
import msgspec

from sightline import clock
from sightline.database.address import Address, connect
from sightline.errors import CallerError
from sightline.sql import queries

CPU_POINTS = 5.0
CPU_CEILING = 70.0
CONNECTIONS = 2
CONNECTIONS_SHARE = 80.0
IO_SHARE = 10.0
# Below this, 10 % more is what any idle server does by itself.
IO_FLOOR = 10.0
GROWTH_BYTES = 2**30
MONTH_S = 30 * 24 * 3600
# A database that was measured an hour ago has not grown for long enough to say what it will do in a month.
SHORTEST_S = 24 * 3600
PROBES = 101

_SQL = queries("sightline.database", "baseline.sql")
_VERSION = 1


class BaselineError(CallerError):
    """The baseline cannot be read."""

    code = "baseline"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured at one time. Rates are per second; `cloud` is what CloudWatch says, by its names."""

    version: int = _VERSION
    taken_ms: int
    server: int
    database: str
    bytes: int
    schemas: dict[str, int]
    connections: dict[str, int]
    max_connections: int
    cache_hit_share: float | None
    reads: float
    writes: float
    probe_ms: float
    cloud: dict[str, float]


class Line(msgspec.Struct, frozen=True):
    """One comparison; without a limit it is only told."""

    what: str
    before: str
    after: str
    delta: str
    limit: str | None
    ok: bool


async def measure(
    admin: Address,
    *,
    seconds: float = 10,
    cloud: Mapping[str, float] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Snapshot:
    """Measure now; reads and writes are watched for `seconds`."""
    connection = await connect(msgspec.structs.replace(admin, schema=""), application="sightline baseline")
    try:
        facts = await connection.fetchrow(_SQL["facts"])
        assert facts is not None
        progress(f"watching reads and writes for {seconds:g} s")
        started, first = time.monotonic(), await _counters(connection, facts["major"])
        probe_ms = await _probe(connection)
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - started)))
        last, passed = await _counters(connection, facts["major"]), time.monotonic() - started
        reads = await connection.fetchrow(_SQL["reads"])
        assert reads is not None
        seen = reads["hit"] + reads["read"]
        return Snapshot(
            taken_ms=clock.now_ms(),
            server=facts["major"],
            database=facts["database"],
            bytes=facts["bytes"],
            schemas={row["name"]: row["bytes"] for row in await connection.fetch(_SQL["schemas"])},
            connections={row["role"]: row["connections"] for row in await connection.fetch(_SQL["connections"])},
            max_connections=facts["max_connections"],
            cache_hit_share=round(100 * reads["hit"] / seen, 2) if seen else None,
            reads=round(max(0, last[0] - first[0]) / passed, 2),
            writes=round(max(0, last[1] - first[1]) / passed, 2),
            probe_ms=round(probe_ms, 3),
            cloud=dict(cloud or {}),
        )
    finally:
        await connection.close()


async def _counters(connection: asyncpg.Connection, major: int) -> tuple[int, int]:
    reads = await connection.fetchrow(_SQL["reads"])
    assert reads is not None
    writes = await connection.fetchval(_SQL["writes_15" if major < 16 else "writes_16"])
    return reads["read"], writes


async def _probe(connection: asyncpg.Connection) -> float:
    """Return the median time of a query that touches no table, in ms."""
    taken = []
    for _ in range(PROBES):
        started = time.perf_counter()
        await connection.fetchval("SELECT 1")
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def save(file: Path, snapshot: Snapshot) -> None:
    try:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(snapshot), indent=2) + b"\n")
    except OSError as exc:
        raise BaselineError(f"cannot write {str(file)!r}: {exc.strerror}", hint="Name another file.") from exc


def read(file: Path) -> Snapshot:
    again = "Save a baseline with `sightline db baseline save`."
    try:
        snapshot = msgspec.json.decode(file.read_bytes(), type=Snapshot)
    except OSError as exc:
        raise BaselineError(f"cannot read {str(file)!r}: {exc.strerror}", hint=again) from exc
    except msgspec.DecodeError as exc:
        raise BaselineError(f"{str(file)!r} holds no baseline: {exc}", hint=again) from exc
    if snapshot.version != _VERSION:
        raise BaselineError(f"{str(file)!r} is a baseline of version {snapshot.version}, not {_VERSION}", hint=again)
    return snapshot


def compare(before: Snapshot, after: Snapshot) -> list[Line]:
    """Hold one against the other; a line whose limit is crossed is not `ok`."""
    if before.database != after.database:
        raise BaselineError(
            f"the baseline is of the database {before.database!r}, this one is {after.database!r}",
            hint="Compare with a baseline of the same database.",
        )
    elapsed_s = max((after.taken_ms - before.taken_ms) / 1000, 0)
    lines = [_growth(before, after, elapsed_s), _schemas(before, after), *_connections(before, after)]
    lines.append(_io("blocks read a second", before.reads, after.reads))
    lines.append(_io("blocks written a second", before.writes, after.writes))
    lines += _cloud(before.cloud, after.cloud)
    lines.append(_told("cache hits", before.cache_hit_share, after.cache_hit_share, "%"))
    lines.append(_told("probe, median", before.probe_ms, after.probe_ms, "ms"))
    for name in sorted(before.schemas.keys() | after.schemas.keys()):
        lines.append(_told(f"schema {name}", _mb(before.schemas.get(name)), _mb(after.schemas.get(name)), "MB"))
    return lines


def _growth(before: Snapshot, after: Snapshot, elapsed_s: float) -> Line:
    grown = after.bytes - before.bytes
    monthly = grown * MONTH_S / max(elapsed_s, SHORTEST_S)
    return Line(
        "database size", _number(before.bytes / 2**20, "MB"), _number(after.bytes / 2**20, "MB"),
        f"{grown / 2**20:+.1f} MB, {monthly / 2**20:+.1f} MB a month", f"+{GROWTH_BYTES // 2**20} MB a month",
        monthly <= GROWTH_BYTES,
    )  # fmt: skip


def _schemas(before: Snapshot, after: Snapshot) -> Line:
    lost = sorted(before.schemas.keys() - after.schemas.keys())
    return Line(
        "schemas", str(len(before.schemas)), str(len(after.schemas)),
        f"lost: {', '.join(lost)}" if lost else "none lost", "none lost", not lost,
    )  # fmt: skip


def _connections(before: Snapshot, after: Snapshot) -> list[Line]:
    old, new = sum(before.connections.values()), sum(after.connections.values())
    share = 100 * new / after.max_connections
    lines = [
        Line("connections", str(old), str(new), f"{new - old:+d}", f"+{CONNECTIONS}", new - old <= CONNECTIONS),
        Line(
            "connections of max_connections", _number(100 * old / before.max_connections, "%"), _number(share, "%"),
            "", f"{CONNECTIONS_SHARE:g} %", share <= CONNECTIONS_SHARE,
        ),
    ]  # fmt: skip
    lines.extend(
        _told(f"connections of {role}", before.connections.get(role, 0), after.connections.get(role, 0), "")
        for role in sorted(before.connections.keys() | after.connections.keys())
    )
    return lines


def _io(what: str, before: float, after: float) -> Line:
    limit = max(before * (1 + IO_SHARE / 100), before + IO_FLOOR)
    share = f"{100 * (after - before) / before:+.1f} %" if before else f"{after - before:+.1f}"
    return Line(what, _number(before), _number(after), share, f"+{IO_SHARE:g} %, or +{IO_FLOOR:g}", after <= limit)


def _cloud(before: Mapping[str, float], after: Mapping[str, float]) -> list[Line]:
    lines = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            lines.append(_told(name, old, new, ""))
        elif name == "CPUUtilization":
            ok = new - old <= CPU_POINTS and new <= CPU_CEILING
            limit = f"+{CPU_POINTS:g} points, {CPU_CEILING:g} %"
            lines.append(Line(name, _number(old, "%"), _number(new, "%"), f"{new - old:+.1f} points", limit, ok))
        elif name == "DatabaseConnections":
            ok = new - old <= CONNECTIONS
            lines.append(Line(name, _number(old), _number(new), f"{new - old:+.1f}", f"+{CONNECTIONS}", ok))
        elif name.endswith("IOPS"):
            lines.append(_io(name, old, new))
        else:
            lines.append(_told(name, old / 2**20, new / 2**20, "MB"))
    return lines


def _told(what: str, before: float | None, after: float | None, unit: str) -> Line:
    delta = "" if before is None or after is None else f"{after - before:+.2f}".rstrip("0").rstrip(".")
    return Line(what, _number(before, unit), _number(after, unit), delta, None, True)  # noqa: FBT003 - no limit


def _mb(size: int | None) -> float | None:
    return None if size is None else size / 2**20


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return "-"
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{text} {unit}".rstrip()
