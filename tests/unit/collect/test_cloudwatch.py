"""The decoder of CloudWatch Logs' payloads and of their lines: whatever comes is answered or refused."""

import base64
import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.collect import cloudwatch
from sightline.collect.backend_lines import LEVELS, Run, Said, flat, said, trace_of, visit_of
from sightline.collect.cloudwatch import Delivery, Event
from sightline.collect.hits import Malformed
from sightline.errors import CallerError
from sightline.operate import made_logs
from sightline.operate.made_logs import made
from sightline.privacy import dictionary
from tests.backend.payloads import (
    TRACE,
    control,
    document,
    emf,
    firehose,
    invocation,
    packed,
    powertools,
    report,
    request_id,
)
from tests.unit.collect.test_own_decoder import JSON

pytestmark = pytest.mark.unit
REQUEST = "8f5a2f6e-7c3b-4a0f-9f4e-0f1c2d3e4f50"
RULES = dictionary.default()


def read(*lines: str, group: str = "/aws/lambda/shop") -> list[Said]:
    events = tuple(Event(str(number), 1000 + number, line) for number, line in enumerate(lines))
    return said(Delivery(group, "stream", events))


def one(line: str, **where: str) -> Said:
    (found,) = read(line, **where)
    return found


# ---- payloads ------------------------------------------------------------------------------------------------------


def test_a_payload_is_read_packed_and_plain() -> None:
    found = document(["one", "two"])
    packed_one = cloudwatch.delivery(packed(found))
    assert packed_one == cloudwatch.delivery(json.dumps(found).encode())
    assert [event.message for event in packed_one.events] == ["one", "two"]
    assert len(str(packed_one.events[0].id)) == 56


def test_a_control_message_has_no_lines() -> None:
    assert cloudwatch.delivery(control()) == Delivery("", "", ())


def test_every_beginning_of_a_payload_is_an_error_and_so_is_what_follows_it() -> None:
    for payload in (packed(document(["one"])), json.dumps(document(["one"])).encode()):
        for end in range(len(payload)):
            with pytest.raises(CallerError):
                cloudwatch.delivery(payload[:end])
        with pytest.raises(CallerError):
            cloudwatch.delivery(payload + b"x")


def test_every_beginning_of_a_request_is_an_error() -> None:
    body = firehose(packed(document(["one"])))
    for end in range(len(body)):
        with pytest.raises(CallerError):
            cloudwatch.request_of_firehose(body[:end])


def test_the_key_of_a_part_is_the_same_whenever_it_comes_and_no_other_parts() -> None:
    found = cloudwatch.delivery(packed(document(["x"] * (2 * cloudwatch.EVENTS_OF_BATCH + 1), at_ms=5)))
    parts = found.batches()
    assert [len(events) for _, events in parts] == [cloudwatch.EVENTS_OF_BATCH, cloudwatch.EVENTS_OF_BATCH, 1]
    assert len({key for key, _ in parts}) == 3
    again = cloudwatch.delivery(packed(document(["x"] * (2 * cloudwatch.EVENTS_OF_BATCH + 1), at_ms=5)))
    assert again.batches() == parts
    other = cloudwatch.delivery(packed(document(["x"], at_ms=5, first=4000, stream="other")))
    assert other.batches()[0][0] not in {key for key, _ in parts}


def test_parts_are_small_enough_for_the_journal_whatever_is_in_them() -> None:
    found = Delivery("g", "s", tuple(Event(str(number), 1, "x" * 100_000) for number in range(12)))
    assert [len(part) for _, part in found.batches()] == [5, 5, 2]
    huge = Delivery("g", "s", (Event("1", 1, "x" * 600_000), Event("2", 1, "y")))
    assert [len(part) for _, part in huge.batches()] == [1, 1]
    names = [f"m{number}" for number in range(100)]
    block = {"Namespace": "N", "Metrics": [{"Name": name} for name in names]}
    line = json.dumps({"_aws": {"CloudWatchMetrics": [block]}, **dict.fromkeys(names, 1)}, separators=(",", ":"))
    made_of = made(RULES, 1, 1, packed(document([line] * 1000)), 1_796_000_000_000)
    assert sum(len(part.signals) for part in made_of.parts) == 100_000
    assert max(len(part.signals) for part in made_of.parts) < 1 << 15


def test_signals_of_all_kinds_come_from_the_process_that_masks_in_their_order() -> None:
    lines = [*invocation(request_id(), "a", emf(orders=1)), *invocation(request_id(), emf(orders=2), "b")]
    payload = packed(document(lines))
    work = (RULES, 3, 7, payload, 1_796_000_000_000)
    found = made(*work)
    kinds = [type(signal).__name__ for part in found.parts for signal in part.signals]
    assert kinds[:6] == ["LogLine", "LogLine", "Metric", "LogLine", "LogLine", "Invocation"]
    assert made_logs.unpacked(made_logs.packed(*work)) == found


@pytest.mark.parametrize(
    ("change", "said_"),
    [
        ({"messageType": "OTHER"}, "DATA_MESSAGE or a CONTROL_MESSAGE"), ({"logGroup": ""}, "names its log group"),
        ({"logStream": "x" * 1025}, "names its log group"), ({"logEvents": [{}]}, "missing required field"),
        ({"logEvents": [{"id": "a b", "timestamp": 1, "message": ""}]}, "an event has an id"),
        ({"logEvents": [{"id": "1", "timestamp": -1, "message": ""}]}, "milliseconds since 1970"),
        ({"logEvents": [{"id": "1", "timestamp": 1, "message": 5}]}, "Expected `str`"),
    ],
)  # fmt: skip
def test_a_payload_that_is_wrong_says_where(change: dict[str, Any], said_: str) -> None:
    with pytest.raises(Malformed) as caught:
        cloudwatch.delivery(packed({**document(["one"]), **change}))
    assert said_ in str(caught.value)


def test_what_inflates_beyond_the_limit_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b" " * (cloudwatch.MAX_INFLATED + 1), 9)
    assert len(bomb) < cloudwatch.MAX_PAYLOAD
    with pytest.raises(CallerError, match="at most"):
        cloudwatch.delivery(bomb)
    with pytest.raises(CallerError, match="at most"):
        cloudwatch.delivery(b"x" * (cloudwatch.MAX_PAYLOAD + 1))
    monkeypatch.setattr(cloudwatch, "MAX_EVENTS", 1)
    with pytest.raises(CallerError, match="at most 1 events, got 2"):
        cloudwatch.delivery(packed(document(["a", "b"])))


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_answered(body: bytes) -> None:
    for decode in (cloudwatch.delivery, cloudwatch.request_of_firehose):
        with pytest.raises(CallerError):
            decode(body)


@given(st.sampled_from([*document([]), "logEvents"]), JSON)
def test_any_payload_is_answered(name: str, value: object) -> None:
    try:
        cloudwatch.delivery(packed({**document(["one"]), name: value}))
    except CallerError:
        return


LINE = st.text(max_size=80) | JSON.map(json.dumps) | st.sampled_from(
    [report(REQUEST), emf(Orders=1), powertools("x"), "START RequestId: ", "REPORT RequestId: x\tDuration: 1..2 ms"]
) | st.dictionaries(
    st.sampled_from(["_aws", "level", "message", "visit_id", "trace_id", "type", "record", "cold_start", "errorType"]),
    JSON, max_size=5,
).map(json.dumps)  # fmt: skip


@given(st.lists(LINE, max_size=6))
@settings(deadline=None)
def test_any_lines_become_signals_that_can_be_stored(lines: list[str]) -> None:
    payload = packed(document(lines))
    found = made(RULES, 3, 7, payload, 1_796_000_000_000)
    signals = [signal for part in found.parts for signal in part.signals]
    assert found.lines == len(lines)
    assert made_logs.unpacked(made_logs.packed(RULES, 3, 7, payload, 1_796_000_000_000)) == found
    for signal in signals:
        assert signal.site == 7
        assert 0 <= signal.visit < 2**63
        for name in signal.__struct_fields__:
            value = getattr(signal, name)
            if isinstance(value, str):
                assert "\0" not in value
                value.encode()
        for text in (getattr(signal, "fields", ""), getattr(signal, "dimensions", "")):
            assert text == "" or isinstance(msgspec.json.decode(text), dict)
    assert len([one for one in signals if type(one).__name__ == "LogLine"]) <= len(lines)


# ---- lines ---------------------------------------------------------------------------------------------------------


def test_the_lines_of_an_invocation_belong_to_it() -> None:
    lines = read(
        "INIT_START Runtime Version: python:3.13.v60\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:ab\n",
        *invocation(REQUEST, "a print", powertools("hi", visit_id="12", correlation_id="c1"), init=211.5), "after",
    )  # fmt: skip
    assert [line.request for line in lines] == ["", *[REQUEST] * 5, ""]
    assert [line.visit for line in lines] == [0, *[12] * 5, 0]
    assert {line.correlation for line in lines} == {"", "c1"}
    assert {(line.service, line.function) for line in lines} == {("checkout", "shop"), ("checkout", "shop-checkout")}
    assert lines[5].run == Run(102.25, 103, 211.5, 512, 93, "ok")
    assert lines[5].trace == TRACE


@pytest.mark.parametrize(
    ("line", "level", "message", "failed"),
    [
        (f"[WARNING]\t2026-11-28T22:00:00.123Z\t{REQUEST}\tlow stock", "warn", "low stock", False),
        (f"2026-11-28T22:00:00.123Z\t{REQUEST}\tDEBUG\ttwo\nlines", "debug", "two\nlines", False),
        (f"2026-11-28T22:00:00.123Z\t{REQUEST}\tERROR\tInvoke Error \t{{}}", "error", "", True),
        ("[ERROR] KeyError: 'cart'\nTraceback (most recent call last):\n", "error",
         "KeyError: 'cart'\nTraceback (most recent call last):", True),
        (f"2026-11-28T22:00:03.004Z {REQUEST} Task timed out after 3.00 seconds\n\n", "error",
         f"2026-11-28T22:00:03.004Z {REQUEST} Task timed out after 3.00 seconds", True),
        (f"RequestId: {REQUEST} Error: Runtime exited with error: signal: killed\n", "error",
         f"RequestId: {REQUEST} Error: Runtime exited with error: signal: killed", True),
        ("plain", "info", "plain", False), ("", "info", "", False), ("{not json}", "info", "{not json}", False),
        ('{"msg":"pino","level":40}', "warn", "pino", False),
        ('{"severity":"CRITICAL","message":"x"}', "fatal", "x", False),
        ('{"level":"ERROR","message":"boom","errorType":"KeyError","stackTrace":[],"requestId":"'
         + REQUEST + '"}', "error", "boom", True),
    ],
)  # fmt: skip
def test_levels_and_failures_of_the_runtimes(line: str, level: str, message: str, failed: bool) -> None:
    found = one(line)
    assert (found.level, found.message, found.failed) == (level, message, failed)
    if REQUEST in line:
        assert found.request == REQUEST


def test_a_line_of_json_behind_what_a_runtime_puts_before_it_is_read_too() -> None:
    found = one(f'2026-11-28T22:00:00.123Z\t{REQUEST}\tINFO\t{{"message":"paid","visit_id":"9","total":5}}')
    assert (found.message, found.visit, dict(found.fields), found.level) == ("paid", 9, {"total": 5}, "info")


@pytest.mark.parametrize(
    ("status", "wanted"), [("success", "ok"), ("timeout", "timeout"), ("failure", "error"), ("error", "error")]
)
def test_platform_lines_in_json_say_the_same(status: str, wanted: str) -> None:
    record = {
        "requestId": REQUEST, "status": status,
        "metrics": {"durationMs": 12.5, "billedDurationMs": 13, "memorySizeMB": 256, "maxMemoryUsedMB": 80,
                    "initDurationMs": 99.5},
        "tracing": {"spanId": "1", "type": "X-Amzn-Trace-Id", "value": f"Root=1-{TRACE[:8]}-{TRACE[8:]};Sampled=1"},
    }  # fmt: skip
    start, end = (
        json.dumps({"time": "2026-11-28T22:00:00.123Z", "type": kind, "record": {"requestId": REQUEST, **more}})
        for kind, more in (("platform.start", {"version": "$LATEST"}), ("platform.report", record))
    )
    first, between, last, after = read(start, "a print", end, "later")
    assert last.run == Run(12.5, 13, 99.5, 256, 80, wanted)
    assert (last.source, last.trace, last.failed) == ("platform", TRACE, wanted != "ok")
    assert (first.request, between.request, after.request) == (REQUEST, REQUEST, "")


def test_an_exception_makes_its_invocation_a_failure_and_a_timeout_is_told() -> None:
    *_, run = read(*invocation(REQUEST, "[ERROR] ValueError: x\nTraceback"))
    assert run.run is not None
    assert run.run.status == "error"
    *_, run = read(*invocation(REQUEST, status="timeout"))
    assert run.run is not None
    assert run.run.status == "timeout"


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        (f"START RequestId: {REQUEST} Version: $LATEST\n", True), (f"START RequestId: {REQUEST} Version: 12\n", True),
        (f"END RequestId: {REQUEST}\n", True), (f"END RequestId: {REQUEST} ann@example.com", False),
        (f"START RequestId: {REQUEST} Version: ann@example.com", False), (report(REQUEST), False), ("x", False),
    ],
)  # fmt: skip
def test_only_what_lambda_alone_wrote_needs_no_masking(line: str, clean: bool) -> None:
    assert one(line).clean is clean


def test_a_line_that_is_elsewhere_than_in_lambda_has_no_request_of_another() -> None:
    first, second = read(f"START RequestId: {REQUEST} Version: $LATEST", "x", group="/ecs/shop")
    assert (first.source, second.source, second.request) == ("platform", "other", "")
    assert second.service == "shop"


def test_fields_keep_what_has_no_column() -> None:
    found = one(powertools("x", total=5, visit_id="no number", cart={"id": 7}, trace_id="a" * 32, rules="1.2.3"))
    assert found.visit == 0
    assert found.trace == "a" * 32
    assert set(found.fields) == {
        "location", "function_memory_size", "total", "visit_id", "cart", "xray_trace_id", "rules",
    }  # fmt: skip


def test_nested_fields_have_their_path_as_key() -> None:
    assert flat({"a": {"b": {"c": 1}}, "l": [1, {"x": 2}], "e": {}}) == {"a.b.c": 1, "l": '[1,{"x":2}]', "e": "{}"}
    assert len(flat({str(number): number for number in range(1000)})) == 200


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"1-{TRACE[:8]}-{TRACE[8:]}", TRACE), (f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent=1;Sampled=1", TRACE),
        (f"00-{TRACE}-0123456789abcdef-01", TRACE), (TRACE, TRACE), ("abc", ""), ("", ""), (f"x{TRACE}", ""),
    ],
)  # fmt: skip
def test_traces_are_read_in_every_form(text: str, wanted: str) -> None:
    assert trace_of(text) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"), [("12", 12), (12, 12), (2**63, 0), (str(2**63), 0), (-1, 0), (True, 0), ("1x", 0), (None, 0)]
)
def test_a_visit_is_a_positive_number(value: object, wanted: int) -> None:
    assert visit_of(value) == wanted


def test_every_level_is_known() -> None:
    assert [one(f'{{"level":"{level}","message":"x"}}').level for level in LEVELS] == list(LEVELS)


def test_a_record_that_is_no_base64_is_told_beside_the_others() -> None:
    good = base64.b64encode(packed(document(["one"]))).decode()
    body = {"requestId": "r1", "timestamp": 1, "records": [{"data": "!"}, {"data": good}]}
    found = cloudwatch.request_of_firehose(json.dumps(body).encode())
    assert isinstance(found.payloads[0], Malformed)
    assert found.payloads[1] == base64.b64decode(good)
