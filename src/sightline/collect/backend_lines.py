"""What one stream's lines say: level, request, trace, visit and fields; invocations and metrics.

It reads Lambda's own lines in both of its formats (START, END, REPORT, INIT_START, time-outs, crashes), what its
runtimes for Python and Node put before a text, JSON lines (ours, AWS Powertools', any other) and the embedded metric
format. Nothing is masked here: texts are as they were written, within limits.

An environment runs one invocation at a time, so a line without a request belongs to the one that runs; and what a line
says of its visit, trace and correlation holds for all lines of its request.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson
from msgspec import Struct

from sightline.collect.cloudwatch import Delivery, Event

MAX_MESSAGE: Final = 16_000
MAX_FIELDS: Final = 16_000
MAX_WORD: Final = 200
MAX_DEPTH: Final = 8
MAX_KEYS: Final = 200
MAX_METRICS: Final = 100  # of one line, as CloudWatch has it
MAX_VALUES: Final = 1_000
LEVELS: Final = ("trace", "debug", "info", "warn", "error", "fatal")
_SIZES: Final = (
    *("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"),
    *("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Count"),
)
UNITS: Final = frozenset(
    ("Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_SIZES, *(f"{size}/Second" for size in _SIZES))
)
_LEVEL_NAMES: Final = {
    **{level: level for level in LEVELS}, "warning": "warn", "critical": "fatal", "err": "error", "notice": "info",
    "information": "info", "verbose": "debug", "severe": "error", "panic": "fatal", "emergency": "fatal",
    # As pino and bunyan count; Python's loggers write names.
    "10": "trace", "20": "debug", "30": "info", "40": "warn", "50": "error", "60": "fatal",
}  # fmt: skip

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z"
_REQUEST: Final = re.compile(_UUID)
_STARTS: Final = re.compile(rf"START RequestId: ({_UUID})")
_ENDS: Final = re.compile(rf"END RequestId: ({_UUID})")
_NOTHING_ELSE: Final = re.compile(r"(?: Version: (?:\$LATEST|\d{1,5}))?")
_REPORT: Final = re.compile(rf"REPORT RequestId: ({_UUID})")
_PYTHON: Final = re.compile(rf"\[([A-Z]{{4,8}})\]\t{_TIME}\t({_UUID})?\t(.*)", re.DOTALL)
_UNHANDLED: Final = re.compile(r"\[ERROR\] (?=[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)?\b)")
_NODE: Final = re.compile(rf"{_TIME}\t({_UUID}|undefined)\t([A-Z]{{3,8}})\t(.*)", re.DOTALL)
_NODE_UNHANDLED: Final = re.compile(r"(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s*\t?")
_TIMED_OUT: Final = re.compile(rf"{_TIME} ({_UUID}) Task timed out after [\d.]+ seconds")
_CRASHED: Final = re.compile(rf"RequestId: ({_UUID}) Error: ")
_PLATFORM: Final = re.compile(
    r"(?:START|END|REPORT) RequestId: |INIT_START |INIT_REPORT |EXTENSION\t|TELEMETRY\t|LOGS\t"
)
_NUMBER: Final = re.compile(r"([A-Z][A-Za-z ]+): ([\d.]+) (?:ms|MB)")
_STATUS: Final = re.compile(r"\bStatus: (\w+)")
_XRAY: Final = re.compile(r"(?:^|Root=|TraceId: )1-([0-9a-f]{8})-([0-9a-f]{24})")
_TRACE_PARENT: Final = re.compile(r"(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-|$)")
_FUNCTION: Final = re.compile(r"/aws/lambda/(?:us-east-1\.)?([^/]+)$")

# The names under which what has a column of its own is written: ours, AWS Powertools', Lambda's, OpenTelemetry's.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "level": ("level", "severity", "levelname", "log_level", "logLevel"),
    "message": ("message", "msg", "event_message"),
    "service": ("service", "service_name", "serviceName"),
    "function": ("function_name", "functionName", "FunctionName"),
    "request": ("function_request_id", "requestId", "request_id", "AWSRequestId", "aws_request_id", "awsRequestId"),
    "trace": ("trace_id", "xray_trace_id", "traceId", "otelTraceID", "xrayTraceId"),
    "correlation": ("correlation_id", "correlationId"),
    "visit": ("visit_id", "visitId", "sightline_visit", "visit"),
    "logger": ("logger", "logger_name", "loggerName"),
    "cold": ("cold_start", "coldStart", "ColdStart"),
}
_OWN: Final = {name: (column, rank) for column, names in _NAMES.items() for rank, name in enumerate(names)}
_LAST: Final = 100
# CloudWatch has the time of each line, and what is measured becomes metrics.
_ELSEWHERE: Final = frozenset({"timestamp", "time", "ts", "@timestamp", "_aws"})


class Said(Struct, gc=False):
    """What one line says; a message that is empty, and no fields, is no line."""

    at_ms: int
    message: str = ""
    fields: Mapping[str, Any] = {}
    level: str = ""
    source: str = ""
    request: str = ""
    trace: str = ""
    correlation: str = ""
    service: str = ""
    function: str = ""
    logger: str = ""
    visit: int = 0
    cold: bool = False
    failed: bool = False
    is_line: bool = True
    cut: bool = False
    clean: bool = False  # nobody but Lambda has written into the message
    run: "Run | None" = None
    measured: "tuple[Measured, ...]" = ()


class Run(Struct, frozen=True, gc=False):
    """One invocation, as Lambda reports it."""

    duration_ms: float = 0.0
    billed_ms: float = 0.0
    init_ms: float = 0.0
    memory_mb: float = 0.0
    used_mb: float = 0.0
    status: str = "ok"


class Measured(Struct, frozen=True, gc=False):
    """The values of one metric in one line."""

    namespace: str
    name: str
    unit: str
    values: tuple[float, ...]
    dimensions: Mapping[str, str]


def said(found: Delivery, events: Iterable[Event] | None = None) -> list[Said]:
    """What the lines of a delivery, or some of them, say."""
    named = _FUNCTION.search(found.group)
    function = named[1] if named else ""
    lines = list(_told(found.events if events is None else events, bool(function)))
    by_request: dict[str, Said] = {}
    for line in lines:
        if line.request:
            first = by_request.get(line.request)
            if first is None:
                first = by_request[line.request] = Said(line.at_ms)
            first.visit, first.trace = first.visit or line.visit, first.trace or line.trace
            first.correlation, first.service = first.correlation or line.correlation, first.service or line.service
            first.failed = first.failed or line.failed
    usual = next((line.service for line in lines if line.service), "") or function or _last(found.group)
    for line in lines:
        known = by_request.get(line.request, line)
        line.visit, line.trace = line.visit or known.visit, line.trace or known.trace
        line.correlation = line.correlation or known.correlation
        line.function = line.function or function
        line.service = line.service or known.service or usual
        if line.run is not None and line.run.status == "ok" and known.failed:
            line.run = Run(**{**_fields_of(line.run), "status": "error"})
    return lines


def _fields_of(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in Run.__struct_fields__}


def _told(events: Iterable[Event], by_lambda: bool) -> Iterator[Said]:  # noqa: FBT001 - whether a function writes
    running = ""
    for event in events:
        line = _line(event)
        if by_lambda:
            if line.source != "platform":
                line.request = line.request or running
            else:
                if line.request and _begins(event.message):
                    running = line.request
                line.request = line.request or running
                if _ends(event.message):
                    running = ""
        elif line.source != "platform":
            line.source = "other"
        yield line


def _begins(message: str) -> bool:
    return message.startswith("START RequestId: ") or '"platform.start"' in message[:200]


def _ends(message: str) -> bool:
    return message.startswith("END RequestId: ") or '"platform.report"' in message[:200]


def _line(event: Event) -> Said:
    text = event.message.rstrip("\r\n")
    value = _object(text)
    if value is None:
        return _plain(event.timestamp, text)
    kind, record = value.get("type"), value.get("record")
    if isinstance(kind, str) and kind.startswith("platform.") and isinstance(record, dict):
        return _platform(event, kind, record)
    return _structured(event.timestamp, value)


def _object(text: str) -> dict[str, Any] | None:
    """The object that a text is, if it is one."""
    if text[:1] != "{" or text[-1:] != "}":
        return None
    try:
        value = orjson.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


# ---- text ----------------------------------------------------------------------------------------------------------


# With what those lines begin that are not a text of somebody's: most texts are told by one letter to be none.
_BEGIN: Final = frozenset("[0123456789SERITL")


def _plain(at_ms: int, text: str) -> Said:
    line = Said(at_ms, source="function", level="info")
    if text[:1] not in _BEGIN:
        pass
    elif _PLATFORM.match(text):
        line.source = "platform"
        if found := _STARTS.match(text) or _ENDS.match(text):
            line.request, line.clean = found[1], _NOTHING_ELSE.fullmatch(text, found.end()) is not None
        elif found := _REPORT.match(text):
            line.request = found[1]
        if text.startswith("REPORT "):
            line.run = _reported(text)
            line.trace = trace_of(text)
            line.failed = line.run.status != "ok"
            line.level = "error" if line.failed else "info"
    elif found := _PYTHON.match(text):
        line, text = _of_runtime(at_ms, found[1], found[2] or "", found[3])
    elif found := _NODE.match(text):
        unhandled = _NODE_UNHANDLED.match(found[3])
        line, text = _of_runtime(at_ms, found[2], found[1], found[3][unhandled.end() :] if unhandled else found[3])
        line.failed = line.failed or unhandled is not None
    elif found := _TIMED_OUT.match(text) or _CRASHED.match(text):
        line.request, line.level, line.source, line.failed = found[1], "error", "platform", True
    elif found := _UNHANDLED.match(text):
        line.level, line.failed, text = "error", True, text[found.end() :]
    line.message, line.cut = text[:MAX_MESSAGE], len(text) > MAX_MESSAGE
    return line


def _of_runtime(at_ms: int, level: str, request: str, text: str) -> tuple[Said, str]:
    """A line with what a runtime puts before its text, which may be JSON itself."""
    value = _object(text)
    line = (
        Said(at_ms, source="function", level=level_of(level) or "info") if value is None else _structured(at_ms, value)
    )
    line.request = line.request or (request if _REQUEST.fullmatch(request) else "")
    if value is not None and not any(name in value for name in _NAMES["level"]):
        line.level = level_of(level) or "info"
    return line, text if value is None else line.message


def _reported(text: str) -> Run:
    numbers = {name.strip(): float(number) for name, number in _NUMBER.findall(text) if number.count(".") < 2}
    status = _STATUS.search(text)
    return Run(
        numbers.get("Duration", 0.0), numbers.get("Billed Duration", 0.0),
        numbers.get("Init Duration", numbers.get("Restore Duration", 0.0)), numbers.get("Memory Size", 0.0),
        numbers.get("Max Memory Used", 0.0), status_of(status[1] if status else ""),
    )  # fmt: skip


# ---- JSON ----------------------------------------------------------------------------------------------------------


def _structured(at_ms: int, value: dict[str, Any]) -> Said:
    line = Said(at_ms, source="function", level="info")
    measured: set[str] = set()
    if isinstance(value.get("_aws"), dict):
        line.measured = tuple(_metrics(value))
        measured = {one.name for one in line.measured}
    known = _known(value)
    level, request, trace = (known.get(name, _NOTHING)[1] for name in ("level", "request", "trace"))
    line.level = level_of(level) or "info"
    if request is not None:
        line.request = found if _REQUEST.fullmatch(found := _word(request)) else ""
    if trace is not None:
        line.trace = trace_of(_word(trace))
    line.visit = visit_of(known.get("visit", _NOTHING)[1])
    for name in _WORDS:
        if name in known:
            setattr(line, name, _word(known[name][1]))
    line.cold = known.get("cold", _NOTHING)[1] in (True, 1)
    message = known.get("message", _NOTHING)[1]
    text = message if isinstance(message, str) else "" if message is None else orjson.dumps(message).decode()
    line.message, line.cut = text[:MAX_MESSAGE], len(text) > MAX_MESSAGE
    line.failed = line.level in {"error", "fatal"} and "errorType" in value and "stackTrace" in value
    taken = {key for column, (key, inner) in known.items() if _has_place(column, line, inner)} | measured
    line.fields = {key: inner for key, inner in value.items() if key not in taken and key not in _ELSEWHERE}
    line.is_line = not line.measured or bool(text)
    return line


_NOTHING: Final[tuple[str, Any]] = ("", None)
_WORDS: Final = ("correlation", "logger", "service", "function")
_BY_OTHERS: Final = frozenset({"visit", "trace", "request"})


def _known(value: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """What has a column, by its name: the key that fills it, the first of those that may, and what stands there."""
    found: dict[str, tuple[str, Any]] = {}
    ranks: dict[str, int] = {}
    for key, inner in value.items():
        own = _OWN.get(key)
        if own is not None and inner is not None and own[1] < ranks.get(own[0], _LAST):
            found[own[0]], ranks[own[0]] = (key, inner), own[1]
    return found


def _has_place(column: str, line: Said, value: object) -> bool:
    """Whether a value stands in its column; one of another type than expected stays a field."""
    if column in _BY_OTHERS:
        return bool(getattr(line, column))
    return column == "message" or isinstance(value, str | bool | int)


def _platform(event: Event, kind: str, record: dict[str, Any]) -> Said:
    line = Said(event.timestamp, source="platform", level="info", message=event.message.strip()[:MAX_MESSAGE])
    request = _word(record.get("requestId"))
    line.request = request if _REQUEST.fullmatch(request) else ""
    tracing = record.get("tracing")
    line.trace = trace_of(_word(tracing.get("value"))) if isinstance(tracing, dict) else ""
    status = status_of(_word(record.get("status")))
    line.failed = status != "ok" and kind in {"platform.report", "platform.runtimeDone"}
    line.level = "error" if line.failed else "info"
    numbers = record.get("metrics")
    if kind == "platform.report" and isinstance(numbers, dict):
        wanted = ("durationMs", "billedDurationMs", "initDurationMs", "memorySizeMB", "maxMemoryUsedMB")
        duration, billed, init, memory, used = (_number(numbers.get(name)) or 0.0 for name in wanted)
        line.run = Run(duration, billed, init or _number(numbers.get("restoreDurationMs")) or 0.0, memory, used, status)
    return line


def _metrics(value: dict[str, Any]) -> Iterator[Measured]:
    """The metrics of a line in the embedded metric format, whatever of them is well formed."""
    count = 0
    blocks = value["_aws"].get("CloudWatchMetrics")
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, dict) or not isinstance(block.get("Metrics"), list):
            continue
        sets = block.get("Dimensions")
        names = {name for one in sets if isinstance(one, list) for name in one} if isinstance(sets, list) else set()
        dimensions = {name: _word(value.get(name)) for name in sorted(name for name in names if isinstance(name, str))}
        for metric in block["Metrics"]:
            name = metric.get("Name") if isinstance(metric, dict) else None
            if not isinstance(name, str) or count >= MAX_METRICS:
                continue
            sent = value.get(name)
            numbers = [_number(one) for one in (sent[:MAX_VALUES] if isinstance(sent, list) else [sent])]
            values = tuple(number for number in numbers if number is not None)
            unit = metric.get("Unit")
            if values:
                count += 1
                named = unit if unit in UNITS else "None"
                yield Measured(_word(block.get("Namespace")), name[:MAX_WORD], named, values, dimensions)


# ---- words -----------------------------------------------------------------------------------------------------------


def level_of(value: object) -> str:
    """A level in our own words; empty where it is none."""
    return _LEVEL_NAMES.get(str(value).lower(), "") if isinstance(value, str | int) else ""


_STATUSES: Final = {"": "ok", "success": "ok", "timeout": "timeout"}


def status_of(text: str) -> str:
    return _STATUSES.get(text.lower(), "error")


def trace_of(text: str) -> str:
    """The 32 digits of a trace, as X-Ray or W3C write it."""
    if found := _XRAY.search(text):
        return found[1] + found[2]
    if found := _TRACE_PARENT.match(text):
        return found[1]
    return ""


def visit_of(value: object) -> int:
    """A visit's id, as our SDK says it; 0 where it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63 else 0


def _word(value: object) -> str:
    if isinstance(value, str):
        return value[:MAX_WORD]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -1e300 < value < 1e300:
        return None  # NaN is not between them either
    return float(value)


def _last(group: str) -> str:
    return group.rstrip("/").rpartition("/")[2]


def flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """One object without any below it: what was nested has its path as key. What is too deep is a text."""
    found: dict[str, Any] = {}

    def put(key: str, inner: Any, depth: int) -> None:
        if len(found) >= MAX_KEYS:
            return
        if isinstance(inner, dict) and inner and depth < MAX_DEPTH:
            for name, below in inner.items():
                put(f"{key}.{name}", below, depth + 1)
        elif isinstance(inner, dict | list):
            found[key] = orjson.dumps(inner).decode()
        else:
            found[key] = inner

    for name, inner in value.items():
        put(name, inner, 1)
    return found
