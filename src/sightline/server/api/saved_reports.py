"""Saved reports of a site: a report's name with its parameters, as funnels, goals and tiles of boards are kept."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.analytics import saved_reports
from sightline.analytics.catalogue import REPORTS
from sightline.analytics.saved_reports import SavedReport, Wanted
from sightline.errors import InvalidValue, NotFound
from sightline.privacy.echo import shown
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Text
from sightline.server.permissions import Access, requires_on_site

router = APIRouter(prefix=PREFIX, tags=["saved reports"])
Saved = Annotated[uuid.UUID, Path(description="The saved report's UUID.")]
# Other products' clients save reports in words of their own, which only their API reads.
_OURS = "sightline"


class Report(Answer):
    """A saved report; `parameters` are those of the report of that name."""

    uuid: uuid.UUID
    report: str
    name: str
    description: str
    parameters: dict[str, Any]
    created_at: datetime
    changed_at: datetime


class NewReport(Body):
    """What is saved."""

    report: Annotated[str, Field(max_length=50, description="The name of a report, as funnel or goals.")]
    name: Text
    description: Annotated[str, Field(max_length=500)] = ""
    parameters: Annotated[dict[str, Any], Field(default_factory=dict)]

    def wanted(self) -> Wanted:
        if self.report not in REPORTS:
            raise InvalidValue(f"there is no report {shown(self.report)}", field="report", hint=", ".join(REPORTS))
        return Wanted(
            report=self.report, name=self.name, description=self.description, parameters=self.parameters, dialect=_OURS
        )


@router.get("/sites/{site}/saved-reports")
async def listing(
    access: Annotated[Access, requires_on_site(Permission.SITE_READ)],
    report: Annotated[str | None, Query(max_length=50, description="Only those of this report.")] = None,
) -> Page[Report]:
    """List a site's saved reports; there are few, so there is one page."""
    found = await saved_reports.listing(access.database, access.scope, report)
    return Page(items=[Report.of(one) for one in found if one.dialect == _OURS], next=None)


@router.post("/sites/{site}/saved-reports", status_code=201)
async def create(body: NewReport, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)]) -> Report:
    """Save a report."""
    return Report.of(await saved_reports.create(access.database, access.scope, body.wanted()))


@router.put("/sites/{site}/saved-reports/{saved}")
async def change(
    body: NewReport, access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], saved: Saved
) -> Report:
    """Replace a saved report."""
    found = await _found(access, saved)
    return Report.of(await saved_reports.change(access.database, access.scope, found, body.wanted()))


@router.delete("/sites/{site}/saved-reports/{saved}", status_code=204)
async def remove(access: Annotated[Access, requires_on_site(Permission.SITE_CHANGE)], saved: Saved) -> None:
    """Remove a saved report; boards that show it leave its place empty."""
    await saved_reports.remove(access.database, access.scope, await _found(access, saved))


async def _found(access: Access, saved: uuid.UUID) -> SavedReport:
    found = await saved_reports.find(access.database, saved)
    if found.site_id != access.scope.site or found.dialect != _OURS:
        raise NotFound("there is no such saved report, or you may not see it")
    return found
