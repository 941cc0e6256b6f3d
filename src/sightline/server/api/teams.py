"""Teams and their members."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from sightline.accounts import teams, users
from sightline.accounts.permissions import Permission, TeamRole
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, Reference, TeamRoleName, Text, number
from sightline.server.permissions import Access, requires, requires_on_team

router = APIRouter(prefix=PREFIX, tags=["teams"])


class Team(Answer):
    """The owner of sites."""

    id: str
    uuid: uuid.UUID
    name: str
    slug: str
    personal: bool
    created_at: datetime
    members: int
    sites: int


class Member(Answer):
    """A user in a team."""

    user_id: str
    user_uuid: uuid.UUID
    login: str
    name: str
    role: TeamRole
    created_at: datetime


class TeamName(Body):
    """What a team is called."""

    name: Text


class NewMember(Body):
    """Who joins, and as what."""

    user: Reference
    role: TeamRoleName


class MemberRole(Body):
    """Another role."""

    role: TeamRoleName


@router.get("/teams")
async def listing(
    access: Annotated[Access, requires(Permission.TEAM_READ)], paging: Annotated[Paging, Depends()]
) -> Page[Team]:
    """List the teams that one is in; an admin sees all."""
    found = await teams.listing(access.database, access.scope, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, Team.of, lambda team: team.id)


@router.post("/teams", status_code=201)
async def create(body: TeamName, access: Annotated[Access, requires(Permission.TEAM_CREATE)]) -> Team:
    """Create a team, and own it."""
    team_id = await teams.create(access.database, access.caller, body.name, owner_id=access.user_id)
    return Team.of(await teams.one(access.database, team_id))


@router.get("/teams/{team}")
async def show(access: Annotated[Access, requires_on_team(Permission.TEAM_READ)]) -> Team:
    """One team."""
    return Team.of(await teams.show(access.database, access.scope))


@router.patch("/teams/{team}")
async def rename(body: TeamName, access: Annotated[Access, requires_on_team(Permission.TEAM_CHANGE)]) -> Team:
    """Rename a team."""
    await teams.rename(access.database, access.scope, body.name)
    return Team.of(await teams.show(access.database, access.scope))


@router.delete("/teams/{team}", status_code=204)
async def remove(access: Annotated[Access, requires_on_team(Permission.TEAM_DELETE)]) -> None:
    """Remove a team that has no sites left."""
    await teams.remove(access.database, access.scope)


@router.get("/teams/{team}/members")
async def members(
    access: Annotated[Access, requires_on_team(Permission.TEAM_READ)], paging: Annotated[Paging, Depends()]
) -> Page[Member]:
    """Who is in a team."""
    found = await teams.members(access.database, access.scope, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, Member.of, lambda member: member.user_id)


# An admin's: to others it would tell which accounts exist. They invite.
@router.post("/teams/{team}/members", status_code=204)
async def add_member(body: NewMember, access: Annotated[Access, requires_on_team(Permission.USER_MANAGE)]) -> None:
    """Put an existing user into a team. Owners and managers, who do not see the list of users, invite instead."""
    user = await users.show(access.database, number(body.user, "user"))
    await teams.add_member(access.database, access.scope, user.id, body.role)


@router.patch("/teams/{team}/members/{user}", status_code=204)
async def change_member(
    user: str, body: MemberRole, access: Annotated[Access, requires_on_team(Permission.MEMBER_MANAGE)]
) -> None:
    """Give a member another role; only an owner makes and unmakes owners, and the last one stays."""
    await teams.change_role(access.database, access.scope, number(user, "member"), body.role)


@router.delete("/teams/{team}/members/{user}", status_code=204)
async def remove_member(user: str, access: Annotated[Access, requires_on_team(Permission.MEMBER_MANAGE)]) -> None:
    """Take somebody out of a team."""
    await teams.remove_member(access.database, access.scope, number(user, "member"))
