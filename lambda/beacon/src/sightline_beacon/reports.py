"""What a batch becomes: one line for a page view's vitals, one for an error. Fields are those of Sightline's server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from sightline_beacon.batches import Batch, Failure, Vital
from sightline_lambda import lines
from sightline_lambda.invocations import cleaner, settings

# The good end and the poor end of each, as their authors publish them.
RATINGS: Final = {
    "LCP": (2500, 4000), "INP": (200, 500), "CLS": (0.1, 0.25), "FCP": (1800, 3000), "TTFB": (800, 1800),
    "FID": (100, 300),
}  # fmt: skip
_DIMENSIONS: Final = '[["site"],["site","device"]]'
_NUMBERS: Final = re.compile("[0-9]+")
_BROWSERS: Final = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def documents(batch: Batch, site: str, agent: str) -> Iterator[str]:
    """The lines of a batch, cleaned."""
    about = {"site": site, "device": device_of(agent), **_about(batch, agent)}
    views: dict[tuple[str, str, str], list[Vital]] = {}
    for item in batch.items:
        if isinstance(item, Vital):
            views.setdefault((item.page, item.url, item.navigation), []).append(item)
        elif isinstance(item, Failure):
            yield _failure(item, batch, about)
    for vitals in views.values():
        yield _vitals(vitals, batch, about)


def _vitals(vitals: list[Vital], batch: Batch, about: dict[str, Any]) -> str:
    last = {vital.name: vital for vital in vitals}
    first = vitals[0]
    units = {name: "None" if name == "CLS" else "Milliseconds" for name in last}
    fields: dict[str, Any] = {name: vital.value for name, vital in last.items()}
    fields["type"] = "web_vitals"
    fields["ratings"] = {name: rating(name, vital.value) for name, vital in last.items()}
    elements = {name: cleaner().text(vital.element) for name, vital in last.items() if vital.element}
    if elements:
        fields["elements"] = elements
    if first.navigation:
        fields["navigation"] = first.navigation
    return _line(first, batch, units, {**about, **fields})


def _failure(failure: Failure, batch: Batch, about: dict[str, Any]) -> str:
    clean = cleaner()
    message, stack = clean.text(failure.message), clean.trace(failure.stack)
    name = clean.text(failure.name)
    fields: dict[str, Any] = {
        "Errors": failure.times, "type": "page_error", "level": "ERROR",
        "message": f"{name}: {message}" if name else message, "handled": failure.handled, "source": failure.source,
        "fingerprint": fingerprint(name, message, stack),
        "error": {"name": name, "message": message, "stack": stack},
    }  # fmt: skip
    if failure.component:
        fields["component"] = clean.trace(failure.component)
    if failure.context:
        fields["context"] = {clean.key(key)[0]: clean.value(key, value) for key, value in failure.context.items()}
    return _line(failure, batch, {"Errors": "Count"}, {**about, **fields})


def _line(item: Vital | Failure, batch: Batch, units: dict[str, str], fields: dict[str, Any]) -> str:
    place = cleaner().value("url", item.url)
    split = urlsplit(place) if isinstance(place, str) else urlsplit("")
    named = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    directive = (
        f'{{"Namespace":{lines.quoted(settings.namespace)},"Dimensions":{_DIMENSIONS},'
        f'"Metrics":{lines.json_of(named)}}}'
    )
    document = {
        "site": fields.pop("site"), "device": fields.pop("device"),
        "timestamp": lines.stamp(item.at_ms / 1000), "service": settings.service,
        "visit": batch.document, "path": split.path or "/", "rules": cleaner().version, **fields,
    }  # fmt: skip
    rest = lines.json_of(document)
    return f'{{"_aws":{{"Timestamp":{item.at_ms},"CloudWatchMetrics":[{directive}]}},{rest[1:]}\n'


def _about(batch: Batch, agent: str) -> dict[str, Any]:
    found = {
        "hostname": cleaner().text(batch.host), "release": cleaner().text(batch.release),
        "environment": cleaner().text(batch.environment), "browser": _named(agent, _BROWSERS),
        "os": _named(agent, _SYSTEMS),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _named(agent: str, known: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in known if mark in agent), "")


def device_of(agent: str) -> str:
    """The kind of device, of which there are few: it is a dimension, and each value of one costs a metric."""
    if not agent:
        return "unknown"
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobile" not in agent):
        return "tablet"
    return "mobile" if "Mobi" in agent else "desktop"


def rating(name: str, value: float) -> str:
    good, poor = RATINGS[name]
    return "good" if value <= good else "poor" if value > poor else "needs-improvement"


def fingerprint(name: str, message: str, stack: str) -> str:
    """What errors that are one and the same have in common: name, message without numbers, and the first frame."""
    frame = next((line.strip() for line in stack.split("\n")[1:] if line.strip()), "")
    text = _NUMBERS.sub("0", f"{name}\n{message}\n{frame.partition('?')[0]}")
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
