"""What an outgoing call carries on: the visit and the trace of the invocation under way."""

from __future__ import annotations

import os

from sightline_lambda.invocations import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def headers(given: dict[str, str] | None = None) -> dict[str, str]:
    """Headers for a call to another function or service; what is given stays as it is.

    `urllib.request.Request(url, headers=headers({"accept": "application/json"}))`
    """
    carried = _carried()
    for name in given or {}:
        carried.pop(name.lower(), None)
    return {**(given or {}), **carried}


def attributes() -> dict[str, dict[str, str]]:
    """Message attributes for SQS and SNS: `sqs.send_message(…, MessageAttributes=attributes())`."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in _carried().items()}


def carry(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload for EventBridge, Step Functions or another Lambda, with the ids under `sightline`."""
    carried = _carried()
    return {**payload, "sightline": carried} if carried else payload


def _carried() -> dict[str, str]:
    try:
        origin = current().origin
        found = {}
        if origin.visit:
            found["x-sightline-visit"] = origin.visit
        if origin.trace:
            found["traceparent"] = f"00-{origin.trace}-{os.urandom(8).hex()}-01"
        if origin.xray:
            found["x-amzn-trace-id"] = f"Root={origin.xray}"
        if origin.correlation:
            found["x-correlation-id"] = origin.correlation
        return found
    except Exception:  # a call goes out without ids rather than not at all
        return {}
