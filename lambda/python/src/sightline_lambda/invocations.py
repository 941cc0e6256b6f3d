"""The invocation that is under way: what its lines have in common, and what it has measured."""

from __future__ import annotations

import os
import time
from _contextvars import ContextVar  # `contextvars` is this and an import more

from sightline_lambda import lines
from sightline_lambda.cleaning import Cleaner, Closed, Uncleaned
from sightline_lambda.events import Origin, origin, trace_of
from sightline_lambda.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

settings = Settings()
_cleaner: list[Any] = []


def cleaner() -> Any:
    """The rules, read when something is first to be cleaned."""
    if not _cleaner:
        if not settings.clean:
            _cleaner.append(Uncleaned())
        else:
            try:
                _cleaner.append(Cleaner(settings.rules))
            except Exception as error:  # rules that cannot be read hide everything, and stop nothing
                _cleaner.append(Closed())
                said = lines.quoted(
                    f"the rules cannot be read, so every text is masked: {type(error).__name__}: {error}"
                )
                lines.write(f'{{"level":"ERROR","message":{said},"timestamp":"{lines.stamp(time.time())}"}}\n')
    return _cleaner[0]


class Invocation:
    """One call of a handler, or what goes on outside of any."""

    __slots__ = (
        "cold", "context", "fields", "groups", "held", "init", "level", "metrics", "origin", "service", "started",
        "user", "values",
    )  # fmt: skip

    def __init__(self, service: str, context: Any, found: Origin, *, cold: bool) -> None:
        self.service, self.context, self.origin, self.cold = service, context, found, cold
        self.started = 0.0
        self.user = ""
        self.level = 0
        self.values = ""  # what `append` gave to every line, as JSON
        # What was measured: counters by name, other metrics by name and unit; those of dimensions by these.
        self.metrics: dict[Any, list[float]] = {}
        self.groups: dict[tuple[tuple[str, str], ...], dict[Any, list[float]]] | None = None
        self.held = 0
        self.init = 0.0
        self.fields = ""

    @property
    def request_id(self) -> str:
        return str(getattr(self.context, "aws_request_id", "") or "")

    def common(self) -> str:
        """The fields that all lines of the invocation share, as JSON that begins with a comma."""
        if not self.fields:
            self.fields = self._fields()
        return self.fields

    def forget(self) -> None:
        """Something that all lines share has changed."""
        self.fields = ""

    def _fields(self) -> str:
        quoted, context, found = lines.quoted, self.context, self.origin
        parts = [f',"service":{quoted(self.service)},"cold_start":{"true" if self.cold else "false"}']
        if context is not None:
            parts.append(_about(context))
        for name, value in (
            ("function_request_id", self.request_id), ("xray_trace_id", found.xray), ("trace_id", found.trace),
            ("correlation_id", found.correlation), ("visit_id", found.visit), ("user_pseudonym", self.user),
        ):  # fmt: skip
            if value:
                parts.append(f',"{name}":{quoted(value)}')
        if found.records > 1:
            parts.append(f',"records":{found.records}')
        parts.append(f',"rules":"{cleaner().version}"')
        return "".join(parts)


_static: dict[str, str] = {}


def _about(context: Any) -> str:
    """What Lambda's context says of the function: the same in every call, as long as it is asked by one name."""
    arn = str(getattr(context, "invoked_function_arn", "") or "")
    known = _static.get(arn)
    if known is None:
        name = str(getattr(context, "function_name", "") or settings.function)
        size = str(getattr(context, "memory_limit_in_mb", "") or "")
        known = f',"function_name":{lines.quoted(name)}' if name else ""
        known += f',"function_memory_size":{lines.quoted(size)}' if size else ""
        known += f',"function_arn":{lines.quoted(arn)}' if arn else ""
        if len(_static) < 16:
            _static[arn] = known
    return known


_current: ContextVar[Invocation | None] = ContextVar("sightline_invocation", default=None)
_outside = Invocation(settings.service, None, Origin(), cold=False)
_last = [_outside]  # for threads that a handler has started: they inherit no context
_cold = [os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency"]


def current() -> Invocation:
    """The invocation under way; outside of any, one without ids."""
    return _current.get() or _last[0]


def begin(service: str, event: object, context: Any) -> Invocation:
    """Start an invocation; the first one of a process is a cold start."""
    found = origin(event)
    if not found.xray:
        # The runtime tells the trace of this invocation in the environment.
        for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";"):
            if part.startswith("Root="):
                found.xray = part[5:]
                found.trace = found.trace or trace_of(found.xray)
    call = Invocation(service, context, found, cold=_cold[0])
    _cold[0] = False
    call.level = 10 if settings.sample and _sampled(found.trace) else 0
    _current.set(call)
    _last[0] = call
    call.started = time.perf_counter()
    return call


def end(call: Invocation) -> None:
    if _current.get() is call:
        _current.set(None)
    if _last[0] is call:
        _last[0] = _outside


def _sampled(trace: str) -> bool:
    """Whether this invocation says everything: all functions of a trace decide alike, by its last digits."""
    drawn = int(trace[-4:], 16) if trace else int.from_bytes(os.urandom(2), "big")
    return drawn < settings.sample * 65536


def init_ms() -> float:
    """How long the process has been up: at the first call, what the cold start took until the handler was ready."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - pathlib costs an import of 3 ms
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        up = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return round(up * 1000, 3) if 0 <= up < 900 else 0.0
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
