"""What makes erasures again after a restore, from logs that are outside of backups."""

from datetime import datetime

from msgspec import Struct

from sightline import clock
from sightline.blobs.stores import Stores
from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.operate.erasing import erasure_over
from sightline.operate.restore import ErasureReplay
from sightline.signals.erasure import renew
from sightline.vault.requests import destroy_again


class SignalErasures(Struct, frozen=True):
    """Journal, extents and whatever registers with `signals.erasure`."""

    direct: Address

    @property
    def name(self) -> str:
        return "signals"

    async def replay(self, database: Database, stores: Stores, ring: KeyRing, since: datetime) -> int:
        """Erase again what was asked for since the backup; every warehouse is made anew, whatever it held."""
        await renew(database)
        return await erasure_over(database, self.direct, stores, ring).replay(since_ms=clock.to_ms(since))


class VaultErasures(Struct, frozen=True):
    """The keys of subjects: a backup brings them back, wrapped; what they open is taken away by the vault itself."""

    @property
    def name(self) -> str:
        return "vault"

    async def replay(self, database: Database, stores: Stores, ring: KeyRing, since: datetime) -> int:  # noqa: ARG002
        """Destroy again what was destroyed since the backup."""
        return await destroy_again(ring, stores.seals, clock.to_ms(since))


def replays(direct: Address) -> tuple[ErasureReplay, ...]:
    """Every part that keeps such a log."""
    return (SignalErasures(direct), VaultErasures())
