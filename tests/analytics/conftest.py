"""Two engines over the same events, and somebody who may ask about one of two sites."""

import uuid
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from sightline import clock
from sightline.accounts import sites
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.analytics.asking import Asks
from sightline.analytics.engines import DuckEngine, PostgresEngine
from sightline.database.pool import Database
from sightline.signals.event import EVENT, Event
from tests.analytics.generated import COUNTS

BATCH = 7


class Memory:
    """A DuckDB in memory that is asked as the warehouse is."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(EVENT.duckdb_ddl())

    async def query(self, sql: str, parameters: list[object] | None = None) -> Any:
        return self.connection.sql(sql, params=parameters or []).to_arrow_table()


def rows(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """As the journal stores them: several to a batch."""
    stored: list[tuple[Any, ...]] = []
    for first in range(0, len(events), BATCH):
        stored += EVENT.rows(events[first : first + BATCH], received_ms=clock.now_ms(), batch=first + 1)
    return stored


class Both:
    """The same events in DuckDB and in PostgreSQL."""

    def __init__(self, database: Database, scopes: dict[int, Scope]) -> None:
        self.database = database
        self.memory = Memory()
        self.scopes = scopes
        self.counts = COUNTS
        self.engines: dict[str, Asks] = {"duckdb": DuckEngine(self.memory), "postgres": PostgresEngine(database)}

    @property
    def sites(self) -> tuple[int, ...]:
        return tuple(self.scopes)

    async def renew(self) -> None:
        """Begin a world; what it holds replaces everything."""

    async def hold(self, events: Sequence[Event]) -> None:
        """Hold these events and no others."""
        stored = rows(events)
        self.memory.connection.execute("DELETE FROM event")
        if stored:
            marks = ", ".join("?" * len(EVENT.columns))
            self.memory.connection.executemany(f"INSERT INTO event VALUES ({marks})", stored)
        async with self.database.transaction() as connection:
            await connection.execute("TRUNCATE signal_event")
            await connection.copy_records_to_table(EVENT.table, records=stored, columns=EVENT.column_names)


async def add_site(database: Database, name: str, *, zone: str = "UTC") -> int:
    now = clock.now()
    team = await database.fetchval(
        "INSERT INTO tenants (uuid, name, slug, created_at) VALUES ($1, $2, $2, $3) RETURNING id",
        uuid.uuid4(), name, now,
    )  # fmt: skip
    site = await database.fetchval(
        sites.SQL["insert"], uuid.uuid4(), team, name, ["example.com"], zone, f"pk_{name}",
        *sites.DEFAULT_DAYS.values(), None, now,
    )  # fmt: skip
    assert isinstance(site, int)
    return site


@pytest.fixture
async def both(database: Database) -> Both:
    await database.execute("CREATE TABLE signal_event_all PARTITION OF signal_event DEFAULT")
    scopes = {}
    for name in ("own", "foreign"):
        site = await add_site(database, name)
        scopes[site] = await scope_for(database, operator(), Permission.SITE_READ, site=str(site))
    return Both(database, scopes)
