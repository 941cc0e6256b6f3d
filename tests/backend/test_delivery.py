"""Deliveries as AWS makes them: moto's subscription filter, and the forwarder as Lambda calls it."""

import asyncio
import base64
import gzip
import importlib.util
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sightline.collect import cloudwatch
from tests.aws import FakeAws
from tests.backend.conftest import Backend
from tests.backend.payloads import document, invocation, packed, powertools, request_id

SOURCE = Path(__file__).parents[2] / "lambda/forwarder/src/sightline_forwarder/handler.py"


def delivered_by_moto(aws: FakeAws, messages: list[str]) -> bytes:
    """Put lines into a log group that is subscribed to a stream; return what arrives there."""
    logs, kinesis = aws.client("logs"), aws.client("kinesis")
    name = f"lines-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]
    group = f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="stream")
    logs.put_subscription_filter(
        logGroupName=group, filterName="sightline", filterPattern="", destinationArn=arn,
        roleArn="arn:aws:iam::123456789012:role/logs",
    )  # fmt: skip
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": message} for number, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=events)
    shard = kinesis.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    for _ in range(50):
        records = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        if records:
            found: bytes = records[-1]["Data"]
            return found
        time.sleep(0.1)
    raise AssertionError("moto delivered nothing")


async def test_what_motos_subscription_delivers_is_read(aws: FakeAws, backend: Backend) -> None:
    messages = invocation(request_id(), powertools("order placed", visit_id="5"), "a print")
    payload = await asyncio.to_thread(delivered_by_moto, aws, messages)
    assert len(cloudwatch.delivery(payload).events) == len(messages)
    answer = await backend.firehose(payload, payload)
    assert answer.status_code == 200, answer.text
    rows = await backend.rows()
    assert len(rows) == len(messages)
    assert {row["visit"] for row in rows} == {5}
    assert len(await backend.rows("invocation")) == 1


@pytest.fixture
def forwarder(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("sightline_forwarder", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("SIGHTLINE_URL", f"{backend.client.base_url}".rstrip("/") + f"/cloudwatch/{backend.site.name}")
    monkeypatch.setenv("SIGHTLINE_KEY", backend.sends)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    return module


def event(payload: bytes) -> dict[str, Any]:
    """What Lambda calls a subscriber with."""
    return {"awslogs": {"data": base64.b64encode(payload).decode()}}


async def called(handle: Callable[..., Any], payload: bytes) -> Any:
    return await asyncio.to_thread(handle, event(payload), None)


async def test_the_forwarder_passes_lines_on_once(backend: Backend, forwarder: ModuleType) -> None:
    payload = packed(document(["one", "two"]))
    answers = [await called(forwarder.handle, payload) for _ in range(2)]
    assert [json.loads(answer["body"]) for answer in answers] == [
        {"lines": 2, "duplicates": 0}, {"lines": 2, "duplicates": 1},
    ]  # fmt: skip
    assert [row["message"] for row in await backend.rows()] == ["one", "two"]


async def test_the_forwarder_raises_what_lambda_shall_deliver_again(
    backend: Backend, forwarder: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = await called(forwarder.handle, gzip.compress(b"[]"))
    assert refused["statusCode"] == 400
    assert json.loads(capsys.readouterr().out)["message"] == "lines refused"
    monkeypatch.setitem(forwarder._known, "key", "sl_wrong")
    assert (await called(forwarder.handle, packed(document(["renewed"]))))["statusCode"] == 200
    monkeypatch.setenv("SIGHTLINE_URL", "http://127.0.0.1:9/cloudwatch/x")
    with pytest.raises(forwarder.NotTaken, match="answered 0"):
        await called(forwarder.handle, packed(document(["one"])))
    monkeypatch.setenv("SIGHTLINE_URL", "ftp://example.com")
    with pytest.raises(ValueError, match="https"):
        await called(forwarder.handle, packed(document(["one"])))
    assert [row["message"] for row in await backend.rows()] == ["renewed"]


def test_the_forwarder_needs_the_standard_library_only() -> None:
    imported = {line.split()[1].partition(".")[0] for line in SOURCE.read_text("utf-8").splitlines()
                if line.startswith(("import ", "from "))}  # fmt: skip
    assert imported == {"base64", "json", "os", "time", "urllib"}
