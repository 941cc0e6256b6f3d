"""Notes and tags beside recordings."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.permissions import Permission
from sightline.replay import notes
from sightline.server.api.recordings import Id, parts
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, number
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["recordings"])
Reading = Annotated[Access, requires_on_site(Permission.SITE_READ)]
Changing = Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]
NoteId = Annotated[str, Path(max_length=64, description="The note's id.")]


class Note(Answer):
    """What somebody wrote at a moment of a recording; masked, as everything is."""

    id: str
    at_ms: int
    user_id: str | None
    created_at: datetime
    text: str


class NewNote(Body):
    """A note to write."""

    at_ms: Annotated[int, Field(ge=0, le=4_102_444_800_000)]
    text: Annotated[str, Field(max_length=notes.MAX_TEXT)]


class Tags(Body):
    """The tags of a recording, in place of those that it had."""

    tags: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=notes.MAX_TAGS)]


@router.get("/sites/{site}/recordings/{recording}/notes")
async def listing(access: Reading, recording: Id) -> Page[Note]:
    """List the notes beside a recording, in the order of its time."""
    found = await notes.listed(access.database, await _number(access, recording))
    return Page(items=[Note.of(one) for one in found], next=None)


@router.post("/sites/{site}/recordings/{recording}/notes", status_code=201)
async def write(body: NewNote, access: Changing, recording: Id) -> Note:
    """Write a note at a moment of a sealed recording."""
    active = await access.house.rules.active(access.scope.site)
    found = await notes.add(
        access.database, await _number(access, recording), access.caller.user_id, active.rules, at_ms=body.at_ms,
        text=body.text,
    )  # fmt: skip
    await _note(access, Action.RECORDING_NOTE, recording, after="written")
    return Note.of(found)


@router.delete("/sites/{site}/recordings/{recording}/notes/{note}", status_code=204)
async def remove(access: Changing, recording: Id, note: NoteId) -> None:
    """Take a note away."""
    await notes.remove(access.database, await _number(access, recording), number(note, "note"))
    await _note(access, Action.RECORDING_NOTE, recording, after="removed")


@router.put("/sites/{site}/recordings/{recording}/tags")
async def tag(body: Tags, access: Changing, recording: Id) -> Tags:
    """Exchange the tags of a sealed recording."""
    found = await notes.tag(access.database, await _number(access, recording), body.tags)
    await _note(access, Action.RECORDING_TAG, recording, after="tagged")
    return Tags(tags=found)


async def _number(access: Access, recording: str) -> int:
    row = await access.house.library.sealed(access.scope.site, *parts(recording))
    return int(row["id"])


async def _note(access: Access, action: Action, recording: str, *, after: str) -> None:
    visit, _ = parts(recording)
    await audit.record(
        access.database, access.caller, action, (Thing.VISIT, visit), tenant_id=access.scope.tenant, after=after
    )
