"""The image's recipe: no Docker runs here, so what can be read of it is held."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from tools.assets import BUNDLES

ROOT = Path(__file__).resolve().parents[2]


def stages() -> list[list[str]]:
    """The instructions of each stage, each on one line."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#"))).splitlines()
    found: list[list[str]] = []
    for line in filter(None, (" ".join(line.split()) for line in lines)):
        if line.startswith("FROM "):
            found.append([])
        found[-1].append(line)
    return found


def test_what_runs_is_not_root_and_builds_nothing() -> None:
    *_, last = stages()
    assert len(stages()) == 3
    assert "USER 10001" in last
    assert not any(re.search(r"\b(pip|npm|apt-get|gcc)\b", line) for line in last if line.startswith("RUN"))
    assert [line for line in last if line.startswith("COPY")] == ["COPY --from=wheels /opt/sightline /opt/sightline"]


def test_every_package_is_a_wheel_with_a_hash() -> None:
    installs = [
        command
        for stage in stages()
        for line in stage
        for command in line.split("&&")
        if "pip install" in command and "--no-deps" not in command
    ]
    assert len(installs) == 2
    assert all("--require-hashes" in one and "--only-binary :all:" in one for one in installs)


def test_only_data_and_tmp_are_written() -> None:
    *_, last = stages()
    assert 'VOLUME ["/data", "/tmp"]' in last
    assert any("PYTHONDONTWRITEBYTECODE=1" in line and "SIGHTLINE_DATA=/data" in line for line in last)


def test_files_that_the_recipe_names_exist() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    for name in re.findall(r"requirements/[a-z]+\.txt", text):
        assert (ROOT / name).is_file()


def test_what_the_image_is_built_from_is_copied_into_it() -> None:
    """`COPY . .` leaves out what .dockerignore names: nothing that the wheel or its pages are made of."""
    left_out = {line.strip("/") for line in (ROOT / ".dockerignore").read_text("utf-8").split()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    licences = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("LICEN*")]
    needed = [
        "pyproject.toml", "tools/assets.py", project["project"]["readme"], *licences, *wheel["packages"],
        *wheel["force-include"], project["tool"]["hatch"]["version"]["path"],
        *(bundle.source.relative_to(ROOT).as_posix() for bundle in BUNDLES),
    ]  # fmt: skip
    assert [name for name in needed if not (ROOT / name).exists()] == []
    assert [
        name for name in needed if any(fnmatch(name, f"{one}") or name.split("/")[0] == one for one in left_out)
    ] == []
