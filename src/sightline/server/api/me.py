"""The caller's own account."""

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import Field

from sightline.accounts import sign_ins, teams, tokens, users
from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Permission, Role, TeamRole
from sightline.database.pool import Database
from sightline.errors import NotSignedIn
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, Text, number
from sightline.server.authentication import csrf_token, house
from sightline.server.permissions import Access, requires, requires_on_team

router = APIRouter(prefix=PREFIX, tags=["me"])


class Own(Answer):
    """The caller's account."""

    id: str
    uuid: uuid.UUID
    email: str | None
    username: str | None
    name: str
    role: Role
    locale: str
    time_zone: str
    created_at: datetime


class OwnTeam(Answer):
    """A team that the caller is in, and what they may do there."""

    id: str
    uuid: uuid.UUID
    name: str
    slug: str
    personal: bool
    role: TeamRole
    permissions: list[Permission]


class Me(Answer):
    """Who asks. `permissions` are those of the whole instance; `csrf_token` is null for an API key."""

    user: Own
    teams: list[OwnTeam]
    permissions: list[Permission]
    csrf_token: str | None


class OwnChange(Body):
    """What shall change."""

    name: Text | None = None
    email: Text | None = None
    locale: Annotated[str, Field(max_length=40)] | None = None
    time_zone: Annotated[str, Field(max_length=100)] | None = None


class PasswordChange(Body):
    """The old password proves that it is not just somebody at an open screen."""

    old_password: Text
    new_password: Text


class OwnSignIn(Answer):
    """One place where the caller is signed in."""

    id: str
    agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


async def describe(request: Request, token: str) -> Me:
    """Say who has just signed in."""
    parts = house(request)
    caller = await sign_ins.authenticate(parts.database, token, hours=parts.settings.accounts.session_hours)
    if not caller.is_known:
        raise NotSignedIn
    return await _me(parts.database, caller, tokens.csrf(token))


async def _me(database: Database, caller: Caller, csrf: str | None) -> Me:
    assert caller.user_id is not None
    own = [
        OwnTeam(
            id=str(team.id),
            uuid=team.uuid,
            name=team.name,
            slug=team.slug,
            personal=team.personal,
            role=caller.teams[team.id],
            permissions=[permission for permission in Permission if caller.holds(permission, team.id)],
        )
        for team in await teams.of_member(database, caller)
    ]
    return Me(
        user=Own.of(await users.show(database, caller.user_id)),
        teams=own,
        permissions=[permission for permission in Permission if caller.holds(permission)],
        csrf_token=csrf,
    )


@router.get("/me")
async def show(access: Annotated[Access, requires(Permission.SELF_READ)], request: Request) -> Me:
    """Who asks, their teams, what they may do, and the CSRF token of this sign-in."""
    return await _me(access.database, access.caller, None if access.caller.key else csrf_token(request))


@router.patch("/me")
async def change(body: OwnChange, access: Annotated[Access, requires(Permission.SELF_CHANGE)]) -> Own:
    """Change name, address, language or time zone."""
    given = body.model_dump(exclude_none=True)
    return Own.of(await users.change(access.database, access.caller, access.user_id, users.UserChange(**given)))


@router.put("/me/password", status_code=204)
async def change_password(body: PasswordChange, access: Annotated[Access, requires(Permission.SELF_CHANGE)]) -> None:
    """Change the password; every other sign-in ends."""
    await users.change_password(
        access.database,
        access.caller,
        body.old_password,
        body.new_password,
        minimum=access.settings.accounts.password_min_length,
    )


@router.get("/me/sign-ins")
async def list_sign_ins(
    access: Annotated[Access, requires(Permission.SELF_READ)], paging: Annotated[Paging, Depends()]
) -> Page[OwnSignIn]:
    """Where one is signed in."""
    found = await sign_ins.of_user(access.database, access.user_id, after=paging.from_id, limit=paging.fetch)
    current = access.caller.sign_in_id

    def shape(one: sign_ins.SignIn) -> OwnSignIn:
        return OwnSignIn(**{**msgspec.structs.asdict(one), "id": str(one.id)}, current=one.id == current)

    return paging.page(found, shape, lambda one: one.id)


@router.delete("/me/sign-ins/{sign_in}", status_code=204)
async def end_sign_in(sign_in: str, access: Annotated[Access, requires(Permission.SELF_CHANGE)]) -> None:
    """End one of one's sign-ins."""
    await sign_ins.end(access.database, access.caller, number(sign_in, "sign-in"))


@router.delete("/me/teams/{team}", status_code=204)
async def leave(access: Annotated[Access, requires_on_team(Permission.SELF_CHANGE)]) -> None:
    """Leave a team; its last owner cannot."""
    await teams.remove_member(access.database, access.scope, access.user_id)
