"""Segments and cohorts: saved with a site, and given to any report by their ids.

A segment is filters over events. A cohort is the visitors who did something in a period: whatever a report counts, it
counts of them alone. A definition is checked when it is saved, and read anew when it is used, so that a cohort of the
last 30 days moves on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import asyncpg
import msgspec
from msgspec import Meta, Struct

from sightline import clock
from sightline.accounts import audit, names
from sightline.accounts.audit import Action, Thing
from sightline.accounts.scopes import Scope
from sightline.analytics.asking import Saved, Short, Text
from sightline.analytics.filters import Match, Where, where
from sightline.analytics.period import period
from sightline.analytics.selection import Cohort, step
from sightline.database.pool import Database
from sightline.errors import InvalidValue, NotFound
from sightline.sql import queries

SQL = queries("sightline.analytics", "segments.sql")
MOST: Final = 500


class Definition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a segment is: filters; with `did`, a cohort of who did that in the range, on events the filters pass."""

    filter: Annotated[tuple[Text, ...], Meta(max_length=30, description="field:operator:value.")] = ()
    match: Match = Match.ALL
    did: Annotated[Text | None, Meta(description="A step, as path:/pricing or event:sign-up: makes it a cohort.")] = (
        None
    )
    range: Annotated[Short, Meta(description="When they did it: 30d, this_month, all …")] = "30d"
    start: Annotated[Short | None, Meta(description="Instead of `range`.")] = None
    end: Short | None = None

    def saved(self, *, zone: str, now_ms: int) -> Saved:
        """What it narrows a report to."""
        conditions = where(self.filter, self.match)
        if self.did is None:
            if not conditions.conditions:
                raise InvalidValue("a segment needs a filter, or what somebody did", field="filter")
            return Saved(conditions)
        over = period(self.range, zone=zone, start=self.start, end=self.end, now_ms=now_ms)
        return Saved(Where(), Cohort(step(self.did, where="did"), over.bounds, conditions))


class Segment(Struct, frozen=True, kw_only=True):
    """A saved one."""

    id: int
    name: str
    definition: Definition
    created_at: datetime
    changed_at: datetime


async def listing(database: Database, scope: Scope, *, after: int | None = None, limit: int = 50) -> list[Segment]:
    return [_segment(row) for row in await database.fetch(SQL["list"], scope.site, after, limit)]


async def show(database: Database, scope: Scope, segment: int) -> Segment:
    rows = await database.fetch(SQL["some"], [scope.site], [segment])
    return _segment(rows[0] if rows else None)


async def create(database: Database, scope: Scope, name: str, definition: Definition) -> Segment:
    name = _checked(name, definition)
    async with database.transaction() as connection:
        if len(await connection.fetch(SQL["list"], scope.site, None, MOST)) == MOST:
            raise InvalidValue(f"a site has {MOST} segments at most", hint="Remove one that is not used any more.")
        row = await connection.fetchrow(
            SQL["insert"], scope.site, name, msgspec.json.encode(definition).decode(), scope.caller.user_id, clock.now()
        )
        await _noted(connection, scope)
    return _segment(row)


async def change(database: Database, scope: Scope, segment: int, name: str, definition: Definition) -> Segment:
    name = _checked(name, definition)
    async with database.transaction() as connection:
        text = msgspec.json.encode(definition).decode()
        found = _segment(await connection.fetchrow(SQL["change"], scope.site, segment, name, text, clock.now()))
        await _noted(connection, scope)
    return found


async def remove(database: Database, scope: Scope, segment: int) -> None:
    async with database.transaction() as connection:
        if await connection.fetchval(SQL["remove"], scope.site, segment) is None:
            raise _unknown()
        await _noted(connection, scope)


async def saved(database: Database, scope: Scope, references: Iterable[str], *, zone: str) -> Mapping[str, Saved]:
    """What the segments of these ids narrow a report to; those that the scope's sites do not have are left out."""
    ids = {found: reference for reference in references if isinstance(found := names.identifier(reference), int)}
    if not ids:
        return {}
    now_ms = clock.now_ms()
    rows: Sequence[Any] = await database.fetch(SQL["some"], sorted(scope.sites), list(ids))
    return {ids[row["id"]]: _segment(row).definition.saved(zone=zone, now_ms=now_ms) for row in rows}


def _checked(name: str, definition: Definition) -> str:
    definition.saved(zone="UTC", now_ms=clock.now_ms())
    return names.name(name)


async def _noted(connection: Any, scope: Scope) -> None:
    await audit.record(
        connection, scope.caller, Action.SITE_CHANGE, (Thing.SITE, scope.site), tenant_id=scope.tenant,
        fields=["segments"],
    )  # fmt: skip


def _segment(row: asyncpg.Record | None) -> Segment:
    if row is None:
        raise _unknown()
    fields = {name: row[name] for name in Segment.__struct_fields__ if name != "definition"}
    return Segment(**fields, definition=msgspec.json.decode(row["definition"], type=Definition))


def _unknown() -> NotFound:
    return NotFound("there is no such segment on this site")
