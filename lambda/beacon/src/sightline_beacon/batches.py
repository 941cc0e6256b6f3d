"""The SDK's batches, read within limits: bytes in, items out, no I/O. What is wrong with one item drops that item."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, Final, NamedTuple, NoReturn, TypeGuard

VERSION: Final = 1
MAX_BODY: Final = 131_072  # bytes as they came
MAX_INFLATED: Final = 524_288  # bytes of JSON
MAX_ITEMS: Final = 200
MAX_DEPTH: Final = 32
MAX_AGE_MS: Final = 24 * 3600 * 1000  # what claims to be older is dated to this age
MAX_MS: Final = 3_600_000.0
MAX_SHIFT: Final = 1000.0
VITALS: Final = frozenset({"LCP", "INP", "CLS", "FCP", "TTFB", "FID"})
NAVIGATIONS: Final = frozenset(
    {"navigate", "reload", "back-forward", "back-forward-cache", "prerender", "restore", "soft-navigation"}
)
# What else the SDK sends is for a server: pages, events and people are not what this function is for.
ELSEWHERE: Final = frozenset({"page", "event", "identify", "engagement"})
_GZIP: Final = b"\x1f\x8b"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,40}")
_PLAIN: Final = re.compile(r"[\x20-\x7e]{0,100}")


class Refused(Exception):
    """A batch that is not taken: a status, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Vital(NamedTuple):
    """One final value of one Web Vital."""

    at_ms: int
    url: str
    page: str
    name: str
    value: float
    navigation: str
    element: str


class Failure(NamedTuple):
    """One error, and how often it happened."""

    at_ms: int
    url: str
    page: str
    source: str
    name: str
    message: str
    stack: str
    component: str
    handled: bool
    times: int
    context: dict[str, Any]


class Batch(NamedTuple):
    """A batch as it was sent; (document, seq) is the same whenever it is sent again."""

    site: str
    document: str
    seq: int
    lost: int
    host: str
    release: str
    environment: str
    sdk: str
    items: list[Vital | Failure | str]  # an item, or why it was dropped


def decode(body: bytes, now_ms: int) -> Batch:
    """Read a batch; a moment on the browser's clock is told by how long before the sending it was."""
    sent = _json(_inflated(body))
    if type(sent) is not dict:
        raise Refused(400, "a batch is an object")
    if sent.get("v") != VERSION:
        raise Refused(400, f"this beacon speaks version {VERSION} of the protocol")
    items = sent.get("items")
    if type(items) is not list or len(items) > MAX_ITEMS:
        raise Refused(400, f"a batch has a list of at most {MAX_ITEMS} items")
    document, seq, at = sent.get("doc"), sent.get("seq"), sent.get("at")
    if type(document) is not str or not _ID.fullmatch(document):
        raise Refused(400, "doc: an id has 8 to 40 letters, digits, - or _")
    if type(seq) is not int or not 0 <= seq < 2**31:
        raise Refused(400, "seq: a sequence number counts from 0")
    if not _is_number(at) or not 0 <= at < 1e14:
        raise Refused(400, "at: a moment is in milliseconds since 1970")
    lost = sent.get("lost")
    return Batch(
        _text(sent, "site", 80), document, seq, min(lost, 1_000_000) if type(lost) is int and lost > 0 else 0,
        _text(sent, "host", 253), _plain(sent, "release"), _plain(sent, "env"), _plain(sent, "sdk")[:20],
        [_item(item, at, now_ms) for item in items],
    )  # fmt: skip


def _inflated(body: bytes) -> bytes:
    """The bytes behind a body that may be gzip, within limits; what follows the stream is refused."""
    if len(body) > MAX_BODY:
        raise Refused(413, f"a batch has at most {MAX_BODY} bytes")
    if body[:2] != _GZIP:
        return body
    unpacking = zlib.decompressobj(31)
    try:
        found = unpacking.decompress(body, MAX_INFLATED)
    except zlib.error:
        raise Refused(400, "this is not gzip") from None
    if not unpacking.eof:
        full = len(found) >= MAX_INFLATED
        raise Refused(413 if full else 400, "a batch has too much JSON" if full else "this gzip stream ends too early")
    if unpacking.unused_data:
        raise Refused(400, "something follows the gzip stream")
    return found


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise Refused(400, "this is not JSON") from None


def _refused(_constant: str) -> NoReturn:
    raise ValueError


def _item(item: Any, sent_at: float, now_ms: int) -> Vital | Failure | str:
    if type(item) is not dict or type(item.get("k")) is not str:
        return "malformed"
    kind, moment, page = item.get("k"), item.get("t"), item.get("page", "")
    if kind in ELSEWHERE:
        return "elsewhere"
    if (
        not _is_number(moment)
        or not 0 <= moment < 1e14
        or (page != "" and not (type(page) is str and _ID.fullmatch(page)))
    ):
        return "malformed"
    at_ms = now_ms - int(min(max(0.0, sent_at - moment), MAX_AGE_MS))
    if kind == "vital":
        return _vital(item, at_ms, page)
    return _failure(item, at_ms, page) if kind == "error" else "malformed"


def _vital(item: dict[str, Any], at_ms: int, page: str) -> Vital | str:
    name, value, navigation = item.get("name"), item.get("value"), _text(item, "nav", 40)
    if type(name) is not str or name not in VITALS or not _is_number(value):
        return "malformed"
    if not 0 <= value <= (MAX_SHIFT if name == "CLS" else MAX_MS):
        return "unbelievable"
    shown = navigation if navigation in NAVIGATIONS else ""
    return Vital(at_ms, _text(item, "url", 2000), page, name, float(value), shown, _text(item, "el", 300))


def _failure(item: dict[str, Any], at_ms: int, page: str) -> Failure | str:
    context, count = item.get("ctx") or {}, item.get("n", 1)
    if type(context) is not dict or type(count) is not int or count < 1 or _depth(context) > MAX_DEPTH:
        return "malformed"
    if len(json.dumps(context)) > 4096:
        context = {"left_out": "the context of this error has over 4096 characters"}
    return Failure(
        at_ms, _text(item, "url", 2000), page, _text(item, "src", 20), _text(item, "name", 100),
        _text(item, "msg", 1000), _text(item, "stack", 8000), _text(item, "comp", 2000), item.get("handled") is True,
        min(count, 1_000_000), context,
    )  # fmt: skip


def _depth(value: Any, depth: int = 0) -> int:
    if depth > MAX_DEPTH:
        return depth
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return max((_depth(one, depth + 1) for one in inner), default=depth)


def _is_number(value: Any) -> TypeGuard[float]:
    return type(value) in {int, float} and abs(value) < 1e300  # NaN compares with nothing


def _text(holder: dict[str, Any], name: str, most: int) -> str:
    value = holder.get(name)
    return value[:most].replace("\0", "") if type(value) is str else ""


def _plain(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if type(value) is str and _PLAIN.fullmatch(value) else ""
