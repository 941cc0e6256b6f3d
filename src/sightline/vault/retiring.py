"""Keys that nothing needs any more are destroyed: what a rotation left behind, once no backup can need it either.

A version goes when the last rotation of its kind was completed more than `vault.retired_keys_days` ago, it was made
before that rotation began, and no blob or hash stands under it. From then on that rotation cannot be taken back, and an
older backup of the vault opens only together with the keys of its own time. Off unless the setting says for how long
backups are kept.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sightline import clock
from sightline.keys.wrap import KeyId, Kind
from sightline.sql import queries
from sightline.vault.blind import version_of
from sightline.vault.database import Busy, Context
from sightline.vault.purposes import RETENTION
from sightline.vault.rotation import lock_of
from sightline.vault.subjects import APPLICATION_KEY, INDEX_KEY, SUBJECT_KEY, Vault

SQL: Final = queries("sightline.vault", "retiring.sql")
_BATCH: Final = 500
_KINDS: Final = {
    "subject": (Kind.DATA, SUBJECT_KEY), "application": (Kind.DATA, APPLICATION_KEY), "index": (Kind.HMAC, INDEX_KEY),
}  # fmt: skip


class Retiring:
    """Destroys old versions of the keys of these tenants."""

    def __init__(self, vault: Vault, tenants: Sequence[int]) -> None:
        self._vault = vault
        self._tenants = tenants

    async def run(self) -> int:
        """Destroy what is old and unused; return how many versions."""
        days, gone = self._vault.settings.retired_keys_days, 0
        if not days:
            return 0
        for tenant_id in self._tenants:
            context = Context(tenant_id=tenant_id, actor_kind="job", purpose=RETENTION, origin="vault.retiring")
            async with self._vault.database.acting("rotator", context) as connection:
                settled = await connection.fetch(SQL["settled"], tenant_id, clock.now() - timedelta(days=days))
            for row in settled:
                try:
                    async with self._vault.database.alone(lock_of(tenant_id, row["key_type"]), 0):
                        gone += await self._destroy(context, row["key_type"], row["started_at"])
                except Busy:  # it is rotated, or taken back, right now
                    continue
        return gone

    async def _destroy(self, context: Context, key_type: str, before: datetime) -> int:
        kind, purpose = _KINDS[key_type]
        ring = self._vault.keys
        if key_type == "application":
            ring = await self._vault.application.ring(context.tenant_id)
        after: tuple[str, int] = ("", 0)
        gone = 0
        while True:
            async with ring.store.connection() as connection:
                rows = await connection.fetch(
                    SQL["retired"], context.tenant_id, int(kind), purpose, before, *after, _BATCH
                )
            versions = [(row["owner"], row["version"]) for row in rows]
            used = await self._used(context, key_type, versions)
            for owner, version in versions:
                if (owner, version) not in used:
                    key_id = KeyId(
                        kind=kind, tenant_id=context.tenant_id, purpose=purpose, owner=owner, version=version
                    )
                    gone += await ring.destroy_version(key_id)
            if len(versions) < _BATCH:
                break
            after = versions[-1]
        if gone:
            await self._vault.database.note(context, "key.destroy")
        return gone

    async def _used(self, context: Context, key_type: str, versions: list[tuple[str, int]]) -> set[tuple[str, int]]:
        """Which of these something still stands under."""
        async with self._vault.database.acting("rotator", context) as connection:
            if key_type == "subject":
                rows = await connection.fetch(
                    SQL["subject_uses"], context.tenant_id, [UUID(owner) for owner, _ in versions],
                    [version for _, version in versions],
                )  # fmt: skip
                return {(str(row["user_id"]), row["key_version"]) for row in rows}
            if key_type == "application":
                asked = [version for _, version in versions]
                rows = await connection.fetch(SQL["application_uses"], context.tenant_id, asked)
                return {("", row["version"]) for row in rows}
            heads = [version.to_bytes(4, "big") for _, version in versions]
            rows = await connection.fetch(SQL["index_uses"], context.tenant_id, heads)
            return {("", version_of(row["version"])) for row in rows}
