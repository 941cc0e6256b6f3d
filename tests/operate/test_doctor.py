"""Each check of the doctor, in health and in sickness."""

import asyncio
import os
import stat
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sightline import clock
from sightline.blobs.folder import FolderStore
from sightline.blobs.stores import open_store
from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.errors import Unavailable
from sightline.keys.ring import KeyRing
from sightline.keys.root import FILE
from sightline.operate import doctor
from sightline.operate.doctor import Finding
from sightline.settings import AwsSettings, KeySettings, Loaded, ServerSettings, Settings
from tests.aws import FakeAws, FaultProxy
from tests.operate.conftest import Instance


def loaded(data: Path, **sections: Any) -> Loaded:
    return Loaded(settings=Settings(**sections), data=data, origins={})


def state(finding: Finding) -> str:
    assert finding.state == "ok" or finding.fix, f"{finding} says not what to do"
    return finding.state


async def test_a_check_that_hangs_or_breaks_hides_no_other() -> None:
    async def healthy() -> Finding:
        return Finding("healthy", "ok", "fine")

    async def hangs() -> Finding:
        await asyncio.sleep(60)
        raise AssertionError

    async def broken() -> Finding:
        raise Unavailable("it is away", hint="Wait.")

    async def crashes() -> Finding:
        raise OSError(5, "Input/output error")

    checks = {"hangs": hangs, "broken": broken, "crashes": crashes, "healthy": healthy}
    found = await doctor.examine(checks, timeout_s=0.05)
    assert [(finding.check, finding.state) for finding in found] == [
        ("hangs", "fail"),
        ("broken", "fail"),
        ("crashes", "fail"),
        ("healthy", "ok"),
    ]
    assert found[1].fix == "Wait."


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({}, "ok"),
        ({"public_url": "https://sightline.example.com", "host": "0.0.0.0"}, "ok"),
        ({"public_url": "http://sightline.example.com"}, "warn"),
        ({"host": "0.0.0.0"}, "warn"),
        ({"public_url": "http://127.0.0.1:8600"}, "ok"),
    ],
)
async def test_sign_ins_that_would_cross_a_network_in_clear_are_a_warning(
    tmp_path: Path, server: dict[str, str], expected: str
) -> None:
    finding = await doctor.check_settings(loaded(tmp_path, server=ServerSettings(**server)))  # type: ignore[arg-type]
    assert state(finding) == expected


async def test_the_data_folder_is_there_private_and_writable(tmp_path: Path) -> None:
    assert state(await doctor.check_folder(tmp_path / "nowhere")) == "warn"
    assert state(await doctor.check_folder(tmp_path)) == "ok"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "keys").mkdir(mode=0o750)
    finding = await doctor.check_folder(tmp_path)
    assert (finding.state, finding.fix) == ("fail", f"Run: chmod 700 {tmp_path / 'keys'}")
    (tmp_path / "keys").chmod(0o700)
    tmp_path.chmod(0o777)
    finding = await doctor.check_folder(tmp_path)
    assert (finding.state, finding.fix) == ("fail", f"Run: chmod go-w {tmp_path}")


async def test_a_read_only_data_folder_is_found(small_disk: Path) -> None:
    import subprocess

    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    finding = await doctor.check_folder(small_disk)
    assert finding.state == "fail"
    assert "cannot be written: Read-only file system" in finding.detail


async def test_a_disk_that_is_nearly_full_is_found(small_disk: Path) -> None:
    assert state(await doctor.check_disk(small_disk)) == "fail"  # 1 MB is too little in any case
    assert state(await doctor.check_disk(small_disk / "not" / "there" / "yet")) == "fail"


async def test_a_store_is_written_read_and_left_as_it_was(tmp_path: Path, aws: FakeAws) -> None:
    folder = FolderStore(tmp_path / "store")
    assert state(await doctor.check_store("recordings", folder)) == "ok"
    assert [blob async for blob in folder.walk()] == []
    bucket = aws.bucket(f"doctor-{os.getpid()}")
    remote = open_store(f"s3://{bucket}/x", aws.settings, setting="x")
    assert state(await doctor.check_store("recordings", remote)) == "ok"
    assert [blob async for blob in remote.walk()] == []
    finding = await doctor.check_store("seals", remote)
    assert finding.detail.endswith("listed")  # with an object lock a probe would stay for years


async def test_a_store_that_does_not_exist_is_found_and_a_folder_is_not_made(tmp_path: Path, aws: FakeAws) -> None:
    absent = FolderStore(tmp_path / "data" / "blobs" / "recordings")
    assert state(await doctor.check_store("recordings", absent)) == "warn"
    assert not (tmp_path / "data").exists()
    remote = open_store("s3://not-there-at-all", aws.settings, setting="x")
    (finding,) = await doctor.examine({"store": lambda: doctor.check_store("recordings", remote)})
    assert state(finding) == "fail"
    assert "does not exist" in finding.detail


async def test_a_database_is_reached_and_its_clock_compared(database: Database) -> None:
    finding = await doctor.check_database(database.address)
    assert state(finding) == "ok"
    assert finding.detail.startswith("PostgreSQL 15.")
    assert state(await doctor.check_clock(database.address)) == "ok"


@pytest.mark.parametrize(("seconds", "expected"), [(5, "warn"), (-5, "warn"), (60, "fail")])
async def test_a_clock_that_is_off_is_found(database: Database, seconds: float, expected: str) -> None:
    with clock.held(clock.now_ms()) as held:
        held.advance(seconds=seconds)
        assert state(await doctor.check_clock(database.address)) == expected


async def test_a_database_that_is_away_is_one_line(postgres: Address) -> None:
    nowhere = msgspec.structs.replace(postgres, port=1)
    (finding,) = await doctor.examine({"database": lambda: doctor.check_database(nowhere)})
    assert state(finding) == "fail"
    assert "does not answer" in finding.detail


async def test_a_schema_that_is_behind_or_half_restored_is_found(database: Database) -> None:
    assert state(await doctor.check_schema(database.address)) == "ok"
    await database.execute("INSERT INTO restores (backup, taken_at) VALUES ('x', now())")
    finding = await doctor.check_schema(database.address)
    assert finding.state == "fail"
    assert "erasures" in finding.detail
    await database.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    finding = await doctor.check_schema(database.address)
    assert (finding.state, finding.fix) == ("fail", "Run `sightline db migrate`.")


async def test_the_root_key_is_tried(filled: Instance) -> None:
    address = filled.database.address
    finding = await doctor.check_keys(loaded(filled.folder), address)
    assert state(finding) == "ok"
    assert filled.ring.root.name in finding.detail
    (filled.folder / "keys" / FILE).chmod(0o644)
    (finding,) = await doctor.examine({"keys": lambda: doctor.check_keys(loaded(filled.folder), address)})
    assert (state(finding), "chmod 600" in finding.fix) == ("fail", True)
    (filled.folder / "keys" / FILE).unlink()
    (finding,) = await doctor.examine({"keys": lambda: doctor.check_keys(loaded(filled.folder), address)})
    assert state(finding) == "fail"
    assert not (filled.folder / "keys" / FILE).exists()


async def test_looking_at_keys_that_do_not_exist_yet_makes_none(database: Database, tmp_path: Path) -> None:
    assert state(await doctor.check_keys(loaded(tmp_path / "data"), database.address)) == "warn"
    assert not (tmp_path / "data").exists()


async def test_a_root_in_kms_that_refuses_or_is_away_is_found(
    filled: Instance, aws: FakeAws, fault_proxy: FaultProxy
) -> None:
    keys = KeySettings(root=aws.kms_key())
    where = loaded(filled.folder, keys=keys, aws=fault_proxy.settings)
    finding = await doctor.check_keys(where, filled.database.address)
    assert state(finding) == "warn"
    assert "rotate" in finding.fix
    for fault, words in (("denied", "refused"), ("error", "cannot answer now")):
        fault_proxy.fault = fault
        (finding,) = await doctor.examine({"keys": lambda: doctor.check_keys(where, filled.database.address)})
        assert state(finding) == "fail"
        assert words in finding.detail


async def test_jobs_that_fail_or_are_late_are_found(database: Database) -> None:
    async def rows(**values: Any) -> Finding:
        row = {"name": "seal", "last_result": "ok", "next_run_at": clock.now(), **values}

        async def listing(_: object) -> Sequence[Mapping[str, Any]]:
            return [row]

        return await doctor.check_jobs(database.address, listing)

    assert state(await rows()) == "ok"
    assert state(await rows(last_result="failed")) == "fail"
    assert state(await rows(next_run_at=clock.now() - timedelta(hours=1))) == "warn"


async def test_a_ring_of_the_doctor_leaves_the_root_key_file_as_it_is(filled: Instance) -> None:
    path = filled.folder / "keys" / FILE
    before = (path.read_bytes(), stat.S_IMODE(path.stat().st_mode), path.stat().st_mtime_ns)
    await doctor.check_keys(loaded(filled.folder), filled.database.address)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode), path.stat().st_mtime_ns) == before
    ring = await KeyRing.open(filled.database, KeySettings(), AwsSettings(), filled.folder / "keys")
    assert (await ring.key_for(1, "recording", "visit-1", filled.sealed)).version == 1
