"""Keys are made anew, online: those of subjects, application and index, and the tenant's, which wraps them.

A run is a row of `key_rotation_log`. It makes the new version (the one before still opens), then goes through the
tenant's subjects by id, a batch in each transaction together with the place it has come to. A row that somebody changed
meanwhile is left to them: every change is guarded by the old value. Killed at any point, `run` goes on from that place.
While one batch is encrypted the next is read and the one before is written, one after the other. A second pass then
opens every blob, and exchanges what was written under the old key meanwhile. A write that was under way when its key
changed is waited for: the last pass is the first that begins `SETTLED_S` after the change and finds nothing. A write
that takes longer stays under the key before, which opens it: no key is destroyed that something stands under. While an
index key is exchanged two versions are live, and a search asks for both.

`roll_back` makes the version before the active one again and takes every row back to it, in the same way. A key that
was destroyed stays destroyed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from sightline.errors import Conflict, NotFound
from sightline.keys.bulk import lease_many
from sightline.keys.failures import KeyDestroyed
from sightline.keys.held import HmacKey
from sightline.keys.ring import KeyRing
from sightline.keys.rotation import Moved, move_to_active_parent
from sightline.keys.wrap import KeyId, Kind
from sightline.sql import queries
from sightline.vault import blind
from sightline.vault.batch_keys import BatchKeys
from sightline.vault.cells import Cell, Change, Columns, exchange
from sightline.vault.database import Busy, Context, VaultDatabase
from sightline.vault.envelope import versions_of
from sightline.vault.purposes import ROTATION
from sightline.vault.subjects import APPLICATION_KEY, INDEX_KEY, SUBJECT_KEY, TIER3_AGE_S, Vault

SQL: Final = queries("sightline.vault", "rotation.sql")
BATCH: Final = 500
# Passes that open everything and look for what was written meanwhile: so many at most.
_SWEEPS: Final = 6
# So long a write may take, from its key to its commit, until it is not waited for.
SETTLED_S: Final = 0.25
# So many subjects are worked on at a time before others have their turn: about two milliseconds.
_TURN: Final = 64
_FIRST: Final = UUID(int=0)
# How long one who wants to rotate waits for another who is at it.
_WAIT_S: Final = 60.0
JOB: Final = "vault.rotations"
KeyType = Literal["tenant", "subject", "application", "index"]
# Called with how many subjects are done, and how many there are.
Progress = Callable[[int, int], object]
Step = Callable[[str], Awaitable[None]]


class Ended(Conflict):
    """Somebody took this run back while it was carried out."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the log. Versions are those of the application, index or tenant key; subjects have their own each."""

    id: int
    key_type: str
    direction: str
    old_version: int | None
    new_version: int | None
    status: str
    total: int
    done: int
    failed: int
    place: UUID | None
    until: UUID | None
    pause_ms: int
    started_at: datetime
    completed_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.status in {"running", "verifying"}


class Batch(msgspec.Struct, frozen=True):
    """What is stored of some subjects, what of it may have to be exchanged, the keys for it, and the last subject."""

    cells: dict[UUID, list[Cell]]
    older: dict[UUID, list[Cell]]
    keys: BatchKeys
    index: HmacKey | None
    last: UUID


async def _go_on(_step: str) -> None:
    """Nothing happens between the steps; a test stops here."""


class Rotation:
    """Rotates the keys of one tenant."""

    def __init__(
        self, vault: Vault, context: Context, *, batch: int = BATCH, pause_s: float = 0, step: Step = _go_on
    ) -> None:
        self._vault = vault
        self._keys = vault.keys
        self._context = context.for_purpose(ROTATION)
        self._tenant = context.tenant_id
        self._batch = batch
        self._pause_s = pause_s
        self._step = step
        self._columns = Columns(vault.fields)

    # ---- what is asked for ----------------------------------------------------------------------------------------

    async def count(self) -> int:
        """How many subjects a run goes through."""
        async with self._acting() as connection:
            return int(await connection.fetchval(SQL["count_users"], self._tenant))

    async def log(self) -> list[Run]:
        """All runs, the latest first."""
        async with self._acting() as connection:
            return [Run(**dict(row)) for row in await connection.fetch(SQL["runs"], self._tenant)]

    async def run(self, key_type: KeyType, progress: Progress | None = None) -> Run:
        """Rotate, or go on with a run that was interrupted."""
        run = await self._open_run(key_type) or await self._begin(key_type)
        return await self._carry_out(run, progress)

    async def ask(self, key_type: KeyType) -> Run:
        """Begin a run that the background job `vault.rotations` carries out."""
        if (run := await self._open_run(key_type)) is not None:
            raise Conflict(f"the {key_type} key is being rotated: {run.status}, {run.done} of {run.total}",
                           hint="Wait until it is done, or take it back.")  # fmt: skip
        return await self._begin(key_type)

    async def roll_back(self, key_type: KeyType, progress: Progress | None = None) -> Run:
        """Make the version before the active one again, also in the middle of a run; or go on with taking back."""
        return await self._carry_out(await self.ask_back(key_type), progress)

    async def ask_back(self, key_type: KeyType) -> Run:
        """Begin to take the latest run back, for the background job to carry out."""
        run = await self._open_run(key_type)
        if run is not None and run.direction == "back":
            return run
        last = run or await self._last(key_type)
        if last is None:
            raise NotFound(f"no {key_type} key was rotated, so there is nothing to take back")
        await self._may_go_back(key_type, last)
        # Of a run that was interrupted, only the subjects that it came to have a newer key.
        until = (last.place or _FIRST) if last.status == "running" else None
        async with self._acting() as connection:
            await connection.execute(SQL["rolled_back"], last.id)
            run = await self._insert(connection, key_type, "back", last.new_version, last.old_version, until)
        await self._vault.database.note(self._context, "rotate.back")
        await self._step("back began")
        return run

    async def resume(self, key_type: KeyType, progress: Progress | None = None) -> Run | None:
        """Go on with what is open; None where there is nothing, or another process is at it."""
        run = await self._open_run(key_type)
        if run is None:
            return None
        self._pause_s = run.pause_ms / 1000
        try:
            return await self._carry_out(run, progress, wait_s=0)
        except (Busy, Ended):
            return None

    async def _may_go_back(self, key_type: KeyType, last: Run) -> None:
        if key_type == "subject":
            return
        if last.old_version is None:
            raise NotFound(f"the {key_type} key has no version before this one")
        rows = await (await self._ring(key_type)).versions(*self._chain(key_type))
        if not any(row.key_id.version == last.old_version and not row.is_destroyed for row in rows):
            raise KeyDestroyed(f"version {last.old_version} of the {key_type} key was destroyed; it does not come back")

    # ---- a run ----------------------------------------------------------------------------------------------------

    async def _carry_out(self, run: Run, progress: Progress | None, *, wait_s: float = _WAIT_S) -> Run:
        """One process at a time carries a run out; one that came second finds how it ended."""
        async with self._vault.database.alone(lock_of(self._tenant, run.key_type), wait_s):
            async with self._acting() as connection:
                run = Run(**dict(await connection.fetchrow(SQL["one_run"], run.id)))
            if run.status == "rolled_back":
                raise _ended()
            return await self._finish(run, progress) if run.is_open else run

    async def _finish(self, run: Run, progress: Progress | None) -> Run:
        if run.status == "running":
            run = await self._activated(run)
            await self._step("key made")
            if run.key_type == "tenant":
                return await self._rewrap(run, progress)
            await self._pass(run, run.place or _FIRST, progress)
            run = await self._noted(run, "verifying")
        settled = time.monotonic() + SETTLED_S
        await self._step("verifying")
        failed = 0
        for _ in range(_SWEEPS):
            began = time.monotonic()
            changed, failed = await self._pass(run, _FIRST, None)
            if changed:
                continue
            if began >= settled:
                break
            await asyncio.sleep(settled - time.monotonic())
        await self._step("verified")
        return await self._noted(run, "failed" if failed else "completed", failed=failed)

    async def _activated(self, run: Run) -> Run:
        """Make the version active that the run goes to; a new one only once, however often the run is begun."""
        if run.key_type == "subject":  # each subject has a key of their own
            return run
        kind, tenant, purpose, _ = self._chain(run.key_type)
        ring = await self._ring(run.key_type)
        if run.direction == "back":
            assert run.new_version is not None
            await ring.activate(KeyId(kind=kind, tenant_id=tenant, purpose=purpose, version=run.new_version))
            return run
        if run.new_version is not None:
            return run
        active = await self._active(run.key_type)
        if active == (run.old_version or 0):  # else it was made, and killed before that was noted
            active = await ring.rotate(kind, tenant, purpose)
            await self._step("version made")
        async with self._acting() as connection:
            return Run(**dict(await connection.fetchrow(SQL["note_version"], run.id, active)))

    async def _ring(self, key_type: str) -> KeyRing:
        """Where a kind of key is kept: the application keys may have a root of their own."""
        return await self._vault.application.ring(self._tenant) if key_type == "application" else self._keys

    async def _active(self, key_type: str) -> int:
        rows = await (await self._ring(key_type)).versions(*self._chain(key_type))
        return next((row.key_id.version for row in rows if row.state == "active"), 0)

    async def _rewrap(self, run: Run, progress: Progress | None) -> Run:
        moved: Moved = await move_to_active_parent(self._keys, self._tenant, progress, pause_s=self._pause_s)
        await self._step("verified")
        return await self._noted(run, "failed" if moved.failed else "completed", failed=moved.failed, done=moved.done)

    async def _pass(self, run: Run, after: UUID, progress: Progress | None) -> tuple[int, int]:
        """Go through all subjects behind one; return how many values were exchanged, and how many do not open."""
        done, changed, failed = run.done, 0, 0
        reading = asyncio.create_task(self._read(run, after))
        writing: asyncio.Task[None] | None = None
        try:
            while (batch := await reading) is not None:
                reading = asyncio.create_task(self._read(run, batch.last))
                await self._step("batch read")
                changes = await self._changes(run, batch)
                if run.status == "verifying":
                    failed += await self._unopened(batch)
                await self._step("batch made")
                if writing is not None:
                    await writing
                done, changed = done + len(batch.cells), changed + len(changes)
                writing = asyncio.create_task(self._write(run, batch.last, changes, done, progress))
                await asyncio.sleep(self._pause_s)
            if writing is not None:
                await writing
        finally:
            tasks = [task for task in (reading, writing) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return changed, failed

    async def _read(self, run: Run, after: UUID) -> Batch | None:
        """What is stored of the next subjects, with their keys leased; None when all are done."""
        async with self._acting() as connection:
            found = await self._columns.read(connection, self._tenant, after, self._batch)
        if found is None:
            return None
        cells, last = found
        index = await self._keys.hmac_key(self._tenant, INDEX_KEY) if run.key_type == "index" else None
        older = cells
        if run.key_type != "subject":
            each = ((one, [cell for cell in mine if _is_older(cell, run, index)]) for one, mine in cells.items())
            older = {one: mine for one, mine in each if mine}
        # Of those who have nothing to exchange no key is needed, before everything is opened.
        needed = cells if run.status == "verifying" else older
        return Batch(cells, older, await self._leased(run, needed), index, last)

    async def _write(
        self, run: Run, last: UUID, changes: Sequence[Change], done: int, progress: Progress | None
    ) -> None:
        async with self._acting() as connection:
            await exchange(connection, changes)
            noted = await connection.execute(SQL["note_place"], run.id, last, done, run.status)
            if noted != "UPDATE 1":
                raise _ended()
            await self._step("batch written")
        if progress:
            progress(done, max(run.total, done))

    # ---- values ---------------------------------------------------------------------------------------------------

    async def _changes(self, run: Run, batch: Batch) -> list[Change]:
        """What has to be exchanged; somebody who was erased meanwhile is left out."""
        found: list[Change] = []
        for turn, (subject, mine) in enumerate(batch.older.items(), 1):
            if turn % _TURN == 0:
                await asyncio.sleep(0)
            try:
                if run.key_type == "subject":
                    found += await self._resealed_anew(run, subject, mine, batch.keys)
                elif batch.index is not None:
                    found += await self._reindexed(subject, mine, batch.keys, batch.index)
                else:
                    found += await self._resealed(subject, mine, batch.keys)
            except KeyDestroyed:
                continue
        return found

    async def _unopened(self, batch: Batch) -> int:
        """Open every value of a batch; return how many do not open."""
        failed = 0
        for turn, (subject, mine) in enumerate(batch.cells.items(), 1):
            if turn % _TURN == 0:
                await asyncio.sleep(0)
            for cell in mine:
                if cell.blob is None:
                    continue
                try:
                    await batch.keys.opened(subject, cell.field, cell.blob)
                except KeyDestroyed:
                    continue  # erased while this ran
                except Exception:  # noqa: BLE001 - counted, and the run is called failed
                    failed += 1
        return failed

    async def _leased(self, run: Run, cells: Mapping[UUID, Sequence[Cell]]) -> BatchKeys:
        """The keys of a batch in one statement, since each subject is met only once in a pass."""
        if not cells or (run.key_type == "subject" and run.status == "running"):
            return BatchKeys(self._vault, self._tenant, {}, None)
        # What a sweep finds is so little that the ring leases for it.
        seals = run.key_type == "application" and run.status == "running"
        uses = max(map(len, cells.values())) if seals else 0
        held = await lease_many(self._keys, self._tenant, SUBJECT_KEY, [str(subject) for subject in cells], uses)
        application = None
        if seals:
            count = sum(map(len, cells.values()))
            ring = await self._ring("application")
            application = await ring.data_key(self._tenant, APPLICATION_KEY, uses=count, max_age_s=TIER3_AGE_S)
        return BatchKeys(self._vault, self._tenant, held, application)

    async def _reindexed(self, subject: UUID, cells: Sequence[Cell], keys: BatchKeys, key: HmacKey) -> list[Change]:
        found = []
        for cell in cells:
            assert cell.index is not None, "what has no hash is not asked for"
            value = cell.value
            if cell.blob is not None:
                value = await keys.opened(subject, cell.field, cell.blob)
            assert value is not None, "a hash without a value"
            assert cell.field.normal is not None
            new = blind.index(key, key.version, cell.field.name, cell.field.normal(value))
            found.append(Change(subject, cell.index_column, cell.field.number, cell.index, new))
        return found

    async def _resealed(self, subject: UUID, cells: Sequence[Cell], keys: BatchKeys) -> list[Change]:
        cipher = await keys.sealing(subject, [cell.field.tier for cell in cells])
        found = []
        for cell in cells:
            assert cell.blob is not None, "only what is encrypted is asked for"
            field = cell.field
            value = (await keys.opening(subject, cell.blob)).open(field.number, field.tier, cell.blob)
            found.append(
                Change(subject, cell.blob_column, field.number, cell.blob, cipher.seal(field.number, field.tier, value))
            )
        return found

    async def _resealed_anew(self, run: Run, subject: UUID, cells: Sequence[Cell], keys: BatchKeys) -> list[Change]:
        """The same under another version of the subject's own key."""
        wanted = [cell for cell in cells if cell.blob is not None]
        active = keys.version(subject)  # known in a second pass, and then all there is to do
        if active is None:
            active = await self._subject_version(run, subject, wanted)
        older = [cell for cell in wanted if versions_of(cell.blob or b"")[0] != active]
        return await self._resealed(subject, older, keys) if older else []

    async def _subject_version(self, run: Run, subject: UUID, cells: Sequence[Cell]) -> int:
        """The version that a subject's values go to; made once in a run, or taken back once."""
        rows = await self._keys.versions(Kind.DATA, self._tenant, SUBJECT_KEY, str(subject))
        active = next((row.key_id.version for row in rows if row.state == "active"), 0)
        used = {versions_of(cell.blob)[0] for cell in cells if cell.blob is not None}
        if run.direction == "back" and used and active > max(used):
            # Killed between the new key and its first use: the key goes back, the values are there already.
            await self._activate_subject(subject, max(used))
            return max(used)
        if run.status != "running" or not used or used != {active}:
            return active or max(used, default=0)
        if run.direction == "forward":
            return await self._keys.rotate(Kind.DATA, self._tenant, SUBJECT_KEY, str(subject))
        older = [row.key_id.version for row in rows if not row.is_destroyed and row.key_id.version < active]
        if not older or (run.until is not None and subject > run.until):
            return active
        await self._activate_subject(subject, max(older))
        return max(older)

    async def _activate_subject(self, subject: UUID, version: int) -> None:
        key_id = KeyId(kind=Kind.DATA, tenant_id=self._tenant, purpose=SUBJECT_KEY, owner=str(subject), version=version)
        await self._keys.activate(key_id)

    # ---- the log --------------------------------------------------------------------------------------------------

    def _acting(self) -> Any:
        return self._vault.database.acting("rotator", self._context, "rotate")

    def _chain(self, key_type: str) -> tuple[Kind, int, str, str]:
        kind, purpose = {
            "tenant": (Kind.TENANT, ""),
            "application": (Kind.DATA, APPLICATION_KEY),
            "index": (Kind.HMAC, INDEX_KEY),
            "subject": (Kind.DATA, SUBJECT_KEY),
        }[key_type]
        return kind, self._tenant, purpose, ""

    async def _begin(self, key_type: KeyType) -> Run:
        old = None if key_type == "subject" else await self._active(key_type) or None
        async with self._acting() as connection:
            run = await self._insert(connection, key_type, "forward", old, None, None)
        await self._vault.database.note(self._context, "rotate")
        await self._step("began")
        return run

    async def _insert(  # noqa: PLR0913, PLR0917 - the columns of a row
        self,
        connection: Any,
        key_type: str,
        direction: str,
        old: int | None,
        new: int | None,
        until: UUID | None,
    ) -> Run:
        row = await connection.fetchrow(
            SQL["begin"], self._tenant, key_type, direction, old, new, self._context.actor_kind,
            self._context.actor_id, until, round(self._pause_s * 1000),
        )  # fmt: skip
        return Run(**dict(row))

    async def _open_run(self, key_type: str) -> Run | None:
        async with self._acting() as connection:
            row = await connection.fetchrow(SQL["open_run"], self._tenant, key_type)
        return Run(**dict(row)) if row else None

    async def _last(self, key_type: str) -> Run | None:
        async with self._acting() as connection:
            row = await connection.fetchrow(SQL["last_completed"], self._tenant, key_type)
        return Run(**dict(row)) if row else None

    async def _noted(self, run: Run, status: str, *, failed: int = 0, done: int | None = None) -> Run:
        async with self._acting() as connection:
            row = await connection.fetchrow(SQL["note_status"], run.id, status, failed, done)
        if row is None:
            raise Ended("this rotation was ended by somebody else meanwhile", hint="Look at the log, and run it again.")
        return Run(**dict(row))


def _is_older(cell: Cell, run: Run, index: HmacKey | None) -> bool:
    """Whether a value stands under another version of the application or index key than the one that a run goes to."""
    if index is not None:
        return cell.index is not None and blind.version_of(cell.index) != index.version
    if cell.blob is None or cell.field.tier != 3:
        return False
    return versions_of(cell.blob)[1] != run.new_version


def lock_of(tenant_id: int, key_type: str) -> str:
    """What the lock is called that whoever exchanges or destroys keys of this kind holds."""
    return f"rotation of the {key_type} key of team {tenant_id}"


async def open_runs(database: VaultDatabase) -> list[tuple[int, KeyType]]:
    """What is under way, of every tenant."""
    async with database.acting("auditor") as connection:
        return [(row["tenant_id"], row["key_type"]) for row in await connection.fetch(SQL["open_runs"])]


def _ended() -> Ended:
    return Ended("this rotation was ended or taken back by somebody else meanwhile", hint="Look at its log.")
