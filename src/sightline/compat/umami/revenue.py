"""Revenue: of one currency, since currencies are never added up."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Asker, Params
from sightline.analytics.fields import Dimension
from sightline.analytics.period import Compare
from sightline.analytics.reports import values
from sightline.analytics.reports.revenue import RevenueParams, revenue
from sightline.analytics.reports.values import Measure
from sightline.compat.umami.asking import Asked, ask, bucket_name
from sightline.compat.umami.calls import Call
from sightline.compat.umami.routes import route
from sightline.compat.umami.sessions import listed
from sightline.errors import InvalidValue
from sightline.signals.event import REVENUE_SCALE

BY: Final = ("country", "region", "referrer", "channel")


async def money_of(asking: Asker, found: Asked, currency: str) -> tuple[str, ...]:
    """The filter for money of a currency; where none is named, of the one with the most orders."""
    if not currency:
        rows = (await revenue(asking, found.params(RevenueParams))).rows
        currency = max(rows, key=lambda row: (row.orders, row.currency)).currency if rows else ""
    return of_currency(currency)


def of_currency(currency: str) -> tuple[str, ...]:
    """The filter for money of one currency."""
    if not currency:
        return ()
    if len(currency) > 10 or not currency.isalnum():
        raise InvalidValue("currency is a code as EUR", field="currency")
    return (msgspec.json.encode(["currency", "eq", [currency.upper()]]).decode(),)


async def chart_of(asking: Asker, found: Asked, money: Sequence[str]) -> list[dict[str, Any]]:
    rows = await values.over_time(
        asking, found.params(Params, filter=tuple(money)), Dimension.EVENT, found.unit, measure=Measure.REVENUE
    )
    return [
        {"x": row["value"], "t": bucket_name(row, local=found.local), "y": row["amount"] / REVENUE_SCALE,
         "count": row["count"]}
        for row in rows
    ]  # fmt: skip


async def named(asking: Asker, found: Asked, money: Sequence[str], by: str) -> list[dict[str, Any]]:
    """The money of each value of a dimension, the most first."""
    answer = await revenue(asking, found.params(RevenueParams, filter=tuple(money), by=by))
    amounts: dict[str, float] = {}
    for row in answer.rows:
        amounts[row.value or ""] = amounts.get(row.value or "", 0) + row.revenue
    ordered = sorted(amounts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"name": name, "value": amount} for name, amount in ordered]


async def total_of(asking: Asker, found: Asked, money: Sequence[str]) -> dict[str, Any]:
    """Sum, orders and buyers, beside those of the period before."""
    over = asking.period(found.params(Params))
    before = over.compared(found.compare if found.compare is not Compare.NONE else Compare.PREVIOUS)
    assert before is not None
    then = msgspec.structs.replace(found, start=str(before.from_ms), end=str(before.to_ms))
    return {**await _total(asking, found, money), "comparison": await _total(asking, then, money)}


async def _total(asking: Asker, found: Asked, money: Sequence[str]) -> dict[str, float]:
    rows = (await revenue(asking, found.params(RevenueParams, filter=tuple(money)))).rows
    total, orders = sum(row.revenue for row in rows), sum(row.orders for row in rows)
    buyers = sum(row.buyers for row in rows)
    return {"sum": total, "count": orders, "unique_count": buyers, "average": total / orders if orders else 0,
            "arpu": total / buyers if buyers else 0}  # fmt: skip


async def chart(call: Call) -> dict[str, Any]:
    asking, found = await ask(call)
    return {"chart": await chart_of(asking, found, await money_of(asking, found, call.text("currency")))}


async def metrics(call: Call) -> list[dict[str, Any]]:
    by = call.one_of("type", BY, "country")
    asking, found = await ask(call)
    return await named(asking, found, await money_of(asking, found, call.text("currency")), by)


async def stats(call: Call) -> dict[str, Any]:
    asking, found = await ask(call, compare=Compare.PREVIOUS)
    return await total_of(asking, found, await money_of(asking, found, call.text("currency")))


async def buyers(call: Call) -> dict[str, Any]:
    """The sessions in which something was bought."""
    money = of_currency(call.text("currency")) or ("currency:s",)
    return await listed(call, filters=money, whole=True)


P = Permission
_AT = "/websites/{site}/revenue"
ROUTES = (
    route("GET", f"{_AT}/chart", P.SITE_READ, chart, "revenue"),
    route("GET", f"{_AT}/metrics", P.SITE_READ, metrics, "revenue"),
    route("GET", f"{_AT}/stats", P.SITE_READ, stats, "revenue"),
    route("GET", f"{_AT}/sessions", P.SITE_READ, buyers, "revenue"),
)
