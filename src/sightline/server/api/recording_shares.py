"""Links that show one recording to somebody without an account, for some time."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from sightline import clock
from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.permissions import Permission
from sightline.errors import NotFound
from sightline.operate.house import House
from sightline.replay import shares
from sightline.replay.sealing import SQL
from sightline.replay.shares import MAX_HOURS, MAX_TOKEN, Share
from sightline.server.api.recordings import (
    EVENTS,
    Id,
    Recording,
    TimeLine,
    line_of,
    packed,
    parts,
    sealed_shape,
    streamed,
)
from sightline.server.api.shapes import PREFIX, Answer, Body
from sightline.server.authentication import caller_of, house
from sightline.server.permissions import Access, public, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["recordings"])
_WHY: Final = "a link shows one recording for some time; what it may show stands in it, signed"
_HOUR_MS: Final = 3_600_000
Token = Annotated[str, Path(max_length=MAX_TOKEN, description="As `share` answered it.")]


class NewShare(Body):
    """For how long, and from which moment on it plays."""

    hours: Annotated[int, Field(ge=1, le=MAX_HOURS)] = 24
    at_ms: Annotated[int, Field(ge=0, le=4_102_444_800_000)] = 0


class Shared(Answer):
    """A link's token, and when it expires."""

    token: str
    until_ms: int


class Seen(Answer):
    """The recording that a link shows, and the moment to begin at."""

    recording: Recording
    at_ms: int
    until_ms: int


@router.post("/sites/{site}/recordings/{recording}/share", status_code=201)
async def share(
    body: NewShare, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], recording: Id
) -> Shared:
    """Make a link to a sealed recording; who has it sees that recording and nothing else."""
    visit, tab = parts(recording)
    row = await access.house.library.sealed(access.scope.site, visit, tab)
    made = Share(row["site"], visit, tab, body.at_ms, clock.now_ms() + body.hours * _HOUR_MS)
    key = await access.house.keys.hmac_key(access.scope.tenant, shares.PURPOSE)
    await audit.record(
        access.database, access.caller, Action.RECORDING_SHARE, (Thing.VISIT, visit), tenant_id=access.scope.tenant,
        days=-(-body.hours // 24),
    )  # fmt: skip
    return Shared(token=shares.seal(key, made), until_ms=made.until_ms)


@router.get("/recordings/shared/{token}", dependencies=[public(_WHY)])
async def look(request: Request, token: Token) -> Seen:
    """Which recording a link shows."""
    found, _ = await _opened(house(request), token)
    row = await house(request).library.sealed(found.site, found.visit, found.tab)
    return Seen(recording=sealed_shape(row), at_ms=found.at_ms, until_ms=found.until_ms)


@router.get("/recordings/shared/{token}/events", dependencies=[public(_WHY)], responses=EVENTS)
async def events(
    request: Request,
    token: Token,
    start: Annotated[int, Query(alias="from", ge=0, description="Milliseconds since 1970.")] = 0,
    end: Annotated[int, Query(alias="to", ge=0, description="The same; the default is all.")] = 2**53,
    place: Annotated[int | None, Query(ge=0, description="`place` of the answer before.")] = None,
) -> Response:
    """The events of the recording that a link shows, as the recording's own route has them."""
    parts_ = house(request)
    found, tenant = await _opened(parts_, token)
    row = await parts_.library.sealed(found.site, found.visit, found.tab)
    stream = await parts_.library.events(row, start, end, place=place)
    await _noted(request, found, tenant)
    return await packed(request, streamed(stream))


@router.get("/recordings/shared/{token}/marks", dependencies=[public(_WHY)])
async def time_line(request: Request, token: Token) -> TimeLine:
    """What stands beside the time line of the recording that a link shows."""
    parts_ = house(request)
    found, tenant = await _opened(parts_, token)
    row = await parts_.library.sealed(found.site, found.visit, found.tab)
    stream, gaps = await parts_.library.whole(row)
    await _noted(request, found, tenant)
    return await line_of(stream, gaps)


async def _noted(request: Request, found: Share, tenant: int) -> None:
    await audit.record(
        house(request).database, await caller_of(request), Action.RECORDING_VIEW, (Thing.VISIT, found.visit),
        tenant_id=tenant, reason="shared",
    )  # fmt: skip


async def _opened(parts_: House, token: str) -> tuple[Share, int]:
    """What a link shows, and whose it is; one message for whatever is wrong with it."""
    site = shares.site_of(token)
    tenant = await parts_.database.fetchval(SQL["tenant"], site) if site is not None else None
    if isinstance(tenant, int):
        key = await parts_.keys.hmac_key(tenant, shares.PURPOSE)
        found = shares.open_share(key, token, clock.now_ms())
        if found is not None:
            return found, tenant
    raise NotFound("this link shows nothing", hint="It has expired, or it was not copied whole.")
