"""Reports: what was measured on a site, as JSON, CSV, Parquet or Arrow."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from sightline.accounts import sites
from sightline.analytics import segments
from sightline.analytics.asking import Asker, Asks
from sightline.analytics.catalogue import REPORTS, Report
from sightline.analytics.export import MEDIA, Format, written
from sightline.server.api import typed
from sightline.server.api.shapes import PREFIX
from sightline.server.authentication import process
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["reports"])
R = TypeVar("R")

# What nginx made usual for "the client has closed the connection"; nobody is there to read it.
GONE: Final = 499
_FORMAT: Final = (
    Annotated[Format | None, Field(description="Instead of the header Accept; JSON by itself.")],
    None,
)  # fmt: skip


def engine_of(request: Request) -> Asks:
    """The warehouse of this process; PostgreSQL itself in a process that has none."""
    from sightline.analytics.engines import DuckEngine, PostgresEngine  # noqa: PLC0415 - loads what only reports need

    house = process(request).house
    return PostgresEngine(house.database) if house.warehouse is None else DuckEngine(house.warehouse)


async def answered(request: Request, access: Access, report: Report, asked: dict[str, Any]) -> Response:
    """Run one report for whoever asks, and write its answer."""
    form = _format(request, asked.pop("format", None))
    params = msgspec.convert(asked, report.params, strict=False)
    site = await sites.show(access.database, access.scope)
    narrowed = await segments.saved(access.database, access.scope, asked.get("segment", ()), zone=site.time_zone)
    asker = Asker(engine_of(request), access.scope, zone=site.time_zone, saved=narrowed)
    answer = await while_waited_for(request, report.run(asker, params))
    if answer is None:
        return Response(status_code=GONE)
    headers = {"cache-control": "no-store", "vary": "accept"}
    if form is not Format.JSON:
        headers["content-disposition"] = f'attachment; filename="{report.name}.{form}"'
    return Response(written(answer, form), media_type=MEDIA[form], headers=headers)


async def while_waited_for(request: Request, work: Coroutine[Any, Any, R] | Awaitable[R]) -> R | None:
    """Do the work as long as its client waits for it; None when the client went away, and the work was ended."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        for one in (task, gone):
            one.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await one


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _format(request: Request, said: Format | None) -> Format:
    if said is not None:
        return Format(said)
    accepted = request.headers.get("accept", "")
    for form, media in MEDIA.items():
        if form is not Format.JSON and media.partition(";")[0] in accepted:
            return form
    return Format.JSON


def _route(report: Report) -> Callable[..., Any]:
    query: Any = typed.query(report.params, format=_FORMAT)

    async def run(
        request: Request, access: Annotated[Access, requires_on_site(report.permission)], asked: BaseModel
    ) -> Response:
        return await answered(request, access, report, asked.model_dump(exclude_unset=True))

    run.__annotations__["asked"] = Annotated[query, Query()]
    run.__name__, run.__doc__ = f"report_{report.name.replace('-', '_')}", report.summary
    return run


for _report in REPORTS.values():
    router.add_api_route(
        f"/sites/{{site}}/reports/{_report.name}",
        _route(_report),
        methods=["GET"],
        response_model=typed.model(_report.answer),
    )
