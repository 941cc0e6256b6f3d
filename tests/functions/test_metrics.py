"""The long form of the check of metrics: ten thousand payloads."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.unit.functions.test_metrics import CALLS, held

Calls = list[tuple[str, float, str, dict[str, str]]]
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]


@pytest.mark.soak
@given(CALLS)
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_ten_thousand_payloads_make_valid_lines(lines: Lines, calls: Calls) -> None:
    held(calls, lines)
