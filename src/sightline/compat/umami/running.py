"""Running reports: what Umami's reports are asked with, run by ours, and told in Umami's shapes."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from sightline.analytics.asking import Asker
from sightline.analytics.fields import Dimension, Metric
from sightline.analytics.period import Compare
from sightline.analytics.reports.attribution import AttributionParams, attribution
from sightline.analytics.reports.breakdown import BreakdownParams, breakdown
from sightline.analytics.reports.campaigns import CampaignsParams, campaigns
from sightline.analytics.reports.funnel import FunnelParams, funnel
from sightline.analytics.reports.goals import GoalsParams, goals
from sightline.analytics.reports.journeys import JourneysParams, journeys
from sightline.analytics.reports.overview import OverviewParams, overview
from sightline.analytics.reports.retention import RetentionParams, retention
from sightline.compat.umami import revenue
from sightline.compat.umami.asking import Asked, bucket_name, fields_of
from sightline.compat.umami.traffic import seconds, totals
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

_KINDS: Final = {"path": "path", "url": "path", "page": "path", "event": "event"}
_LAST_DAY: Final = 31
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_MODELS: Final = {"first-click": "first", "firstClick": "first", "last-click": "last", "lastClick": "last",
                  "linear": "linear"}  # fmt: skip
# Whose advertisement a click id tells of.
_ADS: Final = {
    "gclid": "Google Ads", "fbclid": "Facebook / Meta", "msclkid": "Microsoft Ads", "ttclid": "TikTok Ads",
    "li_fat_id": "LinkedIn Ads", "twclid": "Twitter Ads (X)",
}  # fmt: skip


class StepFilter(Struct):
    """A property that the event of a step has to have."""

    property: str
    value: str | float | bool
    operator: str = "eq"


class Step(Struct):
    """A page or an event; `*` at an end of the value leaves it open."""

    type: str
    value: str
    filters: list[StepFilter] = msgspec.field(default_factory=list)


def step_of(step: Step, where: str) -> str:
    """A step in our words."""
    kind = _KINDS.get(step.type)
    if kind is None:
        raise InvalidValue(f"a step is path or event, not {shown(step.type[:20])}", field=where)
    texts = [f"{kind}:{step.value}"]
    for one in step.filters:
        value = str(one.value).lower() if isinstance(one.value, bool) else str(one.value)
        texts.append(msgspec.json.encode([f"property:{one.property}", one.operator, [value]]).decode())
    return msgspec.json.encode(texts).decode()


async def run_funnel(asking: Asker, found: Asked, window: float, steps: Sequence[Step]) -> list[dict[str, Any]]:
    wanted = [step_of(step, "steps") for step in steps]
    answer = await funnel(asking, found.params(FunnelParams, step=wanted, window_minutes=round(window)))
    told, before = [], 0
    for step, row in zip(steps, answer.rows, strict=True):
        told.append(
            {
                "type": step.type, "value": step.value, "filters": msgspec.to_builtins(step.filters),
                "visitors": row.visitors, "previous": before, "dropped": row.dropped,
                "dropoff": 1 - row.of_previous if before and row.of_previous is not None else 0,
                "remaining": row.of_first or 0,
            }
        )  # fmt: skip
        before = row.visitors
    return told


async def run_goal(asking: Asker, found: Asked, step: Step) -> dict[str, int]:
    answer = await goals(asking, found.params(GoalsParams, goal=[step_of(step, "value")]))
    return {"num": answer.rows[0].visitors, "total": answer.visitors}


async def run_journey(
    asking: Asker, found: Asked, steps: int, start: str = "", end: str = ""
) -> list[dict[str, Any]]:  # fmt: skip
    params = found.params(JourneysParams, steps=steps, first=_end(start), last=_end(end))
    return [
        {"items": [*(item.partition(":")[2] for item in row.steps), *[None] * (steps - len(row.steps))],
         "count": row.visits}
        for row in (await journeys(asking, params)).rows
    ]  # fmt: skip


def _end(text: str) -> str | None:
    """A page where it looks like a path, else an event."""
    return (f"path:{text}" if text.startswith("/") else f"event:{text}") if text else None


async def run_retention(asking: Asker, found: Asked) -> list[dict[str, Any]]:
    answer = await retention(asking, found.params(RetentionParams, unit="day"))
    return [
        {
            "date": bucket_name({"begins": f"{row.begins} 00:00:00", "begins_ms": row.begins_ms}, local=found.local),
            "day": row.after, "visitors": row.size, "returnVisitors": row.visitors, "percentage": row.rate * 100,
        }
        for row in answer.rows
        if row.after <= _LAST_DAY
    ]  # fmt: skip


async def run_utm(asking: Asker, found: Asked) -> dict[str, list[dict[str, Any]]]:
    """What each parameter brought; the click ids of our report are told by the attribution."""
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in UTM}
    for row in (await campaigns(asking, found.params(CampaignsParams))).rows:
        if row.parameter.value in told:
            told[row.parameter.value].append({"utm": row.value, "views": row.views})
    for rows in told.values():
        rows.sort(key=lambda row: (-row["views"], row["utm"]))
    return told


async def run_attribution(asking: Asker, found: Asked, model: str, step: Step) -> dict[str, Any]:
    if model not in _MODELS:
        raise InvalidValue("model is first-click, last-click or linear", field="model")
    goal = step_of(step, "step")

    async def by(dimension: Dimension) -> list[dict[str, Any]]:
        params = found.params(AttributionParams, goal=goal, model=_MODELS[model], by=dimension.value, limit=50)
        rows = (await attribution(asking, params)).rows
        return [{"name": row.value, "value": _plain(row.conversions)} for row in rows if row.value]

    whole = totals(await overview(asking, found.params(OverviewParams, compare=Compare.NONE.value)))
    return {
        "referrer": await by(Dimension.REFERRER),
        "paidAds": [{**row, "name": _ADS.get(row["name"], row["name"])} for row in await by(Dimension.CLICK)],
        **{name: await by(Dimension(name)) for name in UTM},
        "total": {name: whole[name] for name in ("pageviews", "visitors", "visits")},
    }


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


async def run_breakdown(asking: Asker, found: Asked, fields: Sequence[str]) -> list[dict[str, Any]]:
    if not fields or len(set(fields)) < len(fields):
        raise InvalidValue("fields are one to six different ones", field="fields")
    by = [fields_of(name, "fields") for name in fields]
    metrics = [metric.value for metric in (Metric.VIEWS, Metric.VISITORS, Metric.VISITS, Metric.BOUNCES,
                                           Metric.TOTAL_DURATION_MS)]  # fmt: skip
    answer = await breakdown(asking, found.params(BreakdownParams, by=by, metric=metrics, order="visitors", limit=500))
    return [
        {**{name: row[ours] for name, ours in zip(fields, by, strict=True)},
         **{name: row[name] for name in ("views", "visitors", "visits", "bounces")},
         "totaltime": seconds(float(row["total_duration_ms"] or 0))}
        for row in answer.rows
    ]  # fmt: skip


async def run_revenue(asking: Asker, found: Asked, currency: str) -> dict[str, Any]:
    money = await revenue.money_of(asking, found, currency)
    return {
        "chart": await revenue.chart_of(asking, found, money),
        **{by: await revenue.named(asking, found, money, by) for by in revenue.BY},
        "total": await revenue.total_of(asking, found, money),
    }
