"""Payloads as CloudWatch Logs, Lambda and Firehose make them; ids, names and times are made up."""

import base64
import gzip
import json
import uuid
from collections.abc import Sequence
from typing import Any

from sightline import clock

ACCOUNT = "123456789012"
GROUP = "/aws/lambda/shop-checkout"
STREAM = "2026/11/28/[$LATEST]0f1e2d3c4b5a69788796a5b4c3d2e1f0"
TRACE = "67891233abcdef012345678912345678"


def request_id() -> str:
    return str(uuid.uuid4())


def report(request: str, *, ms: float = 102.25, billed: int = 103, init: float = 0, status: str = "") -> str:
    """A REPORT line in text format, with tabs where Lambda has them."""
    parts = [
        f"REPORT RequestId: {request}", f"Duration: {ms} ms", f"Billed Duration: {billed} ms", "Memory Size: 512 MB",
        "Max Memory Used: 93 MB",
    ]  # fmt: skip
    if init:
        parts.append(f"Init Duration: {init} ms")
    if status:
        parts.append(f"Status: {status}")
    tail = f"\nXRAY TraceId: 1-{TRACE[:8]}-{TRACE[8:]}\tSegmentId: 6c1fa8e7a9d4c1b2\tSampled: true\t\n"
    return "\t".join(parts) + "\t" + tail


def invocation(request: str, *lines: str, **reported: Any) -> list[str]:
    """The lines of one invocation, as they stand in its stream."""
    return [
        f"START RequestId: {request} Version: $LATEST\n", *lines, f"END RequestId: {request}\n",
        report(request, **reported),
    ]  # fmt: skip


def powertools(message: str, *, level: str = "INFO", **fields: Any) -> str:
    """A line as AWS Powertools and our own library write it."""
    return json.dumps(
        {
            "level": level, "location": "handler:12", "message": message, "timestamp": "2026-11-28 22:00:00,123+0000",
            "service": "checkout", "cold_start": False, "function_name": "shop-checkout",
            "function_memory_size": "512", "xray_trace_id": f"1-{TRACE[:8]}-{TRACE[8:]}", **fields,
        }
    )  # fmt: skip


def emf(**values: Any) -> str:
    """A line in the embedded metric format."""
    metrics = [{"Name": name, "Unit": "Count"} for name in values]
    directive = {"Namespace": "Shop", "Dimensions": [["service"]], "Metrics": metrics}
    return json.dumps(
        {"_aws": {"Timestamp": clock.now_ms(), "CloudWatchMetrics": [directive]}, "service": "checkout", **values}
    )


def document(
    lines: Sequence[str], *, group: str = GROUP, stream: str = STREAM, at_ms: int | None = None, first: int = 0
) -> dict[str, Any]:
    """What a subscription delivers, before it is packed; ids have 56 digits, as CloudWatch's."""
    at = clock.now_ms() if at_ms is None else at_ms
    return {
        "messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": group, "logStream": stream,
        "subscriptionFilters": ["sightline"],
        "logEvents": [
            {"id": f"{at:016}{number:040}", "timestamp": at + number - first, "message": line}
            for number, line in enumerate(lines, first)
        ],
    }  # fmt: skip


def packed(found: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(found).encode(), 6)


def control() -> bytes:
    """What CloudWatch sends to find out whether anybody listens."""
    found = document(["CWL CONTROL MESSAGE: Checking health of destination Firehose."], group="", stream="")
    return packed({**found, "messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "subscriptionFilters": []})


def firehose(*payloads: bytes, request: str = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f") -> bytes:
    """A request of Firehose to an HTTP endpoint."""
    records = [{"data": base64.b64encode(payload).decode()} for payload in payloads]
    return json.dumps({"requestId": request, "timestamp": clock.now_ms(), "records": records}).encode()
