"""Erasing on a site: of everything, or of what some visitors, visits or persons left; and what a site's data take."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.replay import retention
from sightline.server import jobs
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, Text, numbers
from sightline.server.permissions import Access, requires_on_site
from sightline.signals import emptying, erasure
from sightline.signals.emptying import Names
from sightline.signals.retention import Retention

router = APIRouter(prefix=PREFIX, tags=["erasures"])

Ids = Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=1000)]


class Erasure(Answer):
    """An erasure: nobody sees the data any more since `requested_at`; `done` goes from 0 to 1 until they are gone."""

    id: str
    reason: Annotated[str, Field(description="reset, removed, or asked.")]
    visitors: int
    visits: int
    persons: int
    rows: Annotated[int, Field(description="Signals that were taken so far.")]
    done: float
    requested_at: datetime
    finished_at: datetime | None


class Wanted(Body):
    """Whose signals are to go. `named` are names as the application gave them to `identify`."""

    visitors: Annotated[Ids, Field(default_factory=list)]
    visits: Annotated[Ids, Field(default_factory=list)]
    persons: Annotated[Ids, Field(default_factory=list)]
    named: Annotated[list[Text], Field(default_factory=list, max_length=1000)]
    dry_run: Annotated[bool, Field(description="Only count what would go.")] = False

    def names(self) -> Names:
        return Names(
            visitors=numbers(self.visitors, "visitors"), visits=numbers(self.visits, "visits"),
            persons=numbers(self.persons, "persons"), named=tuple(self.named),
        )  # fmt: skip


class Asked(Answer):
    """What was asked for; after a dry run how many signals of each kind would go, and no erasure."""

    erasure: Erasure | None
    signals: dict[str, int]


class Storage(Answer):
    """What a kind of signals takes of what is sealed, and what it will when nothing changes."""

    kind: str
    days: Annotated[int, Field(description="How long it is kept.")]
    rows: int
    bytes: int
    rows_per_day: float
    bytes_per_day: float
    bytes_in_30_days: int
    bytes_at_most: int


@router.get("/sites/{site}/erasures")
async def listing(
    access: Annotated[Access, requires_on_site(Permission.SITE_ERASE)], paging: Annotated[Paging, Depends()]
) -> Page[Erasure]:
    """List what was erased on this site, the latest first, and how far it is."""
    found = await erasure.asked(access.database, access.scope.site, before=paging.from_id, limit=paging.fetch)
    return paging.page(found, Erasure.of, lambda one: one.id)


@router.post("/sites/{site}/erasures", status_code=202)
async def erase(body: Wanted, access: Annotated[Access, requires_on_site(Permission.SITE_ERASE)]) -> Asked:
    """Erase what some visitors, visits or persons left: at once for readers, in every store in the background."""
    tombstone = await emptying.tombstone_for(access.house.keys, access.scope, body.names())
    if body.dry_run:
        return Asked(erasure=None, signals=await access.house.erasure.preview(tombstone))
    asked = await emptying.erase(access.database, access.scope, tombstone)
    await jobs.hurry(access.database, emptying.JOB)
    return Asked(erasure=Erasure.of(asked), signals={})


@router.post("/sites/{site}/reset", status_code=202)
async def reset(access: Annotated[Access, requires_on_site(Permission.SITE_ERASE)]) -> Erasure:
    """Erase everything that was collected until now; the site and its settings stay."""
    asked = await emptying.reset(access.database, access.scope)
    await jobs.hurry(access.database, emptying.JOB)
    return Erasure.of(asked)


@router.get("/sites/{site}/storage")
async def storage(access: Annotated[Access, requires_on_site(Permission.SITE_READ)]) -> Page[Storage]:
    """What each kind takes, by what its last sealed days took; a day is sealed soon after it ends (UTC).

    `recording` is what recordings take in the object store; `chunk` what is kept of them while they run.
    """
    found = await Retention(access.database).forecast([access.scope.site])
    recordings = await retention.forecast(access.database, access.scope.site)
    found += [recordings] if recordings is not None else []
    return Page(items=[Storage.of(one) for one in found], next=None)
