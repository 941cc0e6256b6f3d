"""A backup: every table under one snapshot, every object, and a manifest that proves both.

A logical dump by COPY, since the tools that come with the embedded PostgreSQL speak no TLS. Objects are read after the
snapshot: an object is written before the row that names it, so none that the snapshot knows is missed. An object that
goes while the backup runs went by retention or erasure.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from sightline import __version__
from sightline.blobs.store import Blob, BlobStore, Damaged, checksum_of
from sightline.blobs.stores import Stores
from sightline.database.address import Address, connect
from sightline.database.setup import quoted
from sightline.errors import DatabaseUnavailable, DiskFull, InvalidValue, NotFound, ServiceError
from sightline.keys.table import SQL as KEYS
from sightline.operate import tables
from sightline.operate.archive import MANIFEST, MANIFEST_SUM, Draft, File, Writer, write_file, writing
from sightline.operate.manifest import (
    BackupMigration,
    Manifest,
    Object,
    Progress,
    StoreListing,
    TableFile,
    VaultPart,
    encode,
    silent,
)

_HEADS_AT_ONCE: Final = 16


class VaultSource(msgspec.Struct, frozen=True, kw_only=True):
    """The vault: nobody but its owner may read all of it, and nobody but an administrator may become that."""

    admin: Address
    schema: str
    owner: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is backed up. `replays` are the names of those who replay the erasure log."""

    address: Address
    stores: Stores
    keys: Path
    replays: Sequence[str] = ()
    vault: VaultSource | None = None


async def back_up(
    source: Source, target: Path, *, with_root_key: bool = False, progress: Progress = silent
) -> Manifest:
    """Write a backup to `target`: a folder, or one file when its name ends in `.tar`."""
    async with writing(target) as writer:
        files: list[File] = []
        vault = None if source.vault is None else await _vault(source.vault, writer, files, progress)
        connection = await connect(source.address, application="sightline backup")
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                head = await connection.fetchrow(tables.SQL["export_snapshot"])
                assert head is not None, "a SELECT without FROM has a row"
                found = await _tables(connection, source.address.schema, writer, files, progress)
                sequences = await tables.read_sequences(connection, [source.address.schema])
                migrations = await _migrations(connection)
                roots = [row["root"] for row in await connection.fetch(KEYS["roots"])]
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
            raise failed("backup", exc) from exc
        finally:
            await connection.close()
        stores = [await _store(name, store, writer, files, progress) for name, store in source.stores]
        root_keys = await _root_keys(source.keys, writer, files) if with_root_key else []
        manifest = Manifest(
            sightline=__version__, postgresql=head["version"], schema=source.address.schema,
            snapshot=head["snapshot"], taken_at=head["taken_at"],
            migrations=migrations, tables=found, sequences=sequences, stores=stores, roots=roots, root_keys=root_keys,
            erasure_log=list(source.replays), files=files, vault=vault,
        )  # fmt: skip
        data, line = encode(manifest)
        await write_file(writer, MANIFEST, data)
        await write_file(writer, MANIFEST_SUM, line)
    return manifest


def failed(what: str, cause: asyncpg.PostgresError | asyncpg.InterfaceError) -> ServiceError:
    """An error without the server's words beyond its first line, since those may quote a row."""
    if isinstance(cause, asyncpg.DiskFullError):
        return DiskFull("the disk of PostgreSQL is full", hint="Free some space and try again; nothing was lost.")
    if isinstance(cause, asyncpg.PostgresConnectionError | asyncpg.InterfaceError | asyncpg.OperatorInterventionError):
        return DatabaseUnavailable(f"PostgreSQL went away during the {what}", hint="Try again; nothing was kept.")
    text = f"{type(cause).__name__}: {cause.args[0]}".splitlines()[0]
    return ServiceError(f"PostgreSQL refused during the {what}: {text}", hint="Nothing was kept.")


async def _vault(source: VaultSource, writer: Writer, files: list[File], progress: Progress) -> VaultPart | None:
    """Everything that the vault holds, encrypted as it stands there; None where there is none."""
    address = msgspec.structs.replace(source.admin, schema=f"{source.schema}, pg_temp")
    connection = await connect(address, application="sightline backup")
    try:
        if not await connection.fetchval(tables.SQL["schema_exists"], source.schema):
            return None
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(f"SET LOCAL ROLE {quoted(source.owner)}")
            taken_at = await connection.fetchval("SELECT now()")
            found = await _tables(connection, source.schema, writer, files, progress)
            return VaultPart(
                schema=source.schema, taken_at=taken_at, migrations=await _migrations(connection), tables=found,
                sequences=await tables.read_sequences(connection, [source.schema]),
            )  # fmt: skip
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        raise failed("backup of the vault", exc) from exc
    finally:
        await connection.close()


async def _migrations(connection: asyncpg.Connection) -> list[BackupMigration]:
    rows = await connection.fetch("SELECT number, name, phase, checksum FROM migrations ORDER BY 1")
    return [BackupMigration(*row) for row in rows]


async def _tables(
    connection: asyncpg.Connection, schema: str, writer: Writer, files: list[File], progress: Progress
) -> list[TableFile]:
    found = await tables.read_tables(connection, [schema])
    if not found:
        raise InvalidValue(f"the schema {schema!r} holds no tables", hint="There is nothing to back up yet.")
    names = ", ".join(table.quoted for table in found)
    await connection.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")  # so that none is dropped meanwhile
    total, done = sum(table.bytes for table in found), 0
    written: list[TableFile] = []
    for table in found:
        progress(f"table {table.name}", done, total)
        if not table.has_rows:
            written.append(TableFile(table, None, 0))
            continue
        draft = Draft(writer, f"tables/{table.title}.gz", compress=True)
        try:
            rows = await tables.copy_out(connection, table, draft.write)
            file = await draft.finish()
        finally:
            draft.close()
        files.append(file)
        written.append(TableFile(table, file.name, rows))
        done += table.bytes
    progress("tables", total, total)
    return written


async def _store(name: str, store: BlobStore, writer: Writer, files: list[File], progress: Progress) -> StoreListing:
    listing = Draft(writer, f"objects/{name}.jsonl.gz", compress=True)
    count = size = vanished = 0
    damaged: list[str] = []
    try:
        async for blob, found in _objects(name, store, writer):
            if isinstance(found, NotFound):
                vanished += 1
                continue
            if isinstance(found, Damaged):
                damaged.append(blob.name)
                continue
            count, size = count + 1, size + found.size
            await listing.write(msgspec.json.encode(found) + b"\n")
            progress(f"objects of {name}", count, 0)
        file = await listing.finish()
    finally:
        listing.close()
    files.append(file)
    return StoreListing(
        store=name, url=store.url, copied=not store.is_remote, file=file.name, objects=count, bytes=size,
        vanished=vanished, damaged=damaged,
    )  # fmt: skip


async def _objects(
    name: str, store: BlobStore, writer: Writer
) -> AsyncIterator[tuple[Blob, Object | NotFound | Damaged]]:
    """Each object of a store, copied into the backup or looked up where it is."""
    if not store.is_remote:
        async for blob in store.walk():
            yield blob, await _copied(name, store, writer, blob)
        return
    waiting: list[Blob] = []
    async for blob in store.walk():
        waiting.append(blob)
        if len(waiting) >= _HEADS_AT_ONCE:
            for pair in zip(waiting, await asyncio.gather(*(_listed(store, one) for one in waiting)), strict=True):
                yield pair
            waiting = []
    for pair in zip(waiting, await asyncio.gather(*(_listed(store, one) for one in waiting)), strict=True):
        yield pair


async def _copied(name: str, store: BlobStore, writer: Writer, blob: Blob) -> Object | NotFound | Damaged:
    try:
        data = await store.get(blob.name)
    except (NotFound, Damaged) as exc:
        return exc
    await write_file(writer, f"objects/{name}/{blob.name}", data)
    return Object(name=blob.name, size=len(data), sha256=checksum_of(data))


async def _listed(store: BlobStore, blob: Blob) -> Object | NotFound | Damaged:
    try:
        found = await store.head(blob.name)
    except NotFound as exc:
        return exc
    return Object(name=found.name, size=found.size, sha256=found.checksum, etag=found.etag)


async def _root_keys(folder: Path, writer: Writer, files: list[File]) -> list[str]:
    paths = await asyncio.to_thread(lambda: sorted(folder.glob("*.key")))
    if not paths:
        raise InvalidValue(
            f"there is no root key file in {str(folder)!r}",
            hint="A root key in AWS KMS cannot be backed up; leave it out.",
        )
    written = [
        await write_file(writer, f"keys/{path.name}", await asyncio.to_thread(path.read_bytes)) for path in paths
    ]
    files.extend(written)
    return [path.name for path in paths]
