"""A PostgreSQL for benchmarks of the storage: durable, migrated, its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from tests.postgres import system_postgres

from sightline.database.address import Address, connect
from sightline.database.migrations import migrate

# The bytes of what is not sealed yet: the tables of signals and the ledger, with their indexes.
HOT = """
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname ~ '^(signal_|ledger)'
"""


@asynccontextmanager
async def migrated() -> AsyncIterator[Address]:
    """Run Debian's PostgreSQL with its own defaults, fsync among them, and an empty schema of ours."""
    with system_postgres() as admin:
        address = msgspec.structs.replace(admin, schema="umami")
        connection = await connect(address)
        await connection.execute("CREATE SCHEMA umami")
        await migrate(connection)
        await connection.close()
        yield address
