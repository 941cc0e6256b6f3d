"""What is wrong with a dashboard's JSON, ours or anybody's, or with our alert rules, without a Grafana.

A panel that asks for a metric which nobody writes shows nothing, and nobody notices: so every query is held against the
catalogue and against AWS's own metrics.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sightline.cloud.grafana.alerts import Alert, Group
from sightline.cloud.grafana.known import KNOWN, SWITCHED
from sightline.cloud.grafana.model import STAGE, Metric

_SEARCH: Final = re.compile(r"""SEARCH\('\{"?([^",}]+)"?((?:,[^},]+)*)\} MetricName="([^"]+)"', '([^']+)'\)""")
_STATS: Final = re.compile(r"Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?")
_COMMANDS: Final = frozenset({"fields", "filter", "stats", "sort", "limit", "parse", "display", "dedup", "pattern"})
_LETTERS: Final = re.compile(r"\b[a-z]\b")
_COLUMNS: Final = 24
_LEAST_TEXT: Final = 20
_UID: Final = re.compile(r"[a-z0-9-]{1,40}")
_LASTS: Final = re.compile(r"0s|[1-9]\d?m|[1-9]\d?h")
_REDUCERS: Final = frozenset({"max", "min", "mean", "sum", "last"})
# What one search brings on the average of our dashboards: for the cost of looking at it.
SERIES_OF_A_SEARCH: Final = 6
# Rules go by site or API, of which there are few.
SERIES_OF_AN_ALERT: Final = 3


def faults(document: Mapping[str, Any], stage: str = "prod") -> list[str]:
    """Everything that is wrong, each with the panel."""
    found = [f"{name} is empty" for name in ("uid", "title", "description") if not document.get(name)]
    panels = document.get("panels", [])
    numbers = [panel.get("id") for panel in panels]
    if len(set(numbers)) != len(numbers):
        found.append(f"panels share an id: {numbers}")
    found += _overlaps(panels)
    for panel in panels:
        found += [f"{panel.get('title')!r}: {fault}" for fault in _panel(panel, stage)]
    return found


def alert_faults(
    groups: Sequence[Group], dashboards: Mapping[str, Mapping[str, Any]], stage: str = "prod"
) -> list[str]:
    """Everything that is wrong with alert rules, each with the rule; `dashboards` are those that they point at."""
    alerts = [(group, alert) for group in groups for alert in group.alerts]
    uids = [alert.uid for _, alert in alerts]
    found = [f"{uid!r}: is the uid of several rules" for uid in sorted({uid for uid in uids if uids.count(uid) > 1})]
    for group, alert in alerts:
        found += [f"{alert.title!r}: {fault}" for fault in _alert(group, alert, dashboards, stage)]
    return found


def evaluated(groups: Sequence[Group]) -> float:
    """How many metrics the rules ask CloudWatch for within an hour; it bills each."""
    return sum(
        (1 if isinstance(alert.query, Metric) else SERIES_OF_AN_ALERT) * 3600 / group.every_s
        for group in groups
        for alert in group.alerts
    )


def asked(document: Mapping[str, Any]) -> int:
    """How many metrics one look asks CloudWatch for; it bills each."""
    targets = [
        target for panel in document["panels"] for target in panel["targets"] if target["queryMode"] == "Metrics"
    ]
    return sum(
        SERIES_OF_A_SEARCH if _SEARCH.search(target["expression"]) else 1
        for target in targets
        if target["metricEditorMode"] == 0 or _SEARCH.search(target["expression"])
    )


def looks_an_hour(document: Mapping[str, Any]) -> float:
    """How often an open dashboard asks again."""
    refresh = document.get("refresh") or "1h"
    minutes = {"s": 1 / 60, "m": 1, "h": 60}[refresh[-1]] * float(refresh[:-1])
    return 60 / min(minutes, 60)


def _panel(panel: Mapping[str, Any], stage: str) -> Iterator[str]:
    if len(panel.get("description") or "") < _LEAST_TEXT:
        yield "has no description that says what it is for"
    sources = [panel.get("datasource"), *(target.get("datasource") for target in panel.get("targets", []))]
    if any(source != {"type": "cloudwatch", "uid": "${source}"} for source in sources):
        yield "takes a data source that is not the variable's"
    if not panel.get("targets"):
        yield "asks for nothing"
    letters = {target.get("id") for target in panel.get("targets", [])}
    for target in panel.get("targets", []):
        yield from _target(target, panel.get("description") or "", letters, stage)


def _alert(group: Group, alert: Alert, dashboards: Mapping[str, Mapping[str, Any]], stage: str) -> Iterator[str]:
    query = alert.query
    yield from _metric(query.namespace, query.name, frozenset(query.dimensions), alert.todo, stage)
    yield from _stat(query.stat)
    if isinstance(query, Metric) and any("$" in value for value in query.dimensions.values()):
        yield "asks by a variable, which only a dashboard has"
    if not _UID.fullmatch(alert.uid):
        yield f"the uid {alert.uid!r} is not of 1 to 40 small letters, digits and -"
    if not _LASTS.fullmatch(alert.lasts):
        yield f"lasts {alert.lasts!r}, which Grafana would write otherwise: 0s, 5m or 1h"
    if alert.reduce not in _REDUCERS:
        yield f"reduces by {alert.reduce!r}, which Grafana does not know"
    if alert.over_s < group.every_s:
        yield f"looks back {alert.over_s} s every {group.every_s} s: what lies between is never seen"
    for name, text in (("summary", alert.summary), ("todo", alert.todo)):
        if len(text) < _LEAST_TEXT:
            yield f"its {name} says nothing"
    panels = {panel["title"]: panel for panel in dashboards.get(alert.dashboard, {"panels": []})["panels"]}
    if alert.panel not in panels:
        yield f"points at the panel {alert.panel!r} of {alert.dashboard!r}, which is not there"
    elif not any(query.name in (one.get("metricName"), *_named(one)) for one in panels[alert.panel]["targets"]):
        yield f"points at the panel {alert.panel!r}, which does not show {query.name}"


def _named(target: Mapping[str, Any]) -> Sequence[str]:
    match = _SEARCH.fullmatch(target.get("expression", ""))
    return (match[3],) if match else ()


def _target(target: Mapping[str, Any], description: str, letters: set[Any], stage: str) -> Iterator[str]:
    expression = target.get("expression", "")
    if target.get("queryMode") == "Logs":
        yield from _logs(expression, target)
    elif target.get("metricEditorMode") == 0:
        dimensions = frozenset(target.get("dimensions", {}))
        yield from _metric(target["namespace"], target["metricName"], dimensions, description, stage)
        yield from _stat(target.get("statistic", ""))
    elif match := _SEARCH.fullmatch(expression):
        dimensions = frozenset(filter(None, match[2].split(",")))
        yield from _metric(match[1], match[3], dimensions, description, stage)
        yield from _stat(match[4])
    elif unknown := set(_LETTERS.findall(expression)) - letters:
        yield f"calculates with {sorted(unknown)}, which the panel does not ask for"
    elif not _LETTERS.search(expression):
        yield f"asks {expression!r}, which is neither a metric, a search nor a sum"


def _metric(namespace: str, name: str, dimensions: frozenset[str], description: str, stage: str) -> Iterator[str]:
    known = KNOWN.get(namespace) or KNOWN.get(namespace.replace(f"/{stage}", f"/{STAGE}"))
    if known is None:
        yield f"asks for the namespace {namespace!r}, which nobody writes"
    elif name not in known:
        yield f"asks for {namespace} {name!r}, which stands in neither the catalogue nor AWS's list"
    elif dimensions not in known[name].dimensions:
        yield f"asks for {namespace} {name} by {sorted(dimensions)}, under which it is not written"
    else:
        switch = known[name].switch or SWITCHED.get(dimensions, "")
        if switch and "$" not in description:
            yield f"asks for {name}, which is not there by default, and names no switch and price ({switch})"


def _stat(stat: str) -> Iterator[str]:
    if not _STATS.fullmatch(stat):
        yield f"asks for the statistic {stat!r}, which CloudWatch does not know"


def _logs(expression: str, target: Mapping[str, Any]) -> Iterator[str]:
    by_arn = target.get("logGroups") or ()
    if not by_arn and not target.get("logGroupNames"):
        yield "asks no log group"
    if not all(str(one.get("arn", "")).startswith("arn:") for one in by_arn):
        yield "names a log group in logGroups without its ARN, which Grafana asks for as an empty one"
    for command in expression.split(" | "):
        word = command.split(" ", 1)[0]
        if word not in _COMMANDS:
            yield f"uses the command {word!r}, which Logs Insights does not know"
    if expression.count('"') % 2 or expression.count("(") != expression.count(")"):
        yield f"the query does not close what it opens: {expression!r}"


def _overlaps(panels: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    taken: dict[tuple[int, int], Any] = {}
    for panel in panels:
        place = panel.get("gridPos", {"x": 0, "y": 0, "w": 0, "h": 0})
        if place["x"] + place["w"] > _COLUMNS or not place["w"] or not place["h"]:
            yield f"{panel.get('title')!r}: does not fit into {_COLUMNS} columns"
        cells = [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        if other := next((taken[cell] for cell in cells if cell in taken), None):
            yield f"{panel.get('title')!r}: lies over {other!r}"
        taken |= dict.fromkeys(cells, panel.get("title"))
