"""`sightline user`: accounts and their passwords."""

from collections.abc import Sequence

import click

from sightline.accounts import users
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Role
from sightline.accounts.users import User, UserChange
from sightline.cli.opening import opened
from sightline.cli.output import as_json, document, places, print_json, print_table, run_async, sure, yes
from sightline.cli.paging import everything
from sightline.cli.passwords import read_password
from sightline.settings import Loaded

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """List, add, change, disable and remove users. LOGIN is an e-mail address or a user name.

    A password is asked for, or read from standard input, or from the file that SIGHTLINE_USER_PASSWORD_FILE names.
    """


@user.command("list")
@places
@as_json
@run_async
async def list_(*, loaded: Loaded, json: bool) -> None:
    """List the users."""
    async with opened(loaded) as house:
        found = await everything(
            lambda after, limit: users.listing(house.database, after=after, limit=limit), lambda one: one.id
        )
    _print(found, json=json)


@user.command()
@places
@click.argument("login")
@click.option("--name", help="The name that others see; by default the login.")
@click.option("--role", type=_ROLES, default=Role.MEMBER.value, show_default=True, help="Role in the instance.")
@as_json
@run_async
async def add(*, loaded: Loaded, login: str, name: str | None, role: str, json: bool) -> None:
    """Add a user.

    \b
    Example: pass show bob | sightline user add bob@example.com --name Bob
    """
    kind = "email" if "@" in login else "username"
    new = users.NewUser(name=name or login, role=Role(role), **{kind: login})
    password = read_password()
    async with opened(loaded) as house:
        minimum = house.settings.accounts.password_min_length
        made = await users.create(house.database, operator(), new, password, minimum=minimum)
    if json:
        print_json(document(made))
    else:
        click.echo(f"added {made.login} as {made.role.value}")


@user.command()
@places
@click.argument("login")
@click.argument("role", type=_ROLES)
@run_async
async def role(*, loaded: Loaded, login: str, role: str) -> None:
    """Give a user another role in the instance; the last admin stays one."""
    await _change(loaded, login, UserChange(role=Role(role)))
    click.echo(f"{login} is {role}", err=True)


@user.command()
@places
@click.argument("login")
@run_async
async def disable(*, loaded: Loaded, login: str) -> None:
    """Keep a user out, and end every sign-in and key of theirs at once."""
    await _change(loaded, login, UserChange(disabled=True))
    click.echo(f"{login} is disabled", err=True)


@user.command()
@places
@click.argument("login")
@run_async
async def enable(*, loaded: Loaded, login: str) -> None:
    """Let a disabled user in again."""
    await _change(loaded, login, UserChange(disabled=False))
    click.echo(f"{login} is enabled", err=True)


@user.command()
@places
@click.argument("login")
@run_async
async def password(*, loaded: Loaded, login: str) -> None:
    """Set a user's password; ends all their sign-ins."""
    entered = read_password()
    async with opened(loaded) as house:
        found = await users.find(house.database, login)
        minimum = house.settings.accounts.password_min_length
        await users.set_password(house.database, operator(), found.id, entered, minimum=minimum)
    click.echo(f"the password of {login} is set", err=True)


@user.command()
@places
@click.argument("login")
@yes
@run_async
async def remove(*, loaded: Loaded, login: str, yes: bool) -> None:
    """Remove a user for good; asks first."""
    async with opened(loaded) as house:
        found = await users.find(house.database, login)
        sure(f"Remove {found.login} for good?", yes=yes)
        await users.remove(house.database, operator(), found.id)
    click.echo(f"removed {login}", err=True)


async def _change(loaded: Loaded, login: str, wanted: UserChange) -> None:
    async with opened(loaded) as house:
        found = await users.find(house.database, login)
        await users.change(house.database, operator(), found.id, wanted)


def _print(found: Sequence[User], *, json: bool) -> None:
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    print_table(
        [
            {"id": one.id, "login": one.login, "name": one.name, "role": one.role.value, "disabled": one.disabled}
            for one in found
        ]
    )
