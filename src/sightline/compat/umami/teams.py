"""Teams. Umami's access code is an invitation of ours: shown once, for one newcomer, until it expires."""

from typing import Any, Final

from sightline.accounts import boards, invitations, sites, teams, users
from sightline.accounts.permissions import Permission, TeamRole
from sightline.accounts.teams import Member, Team
from sightline.compat.umami import board_rows, ids, links, team_rows, websites
from sightline.compat.umami.calls import Body, Call, Ok, no_such
from sightline.compat.umami.paging import MOST, paged
from sightline.compat.umami.roles import TEAM_ROLES, TeamRoleName
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue

_CODE_DAYS: Final = 7


class NewTeam(Body):
    """A new team, of the caller or, by an admin, of somebody else."""

    name: str
    owner_id: str | None = None


class TeamChange(Body):
    """Another name; with `accessCode`, whatever it says, a new code is made."""

    name: str | None = None
    access_code: str | None = None


class AccessCode(Body):
    """What somebody was given to join with."""

    access_code: str


class NewMember(Body):
    """Who joins, and as what."""

    user_id: str
    role: TeamRoleName = "team-member"


class MemberRole(Body):
    """Another role."""

    role: TeamRoleName


async def listing(call: Call) -> dict[str, Any]:
    """The teams of the caller, those of one left out."""
    found = await teams.of_member(call.database, call.caller)
    return paged(call, [team for team in found if not team.personal], team_rows.row)


async def all_teams(call: Call) -> dict[str, Any]:
    scope = await call.scope_of(Permission.TEAM_READ)
    found = await teams.listing(call.database, scope, limit=MOST)
    return paged(call, [team for team in found if not team.personal], team_rows.row)


async def create(call: Call) -> list[dict[str, Any]]:
    body, owner = call.body(NewTeam), call.user_id
    if body.owner_id:
        other = await users.with_uuid(call.database, ids.read_uuid(body.owner_id, "ownerId"))
        if other.id != owner and not call.caller.holds(Permission.USER_MANAGE):
            raise no_such("user")
        owner = other.id
    team_id = await teams.create(call.database, call.caller, body.name, owner_id=owner)
    team = await teams.one(call.database, team_id)
    member = await _member(call, team, owner)
    code = ""
    if owner == call.user_id and call.caller.key is None:
        await call.refresh()
        granted = await call.scope_of(Permission.MEMBER_MANAGE, team=str(team.uuid))
        _, code = await invitations.create(call.database, granted, TeamRole.MEMBER, days=_CODE_DAYS)
    return [team_rows.row(team, access_code=code or None), team_rows.member_row(team, member)]


async def join(call: Call) -> dict[str, Any]:
    team_id = await invitations.accept(call.database, call.caller, call.body(AccessCode).access_code)
    team = await teams.one(call.database, team_id)
    return team_rows.member_row(team, await _member(call, team, call.user_id))


async def show(call: Call) -> dict[str, Any]:
    team = await teams.show(call.database, call.scope)
    found = await teams.members(call.database, call.scope, limit=MOST)
    return {**team_rows.row(team), "members": [team_rows.member_row(team, member) for member in found]}


async def change(call: Call) -> dict[str, Any]:
    body, code = call.body(TeamChange), None
    if body.name is not None:
        await teams.rename(call.database, call.scope, body.name)
    if body.access_code is not None:
        granted = await call.scope_of(Permission.MEMBER_MANAGE, team=call.parts["team"])
        _, code = await invitations.create(call.database, granted, TeamRole.MEMBER, days=_CODE_DAYS)
    return team_rows.row(await teams.show(call.database, call.scope), access_code=code)


async def remove(call: Call) -> Ok:
    await teams.remove(call.database, call.scope)
    return Ok()


async def _member(call: Call, team: Team, user_id: int) -> Member:
    found = await teams.member(call.database, team.id, user_id)
    if found is None:
        raise no_such("member of this team")
    return found


async def _of_address(call: Call) -> tuple[Team, Member]:
    wanted = ids.read_uuid(call.parts["user"], "userId")
    team = await teams.show(call.database, call.scope)
    for member in await teams.members(call.database, call.scope, limit=MOST):
        if member.user_uuid == wanted:
            return team, member
    raise no_such("member of this team")


async def members(call: Call) -> dict[str, Any]:
    team = await teams.show(call.database, call.scope)
    found = await teams.members(call.database, call.scope, limit=MOST)
    return paged(call, found, lambda member: team_rows.member_row(team, member), search=("user",))


async def add_member(call: Call) -> dict[str, Any]:
    body = call.body(NewMember)
    user = await users.with_uuid(call.database, ids.read_uuid(body.user_id, "userId"))
    if body.role == "team-owner":
        teams.may_give(call.scope, TeamRole.OWNER)
    await teams.add_member(call.database, call.scope, user.id, TEAM_ROLES[body.role])
    team = await teams.show(call.database, call.scope)
    return team_rows.member_row(team, await _member(call, team, user.id))


async def one_member(call: Call) -> dict[str, Any]:
    return team_rows.member_row(*await _of_address(call))


async def change_member(call: Call) -> dict[str, Any]:
    team, member = await _of_address(call)
    await teams.change_role(call.database, call.scope, member.user_id, TEAM_ROLES[call.body(MemberRole).role])
    return team_rows.member_row(team, await _member(call, team, member.user_id))


async def remove_member(call: Call) -> Ok:
    """Take somebody out; whoever may see the team may leave it."""
    _, member = await _of_address(call)
    if member.user_id != call.caller.user_id:
        await call.scope_of(Permission.MEMBER_MANAGE, team=call.parts["team"])
    elif call.caller.key is not None:
        raise InvalidValue("an API key leaves no team", field="userId")
    await teams.remove_member(call.database, call.scope, member.user_id)
    return Ok()


async def websites_of(call: Call) -> dict[str, Any]:
    scope = await call.scope_of(Permission.SITE_READ)
    found = await sites.listing(call.database, scope, tenant_id=call.scope.tenant, limit=MOST)
    return await websites.listed(call, found)


async def links_of(call: Call) -> dict[str, Any]:
    return await links.of_team(call, "link")


async def pixels_of(call: Call) -> dict[str, Any]:
    return await links.of_team(call, "pixel")


async def boards_of(call: Call) -> dict[str, Any]:
    found = await boards.listing(call.database, None, [call.scope.tenant])
    return paged(call, await board_rows.rows(call, found), dict)


P = Permission
ROUTES = (
    route("GET", "/admin/teams", P.USER_MANAGE, all_teams),
    route("GET", "/me/teams", P.TEAM_READ, listing),
    route("GET", "/teams", P.TEAM_READ, listing),
    route("POST", "/teams", P.TEAM_CREATE, create),
    route("POST", "/teams/join", P.SELF_CHANGE, join),
    route("GET", "/teams/{team}", P.TEAM_READ, show),
    route("POST", "/teams/{team}", P.TEAM_CHANGE, change),
    route("DELETE", "/teams/{team}", P.TEAM_DELETE, remove),
    route("GET", "/teams/{team}/users", P.TEAM_READ, members),
    # An admin's: to others it would tell which accounts exist. They hand out an access code.
    route("POST", "/teams/{team}/users", P.USER_MANAGE, add_member),
    route("GET", "/teams/{team}/users/{user}", P.TEAM_READ, one_member),
    route("POST", "/teams/{team}/users/{user}", P.MEMBER_MANAGE, change_member),
    route("DELETE", "/teams/{team}/users/{user}", P.TEAM_READ, remove_member),
    route("GET", "/teams/{team}/websites", P.TEAM_READ, websites_of),
    route("GET", "/teams/{team}/links", P.TEAM_READ, links_of),
    route("GET", "/teams/{team}/pixels", P.TEAM_READ, pixels_of),
    route("GET", "/teams/{team}/boards", P.TEAM_READ, boards_of),
)
