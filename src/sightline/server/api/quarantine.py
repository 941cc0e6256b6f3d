"""The quarantine of a site: what was kept out in the last seven days, and letting it in after all."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.permissions import Permission
from sightline.collect.policy import KEPT, Reason
from sightline.errors import InvalidValue
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, numbers
from sightline.server.permissions import Access, requires_on_site
from sightline.signals import quarantine
from sightline.signals.journal import Journal

router = APIRouter(prefix=PREFIX, tags=["quarantine"])

ReasonName = Annotated[Reason, Field(strict=False)]
_MOST_IDS = 1000


class Kept(Answer):
    """An event that was kept out; `detail` is what gave it away, `event` what would have been stored."""

    id: str
    received_ms: int
    reason: str
    detail: str
    event: dict[str, Any]


class Group(Answer):
    """How much was kept out for one reason and detail."""

    reason: str
    detail: str
    hits: int
    visitors: int
    first_ms: int
    last_ms: int


class Choice(Body):
    """Which: some by their ids, or all of a reason, perhaps only those with one detail."""

    ids: Annotated[list[Annotated[str, Field(max_length=20)]] | None, Field(max_length=_MOST_IDS)] = None
    reason: ReasonName | None = None
    detail: Annotated[str | None, Field(max_length=100)] = None

    def chosen(self) -> quarantine.Chosen:
        ids = None if self.ids is None else list(numbers(self.ids, "ids"))
        found = quarantine.Chosen(ids=ids, reason=self.reason, detail=self.detail)
        found.check()
        return found


class Reclassification(Choice):
    """Which, and the reason that they shall stand under."""

    to: ReasonName


class Done(Answer):
    """How many events it was."""

    events: int


@router.get("/sites/{site}/quarantine")
async def listing(
    access: Annotated[Access, requires_on_site(Permission.SITE_QUARANTINE)],
    paging: Annotated[Paging, Depends()],
    reason: Annotated[Reason | None, Query(description="Only what was kept out for this reason.")] = None,
) -> Page[Kept]:
    """List what was kept out, the latest first."""
    found = await quarantine.listing(
        access.database, access.scope.site, before=paging.from_id, reason=reason, limit=paging.fetch
    )
    return paging.page(found, Kept.of, lambda kept: kept.id)


@router.get("/sites/{site}/quarantine/summary")
async def summary(access: Annotated[Access, requires_on_site(Permission.SITE_QUARANTINE)]) -> Page[Group]:
    """Count what was kept out, by reason and by what gave it away: at most 200 rows, so there is one page."""
    rows = await quarantine.summary(access.database, access.scope.site)
    return Page(items=[Group.of(row) for row in rows], next=None)


@router.post("/sites/{site}/quarantine/release")
async def release(body: Choice, access: Annotated[Access, requires_on_site(Permission.SITE_QUARANTINE)]) -> Done:
    """Store events that were kept out, as if they had come in: with their own time, and visits that follow from it."""
    chosen = body.chosen()
    journal = Journal(access.database.address, access.settings.signals)
    await journal.start()
    try:
        events = await quarantine.release(access.database, journal, access.scope.site, chosen)
    finally:
        await journal.close()
    await _record(access, Action.QUARANTINE_RELEASE)
    return Done(events=events)


@router.post("/sites/{site}/quarantine/reclassify")
async def reclassify(
    body: Reclassification, access: Annotated[Access, requires_on_site(Permission.SITE_QUARANTINE)]
) -> Done:
    """Put events under another reason."""
    if body.to not in KEPT:
        raise InvalidValue(f"nothing is kept for the reason {body.to.value}", field="to")
    events = await quarantine.reclassify(access.database, access.scope.site, body.chosen(), body.to)
    await _record(access, Action.QUARANTINE_RECLASSIFY)
    return Done(events=events)


async def _record(access: Access, action: Action) -> None:
    scope = access.scope
    await audit.record(access.database, access.caller, action, (Thing.SITE, scope.site), tenant_id=scope.tenant)
