"""The erasure of signals with everything that keeps something beside them."""

from sightline.blobs.stores import Stores
from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.replay.erasing import RecordingsEraser
from sightline.signals.erasure import Erasure
from sightline.signals.extents import Catalogue
from sightline.signals.walkers import Walkers


def erasure_over(database: Database, direct: Address, stores: Stores, keys: KeyRing) -> Erasure:
    """What erases everywhere: journal and extents, recordings, and whatever registers beside the kinds."""
    catalogue = Catalogue(database, stores.extents, direct)
    recordings = RecordingsEraser(database, stores.recordings, keys)
    return Erasure(catalogue, stores.seals, erasers=(recordings, *Walkers(catalogue).beside_kinds()))
