"""The docs say what is so: commands in them run, links lead somewhere, generated pages are current.

A block ```console is a transcript: each line that begins with `$ ` is run, in order, in one folder of its own per page;
what stands below it has to be printed, where … stands for anything. A page that uses $SIGHTLINE gets a running server.
"""

import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest
from tools.reference import rendered

from sightline.cloud import templates
from tests.running import ROOT, environment, up

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# A file, a test in it, or a further test of the file that was named before.
_TEST = re.compile(r"`([\w/]+\.py)?(?:::)?(test_\w+)?`")
PASSWORD = "correct horse battery"


def transcripts(page: Path) -> list[tuple[str, str]]:
    """Every command of a page with what it should print."""
    found: list[tuple[str, str]] = []
    for block in _BLOCK.findall(page.read_text("utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            while command.endswith("\\"):
                line, _, expected = expected.partition("\n")
                command += "\n" + line
            found.append((command, expected.strip()))
    return found


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


RUNNABLE = [page for page in PAGES if transcripts(page)]


@pytest.fixture(scope="module")
def started() -> Iterator[Path]:
    """A data folder as the first start leaves it, which most pages begin with."""
    with tempfile.TemporaryDirectory(prefix="sl-docs-") as folder:
        Path(folder).chmod(0o755)
        with up(Path(folder) / "data"):
            pass
        yield Path(folder) / "data"


@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_the_transcripts_of_a_page_are_what_happens(page: Path, started: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="sl-docs-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        if "tutorial" not in page.parts and "$ sightline db setup" not in page.read_text(
            "utf-8"
        ):  # those start from nothing
            subprocess.run(["cp", "-a", str(started), str(data)], check=True)
        served = up(data) if "$SIGHTLINE" in page.read_text("utf-8") else nullcontext()
        with served as running:
            env = _environment(Path(folder), data)
            if running is not None and running.url and running.setup_link:
                env |= {"SIGHTLINE": running.url, "SIGHTLINE_KEY_FOR_DOCS": ""}
                token = running.setup_link.partition("token=")[2]
                person = {"token": token, "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
                httpx.post(f"{running.url}/api/v1/setup", json=person).raise_for_status()
            env.pop("SIGHTLINE_KEY_FOR_DOCS", None)
            for command, expected in transcripts(page):
                done = subprocess.run(
                    ["bash", "-c", command],
                    cwd=folder,
                    env=env,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=120,
                )
                printed = (done.stdout + done.stderr).strip()
                assert _matches(expected, printed), f"$ {command}\nexpected:\n{expected}\nprinted:\n{printed}"


def _environment(folder: Path, data: Path) -> dict[str, str]:
    programs = folder / "bin"
    programs.mkdir()
    command = programs / "sightline"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m sightline "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return environment(PATH=path, SIGHTLINE_DATA=str(data), COLUMNS="200")


def _matches(expected: str, printed: str) -> bool:
    pattern = r"\s*\n".join(".*?".join(re.escape(part) for part in line.split("…")) for line in expected.splitlines())
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(page.read_text("utf-8")):
            if "://" not in target:
                yield page, target


@pytest.mark.parametrize(("page", "target"), list(links()), ids=str)
def test_every_link_leads_to_a_file(page: Path, target: str) -> None:
    assert (page.parent / target).exists()


def test_every_test_that_the_checklist_names_exists() -> None:
    absent = []
    named = 0
    for line in (ROOT / "docs/ui-checklist.md").read_text("utf-8").splitlines():
        source = ""
        for file, test in _TEST.findall(line):
            if file:
                path = ROOT / (file if file.startswith("tests/") else f"tests/dashboard/{file}")
                source = path.read_text("utf-8") if path.is_file() else ""
                named += 1
            if not source or (test and f"def {test}(" not in source):
                absent.append(f"{file}::{test}")
    assert named > 50
    assert absent == []


def test_the_generated_pages_are_what_the_code_says() -> None:
    stale = [path.name for path, text in rendered().items() if not path.exists() or path.read_text("utf-8") != text]
    assert stale == [], "run `python -m tools.reference`"


def test_the_runbook_has_a_row_for_each_alarm() -> None:
    rows = re.findall(r"^\|([^|]+)\|", (ROOT / "docs/runbook/README.md").read_text("utf-8"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    resources = templates.document("observe")["Resources"]
    alarms = {
        name.removeprefix("Observability").removesuffix("Alarm")
        for name, one in resources.items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert len(alarms) == 10
    assert alarms - told == set()
