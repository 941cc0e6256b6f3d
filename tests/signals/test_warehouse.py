"""The warehouse on a real PostgreSQL and a real DuckDB."""

from sightline.signals.journal import Batch, Journal
from sightline.signals.warehouse import Warehouse
from tests.signals.making import events


async def test_what_was_appended_is_counted_by_the_warehouse(journal: Journal, warehouse: Warehouse) -> None:
    await journal.append(Batch(signals=events(10)))
    await journal.append(Batch(signals=events(5, first=10)))
    await warehouse.caught_up()
    found = await warehouse.query("SELECT count(*), count(DISTINCT path), sum(batch * 1000 + place) FROM event")
    assert found.to_pylist()[0]["count_star()"] == 15
    assert found.to_pylist()[0]["count(DISTINCT path)"] == 15
