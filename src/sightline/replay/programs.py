"""What programs said in a visit: the lines of the console and the requests, read from masked events."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from sightline.replay.summary import line_of, moment_of

MOST: Final = 5_000  # lines, and requests, of one recording
_LONGEST: Final = 2_000  # characters of one line
Json = dict[str, Any]


class Line(Struct, frozen=True):
    """One line of the console; `trace` is where it was written."""

    at_ms: int
    level: str
    text: str
    trace: list[str]


class Request(Struct, frozen=True, kw_only=True):
    """One request; what was not measured is None."""

    at_ms: int
    method: str
    url: str
    initiator: str
    status: int | None
    duration_ms: int | None
    bytes: int | None


class Programs(Struct, frozen=True):
    """All of it; `more` says that there was more than is shown."""

    console: list[Line]
    requests: list[Request]
    more: bool


def programs(events: Sequence[Json]) -> Programs:
    """Read them from a recording, in the order of their time."""
    console: list[Line] = []
    requests: list[Request] = []
    for event in events:
        if event["type"] != 6:
            continue
        payload = event["data"]["payload"]
        if event["data"]["plugin"].startswith("rrweb/console"):
            console.append(_line(event["timestamp"], payload))
        else:
            requests += _requests(event["timestamp"], payload["requests"])
    requests.sort(key=lambda one: one.at_ms)
    return Programs(console[:MOST], requests[:MOST], len(console) > MOST or len(requests) > MOST)


def _line(at_ms: int, payload: Json) -> Line:
    return Line(at_ms, payload["level"], line_of(payload)[:_LONGEST], payload.get("trace", []))


def _requests(at_ms: int, found: Sequence[Json]) -> Iterator[Request]:
    for one in found:
        status = one.get("responseStatus", one.get("status"))
        duration = one.get("duration")
        size = one.get("transferSize") or one.get("encodedBodySize")
        yield Request(
            at_ms=moment_of(at_ms, one), method=one.get("method", ""), url=one.get("name", ""),
            initiator=one.get("initiatorType", ""), status=None if status is None else int(status),
            duration_ms=None if duration is None else int(duration), bytes=None if size is None else int(size),
        )  # fmt: skip
