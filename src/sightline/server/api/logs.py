"""Lines of a site's backend beyond a page of them: followed as they arrive, exported, and of one recording.

A search, its histogram and its facets are reports: `/sites/{site}/reports/logs`, `logs-histogram`, `logs-facets`.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from sightline.accounts import sites
from sightline.accounts.permissions import Permission
from sightline.analytics.asking import Asker
from sightline.analytics.export import cell
from sightline.analytics.log_query import parse
from sightline.analytics.log_tail import Follower
from sightline.analytics.reports.logs import Line, LogsParams, line, logs, of_visit
from sightline.errors import TooManyRequests
from sightline.server.api import typed
from sightline.server.api.recordings import Id, parts
from sightline.server.api.reports import engine_of
from sightline.server.api.shapes import PREFIX, Answer
from sightline.server.authentication import Process, process
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["logs"])
Read = Annotated[Access, requires_on_site(Permission.SITE_LOGS)]
Asked = Annotated[str, Query(max_length=2000, description="The query; docs/reference/logs.md has its language.")]
_EVENTS: Final = "text/event-stream"
_STREAM: dict[int | str, dict[str, Any]] = {200: {"description": "A stream.", "content": {_EVENTS: {}}}}

_LOOK_EVERY_S: Final = 0.5
_BEAT_EVERY_S: Final = 15.0
# Browsers begin anew by themselves, with their key or sign-in checked again, where the last stream ended.
_LONGEST_S: Final = 900
_MOST_TAILS: Final = 20
_EXPORT_AT_ONCE: Final = 1_000
MOST_EXPORTED: Final = 1_000_000


class ExportFormat(StrEnum):
    """How lines are written."""

    NDJSON = "ndjson"
    CSV = "csv"


_MEDIA: Final = {ExportFormat.NDJSON: "application/x-ndjson", ExportFormat.CSV: "text/csv; charset=utf-8"}


@router.get("/sites/{site}/logs/tail", response_class=StreamingResponse, responses=_STREAM)
async def tail(
    request: Request,
    access: Read,
    q: Asked = "",
    seconds: Annotated[int, Query(ge=0, le=_LONGEST_S, description="How long the stream lasts at most.")] = _LONGEST_S,
    last_event_id: Annotated[str | None, Header(max_length=20, description="Where an earlier stream ended.")] = None,
) -> StreamingResponse:
    """Follow the lines that a query takes, as server-sent events.

    `line` is one line as a search shows it; `dropped` says how many lines were not looked at since this listener was
    too slow. The id of an event is where to go on; a stream ends after 15 minutes.
    """
    query = parse(q)
    state = process(request)
    if state.tails >= _MOST_TAILS:
        raise TooManyRequests(f"{_MOST_TAILS} streams are open on this server", retry_after=30)
    after = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else None
    follower = await Follower.begin(access.database, access.scope.site, query, after=after)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_followed(state, follower, seconds), media_type=_EVENTS, headers=headers)


async def _followed(state: Process, follower: Follower, seconds: int) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    state.tails += 1
    try:
        ends, beat = clock() + seconds, clock()
        yield b"retry: 1000\nid: %d\n\n" % follower.pos
        while clock() < ends and not state.readiness.stopping:
            found = await follower.next()
            if found.dropped:
                yield _event("dropped", found.pos, {"count": found.dropped})
            if found.lines:
                yield b"".join(_event("line", found.pos, line(row)) for row in found.lines)
            if found.dropped or found.lines:
                beat = clock()
                continue
            if clock() - beat > _BEAT_EVERY_S:
                beat = clock()
                yield b": nothing new\n\n"
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        state.tails -= 1


def _event(name: str, pos: int, data: object) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), pos, msgspec.json.encode(data))


@router.get("/sites/{site}/logs/export", response_class=StreamingResponse, responses=_STREAM)
async def export(  # noqa: PLR0913, PLR0917 - one per parameter
    request: Request,
    access: Read,
    q: Asked = "",
    range_: Annotated[str, Query(alias="range", max_length=200, description="24h, 7d, today …")] = "24h",
    start: Annotated[str | None, Query(max_length=200, description="Instead of `range`.")] = None,
    end: Annotated[str | None, Query(max_length=200, description="The end; a date's whole day is included.")] = None,
    form: Annotated[ExportFormat, Query(alias="format", description="ndjson or csv.")] = ExportFormat.NDJSON,
) -> StreamingResponse:
    """Write the lines that a query takes, the latest first, at most a million."""
    zone = (await sites.show(access.database, access.scope)).time_zone
    asker = Asker(engine_of(request), access.scope, zone=zone)
    params = LogsParams(q=q, range=range_, start=start, end=end, limit=_EXPORT_AT_ONCE)
    first = await logs(asker, params)  # what is wrong with the question is said before the stream begins

    async def written() -> AsyncIterator[bytes]:
        found, done = first, 0
        writer = _Csv() if form is ExportFormat.CSV else _Ndjson()
        while True:
            yield writer.rows(found.rows)
            done += len(found.rows)
            if found.next is None or done >= MOST_EXPORTED:
                return
            found = await logs(asker, msgspec.structs.replace(params, cursor=found.next))

    name = f'attachment; filename="logs.{form.value}"'
    headers = {"cache-control": "no-store", "content-disposition": name}
    return StreamingResponse(written(), media_type=_MEDIA[form], headers=headers)


class _Ndjson:
    @staticmethod
    def rows(lines: list[Line]) -> bytes:
        return b"".join(msgspec.json.encode(one) + b"\n" for one in lines)


class _Csv:
    """A header and rows; a text that a spreadsheet would take for a formula gets an apostrophe before it."""

    def __init__(self) -> None:
        self._begun = False

    def rows(self, lines: list[Line]) -> bytes:
        out = io.StringIO(newline="")
        table = csv.writer(out, lineterminator="\r\n")
        for one in lines:
            fields = msgspec.structs.asdict(one)
            fields["fields"] = msgspec.json.encode(one.fields).decode() if one.fields else ""
            if not self._begun:
                table.writerow(fields)
                self._begun = True
            table.writerow([cell(value) for value in fields.values()])
        return out.getvalue().encode()


class LinesOfVisit(Answer):
    """Lines in the order of their time; `next` is the cursor of the following."""

    rows: list[typed.model(Line)]  # type: ignore[valid-type]  # made of the struct, so that it is said once
    next: str | None


@router.get("/sites/{site}/recordings/{recording}/logs", response_model=LinesOfVisit)
async def of_recording(
    request: Request,
    access: Read,
    recording: Id,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many lines.")] = 500,
    cursor: Annotated[str | None, Query(max_length=100, description="`next` of the part before.")] = None,
) -> Response:
    """What the backend wrote for a recording's visit: lines that name the visit, and those of the same traces."""
    visit, _ = parts(recording)
    asker = Asker(engine_of(request), access.scope)
    rows, following = await of_visit(asker, visit, cursor=cursor, limit=limit)
    body = msgspec.json.encode({"rows": rows, "next": following})
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})
