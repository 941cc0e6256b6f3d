"""Accelerators change nothing but time: the same spans with and without, over real, generated and hostile texts."""

import random
from collections.abc import Iterator

import pytest

from sightline.privacy.detectors.accelerated import accelerate
from sightline.privacy.dictionary import Rules, default, restore
from sightline.privacy.masks import find
from tests.privacy.generated import generate, negatives
from tests.privacy.scoring import labelled

ENGINES = ("hyperscan", "re2")


def _texts(seed: int, size: int) -> Iterator[str]:
    """Labelled and generated texts, and new ones spliced together from their pieces."""
    rng = random.Random(seed)
    known = [entry["text"] for name in ("tuned", "heldout") for entry in labelled(name)]
    known += [entry["text"] for entry in generate(seed, 2)] + [entry["text"] for entry in negatives(seed, 60)]
    yield from known
    for _ in range(size):
        parts = []
        for _ in range(rng.randrange(1, 5)):
            text = rng.choice(known)
            start = rng.randrange(len(text) + 1)
            parts.append(text[start : start + rng.randrange(1, 60)])
        text = rng.choice(("", " ", ":", "=", "-", "\n", '"')).join(parts)
        yield rng.choice((text, text.upper(), text.lower(), text.swapcase()))


@pytest.fixture(scope="module", params=ENGINES)
def accelerated(request: pytest.FixtureRequest) -> Rules:
    rules = restore(default().canonical)
    assert accelerate(rules, request.param) == request.param
    return rules


def _differences(rules: Rules, seed: int, size: int) -> list[str]:
    return [text for text in _texts(seed, size) if find(rules, text) != find(default(), text)]


def test_an_accelerated_scanner_finds_what_the_reference_finds(accelerated: Rules) -> None:
    assert _differences(accelerated, seed=5, size=4000) == []


@pytest.mark.soak
def test_an_accelerated_scanner_finds_what_the_reference_finds_in_the_long_run(accelerated: Rules) -> None:
    assert _differences(accelerated, seed=random.randrange(10**9), size=400_000) == []


def test_the_fastest_engine_is_taken_when_none_is_named() -> None:
    assert accelerate(restore(default().canonical)) == "hyperscan"
