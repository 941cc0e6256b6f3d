"""Take away exactly what setup and the migrations made, and nothing else.

Nothing is ever dropped with CASCADE: what depends on ours from outside, or stands in our schema without being ours,
stops the rollback and is named.
"""

import asyncpg
import msgspec

from sightline.database import migrations
from sightline.database.address import Address, connect
from sightline.database.credentials import CredentialStore
from sightline.database.setup import SCHEMA_MARK, Found, Step, look, quoted, role_mark
from sightline.errors import ServiceError
from sightline.settings import DatabaseSettings
from sightline.sql import queries

LOCK_TIMEOUT = "10s"

_SQL = queries("sightline.database", "rollback.sql")
_SETUP = queries("sightline.database", "setup.sql")
# Dropped with one statement each, since they may refer to each other; in this order, since it needs the fewest turns.
_TOGETHER = ("view", "materialized view", "table", "foreign table")


class RollbackError(ServiceError):
    """The rollback was refused; nothing was changed."""

    code = "rollback"


async def roll_back(
    admin: Address, settings: DatabaseSettings, store: CredentialStore, *, dry_run: bool = False
) -> list[Step]:
    """Drop what is ours, in one transaction, then the login; return what was done or, in a dry run, would be."""
    connection = await connect(msgspec.structs.replace(admin, schema=""), application="sightline rollback")
    try:
        async with connection.transaction():
            await connection.execute(_SETUP["take_lock"])
            await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            found = await look(connection, settings)
            await _refuse(connection, found, settings)
            drops = await _drops(connection, found, settings)
            rest = await _rest(connection, found, settings)
            if not dry_run:
                await _drop_all(connection, drops)
                for step in rest:
                    await _execute(connection, step)
    finally:
        await connection.close()
    steps = [*drops, *rest]
    stored = await store.read()
    if stored is not None and stored.username == settings.role:
        kept = not dry_run and not await store.delete()
        what = "leave the login, which setup did not make" if kept else "delete the login"
        steps.append(Step(what, store.shown()))
    return steps


async def _refuse(connection: asyncpg.Connection, found: Found, settings: DatabaseSettings) -> None:
    if found.role is not None:
        if found.role["mark"] != role_mark(settings, found.database):
            raise RollbackError(
                f"the role {settings.role!r} was not made by `sightline db setup` for this schema and database",
                hint="Check database.role.",
            )
        if sessions := await connection.fetchval(_SQL["sessions"], settings.role):
            raise RollbackError(
                f"{sessions} sessions of {settings.role!r} are open",
                hint="Stop every Sightline on this database first.",
            )
    if found.schema is not None:
        await connection.execute(f"SET LOCAL search_path = {quoted(settings.schema)}")
        ours = await migrations.made(connection)
        strangers = [one for one in await migrations.objects(connection, settings.schema) if one not in ours]
        # In a schema that was there before us, others may have their things; they stay, and so does it.
        if strangers and found.schema["mark"] == SCHEMA_MARK:
            raise RollbackError(
                f"the schema {settings.schema!r} holds what is not ours: {_listed(strangers)}",
                hint="Move it to another schema, or drop it.",
            )
        dependents = await connection.fetch(_SQL["dependents"], settings.schema)
        if dependents:
            raise RollbackError(
                f"outside of the schema this depends on it: {_listed([row['object'] for row in dependents])}",
                hint="Drop that first.",
            )
    if found.role is not None:
        held = await connection.fetch(_SQL["held"], found.schema["oid"] if found.schema else 0, found.role["oid"])
        if held:
            shown = [f"{row['object']} ({'owned' if row['owns'] else 'granted'})" for row in held]
            raise RollbackError(
                f"the role {settings.role!r} has more than setup gave it: {_listed(shown)}",
                hint="Revoke it or give it to another owner first.",
            )


async def _drops(connection: asyncpg.Connection, found: Found, settings: DatabaseSettings) -> list[Step]:
    """One step for each statement that drops what the migrations made."""
    if found.schema is None:
        return []
    schema, ours = quoted(settings.schema), await migrations.made(connection)
    by_kind: dict[str, list[str]] = {}
    for thing in await migrations.objects(connection, settings.schema):
        if thing in ours:
            kind = next(kind for kind in _KINDS if thing.startswith(f"{kind} "))
            by_kind.setdefault(kind, []).append(f"{schema}.{thing.removeprefix(f'{kind} ')}")
    steps = [
        Step(f"drop {len(by_kind[kind])} {kind}s", f"DROP {kind.upper()} {', '.join(by_kind[kind])}")
        for kind in _TOGETHER
        if kind in by_kind
    ]
    for kind, names in by_kind.items():
        if kind not in _TOGETHER:
            steps += [Step(f"drop a {kind}", f"DROP {_KINDS[kind]} {name}") for name in names]
    return steps


# Longer names first: "materialized view x" is no "view".
_KINDS = {
    "text search configuration": "TEXT SEARCH CONFIGURATION",
    "text search dictionary": "TEXT SEARCH DICTIONARY",
    "extended statistics": "STATISTICS",
    "materialized view": "MATERIALIZED VIEW",
    "foreign table": "FOREIGN TABLE",
    "procedure": "PROCEDURE",
    "aggregate": "AGGREGATE",
    "collation": "COLLATION",
    "function": "FUNCTION",
    "operator": "OPERATOR",
    "sequence": "SEQUENCE",
    "domain": "DOMAIN",
    "table": "TABLE",
    "view": "VIEW",
    "type": "TYPE",
}


async def _rest(connection: asyncpg.Connection, found: Found, settings: DatabaseSettings) -> list[Step]:
    """Schema, grants and role."""
    schema, role, steps = quoted(settings.schema), quoted(settings.role), list[Step]()
    if found.schema is not None and found.schema["mark"] == SCHEMA_MARK:
        steps.append(Step("drop the schema", f"DROP SCHEMA {schema}"))
    elif found.schema is not None and found.role is not None:
        # It was there before us, so it stays.
        for kind in ("TABLES", "SEQUENCES"):
            revoke = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE ALL ON {kind} FROM {role}"
            steps.append(Step(f"take back future {kind.lower()}", revoke))
        for what in (f"ALL TABLES IN SCHEMA {schema}", f"ALL SEQUENCES IN SCHEMA {schema}", f"SCHEMA {schema}"):
            steps.append(Step(f"take back {what.partition(' IN')[0].lower()}", f"REVOKE ALL ON {what} FROM {role}"))
    if found.role is not None:
        if await connection.fetch(_SQL["database_grants"], found.role["oid"]):
            revoke = f"REVOKE ALL ON DATABASE {quoted(found.database)} FROM {role}"
            steps.append(Step("take back the database", revoke))
        steps.append(Step("drop the role", f"DROP ROLE {role}"))
    return steps


async def _drop_all(connection: asyncpg.Connection, drops: list[Step]) -> None:
    """Drop in as many turns as it takes: which of them depends on which is PostgreSQL's knowledge."""
    left = list(drops)
    while left:
        again: list[tuple[Step, asyncpg.PostgresError]] = []
        for step in left:
            try:
                async with connection.transaction():
                    await connection.execute(step.statement)
            except asyncpg.DependentObjectsStillExistError as exc:
                again.append((step, exc))
            except asyncpg.PostgresError as exc:
                raise _failed(step, exc) from exc
        if len(again) == len(left):
            raise _failed(*again[0]) from again[0][1]
        left = [step for step, _ in again]


async def _execute(connection: asyncpg.Connection, step: Step) -> None:
    try:
        await connection.execute(step.statement)
    except asyncpg.PostgresError as exc:
        raise _failed(step, exc) from exc


def _failed(step: Step, cause: asyncpg.PostgresError) -> RollbackError:
    detail = (cause.as_dict().get("detail") or "").replace("\n", "; ")
    return RollbackError(
        f"cannot {step.what}: {cause.args[0]}{f' ({detail})' if detail else ''}", hint="Nothing was changed."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
