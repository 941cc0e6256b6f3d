"""What the commands of `sightline vault` share: for whom they work, and the house with its vault."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import msgspec

from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for, team_named
from sightline.cli.opening import opened
from sightline.operate.house import House
from sightline.settings import Loaded
from sightline.vault.database import Context

team_option = click.option("--team", required=True, help="Whose data: a team's id, UUID or name.")
purpose_option = click.option("--purpose", required=True, help="What for, as the setting vault.purposes declares it.")


class Desk(msgspec.Struct, frozen=True):
    """What a command works with."""

    house: House
    context: Context


@asynccontextmanager
async def desk(loaded: Loaded, team: str, purpose: str = "none") -> AsyncIterator[Desk]:
    """The house with its vault, and the operator as who works for a team."""
    async with opened(loaded, with_vault=True) as house:
        named = await team_named(house.database, team)
        scope = await scope_for(house.database, operator(), Permission.VAULT_READ, team=named)
        yield Desk(house, Context(tenant_id=scope.tenant, actor_kind="operator", purpose=purpose))
