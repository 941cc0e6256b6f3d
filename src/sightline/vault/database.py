"""The vault's database: one pool, and for each transaction the one role that it needs.

Whoever works says who they are and what for; the database writes that into the audit itself, in the same transaction,
so what cannot be audited does not happen.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

from sightline.database.address import Address, connect
from sightline.database.pool import Database
from sightline.errors import Conflict, ServiceError, SightlineError
from sightline.settings import VaultSettings
from sightline.sql import queries
from sightline.vault.setup import MIGRATIONS, role_names

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

SQL: Final = queries("sightline.vault", "subjects.sql")
_ASK_S: Final = 0.1


class VaultRefused(ServiceError):
    """The vault's database refused this."""

    code = "vault_refused"


class StaleKey(VaultRefused):
    """The key was exchanged while it was in use."""


class Busy(Conflict):
    """Another process is at this."""


class VaultOutdated(ServiceError):
    """The vault's schema is not what this release needs."""

    code = "vault_outdated"


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Who works with the data of which tenant, what for, and from where; every row of the audit says so."""

    tenant_id: int
    actor_kind: str
    actor_id: int | None = None
    purpose: str = "none"
    origin: str = "command line"
    request_id: str | None = None
    began: float = msgspec.field(default_factory=time.perf_counter)

    @property
    def actor(self) -> str:
        return f"{self.actor_kind} {self.actor_id}"

    def for_purpose(self, purpose: str) -> "Context":
        return msgspec.structs.replace(self, purpose=purpose)


class VaultDatabase:
    """Lends connections that act under one role."""

    def __init__(self, database: Database, settings: VaultSettings, root: Callable[[], str]) -> None:
        self._database = database
        self._names = role_names(settings)
        self._root = root

    @classmethod
    async def open(
        cls, address: Address, settings: VaultSettings, root: Callable[[], str], *, minimum: int | None = None
    ) -> "VaultDatabase":
        database = await Database.open(
            msgspec.structs.replace(address, schema=f"{settings.schema}, pg_temp"),
            minimum=settings.pool_min if minimum is None else minimum,
            maximum=settings.pool_max,
            timeout_s=settings.timeout_s,
            application="sightline vault",
        )
        return cls(database, settings, root)

    @property
    def address(self) -> Address:
        return self._database.address

    async def close(self) -> None:
        await self._database.close()

    async def check(self) -> None:
        """Raise what stands between this release and the schema."""
        async with self.acting("stats") as connection:
            found = await connection.fetchval(SQL["newest_migration"])
        newest = max(int(file.name[:4]) for file in MIGRATIONS.iterdir() if file.name.endswith(".sql"))
        if found < newest:
            raise VaultOutdated(
                f"the vault's schema is at {found:04}, this release needs {newest:04}",
                hint="Run `sightline vault setup`.",
            )

    @asynccontextmanager
    async def acting(
        self, part: str, context: Context | None = None, operation: str = ""
    ) -> "AsyncIterator[PoolConnectionProxy]":
        """One transaction as one of the roles. Errors say nothing of the row that they are about."""
        try:
            async with self._database.transaction() as connection:
                await connection.execute(SQL["act_as"], self._names[part], *self._said(context, operation))
                yield connection
        except SightlineError:
            raise
        except asyncpg.UniqueViolationError as exc:
            raise Conflict("this is there already", hint="Nothing was changed.") from _nameless(exc)
        except asyncpg.CheckViolationError as exc:
            raise StaleKey(
                f"the vault's database refused a value as {self._names[part]}", hint="Nothing was changed; try again."
            ) from _nameless(exc)
        except asyncpg.PostgresError as exc:
            raise VaultRefused(
                f"the vault's database refused this as {self._names[part]}: {type(exc).__name__}",
                hint="Nothing was changed. `sightline vault setup` makes schema and grants anew.",
            ) from _nameless(exc)

    def _said(self, context: Context | None, operation: str) -> tuple[str, ...]:
        if context is None:
            return ("",) * 8 + ("0",)
        return (
            str(context.tenant_id),
            context.actor_kind,
            "" if context.actor_id is None else str(context.actor_id),
            context.purpose,
            context.origin,
            context.request_id or "",
            operation,
            self._root(),
            str(round((time.perf_counter() - context.began) * 1e6)),
        )

    @asynccontextmanager
    async def alone(self, what: str, wait_s: float) -> AsyncIterator[None]:
        """Hold a lock that all processes know, on a connection of its own: who is killed lets go of it."""
        connection = await connect(self.address, application="sightline vault lock")
        try:
            until = time.monotonic() + wait_s
            while not await connection.fetchval(SQL["try_lock"], what):
                if time.monotonic() >= until:
                    raise Busy(f"another process is at the {what}", hint="Look at its progress, and wait for its end.")
                await asyncio.sleep(_ASK_S)
            yield
        finally:
            connection.terminate()

    async def note(
        self, context: Context, operation: str, *, error: str | None = None, field: str | None = None
    ) -> None:
        """Add a row to the audit about what the database itself did not see: what was refused, what was read of it."""
        async with self.acting("audit_insert", context, operation) as connection:
            await connection.execute(
                SQL["note"], context.tenant_id, operation, error is None, field, context.purpose, context.actor_kind,
                context.actor_id, context.origin, context.request_id,
                round((time.perf_counter() - context.began) * 1e6), error,
            )  # fmt: skip


def _nameless(error: asyncpg.PostgresError) -> Exception:
    """The cause without its detail, which quotes rows."""
    return RuntimeError(f"{type(error).__name__} ({error.sqlstate})")
