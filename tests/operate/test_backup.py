"""Backup, wipe, restore, verify."""

import asyncio
import json
import os
import random
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from sightline.blobs.stores import Stores, open_store
from sightline.database.address import connect
from sightline.database.migrations import known
from sightline.database.pool import Database
from sightline.errors import Conflict, DatabaseUnavailable, DiskFull, InvalidValue, NotFound, ServiceError, SettingError
from sightline.keys.failures import KeyDestroyed
from sightline.keys.ring import KeyRing
from sightline.operate.archive import BackupDamaged, open_backup
from sightline.operate.backup import Source, back_up
from sightline.operate.manifest import Object, encode, read_manifest
from sightline.operate.restore import Target, finish_restores, restore, unfinished
from sightline.operate.verify import verify
from sightline.settings import AwsSettings, KeySettings
from tests.aws import FakeAws
from tests.operate.conftest import Instance, at, everything, objects

FORMS = ["backup", "backup.tar"]


def give_root_key(filled: Instance, empty: Target) -> None:
    """Do what an operator does who keeps the root key apart."""
    shutil.copytree(filled.folder / "keys", empty.keys)


@pytest.mark.parametrize("form", FORMS)
async def test_a_restore_brings_back_every_row_every_object_and_every_key(
    filled: Instance, empty: Target, tmp_path: Path, form: str
) -> None:
    before = await everything(filled.database.address)
    manifest = await back_up(filled.source, tmp_path / form)
    assert (await verify(tmp_path / form)).is_whole
    give_root_key(filled, empty)
    restored = await restore(tmp_path / form, empty)
    after = await everything(at(empty))
    assert len(after.pop("restores")) == 1
    assert before.pop("restores") == []
    changed = [line for line in after.pop("sequences") if line not in before["sequences"]]
    assert changed == ["('restores_id_seq', 1)"]
    assert before.pop("sequences")
    assert after == before
    assert await objects(empty.stores) == await objects(filled.stores)
    assert (restored.rows, restored.objects) == (manifest.rows, 13)
    assert (await verify(tmp_path / form)).is_whole

    database = await Database.open(at(empty))
    ring = await KeyRing.open(database, KeySettings(), AwsSettings(), empty.keys)
    key = await ring.key_for(1, "recording", "visit-1", filled.sealed)
    assert key.open(filled.sealed, b"") == b"what was seen"
    with pytest.raises(KeyDestroyed):
        await ring.data_key(1, "recording", "visit-4")
    with pytest.raises(asyncpg.PostgresError, match="only grows"):
        await database.execute("DELETE FROM access_audit")
    assert await database.fetchval("INSERT INTO tenants (uuid, name, slug, created_at)"
                                   " VALUES (gen_random_uuid(), 'n', 'n', now()) RETURNING id") == 51  # fmt: skip
    await database.close()


async def test_the_backup_holds_no_root_key_unless_it_is_asked_for(
    filled: Instance, empty: Target, tmp_path: Path
) -> None:
    secret = (filled.folder / "keys" / "root.key").read_bytes().split()[1]
    manifest = await back_up(filled.source, tmp_path / "without.tar")
    assert manifest.root_keys == []
    assert secret not in (tmp_path / "without.tar").read_bytes()
    with pytest.raises(SettingError, match="lacks") as failed:
        await restore(tmp_path / "without.tar", empty)
    assert "root.key" in failed.value.line()
    assert await everything(at(empty)) == {"sequences": []}

    await back_up(filled.source, tmp_path / "with", with_root_key=True)
    assert (tmp_path / "with" / "keys" / "root.key").read_bytes().split()[1] == secret
    await restore(tmp_path / "with", empty)
    assert (empty.keys / "root.key").read_bytes().split()[1] == secret
    assert (empty.keys / "root.key").stat().st_mode & 0o777 == 0o600


async def test_a_dry_run_writes_nothing(filled: Instance, empty: Target, tmp_path: Path) -> None:
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    restored = await restore(tmp_path / "backup", empty, dry_run=True)
    assert (restored.objects, restored.root_keys) == (13, ["root.key"])
    assert await everything(at(empty)) == {"sequences": []}
    assert not empty.keys.exists()
    assert await objects(empty.stores) == {}


async def test_a_place_that_is_not_empty_is_refused(filled: Instance, empty: Target, tmp_path: Path) -> None:
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    with pytest.raises(Conflict, match="the schema 'umami' is not empty: it holds access_audit"):
        await restore(tmp_path / "backup", msgspec.structs.replace(empty, address=filled.database.address))
    await empty.stores.extents.put("somebody/elses", b"object")
    with pytest.raises(Conflict, match="'somebody/elses'"):
        await restore(tmp_path / "backup", empty)
    await empty.stores.extents.delete("somebody/elses")
    empty.keys.mkdir(mode=0o700)
    other = await KeyRing.open(filled.database, KeySettings(), AwsSettings(), filled.folder / "keys")
    await other.close()
    (empty.keys / "root.key").touch(0o600)
    (empty.keys / "root.key").write_text("sightline-root-key-1 nonsense\n")
    with pytest.raises(SettingError, match="damaged"):
        await restore(tmp_path / "backup", empty)
    assert await everything(at(empty)) == {"sequences": []}


async def test_a_restore_that_broke_off_can_be_repeated(
    filled: Instance, empty: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)

    class Killed(BaseException):
        pass

    def kill(what: str, _done: int, _total: int) -> None:
        if what == "table users":
            raise Killed

    with pytest.raises(Killed):
        await restore(tmp_path / "backup", empty, progress=kill)
    assert await everything(at(empty)) == {"sequences": []}
    await restore(tmp_path / "backup", empty)
    assert await objects(empty.stores) == await objects(filled.stores)


async def test_a_database_that_goes_away_is_one_line_and_leaves_nothing(
    filled: Instance, empty: Target, tmp_path: Path
) -> None:
    async def cut(what: str, work: Any) -> None:
        with pytest.raises(DatabaseUnavailable, match=f"went away during the {what}"):
            await work

    def terminate(what: str, _done: int, _total: int) -> None:
        if what == "table users":
            subprocess.run(
                ["psql", "-q", "-c", ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE application_name IN ('sightline backup', 'sightline restore')")],
                env={**os.environ, **psql_environment(filled)}, check=True, capture_output=True,
            )  # fmt: skip

    await cut("backup", back_up(filled.source, tmp_path / "cut", progress=terminate))
    assert not list(tmp_path.glob("cut*"))
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    await cut("restore", restore(tmp_path / "backup", empty, progress=terminate))
    assert await everything(at(empty)) == {"sequences": []}


async def test_a_root_key_file_with_a_name_that_leads_elsewhere_is_refused(
    filled: Instance, empty: Target, tmp_path: Path
) -> None:
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    manifest, _ = read_manifest(open_backup(tmp_path / "backup"))
    data, line = encode(msgspec.structs.replace(manifest, root_keys=["../../root.key"]))
    (tmp_path / "backup" / "manifest.json").write_bytes(data)
    (tmp_path / "backup" / "manifest.json.sha256").write_bytes(line)
    with pytest.raises(BackupDamaged, match="no name of a root key"):
        await restore(tmp_path / "backup", empty)


async def test_rows_written_while_the_backup_runs_are_not_in_it(filled: Instance, tmp_path: Path) -> None:
    counted: dict[str, int] = {}

    def write_beside(what: str, _done: int, _total: int) -> None:
        if what.startswith("table") and not counted:
            counted["started"] = 1
            subprocess.run(
                ["psql", "-q", "-c", "INSERT INTO umami.jobs (name) VALUES ('late')"],
                env={**os.environ, **psql_environment(filled)}, check=True,
            )  # fmt: skip

    manifest = await back_up(filled.source, tmp_path / "backup", progress=write_beside)
    assert await filled.database.fetchval("SELECT count(*) FROM jobs WHERE name = 'late'") == 1
    assert next(entry.rows for entry in manifest.tables if entry.table.name == "jobs") == 0


def psql_environment(filled: Instance) -> dict[str, str]:
    address = filled.database.address
    assert address.password is not None
    return {
        "PGHOST": address.host, "PGPORT": str(address.port), "PGUSER": address.user,
        "PGPASSWORD": address.password.reveal(), "PGDATABASE": address.database,
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
async def test_a_flipped_byte_anywhere_is_found_and_named(filled: Instance, tmp_path: Path, form: str) -> None:
    backup = tmp_path / form
    await back_up(filled.source, backup, with_root_key=True)
    dice = random.Random(7)
    files = [path for path in sorted(backup.rglob("*")) if path.is_file()] if backup.is_dir() else [backup]
    trials = [(path, position) for path in files for position in positions(path, dice, 3 if len(files) > 1 else 150)]
    for path, position in trials:
        flip(path, position, bit := 1 << dice.randrange(8))
        report = await verify(backup)
        flip(path, position, bit)
        names = [problem.name for problem in report.problems]
        assert names, f"{path.name}, byte {position}"
        if backup.is_dir():
            expected = str(path.relative_to(backup))
            assert expected in names or (expected.startswith("manifest.json") and names == ["manifest.json"])
    assert (await verify(backup)).is_whole


def positions(path: Path, dice: random.Random, count: int) -> list[int]:
    size = path.stat().st_size
    return sorted({0, size - 1, *(dice.randrange(size) for _ in range(count))})


def flip(path: Path, position: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes((byte ^ bit,)))


@pytest.mark.parametrize("form", FORMS)
async def test_a_damaged_backup_is_refused_before_anything_is_written(
    filled: Instance, empty: Target, tmp_path: Path, form: str
) -> None:
    backup = tmp_path / form
    await back_up(filled.source, backup, with_root_key=True)
    path = backup / "tables" / "umami.users.gz" if backup.is_dir() else backup
    flip(path, path.stat().st_size // 2, 1)
    with pytest.raises(BackupDamaged, match=r"does not match|cannot be read|header|missing"):
        await restore(backup, empty)
    assert await everything(at(empty)) == {"sequences": []}
    assert not empty.keys.exists()


async def test_a_missing_file_is_named(filled: Instance, tmp_path: Path) -> None:
    await back_up(filled.source, tmp_path / "backup")
    (tmp_path / "backup" / "objects" / "recordings" / "site=1" / "visit-3.bin").unlink()
    (tmp_path / "backup" / "tables" / "umami.users.gz").unlink()
    problems = {problem.name: problem.what for problem in (await verify(tmp_path / "backup")).problems}
    assert problems == {"objects/recordings/site=1/visit-3.bin": "is missing", "tables/umami.users.gz": "is missing"}


@pytest.mark.parametrize("form", FORMS)
async def test_a_cut_backup_is_found(filled: Instance, tmp_path: Path, form: str) -> None:
    await back_up(filled.source, tmp_path / form)
    path = tmp_path / form / "tables" / "umami.users.gz" if form == "backup" else tmp_path / form
    for size in (path.stat().st_size - 1, path.stat().st_size // 2, 0):
        with path.open("r+b") as file:
            file.truncate(size)
        assert not (await verify(tmp_path / form)).is_whole, size


async def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no backup at"):
        await verify(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    (problem,) = (await verify(tmp_path / "folder")).problems
    assert "manifest.json is missing" in problem.what


@pytest.mark.parametrize("form", FORMS)
async def test_an_interrupted_backup_leaves_nothing_that_looks_like_one(
    filled: Instance, tmp_path: Path, form: str
) -> None:
    def interrupt(what: str, _done: int, _total: int) -> None:
        if what == "table users":
            raise KeyboardInterrupt

    place = tmp_path / "backups"
    with pytest.raises(KeyboardInterrupt):
        await back_up(filled.source, place / form, progress=interrupt)
    assert list(place.iterdir()) == []
    # One that was killed leaves its draft, which the next one replaces.
    (place / f"{form}.partial").mkdir()
    (place / f"{form}.partial" / "half").touch()
    (place / f"{form}.partial.draft").mkdir()
    await back_up(filled.source, place / form)
    assert [path.name for path in place.iterdir()] == [form]


async def test_an_existing_backup_is_not_overwritten(filled: Instance, tmp_path: Path) -> None:
    await back_up(filled.source, tmp_path / "backup")
    with pytest.raises(Conflict, match="exists already"):
        await back_up(filled.source, tmp_path / "backup")


@pytest.mark.parametrize("form", FORMS)
async def test_a_full_disk_is_one_clear_line(filled: Instance, small_disk: Path, form: str) -> None:
    await filled.stores.recordings.put("large", random.Random(1).randbytes(2_000_000))
    with pytest.raises(DiskFull, match=f"the disk that holds '{small_disk}' is full"):
        await back_up(filled.source, small_disk / form)
    assert list(small_disk.iterdir()) == []


async def test_an_empty_schema_is_nothing_to_back_up(empty: Target, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="no tables"):
        await back_up(Source(address=at(empty), stores=empty.stores, keys=empty.keys), tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


async def test_a_backup_of_a_newer_release_is_refused(filled: Instance, empty: Target, tmp_path: Path) -> None:
    await filled.database.execute(
        "INSERT INTO migrations (number, name, phase, checksum, objects) VALUES (9000, 'future', 'pre', $1, '{}')",
        "0" * 64,
    )
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    with pytest.raises(ServiceError, match=r"newer release .*9000_future"):
        await restore(tmp_path / "backup", empty)


async def test_an_older_backup_is_restored_at_its_state_and_then_migrated(
    filled: Instance, empty: Target, tmp_path: Path
) -> None:
    newest = await filled.database.fetchrow(
        "DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations) RETURNING number, name, objects"
    )
    assert newest is not None
    for made in newest["objects"]:
        kind, _, name = made.partition(" ")
        if kind in {"table", "view"}:
            await filled.database.execute(f"DROP {kind} {name} CASCADE")
    text = next(one.sql for one in known() if one.number == newest["number"])
    for table, column in re.findall(r"^ALTER TABLE (\w+) ADD COLUMN (\w+)", text, re.MULTILINE):
        await filled.database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    restored = await restore(tmp_path / "backup", empty)
    assert restored.migrated == [f"{newest['number']:04}_{newest['name']}"]
    rows = (await everything(at(empty)))["migrations"]
    assert len(rows) == len((await everything(filled.database.address))["migrations"]) + 1


async def test_partitions_and_circular_references_are_restored(
    filled: Instance, empty: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sightline.database import migrations as real

    extra = real.Migration(9001, "partitioned", "pre", """
        CREATE TABLE journal (id bigint, day date NOT NULL, body text,
            doubled bigint GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY RANGE (day);
        CREATE TABLE chicken (id bigint PRIMARY KEY, egg bigint);
        CREATE TABLE egg (id bigint PRIMARY KEY, chicken bigint REFERENCES chicken);
        ALTER TABLE chicken ADD FOREIGN KEY (egg) REFERENCES egg;
        CREATE TABLE seeded (id bigint PRIMARY KEY); INSERT INTO seeded VALUES (1);
    """)  # fmt: skip
    known = real.known

    def with_extra(folder: Any = real.FOLDER) -> list[real.Migration]:
        return [*known(folder), *([extra] if folder is real.FOLDER else [])]

    monkeypatch.setattr(real, "known", with_extra)
    connection = await connect(filled.database.address)
    await real.migrate(connection)
    await connection.execute("""
        CREATE TABLE journal_1 PARTITION OF journal FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
        CREATE TABLE journal_2 PARTITION OF journal FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')
            PARTITION BY HASH (id);
        CREATE TABLE journal_2_a PARTITION OF journal_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        INSERT INTO journal (id, day, body) SELECT n, '2026-01-01'::date + n % 59, 'x'
            FROM generate_series(1, 500) AS n;
        INSERT INTO chicken VALUES (1, NULL); INSERT INTO egg VALUES (1, 1); UPDATE chicken SET egg = 1;
        INSERT INTO seeded VALUES (2);
    """)  # fmt: skip
    await connection.close()
    await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    await restore(tmp_path / "backup", empty)
    before, after = await everything(filled.database.address), await everything(at(empty))
    for name in ("journal_1", "journal_2_a", "chicken", "egg", "seeded"):
        assert after[name] == before[name], name
        assert after[name]
    connection = await connect(at(empty))
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute("UPDATE chicken SET egg = 7")
    await connection.close()


class Replay:
    """Erases again what an erasure log would say."""

    name = "recordings"

    def __init__(self) -> None:
        self.since: list[datetime] = []

    async def replay(self, database: Database, stores: Stores, ring: KeyRing, since: datetime) -> int:
        assert await database.fetchval("SELECT count(*) FROM restores WHERE replayed_at IS NULL") == 1
        self.since.append(since)
        await stores.recordings.delete("site=1/visit-1.bin")
        return len(await ring.destroy(1, "recording", "visit-1"))


async def test_erasures_made_since_the_backup_are_made_again_before_anything_is_served(
    filled: Instance, empty: Target, tmp_path: Path
) -> None:
    manifest = await back_up(filled.source, tmp_path / "backup", with_root_key=True)
    assert manifest.erasure_log == []
    await restore(tmp_path / "backup", empty)
    database = await Database.open(at(empty))
    async with database.connection() as connection:
        assert len(await unfinished(connection)) == 1  # type: ignore[arg-type]
    ring = await KeyRing.open(database, KeySettings(), AwsSettings(), empty.keys)
    replay = Replay()
    assert await finish_restores(database, empty.stores, ring, [replay]) == {"recordings": 1}
    assert replay.since == [manifest.taken_at]
    with pytest.raises(KeyDestroyed):
        await ring.key_for(1, "recording", "visit-1", filled.sealed)
    assert await finish_restores(database, empty.stores, ring, [replay]) == {}
    await database.close()


async def test_objects_on_s3_are_listed_and_compared_and_what_retention_took_is_no_problem(
    filled: Instance, empty: Target, tmp_path: Path, aws: FakeAws
) -> None:
    bucket = aws.bucket(f"test-{tmp_path.name.replace('_', '-')[:40].lower()}-x")
    remote = open_store(f"s3://{bucket}/recordings", aws.settings, setting="blobs.recordings")
    for n in range(40):
        await remote.put(f"visit-{n:02}", b"sealed %d" % n)
    stores = Stores(recordings=remote, extents=filled.stores.extents, seals=filled.stores.seals)
    source = Source(address=filled.database.address, stores=stores, keys=filled.folder / "keys")
    manifest = await back_up(source, tmp_path / "backup")
    (listing,) = [entry for entry in manifest.stores if entry.store == "recordings"]
    assert (listing.copied, listing.objects) == (False, 40)
    assert not (tmp_path / "backup" / "objects" / "recordings").exists()
    assert (await verify(tmp_path / "backup")).unchecked == [f"s3://{bucket}/recordings"]
    assert (await verify(tmp_path / "backup", {"recordings": remote})).is_whole

    await remote.delete_many(["visit-01", "visit-02"])
    await remote.put("visit-03", b"sealed X")

    async def explain(store: str, entry: Object) -> str | None:
        return "retention" if (store, entry.name) == ("recordings", "visit-01") else None

    report = await verify(tmp_path / "backup", {"recordings": remote}, explain=explain)
    assert report.gone == 1
    assert {problem.name.rpartition("/")[2]: problem.what.split(",")[0] for problem in report.problems} == {
        "visit-02": "is gone",
        "visit-03": "is another object than the one that was backed up",
    }


async def test_an_object_that_goes_while_the_backup_runs_is_counted_and_a_damaged_one_named(
    filled: Instance, tmp_path: Path
) -> None:
    (filled.folder / "blobs" / "recordings" / "site=1" / "visit-2.bin").write_bytes(b"bit rot")
    walked = filled.stores.recordings.walk

    async def walk_and_lose(prefix: str = "", *, after: str = "") -> object:
        async for blob in walked(prefix, after=after):
            if blob.name.endswith("visit-5.bin"):
                await filled.stores.recordings.delete(blob.name)
            yield blob

    filled.stores.recordings.walk = walk_and_lose  # type: ignore[method-assign, assignment]
    manifest = await back_up(filled.source, tmp_path / "backup")
    listing = manifest.stores[0]
    assert (listing.objects, listing.vanished, listing.damaged) == (10, 1, ["site=1/visit-2.bin"])
    assert (await verify(tmp_path / "backup")).is_whole


async def test_standard_tools_can_check_and_read_a_backup(filled: Instance, tmp_path: Path) -> None:
    await back_up(filled.source, tmp_path / "backup")
    await back_up(filled.source, tmp_path / "backup.tar")
    subprocess.run(["sha256sum", "-c", "--quiet", "manifest.json.sha256"], cwd=tmp_path / "backup", check=True)
    subprocess.run(["gzip", "-t", "tables/umami.users.gz"], cwd=tmp_path / "backup", check=True)
    subprocess.run(["tar", "-xf", "backup.tar", "--one-top-level=unpacked"], cwd=tmp_path, check=True)
    assert (await verify(tmp_path / "unpacked")).is_whole
    assert json.loads((tmp_path / "backup" / "manifest.json").read_text())["format"] == "sightline-backup-1"


async def test_a_manifest_of_another_format_is_refused_with_the_release_that_reads_it(
    filled: Instance, tmp_path: Path
) -> None:
    await back_up(filled.source, tmp_path / "backup")
    manifest, _ = read_manifest(open_backup(tmp_path / "backup"))
    data, line = encode(msgspec.structs.replace(manifest, format="sightline-backup-9"))
    (tmp_path / "backup" / "manifest.json").write_bytes(data)
    (tmp_path / "backup" / "manifest.json.sha256").write_bytes(line)
    with pytest.raises(ServiceError, match="'sightline-backup-9'"):
        await asyncio.to_thread(read_manifest, open_backup(tmp_path / "backup"))
