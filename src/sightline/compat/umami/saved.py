"""Saved reports: kept as they are sent, run by `reports`; goals and funnels have addresses of their own besides."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from sightline.accounts import sites
from sightline.accounts.permissions import Permission
from sightline.analytics import saved_reports
from sightline.analytics.saved_reports import SavedReport, Wanted
from sightline.compat.umami import ids, targets
from sightline.compat.umami.asking import ask
from sightline.compat.umami.calls import Body, Call, Ok, no_such
from sightline.compat.umami.paging import paged
from sightline.compat.umami.reports import DATES, PAGES, RUNS, parameters
from sightline.compat.umami.routes import Route, route

# What our catalogue calls these reports.
_OURS: Final = {
    "funnel": "funnel", "goal": "goals", "journey": "journeys", "retention": "retention", "utm": "campaigns",
    "revenue": "revenue", "attribution": "attribution", "breakdown": "breakdown", "performance": "performance",
}  # fmt: skip
_THEIRS: Final = {ours: theirs for theirs, ours in _OURS.items()}
Type = Literal["funnel", "goal", "journey", "retention", "utm", "revenue", "attribution", "breakdown", "performance"]


class NewReport(Body):
    """What shall be saved."""

    website_id: str
    type: Type
    name: str
    description: str | None = None
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)


class NewStep(Body):
    """A goal or funnel, whose address says the rest."""

    name: str
    parameters: dict[str, Any]
    description: str | None = None


async def _rows(call: Call, found: Sequence[SavedReport]) -> list[dict[str, Any]]:
    site = await ids.of_sites(call.database, (one.site_id for one in found))
    user = await ids.of_users(call.database, (one.created_by for one in found))
    return [
        {"id": str(one.uuid), "userId": user.get(one.created_by), "websiteId": site.get(one.site_id),
         "type": _THEIRS.get(one.report, one.report), "name": one.name, "description": one.description,
         "parameters": one.parameters, "createdAt": one.created_at, "updatedAt": one.changed_at}
        for one in found
    ]  # fmt: skip


async def _one(call: Call, found: SavedReport) -> dict[str, Any]:
    return (await _rows(call, [found]))[0]


async def _at(call: Call, permission: Permission) -> SavedReport:
    """The saved report of the address, once the caller may do that with its site."""
    found = await saved_reports.find(call.database, ids.read_uuid(call.parts["report"], "reportId"))
    site = (await ids.of_sites(call.database, [found.site_id]))[found.site_id]
    call.granted = await call.scope_of(permission, site=site)
    return found


def _wanted(sent: NewReport) -> Wanted:
    parameters({name: value for name, value in sent.parameters.items() if name not in DATES})
    return Wanted(report=_OURS[sent.type], name=sent.name, description=sent.description or "",
                  parameters=sent.parameters, dialect="umami")  # fmt: skip


async def listing(call: Call) -> dict[str, Any]:
    kind = call.one_of("type", ("", *_OURS), "")
    if call.text("websiteId"):
        wanted = str(ids.read_uuid(call.text("websiteId"), "websiteId"))
        site = await targets.site_of(call, wanted)
        call.granted = await call.scope_of(Permission.SITE_READ, site=site, field="websiteId")
    return await _listed(call, kind)


async def _listed(call: Call, kind: str) -> dict[str, Any]:
    found = await saved_reports.listing(call.database, call.scope, _OURS.get(kind))
    return paged(call, await _rows(call, found), dict, search=("name", "description"))


async def of_site(call: Call) -> dict[str, Any]:
    return await _listed(call, call.one_of("type", ("", *_OURS), ""))


async def create(call: Call) -> dict[str, Any]:
    sent = call.body(NewReport)
    site = str(ids.read_uuid(sent.website_id, "websiteId"))
    call.granted = await call.scope_of(Permission.SITE_CHANGE, site=site, field="websiteId")
    return await _one(call, await saved_reports.create(call.database, call.scope, _wanted(sent)))


async def show(call: Call) -> dict[str, Any]:
    return await _one(call, await _at(call, Permission.SITE_READ))


async def change(call: Call) -> dict[str, Any]:
    before, sent = await _at(call, Permission.SITE_CHANGE), call.body(NewReport)
    return await _one(call, await saved_reports.change(call.database, call.scope, before, _wanted(sent)))


async def remove(call: Call) -> Ok:
    found = await _at(call, Permission.SITE_CHANGE)
    await saved_reports.remove(call.database, call.scope, found)
    return Ok()


# ---- goals and funnels of a site --------------------------------------------------------------------------------


def _own_routes(kind: Literal["goal", "funnel"]) -> tuple[Route, ...]:
    at, part = f"/websites/{{site}}/{kind}s", f"{{{kind}}}"

    async def found(call: Call) -> SavedReport:
        one = await saved_reports.find(call.database, ids.read_uuid(call.parts[kind], f"{kind}Id"))
        if one.site_id != call.scope.site or one.report != _OURS[kind]:
            raise no_such(kind)
        return one

    def wanted(call: Call) -> Wanted:
        sent = call.body(NewStep)
        return _wanted(NewReport("", kind, sent.name, sent.description, sent.parameters))

    async def own_listing(call: Call) -> dict[str, Any]:
        site = await sites.show(call.database, call.scope)
        answer = await _listed(call, kind)
        return {**answer, "data": [{**row, "website": {"domain": site.name}} for row in answer["data"]]}

    async def own_create(call: Call) -> dict[str, Any]:
        return await _one(call, await saved_reports.create(call.database, call.scope, wanted(call)))

    async def own_show(call: Call) -> dict[str, Any]:
        return await _one(call, await found(call))

    async def own_change(call: Call) -> dict[str, Any]:
        changed = await saved_reports.change(call.database, call.scope, await found(call), wanted(call))
        return await _one(call, changed)

    async def own_remove(call: Call) -> Ok:
        await saved_reports.remove(call.database, call.scope, await found(call))
        return Ok()

    async def own_stats(call: Call) -> Any:
        one, (asker, asked) = await found(call), await ask(call)
        return await RUNS[kind](asker, asked, parameters(one.parameters))

    read, change_, page = Permission.SITE_READ, Permission.SITE_CHANGE, PAGES[kind]
    return (
        route("GET", at, read, own_listing, page),
        route("POST", at, change_, own_create),
        route("GET", f"{at}/{part}", read, own_show, page),
        route("POST", f"{at}/{part}", change_, own_change),
        route("DELETE", f"{at}/{part}", change_, own_remove),
        route("GET", f"{at}/{part}/stats", read, own_stats, page),
    )


P = Permission
ROUTES = (
    route("GET", "/reports", P.SITE_READ, listing),
    route("POST", "/reports", P.SITE_CHANGE, create),
    route("GET", "/reports/{report}", P.SITE_READ, show),
    route("POST", "/reports/{report}", P.SITE_CHANGE, change),
    route("DELETE", "/reports/{report}", P.SITE_CHANGE, remove),
    route("GET", "/websites/{site}/reports", P.SITE_READ, of_site, "funnels", "goals", "journeys"),
    *_own_routes("goal"),
    *_own_routes("funnel"),
)
