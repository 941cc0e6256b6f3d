"""Bring the schema to the state that this release needs, one numbered SQL file after the other.

Files are named `NNNN_what.pre.sql` (safe while the release before still runs) or `NNNN_what.post.sql` (only once it is
gone). Each runs in one transaction together with the row that records it. An advisory lock keeps a second runner out.
What was applied is compared with the files before anything is changed.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import asyncpg
import msgspec

from sightline.errors import ServiceError
from sightline.sql import queries

Phase = Literal["pre", "post"]

FOLDER: Traversable = files("sightline.database").joinpath("migrations")
# A migration that waits longer than this for a table gives up, so that it does not make everybody queue behind it.
LOCK_TIMEOUT = "10s"

_SQL = queries("sightline.database", "migrations.sql")
_NAME = re.compile(r"^(?P<number>\d{4})_(?P<what>[a-z0-9_]+)\.(?P<phase>pre|post)\.sql$")
_COLUMNS = {
    "number": "integer",
    "name": "text",
    "phase": "text",
    "checksum": "text",
    "objects": "text[]",
    "applied_at": "timestamp with time zone",
}
_RESTORE = "Restore the table from a backup: nothing was changed."


class MigrationError(ServiceError):
    """The database could not be migrated."""

    code = "migration"


class Migration(msgspec.Struct, frozen=True):
    """One file."""

    number: int
    name: str
    phase: Phase
    sql: str

    @property
    def title(self) -> str:
        return f"{self.number:04}_{self.name}"

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class Applied(msgspec.Struct, frozen=True):
    """One row of the table `migrations`."""

    number: int
    name: str
    phase: Phase
    checksum: str
    applied_at: datetime

    @property
    def title(self) -> str:
        return f"{self.number:04}_{self.name}"


class State(msgspec.Struct, frozen=True):
    """What was applied, what is still to do, and what a newer release has applied already."""

    schema: str
    applied: list[Applied]
    pending: list[Migration]
    newer: list[Applied]


def known(folder: Traversable = FOLDER) -> list[Migration]:
    """All migrations of this release, in order."""
    found: dict[int, Migration] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".sql"):
            continue
        match = _NAME.match(file.name)
        if match is None:
            raise MigrationError(
                f"the migration file {file.name!r} is misnamed", hint="Name it NNNN_what.pre.sql or NNNN_what.post.sql."
            )
        phase: Phase = "pre" if match["phase"] == "pre" else "post"
        migration = Migration(int(match["number"]), match["what"], phase, file.read_text("utf-8"))
        if other := found.get(migration.number):
            raise MigrationError(
                f"two migration files have the number {migration.number:04}: {other.name} and {migration.name}",
                hint="Give one of them the next free number.",
            )
        found[migration.number] = migration
    return sorted(found.values(), key=lambda migration: migration.number)


async def state(connection: asyncpg.Connection, *, folder: Traversable = FOLDER) -> State:
    """Compare what was applied with the files; a contradiction is raised as a `MigrationError`."""
    schema = await _schema(connection)
    return _compared(schema, await _applied(connection, schema), known(folder))


async def migrate(
    connection: asyncpg.Connection,
    *,
    phase: Phase | None = None,
    folder: Traversable = FOLDER,
    progress: Callable[[str], None] = lambda _: None,
    wait_s: float = 60,
) -> list[Migration]:
    """Apply what is missing in the first schema of the connection's search path; return what was applied.

    `phase="pre"` applies what the release before can live with, `"post"` the rest once it is gone; without a phase all
    are applied in the order of their numbers.
    """
    schema = await _schema(connection)
    async with _alone(connection, wait_s, progress):
        await _create_table(connection)
        found = _compared(schema, await _applied(connection, schema), known(folder))
        missing = due(found, phase)
        for place, migration in enumerate(missing, 1):
            progress(f"migration {place} of {len(missing)}: {migration.title} ({migration.phase})")
            await _apply(connection, schema, migration)
    return missing


def due(found: State, phase: Phase | None) -> list[Migration]:
    """Return what is to be applied in this phase; `post` is refused while a `pre` of a lower number is missing."""
    if phase is None:
        return found.pending
    wanted = [migration for migration in found.pending if migration.phase == phase]
    if phase == "post" and wanted:
        early = [m for m in found.pending if m.phase == "pre" and m.number < wanted[-1].number]
        if early:
            raise MigrationError(
                f"{early[0].title} has to be applied before {wanted[-1].title}",
                hint="Run `sightline db migrate --phase pre` and start the new release first.",
            )
    return wanted


async def _schema(connection: asyncpg.Connection) -> str:
    schema = await connection.fetchval(_SQL["schema"])
    if schema is None:
        path = await connection.fetchval("SHOW search_path")
        raise MigrationError(f"the schema {path!r} does not exist", hint="Run `sightline db setup` first.")
    return str(schema)


@asynccontextmanager
async def _alone(connection: asyncpg.Connection, wait_s: float, progress: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold the advisory lock; a session lock, so that it outlives the transaction of each migration."""
    loop = asyncio.get_running_loop()
    deadline, told = loop.time() + wait_s, False
    while not await connection.fetchval(_SQL["take_lock"]):
        holder = await connection.fetchrow(_SQL["lock_holder"])
        who = f"process {holder['pid']} ({holder['application'] or 'unnamed'})" if holder else "another process"
        if loop.time() >= deadline:
            raise MigrationError(
                f"{who} has been migrating this schema for over {wait_s:g} s",
                hint="Wait for it, or end it with pg_terminate_backend, then try again.",
            )
        if not told:
            progress(f"waiting for {who}, which is migrating this schema")
            told = True
        await asyncio.sleep(min(0.2, wait_s / 4))
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute(_SQL["release_lock"])


async def _create_table(connection: asyncpg.Connection) -> None:
    if await connection.fetchrow(_SQL["relation"]) is None:
        async with connection.transaction():
            await connection.execute(_SQL["create_table"])
            if administrator := await connection.fetchval(_SQL["administrator"]):
                await connection.execute(f"GRANT SELECT ON migrations TO {administrator}")


async def _applied(connection: asyncpg.Connection, schema: str) -> list[Applied]:
    relation = await connection.fetchrow(_SQL["relation"])
    if relation is None:
        return []
    where = f"{schema}.migrations"
    if relation["kind"] != "r":
        raise MigrationError(f"{where} is not a table (kind {relation['kind']!r})", hint=_RESTORE)
    columns = {row["name"]: row["type"] for row in await connection.fetch(_SQL["columns"], relation["oid"])}
    wrong = [
        f"{name} is {columns.get(name, 'missing')}, expected {_COLUMNS.get(name, 'no such column')}"
        for name in sorted(columns.keys() | _COLUMNS.keys())
        if columns.get(name) != _COLUMNS.get(name)
    ]
    if wrong:
        raise MigrationError(f"the table {where} has the wrong columns: {'; '.join(wrong)}", hint=_RESTORE)
    rows = await connection.fetch(_SQL["applied"])
    return [_checked(where, row) for row in rows]


def _checked(where: str, row: asyncpg.Record) -> Applied:
    number, name, phase, checksum = row["number"], row["name"], row["phase"], row["checksum"]
    readable = (
        isinstance(number, int)
        and 0 < number <= 9999
        and re.fullmatch(r"[a-z0-9_]+", name or "")
        and phase in ("pre", "post")
        and re.fullmatch(r"[0-9a-f]{64}", checksum or "")
        and row["applied_at"] is not None
    )
    if not readable:
        raise MigrationError(f"the table {where} holds a row that nobody here wrote: number {number!r}", hint=_RESTORE)
    return Applied(number, name, phase, checksum, row["applied_at"])


def _compared(schema: str, applied: Sequence[Applied], migrations: Sequence[Migration]) -> State:
    """Hold the rows against the files; the first contradiction is raised."""
    where = f"{schema}.migrations"
    by_number = {migration.number: migration for migration in migrations}
    newest = max(by_number, default=0)
    numbers = [row.number for row in applied]
    for row in applied:
        if numbers.count(row.number) > 1:
            raise MigrationError(f"the table {where} holds {row.number:04} twice", hint=_RESTORE)
        if row.number <= newest:
            _compare_one(row, by_number.get(row.number))
    for phase in ("pre", "post"):
        last = max((row.number for row in applied if row.phase == phase), default=0)
        for migration in migrations:
            if migration.phase == phase and migration.number < last and migration.number not in numbers:
                raise MigrationError(
                    f"the table {where} has a gap: {migration.title} is not recorded, but {last:04} is", hint=_RESTORE
                )
    newer = [row for row in applied if row.number > newest]
    if late := [row for row in newer if row.phase == "post"]:
        raise MigrationError(
            f"a newer Sightline has migrated this database ({', '.join(row.title for row in late)})",
            hint="Run that release or a later one; this one no longer fits.",
        )
    pending = [migration for migration in migrations if migration.number not in numbers]
    return State(schema, list(applied), pending, newer)


def _compare_one(row: Applied, migration: Migration | None) -> None:
    if migration is None:
        raise MigrationError(
            f"{row.title} was applied, but this release has no such file",
            hint="Install the whole release again, or the one that applied it.",
        )
    if (row.name, row.phase) != (migration.name, migration.phase):
        raise MigrationError(
            f"{row.title}.{row.phase} was applied, but the file is {migration.title}.{migration.phase}",
            hint="Give the file its old name back, and put what is new under a number of its own.",
        )
    if row.checksum != migration.checksum:
        raise MigrationError(
            f"{row.title} was changed after it was applied on {row.applied_at:%Y-%m-%d} "
            f"(recorded {row.checksum[:12]}, file {migration.checksum[:12]})",
            hint="Restore the file as it was released, and put the change into a new migration.",
        )


async def _apply(connection: asyncpg.Connection, schema: str, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            before = set(await objects(connection, schema))
            await connection.execute(migration.sql)
            made = [item for item in await objects(connection, schema) if item not in before]
            await connection.execute(
                _SQL["record"], migration.number, migration.name, migration.phase, migration.checksum, made
            )
    except asyncpg.LockNotAvailableError as exc:
        raise MigrationError(
            f"{migration.title} waited over {LOCK_TIMEOUT} for a lock: {exc.args[0]}",
            hint="A long transaction holds a table; nothing was changed, try again when it has ended.",
        ) from exc
    except asyncpg.PostgresError as exc:
        # asyncpg types `position` as str | None on the error itself.
        position = getattr(exc, "position", None)
        line = f", line {migration.sql[: int(position)].count(chr(10)) + 1}" if position else ""
        raise MigrationError(
            f"{migration.title}.{migration.phase}.sql{line} failed: {exc.args[0]}",
            hint="It was rolled back; what was applied before it stays.",
        ) from exc


async def objects(connection: asyncpg.Connection, schema: str) -> list[str]:
    """Everything that stands in a schema by itself, as `kind name`."""
    return [f"{row['kind']} {row['name']}" for row in await connection.fetch(_SQL["objects"], schema)]


async def made(connection: asyncpg.Connection) -> set[str]:
    """Everything that migrations have made in the current schema, with the table that records them."""
    if await connection.fetchrow(_SQL["relation"]) is None:
        return set()
    schema = await _schema(connection)
    try:
        await _applied(connection, schema)
        recorded = await connection.fetch(_SQL["recorded_objects"])
    except asyncpg.InsufficientPrivilegeError as exc:
        raise MigrationError(
            f"the administrator may not read {schema}.migrations",
            hint="Use the one who owns the schema, or a superuser.",
        ) from exc
    return {"table migrations", *(row["object"] for row in recorded)}
