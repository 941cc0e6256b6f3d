"""What is asked of stored errors has one answer, in the warehouse and in PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from sightline import clock
from sightline.health import issues
from sightline.health.issues import WarehouseErrors
from sightline.settings import WarehouseSettings
from sightline.signals.sealing import Sealer
from sightline.signals.warehouse import Warehouse
from tests.health.conftest import STACK, Shop


@pytest.fixture
async def warehouse(shop: Shop, tmp_path: Path) -> AsyncIterator[Warehouse]:
    opened = Warehouse(tmp_path / "w.duckdb", shop.house.catalogue, WarehouseSettings(poll_ms=20, memory_mb=256))
    await opened.start()
    yield opened
    await opened.close()


async def test_both_say_the_same_of_hot_and_sealed_errors(shop: Shop, warehouse: Warehouse) -> None:
    for visitor in range(3):
        await shop.fail(visitor=visitor, release=str(visitor), ctx={"step": visitor})
    await Sealer(shop.house.catalogue).seal(clock.now_ms() + 1000)
    await shop.fail(visitor=1, stack=STACK.replace("12:3456", "1:1"))
    await shop.fail("gone", stack="", visitor=2)
    await warehouse.caught_up()
    ours = WarehouseErrors(warehouse)
    wanted = issues.Wanted()
    listed = await issues.listing(shop.database, shop.scope, wanted, ours)
    assert listed == await issues.listing(shop.database, shop.scope, wanted, shop.errors)
    assert sorted((one.events, one.visitors) for one in listed) == [(1, 1), (4, 3)]
    for one in listed:
        keys = await issues.keys_of(shop.database, shop.scope, one.id)
        assert await issues.tallies(ours, shop.id, keys) == await issues.tallies(shop.errors, shop.id, keys)
        place: tuple[int, int, int] | None = None
        seen = 0
        while rows := await issues.occurrences(ours, shop.id, keys, before=place, limit=1):
            assert rows == await issues.occurrences(shop.errors, shop.id, keys, before=place, limit=1)
            place = rows[0]["created_ms"], rows[0]["batch"], rows[0]["place"]
            seen += 1
        assert seen == one.events
    await warehouse.close()
    again = await issues.listing(shop.database, shop.scope, wanted, ours)
    assert again == [msgspec.structs.replace(one, visitors=None, visits=None) for one in listed]
