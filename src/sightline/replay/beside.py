"""What was measured in the visits that are recorded: custom events, vitals, errors, and who came with what.

It is read where reports read, by visit, so that a recording holds nothing twice and an erasure has nothing more to do.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from sightline.database.pool import Database
from sightline.signals.event import EventType
from sightline.signals.kinds import KINDS
from sightline.sql import queries

SQL: Final = queries("sightline.replay", "beside.sql")
MOST: Final = 2_000  # of each kind in one visit
_KINDS: Final = ("event", "vital", "error")
_WORSE: Final = {"good": 0, "needs-improvement": 1, "poor": 2}
Json = dict[str, Any]


class Measured(Protocol):
    """Where it is asked for, with SQL that DuckDB and PostgreSQL both read."""

    async def rows(self, query: str, *values: object) -> list[Json]: ...


class Warehouse(Protocol):
    """The warehouse, as far as it is needed here."""

    async def query(self, sql: str, parameters: list[object] | None = None) -> Any: ...


class WarehouseMeasured:
    """As this process's warehouse has it."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    async def rows(self, query: str, *values: object) -> list[Json]:
        for kind in _KINDS:
            query = query.replace("{" + kind + "}", kind)
        found = await self._warehouse.query(query, list(values))
        rows: list[Json] = found.to_pylist()
        return rows


class JournalMeasured:
    """As PostgreSQL has it: slower, and only what is not pruned from the journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self, query: str, *values: object) -> list[Json]:
        for kind in _KINDS:
            query = query.replace("{" + kind + "}", KINDS[kind].table)
        return [dict(row) for row in await self._database.fetch(query, *values)]


class Beside(Struct, frozen=True):
    """What happened in one visit beside its recording."""

    events: list[Json]
    vitals: list[Json]
    errors: list[Json]


class Facts(Struct, frozen=True, kw_only=True):
    """Who came in one visit, with what, and how it went; empty where nothing was measured."""

    country: str = ""
    browser: str = ""
    os: str = ""
    device: str = ""
    release: str = ""
    events: int = 0
    errors: int = 0
    vital: str = ""  # the worst of them
    vital_value: float = 0.0
    vital_rating: str = ""


async def beside(measured: Measured, site: int, visit: int, *, errors: bool) -> Beside:
    """What happened in a visit; its errors only for who may see errors."""
    return Beside(
        events=await measured.rows(SQL["events"], site, visit, int(EventType.CUSTOM), MOST),
        vitals=await measured.rows(SQL["vitals"], site, visit, MOST),
        errors=await measured.rows(SQL["errors"], site, visit, MOST) if errors else [],
    )


async def facts(measured: Measured, site: int, visits: Sequence[int]) -> dict[int, Facts]:
    """What is known of some visits."""
    if not visits:
        return {}
    asked = (site, list(visits))
    agents = await measured.rows(SQL["agents"], *asked, int(EventType.CUSTOM))
    vitals = await measured.rows(SQL["worst"], *asked)
    failed = {row["visit"]: row for row in await measured.rows(SQL["failed_in"], *asked)}
    worst: dict[int, Json] = {}
    releases: dict[int, str] = {}
    for row in vitals:
        visit = row["visit"]
        releases[visit] = max(releases.get(visit, ""), row["release"])
        if visit not in worst or _badness(row) > _badness(worst[visit]):
            worst[visit] = row
    found = {row["visit"]: row for row in agents}
    return {
        visit: _facts(found.get(visit, {}), worst.get(visit), failed.get(visit, {}), releases.get(visit, ""))
        for visit in visits
    }


async def happened(measured: Measured, site: int, visits: Sequence[int]) -> list[Json]:
    """Custom events and vitals of some visits: `visit`, `created_ms`, `kind` and `text`."""
    if not visits:
        return []
    return await measured.rows(SQL["happened"], site, list(visits), int(EventType.CUSTOM))


def _badness(row: Json) -> tuple[int, float]:
    return _WORSE.get(row["rating"], 0), row["value"]


def _facts(agent: Json, worst: Json | None, failed: Json, release: str) -> Facts:
    known = {name: agent[name] for name in ("country", "browser", "os", "device", "events") if name in agent}
    vital = {} if worst is None else {
        "vital": worst["metric"], "vital_value": worst["value"], "vital_rating": worst["rating"],
    }  # fmt: skip
    return Facts(**known, **vital, errors=failed.get("errors", 0), release=release or failed.get("release", ""))
