"""Annotations of a site: notes beside its numbers, for everybody who sees them or for their author alone."""

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, Field

from sightline.accounts.permissions import Permission
from sightline.analytics import annotations
from sightline.analytics.annotations import Wanted
from sightline.errors import NotAllowed
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["annotations"])
Read = Annotated[Access, requires_on_site(Permission.SITE_READ)]
Id = Annotated[uuid.UUID, Path(description="The annotation's id.")]
Moment = Annotated[AwareDatetime | None, Query(description="As 2026-01-31T00:00:00Z.")]


class Annotation(Answer):
    """A note at a day or moment; `own` where the caller wrote it, `personal` where nobody else sees it."""

    id: uuid.UUID
    at: datetime
    all_day: bool
    note: str
    personal: bool
    own: bool
    created_at: datetime


class NewAnnotation(Body):
    """What is written, and when it was. One that is not personal needs the permission site:change."""

    at: Annotated[AwareDatetime, Field(strict=False)]
    note: Annotated[str, Field(min_length=1, max_length=1000)]
    all_day: bool = True
    personal: bool = False


@router.get("/sites/{site}/annotations")
async def listing(
    access: Read, paging: Annotated[Paging, Depends()], since: Moment = None, until: Moment = None
) -> Page[Annotation]:
    """List a site's annotations that the caller sees, the latest first: all that lie in the period, in one page."""
    del paging  # a chart shows them all; the parameters are those of every list
    found = await annotations.listing(access.database, access.scope, since=since, until=until)
    return Page(items=[shape(one, access.caller.user_id) for one in found], next=None)


@router.post("/sites/{site}/annotations", status_code=201)
async def create(body: NewAnnotation, access: Read) -> Annotation:
    """Write one."""
    _check(access, personal=body.personal)
    return shape(await annotations.create(access.database, access.scope, _wanted(body)), access.caller.user_id)


@router.put("/sites/{site}/annotations/{annotation}")
async def change(annotation: Id, body: NewAnnotation, access: Read) -> Annotation:
    """Replace one."""
    known = await annotations.show(access.database, access.scope, annotation)
    _check(access, personal=body.personal and known.personal)
    found = await annotations.change(access.database, access.scope, annotation, _wanted(body))
    return shape(found, access.caller.user_id)


@router.delete("/sites/{site}/annotations/{annotation}", status_code=204)
async def remove(annotation: Id, access: Read) -> None:
    """Remove one."""
    known = await annotations.show(access.database, access.scope, annotation)
    _check(access, personal=known.personal)
    await annotations.remove(access.database, access.scope, annotation)


def shape(found: annotations.Annotation, user_id: int | None) -> Annotation:
    """One as it is answered to that user."""
    return Annotation(
        id=found.uuid, at=found.at, all_day=found.all_day, note=found.note, personal=found.personal,
        own=found.created_by is not None and found.created_by == user_id, created_at=found.created_at,
    )  # fmt: skip


def _wanted(body: NewAnnotation) -> Wanted:
    return Wanted(at=body.at.astimezone(UTC), note=body.note, all_day=body.all_day, personal=body.personal)


def _check(access: Access, *, personal: bool) -> None:
    if not personal and not access.caller.holds(Permission.SITE_CHANGE, access.scope.tenant):
        raise NotAllowed(hint="A note for everybody needs the permission site:change; a personal one does not.")
