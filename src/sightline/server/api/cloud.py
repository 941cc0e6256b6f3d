"""Cost and infrastructure: the results of `sightline aws`, sent by who ran it, shown to admins."""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from pydantic import Field, field_validator

from sightline.accounts.permissions import Permission
from sightline.cloud import reports
from sightline.server.api.shapes import PREFIX, Answer, Body
from sightline.server.permissions import Access, requires

router = APIRouter(prefix=f"{PREFIX}/cloud", tags=["cloud"])

Name = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=4000)]
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
Day = Annotated[str, Field(pattern=rf"^{_DAY.pattern}$")]
Usd = Annotated[float, Field(ge=-10_000_000, le=10_000_000, description="US dollars; credits are below zero.")]
Sums = Annotated[dict[Name, Usd], Field(max_length=500)]


class EstimateLine(Body):
    """What one resource costs a month."""

    part: Name
    resource: Name
    what: Name
    quantity: float
    unit: Name
    usd: Usd


class Estimate(Body):
    """A month as the templates and a workload have it."""

    about: Words
    prices_read: Name
    total: Usd
    lines: Annotated[list[EstimateLine], Field(max_length=2000)]


class Spending(Body):
    """What Cost Explorer says was spent; `end` is the day after the last."""

    start: Day
    end: Day
    days: Annotated[dict[Name, Sums], Field(max_length=400, description="By day and service.")]
    components: Sums
    groups: Annotated[Sums, Field(default_factory=dict, description="By resource group.")]
    forecast: Annotated[Usd | None, Field(description="Until the month ends; null: AWS has none yet.")]
    anomalies: Annotated[list[Words], Field(max_length=200)]
    budget: Annotated[Usd, Field(description="A month.")]

    @field_validator("days")
    @classmethod
    def _are_days(cls, days: dict[str, Any]) -> dict[str, Any]:
        if not all(_DAY.fullmatch(day) for day in days):
            raise ValueError("a day is written as 2026-11-29")
        return days


class Gap(Body):
    """A resource, and what is wrong with its tags."""

    arn: Annotated[str, Field(max_length=2048)]
    faults: Annotated[list[Words], Field(max_length=50)]


class Tags(Body):
    """An audit of tags."""

    resources: Annotated[int, Field(ge=0)]
    gaps: Annotated[list[Gap], Field(max_length=5000)]


class Criterion(Body):
    """One criterion of the requirements, and what the account says about it."""

    id: Name
    criterion: Words
    how: Words
    state: Literal["pass", "fail", "human", "missing"]
    evidence: Words


class Verification(Body):
    """Every criterion, held against the account."""

    about: Words
    rows: Annotated[list[Criterion], Field(max_length=2000)]


class TakenEstimate(Estimate):
    """With when it came."""

    taken_at: datetime


class TakenSpending(Spending):
    """With when it came."""

    taken_at: datetime


class TakenTags(Tags):
    """With when it came."""

    taken_at: datetime


class TakenVerification(Verification):
    """With when it came."""

    taken_at: datetime


class Cloud(Answer):
    """The latest result of each kind; null: nobody has sent one."""

    stage: str
    region: Annotated[str, Field(description="Empty: this server knows of no AWS.")]
    estimate: TakenEstimate | None
    spending: TakenSpending | None
    tags: TakenTags | None
    verification: TakenVerification | None


@router.get("")
async def show(access: Annotated[Access, requires(Permission.CLOUD_READ)]) -> Cloud:
    """What `sightline aws` found last."""
    found = {kind: {**one.document, "taken_at": one.taken_at} for kind, one in
             (await reports.latest(access.database)).items()}  # fmt: skip
    aws = access.settings.aws
    return Cloud(
        stage=aws.environment, region=aws.region,
        estimate=TakenEstimate(**found["estimate"]) if "estimate" in found else None,
        spending=TakenSpending(**found["spending"]) if "spending" in found else None,
        tags=TakenTags(**found["tags"]) if "tags" in found else None,
        verification=TakenVerification(**found["verification"]) if "verification" in found else None,
    )  # fmt: skip


@router.put("/estimate", status_code=204)
async def put_estimate(body: Estimate, access: Annotated[Access, requires(Permission.CLOUD_REPORT)]) -> None:
    """Keep what `sightline aws cost estimate` found."""
    await reports.put(access.database, "estimate", body.model_dump())


@router.put("/spending", status_code=204)
async def put_spending(body: Spending, access: Annotated[Access, requires(Permission.CLOUD_REPORT)]) -> None:
    """Keep what `sightline aws cost report` found."""
    await reports.put(access.database, "spending", body.model_dump())


@router.put("/tags", status_code=204)
async def put_tags(body: Tags, access: Annotated[Access, requires(Permission.CLOUD_REPORT)]) -> None:
    """Keep what `sightline aws tags audit` found."""
    await reports.put(access.database, "tags", body.model_dump())


@router.put("/verification", status_code=204)
async def put_verification(body: Verification, access: Annotated[Access, requires(Permission.CLOUD_REPORT)]) -> None:
    """Keep what `sightline aws verify` found."""
    await reports.put(access.database, "verification", body.model_dump())
