"""Dashboards, panels and queries as values, and the JSON that Grafana 10 to 13 reads.

Every query goes to the data source that the variable `source` names, so a dashboard fits every workspace. Positions and
ids follow from the order of the panels.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

STAGE: Final = "@stage@"  # stands for dev, staging or prod in names of log groups and namespaces
SCHEMA: Final = 39  # Grafana 10.4; later ones read it and move it up
_COLUMNS: Final = 24
_SOURCE: Final = {"type": "cloudwatch", "uid": "${source}"}


class Folder(StrEnum):
    """Where a dashboard lies; the value is the folder's fixed uid."""

    INFRASTRUCTURE = "infrastructure"
    APPLICATION = "application"
    FRONTEND = "frontend"


class Metric(Struct, frozen=True, kw_only=True):
    """One series of CloudWatch. A dimension's value may be a variable, or * for one series of each."""

    namespace: str
    name: str
    stat: str
    dimensions: Mapping[str, str] = {}
    label: str = ""
    hidden: bool = False
    region: str = "default"


class Search(Struct, frozen=True, kw_only=True):
    """One series for each value that CloudWatch finds of the dimensions."""

    namespace: str
    name: str
    stat: str
    dimensions: tuple[str, ...]
    label: str = ""
    hidden: bool = False
    region: str = "default"

    @property
    def expression(self) -> str:
        schema = ",".join((self.namespace if "/" not in self.namespace else f'"{self.namespace}"', *self.dimensions))
        return f"SEARCH('{{{schema}}} MetricName=\"{self.name}\"', '{self.stat}')"


class Math(Struct, frozen=True, kw_only=True):
    """A sum over the other queries of the panel, by their letters in lower case."""

    expression: str
    label: str = ""
    hidden: bool = False
    region: str = "default"


class Logs(Struct, frozen=True, kw_only=True):
    """A query of Logs Insights over log groups."""

    expression: str
    groups: tuple[str, ...]
    region: str = "default"


Query = Metric | Search | Math | Logs


class Panel(Struct, frozen=True, kw_only=True):
    """One panel. `kind` is Grafana's: timeseries, stat, table, logs, bargauge."""

    title: str
    description: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 8
    limit: float | None = None  # from here on it is red


class Variable(Struct, frozen=True, kw_only=True):
    """A choice at the top: values of a dimension, as CloudWatch knows them, or a text."""

    name: str
    label: str
    namespace: str = ""
    metric: str = ""
    dimension: str = ""
    default: str = ""


class Dashboard(Struct, frozen=True, kw_only=True):
    """One dashboard."""

    uid: str
    title: str
    folder: Folder
    about: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...] = ()
    span: str = "now-24h"
    refresh: str = "5m"


def document(dashboard: Dashboard, stage: str = "prod") -> dict[str, Any]:
    """The JSON of a dashboard, as `POST /api/dashboards/db` takes it."""
    found: dict[str, Any] = json.loads(json.dumps(_document(dashboard)).replace(STAGE, stage))
    return found


def _document(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "uid": dashboard.uid, "title": dashboard.title, "description": dashboard.about,
        "tags": ["sightline", dashboard.folder.value], "schemaVersion": SCHEMA, "version": 0, "editable": False,
        "timezone": "utc", "time": {"from": dashboard.span, "to": "now"}, "refresh": dashboard.refresh,
        "graphTooltip": 1, "fiscalYearStartMonth": 0, "weekStart": "", "liveNow": False, "links": [],
        "annotations": {"list": []},
        "templating": {"list": [_source_variable(), *map(_variable, dashboard.variables)]},
        "panels": list(_placed(dashboard.panels)),
    }  # fmt: skip


def _placed(panels: Sequence[Panel]) -> Iterator[dict[str, Any]]:
    x = y = row = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _COLUMNS:
            x, y, row = 0, y + row, 0
        yield _panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": panel.height})
        x, row = x + panel.width, max(row, panel.height)


def _panel(number: int, panel: Panel, place: Mapping[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    return {
        "id": number, "type": panel.kind, "title": panel.title, "description": panel.description,
        "gridPos": dict(place), "datasource": _SOURCE,
        "targets": [target(index, query) for index, query in enumerate(panel.queries)],
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}, "overrides": [],
        },
        "options": _OPTIONS[panel.kind],
    }  # fmt: skip


def target(index: int, query: Query) -> dict[str, Any]:
    """One query, as a panel and an alert rule hold it."""
    letter = chr(ord("A") + index)
    found: dict[str, Any] = {"refId": letter, "datasource": _SOURCE, "region": query.region}
    if isinstance(query, Logs):
        # By names: `logGroups` needs ARNs, which differ by account, and one without an ARN is asked for as "".
        return {
            **found, "queryMode": "Logs", "id": "", "expression": query.expression, "logGroupNames": list(query.groups),
        }  # fmt: skip
    found |= {
        "queryMode": "Metrics", "metricQueryType": 0, "id": letter.lower(), "label": query.label, "period": "",
        "hide": query.hidden,
    }  # fmt: skip
    if isinstance(query, Math):
        return {**found, "metricEditorMode": 1, "expression": query.expression}
    if isinstance(query, Search):
        return {**found, "metricEditorMode": 1, "expression": query.expression}
    dimensions = {name: [value] for name, value in query.dimensions.items()}
    return {
        **found, "metricEditorMode": 0, "expression": "", "namespace": query.namespace, "metricName": query.name,
        "statistic": query.stat, "dimensions": dimensions, "matchExact": True,
    }  # fmt: skip


def _source_variable() -> dict[str, Any]:
    return {
        "name": "source", "label": "CloudWatch", "type": "datasource", "query": "cloudwatch", "hide": 0,
        "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": "", "skipUrlSync": False,
    }  # fmt: skip


def _variable(variable: Variable) -> dict[str, Any]:
    common = {"name": variable.name, "label": variable.label, "hide": 0, "skipUrlSync": False}
    if not variable.dimension:
        current = {"selected": True, "text": variable.default, "value": variable.default}
        return {**common, "type": "textbox", "query": variable.default, "current": current, "options": [current]}
    return {
        **common, "type": "query", "datasource": _SOURCE, "includeAll": True, "multi": True, "allValue": "*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]}, "options": [], "refresh": 2, "regex": "",
        "sort": 1,
        "query": {
            "queryType": "dimensionValues", "namespace": variable.namespace, "metricName": variable.metric,
            "dimensionKey": variable.dimension, "dimensionFilters": {}, "region": "default", "refId": "variable",
        },
    }  # fmt: skip


_LEGEND: Final = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_REDUCED: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "timeseries": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {
        "reduceOptions": _REDUCED, "colorMode": "value", "graphMode": "area", "justifyMode": "auto",
        "orientation": "auto", "textMode": "auto", "wideLayout": True,
    },
    "bargauge": {
        "reduceOptions": _REDUCED, "displayMode": "gradient", "orientation": "horizontal", "showUnfilled": True,
        "minVizHeight": 10, "minVizWidth": 0, "valueMode": "color",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
    "logs": {
        "dedupStrategy": "none", "enableLogDetails": True, "prettifyLogMessage": False, "showCommonLabels": False,
        "showLabels": False, "showTime": True, "sortOrder": "Descending", "wrapLogMessage": True,
    },
}  # fmt: skip
