"""How well the default rules find what stands in labelled texts: the bars of recall and of false alarms."""

import pytest

from sightline.privacy.dictionary import default
from tests.privacy.generated import generate, negatives
from tests.privacy.scoring import Score, labelled, score


def _hold(found: Score) -> None:
    assert found.ordinary_found >= 0.98 * found.ordinary, found.missed
    assert found.hard_found >= 0.90 * found.hard, found.missed
    assert found.flagged <= 0.03 * found.negatives, found.missed


@pytest.mark.parametrize("name", ["tuned", "heldout"])
def test_the_labelled_sets_are_found(name: str) -> None:
    entries = labelled(name)
    found = score(default(), entries)
    assert len(entries) >= 200
    assert found.hard >= 35
    assert found.negatives >= 90
    _hold(found)


@pytest.mark.parametrize("seed", [11, 12])
def test_generated_texts_that_nobody_tuned_on_are_found(seed: int) -> None:
    _hold(score(default(), generate(seed, 12)))
    _hold(score(default(), negatives(seed, 220)))
