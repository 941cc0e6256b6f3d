"""Saved segments and cohorts of a site, which every report takes as `segment`."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.analytics import segments
from sightline.analytics.filters import Match
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, Text, number
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["segments"])
Id = Annotated[str, Path(max_length=64, description="The segment's id.")]
Short = Annotated[str, Field(max_length=200)]


class Definition(Body):
    """Filters; with `did`, a cohort: the visitors who did that in the range."""

    filter: Annotated[list[Annotated[str, Field(max_length=4000)]], Field(default_factory=list, max_length=30)]
    match: Annotated[Match, Field(strict=False)] = Match.ALL
    did: Annotated[str, Field(max_length=4000, description="As path:/pricing or event:sign-up.")] | None = None
    range: Short = "30d"
    start: Short | None = None
    end: Short | None = None

    def read(self) -> segments.Definition:
        return msgspec.convert(self.model_dump(mode="json", exclude_none=True), segments.Definition)


class Segment(Answer):
    """A segment, or a cohort where `did` is set."""

    id: str
    name: str
    definition: Definition
    created_at: datetime
    changed_at: datetime


class NewSegment(Body):
    """What is saved."""

    name: Text
    definition: Definition


@router.get("/sites/{site}/segments")
async def listing(
    access: Annotated[Access, requires_on_site(Permission.SITE_READ)], paging: Annotated[Paging, Depends()]
) -> Page[Segment]:
    """List a site's segments and cohorts."""
    found = await segments.listing(access.database, access.scope, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, _shape, lambda one: one.id)


@router.post("/sites/{site}/segments", status_code=201)
async def create(body: NewSegment, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]) -> Segment:
    """Save a segment or cohort."""
    return _shape(await segments.create(access.database, access.scope, body.name, body.definition.read()))


@router.get("/sites/{site}/segments/{segment}")
async def show(access: Annotated[Access, requires_on_site(Permission.SITE_READ)], segment: Id) -> Segment:
    """One segment."""
    return _shape(await segments.show(access.database, access.scope, number(segment, "segment")))


@router.put("/sites/{site}/segments/{segment}")
async def change(
    body: NewSegment, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], segment: Id
) -> Segment:
    """Replace a segment."""
    identity = number(segment, "segment")
    return _shape(await segments.change(access.database, access.scope, identity, body.name, body.definition.read()))


@router.delete("/sites/{site}/segments/{segment}", status_code=204)
async def remove(access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], segment: Id) -> None:
    """Remove a segment."""
    await segments.remove(access.database, access.scope, number(segment, "segment"))


def _shape(found: segments.Segment) -> Segment:
    fields: dict[str, Any] = {name: getattr(found, name) for name in found.__struct_fields__}
    definition = msgspec.to_builtins(found.definition)
    return Segment(**{**fields, "id": str(found.id), "definition": Definition.model_validate(definition, strict=False)})
