"""Links and pixels of a site."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from sightline.accounts import links
from sightline.accounts.links import LinkKind
from sightline.accounts.permissions import Permission
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, Text, number
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["links"])


class Link(Answer):
    """A link (`/q/{slug}` sends on to `url`) or a pixel (`/p/{slug}` is a picture)."""

    id: str
    uuid: uuid.UUID
    kind: LinkKind
    name: str
    slug: str
    url: str
    created_at: datetime


class NewLink(Body):
    """What a new one needs to be told; without `slug` it gets a random one, and a pixel has no `url`."""

    kind: Annotated[LinkKind, Field(strict=False)]
    name: Text
    slug: Annotated[str, Field(max_length=100)] = ""
    url: Annotated[str, Field(max_length=2048)] = ""


@router.get("/sites/{site}/links")
async def listing(
    access: Annotated[Access, requires_on_site(Permission.SITE_READ)],
    paging: Annotated[Paging, Depends()],
    kind: Annotated[LinkKind | None, Query(description="Only links, or only pixels.")] = None,
) -> Page[Link]:
    """List the links and pixels of a site."""
    found = await links.listing(access.database, access.scope, kind=kind, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, Link.of, lambda link: link.id)


@router.post("/sites/{site}/links", status_code=201)
async def create(body: NewLink, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]) -> Link:
    """Make a link or a pixel."""
    new = links.NewLink(kind=body.kind, name=body.name, slug=body.slug, url=body.url)
    return Link.of(await links.create(access.database, access.scope, new))


@router.delete("/sites/{site}/links/{link}", status_code=204)
async def remove(
    link: Annotated[str, Path(max_length=20)], access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]
) -> None:
    """Remove one; its address no longer works, what it counted stays."""
    await links.remove(access.database, access.scope, number(link, "link"))
