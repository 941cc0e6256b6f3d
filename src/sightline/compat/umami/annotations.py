"""Annotations, as later releases of Umami have them."""

from datetime import UTC, datetime
from typing import Any

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.analytics import annotations
from sightline.analytics.annotations import Annotation, Wanted
from sightline.compat.umami import ids
from sightline.compat.umami.asking import moments
from sightline.compat.umami.calls import Body, Call, Ok
from sightline.compat.umami.paging import paged
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue


class Note(Body):
    """What shall be written, and its day or moment."""

    date: str
    note: str
    all_day: bool = False

    def wanted(self) -> Wanted:
        try:
            at = datetime.fromisoformat(self.date)
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise InvalidValue("date is no date", field="date", hint="Write 2026-01-31 or a moment.") from None
        if not 1900 < at.year < 2300:
            raise InvalidValue("date is too far away", field="date")
        return Wanted(at=at, note=self.note, all_day=self.all_day)


async def _rows(call: Call, found: list[Annotation]) -> list[dict[str, Any]]:
    user = await ids.of_users(call.database, (one.created_by for one in found))
    return [
        {"id": str(one.uuid), "websiteId": call.parts["site"], "date": one.at, "allDay": one.all_day,
         "note": one.note, "userId": user.get(one.created_by), "createdAt": one.created_at,
         "updatedAt": one.changed_at}
        for one in found
    ]  # fmt: skip


async def _one(call: Call, found: Annotation) -> dict[str, Any]:
    return (await _rows(call, [found]))[0]


async def listing(call: Call) -> dict[str, Any]:
    since = until = None
    if call.text("startAt"):
        start, end = moments({name: values[-1] for name, values in call.query.items()})
        since, until = clock.from_ms(int(start)), clock.from_ms(int(end))
    found = await annotations.listing(call.database, call.scope, since=since, until=until)
    return paged(call, await _rows(call, found), dict, search=("note",))


async def create(call: Call) -> dict[str, Any]:
    return await _one(call, await annotations.create(call.database, call.scope, call.body(Note).wanted()))


async def show(call: Call) -> dict[str, Any]:
    wanted = ids.read_uuid(call.parts["annotation"], "annotationId")
    return await _one(call, await annotations.show(call.database, call.scope, wanted))


async def change(call: Call) -> dict[str, Any]:
    wanted = ids.read_uuid(call.parts["annotation"], "annotationId")
    return await _one(call, await annotations.change(call.database, call.scope, wanted, call.body(Note).wanted()))


async def remove(call: Call) -> Ok:
    await annotations.remove(call.database, call.scope, ids.read_uuid(call.parts["annotation"], "annotationId"))
    return Ok()


P = Permission
_AT = "/websites/{site}/annotations"
ROUTES = (
    route("GET", _AT, P.SITE_READ, listing, "overview"),
    route("POST", _AT, P.SITE_CHANGE, create),
    route("GET", f"{_AT}/{{annotation}}", P.SITE_READ, show, "overview"),
    route("POST", f"{_AT}/{{annotation}}", P.SITE_CHANGE, change),
    route("DELETE", f"{_AT}/{{annotation}}", P.SITE_CHANGE, remove),
)
