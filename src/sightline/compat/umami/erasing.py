"""Where a site is emptied or removed, and a visitor erased: at once for who reads, in the background what is stored."""

from sightline.accounts.scopes import Scope
from sightline.operate.house import House
from sightline.signals import emptying
from sightline.signals.emptying import Names


async def delete_site(house: House, scope: Scope) -> None:
    """Take the site away, with all its data."""
    await emptying.remove(house.database, scope)


async def reset_site(house: House, scope: Scope) -> None:
    """Erase what was measured so far; what comes from now on is kept."""
    await emptying.reset(house.database, scope)


async def erase_visitor(house: House, scope: Scope, visitor: int) -> None:
    """Erase what one session left."""
    tombstone = await emptying.tombstone_for(house.keys, scope, Names(visitors=(visitor,)))
    await emptying.erase(house.database, scope, tombstone)
