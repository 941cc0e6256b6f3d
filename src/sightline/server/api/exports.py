"""The raw export over HTTP: everything that is stored of a site, as a stream."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from sightline.accounts import sites
from sightline.accounts.permissions import Permission
from sightline.analytics.export import MEDIA, Format
from sightline.analytics.period import period
from sightline.moving.export import exported, kind_named
from sightline.moving.stored import Range
from sightline.server.api.shapes import PREFIX
from sightline.server.authentication import process
from sightline.server.permissions import Access, requires_on_site
from sightline.signals.extents import Catalogue

router = APIRouter(prefix=PREFIX, tags=["export"])

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows. A stream that ends without its end was cut off: begin again.",
        "content": {media.partition(";")[0]: {} for media in MEDIA.values()},
    }
}


@router.get("/sites/{site}/export", response_class=StreamingResponse, responses=_STREAM)
async def export_rows(  # noqa: PLR0913, PLR0917 - one per parameter
    request: Request,
    access: Annotated[Access, requires_on_site(Permission.SITE_READ)],
    kind: Annotated[str, Query(max_length=40, description="A kind of signals, as event.")] = "event",
    form: Annotated[Format, Query(alias="format", description="csv, json, parquet or arrow.")] = Format.JSON,
    range_: Annotated[str, Query(alias="range", max_length=200, description="30d … by when it happened.")] = "all",
    start: Annotated[str | None, Query(max_length=200, description="Instead of `range`.")] = None,
    end: Annotated[str | None, Query(max_length=200, description="The end; a date's whole day is included.")] = None,
) -> StreamingResponse:
    """Write every stored row of a kind, as it is stored, each once."""
    house = process(request).house
    wanted = await wanted_range(access, kind, range_, start, end)
    catalogue = Catalogue(house.database, house.stores.extents, house.direct)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{wanted.kind.name}.{form.value}"',
    }
    return StreamingResponse(exported(catalogue, wanted, form), media_type=MEDIA[form], headers=headers)


async def wanted_range(access: Access, kind: str, range_: str, start: str | None, end: str | None) -> Range:
    """The rows that are asked for; `all` is all, whatever time they say."""
    found = kind_named(kind)
    if range_ == "all" and start is None and end is None:
        return Range(kind=found, site=access.scope.site)
    zone = (await sites.show(access.database, access.scope)).time_zone
    over = period(range_, zone=zone, start=start, end=end)
    return Range(kind=found, site=access.scope.site, from_ms=over.from_ms, to_ms=over.to_ms)
