"""Long hostile texts come back: nothing raises, nothing personal survives; how fast is a matter of `bench/`."""

import pytest
from bench.detectors import HOSTILE

from sightline.privacy.dictionary import default
from sightline.privacy.masks import STAR, find, mask_text
from sightline.privacy.structures import clean_text, mask_json
from sightline.privacy.urls import mask_url

SIZE = 16_384


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_texts_are_masked(name: str) -> None:
    unit = HOSTILE[name]
    text = (unit * (SIZE // len(unit) + 1))[:SIZE] + " jane.roe@example.com"
    assert find(default(), text) is not None or mask_text(default(), text) == STAR
    for masked in (mask_text(default(), text), clean_text(default(), text), mask_url(default(), text)):
        assert "jane.roe" not in masked
    assert "jane.roe" not in str(mask_json(default(), {"a": text}))
