"""The audit of access."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field

from sightline.accounts import audit
from sightline.accounts.audit import Action, Result, Thing
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.server.api.shapes import PREFIX, Answer, Page, Paging, number
from sightline.server.permissions import Access, requires

router = APIRouter(prefix=PREFIX, tags=["audit"])


class Entry(Answer):
    """Who did what to what, when, and what came of it. Ids only: the audit holds nothing that identifies a person."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str | None
    team_id: Annotated[str | None, Field(validation_alias="tenant_id")]
    action: str
    object_kind: str | None
    object_id: str | None
    result: str
    request_id: str | None
    details: dict[str, Any]


class Wanted:
    """Which rows."""

    def __init__(  # noqa: PLR0913, PLR0917 - one per parameter of the query
        self,
        action: Annotated[Action | None, Query()] = None,
        result: Annotated[Result | None, Query()] = None,
        actor: Annotated[str | None, Query(max_length=20, description="The id of a user or key.")] = None,
        object_kind: Annotated[Thing | None, Query()] = None,
        object_id: Annotated[str | None, Query(max_length=20)] = None,
        since: Annotated[AwareDatetime | None, Query(description="From this moment on.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="Before this moment.")] = None,
    ) -> None:
        self.filter = audit.Filter(
            action=action,
            result=result,
            actor_id=number(actor, "actor") if actor else None,
            object_kind=object_kind,
            object_id=number(object_id, "object") if object_id else None,
            since=since,
            until=until,
        )


@router.get("/audit")
async def entries(
    access: Annotated[Access, requires(Permission.AUDIT_READ)],
    paging: Annotated[Paging, Depends()],
    wanted: Annotated[Wanted, Depends()],
    team: Annotated[str | None, Query(max_length=64, description="Only what happened in this team.")] = None,
) -> Page[Entry]:
    """Read the audit, the latest first: an owner that of their teams, an admin all of it."""
    scope = access.scope
    if team is not None:
        scope = await scope_for(access.database, access.caller, Permission.AUDIT_READ, team=team)
    found = await audit.entries(access.database, scope, wanted.filter, before=paging.from_id, limit=paging.fetch)
    return paging.page(found, Entry.of, lambda entry: entry.id)
