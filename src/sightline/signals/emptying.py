"""Erase on one site: somebody's signals, all of them, or the site itself.

Readers see nothing of it any more as soon as it is asked for. The background job `signals.erasures` then takes it out
of every store, goes on where it was interrupted, and notes how far it is.
"""

from msgspec import Struct

from sightline import clock
from sightline.accounts import audit, sites
from sightline.accounts.audit import Action, Thing
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.keys.ring import KeyRing
from sightline.privacy import pseudonyms
from sightline.signals.erasure import Asked, asked, request
from sightline.signals.ledger import Tombstone

JOB = "signals.erasures"
_MOST_NAMES = 1000


class Names(Struct, frozen=True, kw_only=True):
    """Whose signals are to go. `named` are names as the application gave them to `identify`."""

    visitors: tuple[int, ...] = ()
    visits: tuple[int, ...] = ()
    persons: tuple[int, ...] = ()
    named: tuple[str, ...] = ()

    def check(self) -> None:
        count = len(self.visitors) + len(self.visits) + len(self.persons) + len(self.named)
        if not 1 <= count <= _MOST_NAMES:
            raise InvalidValue(f"{count} names are given", hint=f"Name 1 to {_MOST_NAMES} visitors, visits or persons.")


async def erase(database: Database, scope: Scope, tombstone: Tombstone) -> Asked:
    """Erase what some visitors, visits or persons left on the site."""
    async with database.transaction() as connection:
        number, _ = await request(connection, tombstone, clock.now_ms())
        await audit.record(
            connection, scope.caller, Action.SITE_ERASE, (Thing.SITE, scope.site), tenant_id=scope.tenant
        )
    return await _shown(database, scope, number)


async def tombstone_for(ring: KeyRing, scope: Scope, names: Names) -> Tombstone:
    """What an erasure of these names takes."""
    names.check()
    key = await ring.hmac_key(scope.tenant, "person")
    persons = {*names.persons, *(pseudonyms.person(key, str(scope.tenant), name) for name in names.named)}
    return Tombstone(
        reason="asked", sites=(scope.site,), visitors=names.visitors, visits=names.visits,
        persons=tuple(sorted(persons)),
    )  # fmt: skip


async def reset(database: Database, scope: Scope) -> Asked:
    """Erase everything that the site has until now; the site stays."""
    now_ms = clock.now_ms()
    async with database.transaction() as connection:
        await sites.reset(connection, scope)
        before = Tombstone(reason="reset", sites=(scope.site,), before_ms=now_ms + 1)
        number, _ = await request(connection, before, now_ms)
    return await _shown(database, scope, number)


async def remove(database: Database, scope: Scope) -> None:
    """Take the site away, with everything that it has and that is still under way."""
    async with database.transaction() as connection:
        await sites.remove(connection, scope)
        await request(connection, Tombstone(reason="removed", sites=(scope.site,)), clock.now_ms())


async def _shown(database: Database, scope: Scope, number: int) -> Asked:
    (found,) = await asked(database, scope.site, before=number + 1, since=number, limit=1)
    return found
