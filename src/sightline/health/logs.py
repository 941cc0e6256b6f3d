"""The kinds of what a backend writes: `log` (a line), `invocation` (one run of a function), `metric` (one value).

A line that belongs to a visit has its id, from the header that the SDK adds to requests; an invocation and a metric get
it from the lines of the same request. So an erasure of the visit takes all three.
"""

from typing import Final

from sightline.accounts.sites import Kept
from sightline.signals.kind import Double, Flag, Integer, Json, Signal, Text, Word, declare
from sightline.signals.kinds import KINDS

SOURCES: Final = frozenset({"function", "platform", "other"})


class LogLine(Signal, frozen=True, kw_only=True, gc=False):
    """One line. `fields` is one flat JSON object: what was nested has its path as key, with dots."""

    cold: Flag = False  # of the first request in a new environment, as the line itself says
    failed: Flag = False  # the invocation ended with it: an exception that nobody caught, a time-out
    level: Word = ""
    source: Word = ""
    request: Word = ""  # the UUID that Lambda gave the invocation
    trace: Word = ""  # 32 hexadecimal digits, as W3C writes a trace
    service: Text = ""
    function: Text = ""
    log_group: Text = ""
    stream: Text = ""
    logger: Text = ""
    correlation: Text = ""
    message: Text = ""
    fields: Json = ""


class Invocation(Signal, frozen=True, kw_only=True, gc=False):
    """One run of a function, as Lambda reports it when it has ended."""

    duration_ms: Double = 0.0
    init_ms: Double = 0.0  # of a cold start
    billed_ms: Integer = 0
    memory_mb: Integer = 0
    used_mb: Integer = 0
    cold: Flag = False
    status: Word = ""  # ok, error or timeout
    request: Word = ""
    trace: Word = ""
    service: Text = ""
    function: Text = ""


class Metric(Signal, frozen=True, kw_only=True, gc=False):
    """The values of one metric in one line of CloudWatch's embedded metric format."""

    total: Double = 0.0
    least: Double = 0.0
    most: Double = 0.0
    count: Integer = 0
    unit: Word = ""
    request: Word = ""
    trace: Word = ""
    namespace: Text = ""
    name: Text = ""
    service: Text = ""
    function: Text = ""
    dimensions: Json = ""


LOG: Final = declare("log", LogLine, kept=Kept.LOGS)
INVOCATION: Final = declare("invocation", Invocation, kept=Kept.LOGS)
METRIC: Final = declare("metric", Metric, kept=Kept.LOGS)
for _kind in (LOG, INVOCATION, METRIC):
    KINDS.add(_kind)
