"""Restore a backup into an empty place.

Order: every checksum, then every reason to refuse, and only then the first write. Objects come before rows, as in the
running system. All rows come in one transaction, together with the tables that hold them, so that an interrupted
restore leaves an empty database. That transaction also notes that the erasures made since the backup are still to be
made again: until `finish_restores` has done that, the server does not start.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import asyncpg
import msgspec

from sightline import clock
from sightline.blobs.store import BlobStore, checksum_of
from sightline.blobs.stores import Stores
from sightline.database import migrations
from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.errors import Conflict, ServiceError, SettingError
from sightline.keys.ring import KeyRing
from sightline.keys.root import local_roots, read_root, sync_folder
from sightline.operate import tables
from sightline.operate.archive import BackupDamaged, Reader, open_backup
from sightline.operate.backup import failed
from sightline.operate.filling import fill_tables, fitting, only
from sightline.operate.manifest import Manifest, Progress, StoreListing, silent
from sightline.operate.vault_restore import VaultTarget, put_vault, refuse_vault
from sightline.operate.verify import Explain, Report, complaint, listed, object_file, verify
from sightline.signals.erasure import LOG as SIGNALS
from sightline.vault.requests import LOG as SUBJECTS
from sightline.vault.requests import RECEIPTS

_SQL: Final = tables.SQL
_LOGS: Final = (f"{SIGNALS}/", f"{SUBJECTS}/", f"{RECEIPTS}/")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a backup is restored to. Without an address there is no database yet: good only for a dry run."""

    address: Address | None
    stores: Stores
    keys: Path
    vault: VaultTarget | None = None


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored, or with `dry_run` would be."""

    taken_at: datetime
    sightline: str
    tables: int
    rows: int
    objects: int
    gone: int
    root_keys: list[str]
    migrated: list[str]
    vault_rows: int | None = None


class ErasureReplay(Protocol):
    """Makes the erasures again that were made since a backup was taken, from a log that is outside of backups."""

    @property
    def name(self) -> str: ...

    async def replay(self, database: Database, stores: Stores, ring: KeyRing, since: datetime) -> int:
        """Erase again; return how many. Doing it twice does no harm."""


async def restore(
    place: Path,
    target: Target,
    *,
    explain: Explain | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Restored:
    """Restore a backup; afterwards `finish_restores` has to run."""
    remote = {name: store for name, store in target.stores if store.is_remote}
    report = await verify(place, remote, explain=explain, progress=progress)
    if report.manifest is None or not report.is_whole:
        raise BackupDamaged(f"{place}: {complaint(report)}", hint="Nothing was written. Take another backup.")
    manifest = report.manifest
    reader = await asyncio.to_thread(open_backup, place)
    connection = None if target.address is None else await connect(target.address, application="sightline restore")
    try:
        state = fitting(manifest, manifest.migrations)
        if target.address is not None and connection is not None:
            await _refuse_occupied(connection, target.address.schema)
            if manifest.vault is not None:
                await refuse_vault(manifest, report.digest, target.vault)
        await _refuse_objects(reader, manifest, target.stores)
        await _check_roots(reader, manifest, target.keys)
        if connection is not None and not dry_run:
            await _fill(connection, reader, report, target, progress)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        raise failed("restore", exc) from exc
    finally:
        if connection is not None:
            await connection.close()
        reader.close()
    return Restored(
        taken_at=manifest.taken_at, sightline=manifest.sightline,
        tables=sum(entry.table.has_rows for entry in manifest.tables), rows=manifest.rows, objects=report.objects,
        gone=report.gone, root_keys=manifest.root_keys,
        migrated=[migration.title for migration in migrations.known() if migration not in state],
        vault_rows=None if manifest.vault is None else manifest.vault.rows,
    )  # fmt: skip


async def _fill(
    connection: asyncpg.Connection, reader: Reader, report: Report, target: Target, progress: Progress
) -> None:
    manifest = report.manifest
    assert manifest is not None, "checked by the caller"
    assert target.address is not None, "there is a connection"
    await asyncio.to_thread(_put_root_keys, reader, manifest, target.keys)
    await _put_objects(reader, manifest, target.stores, progress)
    if manifest.vault is not None and target.vault is not None:
        await put_vault(reader, manifest, report.digest, target.vault, progress)
    await _put_rows(connection, reader, report, target.address.schema, progress)
    await migrations.migrate(connection)
    await connection.execute("ANALYZE")


async def unfinished(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Restores whose erasures are still to be made again; the server must not start while there is one."""
    return list(await connection.fetch(_SQL["unfinished"]))


async def finish_restores(
    database: Database, stores: Stores, ring: KeyRing, replays: Sequence[ErasureReplay]
) -> dict[str, int]:
    """Replay the erasure log after every restore that did not; return how many erasures each part made again."""
    made: dict[str, int] = {}
    for row in await database.fetch(_SQL["unfinished"]):
        for part in replays:
            made[part.name] = made.get(part.name, 0) + await part.replay(database, stores, ring, row["taken_at"])
        await database.execute(_SQL["finish"], row["id"], clock.now())
    return made


async def _refuse_occupied(connection: asyncpg.Connection, schema: str) -> None:
    if not await connection.fetchval(_SQL["schema_exists"], schema):
        raise Conflict(f"the schema {schema!r} does not exist", hint="Run `sightline db setup` first.")
    if occupants := [row["name"] for row in await connection.fetch(_SQL["occupants"], schema)]:
        shown = ", ".join(occupants[:5]) + (" …" if len(occupants) > 5 else "")
        raise Conflict(
            f"the schema {schema!r} is not empty: it holds {shown}",
            hint="Restore into an empty place: another --data folder, or a schema that was just set up.",
        )


async def _refuse_objects(reader: Reader, manifest: Manifest, stores: Stores) -> None:
    for listing in manifest.stores:
        if not listing.copied:
            continue
        store = _store(stores, listing)
        sums = {entry.name: entry.size for entry in listed(reader, listing)}
        async for blob in store.walk():
            if blob.name not in sums and listing.store == "seals" and blob.name.startswith(_LOGS):
                continue  # what was erased since, brought along so that it is erased again
            if sums.get(blob.name) != blob.size:
                raise Conflict(
                    f"{store.url} is not empty: it holds {blob.name!r}, which is not from this backup",
                    hint="Restore into an empty place.",
                )


async def _check_roots(reader: Reader, manifest: Manifest, folder: Path) -> None:
    """Refuse before anything is written when the sealed data could not be opened afterwards."""
    there = set(await local_roots(folder))
    for name in manifest.root_keys:
        if Path(name).name != name or not name.endswith(".key"):
            raise BackupDamaged(f"{name!r} is no name of a root key file")
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / name
            copy.touch(0o600)
            copy.write_bytes(reader.read(f"keys/{name}"))
            root = read_root(copy)
        existing = folder / name
        if existing.exists() and read_root(existing).name != root.name:
            raise Conflict(f"{str(existing)!r} is another root key than the backup's", hint="Move it away first.")
        there.add(root.name)
    missing = [root for root in manifest.roots if root.startswith("local:") and root not in there]
    if missing:
        raise SettingError(
            f"the keys in this backup are wrapped by the root key {', '.join(missing)}, which {str(folder)!r} lacks",
            hint="Put your copy of root.key there (mode 600) and try again: without it nothing sealed can be opened.",
        )


def _put_root_keys(reader: Reader, manifest: Manifest, folder: Path) -> None:
    if not manifest.root_keys:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in manifest.root_keys:
        path = folder / name
        if not path.exists():
            path.touch(0o600)
            path.write_bytes(reader.read(f"keys/{name}"))
    sync_folder(folder)


async def _put_objects(reader: Reader, manifest: Manifest, stores: Stores, progress: Progress) -> None:
    for listing in manifest.stores:
        if not listing.copied:
            continue
        store = _store(stores, listing)
        for number, entry in enumerate(listed(reader, listing), 1):
            data = await asyncio.to_thread(reader.read, object_file(listing, entry))
            if checksum_of(data) != entry.sha256:
                raise BackupDamaged(f"{object_file(listing, entry)} was changed while it was restored")
            await store.put(entry.name, data)
            progress(f"objects of {listing.store}", number, listing.objects)


async def _put_rows(
    connection: asyncpg.Connection,
    reader: Reader,
    report: Report,
    schema: str,
    progress: Progress,
) -> None:
    manifest = report.manifest
    assert manifest is not None, "checked by the caller"
    async with connection.transaction():
        with only(fitting(manifest, manifest.migrations)) as folder:
            await migrations.migrate(connection, folder=folder)
        await fill_tables(connection, reader, manifest, schema, progress)
        await connection.execute(_SQL["note_restore"], report.digest, manifest.taken_at, clock.now())


def _store(stores: Stores, listing: StoreListing) -> BlobStore:
    found: dict[str, BlobStore] = dict(stores)
    if listing.store not in found:
        raise ServiceError(f"the backup holds objects of a store {listing.store!r}, which this release does not have")
    return found[listing.store]
