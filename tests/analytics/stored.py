"""The real stores, to be asked like the two engines of `conftest`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sightline import clock
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.analytics.asking import Asks
from sightline.analytics.engines import DuckEngine, PostgresEngine
from sightline.database.pool import Database
from sightline.settings import SignalSettings, WarehouseSettings
from sightline.signals.event import Event
from sightline.signals.extents import Catalogue
from sightline.signals.journal import Batch, Journal
from sightline.signals.sealing import Sealer
from sightline.signals.warehouse import Warehouse
from tests.analytics.conftest import BATCH, add_site
from tests.signals.making import Folder

_A_MINUTE_MS = 60_000


class Mode(StrEnum):
    """Where the events are."""

    HOT = "hot"
    SEALED = "sealed"
    MIXED = "mixed"


class Stored:
    """The real stores; each example has sites of its own, so that nothing has to be emptied."""

    def __init__(self, mode: Mode, database: Database, journal: Journal, warehouse: Warehouse, folder: Folder) -> None:
        self.mode = mode
        self.database = database
        self.catalogue = Catalogue(database, folder)
        self.journal = journal
        self.warehouse = warehouse
        self.sealer = Sealer(self.catalogue)
        self.scopes: dict[int, Scope] = {}
        self.engines: dict[str, Asks] = {}
        self.counts = (30, 60)
        self._made = 0

    @property
    def sites(self) -> tuple[int, ...]:
        return tuple(self.scopes)

    async def renew(self) -> None:
        """Two sites that nothing is known of yet."""
        self.scopes = {}
        for _ in range(2):
            self._made += 1
            site = await add_site(self.database, f"site{self._made}")
            self.scopes[site] = await scope_for(self.database, operator(), Permission.SITE_READ, site=str(site))

    async def hold(self, events: Sequence[Event]) -> None:
        await self.store(events)
        if self.mode is not Mode.HOT:
            self.warehouse.rebuild()  # so that it begins from the extents
        await self.warehouse.caught_up()
        self.engines = {"warehouse": DuckEngine(self.warehouse), "postgres": PostgresEngine(self.database)}

    async def store(self, events: Sequence[Event]) -> None:
        """Commit the events in their order, and seal all, none, or the first half of them."""
        batches = [events[first : first + BATCH] for first in range(0, len(events), BATCH)]
        sealed = {Mode.HOT: 0, Mode.SEALED: len(batches), Mode.MIXED: len(batches) // 2}[self.mode]
        for number, batch in enumerate(batches, 1):
            await self.journal.append(Batch(signals=batch))
            if number == sealed:
                await self.sealer.seal(clock.now_ms() + _A_MINUTE_MS)


@asynccontextmanager
async def stored(mode: Mode, database: Database, folder: Path, kind: type[Stored] = Stored) -> AsyncIterator[Stored]:
    journal = Journal(database.address, SignalSettings())
    await journal.start()
    extents = Folder(folder / "extents")
    warehouse = Warehouse(
        folder / "warehouse.duckdb", Catalogue(database, extents), WarehouseSettings(poll_ms=20, memory_mb=256)
    )
    yield kind(mode, database, journal, warehouse, extents)
    await warehouse.close()
    await journal.close()


def again(test: Any, examples: int) -> Any:
    """A test of random worlds once more, on fewer and larger ones, with the fixture `both` of its new module."""
    few = settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None,
        derandomize=True, phases=[Phase.generate],
    )  # fmt: skip
    return few(given(st.data())(test.hypothesis.inner_test))
