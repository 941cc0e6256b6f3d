"""Revenue: by currency, and by the values of a dimension or over time if wanted. Currencies are never added up."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sightline.analytics import events as ev
from sightline.analytics.asking import Asker, Params, Short
from sightline.analytics.fields import Field, field
from sightline.analytics.period import Buckets, Unit, buckets
from sightline.analytics.reports.overview import Span
from sightline.analytics.selection import Selection
from sightline.errors import InvalidValue
from sightline.signals.event import REVENUE_SCALE


class RevenueParams(Params, kw_only=True):
    """A revenue's."""

    by: Annotated[Short | None, Meta(description="country, channel, referrer, event …")] = None
    unit: Annotated[Unit | None, Meta(description="Over time, in buckets as wide as this.")] = None
    limit: Annotated[int, Meta(ge=1, le=5000)] = 500


class RevenueRow(Struct, frozen=True):
    """Money of one currency: how much, in how many orders, of how many buyers, and what that is for each."""

    currency: str
    value: str | None
    begins: str | None
    revenue: float
    orders: int
    buyers: int
    per_order: float
    per_buyer: float


class Revenue(Struct, frozen=True):
    """Revenue of a period."""

    period: Span
    rows: list[RevenueRow]


class Question(Struct, frozen=True):
    """What revenue asks."""

    selection: Selection
    by: Field | None
    buckets: Buckets | None
    limit: int


def build(question: Question) -> Any:
    by = question.by
    found = ev.matched(question.selection, fields=() if by is None else (by,))
    found = found.filter(found.revenue.notnull() & (found.currency != ""))
    keys = {"key_currency": found.currency}
    if by is not None:
        keys["key_value"] = ev.text_of(found, by)
    if question.buckets is not None:
        keys["key_bucket"] = ev.bucket(found.created_ms, question.buckets)
    found = found.mutate(**keys)
    rows = found.group_by(list(keys)).agg(
        revenue=found.revenue.sum().cast("int64"), orders=found.count(), buyers=found.visitor.nunique()
    )
    order = [rows.key_currency, *([rows.key_bucket] if question.buckets is not None else []), rows.revenue.desc()]
    return rows.order_by([*order, *([rows.key_value] if by is not None else [])]).limit(question.limit)


async def revenue(asker: Asker, params: RevenueParams) -> Revenue:
    """Money by currency."""
    if params.by and params.unit:
        raise InvalidValue("revenue is told by a dimension or over time, not both", field="unit")
    over = asker.period(params)
    how, edges = buckets(over, params.unit) if params.unit else (None, [])
    by = field(params.by, where="by") if params.by else None
    found = await asker.ask(build, Question(asker.selection(params, over), by, how, params.limit))
    return Revenue(Span.of(over), [_row(row, over, edges) for row in found])


def _row(row: dict[str, Any], over: Any, edges: list[int]) -> RevenueRow:
    money = row["revenue"] / REVENUE_SCALE
    begins = over.local(edges[row["key_bucket"]]).isoformat(timespec="seconds") if edges else None
    return RevenueRow(
        row["key_currency"], row.get("key_value"), begins, money, row["orders"], row["buyers"],
        money / row["orders"], money / row["buyers"],
    )  # fmt: skip
