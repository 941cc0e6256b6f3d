"""The golden vectors, as Python answers them; the browser and the Lambda libraries run the same file."""

import json
from pathlib import Path
from typing import Any

import pytest

from sightline.privacy.dictionary import default
from sightline.privacy.masks import mask_text
from sightline.privacy.names import fold
from sightline.privacy.structures import mask_json
from sightline.privacy.urls import mask_url

VECTORS = json.loads((Path(__file__).parents[2] / "privacy" / "vectors.json").read_text("utf-8"))
RULES = default()


def _name(field: Any) -> str | None:
    return field.name if field else None


ANSWERS = {
    "fold": fold,
    "key": lambda key: _name(RULES.field_of_key(key)),
    "parameter": lambda name: _name(RULES.field_of_parameter(name)),
    "input": lambda attributes: _name(RULES.field_of_input(**attributes)),
    "text": lambda text: mask_text(RULES, text),
    "url": lambda url: mask_url(RULES, url),
    "json": lambda value: mask_json(RULES, value),
    "headers": RULES.header_allowed,
}


def test_every_kind_of_vector_is_run() -> None:
    assert set(VECTORS) == set(ANSWERS) | {"format", "about"}
    assert VECTORS["format"] == 1


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_golden_vectors(kind: str) -> None:
    answer = ANSWERS[kind]
    assert len(VECTORS[kind]) >= 6
    wrong = [(given, answer(given), expected) for given, expected in VECTORS[kind] if answer(given) != expected]
    assert not wrong
