"""Activation: put a dictionary into force, for the instance or for one site; nothing that was in force is ever changed.

The instance's dictionary lies over the one that ships, a site's over the instance's, and each may only tighten what is
below it, except for unmask entries. Who activates new unmask entries, or rules that hide less than those in force,
signs for it by name. When the instance gets other rules, every site's own are laid over them again in the same
transaction; if one cannot be, nothing changes.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from msgspec import Struct

from sightline import clock
from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller, operator
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue
from sightline.privacy import dictionary
from sightline.privacy.dictionary import DictionaryError, Rules
from sightline.privacy.tighten import loosened
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = Any

log = logging.getLogger("sightline.rules")
SQL: Final = queries("sightline.signals", "rules.sql")
INSTANCE: Final = 0
_MOST: Final = 2**15 - 1  # a row stores the number in 16 bits
_MAX_NOTE: Final = 500


class SignOffMissing(InvalidValue):
    """Somebody has to sign for this."""

    code = "sign_off_missing"


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be put into force. An empty source takes what lies below as it is."""

    source: str
    site: int = INSTANCE
    tenant: int | None = None
    sign_off: str = ""
    note: str = ""
    dry_run: bool = False


class Activation(Struct, frozen=True, kw_only=True):
    """What came of it, or, after a dry run, what would."""

    number: int | None
    hash: str
    before: int
    changes: list[dict[str, object]]
    loosened: list[str]
    sites: list[int]
    is_new: bool


class _New(Struct, frozen=True):
    site: int
    source: str
    rules: Rules


async def activate(database: Database, caller: Caller, wanted: Wanted) -> Activation:
    """Check a dictionary and put it into force; a dry run does everything but that."""
    if len(wanted.note) > _MAX_NOTE:
        raise InvalidValue(f"a note has at most {_MAX_NOTE} characters, this one {len(wanted.note)}", field="note")
    await ensure_shipped(database)
    async with database.transaction() as connection:
        await connection.execute(SQL["lock"])
        instance = await _latest(connection, INSTANCE)
        before = await _latest(connection, wanted.site) or instance
        assert before is not None
        assert instance is not None
        base = dictionary.default() if wanted.site == INSTANCE else await _restored(instance)
        rules = await laid_over(wanted.source, base)
        held = await _restored(before)
        loose = loosened(held.document, rules.document)
        changed = rules.version != held.version
        if changed:
            _check_sign_off(held, rules, loose, wanted.sign_off)
        others = await _laid_anew(connection, rules) if wanted.site == INSTANCE and changed else []
        number = None
        if changed and not wanted.dry_run:
            number = await _put(connection, caller, _New(wanted.site, wanted.source, rules), wanted.note)
            await audit.record(
                connection, caller, Action.RULES_ACTIVATE, (Thing.RULES, number), tenant_id=wanted.tenant,
                before=int(before["number"]), after=number, looser=bool(loose),
            )  # fmt: skip
            for other in others:
                await _put(connection, caller, other, f"laid over version {number} of the instance")
    return Activation(
        number=number, hash=rules.version, before=before["number"], changes=dictionary.diff(held, rules),
        loosened=loose, sites=[other.site for other in others], is_new=changed,
    )  # fmt: skip


async def ensure_shipped(database: Database) -> int | None:
    """Record what ships: as version 1 on the first start, under the operator's own rules after an upgrade.

    A release that was in force before is not taken again, so that two releases that run side by side for a while do not
    take turns. Rules that no longer fit stay as they are, and the log says so.
    """
    shipped = dictionary.default()
    if await database.fetchval(SQL["shipped_before"], shipped.version):
        return None
    async with database.transaction() as connection:
        await connection.execute(SQL["lock"])
        if await connection.fetchval(SQL["shipped_before"], shipped.version):
            return None
        before = await _latest(connection, INSTANCE)
        source = before["source"] if before else ""
        try:
            rules = await laid_over(source, shipped)
            others = await _laid_anew(connection, rules)
        except DictionaryError as exc:
            log.warning("the rules in force do not fit the dictionary of this release", extra={"reason": exc.message})
            return None
        note = "shipped with this release" if before else "what ships"
        number = await _put(connection, operator(), _New(INSTANCE, source, rules), note)
        for other in others:
            await _put(connection, operator(), other, f"laid over version {number} of the instance")
        await audit.record(
            connection, operator(), Action.RULES_ACTIVATE, (Thing.RULES, number), after=number, reason="shipped"
        )
        return number


async def laid_over(source: str, base: Rules) -> Rules:
    """Compile a file over its base; takes a moment, so not in the event loop."""
    return await asyncio.to_thread(dictionary.load, source, base) if source.strip() else base


async def _laid_anew(connection: Connection, base: Rules) -> list[_New]:
    """Every site's own rules over a new base."""
    made: list[_New] = []
    for row in await connection.fetch(SQL["sites_of_their_own"]):
        try:
            rules = await laid_over(row["source"], base)
        except DictionaryError as exc:
            raise DictionaryError(
                f"the rules of site {row['site']} (version {row['number']}) do not fit: {exc.message}",
                hint="Change and activate that site's rules first.",
            ) from exc
        if rules.version != row["hash"]:
            made.append(_New(row["site"], row["source"], rules))
    return made


async def _put(connection: Connection, caller: Caller, new: _New, note: str) -> int:
    number = int(await connection.fetchval(SQL["next_number"]))
    if number > _MOST:
        raise Conflict(f"there are {_MOST} rules versions, and rows cannot hold a higher number")
    instance = await _latest(connection, INSTANCE)
    base = None if new.site == INSTANCE or instance is None else instance["number"]
    await connection.execute(
        SQL["add"], number, new.site, new.rules.version, new.rules.document.name, new.source, new.rules.canonical,
        base, dictionary.default().version, note, clock.now(), caller.user_id,
    )  # fmt: skip
    await connection.execute(SQL["announce"], str(new.site))
    return number


async def _latest(connection: Connection, site: int) -> asyncpg.Record | None:
    return await connection.fetchrow(SQL["latest"], site)


async def _restored(row: asyncpg.Record) -> Rules:
    return await asyncio.to_thread(dictionary.restore, row["canonical"])


def _check_sign_off(held: Rules, rules: Rules, loose: Sequence[str], sign_off: str) -> None:
    """What may be seen from now on somebody has to answer for."""
    entries = [entry for entry in rules.unmask if entry not in held.unmask]
    if (entries or loose) and not sign_off.strip():
        shown = "; ".join([*loose][:3]) + ("; …" if len(loose) > 3 else "")
        raise SignOffMissing(
            f"these rules hide less than those in force: {shown}",
            hint="If that is meant, sign for it: --sign-off NAME, the name in the unmask entries.",
            field="sign_off",
        )
    if any(entry.signed_by.strip() != sign_off.strip() for entry in entries):
        raise SignOffMissing(
            "a new unmask entry is signed by somebody else",
            hint="Whoever signs for the activation signs each new unmask entry (signed_by), too.",
            field="sign_off",
        )
