"""Fill the tables of a schema with what a backup holds of them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path

import asyncpg
import msgspec

from sightline.database import migrations
from sightline.errors import ServiceError
from sightline.operate import tables
from sightline.operate.archive import BackupDamaged, Reader
from sightline.operate.manifest import BackupMigration, Manifest, Progress, VaultPart
from sightline.operate.verify import unpacked


def fitting(
    manifest: Manifest, had: Sequence[BackupMigration], folder: Traversable = migrations.FOLDER
) -> list[migrations.Migration]:
    """The migrations of this release that the backup had; refused when it had others."""
    known = {migration.number: migration for migration in migrations.known(folder)}
    state = []
    for row in had:
        migration = known.get(row.number)
        if migration is None:
            raise ServiceError(
                f"the backup is of a newer release ({manifest.sightline}): it has migration {row.number:04}_{row.name}",
                hint=f"Restore it with Sightline {manifest.sightline} or later.",
            )
        if migration.checksum != row.checksum:
            raise ServiceError(
                f"migration {migration.title} of this release is not the one that the backup was made with",
                hint=f"Restore it with Sightline {manifest.sightline}.",
            )
        state.append(migration)
    return state


@contextmanager
def only(state: Sequence[migrations.Migration]) -> Iterator[Path]:
    """A folder with some of the migrations."""
    with tempfile.TemporaryDirectory() as folder:
        for migration in state:
            (Path(folder) / f"{migration.title}.{migration.phase}.sql").write_bytes(migration.sql.encode())
        yield Path(folder)


async def fill_tables(
    connection: asyncpg.Connection,
    reader: Reader,
    part: Manifest | VaultPart,
    schema: str,
    progress: Progress,
) -> None:
    """Fill the tables that migrations have made, in the caller's transaction; `schema` is what it is called here."""
    wanted = [entry.table for entry in part.tables]
    renamed = [_in_schema(table, part.schema, schema) for table in wanted]
    await tables.make_partitions(connection, renamed)
    again = await tables.without_obstacles(connection, renamed)
    await tables.empty(connection, renamed)
    done = 0
    for entry, table in zip(part.tables, renamed, strict=True):
        if entry.file is None:
            continue
        progress(f"table {table.name}", done, part.rows)
        rows = await tables.copy_in(connection, table, _chunks(reader, entry.file))
        if rows != entry.rows or await tables.count_rows(connection, table) != entry.rows:
            raise BackupDamaged(f"{entry.file} holds {rows} rows, not {entry.rows}", hint="Nothing was restored.")
        done += rows
    progress("tables", done, done)
    for statement in again:
        await connection.execute(statement)
    sequences = [
        msgspec.structs.replace(sequence, schema=schema if sequence.schema == part.schema else sequence.schema)
        for sequence in part.sequences
    ]
    await tables.set_sequences(connection, sequences)


def _in_schema(table: tables.Table, before: str, after: str) -> tables.Table:
    """The table where it is restored to: the schema's name is a setting."""
    parent = table.parent
    if parent and parent.startswith(f"{before}."):
        parent = after + parent.removeprefix(before)
    return msgspec.structs.replace(table, schema=after if table.schema == before else table.schema, parent=parent)


async def _chunks(reader: Reader, name: str) -> AsyncIterator[bytes]:
    chunks: Iterator[bytes] = unpacked(reader, name)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
