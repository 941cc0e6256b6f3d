"""Reading the audit. That somebody read it is a row of it, written first."""

import uuid
from datetime import date, datetime
from typing import Any, Final

import msgspec

from sightline.vault.database import Context, VaultDatabase
from sightline.vault.purposes import AUDIT
from sightline.vault.sealing import SQL

_MOST: Final = 1000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row: who did what with whose data (by the pseudonym of the subject), and what for."""

    id: int
    accessed_at: datetime
    user_id: uuid.UUID | None
    operation: str
    success: bool
    field_name: str | None
    level: int | None
    key_version: int | None
    row_count: int
    purpose: str
    actor_kind: str
    actor_id: int | None
    origin: str
    request_id: str | None
    duration_us: int
    error: str | None
    db_role: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows; None is any."""

    pseudonym: uuid.UUID | None = None
    operation: str | None = None
    success: bool | None = None


async def entries(
    database: VaultDatabase, context: Context, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """The rows of one tenant, the latest first."""
    await database.note(context.for_purpose(AUDIT), "audit.read")
    async with database.acting("auditor", context.for_purpose(AUDIT)) as connection:
        rows = await connection.fetch(
            SQL["page"], context.tenant_id, before, wanted.pseudonym, wanted.operation, wanted.success,
            min(limit, _MOST),
        )  # fmt: skip
    found: list[Any] = [Entry(**dict(row)) for row in rows]
    return found


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Of all tenants: since when rows wait for a seal, until when there is room for them, what is late or failed."""

    unsealed_since: datetime | None
    last_month: date
    late: int
    failed: int
    seals: int


async def condition(database: VaultDatabase) -> Condition:
    """What `sightline doctor` looks at."""
    async with database.acting("auditor") as connection:
        row = await connection.fetchrow(SQL["condition"])
    assert row is not None, "a query without FROM returns a row"
    columns: dict[str, Any] = dict(row)
    return Condition(**columns)


async def keep_months(database: VaultDatabase) -> tuple[int, int]:
    """Make the coming months of the audit and drop what is older than it is kept; return how many of each."""
    async with database.acting("rotator") as connection:
        row = await connection.fetchrow(SQL["keep_months"])
    assert row is not None, "the function returns one row"
    return row["made"], row["dropped"]
