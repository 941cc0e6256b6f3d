"""The pool on a real PostgreSQL."""

from sightline.database.pool import Database


async def test_a_query_runs_in_the_schema_of_the_address(database: Database) -> None:
    assert await database.fetchval("SELECT current_schema()") == "umami"
