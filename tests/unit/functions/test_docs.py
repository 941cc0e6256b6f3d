"""What the documents of the libraries say is so: snippets run, and names are all there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sightline_lambda import handlers, lines, settings
from sightline_lambda.metrics import _OURS
from tests.functions.golden import PYTHON, ROOT

GUIDE, REFERENCE = ROOT / "docs/how-to/instrument-a-lambda.md", ROOT / "docs/reference/lambda.md"
SNIPPETS = [
    (path, code)
    for path in (GUIDE, ROOT / "lambda/python/README.md")
    for code in re.findall(r"^```python\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_python_snippets_run(number: int) -> None:
    path, code = SNIPPETS[number]
    call = "\nif 'handler' in dir(): assert handler({}, None) == {'statusCode': 200}\n"
    env = {**os.environ, "PYTHONPATH": str(PYTHON)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + call], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{path}: {done.stderr}"
    for line in done.stdout.splitlines():
        assert "ann@example.com" not in json.dumps(json.loads(line))


def test_the_reference_names_every_field_metric_and_variable() -> None:
    text = REFERENCE.read_text("utf-8")
    variables = set(
        re.findall(r'"((?:SIGHTLINE|POWERTOOLS|AWS_LAMBDA_LOG|LOG)_[A-Z_]+)"', Path(settings.__file__).read_text())
    )
    fields = lines.STANDARD - {"_aws"}
    assert [name for name in sorted(variables | fields | _OURS) if f"`{name}`" not in text] == []
    assert handlers.observe.__doc__ is not None
