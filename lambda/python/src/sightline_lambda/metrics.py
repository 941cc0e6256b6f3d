"""Metrics as CloudWatch's embedded metric format: lines of JSON from which CloudWatch makes metrics by itself.

    from sightline_lambda import metrics

    metrics.count("orders")
    metrics.put("basket", 53.5, unit="None")

One dimension, `service`, stands at every metric. Each further combination of values is a metric of its own that costs
money, so dimensions are given one by one: `metrics.count("orders", shop="berlin")`.
"""

from __future__ import annotations

import time

from sightline_lambda import lines
from sightline_lambda.invocations import Invocation, cleaner, current, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MOST_METRICS = 100  # of one directive
MOST_VALUES = 100  # of one metric
MOST_DIMENSIONS = 30  # of one set
MOST_HELD = 10_000  # values of one invocation: a loop that measures costs bounded memory
UNITS = frozenset((
    "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
    "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
    "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
))  # fmt: skip
_OURS = frozenset(("Duration", "Invocations", "Errors", "ColdStart", "ColdStartDuration"))
_ROOM = 100_000  # characters of what a line may have beside its metrics


def count(name: str, value: float = 1, /, **dimensions: str) -> None:
    """Add to a counter of this invocation; it is written once, as a sum."""
    try:
        value += 0.0
        if value - value != 0 or type(name) is not str:
            return  # NaN and infinities are no counts
        plain = current().metrics if not dimensions else _group(current(), dimensions)
        values = plain.get(name)
        if values is not None:
            values[0] += value
        elif len(plain) < MOST_HELD:
            plain[name] = [value]
    except Exception:  # a metric stops no function
        pass


def put(name: str, value: float, /, unit: str = "None", **dimensions: str) -> None:
    """Note one value of a metric; CloudWatch keeps all of them, for percentiles."""
    try:
        value += 0.0
        if value - value != 0:
            return
        call = current()
        if call.held >= MOST_HELD:
            return
        call.held += 1
        plain = call.metrics if not dimensions else _group(call, dimensions)
        key = name, unit if unit in UNITS else "None"
        values = plain.get(key)
        if values is not None:
            values.append(value)
        else:
            plain[key] = [value]
    except Exception:  # as above
        pass


def flush() -> None:
    """Write what was measured outside of any handler; within one it is written at the end."""
    try:
        for line in documents(current(), {}):
            lines.write(line)
    except Exception:  # as above
        pass


def _group(call: Invocation, dimensions: dict[str, str]) -> dict[Any, list[float]]:
    if call.groups is None:
        call.groups = {}
    if len(call.groups) >= MOST_HELD:
        return {}
    return call.groups.setdefault(tuple(dimensions.items()), {})


def usual(call: Invocation, cold: str, *, failed: bool, ms: float) -> str | None:
    """The one line of an invocation that measured a few values once each, as nearly all do; None for any other."""
    if call.groups is not None:
        return None
    plain = call.metrics
    key = (cold != "", *plain)
    made = _usual.get(key)
    if made is None:
        made = _prepared(call, key, plain)
    head, names = made
    if not head:
        return None
    values = []
    for name, measured in zip(names, plain.values(), strict=True):
        if len(measured) != 1:
            return None
        said = repr(measured[0])
        values.append(name + said[:-2] if said[-2:] == ".0" else name + said)
    return (
        f'{{"_aws":{{"Timestamp":{int(time.time() * 1000)}{head}{call.common()},"Invocations":1,'
        f'"Errors":{1 if failed else 0},"Duration":{ms:.3f}{cold}{"".join(values)}}}\n'
    )


_usual: dict[tuple[object, ...], tuple[str, list[str]]] = {}


def _prepared(call: Invocation, key: tuple[Any, ...], plain: dict[Any, list[float]]) -> tuple[str, list[str]]:
    """What lines of these metrics have in common; nothing where they take more than one line."""
    units = {"Invocations": "Count", "Errors": "Count", "Duration": "Milliseconds"}
    if key[0]:
        units |= (
            {"ColdStart": "Count", "ColdStartDuration": "Milliseconds"} if _is_timed(call) else {"ColdStart": "Count"}
        )
    names = []
    for one in plain:
        name, unit = (one, "Count") if type(one) is str else one
        name = _name(name)
        name = f"{name}_" if name in _OURS else name
        if name in units:
            return "", []
        units[name] = unit
        names.append(f",{lines.quoted(name)}:")
    made = (_head(("service",), list(units.items())), names) if len(units) <= MOST_METRICS else ("", [])
    if len(_usual) < 256 and not key[0]:
        _usual[key] = made
    return made


def _is_timed(call: Invocation) -> bool:
    return call.init > 0


def documents(call: Invocation, ours: dict[str, tuple[str, float]]) -> Iterator[str]:
    """The lines of an invocation: its own metrics (name: unit and value) first, then what the handler measured."""
    plain, groups = call.metrics, call.groups or {}
    call.metrics, call.groups, call.held = {}, None, 0
    moment = str(int(time.time() * 1000))
    every = [(name, unit, [value]) for name, (unit, value) in ours.items()]
    every += [(f"{name}_" if name in _OURS and ours else name, unit, some) for name, unit, some in _listed(plain)]
    if every:
        yield from _documents(call, (), every, moment)
    for dimensions, metrics in groups.items():
        yield from _documents(call, dimensions, _listed(metrics), moment)


def _listed(metrics: dict[Any, list[float]]) -> list[tuple[str, str, list[float]]]:
    return [(key, "Count", some) if type(key) is str else (*key, some) for key, some in metrics.items()]


def _documents(
    call: Invocation, given: tuple[tuple[str, str], ...], measured: list[tuple[str, str, list[float]]], moment: str
) -> Iterator[str]:
    """Split by what a directive may name, and a metric may hold, and a line may weigh."""
    taken: set[str] = set()
    dimensions = tuple(
        (_fresh(_name(name), taken), str(value)[:1024] or "-") for name, value in given if name != "service"
    )
    part: dict[str, tuple[str, str]] = {}
    size = 0
    for written, unit, values in measured:
        name = _name(written)
        while name in taken:
            name += "_"
        for start in range(0, len(values), MOST_VALUES):
            some = values[start : start + MOST_VALUES]
            said = lines.number(some[0]) if len(some) == 1 else f"[{','.join(map(lines.number, some))}]"
            weight = 4 * len(name) + len(said) + 64
            if part and (name in part or len(part) >= MOST_METRICS or size + weight > lines.MOST - _ROOM):
                yield _document(call, dimensions, part, moment)
                part, size = {}, 0
            part[name] = unit, said
            size += weight
    if part:
        yield _document(call, dimensions, part, moment)


def _document(
    call: Invocation, dimensions: tuple[tuple[str, str], ...], part: dict[str, tuple[str, str]], moment: str
) -> str:
    sets = ("service", *(name for name, _ in dimensions[: MOST_DIMENSIONS - 1]))
    head = _head(sets, [(name, unit) for name, (unit, _) in part.items()])
    values = "".join([f",{lines.quoted(name)}:{said}" for name, (_, said) in part.items()])
    others = "".join([f",{lines.quoted(name)}:{lines.quoted(value)}" for name, value in dimensions])
    return f'{{"_aws":{{"Timestamp":{moment}{head}{call.common()}{others}{values}}}\n'


def _head(sets: tuple[str, ...], units: list[tuple[str, str]]) -> str:
    quoted = lines.quoted
    named = ",".join([f'{{"Name":{quoted(name)},"Unit":"{unit}"}}' for name, unit in units])
    return (
        f',"CloudWatchMetrics":[{{"Namespace":{quoted(settings.namespace)},'
        f'"Dimensions":[[{",".join(map(quoted, sets))}]],"Metrics":[{named}]}}]}}'
    )


def _fresh(name: str, taken: set[str]) -> str:
    """A name that none of these is: two that are written alike (` `, and nothing) stay two."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


_names: dict[str, str] = {}


def _name(name: str) -> str:
    """A name as CloudWatch takes it: 1 to 250 letters on one line, none of a line's own fields, nothing personal."""
    known = _names.get(name)
    if known is None:
        known = " ".join(str(name).split())[:250] or "unnamed"
        if cleaner().text(known) != known:
            known = "masked"
        if known in lines.STANDARD:
            known += "_"
        if len(_names) < 1024:
            _names[name] = known
    return known
