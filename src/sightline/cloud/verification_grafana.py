"""The checks of `sightline aws verify --grafana`: what the workspace holds, and one question to each data source.

They need a token of Grafana's, which is made for minutes and deleted; so they are asked for by an option.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from sightline.cloud.grafana.http import Grafana
from sightline.cloud.grafana.questions import ask, sources
from sightline.cloud.grafana.syncing import Done, differences
from sightline.cloud.grafana.wanted import Wanted
from sightline.errors import SightlineError

_UNNAMED: Final = "Main Org."  # as Grafana calls it by itself


class Seen(msgspec.Struct, frozen=True):
    """What was found in a workspace: each thing as it is, the kinds of data sources, and what answered."""

    organisation: str
    done: Sequence[Done]
    kinds: Sequence[str]
    refused: Mapping[str, str]  # by data source: why it did not answer; empty: it did


def seen(grafana: Grafana, wanted: Wanted, *, poll_s: float = 1) -> Seen:
    listed: Sequence[Mapping[str, Any]] = grafana.get("/api/datasources") or ()
    refused = {}
    for name in sources(wanted):
        try:
            ask(grafana, wanted, name, poll_s=poll_s)
            refused[name] = ""
        except SightlineError as exc:
            refused[name] = exc.message
    name = (grafana.get("/api/org") or {}).get("name", "")
    return Seen(name, list(differences(grafana, wanted)), [one["type"] for one in listed], refused)


Held = tuple[bool | None, str]  # whether it holds, and what was seen; nothing: there is none to look at


def _same(found: Seen, kind: str, *names: str) -> Held:
    """Things of a kind are as the code has them; all of the kind, or those named."""
    looked = [one for one in found.done if one.kind == kind and (not names or one.name in names)]
    wrong = [f"{one.name} {one.state} {one.where}".strip() for one in looked if one.state != "same"]
    return bool(looked) and not wrong, "; ".join(wrong) or ", ".join(one.name for one in looked) or f"no {kind}"


def _answers(found: Seen, name: str) -> Held:
    if name not in found.refused:
        return None, f"{name} is not part of this stage"
    return not found.refused[name], found.refused[name] or f"{name} answered a query"


def grafana_settings(found: Seen) -> Held:
    """Grafana: the organisation's name and its time zone."""
    zoned, zone = _same(found, "preferences")
    return bool(zoned) and found.organisation != _UNNAMED, f"{found.organisation}; {zone}"


def grafana_cloudwatch(found: Seen) -> Held:
    """Grafana: the data source CloudWatch, by the workspace's role, of this region, the default one."""
    return _same(found, "data source", "CloudWatch")


def grafana_cloudwatch_answers(found: Seen) -> Held:
    """Grafana: a query of CloudWatch's metrics is answered."""
    return _answers(found, "CloudWatch")


def grafana_logs_answers(found: Seen) -> Held:
    """Grafana: a query of Logs Insights is answered."""
    return _answers(found, "Logs Insights")


def grafana_search(found: Seen) -> Held:
    """Grafana: the data source OpenSearch."""
    if "OpenSearch" not in found.refused:
        return None, "OpenSearch is not part of this stage"
    return _same(found, "data source", "OpenSearch")


def grafana_search_answers(found: Seen) -> Held:
    """Grafana: a query of OpenSearch is answered."""
    return _answers(found, "OpenSearch")


def grafana_lambda(found: Seen) -> Held:
    """Grafana: the dashboard of Lambda is as the code has it."""
    return _same(found, "dashboard", "Lambda performance")


def grafana_api(found: Seen) -> Held:
    """Grafana: the dashboard of API Gateway is as the code has it."""
    return _same(found, "dashboard", "API Gateway")


def grafana_system(found: Seen) -> Held:
    """Grafana: the dashboard of the system's health is as the code has it."""
    return _same(found, "dashboard", "System health")


def grafana_log_search(found: Seen) -> Held:
    """Grafana: the dashboard of logs is as the code has it."""
    return _same(found, "dashboard", "Log search")


def grafana_dashboards(found: Seen) -> Held:
    """Grafana: every dashboard is as the code has it."""
    return _same(found, "dashboard")


def grafana_folders(found: Seen) -> Held:
    """Grafana: the folders are there."""
    return _same(found, "folder")


def grafana_first(found: Seen) -> Held:
    """Grafana: CloudWatch is the default data source, and no Prometheus is there."""
    held, evidence = grafana_cloudwatch(found)
    kinds = ", ".join(sorted(found.kinds))
    return bool(held) and "prometheus" not in found.kinds, f"{evidence}; data sources: {kinds}"


CHECKS: Final[Mapping[str, Callable[[Seen], Held]]] = {
    check.__name__: check
    for check in (
        grafana_settings, grafana_cloudwatch, grafana_cloudwatch_answers, grafana_logs_answers, grafana_search,
        grafana_search_answers, grafana_lambda, grafana_api, grafana_system, grafana_log_search, grafana_dashboards,
        grafana_folders, grafana_first,
    )
}  # fmt: skip
