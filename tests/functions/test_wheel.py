"""The Python library as it is installed: small, alone, and writing the lines that the clone writes, on every Python."""

import json
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.functions import golden

MOST = 100_000  # bytes of an installation, without the byte code that Python adds


def pythons() -> list[list[str]]:
    """Every version that runs here; the clone's own always does. pyenv's commands want to be told which they are."""
    found = [[sys.executable]]
    for minor in (12, 13, 14):
        python = shutil.which(f"python3.{minor}")
        command = ["env", f"PYENV_VERSION=3.{minor}", str(python)]
        if python and subprocess.run([*command, "-c", "0"], capture_output=True, check=False).returncode == 0:
            found.append(command)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=golden.ROOT / "lambda/python", check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_an_installation_is_small_and_complete(installed: Path) -> None:
    files = {
        path.relative_to(installed).as_posix(): path.stat().st_size for path in installed.rglob("*") if path.is_file()
    }
    assert sum(files.values()) <= MOST, files
    assert not [name for name in files if not name.startswith(("sightline_lambda/", "sightline_lambda-"))]
    assert "sightline_lambda/py.typed" in files
    held = set(zlib.decompress((installed / "sightline_lambda/packed.z").read_bytes()).decode().split("\0")[::2])
    sources = golden.PYTHON / "sightline_lambda"
    modules = {path.relative_to(sources).as_posix() for path in sources.rglob("*.py")}
    assert modules == held | {name.removeprefix("sightline_lambda/") for name in files if name.endswith(".py")}


def test_what_is_installed_writes_the_golden_lines(installed: Path) -> None:
    expected = json.loads(golden.EXPECTED.read_text("utf-8"))
    for python in pythons():
        found = golden.written([*python, "-W", "error", str(golden.HERE / "golden.py")], PYTHONPATH=str(installed))
        for name, lines in zip(expected, found, strict=True):
            assert lines == expected[name], (python, name)


def test_what_is_seldom_read_is_found(installed: Path) -> None:
    program = (
        "from sightline_lambda import asgi, headers, wsgi; from sightline_lambda.migrate import __doc__ as said;"
        "print(said[:4])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("Turn\n", "")
