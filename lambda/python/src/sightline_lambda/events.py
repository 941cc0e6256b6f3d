"""What an event says of where it comes from: the ids by which its lines are joined to a visit and to other lines.

Everything here was sent by somebody, so an id that is not written as one is left out.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

VISIT, PARENT, XRAY, CORRELATION = "x-sightline-visit", "traceparent", "x-amzn-trace-id", "x-correlation-id"
WANTED = frozenset((VISIT, PARENT, XRAY, CORRELATION))
_SIZES = frozenset(map(len, WANTED))
_HEX = frozenset("0123456789abcdef")
_MOST = 128


class Origin:
    """Where an invocation comes from."""

    __slots__ = ("correlation", "parent", "records", "source", "trace", "visit", "xray")

    def __init__(self) -> None:
        self.source = "direct"
        self.correlation = self.visit = self.trace = self.parent = self.xray = ""
        self.records = 0


def origin(event: object) -> Origin:
    """Read an event of API Gateway (v1, v2), an ALB, SQS, SNS, EventBridge or Step Functions; others have no ids."""
    found = Origin()
    if type(event) is not dict:
        return found
    request = event.get("requestContext")
    if type(request) is dict:
        _request(found, event, request)
    elif type(event.get("Records")) is list and event["Records"]:
        _records(found, event["Records"])
    elif "detail-type" in event and "source" in event:
        found.source = "eventbridge"
        found.correlation = _id(event.get("id"))
        _carried(found, event.get("detail"))
    elif type(event.get("Execution")) is dict:
        found.source = "stepfunctions"
        found.correlation = _id(event["Execution"].get("Id") or event["Execution"].get("Name"))
        _carried(found, event)
        _carried(found, event["Execution"].get("Input"))
    else:
        _carried(found, event)
    return found


def _request(found: Origin, event: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    found.source = "alb" if "elb" in request else "apigateway.v2" if "http" in request else "apigateway.v1"
    found.correlation = _id(request.get("requestId"))
    headers = event.get("headers")
    if type(headers) is dict:
        taken(found, headers.items())
    several = event.get("multiValueHeaders")
    if type(several) is dict and not headers:
        taken(found, [(name, values[0]) for name, values in several.items() if type(values) is list and values])
    if not found.correlation:
        found.correlation = found.xray  # an ALB numbers no requests, but traces them


def _records(found: Origin, records: list[Any]) -> None:
    """A batch is named by its first record; how many there are stands beside."""
    first, found.records, found.source = records[0], len(records), "records"
    if type(first) is not dict:
        return
    if first.get("eventSource") == "aws:sqs":
        found.source = "sqs"
        found.correlation = _id(first.get("messageId"))
        attributes = first.get("attributes")
        if type(attributes) is dict:
            _xray(found, attributes.get("AWSTraceHeader"))
        _attributes(found, first.get("messageAttributes"), "stringValue")
    elif first.get("EventSource") == "aws:sns" and type(first.get("Sns")) is dict:
        found.source = "sns"
        found.correlation = _id(first["Sns"].get("MessageId"))
        _attributes(found, first["Sns"].get("MessageAttributes"), "Value")
    else:
        found.source = str(first.get("eventSource") or first.get("EventSource") or "records")[:40]


def _attributes(found: Origin, attributes: object, value: str) -> None:
    if type(attributes) is dict:
        taken(found, [(name, held.get(value)) for name, held in attributes.items() if type(held) is dict])


def _carried(found: Origin, holder: object) -> None:
    """Ids that a sender has put into its payload: side by side with the data, or under `sightline`, as `carry` does."""
    if type(holder) is dict:
        within = holder.get("sightline")
        taken(found, (within if type(within) is dict else holder).items())


def taken(found: Origin, headers: Any) -> None:
    """Take what is wanted of headers, however they are written."""
    for name, value in headers:
        if type(name) is not str or len(name) not in _SIZES:
            continue
        name = name.lower()  # noqa: PLW2901 - the same name
        if name not in WANTED or type(value) is not str:
            continue
        if name == VISIT:
            found.visit = _id(value)
        elif name == PARENT:
            _parent(found, value)
        elif name == XRAY:
            _xray(found, value)
        else:
            found.correlation = _id(value) or found.correlation


def _parent(found: Origin, value: str) -> None:
    """`00-<trace>-<span>-<flags>` of W3C Trace Context."""
    parts = value.strip().split("-")
    if len(parts) >= 4 and len(parts[1]) == 32 and len(parts[2]) == 16 and _HEX.issuperset(parts[1] + parts[2]):
        found.trace, found.parent = parts[1], value.strip()


def _xray(found: Origin, value: object) -> None:
    """`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…`: its root, which is a trace id with blanks of time."""
    if type(value) is not str:
        return
    for part in value.split(";"):
        name, _, held = part.strip().partition("=")
        if name == "Root" and (root := _id(held)):
            found.xray = root
            if not found.trace:
                found.trace = trace_of(root)


def trace_of(root: str) -> str:
    """A trace id of W3C from a root of X-Ray; "" where it is none."""
    parts = root.split("-")
    joined = "".join(parts[1:])
    return joined if len(parts) == 3 and len(joined) == 32 and _HEX.issuperset(joined) else ""


def _id(value: object) -> str:
    """An id: letters, digits and what stands between them; "" for anything else."""
    if type(value) is not str or not 0 < len(value) <= _MOST or not value.isascii():
        return ""
    return value if value.isalnum() or value.translate(_BETWEEN).isalnum() else ""


_BETWEEN = str.maketrans("", "", "-_.:=/+")
