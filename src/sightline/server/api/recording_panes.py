"""What is shown beside a recording: the console, requests, custom events, vitals, errors."""

import asyncio
import contextlib
from typing import Any

from fastapi import APIRouter

from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.errors import NotAllowed, Unavailable
from sightline.health import issues
from sightline.replay.beside import Beside, beside
from sightline.replay.programs import programs
from sightline.server.api.recordings import Id, Reading, measured_of, parts, read
from sightline.server.api.shapes import PREFIX, Answer
from sightline.server.permissions import Access

router = APIRouter(prefix=PREFIX, tags=["recordings"])


class ConsoleLine(Answer):
    """One line of the console; `trace` is where it was written."""

    at_ms: int
    level: str
    text: str
    trace: list[str]


class RequestLine(Answer):
    """One request. Headers and bodies are not recorded."""

    at_ms: int
    method: str
    url: str
    initiator: str
    status: int | None
    duration_ms: int | None
    bytes: int | None


class Occurred(Answer):
    """One custom event."""

    at_ms: int
    name: str
    path: str
    properties: str


class Measurement(Answer):
    """One value of one Web Vital."""

    at_ms: int
    metric: str
    value: float
    rating: str
    path: str
    element: str


class Failed(Answer):
    """One error, and the issue that it belongs to; none where it is taken for noise."""

    at_ms: int
    issue: str | None
    name: str
    message: str
    path: str
    release: str
    handled: bool
    count: int


class Panes(Answer):
    """Everything beside a recording. `measured` is false while the warehouse is made anew: then three lists are empty.

    `more` says that there were more lines or requests than are shown.
    """

    console: list[ConsoleLine]
    requests: list[RequestLine]
    more: bool
    measured: bool
    events: list[Occurred]
    vitals: list[Measurement]
    errors: list[Failed]


@router.get("/sites/{site}/recordings/{recording}/panes")
async def panes(access: Reading, recording: Id) -> Panes:
    """The console and the requests of a recording, and what was measured in its visit."""
    visit, _ = parts(recording)
    site = access.scope.site
    events, _ = await read(access.house.library, site, recording)
    said = await asyncio.to_thread(programs, events)
    await audit.record(
        access.database, access.caller, Action.RECORDING_VIEW, (Thing.VISIT, visit), tenant_id=access.scope.tenant
    )
    found, is_measured = Beside([], [], []), False
    with contextlib.suppress(Unavailable):  # a recording can be looked at while the warehouse is made anew
        found = await beside(measured_of(access.house), site, visit, errors=await _may_see_errors(access))
        is_measured = True
    numbers = await _issues_of(access, found)
    return Panes(
        console=[ConsoleLine.of(one) for one in said.console],
        requests=[RequestLine.of(one) for one in said.requests],
        more=said.more,
        measured=is_measured,
        events=[Occurred(**_moved(row)) for row in found.events],
        vitals=[Measurement(**_moved(row)) for row in found.vitals],
        errors=[_failed(row, numbers) for row in found.errors],
    )


def _moved(row: dict[str, Any]) -> dict[str, Any]:
    return {"at_ms": row["created_ms"], **{name: value for name, value in row.items() if name != "created_ms"}}


def _failed(row: dict[str, Any], numbers: dict[int, int]) -> Failed:
    told = _moved(row)
    number = numbers.get(told.pop("fingerprint"))
    return Failed(**told, issue=None if number is None else str(number))


async def _issues_of(access: Access, found: Beside) -> dict[int, int]:
    keys = sorted({row["fingerprint"] for row in found.errors})
    return await issues.issues_of_keys(access.database, access.scope, keys) if keys else {}


async def _may_see_errors(access: Access) -> bool:
    try:
        await scope_for(access.database, access.caller, Permission.SITE_ERRORS, site=str(access.scope.site))
    except NotAllowed:
        return False
    return True
