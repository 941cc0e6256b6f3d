"""How long values are kept: what `vault.keep` limits goes by itself, and each quarter says so in a signed proof.

PCI DSS 3.2.1 asks for both: that stored account data do not outlive their purpose, and that this is verified at least
every three months.
"""

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from sightline import clock
from sightline.blobs.store import BlobStore
from sightline.errors import Conflict, NotFound
from sightline.vault.database import SQL, Context
from sightline.vault.purposes import RETENTION, kept_days
from sightline.vault.sealing import Signer
from sightline.vault.subjects import Vault

FOLDER: Final = "vault/keeping"
_BATCH: Final = 500


class Keeping:
    """Takes away what is older than it may get, for these tenants."""

    def __init__(self, vault: Vault, store: BlobStore, tenants: Sequence[int]) -> None:
        self._vault = vault
        self._store = store
        self._tenants = list(tenants)
        self._days = kept_days(vault.settings.keep, vault.fields)

    async def run(self) -> int:
        """Take away what is too old; return how many values. Once a quarter, write the proof."""
        gone = 0
        for tenant_id in self._tenants:
            context = Context(tenant_id=tenant_id, actor_kind="job", purpose=RETENTION, origin="vault.keeping")
            for name, days in self._days.items():
                gone += await self._take(context, name, days)
        if self._days:
            await self._prove()
        return gone

    async def _take(self, context: Context, name: str, days: int) -> int:
        gone = 0
        while subjects := await self._expired(context, name, days, _BATCH):
            for subject in subjects:
                try:
                    await self._vault.update(context, subject, {name: None})
                except NotFound:  # erased meanwhile
                    continue
                gone += 1
        return gone

    async def _expired(self, context: Context, name: str, days: int, most: int) -> list[Any]:
        async with self._vault.database.acting("writer", context) as connection:
            rows = await connection.fetch(
                SQL["expired"], context.tenant_id, name, clock.now() - timedelta(days=days), most
            )
        return [row["user_id"] for row in rows]

    async def _prove(self) -> None:
        """Say, signed, that nothing older is left; the first run of each quarter does."""
        now = clock.now()
        name = f"{FOLDER}/{now.year}-q{(now.month + 2) // 3}.json"
        left: dict[str, int] = {}
        for field, days in self._days.items():
            left[field] = 0
            for tenant_id in self._tenants:
                context = Context(tenant_id=tenant_id, actor_kind="job", purpose=RETENTION, origin="vault.keeping")
                left[field] += len(await self._expired(context, field, days, _BATCH))
        signer = await Signer.open(self._vault.keys)
        what = {"proof": 1, "at": now.isoformat(), "kept_days": self._days, "older_values_left": left}
        signature = base64.b64encode(signer.sign(msgspec.json.encode(what, order="sorted"))).decode()
        proof = msgspec.json.encode({**what, "signed_by": signer.name, "signature": signature})
        try:
            await self._store.put(name, proof, if_absent=True)
        except Conflict:
            return
