"""The wheel as a user gets it: what is in it, what is not, and that it runs without a clone and without Node."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from tools import assets

from sightline import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/sightline"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assets.main()
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds the wheel; its dependencies are those of the environment that runs this."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    [site] = home.glob("lib/python*/site-packages")
    command = [sys.executable, "-m", "pip", "--python", str(home / "bin/python"), "install"]
    quiet = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--no-cache-dir"]
    subprocess.run([*command, *quiet, str(wheel)], check=True, capture_output=True)
    # After our own packages on the path, and without the clone that this environment may point to.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return home


def run(installed: Path, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment, outside the clone and without its settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SIGHTLINE", "PYTHON"))}
    return subprocess.run(
        [str(installed / "bin" / command[0]), *command[1:]],
        cwd=installed, capture_output=True, text=True, check=False, env={**clean, **(env or {})},
    )  # fmt: skip


def test_it_holds_every_file_of_the_package_that_is_no_code(names: set[str]) -> None:
    wanted = {
        path.relative_to(ROOT / "src").as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix in {".sql", ".toml", ".txt", ".json"}
    }
    assert wanted
    assert wanted - names == set()
    assert "sightline/py.typed" in names


def test_it_holds_the_built_dashboard(names: set[str]) -> None:
    static = "sightline/server/static/dashboard"
    assert f"{static}/index.html" in names
    assert f"{static}/index.html.br" in names
    assert [name for name in names if name.startswith(f"{static}/assets/") and name.endswith(".js.gz")]
    built = {
        path.relative_to(ROOT / "src").as_posix() for path in (PACKAGE / "server/static").rglob("*") if path.is_file()
    }
    assert built - names == set()


def test_it_holds_nothing_else(names: set[str]) -> None:
    info = f"sightline-{__version__}.dist-info/"
    assert {name for name in names if not name.startswith(("sightline/", info))} == set()
    forbidden = ("tests", "bench", "tools", "dashboard/src", "node_modules", "__pycache__", ".svelte", ".map")
    inside = {name for name in names if any(part in name for part in forbidden)}
    assert inside == set()


def test_it_carries_the_licence_and_names_its_command(wheel: Path, names: set[str]) -> None:
    info = f"sightline-{__version__}.dist-info"
    assert f"{info}/licenses/LICENSE" in names
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{info}/METADATA").decode()
        entries = archive.read(f"{info}/entry_points.txt").decode()
        licence = archive.read(f"{info}/licenses/LICENSE").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert f"Version: {__version__}" in metadata
    assert "sightline = sightline.cli:main" in entries
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_the_installed_command_prints_its_version(installed: Path) -> None:
    said = run(installed, "sightline", "version")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith(f"sightline {__version__} ")


def test_the_installed_module_shows_its_settings(installed: Path, tmp_path: Path) -> None:
    said = run(installed, "python", "-m", "sightline", "config", "--data", str(tmp_path))
    assert (said.returncode, said.stderr) == (0, "")
    assert "server.port" in said.stdout


def test_what_runs_is_the_wheel_and_it_serves_the_dashboard(installed: Path) -> None:
    code = "import sightline.server.assets as a; print(a.__file__); print(a.Assets.load().built)"
    said = run(installed, "python", "-c", code)
    assert said.stderr == ""
    place, built = said.stdout.split()
    assert Path(place).is_relative_to(installed)
    assert built == "True"
