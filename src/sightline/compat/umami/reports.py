"""Reports that are run: by a body, as Umami 3.1 has it, and by an address of the website, as later releases do."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Asker
from sightline.compat.umami import asking as reading
from sightline.compat.umami import performance, running
from sightline.compat.umami.asking import Asked, ask
from sightline.compat.umami.calls import Body, Call, misfit
from sightline.compat.umami.routes import Route, route
from sightline.compat.umami.running import UTM, Step
from sightline.errors import InvalidValue, NotAllowed, NotFound

Run = Callable[[Asker, Asked, "Parameters"], Coroutine[Any, Any, Any]]
# Which page of a share shows which report.
PAGES: Final = {
    "funnel": "funnels", "goal": "goals", "journey": "journeys", "retention": "retention", "utm": "utm",
    "revenue": "revenue", "attribution": "attribution", "breakdown": "breakdown", "performance": "performance",
}  # fmt: skip


class Parameters(Body):
    """What the reports take, all in one; each reads its own."""

    steps: list[Step] | int | None = None
    window: float = 60
    type: str = ""
    value: str = ""
    step: str = ""
    model: str = "last-click"
    currency: str = ""
    start_step: str = ""
    end_step: str = ""
    fields: list[str | dict[str, Any]] = msgspec.field(default_factory=list)
    metric: str = "lcp"


class Asks(Body):
    """The body by which a report is run."""

    website_id: str
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    filters: dict[str, Any] | list[dict[str, Any]] = msgspec.field(default_factory=dict)
    date_range: dict[str, Any] = msgspec.field(default_factory=dict)


def parameters(sent: Any) -> Parameters:
    try:
        return msgspec.convert(sent, Parameters, strict=False)
    except msgspec.ValidationError as exc:
        raise misfit(exc) from None


async def _funnel(asker: Asker, found: Asked, said: Parameters) -> Any:
    if not isinstance(said.steps, list) or not 2 <= len(said.steps) <= 8:
        raise InvalidValue("a funnel has 2 to 8 steps", field="steps")
    if not 1 <= said.window <= 60 * 24 * 366:
        raise InvalidValue("window is in minutes, from 1 to a year", field="window")
    return await running.run_funnel(asker, found, said.window, said.steps)


async def _goal(asker: Asker, found: Asked, said: Parameters) -> Any:
    return await running.run_goal(asker, found, _step(said, said.value, "value"))


async def _journey(asker: Asker, found: Asked, said: Parameters) -> Any:
    steps = 5 if said.steps is None else said.steps
    if not isinstance(steps, int) or not 2 <= steps <= 7:
        raise InvalidValue("a journey has 2 to 7 steps", field="steps")
    return await running.run_journey(asker, found, steps, said.start_step, said.end_step)


async def _retention(asker: Asker, found: Asked, _said: Parameters) -> Any:
    return await running.run_retention(asker, found)


async def _utm(asker: Asker, found: Asked, _said: Parameters) -> Any:
    return await running.run_utm(asker, found)


async def _revenue(asker: Asker, found: Asked, said: Parameters) -> Any:
    return await running.run_revenue(asker, found, said.currency)


async def _attribution(asker: Asker, found: Asked, said: Parameters) -> Any:
    if said.currency:
        raise InvalidValue(
            "conversions are counted, money is not shared out", field="currency",
            hint="Leave currency out; the revenue report tells money by referrer and channel.",
        )  # fmt: skip
    return await running.run_attribution(asker, found, said.model, _step(said, said.step, "step"))


async def _breakdown(asker: Asker, found: Asked, said: Parameters) -> Any:
    names = [str(one.get("name", "")) if isinstance(one, dict) else one for one in said.fields]
    return await running.run_breakdown(asker, found, names)


async def _performance(asker: Asker, found: Asked, said: Parameters) -> Any:
    return await performance.report(asker, found, said.metric)


def _step(said: Parameters, value: str, field: str) -> Step:
    if not value:
        raise InvalidValue(f"{field} is missing", field=field)
    return Step(said.type or "path", value)


RUNS: Final[dict[str, Run]] = {
    "funnel": _funnel, "goal": _goal, "journey": _journey, "retention": _retention, "utm": _utm, "revenue": _revenue,
    "attribution": _attribution, "breakdown": _breakdown, "performance": _performance,
}  # fmt: skip


async def run(call: Call, report: str) -> Any:
    """Run a report as a body asks."""
    sent = call.body(Asks)
    await for_website(call, sent.website_id, PAGES[report])
    found = reading.read(call, _query(sent))
    asker = await reading.asker(call, found.segment)
    said = {name: value for name, value in sent.parameters.items() if name not in DATES}
    return await RUNS[report](asker, found, parameters(said))


DATES: Final = {"startDate", "endDate", "startAt", "endAt", "timezone", "unit", "compare"}


def _query(sent: Asks) -> dict[str, Any]:
    """What stands in a query elsewhere."""
    if isinstance(sent.filters, list):
        named: dict[str, Any] = {}
        for number, one in enumerate(sent.filters):
            value = one.get("value", "")
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            named[f"{one.get('name', '')}{number}"] = f"{one.get('operator', 'eq')}.{text}"
    else:
        named = {name: value for name, value in sent.filters.items() if isinstance(value, str | int | float | list)}
    dates = {name: value for name, value in {**sent.date_range, **sent.parameters}.items() if name in DATES}
    return {**named, **dates}


async def for_website(call: Call, reference: str, page: str) -> None:
    """Narrow a call to the website that its body names; whoever holds a share to what it shows."""
    from sightline.compat.umami import ids, targets  # noqa: PLC0415 - they read calls

    share = call.caller.share
    if share is not None and page not in share.pages:
        raise NotAllowed("this share does not show that")
    wanted = str(ids.read_uuid(reference, "websiteId"))
    try:
        call.granted = await call.scope_of(Permission.SITE_READ, site=await targets.site_of(call, wanted))
    except NotFound as exc:
        exc.field = "websiteId"
        raise


def _run_route(report: str, path: str | None = None) -> Route:
    async def answer(call: Call) -> Any:
        return await run(call, report)

    return route("POST", f"/reports/{path or report}", Permission.SITE_READ, answer, PAGES[report])


def _stats_route(report: str, path: str) -> Route:
    async def answer(call: Call) -> Any:
        asker, found = await ask(call)
        return await RUNS[report](asker, found, parameters(_said(call, report)))

    return route("GET", f"/websites/{{site}}/{path}", Permission.SITE_READ, answer, PAGES[report])


def _said(call: Call, report: str) -> dict[str, Any]:
    """The parameters of a report that stand in the query: steps as JSON, fields between commas."""
    said: dict[str, Any] = {
        name: call.text(name)
        for name in ("window", "type", "value", "step", "model", "currency", "startStep", "endStep", "metric")
        if call.text(name)
    }
    if call.text("fields"):
        said["fields"] = [name for name in call.text("fields").split(",") if name]
    if call.text("steps"):
        said["steps"] = call.number("steps", 5) if report == "journey" else _json(call.text("steps"))
    return said


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidValue("steps are a JSON list of {type, value}", field="steps") from None


async def utm_metrics(call: Call) -> list[dict[str, Any]]:
    """One parameter's part of the UTM report."""
    names = {name.removeprefix("utm_"): name for name in UTM} | {name: name for name in UTM}
    names |= {"utm" + short.capitalize(): name for short, name in list(names.items()) if "_" not in short}
    kind = names[call.one_of("type", tuple(names), "utm_source")]
    asker, found = await ask(call)
    return (await running.run_utm(asker, found))[kind]


ROUTES = (
    *(_run_route(report) for report in RUNS),
    # What the client of Umami 2 calls them.
    _run_route("goal", "goals"),
    _run_route("breakdown", "insights"),
    _stats_route("funnel", "funnels/stats"),
    _stats_route("goal", "goals/stats"),
    _stats_route("journey", "journeys"),
    _stats_route("retention", "retention"),
    _stats_route("attribution", "attribution"),
    _stats_route("breakdown", "breakdown"),
    route("GET", "/websites/{site}/utm/metrics", Permission.SITE_READ, utm_metrics, "utm"),
)
