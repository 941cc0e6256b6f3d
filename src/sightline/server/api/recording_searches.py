"""Searches for visits that somebody gave a name."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.replay import saved_searches
from sightline.replay.search import MAX_CONDITIONS, Match
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, number
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["recordings"])
Reading = Annotated[Access, requires_on_site(Permission.SITE_READ)]
Changing = Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]


class RecordingSearch(Answer):
    """A search by its name; its conditions are what the list of recordings takes as `where`."""

    id: str
    name: str
    match: Match
    conditions: list[str]
    created_at: datetime


class NewRecordingSearch(Body):
    """What is saved."""

    name: Annotated[str, Field(max_length=saved_searches.MAX_NAME)]
    match: Annotated[Match, Field(strict=False)] = Match.ALL
    conditions: Annotated[list[Annotated[str, Field(max_length=600)]], Field(min_length=1, max_length=MAX_CONDITIONS)]


@router.get("/sites/{site}/recording-searches")
async def listing(access: Reading) -> Page[RecordingSearch]:
    """List the saved searches of a site, by name: one page."""
    found = await saved_searches.listed(access.database, access.scope.site)
    return Page(items=[RecordingSearch.of(one) for one in found], next=None)


@router.post("/sites/{site}/recording-searches", status_code=201)
async def save(body: NewRecordingSearch, access: Changing) -> RecordingSearch:
    """Save a search under a name."""
    found = await saved_searches.add(
        access.database, access.scope.site, access.caller.user_id, body.name, body.match, body.conditions
    )
    return RecordingSearch.of(found)


@router.delete("/sites/{site}/recording-searches/{search}", status_code=204)
async def remove(access: Changing, search: Annotated[str, Path(max_length=64, description="The search's id.")]) -> None:
    """Delete a saved search."""
    await saved_searches.remove(access.database, access.scope.site, number(search, "search"))
