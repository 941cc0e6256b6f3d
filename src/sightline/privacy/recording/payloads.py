"""Events that carry data of programs: the console, the network, what an SDK or a page adds.

A payload has a schema: what it does not name is dropped. Of a custom event without one only its shape stays.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from sightline.privacy.dictionary import Rules
from sightline.privacy.masks import STAR
from sightline.privacy.recording.vocabulary import allowed, is_plain
from sightline.privacy.structures import mask_exception, mask_headers, mask_json
from sightline.privacy.urls import mask_url

PAGE: Final = "sightline.page"  # {href}: the page changed without a load; a recorder that sends it sends it always
LOST: Final = "sightline.lost"  # written by the masker: an event could not be read; from here on the page is unknown
ISSUE: Final = "sightline.issue"  # {type}: what a tracker found by rules of its own
FREEZE: Final = "sightline.freeze"  # {duration}: for so many milliseconds the page did nothing, whatever one pressed
CLOSE: Final = "sightline.close"  # the page was left: what follows, if anything, is another load
MAX_ARGUMENTS: Final = 100
MAX_REQUESTS: Final = 1000
MAX_KEYS: Final = 100
MAX_DEPTH: Final = 6

_LEVELS: Final = allowed("levels")
_METHODS: Final = allowed("methods")
_INITIATORS: Final = allowed("initiators")
_TIMINGS: Final = allowed("timings")
_ISSUES: Final = allowed("issues")
_ENTRY_TYPES: Final = frozenset({"resource", "navigation"})


def mask_address(rules: Rules, address: str) -> str:
    """The address of a page or a request: the path says what it is about, so its template stays as the events have it.

    Recorders write addresses in full; whatever else stands there is none.
    """
    masked = mask_url(rules, address)
    return masked if "://" in masked else ""


def path_of(address: str) -> str:
    """The path of a masked address."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def mask_custom(rules: Rules, data: Mapping[str, Any]) -> dict[str, Any]:
    tag = data["tag"]
    if not isinstance(tag, str):
        raise TypeError
    payload = data.get("payload")
    if tag == PAGE:
        href = payload.get("href") if isinstance(payload, dict) else None
        return {"tag": PAGE, "payload": {"href": mask_address(rules, href) if isinstance(href, str) else ""}}
    if tag == ISSUE:
        kind = payload.get("type") if isinstance(payload, dict) else None
        return {"tag": ISSUE, "payload": {"type": kind if isinstance(kind, str) and kind in _ISSUES else "custom"}}
    if tag == FREEZE:
        took = payload.get("duration") if isinstance(payload, dict) else None
        return {"tag": FREEZE, "payload": {"duration": _outline(took, 0) if isinstance(took, int | float) else 0}}
    if tag in {LOST, CLOSE}:
        return {"tag": tag, "payload": None}
    return {"tag": tag if is_plain(tag.replace(".", "-")) else "custom", "payload": _outline(payload, 0)}


def _outline(value: Any, depth: int) -> Any:
    """What stays of a payload that no schema describes: its form, its flags, small numbers, and stars for its texts."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if -1_000_000 < value < 1_000_000 else 0
    if isinstance(value, str):
        return value if value == "" or is_plain(value) else STAR
    if isinstance(value, list | dict) and depth < MAX_DEPTH:
        if isinstance(value, list):
            return [_outline(item, depth + 1) for item in value[:MAX_KEYS]]
        kept = [key for key in value if isinstance(key, str) and is_plain(key)][:MAX_KEYS]
        return {key: _outline(value[key], depth + 1) for key in kept}
    return STAR


def mask_plugin(rules: Rules, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The console's and the network's payloads; None for any other plugin."""
    name = data["plugin"]
    masker = _PLUGINS.get(name)
    return None if masker is None else {"plugin": name, "payload": masker(rules, data["payload"])}


def _console(rules: Rules, payload: Mapping[str, Any]) -> dict[str, Any]:
    level = payload.get("level")
    arguments = [_argument(rules, text) for text in payload.get("payload", ())[:MAX_ARGUMENTS] if isinstance(text, str)]
    trace = [
        mask_exception(rules, "", frame)[1]
        for frame in payload.get("trace", ())[:MAX_ARGUMENTS]
        if isinstance(frame, str)
    ]
    return {"level": level if level in _LEVELS else "log", "payload": arguments, "trace": trace}


def _argument(rules: Rules, text: str) -> str:
    """An argument as the recorder writes it, as JSON; what is not JSON is a text."""
    try:
        value = orjson.loads(text)
    except ValueError:
        value = text
    return orjson.dumps(mask_json(rules, value)).decode()


def _network(rules: Rules, payload: Mapping[str, Any]) -> dict[str, Any]:
    requests = [_request(rules, request) for request in payload["requests"][:MAX_REQUESTS] if isinstance(request, dict)]
    made: dict[str, Any] = {"requests": requests}
    if payload.get("isInitial") is True:
        made["isInitial"] = True
    return made


def _request(rules: Rules, request: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in request.items():
        if name in _TIMINGS:
            # Moments are below 2 * 10^12; a longer number is none of these.
            if value.__class__ in {int, float} and 0 <= value < 2e12:
                made[name] = value
        elif name == "name" and isinstance(value, str):
            made[name] = mask_address(rules, value)
        elif name == "method" and isinstance(value, str) and value.upper() in _METHODS:
            made[name] = value.upper()
        elif (name == "initiatorType" and isinstance(value, str) and (value in _INITIATORS)) or (
            name == "entryType" and value in _ENTRY_TYPES
        ):
            made[name] = value
        elif name == "isInitial" and value is True:
            made[name] = True
        elif name in {"requestHeaders", "responseHeaders"} and isinstance(value, dict):
            made[name] = dict(mask_headers(rules, {key: text for key, text in value.items() if isinstance(text, str)}))
    return made


_PLUGINS: Final[Mapping[str, Callable[[Rules, Any], dict[str, Any]]]] = {
    "rrweb/console@1": _console,
    "rrweb/network@1": _network,
}
