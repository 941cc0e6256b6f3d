"""Erasure of recordings: the key of a visit is destroyed first, so that what a backup or a copy holds is gone too."""

from collections.abc import Mapping
from typing import Any, Final

from sightline.blobs.store import BlobStore
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.replay.chunks import CHUNK
from sightline.replay.sealing import PURPOSE, SQL
from sightline.signals.erasure import RETENTION
from sightline.signals.ledger import Tombstone
from sightline.sql import queries

PAGES: Final = queries("sightline.replay", "pages.sql")


class RecordingsEraser:
    """Takes what an erasure names out of sealed recordings, and out of what is known of pages under way."""

    name = "recordings"

    def __init__(self, database: Database, store: BlobStore, keys: KeyRing) -> None:
        self._database = database
        self._store = store
        self._keys = keys

    async def erase(self, tombstone: Tombstone) -> int:
        """Erase; again and again is the same as once."""
        if tombstone.condition(CHUNK) is None:
            return 0
        everybody = not tombstone.by_name
        names = list(tombstone.visitors), list(tombstone.visits), list(tombstone.persons)
        asked = list(tombstone.sites), *names, everybody, tombstone.before_ms
        await self._database.execute(PAGES["erase"], *asked)
        # Age alone takes nothing that somebody has kept; who asks for an erasure takes all of it.
        rows = await self._database.fetch(SQL["taken"], *asked, tombstone.reason != RETENTION)
        for row in rows:
            await self._erase(dict(row))
        return len(rows)

    async def _erase(self, row: Mapping[str, Any]) -> None:
        tenant = await self._database.fetchval(SQL["tenant"], row["site"])
        # Other tabs of the same visit are taken with it, whoever the erasure names: they are one person's.
        if isinstance(tenant, int):
            await self._keys.destroy(tenant, PURPOSE, str(row["visit"]))
        await self._store.delete(row["object"])
        await self._database.fetchval(SQL["delete"], row["id"])
