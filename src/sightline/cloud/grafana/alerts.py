"""Alert rules of Grafana: what CloudWatch's alarms do not watch, since it goes by site, function or API.

A rule asks CloudWatch at its group's interval, takes one number of each series, and holds it against a limit. Each look
is billed, hence the intervals. A rule points at the panel that shows the same, and says what to do.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.known import PAGES
from sightline.cloud.grafana.model import STAGE, Folder, Metric, Search, target
from sightline.metrics import NAMESPACE

SOURCE: Final = "sightline-cloudwatch"
_SUMS: Final = "__expr__"  # Grafana's own name for what calculates over queries
_PERIOD_S: Final = 300


class Alert(Struct, frozen=True, kw_only=True):
    """One rule. It fires when a series stays beyond `limit` for the time `lasts`."""

    uid: str
    title: str
    query: Metric | Search
    limit: float
    below: bool = False
    over_s: int = 900  # how far back a look goes
    reduce: str = "max"  # what is made of the values in it: max, min, mean, sum, last
    lasts: str = "0s"
    urgent: bool = False
    summary: str
    todo: str
    dashboard: str
    panel: str


class Group(Struct, frozen=True, kw_only=True):
    """Rules that are looked at together."""

    title: str
    folder: Folder
    every_s: int
    alerts: tuple[Alert, ...]


def _pages(name: str, stat: str) -> Search:
    return Search(namespace=PAGES, name=name, stat=stat, dimensions=("site",))


def _own(name: str, stat: str) -> Metric:
    return Metric(namespace=NAMESPACE, name=name, stat=stat)


SIGHTLINE: Final = Group(title="sightline", folder=Folder.INFRASTRUCTURE, every_s=900, alerts=(
    Alert(uid="sightline-behind", title="Reports are behind", query=_own("WarehouseLag", "Maximum"), limit=600_000,
          lasts="15m", dashboard="sightline-self", panel="Reports behind",
          summary="Reports have not read what was committed ten minutes before.",
          todo="`sightline warehouse status` says where it stands; restart the task, or rebuild the warehouse."),
    Alert(uid="sightline-no-leader", title="Nobody runs jobs", query=_own("Leader", "Maximum"), limit=1, below=True,
          lasts="15m", dashboard="sightline-self", panel="Leader",
          summary="No task has held the lock of background jobs for a quarter of an hour: nothing is sealed.",
          todo="Look in `pg_locks` for who holds the advisory lock, and at the log of the service; restart the task."),
    Alert(uid="sightline-recordings-full", title="Recordings have no room", query=_own("RecordingsFull", "Maximum"),
          limit=0, over_s=3600, dashboard="sightline-self", panel="Recordings full",
          summary="Recordings take more than their budget and all are kept, or their disk is full.",
          todo="`/readyz` says which. Free some space, raise recordings.budget_mb, or keep fewer; nothing is lost."),
    Alert(uid="sightline-honeytoken", title="A honeytoken was read", query=_own("VaultHoneytokens", "Sum"), limit=0,
          reduce="sum", urgent=True, dashboard="sightline-self", panel="Honeytokens",
          summary="Somebody read a subject of the vault that nobody has a reason to read.",
          todo="Treat it as an incident: `sightline vault audit` says who; revoke their keys and sign-ins."),
))  # fmt: skip

APPLICATION: Final = Group(title="application", folder=Folder.APPLICATION, every_s=1800, alerts=(
    Alert(uid="sightline-lambda-errors", title="Functions fail",
          query=Metric(namespace="AWS/Lambda", name="Errors", stat="Sum"), limit=5, over_s=1800, reduce="sum",
          dashboard="sightline-lambda", panel="Errors",
          summary="More than five calls of functions failed within half an hour.",
          todo="Open the panel, choose the function, and search its lines: `sightline logs search level:error`."),
    Alert(uid="sightline-lambda-throttles", title="Functions are throttled",
          query=Metric(namespace="AWS/Lambda", name="Throttles", stat="Sum"), limit=0, over_s=1800, reduce="sum",
          dashboard="sightline-lambda", panel="Throttles",
          summary="Lambda refused calls since the limit of concurrent calls was reached.",
          todo="Raise the quota of concurrent executions, or find what calls so much."),
    Alert(uid="sightline-api-5xx", title="An API fails",
          query=Search(namespace="AWS/ApiGateway", name="5xx", stat="Sum", dimensions=("ApiId",)), limit=5,
          over_s=1800, reduce="sum", dashboard="sightline-api", panel="5xx",
          summary="More than five requests of an API ended with 5xx within half an hour.",
          todo="Look at the functions behind it, then at the deployments of the last hour."),
))  # fmt: skip

FRONTEND: Final = Group(title="frontend", folder=Folder.FRONTEND, every_s=3600, alerts=(
    Alert(uid="sightline-lcp", title="Pages paint late", query=_pages("LCP", "p75"), limit=4000, over_s=3600,
          reduce="mean", lasts="1h", dashboard="sightline-vitals", panel="LCP",
          summary="A quarter of a site's page views wait more than 4 s for the largest paint.",
          todo="The page Web Vitals of the site names the pages and elements that are to blame."),
    Alert(uid="sightline-inp", title="Pages answer late", query=_pages("INP", "p75"), limit=500, over_s=3600,
          reduce="mean", lasts="1h", dashboard="sightline-vitals", panel="INP",
          summary="A quarter of a site's page views wait more than half a second after a click or key.",
          todo="The page Web Vitals of the site names the elements and the scripts that are to blame."),
    Alert(uid="sightline-page-errors", title="Pages fail", query=_pages("Errors", "Sum"), limit=25, over_s=3600,
          reduce="sum", dashboard="sightline-frontend-errors", panel="Errors",
          summary="Browsers of a site reported more than 25 errors within an hour.",
          todo="The page Errors of the site shows which; compare with the latest release."),
))  # fmt: skip

GROUPS: Final = (SIGHTLINE, APPLICATION, FRONTEND)


def group_document(group: Group, stage: str = "prod") -> dict[str, Any]:
    """What `PUT /api/v1/provisioning/folder/…/rule-groups/…` takes."""
    rules = [_rule(alert, group) for alert in group.alerts]
    text = json.dumps(
        {"title": group.title, "folderUid": group.folder.value, "interval": group.every_s, "rules": rules}
    )
    found: dict[str, Any] = json.loads(text.replace(STAGE, stage))
    return found


def path(group: Group) -> str:
    return f"/api/v1/provisioning/folder/{group.folder.value}/rule-groups/{group.title}"


def _rule(alert: Alert, group: Group) -> dict[str, Any]:
    return {
        "uid": alert.uid, "title": alert.title, "folderUID": group.folder.value, "ruleGroup": group.title,
        "condition": "C", "for": alert.lasts, "isPaused": False,
        # Without traffic there is nothing to tell; who cannot be asked is told.
        "noDataState": "OK", "execErrState": "Error",
        "labels": {"source": "sightline", "stage": STAGE, "severity": "urgent" if alert.urgent else "soon"},
        "annotations": {
            "summary": alert.summary, "description": alert.todo, "__dashboardUid__": alert.dashboard,
            "__panelId__": str(_panel_id(alert)),
        },
        "data": [_asked(alert), *_judged(alert)],
    }  # fmt: skip


def _panel_id(alert: Alert) -> int:
    """Ids follow from the order of panels; 0 where there is no such panel, which the lint tells."""
    titles = next(([panel.title for panel in one.panels] for one in ALL if one.uid == alert.dashboard), [])
    return titles.index(alert.panel) + 1 if alert.panel in titles else 0


def _asked(alert: Alert) -> dict[str, Any]:
    model = target(0, alert.query) | {
        "datasource": {"type": "cloudwatch", "uid": SOURCE}, "period": str(_PERIOD_S), "intervalMs": 60_000,
        "maxDataPoints": 1000,
    }  # fmt: skip
    return {
        "refId": "A", "queryType": "", "datasourceUid": SOURCE, "model": model,
        "relativeTimeRange": {"from": alert.over_s, "to": 0},
    }  # fmt: skip


def _judged(alert: Alert) -> Sequence[Mapping[str, Any]]:
    return [
        _sum("B", {"type": "reduce", "expression": "A", "reducer": alert.reduce, "settings": {"mode": "dropNN"}}),
        _sum("C", {
            "type": "threshold", "expression": "B",
            "conditions": [{"evaluator": {"type": "lt" if alert.below else "gt", "params": [alert.limit]}}],
        }),
    ]  # fmt: skip


def _sum(letter: str, model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "refId": letter, "queryType": "", "datasourceUid": _SUMS, "relativeTimeRange": {"from": 0, "to": 0},
        "model": {"refId": letter, "datasource": {"type": _SUMS, "uid": _SUMS}, "intervalMs": 1000,
                  "maxDataPoints": 43200, **model},
    }  # fmt: skip
