"""Metrics as embedded metric format: valid by its schema, split at its limits, and nothing lost on the way."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightline_lambda import metrics, observe

ROOT = Path(__file__).resolve().parents[3]
VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / "tests/functions/emf.schema.json").read_text("utf-8")))
Lines = Callable[[], list[dict[str, Any]]]
MOST_LINE = 1_048_576


def checked(document: dict[str, Any]) -> dict[str, list[float]]:
    """The values of a line by metric, once it has been held to the format and its limits."""
    VALIDATOR.validate(document)
    assert len(json.dumps(document, ensure_ascii=False).encode()) <= MOST_LINE
    found: dict[str, list[float]] = {}
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            for name in dimensions:
                assert isinstance(document[name], str)
                assert 0 < len(document[name]) <= 1024
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            values = value if isinstance(value, list) else [value]
            assert len(values) <= 100
            assert all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
            assert metric["Name"] not in found
            found[metric["Name"]] = values
    return found


def test_a_directive_names_a_hundred_metrics_at_most(lines: Lines) -> None:
    for number in range(250):
        metrics.count(f"m{number}", number)
    metrics.flush()
    found = [checked(document) for document in lines()]
    assert [len(one) for one in found] == [100, 100, 50]
    assert {name: values for one in found for name, values in one.items()} == {f"m{n}": [n] for n in range(250)}


def test_a_metric_holds_a_hundred_values_at_most(lines: Lines) -> None:
    for number in range(250):
        metrics.put("took", number, "Milliseconds")
    metrics.flush()
    found = [checked(document)["took"] for document in lines()]
    assert [len(one) for one in found] == [100, 100, 50]
    assert [value for one in found for value in one] == list(range(250))


def test_a_set_has_thirty_dimensions_at_most_and_the_others_stand_beside(lines: Lines) -> None:
    metrics.count("orders", 1, **{f"d{number}": "x" for number in range(40)})
    metrics.flush()
    [document] = lines()
    checked(document)
    [named] = document["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert named == ["service", *(f"d{number}" for number in range(29))]
    assert document["d39"] == "x"


def test_a_line_weighs_a_megabyte_at_most(lines: Lines) -> None:
    for number in range(100):
        for value in range(100):
            metrics.put(f"{'m' * 200}{number}", value * 1.123456789012345e100)
    metrics.flush()
    documents = lines()
    assert sum(len(values) for document in documents for values in checked(document).values()) == 10_000


def test_who_measures_without_end_costs_bounded_memory(lines: Lines) -> None:
    for number in range(20_000):
        metrics.put("took", number)
    metrics.flush()
    assert sum(len(checked(document)["took"]) for document in lines()) == metrics.MOST_HELD


def test_names_that_a_line_has_itself_get_a_mark(lines: Lines) -> None:
    metrics.count("service")
    metrics.count("level", plant="fern")
    metrics.count("plant", plant="fern")
    metrics.put("took", 1, "Seconds")
    metrics.put("took", 2, "Milliseconds")
    metrics.count("to ann@example.com")
    metrics.put("odd", 1, "Furlongs")
    metrics.flush()
    found = [checked(document) for document in lines()]
    assert {name for one in found for name in one} == {"service_", "level_", "plant_", "took", "masked", "odd"}
    assert sorted(one["took"][0] for one in found if "took" in one) == [1, 2]


def test_dimensions_that_are_written_alike_stay_two(lines: Lines) -> None:
    metrics.count("unnamed", 1, **{"": "a", " ": "b", "service": "mine"})
    metrics.flush()
    [document] = lines()
    checked(document)
    assert (document["unnamed"], document["unnamed_"], document["unnamed__"]) == ("a", "b", 1)


def test_a_value_that_is_no_number_is_not_counted(lines: Lines) -> None:
    for value in ("3", None, float("nan"), float("inf"), [1]):
        metrics.put("odd", value)  # type: ignore[arg-type]
    metrics.flush()
    assert lines() == []


# Long ones are few, since making them up is what takes time.
NAMES = st.text(max_size=20) | st.sampled_from(["orders", "level", "service", "Errors", "a\nb", " ", "ü" * 300])
VALUES = st.floats(allow_nan=True) | st.integers(-(2**70), 2**70)
# All but `unit`, which is a parameter.
DIMENSIONS = st.text(max_size=20).filter("unit".__ne__) | st.sampled_from(
    ["plant", "service", "name", "value", "d" * 300]
)
TEXTS = st.text(max_size=20) | st.just("x" * 1100)
CALLS = st.lists(
    st.tuples(
        NAMES, VALUES, st.sampled_from(sorted(metrics.UNITS)),
        st.dictionaries(DIMENSIONS, TEXTS, max_size=3),
    ),
    max_size=8,
)  # fmt: skip


def held(calls: list[tuple[str, float, str, dict[str, str]]], lines: Lines) -> None:
    @observe(service="shop")
    def handler(event: object, context: object) -> None:
        for name, value, unit, dimensions in calls:
            metrics.put(name, value, unit, **dimensions)

    handler({}, SimpleNamespace(aws_request_id="r"))
    documents = lines()
    values = sum(len(values) for document in documents for name, values in checked(document).items())
    counted = sum(1 for _, value, _, _ in calls if value == value and abs(value) != float("inf"))
    ours = {"Invocations", "Errors", "Duration", "ColdStart", "ColdStartDuration"} & documents[0].keys()
    assert values == counted + len(ours)


@given(CALLS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_metrics_make_valid_lines(lines: Lines, calls: list[tuple[str, float, str, dict[str, str]]]) -> None:
    held(calls, lines)
