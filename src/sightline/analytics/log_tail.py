"""Following lines as they arrive: the ledger says what was committed, a query says what of it is wanted.

A follower asks for more when whoever listens has taken what it had, so a slow listener holds no memory here. When it
has fallen too far behind, it goes on with the newest and says how many lines of the site it has not looked at.
"""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from msgspec import Struct

from sightline.analytics.log_lines import takes
from sightline.analytics.log_query import Query
from sightline.database.pool import Database
from sightline.sql import queries

SQL: Final = queries("sightline.analytics", "log_tail.sql")
_COMMITS: Final = 1_000
# Lines that are read at once; a commit has 2,000 at most, so at least these many commits are looked at.
_AT_ONCE: Final = 10_000
# Whoever is further behind than this is taken to the end.
_BEHIND: Final = 50_000


class Portion(Struct, frozen=True):
    """What came next: lines in the order of their commits, how many were passed over, and where to go on."""

    pos: int
    lines: Sequence[dict[str, Any]]
    dropped: int = 0


class Follower:
    """One listener's place."""

    def __init__(self, database: Database, site: int, query: Query, pos: int) -> None:
        self._database, self._site, self._query = database, site, query
        self.pos = pos

    @classmethod
    async def begin(cls, database: Database, site: int, query: Query, *, after: int | None = None) -> "Follower":
        """From now on; or from a place where one has been before, as long as the ledger still knows it."""
        row = await database.fetchrow(SQL["end"])
        assert row is not None  # journal_state has one row, always
        known = after is not None and row["pruned_pos"] <= after <= row["pos"]
        return cls(database, site, query, after if known and after is not None else int(row["pos"]))

    async def next(self) -> Portion:
        """What was committed since the last call; nothing is an answer, too."""
        commits = await self._database.fetch(SQL["commits"], self.pos, _COMMITS)
        if not commits:
            return Portion(self.pos, ())
        if sum(row["lines"] for row in commits) > _BEHIND or len(commits) == _COMMITS:
            return await self._to_the_end()
        taken: list[asyncpg.Record] = []
        lines = 0
        for row in commits:
            if taken and lines + row["lines"] > _AT_ONCE:
                break
            taken.append(row)
            lines += row["lines"]
        found = await self._database.fetch(SQL["lines"], [row["batch"] for row in taken], self._site)
        self.pos = taken[-1]["pos"]
        return Portion(self.pos, [line for row in found if takes(self._query, line := dict(row))])

    async def _to_the_end(self) -> Portion:
        """Pass over everything that is there; how much of it was the site's is counted a part at a time."""
        dropped = 0
        while commits := await self._database.fetch(SQL["commits"], self.pos, _COMMITS):
            batches = [row["batch"] for row in commits]
            dropped += int(str(await self._database.fetchval(SQL["count_lines"], batches, self._site)))
            self.pos = commits[-1]["pos"]
        return Portion(self.pos, (), dropped)
