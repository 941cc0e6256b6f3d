"""Invitations into a team: made by its owners and managers, accepted by whoever holds the link."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from sightline.accounts import invitations, sign_ins
from sightline.accounts.permissions import Permission, TeamRole
from sightline.server.api.me import Me, describe
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, TeamRoleName, Text, number
from sightline.server.authentication import house, set_session
from sightline.server.errors import request_id
from sightline.server.permissions import Access, public, requires, requires_on_team

router = APIRouter(prefix=PREFIX, tags=["invitations"])


class Invitation(Answer):
    """An invitation that can still be accepted."""

    id: str
    role: TeamRole
    created_at: datetime
    expires_at: datetime


class FreshInvitation(Invitation):
    """A new one: its token is shown here and never again. A page's address carries it behind the #."""

    token: str


class NewInvitation(Body):
    """As what somebody is invited, and for how long."""

    role: TeamRoleName = TeamRole.MEMBER
    expires_in_days: Annotated[int, Field(ge=1, le=30)] = 7


class Token(Body):
    """What the link carries."""

    token: Text


class Newcomer(Body):
    """Somebody without an account who holds a link."""

    token: Text
    email: Text
    name: Text
    password: Text


class Invited(Answer):
    """What a link is for."""

    team: str
    role: TeamRole
    expires_at: datetime


class Joined(Answer):
    """The team that one is in now."""

    team_id: str


@router.get("/teams/{team}/invitations")
async def listing(
    access: Annotated[Access, requires_on_team(Permission.MEMBER_MANAGE)], paging: Annotated[Paging, Depends()]
) -> Page[Invitation]:
    """List the invitations that can still be accepted."""
    found = await invitations.listing(access.database, access.scope, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, Invitation.of, lambda invitation: invitation.id)


@router.post("/teams/{team}/invitations", status_code=201)
async def create(
    body: NewInvitation, access: Annotated[Access, requires_on_team(Permission.MEMBER_MANAGE)]
) -> FreshInvitation:
    """Make an invitation; only an owner invites an owner."""
    made, token = await invitations.create(access.database, access.scope, body.role, days=body.expires_in_days)
    return FreshInvitation(**Invitation.of(made).model_dump(), token=token)


@router.delete("/teams/{team}/invitations/{invitation}", status_code=204)
async def revoke(invitation: str, access: Annotated[Access, requires_on_team(Permission.MEMBER_MANAGE)]) -> None:
    """Take an invitation back."""
    await invitations.revoke(access.database, access.scope, number(invitation, "invitation"))


@router.post("/invitations/look", dependencies=[public("whoever holds the link may see what it is for")])
async def look(body: Token, request: Request) -> Invited:
    """Say what a link is for."""
    return Invited.of(await invitations.look(house(request).database, body.token))


@router.post("/invitations/accept")
async def accept(body: Token, access: Annotated[Access, requires(Permission.SELF_CHANGE)]) -> Joined:
    """Join with the account that one is signed in with."""
    return Joined(team_id=str(await invitations.accept(access.database, access.caller, body.token)))


@router.post("/invitations/register", status_code=201, dependencies=[public("the token of the link is the permission")])
async def register(body: Newcomer, request: Request, response: Response) -> Me:
    """Create an account, join, and sign in."""
    parts = house(request)
    accounts, identity = parts.settings.accounts, request_id(request)
    newcomer = invitations.Newcomer(email=body.email, name=body.name, password=body.password)
    user_id = await invitations.accept_as_new(
        parts.database, body.token, newcomer, minimum=accounts.password_min_length, request_id=identity
    )
    async with parts.database.transaction() as connection:
        started = await sign_ins.start(
            connection,
            user_id,
            hours=accounts.session_hours,
            user_agent=request.headers.get("user-agent", ""),
            request_id=identity,
        )
    set_session(request, response, started.token)
    return await describe(request, started.token)
