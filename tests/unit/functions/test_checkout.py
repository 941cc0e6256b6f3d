"""The example's checkout: a function that runs here through the runtime API that it would have on Lambda."""

import base64
import importlib
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sightline.collect import cloudwatch
from sightline.collect.backend_lines import said
from sightline.collect.cloudwatch import Delivery, Event

API = Path(__file__).resolve().parents[3] / "examples/shop/api"
CUSTOMER = {
    "firstName": "Ann", "lastName": "Bell", "email": "ann@example.com", "phone": "+41 79 123 45 67",
    "street": "1 Mill Lane", "postcode": "8000", "city": "Zürich", "cardHolder": "Ann Bell",
    "cardNumber": "4111 1111 1111 1111", "cardExpiry": "12/30", "cardCode": "123",
}  # fmt: skip


@pytest.fixture(scope="module")
def runtime() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("shop_runtime", API / "runtime.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop_runtime"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["shop_runtime"]


@pytest.fixture(scope="module")
def function(runtime: ModuleType) -> Iterator[Any]:
    made = runtime.Function("shop-checkout", "checkout.handler")
    yield made
    made.close()


def event(body: object) -> dict[str, Any]:
    return {
        "version": "2.0", "body": json.dumps(body),
        "headers": {"x-sightline-visit": "7004152233", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
        "requestContext": {"http": {"method": "POST"}, "requestId": "JKJaXmPLvHcESHA="},
    }  # fmt: skip


def written(function: Any, request: str) -> list[dict[str, Any]]:
    """The function's own lines; they come through a pipe, so they may be a moment late."""
    for _ in range(200):
        found = [json.loads(line) for line in list(function.lines) if line.startswith("{")]
        if any("_aws" in line and line["correlation_id"] == request for line in found):
            return found
        time.sleep(0.01)
    raise AssertionError(list(function.lines))


def test_an_order_writes_a_line_that_names_visit_and_trace_and_nobody(function: Any) -> None:
    answer = function.invoke(event({"customer": CUSTOMER, "lines": [{"product": "boston-fern", "quantity": 2}]}))
    assert answer["statusCode"] == 200
    number = json.loads(answer["body"])["number"]
    line, emf = written(function, "JKJaXmPLvHcESHA=")
    assert (line["message"], line["order"]) == ("order placed", number)
    assert (line["visit_id"], line["trace_id"], line["service"]) == ("7004152233", "a" * 32, "shop-checkout")
    assert line["xray_trace_id"].startswith("1-")
    assert (emf["Orders"], emf["Invocations"], emf["ColdStart"], emf["Errors"]) == (1, 1, 1, 0)
    said = "\n".join(function.lines)
    assert [value for value in CUSTOMER.values() if value in said and len(value) > 3] == []
    assert [one.split(" ")[0] for one in function.lines if not one.startswith("{")] == ["START", "END", "REPORT"]


def test_an_order_that_lacks_something_is_refused_as_before(function: Any) -> None:
    answer = function.invoke(event({"customer": CUSTOMER | {"email": "ann"}, "lines": [{}]}))
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["fields"] == {"email": "This is no e-mail address."}


def test_a_handler_that_raises_is_answered_by_its_error(runtime: ModuleType, function: Any) -> None:
    with pytest.raises(runtime.Failed, match="AttributeError"):
        function.invoke("no event")
    assert function.invoke(event({}))["statusCode"] == 400


def test_a_cold_start_is_reported_apart_from_the_call_it_is_billed_with(runtime: ModuleType) -> None:
    function = runtime.Function("shop-checkout", "checkout.handler")
    try:
        function.invoke(event({}))
        function.invoke(event({}))
        cold, warm = [run(line) for line in function.lines if line.startswith("REPORT")]
    finally:
        function.close()
    assert cold.init_ms > 1
    assert cold.duration_ms + cold.init_ms <= cold.billed_ms
    assert (warm.init_ms, cold.memory_mb, cold.status) == (0, 256, "ok")
    assert 1 < cold.used_mb < 256


def run(line: str) -> Any:
    (said_,) = said(Delivery("/aws/lambda/shop-checkout", "s", (Event("1", 1, line),)))
    return said_.run


def test_what_a_function_writes_is_delivered_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the forwarder, whatever keeps it from it at first, with the same ids."""
    monkeypatch.syspath_prepend(str(API))
    delivery = importlib.import_module("delivery")
    monkeypatch.setattr(delivery, "AGAIN_S", 0.01)
    monkeypatch.setattr(delivery, "GATHER_S", 0.05)
    came: list[Delivery] = []
    taken = threading.Event()

    def handle(handed: dict[str, Any], _context: object) -> None:
        came.append(cloudwatch.delivery(base64.b64decode(handed["awslogs"]["data"])))
        if len(came) < 3:
            raise OSError("nobody answers")
        taken.set()

    made = delivery.Delivery("shop-checkout")
    made._handle = handle
    made.add("one")
    made.add("two")
    assert taken.wait(10)
    made.close()
    assert {found.group for found in came} == {"/aws/lambda/shop-checkout"}
    assert [event_.message for event_ in came[2].events][:1] == ["one"]
    ids = {event_.id for found in came for event_ in found.events}
    assert len(ids) == len({event_.message for found in came for event_ in found.events}) == 2
