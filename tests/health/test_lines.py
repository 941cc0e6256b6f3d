"""Vitals and errors as EMF and JSON lines: what CloudWatch takes, masked, bounded, and off unless it is wanted."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sightline import metrics
from sightline.errors import SettingError
from sightline.health.emf import lines
from sightline.health.failures import Failure
from sightline.health.vitals import Vital
from sightline.server.lines import Lines
from sightline.settings import HealthSettings, Settings
from tests.health.conftest import STACK, Shop

MAIL = "ann.smith@example.com"
# What the format's specification allows.
UNITS = {"Seconds", "Milliseconds", "Bytes", "Percent", "Count", "None"}


def check(line: str) -> dict[str, Any]:
    """A line as the specification of the embedded metric format reads it."""
    document: dict[str, Any] = json.loads(line)
    aws = document["_aws"]
    assert isinstance(aws["Timestamp"], int)
    for directive in aws["CloudWatchMetrics"]:
        assert 1 <= len(directive["Namespace"]) <= 255
        assert len(directive["Metrics"]) <= 100
        for names in directive["Dimensions"]:
            assert len(names) <= 30
            for name in names:
                assert isinstance(document[name], str)
                assert 1 <= len(document[name]) <= 1024
        for metric in directive["Metrics"]:
            assert metric["Unit"] in UNITS
            assert isinstance(document[metric["Name"]], int | float)
    assert len(line.encode()) < 256 * 1024
    return document


def test_the_vitals_of_a_page_view_are_one_line() -> None:
    def vital(metric: str, value: float, **more: Any) -> Vital:
        return Vital(site=7, created_ms=5, visitor=1, visit=2, metric=metric, value=value, rating="good", page="a",
                     path="/o/:id", device="mobile", **more)  # fmt: skip

    first = [vital("LCP", 1200.5, element="img"), vital("CLS", 0.1)]
    line, _another = lines([*first, msgspec.structs.replace(first[0], page="b")], "N")
    found = check(line)
    assert found["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "N",
            "Dimensions": [["site"], ["site", "device"]],
            "Metrics": [{"Name": "LCP", "Unit": "Milliseconds"}, {"Name": "CLS", "Unit": "None"}],
        }
    ]
    assert (found["LCP"], found["CLS"], found["site"], found["device"], found["path"]) == (
        1200.5, 0.1, "7", "mobile", "/o/:id",
    )  # fmt: skip
    assert found["elements"] == {"LCP": "img"}
    assert "visitor" not in found


def test_an_error_is_one_line_and_noise_is_none() -> None:
    failure = Failure(site=7, created_ms=5, name="TypeError", message="no cart", stack=STACK, count=3, fingerprint=-9)
    found = check(next(lines([failure], "N")))
    assert (found["level"], found["message"], found["Errors"], found["fingerprint"]) == (
        "ERROR", "TypeError: no cart", 3, "-9",
    )  # fmt: skip
    assert found["error"]["stack"] == STACK
    assert found["device"] == "unknown"
    assert list(lines([Failure(site=7, created_ms=5, message="Script error.")], "N")) == [""]


@pytest.fixture
async def written(shop: Shop, tmp_path: Path) -> Path:
    file = tmp_path / "lines.json"
    shop.site.parts.intake.lines = Lines(HealthSettings(lines=str(file), lines_per_minute=3))
    return file


async def test_what_is_committed_leaves_masked_and_once(shop: Shop, written: Path) -> None:
    assert Settings().health.lines == "off"
    error = {"k": "error", "src": "error", "name": "TypeError", "msg": f"no cart for {MAIL}", "stack": STACK}
    vital = {"k": "vital", "name": "LCP", "value": 2600.5, "nav": "navigate", "el": "img.hero"}
    for _ in range(2):
        await shop.send(error, vital, {"k": "page"}, seq=3, release="1.2")
    lines_ = shop.site.parts.intake.lines
    assert lines_ is not None
    await lines_.close()
    assert MAIL not in written.read_text()
    found = [check(line) for line in written.read_text().splitlines()]
    assert [one["type"] for one in found] == ["page_error", "web_vitals"]
    assert {one["release"] for one in found} == {"1.2"}
    assert written.stat().st_mode & 0o777 == 0o600


async def test_what_is_too_much_is_counted_and_not_written(shop: Shop, written: Path) -> None:
    metrics.emit(lambda _: None)
    error = {"k": "error", "src": "error", "name": "TypeError", "msg": "no cart", "stack": STACK}
    await shop.send(*[error] * 5, {**error, "msg": "Script error.", "name": "", "stack": ""})
    lines_ = shop.site.parts.intake.lines
    assert lines_ is not None
    await lines_.close()
    assert len(written.read_text().splitlines()) == 3
    counted: list[dict[str, Any]] = []
    metrics.emit(lambda line: counted.append(json.loads(line)))
    dropped = {one["Reason"]: one["LinesDropped"] for one in counted if "LinesDropped" in one}
    assert dropped == {"limit": 2, "noise": 1}


async def test_a_file_does_not_grow_without_end_and_a_wrong_place_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "lines.json"
    file.write_bytes(b"x" * (1 << 20))
    put = Lines(HealthSettings(lines=str(file), lines_file_mb=1))
    put.put([Failure(site=1, created_ms=5, name="E", message="m")])
    await put.close()
    assert len(file.read_text().splitlines()) == 1
    assert file.with_name("lines.json.1").stat().st_size == 1 << 20
    with pytest.raises(SettingError, match="no folder"):
        Lines.wanted(HealthSettings(lines=str(tmp_path / "nowhere" / "x")))
    assert Lines.wanted(msgspec.structs.replace(HealthSettings(), lines="off")) is None
