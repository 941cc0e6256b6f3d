"""Lines of JSON to stdout, which is what Lambda keeps: one write for each, and never an error for who writes."""

from __future__ import annotations

import json
import sys
import time
from json.encoder import encode_basestring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# CloudWatch Logs takes 1 MiB for an event, of which 26 bytes are its own.
MOST = 1_048_576 - 26
STANDARD = frozenset((
    "level", "message", "timestamp", "service", "cold_start", "function_name", "function_memory_size", "function_arn",
    "function_request_id", "xray_trace_id", "trace_id", "correlation_id", "visit_id", "user_pseudonym", "rules",
    "location", "logger", "exception", "exception_name", "truncated", "_aws", "records",
))  # fmt: skip

quoted = encode_basestring  # in C, as the module above prefers it
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=True).encode
_day = ["", 0]  # the current second as text, and which it is


def stamp(now: float) -> str:
    """A moment as RFC 3339 in UTC, to the millisecond."""
    second = int(now)
    if second != _day[1]:
        _day[0], _day[1] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)), second
    return f"{_day[0]}.{int((now - second) * 1000):03d}Z"


def json_of(value: Any) -> str:
    """A value as JSON, whatever it is; what JSON cannot say is null or text."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is int:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return number(value)
    try:
        text = _encode(value)
        return text if "NaN" not in text and "Infinity" not in text else _encode(_finite(value))
    except (TypeError, ValueError, RecursionError):
        return quoted(str(value))


def number(value: float) -> str:
    """A number as JavaScript writes it too: 2.0 is 2."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        return "null"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 - NaN
        return None
    return value


def write(line: str) -> None:
    """Write a line. Whoever logs is not told that stdout is closed or cannot spell a letter."""
    try:
        out = sys.stdout
        try:
            out.write(line)
        except UnicodeEncodeError:
            out.write(_escaped(line))
    except Exception:  # a broken stdout is no reason for a function to fail
        pass


def flush() -> None:
    try:
        sys.stdout.flush()
    except Exception:
        pass


def _escaped(line: str) -> str:
    """A line of JSON in ASCII: its letters stand within texts only, so each may be escaped where it is."""
    return "".join(char if char < "\x80" else json.dumps(char)[1:-1] for char in line)
