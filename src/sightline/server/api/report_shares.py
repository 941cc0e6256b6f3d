"""Shared reports: links that show one report of a site to people without an account, and what such a link may ask.

A report is asked here with what was shared. Who looks may choose another time and further filters only where the link
says so, and then within what was shared: its filters and segments always hold. Dimensions and metrics are those that
the page shows.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from sightline.accounts import report_shares
from sightline.accounts.permissions import Permission
from sightline.accounts.report_shares import NewReportShare, Opened
from sightline.accounts.scopes import scope_for
from sightline.analytics import annotations, segments
from sightline.analytics.asking import Asker, Saved
from sightline.analytics.catalogue import REPORTS, Report
from sightline.analytics.export import MEDIA, Format, written
from sightline.analytics.filters import Match, where
from sightline.analytics.period import Compare, period
from sightline.errors import NotAllowed
from sightline.server.api import annotations as annotation_api
from sightline.server.api import typed
from sightline.server.api.annotations import Annotation
from sightline.server.api.reports import GONE, engine_of, while_waited_for
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, number
from sightline.server.authentication import house, origin_key
from sightline.server.errors import request_id
from sightline.server.permissions import Access, public, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["shared reports"])
_WHY: Final = "whoever has the link may see the one report that it shows: the link, or its token, says which"

# What each page that can be shared asks. A dimension that no panel shows is not to be had by a link.
PAGES: Final[Mapping[str, frozenset[str]]] = {"overview": frozenset({"overview", "series", "breakdown"})}
DIMENSIONS: Final = frozenset(
    {
        "path", "title", "entry", "exit", "hostname", "referrer", "channel", "utm_source", "utm_medium",
        "utm_campaign", "utm_content", "utm_term", "browser", "os", "device", "screen", "language", "country",
        "region", "city", "event", "tag",
    }
)  # fmt: skip
# Of a request of somebody who may not choose: what was shared stands in its place.
_FIXED: Final = ("range", "start", "end", "filter", "match", "exclude_bounces", "compare", "compare_start",
                 "compare_end", "match_weekday")  # fmt: skip
_SHARED: Final = "shared"

Token = Annotated[str, Header(alias="x-sightline-share", max_length=100, description="As `open` answered it.")]
Short = Annotated[str, Field(max_length=200)]


class Asked(Body):
    """What a shared report is asked with, as the reports themselves take it."""

    range: Short = "28d"
    start: Short | None = None
    end: Short | None = None
    filter: Annotated[list[Annotated[str, Field(max_length=4000)]], Field(default_factory=list, max_length=30)]
    match: Annotated[Match, Field(strict=False)] = Match.ALL
    segment: Annotated[list[Annotated[str, Field(max_length=64)]], Field(default_factory=list, max_length=5)]
    compare: Annotated[Compare, Field(strict=False)] = Compare.PREVIOUS
    compare_start: Short | None = None
    compare_end: Short | None = None
    match_weekday: bool = False


class NewShareOfReport(Body):
    """What a new link shows, and to whom."""

    name: Annotated[str, Field(max_length=100)]
    page: Annotated[str, Field(max_length=40, description="overview")] = "overview"
    asked: Asked
    free: Annotated[bool, Field(description="Who looks may choose another time and further filters.")] = False
    expires_at: Annotated[AwareDatetime | None, Field(strict=False)] = None
    password: Annotated[str | None, Field(max_length=256, description="8 characters at least.")] = None


class ShareOfReport(Answer):
    """A link. Its address is `/shared/{slug}`; `guarded` says that it asks for a password."""

    id: str
    name: str
    slug: str
    page: str
    asked: Asked
    free: bool
    guarded: bool
    expires_at: datetime | None
    opened: int
    opened_at: datetime | None
    created_at: datetime


class Opening(Body):
    """The slug of a link, and its password where it has one."""

    slug: Annotated[str, Field(max_length=100)]
    password: Annotated[str | None, Field(max_length=256)] = None


class OpenedReport(Answer):
    """What a link shows, and the token, which lasts an hour, to ask for it with."""

    token: str
    name: str
    site_name: str
    time_zone: str
    page: str
    asked: Asked
    free: bool
    expires_at: datetime | None


@router.get("/sites/{site}/report-shares")
async def listing(
    access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], paging: Annotated[Paging, Depends()]
) -> Page[ShareOfReport]:
    """List the links to reports of a site, with how often they were opened."""
    found = await report_shares.listing(access.database, access.scope, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, _shape, lambda one: one.id)


@router.post("/sites/{site}/report-shares", status_code=201)
async def create(
    body: NewShareOfReport, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]
) -> ShareOfReport:
    """Share a report as it is asked for now; what it shows, and until when, is held by the server."""
    if body.page not in PAGES:
        raise NotAllowed(f"{body.page!r} cannot be shared", hint=f"What can be shared is {', '.join(PAGES)}.")
    _checked(body.asked)
    known = await segments.saved(access.database, access.scope, body.asked.segment, zone="UTC")
    if len(known) != len(set(body.asked.segment)):
        raise NotAllowed("one of these segments is not on this site", hint="Choose others, or share filters.")
    new = NewReportShare(
        name=body.name, page=body.page, asked=body.asked.model_dump(mode="json"), free=body.free,
        expires_at=body.expires_at, password=body.password,
    )  # fmt: skip
    return _shape(await report_shares.create(access.database, access.scope, new))


@router.delete("/sites/{site}/report-shares/{share}", status_code=204)
async def remove(
    share: Annotated[str, Path(max_length=20)], access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]
) -> None:
    """Take a link back: whoever has it sees nothing from now on."""
    await report_shares.remove(access.database, access.scope, number(share, "shared report"))


@router.post("/shared/open", dependencies=[public(_WHY)])
async def look(body: Opening, request: Request) -> OpenedReport:
    """Open a link. Every time is noted, and wrong passwords slow down further ones."""
    found = await report_shares.opened(
        house(request).database, body.slug, body.password, origin=origin_key(request), request_id=request_id(request)
    )
    share = found.share
    return OpenedReport(
        token=found.token, name=share.name, site_name=found.site_name, time_zone=found.time_zone, page=share.page,
        asked=Asked.model_validate(share.asked), free=share.free, expires_at=share.expires_at,
    )  # fmt: skip


@router.get("/shared/annotations", dependencies=[public(_WHY)])
async def notes(request: Request, token: Token, paging: Annotated[Paging, Depends()]) -> Page[Annotation]:
    """The notes beside a shared report that are for everybody: all of them, in one page."""
    del paging
    parts = house(request)
    found = await report_shares.holder(parts.database, token, request_id=request_id(request))
    scope = await scope_for(parts.database, found.caller, Permission.SITE_READ, site=str(found.share.site_id))
    rows = await annotations.listing(parts.database, scope)
    return Page(items=[annotation_api.shape(one, None) for one in rows], next=None)


async def _answered(request: Request, token: str, report: Report, said: dict[str, Any]) -> Response:
    parts = house(request)
    found = await report_shares.holder(parts.database, token, request_id=request_id(request))
    if report.name not in PAGES.get(found.share.page, frozenset()):
        raise NotAllowed("this link does not show that report")
    asked = Asked.model_validate(found.share.asked)
    scope = await scope_for(parts.database, found.caller, Permission.SITE_READ, site=str(found.share.site_id))
    params = msgspec.convert(_held(found, asked, report, said), report.params, strict=False)
    saved = dict(await segments.saved(parts.database, scope, asked.segment, zone=found.time_zone))
    saved[_SHARED] = Saved(where(asked.filter, asked.match))
    asker = Asker(engine_of(request), scope, zone=found.time_zone, saved=saved)
    answer = await while_waited_for(request, report.run(asker, params))
    if answer is None:
        return Response(status_code=GONE)
    headers = {"cache-control": "no-store"}
    return Response(written(answer, Format.JSON), media_type=MEDIA[Format.JSON], headers=headers)


def _held(found: Opened, asked: Asked, report: Report, said: dict[str, Any]) -> dict[str, Any]:
    """What a report is asked with: what was shared, and of what was said that which the link leaves free."""
    held = dict(said)
    for unheard in ("segment", "zone", "format"):
        held.pop(unheard, None)
    if set(held.get("by", ())) - DIMENSIONS:
        raise NotAllowed("this link does not show that", hint=f"It shows {', '.join(sorted(DIMENSIONS))}.")
    if found.share.free:
        fields = (one.split(":")[0] if not one.startswith("[") else "[" for one in held.get("filter", ()))
        if set(fields) - DIMENSIONS:
            raise NotAllowed("this link does not filter by that", hint=f"Filter by {', '.join(sorted(DIMENSIONS))}.")
    else:
        known = {field.name for field in msgspec.structs.fields(report.params)}
        own = asked.model_dump(mode="json", exclude_none=True, exclude={"filter", "match", "segment"})
        held = {name: value for name, value in held.items() if name not in _FIXED}
        held |= {name: value for name, value in own.items() if name in known}
    return {**held, "segment": (_SHARED, *asked.segment)}


def _checked(asked: Asked) -> None:
    """Refuse now what every report would refuse later."""
    where(asked.filter, asked.match)
    period(asked.range, start=asked.start, end=asked.end)
    if asked.compare is Compare.CUSTOM:
        period("", start=asked.compare_start, end=asked.compare_end)


def _shape(found: report_shares.ReportShare) -> ShareOfReport:
    fields = {name: getattr(found, name) for name in found.__struct_fields__ if name != "site_id"}
    return ShareOfReport(**{**fields, "id": str(found.id), "asked": Asked.model_validate(found.asked)})


def _route(report: Report) -> Callable[..., Any]:
    query: Any = typed.query(report.params)

    async def run(request: Request, token: Token, asked: BaseModel) -> Response:
        return await _answered(request, token, report, asked.model_dump(exclude_unset=True))

    run.__annotations__["asked"] = Annotated[query, Query()]
    run.__name__, run.__doc__ = f"shared_{report.name.replace('-', '_')}", report.summary
    return run


for _name in sorted(set().union(*PAGES.values())):
    router.add_api_route(
        f"/shared/reports/{_name}", _route(REPORTS[_name]), methods=["GET"],
        response_model=typed.model(REPORTS[_name].answer), dependencies=[public(_WHY)],
    )  # fmt: skip
