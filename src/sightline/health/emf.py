"""Vitals and errors as lines that CloudWatch reads: embedded metric format, with everything else beside. Pure.

One line is one page view's vitals, or one error. Dimensions are few, since each combination of their values is a
metric that costs money; what else is known stands beside them as a property, for Logs Insights. What is written was
masked before; no visitor or person stands in a line, only the visit, by which a recording is found.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from sightline import clock
from sightline.health import noise
from sightline.health.failures import Failure
from sightline.health.fingerprints import parts_of
from sightline.health.vitals import Vital
from sightline.signals.kind import Signal

_DIMENSIONS: Final = (("site",), ("site", "device"))
_STACK: Final = 8_000
_SERVICE: Final = "sightline"
_UNKNOWN: Final = "unknown"  # a dimension may not be empty
_ABOUT: Final = (
    "hostname", "path", "release", "environment", "browser", "os", "country", "navigation",
)  # fmt: skip


def lines(signals: Iterable[Signal], namespace: str) -> Iterator[str]:
    """The lines of what was committed together; an empty one stands for an error that is noise."""
    views: dict[tuple[Any, ...], list[Vital]] = {}
    for signal in signals:
        if isinstance(signal, Vital):
            view = signal.site, signal.visit, signal.page, signal.path, signal.navigation
            views.setdefault(view, []).append(signal)
        elif isinstance(signal, Failure):
            yield _error(signal, namespace)
    for values in views.values():
        yield _vitals(values, namespace)


def _vitals(values: Sequence[Vital], namespace: str) -> str:
    first = values[0]
    found = {one.metric: one.value for one in values}
    units = [(name, "None" if name == "CLS" else "Milliseconds") for name in found]
    return _line(
        namespace, first, units, **found, type="web_vitals",
        ratings={one.metric: one.rating for one in values},
        elements={one.metric: one.element for one in values if one.element},
    )  # fmt: skip


def _error(failure: Failure, namespace: str) -> str:
    parts = parts_of(failure.name, failure.message, failure.source, failure.stack)
    if noise.noise(parts):
        return ""
    text = f"{failure.name}: {failure.message}" if failure.name else failure.message
    return _line(
        namespace, failure, [("Errors", "Count")], Errors=failure.count, type="page_error", level="ERROR",
        message=text, handled=failure.handled, source=failure.source, fingerprint=str(failure.fingerprint),
        error={"name": failure.name, "message": failure.message, "stack": failure.stack[:_STACK]},
    )  # fmt: skip


def _line(namespace: str, signal: Vital | Failure, units: Sequence[tuple[str, str]], **fields: Any) -> str:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units]
    directive = {"Namespace": namespace, "Dimensions": _DIMENSIONS, "Metrics": metrics}
    about = {name: value for name in _ABOUT if (value := getattr(signal, name, ""))}
    document = {
        "_aws": {"Timestamp": signal.created_ms, "CloudWatchMetrics": [directive]},
        "site": str(signal.site), "device": signal.device or _UNKNOWN,
        "timestamp": clock.from_ms(signal.created_ms).isoformat(timespec="milliseconds"), "service": _SERVICE,
        "visit": str(signal.visit), **fields, **about,
    }  # fmt: skip
    return msgspec.json.encode(document).decode()
