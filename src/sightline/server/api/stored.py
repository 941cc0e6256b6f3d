"""What is stored, held against the rules in force: audits of it, and masking it anew."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.server import jobs
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Reference, Text
from sightline.server.permissions import Access, requires
from sightline.signals import audits, remasking
from sightline.signals.audits import AskedAudit, Audits
from sightline.signals.remasking import Remasking

router = APIRouter(prefix=f"{PREFIX}/privacy", tags=["privacy"])

_MOST: Final = 10_000_000
Since = Annotated[int, Field(ge=0, description="Only what was created from then on, in milliseconds.")]


class Where(Answer):
    """The journal or an extent, the row in it, and the place in its text."""

    where: str
    row: str
    path: str


class Finding(Answer):
    """What the rules in force would still mask, of one sort; never the value."""

    kind: str
    rules: int
    field: str
    detector: str
    signals: int
    texts: int
    places: list[Where]


class Read(Answer):
    """What was read of one kind."""

    kind: str
    signals: int
    texts: int
    distinct: int


class AuditReport(Answer):
    """What an audit read and found."""

    walked: list[Read]
    findings: list[Finding]
    found: int
    seconds: float


class StoredAudit(Answer):
    """An audit of what is stored; `report` is null until it is finished."""

    id: str
    site_id: str | None
    since_ms: int
    sample: int | None
    asked_by: str | None
    asked_at: datetime
    progress: float
    finished_at: datetime | None
    report: AuditReport | None


class NewAudit(Body):
    """What to read; without `sample` everything."""

    site: Reference | None = None
    since_ms: Since = 0
    sample: Annotated[
        int | None, Field(ge=1, le=_MOST, description="Read only about so many signals of each kind.")
    ] = None


class Remask(Answer):
    """A masking anew of what older rules masked."""

    id: str
    sites: Annotated[list[str], Field(description="Empty: all.")]
    kinds: Annotated[list[str], Field(description="Empty: all.")]
    since_ms: int
    progress: float
    changed: Annotated[int, Field(description="Signals that were rewritten so far.")]
    started_at: datetime
    finished_at: datetime | None


class NewRemask(Body):
    """What to go over."""

    site: Reference | None = None
    kinds: Annotated[list[Text], Field(max_length=50, default_factory=list)]
    since_ms: Since = 0
    dry_run: bool = False


class WouldChange(Answer):
    """What would be rewritten of one kind, and how many of its texts would change."""

    kind: str
    version: int
    signals: int
    texts: int


class AskedRemask(Answer):
    """The job that was begun; after a dry run what it would do, and no job."""

    job: Remask | None
    would: list[WouldChange]


@router.get("/audits")
async def list_audits(access: Annotated[Access, requires(Permission.PRIVACY_READ)]) -> Page[StoredAudit]:
    """List the latest audits; older ones are forgotten."""
    return Page(items=[_audit(one) for one in await Audits(access.database).listing()], next=None)


@router.post("/audits", status_code=202)
async def ask_for_audit(body: NewAudit, access: Annotated[Access, requires(Permission.PRIVACY_READ)]) -> StoredAudit:
    """Read again what is stored, in the background, and report what the rules in force would still mask."""
    site = await _site(access, body.site, Permission.PRIVACY_READ)
    asked = await Audits(access.database).ask(access.caller, site=site, since_ms=body.since_ms, sample=body.sample)
    await jobs.hurry(access.database, audits.JOB)
    return _audit(asked)


@router.get("/remasks")
async def list_remasks(access: Annotated[Access, requires(Permission.PRIVACY_READ)]) -> Page[Remask]:
    """List the latest ones and how far they are."""
    return Page(items=[Remask.of(job) for job in await _remasking(access).listing()], next=None)


@router.post("/remasks", status_code=202)
async def ask_for_remask(
    body: NewRemask, access: Annotated[Access, requires(Permission.PRIVACY_MANAGE)]
) -> AskedRemask:
    """Rewrite in the background what older rules masked; a dry run counts what that would be."""
    site = await _site(access, body.site, Permission.PRIVACY_MANAGE)
    sites = () if site is None else (site,)
    if body.dry_run:
        would = await _remasking(access).preview(sites=sites, kinds=body.kinds, since_ms=body.since_ms)
        return AskedRemask(job=None, would=[WouldChange.of(one) for one in would])
    job = await _remasking(access).ask(access.caller, sites=sites, kinds=body.kinds, since_ms=body.since_ms)
    await jobs.hurry(access.database, remasking.JOB)
    return AskedRemask(job=Remask.of(job), would=[])


def _remasking(access: Access) -> Remasking:
    house = access.house
    return Remasking(house.database, house.walkers, house.rules, house.direct)


async def _site(access: Access, site: str | None, permission: Permission) -> int | None:
    if site is None:
        return None
    return (await scope_for(access.database, access.caller, permission, site=site)).site


def _audit(asked: AskedAudit) -> StoredAudit:
    return StoredAudit.of(asked)
