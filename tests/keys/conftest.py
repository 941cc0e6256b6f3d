"""Key rings over a real table."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.keys.root import LocalRoot, Root
from sightline.keys.wrap import KeyId
from sightline.settings import KeySettings

RingMaker = Callable[..., KeyRing]


class CountingRoot(LocalRoot):
    """A local root that counts how often it is asked, and can be held up."""

    __slots__ = ("gate", "unwraps")

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.unwraps = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def unwrap(self, wrapped: bytes, key_id: KeyId) -> bytearray:
        self.unwraps += 1
        await self.gate.wait()
        return await super().unwrap(wrapped, key_id)


@pytest.fixture
def root() -> CountingRoot:
    return CountingRoot(bytes(range(32)))


@pytest.fixture
async def make_ring(database: Database, root: CountingRoot) -> AsyncIterator[RingMaker]:
    """Make rings over one table; each is like a process of its own."""
    made: list[KeyRing] = []

    def make(by: Root | None = None, *, bound: int = 2**28, **settings: int) -> KeyRing:
        ring = KeyRing(database, by or root, KeySettings(**settings), bound=bound)  # type: ignore[arg-type]
        made.append(ring)
        return ring

    yield make
    for ring in made:
        await ring.close()


@pytest.fixture
def ring(make_ring: RingMaker) -> KeyRing:
    return make_ring()
