"""The stacks, synthesized once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template
from infra.app import build


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """Each stack's template, for assertions."""
    _, parts = build("prod", str(tmp_path_factory.mktemp("assembly")))
    return {part.part: Template.from_stack(part) for part in parts}


@pytest.fixture(scope="session")
def documents(stacks: Mapping[str, Template]) -> Mapping[str, Mapping[str, Any]]:
    """The same as plain JSON."""
    return {part: template.to_json() for part, template in stacks.items()}


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]
