"""The site of the example shop: made once, with the shop's rules; known by its UUID, which no other site has."""

import logging
import uuid
from pathlib import Path
from typing import Final

from msgspec import Struct

import sightline
from sightline.accounts import sites, teams
from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import scope_for
from sightline.errors import SightlineError
from sightline.operate.house import House
from sightline.signals.activation import Wanted, activate
from sightline.sql import queries

log = logging.getLogger("sightline.demo")
SQL: Final = queries("sightline.operate.demo", "demo.sql")
UUID: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://sightline.example/shop")
NAME: Final = "Fern & Clay"
# A clone holds the shop; where the package was installed from a wheel there is no such folder.
FOLDER: Final = Path(sightline.__file__).resolve().parents[2] / "examples" / "shop"


class DemoSite(Struct, frozen=True):
    """A site, as far as the demo needs it; `is_own` is false for one that was only lent to it."""

    id: int
    tenant: int
    public_key: str
    is_own: bool = True


async def demo_site(house: House) -> DemoSite | None:
    """The demo's site, made where there is none yet; None where somebody has removed it.

    It belongs to the first admin: before there is one, to a team that waits for them.
    """
    async with house.database.transaction() as connection:
        await connection.execute(SQL["lock"])
        row = await connection.fetchrow(SQL["find"], UUID)
        if row is not None:
            return DemoSite(row["id"], row["tenant_id"], row["public_key"]) if row["is_living"] else None
        team = await connection.fetchval(SQL["home"])
        if team is None:
            team = await teams.insert(connection, operator(), NAME, owner_id=None, personal=True)
    scope = await scope_for(house.database, operator(), Permission.SITE_CREATE, team=str(team))
    made = await sites.create(house.database, scope, sites.NewSite(name=NAME), tenant_id=team, wanted=UUID)
    await _put_rules(house, made.id, team)
    return DemoSite(made.id, team, made.public_key)


async def known_demo_site(house: House) -> tuple[int | None, bool]:
    """The id of the demo's site where there ever was one, and whether it is still there."""
    row = await house.database.fetchrow(SQL["find"], UUID)
    return (None, False) if row is None else (row["id"], row["is_living"])


async def _put_rules(house: House, site: int, team: int) -> None:
    """Put the shop's rules into force; where they do not fit, the stricter ones of the instance stay."""
    file = FOLDER / "rules.toml"
    if not file.is_file():
        return
    wanted = Wanted(
        source=file.read_text("utf-8"), site=site, tenant=team, sign_off=NAME, note="the example shop's own rules"
    )
    try:
        await activate(house.database, operator(), wanted)
    except SightlineError as exc:
        log.warning("the example shop's rules were not put into force", extra={"reason": exc.message})
