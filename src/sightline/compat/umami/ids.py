"""Ids at Umami's edge: things with a UUID show it, what has only a number of ours shows that in the shape of a UUID.

A number of 64 bits stands in the UUID as `collect.umami.uuid_of` writes it, so that the session's id which a tracker
was told is the one that a report tells. An event is named by its batch and its place in it.
"""

import re
import uuid
from collections.abc import Iterable
from typing import Final

from sightline.accounts.scopes import Scope
from sightline.collect.umami import uuid_of
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound
from sightline.sql import queries

SQL: Final = queries("sightline.compat.umami", "ids.sql")
_OURS: Final = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f])00-([0-9a-f]{12})")
_POSITIVE: Final = 2**63


def written(number: int) -> str:
    """A number of ours."""
    return uuid_of(number)


def number(text: str, what: str) -> int:
    """The number that was so written."""
    found, place = _read(text)
    if found is None or place:
        raise NotFound(f"there is no such {what}")
    return found


def event_written(batch: int, place: int) -> str:
    return f"{uuid_of(batch)[:24]}{place:012x}"


def event_number(text: str) -> tuple[int, int]:
    batch, place = _read(text)
    if batch is None or place >= 2**15:
        raise NotFound("there is no such event")
    return batch, place


def read_uuid(text: object, field: str) -> uuid.UUID:
    """A UUID that somebody sent."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise InvalidValue(f"{field} is a UUID", field=field) from None


def is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


async def of_users(database: Database, ids: Iterable[int | None]) -> dict[int | None, str]:
    return await _uuids(database, "users", ids)


async def of_teams(database: Database, ids: Iterable[int | None]) -> dict[int | None, str]:
    """The UUIDs of teams that people share; a team of one is none to Umami."""
    return await _uuids(database, "teams", ids)


async def of_sites(database: Database, ids: Iterable[int | None]) -> dict[int | None, str]:
    return await _uuids(database, "sites", ids)


async def of_foreign(database: Database, named: Iterable[str], scope: Scope) -> list[str]:
    """Those of some UUIDs that are sites, links or pixels out of the scope."""
    wanted = [uuid.UUID(text) for text in named]
    rows = await database.fetch(SQL["foreign"], wanted, sorted(scope.sites)) if wanted else []
    return [str(row["uuid"]) for row in rows]


async def _uuids(database: Database, query: str, ids: Iterable[int | None]) -> dict[int | None, str]:
    wanted = sorted({one for one in ids if one is not None})
    rows = await database.fetch(SQL[query], wanted) if wanted else []
    return {row["id"]: str(row["uuid"]) for row in rows}


def _read(text: str) -> tuple[int | None, int]:
    match = _OURS.fullmatch(text.lower())
    if match is None:
        return None, 0
    found = int("".join(match.groups()[:4]), 16)
    return (found if found < _POSITIVE else None), int(match[5], 16)
