"""How far a source was read: moved in the transaction that stores what was read, so nothing is lost and nothing twice.

Two imports of one source at the same time do no harm: whoever comes second finds that the place has moved, its commit
is undone, and it ends.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
import msgspec

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import Conflict
from sightline.signals.journal import Batch, Journal
from sightline.signals.kind import Signal
from sightline.sql import queries

SQL: Final = queries("sightline.moving", "moving.sql")


class Moved(Conflict):
    """Another import of the same source is running."""

    code = "import_runs"


class Cursor:
    """The place of one part of a source, and what was counted on the way."""

    def __init__(self, id_: int, position: str, counts: Mapping[str, int]) -> None:
        self.id = id_
        self.position = position
        self.counts = dict(counts)

    @classmethod
    async def open(cls, database: Database, site: int, source: str, part: str) -> "Cursor":
        """Where this part goes on."""
        row = await database.fetchrow(SQL["begin"], site, source, part, clock.now())
        if row is None:  # somebody else has made it at this moment
            row = await database.fetchrow(SQL["find"], site, source, part)
        assert row is not None
        return cls(row["id"], row["position"], msgspec.json.decode(row["counts"], type=dict[str, int]))

    @classmethod
    async def found(cls, database: Database, site: int, source: str, part: str) -> "Cursor | None":
        row = await database.fetchrow(SQL["find"], site, source, part)
        if row is None:
            return None
        return cls(row["id"], row["position"], msgspec.json.decode(row["counts"], type=dict[str, int]))

    async def store(
        self, journal: Journal, signals: Sequence[Signal], position: str, counted: Mapping[str, int]
    ) -> None:
        """Commit signals together with the place after them; returns when both are durable."""
        before = self.position
        counts = {name: self.counts.get(name, 0) + counted.get(name, 0) for name in {*self.counts, *counted}}

        async def beside(connection: asyncpg.Connection, number: int) -> None:
            text = msgspec.json.encode(counts).decode()
            if await connection.fetchval(SQL["advance"], self.id, before, position, text, clock.now()) is None:
                raise Moved(hint="Wait for it; what it has stored is not stored twice.")
            if signals:
                await connection.execute(SQL["note_batch"], self.id, number)

        await journal.append(Batch(signals=signals, beside=beside))
        self.position, self.counts = position, counts

    async def batches(self, database: Database) -> list[int]:
        return [int(row["batch"]) for row in await database.fetch(SQL["batches"], self.id)]
