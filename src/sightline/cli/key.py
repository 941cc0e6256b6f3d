"""`sightline key`: API keys."""

import click

from sightline import clock
from sightline.accounts import api_keys, users
from sightline.accounts.callers import operator
from sightline.accounts.permissions import FOR_KEYS, Permission
from sightline.accounts.scopes import site_named, team_named
from sightline.cli.opening import opened
from sightline.cli.output import as_json, document, places, print_json, print_table, run_async, sure, yes
from sightline.cli.paging import everything
from sightline.settings import Loaded


@click.group()
def key() -> None:
    """List, create and revoke API keys, which programs send as Authorization: Bearer sl_…."""


@key.command("list")
@places
@click.option("--user", help="Only the keys of this user: an e-mail address or a user name.")
@as_json
@run_async
async def list_(*, loaded: Loaded, user: str | None, json: bool) -> None:
    """List the keys that are not revoked."""
    async with opened(loaded) as house:
        user_id = (await users.find(house.database, user)).id if user else None
        found = await everything(
            lambda after, limit: api_keys.listing(house.database, user_id, after=after, limit=limit),
            lambda one: one.id,
        )
    if json:
        print_json({"items": [document(one) for one in found]})
        return
    now = clock.now()
    print_table(
        [
            {
                "id": one.id,
                "begins": one.prefix,
                "name": one.name,
                "user": one.user_id,
                "permissions": [permission.value for permission in one.permissions],
                "expires": f"{one.expires_at:%Y-%m-%d}" + (" (expired)" if one.expires_at <= now else ""),
                "last used": f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else None,
            }
            for one in found
        ]
    )


@key.command()
@places
@click.argument("name")
@click.option("--user", required=True, help="Whose key it is: it never allows more than its user may do.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    required=True,
    type=click.Choice([permission.value for permission in FOR_KEYS]),
    help="What it allows; may be given several times.",
)
@click.option("--team", help="Only in this team: id, UUID or name.")
@click.option("--site", "sites", multiple=True, help="Only for this site: id, UUID, name or domain; several times.")
@click.option(
    "--days", type=click.IntRange(1, api_keys.LONGEST_DAYS), default=365, show_default=True, help="How long it works."
)
@as_json
@run_async
async def create(  # noqa: PLR0913 - one per option
    *,
    loaded: Loaded,
    name: str,
    user: str,
    permissions: tuple[str, ...],
    team: str | None,
    sites: tuple[str, ...],
    days: int,
    json: bool,
) -> None:
    """Create a key and print it, once.

    \b
    Example: sightline key create nightly --user ada@example.com --permission site:read --site Shop
    """
    async with opened(loaded) as house:
        found = await users.find(house.database, user)
        new = api_keys.NewKey(
            name=name,
            permissions=[Permission(permission) for permission in permissions],
            days=days,
            team=await team_named(house.database, team) if team else None,
            sites=[await site_named(house.database, site) for site in sites] or None,
        )
        made, token = await api_keys.create(house.database, operator(), new, user_id=found.id)
    if json:
        print_json({"key": document(made), "token": token})
    else:
        click.echo(token)
        click.echo(f"works until {made.expires_at:%Y-%m-%d}; it is not shown again", err=True)


@key.command()
@places
@click.argument("key_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@yes
@run_async
async def revoke(*, loaded: Loaded, key_id: int, yes: bool) -> None:
    """End a key at once; asks first."""
    sure(f"Revoke the key {key_id}?", yes=yes)
    async with opened(loaded) as house:
        await api_keys.revoke(house.database, operator(), key_id)
    click.echo(f"revoked {key_id}", err=True)
