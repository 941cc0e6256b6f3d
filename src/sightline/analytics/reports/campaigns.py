"""Campaigns: the UTM parameters and click ids that events came with, each by itself."""

from typing import Annotated

from msgspec import Meta, Struct

from sightline.analytics.asking import Asker, Params
from sightline.analytics.fields import Dimension, Metric
from sightline.analytics.reports.breakdown import top
from sightline.analytics.reports.overview import Span

PARAMETERS = (
    Dimension.UTM_SOURCE, Dimension.UTM_MEDIUM, Dimension.UTM_CAMPAIGN, Dimension.UTM_CONTENT, Dimension.UTM_TERM,
    Dimension.CLICK,
)  # fmt: skip
METRICS = (Metric.VISITORS, Metric.VISITS, Metric.VIEWS)


class CampaignsParams(Params, kw_only=True):
    """Campaigns'."""

    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many values of each parameter.")] = 50


class CampaignRow(Struct, frozen=True):
    """A value of a parameter."""

    parameter: Dimension
    value: str
    visitors: int
    visits: int
    views: int


class Campaigns(Struct, frozen=True):
    """The parameters' values."""

    period: Span
    rows: list[CampaignRow]


async def campaigns(asker: Asker, params: CampaignsParams) -> Campaigns:
    """What campaigns brought."""
    over = asker.period(params)
    rows = [
        CampaignRow(parameter, str(row[parameter]), *(int(row[one] or 0) for one in METRICS))
        for parameter in PARAMETERS
        for row in await top(asker, params, parameter, METRICS, params.limit, present=True)
    ]
    return Campaigns(Span.of(over), rows)
