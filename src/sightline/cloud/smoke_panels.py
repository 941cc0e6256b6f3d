"""The queries of dashboards' panels, asked without a Grafana: as GetMetricData and as queries of Logs Insights.

Grafana sends CloudWatch the same; so what is found here is what a panel shows.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from sightline import clock
from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.model import document
from sightline.cloud.session import AwsRefused, client, told
from sightline.settings import AwsSettings

# What our signals have to show up in.
PANELS: Final = (
    ("sightline-vitals", "Page views measured"),
    ("sightline-vitals", "LCP"),
    ("sightline-frontend-errors", "Errors"),
    ("sightline-frontend-errors", "Latest"),
    ("sightline-self", "Committed"),
)
_PERIOD_S: Final = 60
_QUERY_S: Final = 60
_POLL_S: Final = 0.5


class Asked(Struct, frozen=True):
    """The values of the dashboards' variables, and since when."""

    site: str
    device: str
    stage: str
    from_ms: int

    def filled(self, text: str) -> str:
        return text.replace("$site", self.site).replace("$device", self.device)


def ask(aws: AwsSettings, dashboard: str, title: str, asked: Asked) -> list[str]:
    """What the panel's queries bring: for each series that has values its label and sum, for each line its fields."""
    [found] = [document(one, asked.stage) for one in ALL if one.uid == dashboard]
    [panel] = [one for one in found["panels"] if one["title"] == title]
    lines = [one for one in panel["targets"] if one["queryMode"] == "Logs"]
    metrics = [one for one in panel["targets"] if one["queryMode"] == "Metrics"]
    if aws.endpoint_url and metrics and all(one["metricEditorMode"] == 1 for one in metrics):
        raise AwsRefused("an emulator answers no searches of metrics", hint="Run this against AWS.")
    return [*_lines(aws, lines, asked), *(_series(aws, metrics, asked) if metrics else ())]


def shown(found: Sequence[str], mark: str) -> str:
    """Lines have to be ours; of a metric any value will do, since it stands under our site."""
    lines = [one for one in found if one.startswith("line ")]
    if lines:
        return "the line of this run" if any(mark in one for one in lines) else ""
    return "; ".join(found)[:200]


def _series(aws: AwsSettings, targets: Sequence[Mapping[str, Any]], asked: Asked) -> Iterator[str]:
    queries = [_query(target, asked) for target in targets]
    with told("ask GetMetricData what the panel asks"):
        answer = client("cloudwatch", aws).get_metric_data(
            MetricDataQueries=queries, StartTime=clock.from_ms(asked.from_ms),
            EndTime=clock.from_ms(clock.now_ms() + _PERIOD_S * 1000),
        )  # fmt: skip
    for result in answer["MetricDataResults"]:
        values = [value for value in result["Values"] if value]
        if values:
            yield f"{result.get('Label') or result['Id']}: {sum(values):g}"


def _query(target: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    common = {"Id": target["id"], "Label": target["label"] or target["refId"], "ReturnData": not target["hide"]}
    if target["metricEditorMode"] == 1:
        return {**common, "Expression": asked.filled(target["expression"]), "Period": _PERIOD_S}
    dimensions = [{"Name": name, "Value": asked.filled(values[0])} for name, values in target["dimensions"].items()]
    metric = {"Namespace": target["namespace"], "MetricName": target["metricName"], "Dimensions": dimensions}
    return {**common, "MetricStat": {"Metric": metric, "Period": _PERIOD_S, "Stat": target["statistic"]}}


def _lines(aws: AwsSettings, targets: Sequence[Mapping[str, Any]], asked: Asked) -> Iterator[str]:
    logs = client("logs", aws)
    for target in targets:
        groups = target["logGroupNames"]
        with told(f"ask Logs Insights over {', '.join(groups)}"):
            query = logs.start_query(
                logGroupNames=groups, startTime=asked.from_ms // 1000, endTime=clock.now_ms() // 1000 + _PERIOD_S,
                queryString=asked.filled(target["expression"]),
            )["queryId"]  # fmt: skip
        for row in _answered(logs, query):
            yield "line " + " ".join(f"{field['field']}={field['value']}" for field in row)


def _answered(logs: Any, query: str) -> Sequence[Sequence[Mapping[str, str]]]:
    until = time.monotonic() + _QUERY_S
    while True:
        with told("read the answer of Logs Insights"):
            found = logs.get_query_results(queryId=query)
        if found["status"] == "Complete":
            rows: Sequence[Sequence[Mapping[str, str]]] = found["results"]
            return rows
        if found["status"] not in {"Scheduled", "Running"} or time.monotonic() > until:
            raise AwsRefused(
                f"the query of Logs Insights ended as {found['status']}", hint="Run this again; it costs $0.005 a GB."
            )
        time.sleep(_POLL_S)
