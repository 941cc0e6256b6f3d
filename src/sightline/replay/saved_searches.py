"""Searches for visits that somebody gave a name: everybody who sees the site finds them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from sightline import clock
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue, NotFound
from sightline.replay.search import Match, conditions
from sightline.sql import queries

SQL: Final = queries("sightline.replay", "saved_searches.sql")
MOST: Final = 200  # of one site
MAX_NAME: Final = 100


class SavedSearch(Struct, frozen=True):
    """A search by its name."""

    id: int
    name: str
    match: str
    conditions: list[str]
    created_at: datetime


async def listed(database: Database, site: int) -> list[SavedSearch]:
    return [SavedSearch(**dict(row)) for row in await database.fetch(SQL["listed"], site, MOST)]


async def add(  # noqa: PLR0913, PLR0917 - what it consists of
    database: Database, site: int, user: int | None, name: str, match: Match, where: Sequence[str]
) -> SavedSearch:
    """Save one, if it can be read."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise InvalidValue(f"a name has 1 to {MAX_NAME} characters, this one {len(name)}", field="name")
    if not conditions(where):
        raise InvalidValue("a search has at least one condition", field="where", hint="As page:/cart.")
    row = await database.fetchrow(SQL["add"], site, name, match.value, list(where), user, clock.now(), MOST)
    if row is None:
        raise Conflict(f"a site has at most {MOST} saved searches", hint="Delete one first.")
    return SavedSearch(**dict(row))


async def remove(database: Database, site: int, search: int) -> None:
    if await database.fetchval(SQL["remove"], site, search) is None:
        raise NotFound("there is no such search")
