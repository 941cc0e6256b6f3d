"""Saved reports: the name of a report with its parameters, kept with a site for whoever may see the site."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import msgspec
from msgspec import Struct

from sightline import clock
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound
from sightline.sql import queries

SQL: Final = queries("sightline.analytics", "saved_reports.sql")
MOST: Final = 1000
_LONGEST: Final = 50_000


class SavedReport(Struct, frozen=True, kw_only=True):
    """One of them. `dialect` says in whose words the parameters are."""

    id: int
    uuid: UUID
    site_id: int
    report: str
    dialect: str
    name: str
    description: str
    parameters: Any
    created_by: int | None
    created_at: datetime
    changed_at: datetime


class Wanted(Struct, frozen=True, kw_only=True):
    """What shall be saved."""

    report: str
    name: str
    description: str = ""
    parameters: Any = msgspec.field(default_factory=dict)
    dialect: str = "sightline"


async def listing(database: Database, scope: Scope, report: str | None = None) -> list[SavedReport]:
    """Those of all sites of the scope."""
    rows = await database.fetch(SQL["list"], sorted(scope.sites), report, MOST * 10)
    return [_saved(row) for row in rows]


async def find(database: Database, report: UUID) -> SavedReport:
    """One by its UUID, for whoever looks next whether the caller may see its site."""
    return _saved(await database.fetchrow(SQL["by_uuid"], report))


async def create(database: Database, scope: Scope, wanted: Wanted) -> SavedReport:
    name, description, parameters = _checked(wanted)
    async with database.transaction() as connection:
        if await connection.fetchval(SQL["count"], scope.site) >= MOST:
            raise InvalidValue(f"a site has {MOST} saved reports at most", hint="Remove one that is not used any more.")
        row = await connection.fetchrow(
            SQL["insert"], uuid4(), scope.site, wanted.report, wanted.dialect, name, description, parameters,
            scope.caller.user_id, clock.now(),
        )  # fmt: skip
    return _saved(row)


async def change(database: Database, scope: Scope, saved: SavedReport, wanted: Wanted) -> SavedReport:
    name, description, parameters = _checked(wanted)
    return _saved(
        await database.fetchrow(
            SQL["change"], scope.site, saved.id, wanted.report, name, description, parameters, clock.now()
        )
    )


async def remove(database: Database, scope: Scope, saved: SavedReport) -> None:
    if await database.fetchval(SQL["remove"], scope.site, saved.id) is None:
        raise _unknown()


def _checked(wanted: Wanted) -> tuple[str, str, str]:
    name = wanted.name.strip()
    if not 1 <= len(name) <= 200 or not name.isprintable():
        raise InvalidValue("name has 1 to 200 characters on one line", field="name")
    if len(wanted.description) > 500 or "\x00" in wanted.description:
        raise InvalidValue("description has 500 characters at most", field="description")
    if any("\ud800" <= char <= "\udfff" for char in wanted.description):
        raise InvalidValue("description holds what is no text", field="description")
    parameters = msgspec.json.encode(wanted.parameters).decode()
    if len(parameters) > _LONGEST or "\\u0000" in parameters:
        raise InvalidValue("parameters are too large, or hold what is no text", field="parameters")
    return name, wanted.description, parameters


def _saved(row: asyncpg.Record | None) -> SavedReport:
    if row is None:
        raise _unknown()
    return SavedReport(**{**row, "parameters": msgspec.json.decode(row["parameters"])})


def _unknown() -> NotFound:
    return NotFound("there is no such saved report, or you may not see it")
