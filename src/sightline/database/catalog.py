"""What a schema holds, in words, so that two of them can be compared and a difference be read.

Not the text of `pg_dump`: that changes with the release of PostgreSQL, and a difference in it names a line, not an
object.
"""

from collections.abc import Mapping

import asyncpg

from sightline.sql import queries

_SQL = queries("sightline.database", "catalog.sql")


async def describe(connection: asyncpg.Connection, schema: str) -> dict[str, str]:
    """Tables, columns, constraints, indexes, views, triggers, functions, privileges …: each object and its form."""
    async with connection.transaction():
        # So that every definition leaves out the schema's own name.
        await connection.execute(f'SET LOCAL search_path = "{schema}"')
        return {row["object"]: row["form"] for row in await connection.fetch(_SQL["describe"], schema)}


def differences(one: Mapping[str, str], other: Mapping[str, str], *, names: tuple[str, str]) -> list[str]:
    """Each difference as a line; `names` says what the two are called."""
    found = []
    for thing in sorted(one.keys() | other.keys()):
        if thing not in other:
            found.append(f"{thing}: only in {names[0]} ({one[thing]})")
        elif thing not in one:
            found.append(f"{thing}: only in {names[1]} ({other[thing]})")
        elif one[thing] != other[thing]:
            found.append(f"{thing}: {one[thing]} in {names[0]}, {other[thing]} in {names[1]}")
    return found
