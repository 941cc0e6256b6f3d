"""What a workspace should hold: data sources, folders, dashboards, whom alert rules tell, and the rules."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from sightline.cloud.grafana.alerts import GROUPS, SOURCE, group_document, path
from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.model import Folder, document
from sightline.cloud.grafana.notifying import ContactPoint, Route, contact_point, route
from sightline.cloud.grafana.thing import Thing

CLOUDWATCH: Final = SOURCE
OPENSEARCH: Final = "sightline-opensearch"


class Wanted(Struct, frozen=True, kw_only=True):
    """What a workspace is for; an empty `search` is no OpenSearch, an empty `topic` is nobody to tell."""

    region: str
    stage: str
    search: str = ""
    topic: str = ""
    organisation: str = "Sightline"


def things(wanted: Wanted) -> Iterator[Thing]:
    """Everything, in the order in which each may rest on what came before."""
    yield Thing("organisation", wanted.organisation, "/api/org", {"name": wanted.organisation})
    yield Thing("preferences", "time zone", "/api/org/preferences", {"timezone": "utc"})
    yield _source(CLOUDWATCH, "CloudWatch", "cloudwatch", {"authType": "default", "defaultRegion": wanted.region})
    if wanted.search:
        settings = {"sigV4Auth": True, "sigV4AuthType": "default", "sigV4Region": wanted.region, "database": "logs-*",
                    "timeField": "@timestamp", "flavor": "opensearch", "version": "2.19.0", "pplEnabled": False,
                    "serverless": False}  # fmt: skip
        yield _source(OPENSEARCH, "OpenSearch", "grafana-opensearch-datasource", settings, f"https://{wanted.search}")
    for folder in Folder:
        title = folder.value.title()
        yield Thing("folder", title, f"/api/folders/{folder.value}", {"uid": folder.value, "title": title})
    for one in ALL:
        yield Thing("dashboard", one.title, f"/api/dashboards/uid/{one.uid}", document(one, wanted.stage))
    if wanted.topic:
        yield ContactPoint(*contact_point(wanted.topic))
        yield Route(*route())
    for group in GROUPS:
        yield Thing("alert rules", group.title, path(group), group_document(group, wanted.stage))


def _source(uid: str, name: str, kind: str, settings: Mapping[str, Any], url: str = "") -> Thing:
    wanted = {
        "uid": uid, "name": name, "type": kind, "access": "proxy", "isDefault": uid == CLOUDWATCH, "url": url,
        "jsonData": dict(settings),
    }  # fmt: skip
    return Thing("data source", name, f"/api/datasources/uid/{uid}", wanted)
