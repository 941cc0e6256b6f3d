"""The warehouse of the process that answers: how far it is, and making it anew."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from sightline.accounts.permissions import Permission
from sightline.errors import NotFound
from sightline.server.api.shapes import PREFIX, Answer
from sightline.server.permissions import Access, requires
from sightline.signals.warehouse import Warehouse

router = APIRouter(prefix=PREFIX, tags=["warehouse"])


class WarehouseStatus(Answer):
    """What the warehouse does; reports answer 503 while it is building."""

    phase: Annotated[str, Field(description="closed (until somebody asks), building, or open.")]
    pos: Annotated[str, Field(description="Its place in the ledger.")]
    rows_done: int
    rows_total: int
    progress: float
    lag_ms: Annotated[int, Field(description="The age of the oldest commit that is not in yet.")]
    size: Annotated[int, Field(description="Bytes of the file.")]
    reason: Annotated[str, Field(description="Why it cannot follow, when it cannot.")]


@router.get("/warehouse")
async def show(access: Annotated[Access, requires(Permission.JOB_READ)]) -> WarehouseStatus:
    """How far it is."""
    return WarehouseStatus.of(_warehouse(access).status())


@router.post("/warehouse/rebuild", status_code=202)
async def rebuild(access: Annotated[Access, requires(Permission.JOB_RUN)]) -> WarehouseStatus:
    """Make the file anew from extents and journal; collecting goes on meanwhile."""
    found = _warehouse(access)
    found.rebuild()
    return WarehouseStatus.of(found.status())


def _warehouse(access: Access) -> Warehouse:
    if access.house.warehouse is None:
        raise NotFound("this process has no warehouse", hint="Ask one that serves with --role all or reports.")
    return access.house.warehouse
