"""Packages of functions: the same bytes twice, runnable as they are, named by the command that writes them."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cloud import packages
from sightline.errors import InvalidValue
from tests.functions.golden import EVENTS


def test_the_same_sources_give_the_same_bytes_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = packages.package("beacon")
    copied = tmp_path / "functions"
    with zipfile.ZipFile(io.BytesIO(before.content)) as archive:
        archive.extractall(copied)  # with other dates, modes and an order of their own
    monkeypatch.setattr(packages, "_SHIPPED", copied)
    assert packages.package("beacon").content == before.content
    assert len(before.sha256) == 64


def test_a_package_holds_modules_and_nothing_of_this_machine() -> None:
    for name in packages.RECIPES:
        with zipfile.ZipFile(io.BytesIO(packages.package(name).content)) as archive:
            infos = archive.infolist()
        assert [info.filename for info in infos] == sorted(info.filename for info in infos)
        assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
        assert not [info.filename for info in infos if "__pycache__" in info.filename or info.filename.endswith(".pyc")]
        below = packages.RECIPES[name].below
        assert all(info.filename.startswith(below) for info in infos)


def test_the_beacon_runs_from_its_package(tmp_path: Path) -> None:
    """As Lambda would: the file on the path, the handler by its name, nothing else installed."""
    made = packages.package("beacon")
    path = tmp_path / "beacon.zip"
    path.write_bytes(made.content)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "task")
    module, _, name = made.handler.rpartition(".")
    batch = {"v": 1, "site": "pk_1", "doc": "abcdefgh", "seq": 0, "at": 1, "items": [
        {"k": "vital", "t": 1, "name": "LCP", "value": 1200, "url": "https://shop.test/users/4711"},
        {"k": "error", "t": 1, "name": "TypeError", "msg": "for ann@example.com", "url": "https://shop.test/"},
    ]}  # fmt: skip
    event = {**EVENTS[1]["event"], "body": json.dumps(batch)}
    program = f"import json, sys, {module} as m; print('ANSWER', json.dumps(m.{name}(json.loads(sys.argv[1]), None)))"
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", program, json.dumps(event)],
        env={"PYTHONPATH": str(tmp_path / "task"), "SIGHTLINE_SITES": "pk_1=shop"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *lines, answer = done.stdout.splitlines()
    assert json.loads(json.loads(answer.removeprefix("ANSWER "))["body"])["accepted"] == 2
    assert {json.loads(line).get("type") for line in lines} == {"web_vitals", "page_error", None}
    assert "ann@" not in done.stdout


def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    dry = CliRunner().invoke(sightline, ["aws", "package", "--out", str(tmp_path / "build"), "--dry-run", "--json"])
    assert dry.exit_code == 0, dry.output
    said = json.loads(dry.output)
    assert (said["written"], [row["package"] for row in said["packages"]]) == (False, list(packages.RECIPES))
    assert not (tmp_path / "build").exists()
    done = CliRunner().invoke(sightline, ["aws", "package", "beacon", "--out", str(tmp_path / "build"), "--json"])
    [row] = json.loads(done.output)["packages"]
    content = Path(row["file"]).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (row["bytes"], row["sha256"])
    assert row == said["packages"][0]
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["beacon.zip"]


def test_a_package_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidValue, match="there is no package 'beacons'"):
        packages.package("beacons")
