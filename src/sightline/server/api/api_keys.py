"""The caller's API keys."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from sightline.accounts import api_keys
from sightline.accounts.permissions import Permission
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, PermissionName, Reference, Text, number
from sightline.server.permissions import Access, requires

router = APIRouter(prefix=PREFIX, tags=["api-keys"])


class ApiKey(Answer):
    """A key; `prefix` is how it begins. Null teams and sites are all of the user's."""

    id: str
    prefix: str
    name: str
    team_id: Annotated[str | None, Field(validation_alias="tenant_id")]
    site_ids: list[str] | None
    permissions: list[Permission]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewKey(Body):
    """What a key shall allow, where, and for how long."""

    name: Text
    permissions: Annotated[list[PermissionName], Field(min_length=1, max_length=len(Permission))]
    team: Reference | None = None
    sites: Annotated[list[Reference], Field(min_length=1, max_length=100)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=api_keys.LONGEST_DAYS)] = 365


class FreshKey(Answer):
    """A new key: `token` is the key itself, shown here and never again."""

    key: ApiKey
    token: str


@router.get("/api-keys")
async def listing(
    access: Annotated[Access, requires(Permission.KEY_MANAGE)], paging: Annotated[Paging, Depends()]
) -> Page[ApiKey]:
    """List one's keys."""
    found = await api_keys.listing(access.database, access.user_id, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, ApiKey.of, lambda key: key.id)


@router.post("/api-keys", status_code=201)
async def create(body: NewKey, access: Annotated[Access, requires(Permission.KEY_MANAGE)]) -> FreshKey:
    """Make a key. It never allows more than its user may do at the moment it is used."""
    new = api_keys.NewKey(
        name=body.name, permissions=body.permissions, days=body.expires_in_days, team=body.team, sites=body.sites
    )
    made, token = await api_keys.create(access.database, access.caller, new, user_id=access.user_id)
    return FreshKey(key=ApiKey.of(made), token=token)


@router.delete("/api-keys/{key}", status_code=204)
async def revoke(key: str, access: Annotated[Access, requires(Permission.KEY_MANAGE)]) -> None:
    """Revoke one of one's keys at once; an admin revokes anybody's."""
    await api_keys.revoke(access.database, access.caller, number(key, "key"))
