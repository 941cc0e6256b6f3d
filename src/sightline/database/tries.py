"""Try a statement, undo it, and say whether it went as it has to."""

from collections.abc import Sequence
from typing import Literal

import asyncpg
import msgspec

# refused: PostgreSQL says that we may not. nothing: no rows. true: the one value is true. works: no error.
Expected = Literal["refused", "nothing", "true", "works"]

# A try that is let in has to let go at once of whatever it got hold of.
GUARDS = {"lock_timeout": "1s", "statement_timeout": "5s", "idle_in_transaction_session_timeout": "30s"}

_SHOWN = 5


class Check(msgspec.Struct, frozen=True):
    """One thing to try, and what to do if it does not go as expected."""

    area: str
    statement: str
    expected: Expected
    advice: str
    # For the few statements that PostgreSQL does not run within a transaction; they must change nothing when allowed.
    bare: bool = False
    # Run before it in the same transaction, as part of the try.
    first: str = ""
    # It calls what not every server has; what is not there cannot be used.
    optional: bool = False

    @property
    def shown(self) -> str:
        return f"{self.first}; {self.statement}" if self.first else self.statement


class Try(msgspec.Struct, frozen=True):
    """What came of it."""

    area: str
    statement: str
    expected: str
    got: str
    ok: bool
    advice: str | None = None


async def guard(connection: asyncpg.Connection) -> None:
    for name, value in GUARDS.items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)


async def carry_out(connection: asyncpg.Connection, check: Check, *, become: str = "") -> Try:
    """Run the statement (after `become`, which changes who we are) in a transaction that is rolled back."""
    if check.bare:
        ok, got = await _judge(connection, check)
    else:
        transaction = connection.transaction()
        await transaction.start()
        try:
            if become:
                await connection.execute(become)
            ok, got = await _prepare(connection, check) or await _judge(connection, check)
        finally:
            await transaction.rollback()
    return Try(check.area, check.shown, check.expected, got, ok, None if ok else check.advice)


async def _prepare(connection: asyncpg.Connection, check: Check) -> tuple[bool, str] | None:
    """Run what comes first; what cannot even be tried has not gone as expected."""
    if not check.first:
        return None
    try:
        await connection.execute(check.first)
    except asyncpg.PostgresError as exc:
        return False, f"could not be tried: {_line(exc)}"
    return None


async def _judge(connection: asyncpg.Connection, check: Check) -> tuple[bool, str]:
    try:
        if check.expected in ("refused", "works"):
            await connection.execute(check.statement)
            return check.expected == "works", "it works" if check.expected == "works" else "it was allowed"
        rows = await connection.fetch(check.statement)
    except asyncpg.InsufficientPrivilegeError as exc:
        return check.expected == "refused", f"refused: {_line(exc)}"
    except asyncpg.PostgresError as exc:
        if check.optional and isinstance(exc, asyncpg.UndefinedFunctionError):
            return True, f"not there: {_line(exc)}"
        what = "not refused" if check.expected == "refused" else "it failed"
        return False, f"{what}: {_line(exc)}"
    if check.expected == "true":
        value = rows[0][0] if rows else None
        return value is True, "true" if value is True else f"{value}".lower()
    shown = ", ".join(str(row[0]) for row in rows[:_SHOWN]) + (
        f" and {len(rows) - _SHOWN} more" if rows[_SHOWN:] else ""
    )
    return not rows, shown or "nothing"


def _line(error: asyncpg.PostgresError) -> str:
    return str(error.args[0]).splitlines()[0]


def failed(tries: Sequence[Try]) -> list[Try]:
    return [one for one in tries if not one.ok]
