"""Background jobs: what runs, what came of it, and starting one now."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.server import jobs
from sightline.server.api.shapes import PREFIX, Answer, Page
from sightline.server.permissions import Access, requires

router = APIRouter(prefix=PREFIX, tags=["jobs"])


class JobState(Answer):
    """A job and its last run; `progress` is there while it runs and tells."""

    name: str
    requested_at: datetime | None
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_result: Annotated[str | None, Field(description="ok, failed or interrupted.")]
    last_message: str
    last_duration_ms: int | None
    next_run_at: datetime | None
    progress: float | None
    runs: int
    failures: int
    failures_in_row: int


@router.get("/jobs")
async def list_jobs(access: Annotated[Access, requires(Permission.JOB_READ)]) -> Page[JobState]:
    """Return every job; there are few, so there is one page."""
    return Page(items=[JobState.of(row) for row in await jobs.listing(access.database)], next=None)


@router.post("/jobs/{name}/run", status_code=202)
async def run_job(
    name: Annotated[str, Path(max_length=64)], access: Annotated[Access, requires(Permission.JOB_RUN)]
) -> None:
    """Ask the process that leads to run a job now."""
    await jobs.request(access.database, name)
