"""Sites."""

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import Field

from sightline.accounts import sites, tracking
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.accounts.sites import MOST_DAYS, Kept
from sightline.operate.demo import site as demo
from sightline.privacy.consent import Mode
from sightline.privacy.pseudonyms import Period
from sightline.server import jobs
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, Reference, Text
from sightline.server.permissions import Access, requires, requires_on_site
from sightline.signals import emptying

router = APIRouter(prefix=PREFIX, tags=["sites"])

Domains = Annotated[list[Text], Field(max_length=100, description="Host names; `*.` in front stands for all below.")]
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]


class Retention(Answer):
    """How many days each kind of data is kept."""

    analytics: int
    vitals: int
    recordings: int
    logs: int
    errors: int


class Privacy(Answer):
    """The most that is collected, whether visitors are asked first, and for how long one is recognised."""

    consent_mode: Mode
    consent_asked: bool
    honour_signals: bool
    salt_period: Period


class Site(Answer):
    """A watched web application. `public_key` stands in web pages and opens nothing."""

    id: str
    uuid: uuid.UUID
    team_id: Annotated[str, Field(validation_alias="tenant_id")]
    name: str
    domains: list[str]
    time_zone: str
    public_key: str
    retention: Retention
    privacy: Privacy
    privacy_answered_at: Annotated[
        datetime | None, Field(description="Null: nobody has said yet what may be collected, so nothing is recorded.")
    ]
    created_by: str | None
    created_at: datetime
    reset_at: datetime | None
    is_demo: Annotated[bool, Field(description="Its visits are made up.")] = False


class NewSite(Body):
    """What a new site needs to be told; `team` may be left out by who has only one, or none yet."""

    name: Text
    domains: Annotated[Domains, Field(default_factory=list)]
    time_zone: Annotated[str, Field(max_length=100, description="Of the IANA list, as Europe/Zurich.")] = "UTC"
    team: Reference | None = None
    privacy_later: Annotated[
        bool, Field(description="Record nothing until somebody has said what may be collected.")
    ] = False


class SiteChange(Body):
    """What shall change."""

    name: Text | None = None
    domains: Domains | None = None
    time_zone: Annotated[str, Field(max_length=100)] | None = None


class RetentionChange(Body):
    """Days per kind; what is left out stays as it is."""

    analytics: Days | None = None
    vitals: Days | None = None
    recordings: Days | None = None
    logs: Days | None = None
    errors: Days | None = None


class PrivacyChange(Body):
    """What shall change; what is left out stays as it is."""

    consent_mode: Annotated[
        Mode | None, Field(description="The most that is collected: nothing, analytics, or recordings too.")
    ] = None
    consent_asked: Annotated[bool | None, Field(description="Collect nothing until the visitor agreed.")] = None
    honour_signals: Annotated[
        bool | None,
        Field(description="Collect nothing from browsers that send Do Not Track or Global Privacy Control."),
    ] = None
    salt_period: Annotated[
        Period | None, Field(description="A visitor is recognised within one day (UTC), or one month.")
    ] = None


class Snippet(Answer):
    """What a site puts into its pages. `html` names this server where its public address is known, else the path."""

    path: str
    html: str


class Tracking(Answer):
    """What the SDK does: how many visits it records, where it never does, which other origins are told the visit."""

    replay_percent: int
    payment_pages: list[str]
    endpoints: list[str]


class TrackingChange(Body):
    """What shall change; what is left out stays as it is."""

    replay_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    payment_pages: (
        Annotated[
            list[Annotated[str, Field(max_length=200)]],
            Field(max_length=50, description="Paths that are never recorded; `*` stands for any characters."),
        ]
        | None
    ) = None
    endpoints: (
        Annotated[
            list[Annotated[str, Field(max_length=200)]],
            Field(
                max_length=50, description="Origins whose requests carry the visit's id, as https://api.example.com."
            ),
        ]
        | None
    ) = None


@router.get("/sites")
async def listing(
    access: Annotated[Access, requires(Permission.SITE_READ)],
    paging: Annotated[Paging, Depends()],
    team: Annotated[str | None, Query(max_length=64, description="Only the sites of this team.")] = None,
) -> Page[Site]:
    """List the sites of one's teams; an admin sees all."""
    tenant_id = None
    if team is not None:
        tenant_id = (await scope_for(access.database, access.caller, Permission.SITE_READ, team=team)).tenant
    found = await sites.listing(
        access.database, access.scope, tenant_id=tenant_id, after=paging.from_id, limit=paging.fetch
    )
    return paging.page(found, _shape, lambda site: site.id)


@router.post("/sites", status_code=201)
async def create(body: NewSite, access: Annotated[Access, requires(Permission.SITE_CREATE)]) -> Site:
    """Create a site."""
    scope, tenant_id = access.scope, None
    if body.team is not None:
        scope = await scope_for(access.database, access.caller, Permission.SITE_CREATE, team=body.team)
        tenant_id = scope.tenant
    new = sites.NewSite(
        name=body.name, domains=body.domains, time_zone=body.time_zone, privacy_later=body.privacy_later
    )
    return _shape(await sites.create(access.database, scope, new, tenant_id=tenant_id))


@router.get("/sites/{site}")
async def show(access: Annotated[Access, requires_on_site(Permission.SITE_READ)]) -> Site:
    """One site, by its id or UUID."""
    return _shape(await sites.show(access.database, access.scope))


@router.patch("/sites/{site}")
async def change(body: SiteChange, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]) -> Site:
    """Change name, domains or time zone."""
    wanted = sites.SiteChange(**body.model_dump(exclude_none=True))
    return _shape(await sites.change(access.database, access.scope, wanted))


@router.put("/sites/{site}/retention")
async def retain(body: RetentionChange, access: Annotated[Access, requires_on_site(Permission.SITE_RETENTION)]) -> Site:
    """Say how long each kind of data is kept; what is older is erased in the background."""
    days = {Kept(kind): wanted for kind, wanted in body.model_dump(exclude_none=True).items()}
    return _shape(await sites.retain(access.database, access.scope, days))


@router.put("/sites/{site}/privacy")
async def protect(body: PrivacyChange, access: Annotated[Access, requires_on_site(Permission.SITE_PRIVACY)]) -> Site:
    """Say what the site may collect, whether visitors are asked first, and for how long one is recognised."""
    wanted = sites.PrivacyChange(**body.model_dump(exclude_none=True))
    return _shape(await sites.protect(access.database, access.scope, wanted))


@router.get("/sites/{site}/snippet")
async def snippet(access: Annotated[Access, requires_on_site(Permission.SITE_READ)]) -> Snippet:
    """What the site puts into its pages; `path` is what a server of the site's own passes on."""
    base = access.settings.server.public_url
    path = await tracking.path(access.database)
    return Snippet(path=f"/{path}", html=await tracking.snippet(access.database, access.scope, base.rstrip("/")))


@router.get("/sites/{site}/tracking")
async def tracked(access: Annotated[Access, requires_on_site(Permission.SITE_READ)]) -> Tracking:
    """What the SDK does on the site."""
    return Tracking.of(await tracking.of_site(access.database, access.scope.site))


@router.put("/sites/{site}/tracking")
async def track(body: TrackingChange, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]) -> Tracking:
    """Say what the SDK does on the site; pages hear of it with their next batch."""
    wanted = msgspec.convert(body.model_dump(exclude_none=True), tracking.TrackingChange)
    return Tracking.of(await tracking.change(access.database, access.scope, wanted))


@router.delete("/sites/{site}", status_code=204)
async def remove(access: Annotated[Access, requires_on_site(Permission.SITE_DELETE)]) -> None:
    """Remove a site; its data are erased in the background."""
    await emptying.remove(access.database, access.scope)
    await jobs.hurry(access.database, emptying.JOB)


def _shape(site: sites.Site) -> Site:
    return Site.of(site).model_copy(update={"is_demo": site.uuid == demo.UUID})
