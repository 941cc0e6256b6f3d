"""The Node library: its types and unit tests, and the golden lines and masks that it shares with the Python library."""

import json
import os
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from sightline.privacy.dictionary import default
from sightline.privacy.structures import clean_text
from tests.browser_packages import browser_package
from tests.functions import golden

NODE = golden.ROOT / "lambda/node"


@pytest.fixture(scope="module")
def installed() -> Path:
    return browser_package("typescript", NODE).parents[1]


@pytest.fixture(scope="module")
def built(installed: Path) -> Path:
    """The package, as it is published."""
    npm(installed, "run", "--silent", "build")
    return installed / "dist"


def npm(folder: Path, *command: str, **env: str) -> None:
    done = subprocess.run(
        ["npm", *command], cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **env}
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_hold(installed: Path) -> None:
    npm(installed, "run", "--silent", "types")


def test_the_unit_tests_pass_and_texts_are_masked_as_the_server_masks_them(installed: Path, tmp_path: Path) -> None:
    texts: set[str] = set()
    for path in sorted((golden.ROOT / "tests/privacy/labelled").rglob("*")):
        if path.is_file():
            texts |= set(path.read_text("utf-8", "ignore").splitlines())
    for path in sorted((golden.ROOT / "docs").rglob("*.md")):
        texts |= set(path.read_text("utf-8").splitlines())
    masked = tmp_path / "masked.json"
    masked.write_text(json.dumps([[text, clean_text(default(), text)] for text in sorted(texts) if text]), "utf-8")
    npm(installed, "test", "--silent", MASKED=str(masked))


@pytest.mark.parametrize("module", ["index.mjs", "index.cjs"])
def test_every_case_writes_its_golden_lines(built: Path, module: str) -> None:
    found = golden.written(["node", str(NODE / "test/golden.mjs"), str(built / module), str(golden.HERE)])
    expected = json.loads(golden.EXPECTED.read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(json.loads((golden.HERE / "emf.schema.json").read_text("utf-8")))
    for name, lines in zip(expected, found, strict=True):
        assert lines == expected[name], name
        for line in lines:
            if "_aws" in json.loads(line):
                validator.validate(json.loads(line))


def test_the_snippet_of_the_guide_runs(built: Path) -> None:
    """From within the package, which finds itself by its own name."""
    guide = (golden.ROOT / "docs/how-to/instrument-a-lambda.md").read_text("utf-8")
    [code] = [
        one for one in re.findall(r"^```js\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL) if "sightline-lambda" in one
    ]
    (built / "snippet.mjs").write_text(
        f"{code}\nif ((await handler({{}}, {{}})).statusCode !== 200) throw new Error('?');\n"
    )
    done = subprocess.run(["node", str(built / "snippet.mjs")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line, emf = [json.loads(one) for one in done.stdout.splitlines()]
    assert (line["email"], line["service"], emf["orders"]) == ("[email]", "checkout", 1)


def test_it_needs_no_package_where_it_runs() -> None:
    package = json.loads((NODE / "package.json").read_text("utf-8"))
    assert package.get("dependencies", {}) == {}
    assert '"resolved"' not in (NODE / "package-lock.json").read_text("utf-8")
