"""`backup`, `restore`, `verify-backup`, `doctor` and `root-key`, as a person types them."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import run


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the service user of PostgreSQL can enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="sl-commands-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def ok(*arguments: str) -> str:
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_from_one_data_folder_to_another_and_back_to_health(place: Path) -> None:
    first, second, backup = str(place / "first"), str(place / "second"), str(place / "backup.tar")
    assert "the root key is NOT in this backup" in ok("backup", backup, "--data", first).lower().replace(
        "not in", "NOT in"
    )
    assert "whole" in ok("verify-backup", backup, "--data", first)

    preview = json.loads(ok("restore", backup, "--data", second, "--dry-run", "--json"))
    assert preview["dry_run"]
    assert not Path(second).exists()

    Path(second).mkdir()
    shutil.copytree(Path(first) / "keys", Path(second) / "keys")
    ok("restore", backup, "--data", second)
    again = run("restore", backup, "--data", second)
    assert again.returncode == 2
    assert "is not empty" in again.stderr
    assert len(again.stderr.splitlines()) == 1

    checkup = run("doctor", "--data", second, "--json")
    findings = {finding["check"]: finding["state"] for finding in json.loads(checkup.stdout)["findings"]}
    assert checkup.returncode == 0, checkup.stdout
    assert set(findings.values()) <= {"ok", "warn"}
    assert {"database", "clock", "schema", "keys", "jobs", "disk", "data folder", "settings"} <= set(findings)

    rotated = json.loads(ok("root-key", "rotate", "--data", second, "--json"))
    roots = json.loads(ok("root-key", "status", "--data", second, "--json"))["roots"]
    assert [root["root"] for root in roots if root["is_current"]] == [rotated["root"]]


@pytest.mark.slow
def test_a_damaged_backup_is_named_with_exit_code_1(place: Path) -> None:
    backup = place / "backup"
    ok("backup", str(backup), "--data", str(place / "first"))
    file = backup / "tables" / "umami.migrations.gz"
    data = bytearray(file.read_bytes())
    data[20] ^= 1
    file.write_bytes(data)
    done = run("verify-backup", str(backup), "--data", str(place / "first"))
    assert done.returncode == 1
    assert "tables/umami.migrations.gz" in done.stdout
    assert "is damaged" in done.stderr
    done = run("restore", str(backup), "--data", str(place / "second"), "--dry-run")
    assert done.returncode == 1
    assert "tables/umami.migrations.gz does not match its checksum" in done.stderr


def test_the_doctor_on_a_machine_where_nothing_was_started_makes_nothing(place: Path) -> None:
    done = run("doctor", "--data", str(place / "data"))
    assert done.returncode == 0
    assert "there is none yet" in done.stdout
    assert not (place / "data").exists()


def test_the_doctor_names_a_database_that_is_away_and_looks_at_the_rest(place: Path) -> None:
    done = run(
        "doctor", "--data", str(place), "--json",
        SIGHTLINE_DATABASE_URL="postgresql://me:hunter2-secret@127.0.0.1:1/db", SIGHTLINE_DATABASE_TLS="off",
    )  # fmt: skip
    assert done.returncode == 1
    findings = {finding["check"]: finding["state"] for finding in json.loads(done.stdout)["findings"]}
    assert findings["database"] == "fail"
    assert findings["disk"] in {"ok", "warn"}
    assert "hunter2" not in done.stdout + done.stderr
