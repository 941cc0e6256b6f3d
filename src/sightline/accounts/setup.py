"""The first start: a one-time link makes the first admin. There is no default password."""

from datetime import timedelta

import msgspec

from sightline import clock
from sightline.accounts import audit, names, passwords, teams, tokens, users
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller, CallerKind
from sightline.accounts.permissions import Role
from sightline.database.pool import Database
from sightline.errors import Conflict, NotAllowed
from sightline.sql import queries

SQL = queries("sightline.accounts", "setup.sql")


class LinkNotValid(NotAllowed):
    """This setup link is wrong, used or expired."""

    code = "setup_link"


class FirstAdmin(msgspec.Struct, frozen=True, kw_only=True):
    """Who sets the instance up."""

    email: str
    name: str
    password: str
    team: str | None = None


async def is_needed(database: Database) -> bool:
    """Whether there is no admin yet."""
    return not await database.fetchval(SQL["any_admin"])


async def ensure_setup_link(database: Database, *, minutes: int = 60) -> str | None:
    """Make a fresh token for the setup link; None once there is an admin. Earlier links work until they expire."""
    if not await is_needed(database):
        return None
    token, now = tokens.new(), clock.now()
    await database.execute(SQL["add_link"], tokens.digest(token), now, now + timedelta(minutes=minutes))
    return token


async def complete(
    database: Database, token: str, admin: FirstAdmin, *, password_minimum: int, request_id: str = ""
) -> int:
    """Make the first admin and their team, and use up the link; of two at the same moment one wins. Returns the user.

    The link is looked at before the password is hashed, so that nobody without one makes this server work.
    """
    if not await database.fetchval(SQL["is_valid"], tokens.digest(token), clock.now()):
        await _refuse(database)
    email, name = names.email(admin.email), names.name(admin.name)
    passwords.check(admin.password, minimum=password_minimum, about=(email,))
    password_hash = await passwords.hashed(admin.password)
    async with database.transaction() as connection:
        await connection.execute(SQL["lock"])
        if await connection.fetchval(SQL["any_admin"]):
            raise Conflict("Sightline has been set up already", hint="Sign in.")
        if await connection.fetchval(SQL["use_link"], tokens.digest(token), clock.now()) is None:
            raise LinkNotValid(hint="Start Sightline again: it prints a new one.")
        user_id = await users.insert(
            connection, users.NewUser(email=email, name=name, role=Role.ADMIN), password_hash=password_hash
        )
        who = Caller(kind=CallerKind.USER, user_id=user_id, role=Role.ADMIN, request_id=request_id)
        await audit.record(connection, who, Action.SETUP, (Thing.USER, user_id))
        await teams.first(connection, who, admin.team or name, owner_id=user_id, personal=admin.team is None)
    return user_id


async def forget_old(database: Database) -> int:
    """Remove used and expired links; returns how many."""
    return len(await database.fetch(SQL["forget_old"], clock.now()))


async def _refuse(database: Database) -> None:
    if not await is_needed(database):
        raise Conflict("Sightline has been set up already", hint="Sign in.")
    raise LinkNotValid(hint="Start Sightline again: it prints a new one.")
