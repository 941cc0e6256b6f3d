"""The catalogue and its EMF lines."""

import json

import pytest

from sightline import clock, metrics


@pytest.fixture(autouse=True)
def nothing_gathered() -> None:
    metrics.emit(lambda _line: None)


def emitted() -> list[dict[str, object]]:
    lines: list[str] = []
    metrics.emit(lines.append)
    return [json.loads(line) for line in lines]


def test_a_metric_outside_of_the_catalogue_is_refused() -> None:
    with pytest.raises(LookupError, match="'Nonsense' does not stand in the catalogue"):
        metrics.count("Nonsense")


def test_dimensions_have_to_be_those_of_the_catalogue() -> None:
    with pytest.raises(LookupError, match="has the dimensions"):
        metrics.count("SignIns", Rseult="ok")


def test_counts_are_summed_and_emitted_once() -> None:
    with clock.held(1_700_000_000_000):
        metrics.count("SignIns", Result="ok")
        metrics.count("SignIns", Result="ok")
        (line,) = emitted()
    assert line == {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Sightline",
                    "Dimensions": [["Result"]],
                    "Metrics": [{"Name": "SignIns", "Unit": "Count"}],
                }
            ],
        },
        "Result": "ok",
        "SignIns": 2.0,
    }
    assert emitted() == []


def test_more_than_a_hundred_values_take_several_lines() -> None:
    for value in range(250):
        metrics.observe("RequestDuration", value, Route="/x")
    assert [len(line["RequestDuration"]) for line in emitted()] == [100, 100, 50]  # type: ignore[arg-type]
