"""One question to each data source, as a panel asks it: whether the workspace's role may read what dashboards show."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sightline.cloud.grafana.http import Grafana, GrafanaRefused
from sightline.cloud.grafana.wanted import CLOUDWATCH, OPENSEARCH, Wanted

_LOGS_S: Final = 60
_ENDED: Final = ("Complete", "Failed", "Cancelled", "Timeout")
_COMMON: Final = {"refId": "A", "maxDataPoints": 100, "intervalMs": 60_000}
_SOURCE: Final = {"type": "cloudwatch", "uid": CLOUDWATCH}


def sources(wanted: Wanted) -> Sequence[str]:
    """The names of what can be asked."""
    return ("CloudWatch", "Logs Insights", *(("OpenSearch",) if wanted.search else ()))


def ask_all(grafana: Grafana, wanted: Wanted, *, poll_s: float = 1) -> Iterator[str]:
    """The names of the sources that answered; the first that does not ends it."""
    for name in sources(wanted):
        ask(grafana, wanted, name, poll_s=poll_s)
        yield name


def ask(grafana: Grafana, wanted: Wanted, name: str, *, poll_s: float = 1) -> None:
    """Ask one source; refused if it does not answer."""
    if name == "CloudWatch":
        _asked(grafana, _metrics(wanted.region), name, "cloudwatch:GetMetricData")
    elif name == "Logs Insights":
        _ask_logs(grafana, wanted, poll_s)
    else:
        _asked(grafana, _SEARCH, name, "es:ESHttpPost on the domain")


def _ask_logs(grafana: Grafana, wanted: Wanted, poll_s: float) -> None:
    """Logs Insights works on a query in the background: it is begun, and its answer asked for until it has ended."""
    name, needs = "Logs Insights", "logs:StartQuery and logs:GetQueryResults"
    group = f"/observability/{wanted.stage}/service"
    text = "fields @timestamp | limit 1"
    common = {**_COMMON, "datasource": _SOURCE, "queryMode": "Logs", "type": "logAction", "region": wanted.region}
    begun = _asked(grafana, {
        **common, "subtype": "StartQuery", "queryString": text, "expression": text, "logGroupNames": [group],
    }, name, needs)  # fmt: skip
    query = begun["frames"][0]["data"]["values"][0][0]
    until = time.monotonic() + _LOGS_S
    while True:
        found = _asked(grafana, {**common, "subtype": "GetQueryResults", "queryId": query}, name, needs)
        state = found["frames"][0]["schema"].get("meta", {}).get("custom", {}).get("Status", "")
        if state == "Complete":
            return
        if state in _ENDED or time.monotonic() > until:
            raise GrafanaRefused(
                f"a query of Logs Insights over {group} ended as {state or 'nothing'}", hint="Run this again."
            )
        time.sleep(poll_s)


def _asked(grafana: Grafana, query: Mapping[str, Any], name: str, needs: str) -> Mapping[str, Any]:
    answer = grafana.send("POST", "/api/ds/query", {"from": "now-1h", "to": "now", "queries": [dict(query)]})
    result: Mapping[str, Any] = answer["results"]["A"]
    if result.get("error"):
        raise GrafanaRefused(
            f"{name} cannot be asked from Grafana: {result['error']}",
            hint=f"Check that the workspace's role may do {needs}, then run this again.",
        )
    return result


def _metrics(region: str) -> dict[str, Any]:
    """The calls of all functions in an hour."""
    return {
        **_COMMON, "datasource": _SOURCE, "queryMode": "Metrics", "metricQueryType": 0, "metricEditorMode": 0,
        "region": region, "namespace": "AWS/Lambda", "metricName": "Invocations", "statistic": "Sum",
        "dimensions": {}, "matchExact": True, "id": "a", "period": "3600",
    }  # fmt: skip


_SEARCH: Final[Mapping[str, Any]] = {
    **_COMMON, "datasource": {"type": "grafana-opensearch-datasource", "uid": OPENSEARCH}, "queryType": "lucene",
    "query": "*", "timeField": "@timestamp", "metrics": [{"type": "count", "id": "1"}],
    "bucketAggs": [{"type": "date_histogram", "id": "2", "field": "@timestamp", "settings": {"interval": "10m"}}],
}  # fmt: skip
