"""The golden lines, as the Python library writes them; the Node library is held to the same file."""

import json
import sys

from tests.functions import golden


def test_every_case_writes_its_golden_lines() -> None:
    found = golden.written([sys.executable, str(golden.HERE / "golden.py")], PYTHONPATH=str(golden.PYTHON))
    expected = json.loads(golden.EXPECTED.read_text("utf-8"))
    assert list(expected) == [case["name"] for case in golden.CASES]
    for name, lines in zip(expected, found, strict=True):
        assert lines == expected[name], name
