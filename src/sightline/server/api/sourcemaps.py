"""Source maps of a site's releases. They come in and are used here; no route hands one out."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.errors import InvalidValue
from sightline.health.sourcemaps import MOST_PARTS, Offer, Stored
from sightline.server.api.shapes import PREFIX, Answer, Body, Page
from sightline.server.grouping import grouping_of, maps_of
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["sourcemaps"])
Change = Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]
Release = Annotated[str, Query(max_length=100, description="The release.")]


class SourceMap(Answer):
    """What is known of a map; `sha256` is of its content as it was built."""

    release: str
    file: str
    sha256: str
    size: int
    mappings: int
    uploaded_at: datetime

    @classmethod
    def shaped(cls, found: Stored) -> "SourceMap":
        return cls(
            release=found.release, file=found.file, sha256=found.sha256.hex(), size=found.size,
            mappings=found.mappings, uploaded_at=found.uploaded_at,
        )  # fmt: skip


class NewMap(Body):
    """A map that is offered: for which built file of which release, and the digest of its content."""

    release: Annotated[str, Field(max_length=100)]
    file: Annotated[str, Field(max_length=400, description="The built file's path, as assets/index-B3kD9x1f.js.")]
    sha256: Annotated[str, Field(max_length=64)]
    parts: Annotated[int, Field(ge=1, le=MOST_PARTS, description="In how many parts of its gzip it comes.")]


class Taken(Answer):
    """Whether the map is stored, and which parts are missing."""

    stored: bool
    missing: list[int]


class Removed(Answer):
    """How many maps were removed."""

    removed: int


class Regrouped(Answer):
    """How many kinds of errors found another issue."""

    changed: int


@router.get("/sites/{site}/sourcemaps")
async def listing(
    access: Annotated[Access, requires_on_site(Permission.SITE_ERRORS)],
    release: Annotated[str | None, Query(max_length=100, description="Only those of this release.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many items.")] = 50,
    cursor: Annotated[str | None, Query(max_length=800, description="`next` of the page before.")] = None,
) -> Page[SourceMap]:
    """List the source maps, by release and file."""
    maps = maps_of(access.house)
    found = await maps.listing(access.scope.site, release=release, after=_cursor(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = None
    if last is not None:
        following = base64.urlsafe_b64encode(f"{last.release}\n{last.file}".encode()).decode()
    return Page(items=[SourceMap.shaped(one) for one in found[:limit]], next=following)


@router.put("/sites/{site}/sourcemaps")
async def offer(body: NewMap, access: Change) -> Taken:
    """Store a map whose content is here; otherwise say which parts are to be sent before this is asked again."""
    wanted = Offer(body.release, body.file, body.sha256, body.parts)
    missing = await maps_of(access.house).offer(access.scope.site, wanted)
    return Taken(stored=not missing, missing=missing)


@router.put("/sites/{site}/sourcemaps/parts/{sha256}/{part}", status_code=204)
async def put_part(
    request: Request,
    access: Change,
    sha256: Annotated[str, Path(max_length=64, description="The digest of the content that it is a part of.")],
    part: Annotated[int, Path(ge=0, lt=MOST_PARTS, description="Which part, from 0.")],
) -> None:
    """Send a part: the bytes of the gzip of a map, 512 kB at most."""
    await maps_of(access.house).put_part(access.scope.site, sha256, part, await request.body())


@router.delete("/sites/{site}/sourcemaps")
async def remove(
    access: Change,
    release: Release,
    file: Annotated[str | None, Query(max_length=400, description="Only that of this file.")] = None,
) -> Removed:
    """Remove the maps of a release, or one of them."""
    return Removed(removed=await maps_of(access.house).remove(access.scope.site, release, file))


@router.post("/sites/{site}/issues/regroup")
async def regroup(access: Change) -> Regrouped:
    """Work out anew which errors are one, with the maps that are here by now; what was decided stays."""
    return Regrouped(changed=await grouping_of(access.house).regroup(access.scope.site))


def _cursor(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    try:
        release, newline, file = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition("\n")
    except (binascii.Error, ValueError):
        release = newline = file = ""
    if not newline:
        raise InvalidValue("this cursor is none of ours", field="cursor", hint="Take `next` of the page before.")
    return release, file
