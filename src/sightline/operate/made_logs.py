"""From a payload of CloudWatch Logs to masked signals: pure, and the part that takes time."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct

from sightline.collect import cloudwatch
from sightline.collect.backend_lines import MAX_FIELDS, Measured, Run, Said, flat, said
from sightline.health.logs import Invocation, LogLine, Metric
from sightline.privacy.dictionary import Rules
from sightline.privacy.structures import clean_text, mask_json, mask_json_text
from sightline.signals.kind import Signal

_AHEAD_MS: Final = 60_000
_MOST_INTEGER: Final = 2**31 - 1
_NESTED: Final = frozenset((dict, list))


class Part(Struct, frozen=True):
    """What is committed together."""

    key: str
    signals: tuple[LogLine | Invocation | Metric, ...]
    size: int


class Made(Struct, frozen=True):
    """What became of a payload."""

    parts: tuple[Part, ...]
    lines: int
    cut: int = 0
    first_ms: int = 0


def made(rules: Rules, number: int, site: int, payload: bytes, now_ms: int) -> Made:
    """Decode and mask one payload under rules with their number."""
    found = cloudwatch.delivery(payload)
    lines = said(found)
    masking = _Masking(rules, number, site, now_ms, found)
    parts, at = [], 0
    for key, events in found.batches():
        signals = tuple(signal for line in lines[at : at + len(events)] for signal in masking.signals(line))
        at += len(events)
        if signals:
            parts.append(Part(key, signals, sum(map(_size, signals))))
    first_ms = min((line.at_ms for line in lines), default=now_ms)
    return Made(tuple(parts), len(lines), sum(line.cut for line in lines), first_ms)


def packed(rules: Rules, number: int, site: int, payload: bytes, now_ms: int) -> bytes:
    """What `made` makes, for the way from the process that masks: pickling objects takes six times as long."""
    found = made(rules, number, site, payload, now_ms)
    parts = []
    for part in found.parts:
        order = bytes([_KINDS.index(type(signal)) for signal in part.signals])
        told = [signal for signal in part.signals if type(signal) is LogLine]
        runs = [signal for signal in part.signals if type(signal) is Invocation]
        measured = [signal for signal in part.signals if type(signal) is Metric]
        parts.append((part.key, part.size, order, told, runs, measured))
    return _encoder.encode(_Packed(parts, found.lines, found.cut, found.first_ms))


def unpacked(data: bytes) -> Made:
    """What was packed, with the signals of each part in their order again."""
    found = _decoder.decode(data)
    parts = []
    for key, size, order, told, runs, measured in found.parts:
        each: tuple[Iterator[LogLine | Invocation | Metric], ...] = (iter(told), iter(runs), iter(measured))
        parts.append(Part(key, tuple(next(each[kind]) for kind in order), size))
    return Made(tuple(parts), found.lines, found.cut, found.first_ms)


class _Packed(Struct, frozen=True, array_like=True):
    parts: list[tuple[str, int, bytes, list[LogLine], list[Invocation], list[Metric]]]
    lines: int
    cut: int
    first_ms: int


_KINDS: Final[tuple[type[LogLine | Invocation | Metric], ...]] = (LogLine, Invocation, Metric)
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Packed)


def _size(signal: Signal) -> int:
    return 400 + len(signal.message) + len(signal.fields) if isinstance(signal, LogLine) else 400


class _Masking:
    """Makes signals of lines. What stands in many of them is masked once."""

    def __init__(self, rules: Rules, number: int, site: int, now_ms: int, found: cloudwatch.Delivery) -> None:
        self._rules = rules
        self._known: dict[str, str] = {"": ""}
        self._site, self._number = site, number
        self._latest_ms = now_ms + _AHEAD_MS
        self._group, self._stream = self._often(found.group), self._often(found.stream)

    def signals(self, line: Said) -> Iterator[LogLine | Invocation | Metric]:
        at_ms = min(line.at_ms, self._latest_ms)
        service, function = self._often(line.service), self._often(line.function)
        if line.is_line:
            yield LogLine(
                site=self._site, rules=self._number, created_ms=at_ms, visit=line.visit, trace=line.trace,
                request=line.request, service=service, function=function, cold=line.cold, failed=line.failed,
                level=line.level, source=line.source, log_group=self._group, stream=self._stream,
                logger=self._often(line.logger), correlation=self._often(line.correlation),
                message=line.message if line.clean else self._text(line.message), fields=self._fields(line),
            )  # fmt: skip
        if line.run is None and not line.measured:
            return
        common: dict[str, Any] = {
            "site": self._site, "rules": self._number, "created_ms": at_ms, "visit": line.visit, "trace": line.trace,
            "request": line.request, "service": service, "function": function,
        }  # fmt: skip
        if line.run is not None:
            yield _invocation(common, line.run)
        for measured in line.measured:
            yield self._metric(common, measured)

    def _metric(self, common: Mapping[str, Any], measured: Measured) -> Metric:
        values = measured.values
        return Metric(
            **common, total=sum(values), least=min(values), most=max(values), count=len(values), unit=measured.unit,
            namespace=self._often(measured.namespace), name=self._often(measured.name),
            dimensions=self._json(measured.dimensions),
        )  # fmt: skip

    def _fields(self, line: Said) -> str:
        """The fields as one flat object, masked by the keys that they were nested under."""
        if not line.fields:
            return ""
        if _NESTED.isdisjoint(map(type, line.fields.values())):
            text = self._json(line.fields)
        else:
            masked = mask_json(self._rules, line.fields)
            text = self._json(flat(masked)) if isinstance(masked, dict) else self._json({"fields": str(masked)})
        if len(text) > MAX_FIELDS:
            line.cut = True
            text = self._json({"cut": f"{len(text)} characters of fields were too many"})
        return text

    def _json(self, value: Mapping[str, Any]) -> str:
        return mask_json_text(self._rules, orjson.dumps(value)).decode() if value else ""

    def _text(self, text: str) -> str:
        return clean_text(self._rules, text.replace("\0", "�")) if text else ""

    def _often(self, text: str) -> str:
        masked = self._known.get(text)
        if masked is None:
            masked = self._known[text] = self._text(text)
        return masked


def _invocation(common: Mapping[str, Any], run: Run) -> Invocation:
    return Invocation(
        **common, duration_ms=run.duration_ms, init_ms=run.init_ms, billed_ms=_whole(run.billed_ms),
        memory_mb=_whole(run.memory_mb), used_mb=_whole(run.used_mb), cold=run.init_ms > 0, status=run.status,
    )  # fmt: skip


def _whole(value: float) -> int:
    return int(min(max(value, 0), _MOST_INTEGER))
