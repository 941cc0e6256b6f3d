"""`sightline team`: teams and who is in them."""

import click

from sightline.accounts import invitations, teams, users
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission, TeamRole
from sightline.accounts.scopes import Scope, scope_for, team_named
from sightline.cli.opening import opened
from sightline.cli.output import as_json, document, places, print_json, print_table, run_async, sure, yes
from sightline.cli.paging import everything
from sightline.database.pool import Database
from sightline.settings import Loaded

_ROLES = click.Choice([role.value for role in TeamRole])
role_option = click.option(
    "--role", type=_ROLES, default=TeamRole.MEMBER.value, show_default=True, help="Role in the team."
)


@click.group()
def team() -> None:
    """List, add, change and remove teams. TEAM is an id, a UUID or a name; LOGIN an e-mail address or a user name."""


@team.command("list")
@places
@as_json
@run_async
async def list_(*, loaded: Loaded, json: bool) -> None:
    """List the teams."""
    async with opened(loaded) as house:
        scope = await scope_for(house.database, operator(), Permission.TEAM_READ)
        found = await everything(
            lambda after, limit: teams.listing(house.database, scope, after=after, limit=limit), lambda one: one.id
        )
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    print_table(
        [
            {"id": one.id, "name": one.name, "short name": one.slug, "members": one.members, "sites": one.sites}
            for one in found
        ]
    )


@team.command()
@places
@click.argument("name")
@click.option("--owner", required=True, help="Who owns it: an e-mail address or a user name.")
@as_json
@run_async
async def add(*, loaded: Loaded, name: str, owner: str, json: bool) -> None:
    """Add a team."""
    async with opened(loaded) as house:
        found = await users.find(house.database, owner)
        team_id = await teams.create(house.database, operator(), name, owner_id=found.id)
        made = await teams.one(house.database, team_id)
    if json:
        print_json(document(made))
    else:
        click.echo(f"added team {made.name} (id {made.id})")


@team.command()
@places
@click.argument("team")
@click.argument("name")
@run_async
async def rename(*, loaded: Loaded, team: str, name: str) -> None:
    """Give a team another name; its short name stays."""
    async with opened(loaded) as house:
        await teams.rename(house.database, await _team(house.database, team, Permission.TEAM_CHANGE), name)
    click.echo(f"the team is called {name}", err=True)


@team.command()
@places
@click.argument("team")
@yes
@run_async
async def remove(*, loaded: Loaded, team: str, yes: bool) -> None:
    """Remove a team that has no sites left; asks first."""
    async with opened(loaded) as house:
        scope = await _team(house.database, team, Permission.TEAM_DELETE)
        found = await teams.show(house.database, scope)
        sure(f"Remove the team {found.name!r} with its {found.members} members?", yes=yes)
        await teams.remove(house.database, scope)
    click.echo(f"removed {found.name}", err=True)


@team.command()
@places
@click.argument("team")
@as_json
@run_async
async def members(*, loaded: Loaded, team: str, json: bool) -> None:
    """List who is in a team."""
    async with opened(loaded) as house:
        scope = await _team(house.database, team, Permission.TEAM_READ)
        found = await everything(
            lambda after, limit: teams.members(house.database, scope, after=after, limit=limit),
            lambda one: one.user_id,
        )
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    print_table([{"user": one.user_id, "login": one.login, "name": one.name, "role": one.role.value} for one in found])


@team.command("add-member")
@places
@click.argument("team")
@click.argument("login")
@role_option
@run_async
async def add_member(*, loaded: Loaded, team: str, login: str, role: str) -> None:
    """Put a user into a team."""
    async with opened(loaded) as house:
        scope = await _team(house.database, team, Permission.MEMBER_MANAGE)
        found = await users.find(house.database, login)
        await teams.add_member(house.database, scope, found.id, TeamRole(role))
    click.echo(f"{login} is {role} of {team}", err=True)


@team.command("change-member")
@places
@click.argument("team")
@click.argument("login")
@click.argument("role", type=_ROLES)
@run_async
async def change_member(*, loaded: Loaded, team: str, login: str, role: str) -> None:
    """Give a member another role; the last owner stays one."""
    async with opened(loaded) as house:
        scope = await _team(house.database, team, Permission.MEMBER_MANAGE)
        found = await users.find(house.database, login)
        await teams.change_role(house.database, scope, found.id, TeamRole(role))
    click.echo(f"{login} is {role} of {team}", err=True)


@team.command("remove-member")
@places
@click.argument("team")
@click.argument("login")
@yes
@run_async
async def remove_member(*, loaded: Loaded, team: str, login: str, yes: bool) -> None:
    """Take a user out of a team; asks first."""
    async with opened(loaded) as house:
        scope = await _team(house.database, team, Permission.MEMBER_MANAGE)
        found = await users.find(house.database, login)
        sure(f"Take {login} out of {team}?", yes=yes)
        await teams.remove_member(house.database, scope, found.id)
    click.echo(f"{login} is no longer in {team}", err=True)


@team.command()
@places
@click.argument("team")
@role_option
@click.option("--days", type=click.IntRange(1, 30), default=7, show_default=True, help="How long the link works.")
@as_json
@run_async
async def invite(*, loaded: Loaded, team: str, role: str, days: int, json: bool) -> None:
    """Make a link with which somebody can join a team, once."""
    async with opened(loaded) as house:
        scope = await _team(house.database, team, Permission.MEMBER_MANAGE)
        made, token = await invitations.create(house.database, scope, TeamRole(role), days=days)
        public = house.settings.server.public_url.rstrip("/")
    path = f"/invitation#token={token}"
    if json:
        print_json({**document(made), "token": token, "path": path})
    else:
        click.echo(f"{public}{path}")
        click.echo(f"works once, until {made.expires_at:%Y-%m-%d %H:%M} UTC", err=True)


async def _team(database: Database, text: str, permission: Permission) -> Scope:
    return await scope_for(database, operator(), permission, team=await team_named(database, text))
