"""The SDK's sources are typed and tested, and what is shipped of them is small.

The build is made when its sources have changed, and found otherwise, so this takes seconds.
"""

import gzip
import json
import subprocess
from pathlib import Path

import pytest
from tools import assets

from sightline.collect.own import _DECODERS, VERSION

BROWSER = Path(__file__).resolve().parents[2] / "browser"
STATIC = assets.STATIC / "browser"
# Bytes after gzip -9: the core with vitals and errors, the recorder, both.
BUDGETS = {"core": 9_000, "replay": 30_000, "all": 40_000, "umami": 30_000}


@pytest.fixture(scope="module")
def built() -> Path:
    bundle = next(bundle for bundle in assets.BUNDLES if bundle.name == "browser")
    assets.install(bundle)
    if not assets.is_current(bundle):
        assets.build(bundle)
    return STATIC


def npm(*command: str) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", *command], cwd=BROWSER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_shipped_stays_within_its_budgets(built: Path) -> None:
    """The build fails over budget; this measures what was built, once more and independently."""
    names = {path.name: path for path in built.glob("*.js")}
    (recorder,) = names.keys() - {"s.js", "recorder.js"}
    wanted = {"core": "s.js", "replay": recorder, "umami": "recorder.js"}
    measured = {part: len(gzip.compress(names[name].read_bytes(), 9, mtime=0)) for part, name in wanted.items()}
    measured["all"] = measured["core"] + measured["replay"]
    assert {name: size for name, size in measured.items() if size > BUDGETS[name]} == {}


def test_the_entry_names_the_recorder_with_its_integrity(built: Path) -> None:
    entry = (built / "s.js").read_text("utf-8")
    (recorder,) = [path.name for path in built.glob("r-*.js")]
    assert recorder in entry
    assert "sha256-" in entry


def test_the_types_hold(built: Path) -> None:
    npm("types")


def test_the_unit_tests_of_the_sdk_pass(built: Path) -> None:
    npm("test")


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (BROWSER / "package-lock.json").read_text("utf-8")


def test_one_package_is_needed_where_it_runs() -> None:
    package = json.loads((BROWSER / "package.json").read_text("utf-8"))
    assert set(package["dependencies"]) == {"web-vitals"}
    assert package["devDependencies"]["@rrweb/record"] == "2.1.6"  # in the recorder's chunk, mended


def test_the_document_of_the_protocol_names_every_kind_and_the_version() -> None:
    text = (BROWSER.parent / "docs/reference/browser-protocol.md").read_text("utf-8")
    assert f"version {VERSION}" in text
    assert [kind for kind in _DECODERS if f"`{kind}`" not in text] == []
