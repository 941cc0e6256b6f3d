"""Bring the schema to the state that this release needs, one numbered SQL file after the other.

Files are named `NNNN_what.pre.sql` (safe while the release before still runs) or `NNNN_what.post.sql` (only once it is
gone). Each runs in one transaction together with the row that records it. An advisory lock keeps a second runner out.
"""

import hashlib
import re
from importlib.resources import files

import asyncpg
import msgspec

_NAME = re.compile(r"^(?P<number>\d{4})_(?P<what>[a-z0-9_]+)\.(?P<phase>pre|post)\.sql$")
_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    number     integer PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    checksum   text COLLATE "C" NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class Migration(msgspec.Struct, frozen=True):
    """One file."""

    number: int
    name: str
    phase: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known() -> list[Migration]:
    """All migrations of this release, in order."""
    found = [
        Migration(int(match["number"]), match["what"], match["phase"], file.read_text("utf-8"))
        for file in files("sightline.database").joinpath("migrations").iterdir()
        if (match := _NAME.match(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


async def migrate(connection: asyncpg.Connection) -> list[Migration]:
    """Apply what is missing, in the first schema of the connection's search path; return what was applied."""
    await connection.execute("SELECT pg_advisory_lock(hashtextextended('sightline migrations', 0))")
    try:
        await connection.execute(_TABLE)
        applied = {row["number"] for row in await connection.fetch("SELECT number FROM migrations")}
        missing = [migration for migration in known() if migration.number not in applied]
        for migration in missing:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
                    migration.number, migration.name, migration.checksum,
                )  # fmt: skip
    finally:
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended('sightline migrations', 0))")
    return missing
