"""The library in this process: its lines are read from stdout, and its settings are those of no environment."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sightline_lambda import invocations


@pytest.fixture(autouse=True)
def plain_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a function that has no setting; each test may have a cold start of its own."""
    for name, value in {
        "service": "shop",
        "function": "shop",
        "namespace": "Sightline",
        "level": 20,
        "sample": 0.0,
    }.items():
        monkeypatch.setattr(invocations.settings, name, value)
    invocations._last[0] = invocations._outside
    outside = invocations._outside
    outside.metrics, outside.groups, outside.held, outside.fields = {}, None, 0, ""
    yield
    outside.metrics, outside.groups, outside.held, outside.fields = {}, None, 0, ""


@pytest.fixture
def context() -> SimpleNamespace:
    return SimpleNamespace(
        aws_request_id="8a7c1f2e-0000-4000-8000-000000000001", function_name="shop", memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:shop",
    )  # fmt: skip


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """The lines since the last time."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]
