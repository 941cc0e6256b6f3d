"""Recordings of visits: found, looked at, kept, exported, deleted. Every look and every export is in the audit."""

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi import Body as Sent
from pydantic import Field

from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.names import identifier
from sightline.accounts.permissions import Permission
from sightline.errors import NotFound
from sightline.operate.house import House
from sightline.privacy.recording.masker import encode
from sightline.replay.beside import Facts, JournalMeasured, Measured, WarehouseMeasured
from sightline.replay.library import Library, Stream, UnderWay
from sightline.replay.retention import room
from sightline.replay.sealing import Gap, Sealing
from sightline.replay.summary import marks, summary
from sightline.replay.uploads import masked
from sightline.server.api.shapes import PREFIX, Answer, Body
from sightline.server.permissions import Access, requires, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["recordings"])
Id = Annotated[str, Path(max_length=64, description="A visit's id, a hyphen and a tab's, as the list says it.")]
Moment = Annotated[int | None, Query(ge=0, le=4_102_444_800_000, description="Milliseconds since 1970.")]
JSON: Final = "application/json"
# Of what goes on: it is counted when it is sealed.
_NOT_COUNTED: Final[Mapping[str, Any]] = {
    "missing": 0, "clicks": 0, "inputs": 0, "errors": 0, "requests": 0, "failed": 0, "kept": False, "pages": [],
    "findings": [], "tags": [],
}  # fmt: skip
_WORTH_PACKING: Final = 2_000  # bytes
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events of rrweb 2.1.6, masked, in the order of their time.", "content": {JSON: {}}}
}
Reading = Annotated[Access, requires_on_site(Permission.SITE_READ)]


class FactsOf(Answer):
    """Who came in the visit, with what, and how it went; empty where nothing was measured."""

    country: str
    browser: str
    os: str
    device: str
    release: str
    events: Annotated[int, Field(description="Custom events.")]
    errors: Annotated[int, Field(description="Errors that the page reported.")]
    vital: Annotated[str, Field(description="The worst Web Vital of the visit.")]
    vital_value: float
    vital_rating: str


class Recording(Answer):
    """A recording of one tab of one visit; `state` is `open` while the visit goes on."""

    id: str
    state: Literal["open", "sealed"]
    visit: str
    tab: str
    visitor: str
    person: str | None
    first_ms: int
    last_ms: int
    active_ms: Annotated[int | None, Field(description="How long somebody did something; null while it goes on.")]
    bytes: int
    events: int
    dropped: Annotated[int, Field(description="Events that masking left out.")]
    missing: Annotated[int, Field(description="Chunks that never arrived.")]
    clicks: int
    inputs: int
    errors: int
    requests: int
    failed: int
    rules: Annotated[int, Field(description="The oldest rules version that something in it was masked by.")]
    kept: bool
    pages: list[str]
    findings: list[str]
    tags: list[str]
    facts: Annotated[FactsOf | None, Field(description="Null while the warehouse is made anew.")]


class Mark(Answer):
    """A mark on the time line."""

    at_ms: int
    kind: str
    text: str
    node: int
    status: int
    duration_ms: int


class Found(Answer):
    """What a rule found: see docs/reference/recordings.md for the rules and their limits."""

    at_ms: int
    name: str
    node: int


class Span(Answer):
    """A time in which somebody did something."""

    from_ms: int
    to_ms: int


class TimeLine(Answer):
    """Everything that stands beside the player's time line. Of gaps nothing can be shown."""

    marks: list[Mark]
    findings: list[Found]
    active: list[Span]
    gaps: list[Span]


class Keep(Body):
    """Whether it stays past its retention."""

    kept: bool


class Disk(Answer):
    """How much room there is."""

    free: int
    total: int


class Storage(Answer):
    """What all recordings take and may take."""

    bytes: int
    budget: Annotated[int, Field(description="`recordings.budget_mb` in bytes; 0: only age counts.")]
    recordings: int
    bytes_in_30_days: int
    full: Annotated[bool, Field(description="Over the budget with all of it kept, or the disk has no room.")]
    disk: Annotated[Disk | None, Field(description="The disk of the recordings; null where they are in a bucket.")]


class Uploaded(Answer):
    """The recording that was made of an upload."""

    id: str
    events: int
    dropped: int


def measured_of(house: House) -> Measured:
    """The warehouse of this process; PostgreSQL itself in a process that has none."""
    return JournalMeasured(house.database) if house.warehouse is None else WarehouseMeasured(house.warehouse)


@router.get("/sites/{site}/recordings/{recording}")
async def show(access: Reading, recording: Id) -> Recording:
    """One recording."""
    return await _found(access, recording)


@router.get("/sites/{site}/recordings/{recording}/events", responses=EVENTS)
async def events(  # noqa: PLR0913, PLR0917 - one per parameter
    request: Request,
    access: Reading,
    recording: Id,
    start: Annotated[int, Query(alias="from", ge=0, description="Milliseconds since 1970.")] = 0,
    end: Annotated[int, Query(alias="to", ge=0, description="The same; the default is all.")] = 2**53,
    place: Annotated[int | None, Query(ge=0, description="`place` of the answer before: nothing comes twice.")] = None,
    after: Annotated[int, Query(ge=0, description="Of one under way: `last` of the answer before.")] = 0,
) -> Response:
    """The events for a time: from the last full snapshot before it on, so that a player needs nothing else.

    `next` is the moment to ask for next, 0 at the end; `place` is where to go on without a word twice. `gaps` are times
    that cannot be shown. Of a recording that is under way `last` is what to ask `after`, and `chunks` counts all that
    have come: whoever has fewer begins anew.
    """
    visit, tab = parts(recording)
    library, site = access.house.library, access.scope.site
    row = await library.of_visit(site, visit, tab)
    found = (
        streamed(await library.events(row, start, end, place=place))
        if row is not None
        else followed(await library.follow(site, visit, tab, after=after))
    )
    await _note(access, Action.RECORDING_VIEW, visit)
    return await packed(request, found)


async def packed(request: Request, body: bytes) -> Response:
    """Events as an answer: a tenth of their size, for whoever takes gzip."""
    headers = {"cache-control": "no-store", "vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", "") and len(body) > _WORTH_PACKING:
        body = await asyncio.to_thread(gzip.compress, body, 1)
        headers["content-encoding"] = "gzip"
    return Response(body, media_type=JSON, headers=headers)


def streamed(found: Stream) -> bytes:
    """A part of a sealed recording as it is answered."""
    said = {"next": found.next_ms, "place": found.place, "gaps": _spans(found.gaps), "state": "sealed"}
    return b'{"events":' + encode(found.events) + b"," + orjson.dumps(said)[1:]


def followed(found: UnderWay) -> bytes:
    """What has come of one that is under way, the same way."""
    said = {
        "next": 0, "place": None, "gaps": _spans(found.gaps), "state": "open", "last": str(found.last),
        "chunks": found.chunks,
    }  # fmt: skip
    return b'{"events":' + encode(found.events) + b"," + orjson.dumps(said)[1:]


def _spans(gaps: Sequence[Gap]) -> list[dict[str, int]]:
    return [{"from_ms": gap.from_ms, "to_ms": gap.to_ms} for gap in gaps]


@router.get("/sites/{site}/recordings/{recording}/marks")
async def time_line(access: Reading, recording: Id) -> TimeLine:
    """Pages, clicks, inputs, errors and requests, what the rules find, and when somebody was active."""
    visit, _ = parts(recording)
    found, gaps = await read(access.house.library, access.scope.site, recording)
    await _note(access, Action.RECORDING_VIEW, visit)
    return await line_of(found, gaps)


async def line_of(found: list[dict[str, Any]], gaps: Sequence[Gap]) -> TimeLine:
    """What stands on the time line of some events."""
    about = await asyncio.to_thread(summary, found)
    return TimeLine(
        marks=[Mark.of(mark) for mark in await asyncio.to_thread(marks, found)],
        findings=[Found.of(one) for one in about.findings],
        active=[Span(from_ms=first, to_ms=last) for first, last in about.spans],
        gaps=[Span(from_ms=gap.from_ms, to_ms=gap.to_ms) for gap in gaps],
    )


@router.get("/sites/{site}/recordings/{recording}/export", responses=EVENTS)
async def export(access: Reading, recording: Id) -> Response:
    """The whole recording as a JSON array of rrweb events, for `@rrweb/replay` or another installation."""
    visit, tab = parts(recording)
    library, site = access.house.library, access.scope.site
    row = await library.of_visit(site, visit, tab)
    # Whoever takes a recording elsewhere is told when it is damaged, instead of a part that looks whole.
    found = (await library.summary(row))[1] if row is not None else await library.events_under_way(site, visit, tab)
    await _note(access, Action.RECORDING_EXPORT, visit)
    name = f'attachment; filename="recording-{visit}-{tab}.json"'
    return Response(
        encode(found), media_type=JSON, headers={"content-disposition": name, "cache-control": "no-store"}
    )  # fmt: skip


@router.put("/sites/{site}/recordings/{recording}/keep")
async def keep(
    body: Keep, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], recording: Id
) -> Recording:
    """Keep a sealed recording past its retention, or no longer."""
    visit, tab = parts(recording)
    library = access.house.library
    await library.keep(await library.sealed(access.scope.site, visit, tab), kept=body.kept)
    await _note(access, Action.RECORDING_KEEP, visit, after="kept" if body.kept else "timed")
    return await _found(access, recording)


@router.delete("/sites/{site}/recordings/{recording}", status_code=204)
async def delete(access: Annotated[Access, requires_on_site(Permission.SITE_ERASE)], recording: Id) -> None:
    """Delete a sealed recording for good; with the last one of a visit its key is destroyed."""
    visit, tab = parts(recording)
    library = access.house.library
    await library.delete(await library.sealed(access.scope.site, visit, tab))
    await _note(access, Action.RECORDING_DELETE, visit)


@router.post("/sites/{site}/recordings", status_code=201)
async def upload(
    access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)],
    body: Annotated[list[dict[str, Any]], Sent(description="Events of rrweb.")],
) -> Uploaded:
    """Take a recording from elsewhere: it is masked by the site's rules, as everything is."""
    house, scope = access.house, access.scope
    active = await house.rules.active(scope.site)
    found = await asyncio.to_thread(masked, active.rules, body)
    sealing = Sealing(house.database, house.stores.recordings, house.keys)
    visit, tab = await sealing.upload(scope.site, scope.tenant, found.events, active.number)
    await _note(access, Action.RECORDING_UPLOAD, visit)
    return Uploaded(id=f"{visit}-{tab}", events=len(found.events), dropped=sum(found.dropped.values()))


@router.get("/recordings/storage")
async def storage(access: Annotated[Access, requires(Permission.JOB_READ)]) -> Storage:
    """What the recordings of all sites take, and what they will when nothing changes."""
    house = access.house
    return Storage.of(await room(house.database, house.settings.recordings.budget_mb << 20, house.stores.recordings))


async def read(library: Library, site: int, recording: str) -> tuple[list[dict[str, Any]], list[Gap]]:
    """All that can be read of a recording, with what cannot."""
    visit, tab = parts(recording)
    row = await library.of_visit(site, visit, tab)
    if row is not None:
        return await library.whole(row)
    found = await library.follow(site, visit, tab)
    return found.events, found.gaps


async def _found(access: Access, recording: str) -> Recording:
    visit, tab = parts(recording)
    library: Library = access.house.library
    row = await library.of_visit(access.scope.site, visit, tab)
    if row is not None:
        return sealed_shape(row)
    rows = await library.under_way(access.scope.site, visit=visit, tab=tab)
    if not rows:
        raise NotFound("there is no such recording", hint="It may have been deleted, or erased with its visit.")
    return open_shape(rows[0])


async def _note(access: Access, action: Action, visit: int, after: str = "unchanged") -> None:
    await audit.record(
        access.database, access.caller, action, (Thing.VISIT, visit), tenant_id=access.scope.tenant, after=after
    )


def sealed_shape(row: Mapping[str, Any], known: Facts | None = None) -> Recording:
    """A row of `recordings` as it is answered."""
    return _shaped(row, known, {"state": "sealed"})


def open_shape(row: Mapping[str, Any], known: Facts | None = None) -> Recording:
    return _shaped({**_NOT_COUNTED, **row}, known, {"state": "open", "active_ms": None})


def _shaped(row: Mapping[str, Any], known: Facts | None, more: Mapping[str, Any]) -> Recording:
    told = None if known is None else FactsOf.of(known)
    return Recording.model_validate({**row, "id": f"{row['visit']}-{row['tab']}", "facts": told, **more})


def parts(recording: str) -> tuple[int, str]:
    """The visit and the tab that a recording's id names."""
    visit, _, tab = recording.partition("-")
    return visit_number(visit), tab


def visit_number(text: str) -> int:
    found = identifier(text)
    if not isinstance(found, int):
        raise NotFound("there is no such recording, or you may not see it")
    return found
