"""What was spent, from Cost Explorer: by service, tag, resource group and day, with the forecast and anomalies.

A request costs a cent, so what was asked today is kept in a file and read from there.

Cost Explorer knows no resource groups. A group is made of tags, so its cost is asked by the same tags: what bears a
tag is billed under it from the day on which the tag became a cost allocation tag (`sightline aws tags activate`).
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec

from sightline import clock
from sightline.cloud.session import AwsRefused, client, pages, told
from sightline.cloud.tagging import PROJECT
from sightline.settings import AwsSettings

_REGION: Final = "us-east-1"  # Cost Explorer answers there only
_WITHOUT_TAG: Final = "(none)"
_COLOURS: Final = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#718096")


class Spending(msgspec.Struct, frozen=True):
    """A span of days; sums in USD."""

    asked: str
    start: str
    end: str
    days: Mapping[str, Mapping[str, float]]  # day: service: USD
    components: Mapping[str, float]
    groups: Mapping[str, float]  # the resource groups that ask for our Project
    forecast: float | None
    anomalies: Sequence[str]

    @property
    def total(self) -> float:
        return round(sum(sum(services.values()) for services in self.days.values()), 2)

    @property
    def services(self) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for services in self.days.values():
            for name, usd in services.items():
                found[name] += usd
        return {name: round(usd, 2) for name, usd in sorted(found.items(), key=lambda one: -one[1])}


def spending(aws: AwsSettings, cache: Path, *, days: int = 31) -> Spending:
    """What the project has spent in the last days; asked once a day."""
    today = clock.now().date()
    file = cache / f"spending-{today}-{days}.json"
    if (kept := _kept(file)) is not None:
        return kept
    found = _ask(aws, today - timedelta(days=days), today)
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob("spending-*.json"):
        old.unlink()
    beside = file.with_suffix(".new")  # so that a run that is interrupted leaves no half of a file
    beside.write_bytes(msgspec.json.encode(found))
    beside.replace(file)
    return found


def _kept(file: Path) -> Spending | None:
    """What was asked today; nothing if it was an earlier release that asked."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Spending)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def page(found: Spending, *, budget: float, month: float | None = None) -> str:
    """One HTML page with a chart of days, stacked by service, and the budget as a line."""
    services = list(found.services)
    shown, others = services[: len(_COLOURS) - 1], services[len(_COLOURS) - 1 :]
    legend = " ".join(
        f'<span style="color:{colour}">&#9632;</span> {escape(name)}'
        for name, colour in zip([*shown, *(["others"] if others else [])], _COLOURS, strict=False)
    )
    anomalies = "".join(f"<li>{escape(text)}</li>" for text in found.anomalies) or "<li>none</li>"
    forecast = "unknown" if found.forecast is None else f"{found.forecast:.2f} USD"
    estimate = "" if month is None else f" The estimate of a month is {month:.2f} USD."
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>What Sightline costs</title>
<style>body{{font:15px system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}}td{{padding:.1rem .8rem}}
.n{{text-align:right}}</style>
<h1>What Sightline costs</h1>
<p>{escape(found.start)} to {escape(found.end)}: <b>{found.total:.2f} USD</b>. Forecast to the end of the month:
{forecast}. Budget: {budget:.2f} USD.{estimate}</p>
{_chart(found, shown, budget)}
<p>{legend}</p>
<h2>By service</h2>{_table(found.services)}
<h2>By component</h2>{_table(found.components)}
<h2>By resource group</h2>{_table(found.groups)}
<h2>Anomalies</h2><ul>{anomalies}</ul>
</html>
"""


def _table(sums: Mapping[str, float]) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td class=n>{usd:.2f}</td></tr>" for name, usd in sums.items())
    return f"<table>{rows}</table>" if rows else "<p>none</p>"


def _chart(found: Spending, shown: Sequence[str], budget: float) -> str:
    width, height, share = 900, 240, budget / 30
    sums = [sum(services.values()) for services in found.days.values()]
    top = max([*sums, share]) * 1.1 or 1
    step = width / max(1, len(found.days))
    bars = []
    for number, (day, services) in enumerate(found.days.items()):
        foot = float(height)
        stacked = [services.get(name, 0.0) for name in shown]
        stacked.append(sum(services.values()) - sum(stacked))
        for colour, usd in zip(_COLOURS, stacked, strict=False):
            tall = max(0.0, usd) / top * height
            foot -= tall
            bars.append(
                f'<rect x="{number * step:.1f}" y="{foot:.1f}" width="{step * 0.8:.1f}" height="{tall:.1f}"'
                f' fill="{colour}"><title>{escape(day)}: {sum(services.values()):.2f} USD</title></rect>'
            )
    line = height - share / top * height
    bars.append(f'<line x1="0" x2="{width}" y1="{line:.1f}" y2="{line:.1f}" stroke="#c53030" stroke-dasharray="6"/>')
    label = "USD a day by service; the dashed line is a thirtieth of the budget"
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{"".join(bars)}</svg>'


# ---- Cost Explorer ------------------------------------------------------------------------------------------------


def _ask(aws: AwsSettings, start: date, end: date) -> Spending:
    explorer = client("ce", aws, region=_REGION)
    span = {"Start": start.isoformat(), "End": end.isoformat()}
    ours = {"Tags": {"Key": "Project", "Values": [PROJECT]}}
    days, components = _grouped(explorer, span, ours)
    return Spending(
        clock.now().date().isoformat(), span["Start"], span["End"], days,
        {name: round(usd, 2) for name, usd in sorted(components.items(), key=lambda one: -one[1])},
        _groups(aws, explorer, span), _forecast(explorer, end, ours), _anomalies(explorer, start, end),
    )  # fmt: skip


def _groups(aws: AwsSettings, explorer: Any, span: Mapping[str, str]) -> dict[str, float]:
    """The cost of each resource group of the project; a request for each."""
    found: dict[str, float] = {}
    for name, wanted in _asked_by(client("resource-groups", aws)):
        with told(f"ask Cost Explorer for the resource group {name}"):
            answer = explorer.get_cost_and_usage(
                TimePeriod=span, Granularity="MONTHLY", Metrics=["UnblendedCost"], Filter=wanted
            )
        sums = (float(one["Total"].get("UnblendedCost", {}).get("Amount", 0)) for one in answer["ResultsByTime"])
        found[name] = round(sum(sums), 2)
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _asked_by(groups: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The groups made of tags, our Project among them, and the same tags as Cost Explorer takes them."""
    for group in pages(groups, "list_groups", "GroupIdentifiers"):
        name = group["GroupName"]
        with told(f"read the query of the resource group {name}"):
            query = groups.get_group_query(Group=name)["GroupQuery"]["ResourceQuery"]
        if query["Type"] != "TAG_FILTERS_1_0":
            continue
        tags = {one["Key"]: one.get("Values", []) for one in json.loads(query["Query"]).get("TagFilters", [])}
        if PROJECT in tags.get("Project", []):
            filters = [_tagged(key, values) for key, values in tags.items()]
            yield name, filters[0] if len(filters) == 1 else {"And": filters}


def _tagged(key: str, values: Sequence[str]) -> dict[str, Any]:
    """A group takes any value of a tag if it names none."""
    if values:
        return {"Tags": {"Key": key, "Values": list(values)}}
    return {"Not": {"Tags": {"Key": key, "MatchOptions": ["ABSENT"]}}}


def _grouped(
    explorer: Any, span: Mapping[str, str], ours: Mapping[str, Any]
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """By day and service, and by component: both at once, since each request is paid for."""
    days: dict[str, dict[str, float]] = {}
    components: dict[str, float] = defaultdict(float)
    by = [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "TAG", "Key": "Component"}]
    token: dict[str, str] = {}
    while True:
        with told("ask Cost Explorer"):
            page = explorer.get_cost_and_usage(
                TimePeriod=span, Granularity="DAILY", Metrics=["UnblendedCost"], Filter=ours, GroupBy=by, **token
            )
        for day in page["ResultsByTime"]:
            sums = days.setdefault(day["TimePeriod"]["Start"], {})
            for one in day.get("Groups", []):
                service, component = one["Keys"]
                usd = float(one["Metrics"]["UnblendedCost"]["Amount"])
                sums[service] = round(sums.get(service, 0.0) + usd, 4)
                components[component.removeprefix("Component$") or _WITHOUT_TAG] += usd
        if not page.get("NextPageToken"):
            return days, components
        token = {"NextPageToken": page["NextPageToken"]}


def _forecast(explorer: Any, today: date, ours: Mapping[str, Any]) -> float | None:
    """To the end of the month; AWS has none before it has seen some weeks."""
    end = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    try:
        with told("ask for the forecast"):
            answer = explorer.get_cost_forecast(
                TimePeriod={"Start": today.isoformat(), "End": end.isoformat()}, Metric="UNBLENDED_COST",
                Granularity="MONTHLY", Filter=ours,
            )  # fmt: skip
    except AwsRefused as exc:
        if "DataUnavailable" in str(exc):
            return None
        raise
    return round(float(answer["Total"]["Amount"]), 2)


def _anomalies(explorer: Any, start: date, end: date) -> list[str]:
    with told("ask for anomalies"):
        answer = explorer.get_anomalies(DateInterval={"StartDate": start.isoformat(), "EndDate": end.isoformat()})
    return [
        f"{one.get('AnomalyStartDate', '')[:10]}: {one.get('DimensionValue') or 'the project'},"
        f" {float(one['Impact'].get('TotalImpact', 0)):.2f} USD more than expected"
        for one in answer["Anomalies"]
    ]
