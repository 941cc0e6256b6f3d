"""Annotations: what happened on a day or at a moment, written beside a site's numbers.

One is for everybody who sees the site, or its author's alone: nobody else then finds, changes or removes it.
"""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import asyncpg
from msgspec import Struct

from sightline import clock
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound
from sightline.sql import queries

SQL: Final = queries("sightline.analytics", "annotations.sql")
MOST: Final = 10_000


class Annotation(Struct, frozen=True, kw_only=True):
    """One of them."""

    id: int
    uuid: UUID
    site_id: int
    at: datetime
    all_day: bool
    note: str
    personal: bool
    created_by: int | None
    created_at: datetime
    changed_at: datetime


class Wanted(Struct, frozen=True, kw_only=True):
    """What shall be written, and when it was."""

    at: datetime
    note: str
    all_day: bool = True
    personal: bool | None = None  # None: as it was, and a new one is the site's


async def listing(
    database: Database, scope: Scope, *, since: datetime | None = None, until: datetime | None = None
) -> list[Annotation]:
    rows = await database.fetch(SQL["list"], scope.site, since, until, MOST, _author(scope))
    return [_annotation(row) for row in rows]


async def show(database: Database, scope: Scope, annotation: UUID) -> Annotation:
    return _annotation(await database.fetchrow(SQL["by_uuid"], scope.site, annotation, _author(scope)))


async def create(database: Database, scope: Scope, wanted: Wanted) -> Annotation:
    return _annotation(
        await database.fetchrow(
            SQL["insert"], uuid4(), scope.site, wanted.at, wanted.all_day, _note(wanted), wanted.personal,
            _author(scope), clock.now(),
        )
    )  # fmt: skip


async def change(database: Database, scope: Scope, annotation: UUID, wanted: Wanted) -> Annotation:
    return _annotation(
        await database.fetchrow(
            SQL["change"],
            scope.site,
            annotation,
            wanted.at,
            wanted.all_day,
            _note(wanted),
            wanted.personal,
            clock.now(),
            _author(scope),
        )
    )


async def remove(database: Database, scope: Scope, annotation: UUID) -> None:
    if await database.fetchval(SQL["remove"], scope.site, annotation, _author(scope)) is None:
        raise _unknown()


def _author(scope: Scope) -> int | None:
    return scope.caller.user_id


def _note(wanted: Wanted) -> str:
    note = wanted.note.strip()
    wrong = "\x00" in note or any("\ud800" <= char <= "\udfff" for char in note)
    if not 1 <= len(note) <= 1000 or wrong:
        raise InvalidValue("a note has 1 to 1,000 characters of text", field="note")
    return note


def _annotation(row: asyncpg.Record | None) -> Annotation:
    if row is None:
        raise _unknown()
    return Annotation(**row)


def _unknown() -> NotFound:
    return NotFound("there is no such annotation on this site")
