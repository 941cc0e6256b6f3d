"""What a recording is found by: counted from its masked events, while it is under way and when it is sealed."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from msgspec import Struct

from sightline.replay.findings import FAILED_STATUS, Finding, findings
from sightline.replay.nodes import Nodes

IDLE_MS: Final = 10_000  # without anything that a person does: not active any more
MAX_PAGES: Final = 200
_SINCE_1970: Final = 1e12  # smaller moments are since the page was loaded
Json = dict[str, Any]
# What a person does: moves, clicks, scrolls, types, drags, plays, selects.
_HUMAN: Final = frozenset({1, 2, 3, 5, 6, 7, 12, 14})


class Mark(Struct, frozen=True):
    """A mark on the time line: a page, a click, an input, an error, a request, something that was found."""

    at_ms: int
    kind: str
    text: str = ""
    node: int = 0
    status: int = 0
    duration_ms: int = 0


class Summary(Struct, frozen=True, kw_only=True):
    """The numbers of one recording."""

    first_ms: int
    last_ms: int
    active_ms: int
    events: int
    clicks: int
    inputs: int
    errors: int
    requests: int
    failed: int
    pages: list[str]
    findings: list[Finding]
    spans: list[tuple[int, int]]  # when somebody was active


def summary(events: Sequence[Json]) -> Summary:
    """Count; the events are in the order of their time."""
    found = marks(events)
    kinds = [mark.kind for mark in found]
    spans = activity(events)
    return Summary(
        first_ms=events[0]["timestamp"],
        last_ms=events[-1]["timestamp"],
        active_ms=sum(end - start for start, end in spans),
        events=len(events),
        clicks=kinds.count("click"),
        inputs=kinds.count("input"),
        errors=kinds.count("error"),
        requests=kinds.count("request"),
        failed=sum(mark.kind == "request" and mark.status >= FAILED_STATUS for mark in found),
        pages=list(dict.fromkeys(mark.text for mark in found if mark.kind == "page"))[:MAX_PAGES],
        findings=findings(events),
        spans=spans,
    )


def activity(events: Sequence[Json]) -> list[tuple[int, int]]:
    """The spans in which somebody did something; what is between them is waiting."""
    spans: list[tuple[int, int]] = []
    for event in events:
        if event["type"] != 3 or event["data"]["source"] not in _HUMAN:
            continue
        at_ms = event["timestamp"]
        if spans and at_ms - spans[-1][1] <= IDLE_MS:
            spans[-1] = spans[-1][0], max(at_ms, spans[-1][1])
        else:
            spans.append((at_ms, at_ms))
    return spans


def marks(events: Sequence[Json]) -> list[Mark]:
    """What stands on the time line, but for what the rules find."""
    found: list[Mark] = []
    nodes = Nodes()
    for event in events:
        nodes.take(event)
        kind, at_ms, data = event["type"], event["timestamp"], event["data"]
        if kind == 4:
            _page(found, at_ms, data["href"])
        elif kind == 5 and data["tag"] == "sightline.page":
            _page(found, at_ms, data["payload"]["href"])
        elif kind == 3 and data["source"] == 2 and data["type"] == 2:
            found.append(Mark(at_ms, "click", nodes.named(data["id"]), node=data["id"]))
        elif kind == 3 and data["source"] == 5:
            found.append(Mark(at_ms, "input", nodes.named(data["id"]), node=data["id"]))
        elif kind == 6:
            found += _program(at_ms, data)
    return found


def _page(found: list[Mark], at_ms: int, href: str) -> None:
    last = next((mark for mark in reversed(found) if mark.kind == "page"), None)
    if last is None or last.text != href:
        found.append(Mark(at_ms, "page", href))


def _program(at_ms: int, data: Json) -> list[Mark]:
    payload = data["payload"]
    if data["plugin"].startswith("rrweb/console"):
        if payload["level"] not in {"error", "assert"}:
            return []
        return [Mark(at_ms, "error", line_of(payload)[:500])]
    return [
        Mark(
            moment_of(at_ms, request), "request",
            f"{request.get('method', '')} {request.get('name', '')}".strip(),
            status=int(request.get("responseStatus", request.get("status", 0))),
            duration_ms=int(request.get("duration", 0)),
        )
        for request in payload["requests"]
    ]  # fmt: skip


def moment_of(at_ms: int, request: Json) -> int:
    """When a request began: as it says itself, or as long ago as it took when it was told."""
    start = request.get("startTime") or 0
    return int(start) if start > _SINCE_1970 else at_ms - int(request.get("duration") or 0)


def line_of(payload: Json) -> str:
    """What the console says: texts without their quotes, anything else as JSON."""
    return " ".join(map(_said, payload["payload"]))


def _said(argument: str) -> str:
    try:
        value = orjson.loads(argument)
    except orjson.JSONDecodeError:
        return argument
    return value if isinstance(value, str) else argument
