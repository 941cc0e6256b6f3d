"""Users: who they are, their role in the instance, their password."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts import audit, names, passwords, sign_ins, throttle
from sightline.accounts.audit import Action, Thing
from sightline.accounts.callers import Caller
from sightline.accounts.permissions import Role
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue, NotFound, TooManyRequests
from sightline.sql import queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

SQL = queries("sightline.accounts", "users.sql")


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account; its password hash never leaves this package."""

    id: int
    uuid: uuid.UUID
    email: str | None
    username: str | None
    name: str
    role: Role
    locale: str
    time_zone: str
    created_at: datetime
    disabled_at: datetime | None

    @property
    def disabled(self) -> bool:
        return self.disabled_at is not None

    @property
    def login(self) -> str:
        return self.email or self.username or ""


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """Who shall be created; one of e-mail and user name has to be given."""

    name: str
    role: Role = Role.MEMBER
    email: str | None = None
    username: str | None = None


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change; UNSET stays as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    email: str | msgspec.UnsetType = msgspec.UNSET
    locale: str | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET
    role: Role | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


async def show(database: Database, user_id: int) -> User:
    return _user(await database.fetchrow(SQL["show"], user_id))


async def with_uuid(database: Database, user: uuid.UUID) -> User:
    """A user by the id that Umami's API knows."""
    return _user(await database.fetchrow(SQL["find_by_uuid"], user))


async def site_counts(database: Database) -> dict[int, int]:
    """How many living sites each user has made."""
    return {row["created_by"]: row["count"] for row in await database.fetch(SQL["site_counts"])}


async def find(database: Database, login: str) -> User:
    """A user by e-mail address or user name."""
    kind, value = names.login(login)
    return _user(await database.fetchrow(SQL[f"find_by_{kind}"], value))


async def listing(database: Database, *, after: int | None = None, limit: int = 50) -> list[User]:
    return [_user(row) for row in await database.fetch(SQL["list"], after, limit)]


async def create(database: Database, caller: Caller, new: NewUser, password: str, *, minimum: int) -> User:
    """Add a user with a password that they should change."""
    new = _normal(new)
    passwords.check(password, minimum=minimum, about=(new.email, new.username))
    password_hash = await passwords.hashed(password)
    async with database.transaction() as connection:
        user_id = await insert(connection, new, password_hash=password_hash)
        await audit.record(connection, caller, Action.USER_CREATE, (Thing.USER, user_id), role=new.role.value)
    return await show(database, user_id)


async def insert(connection: "PoolConnectionProxy", new: NewUser, *, password_hash: str) -> int:
    """Add the row of a user whose names are in their normal form already."""
    user_id: int | None = await connection.fetchval(
        SQL["insert"], uuid.uuid4(), new.email, new.username, new.name, password_hash, new.role.value, clock.now()
    )
    if user_id is None:
        taken = new.email is not None and await connection.fetchval(SQL["email_taken"], new.email, 0)
        field = "email" if taken else "username"
        raise Conflict("there is a user of this name already", hint="Choose another.", field=field)
    return user_id


async def change(database: Database, caller: Caller, user_id: int, wanted: UserChange) -> User:
    """Change what is given. The last admin stays one, and enabled; disabling ends every sign-in."""
    fields = {name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name)) is not msgspec.UNSET}
    fields = {name: _checked(name, value) for name, value in fields.items()}
    async with database.transaction() as connection:
        await connection.execute(SQL["lock_admins"])
        before = _user(await connection.fetchrow(SQL["show_for_update"], user_id))
        role: Role = fields.get("role", before.role)
        disabled = fields.get("disabled", before.disabled)
        if before.role is Role.ADMIN and not before.disabled and (role is not Role.ADMIN or disabled):
            await _keep_an_admin(connection, user_id)
        now = clock.now()
        # Asked first, so that PostgreSQL does not write the address into its log as the key that stands there already.
        if fields.get("email") is not None and await connection.fetchval(SQL["email_taken"], fields["email"], user_id):
            raise Conflict("there is a user of this address already", field="email")
        try:
            await connection.execute(
                SQL["change"], user_id, fields.get("name", before.name), fields.get("email", before.email),
                fields.get("locale", before.locale), fields.get("time_zone", before.time_zone), role.value,
                (before.disabled_at or now) if disabled else None,
            )  # fmt: skip
        except asyncpg.UniqueViolationError as exc:
            raise Conflict("there is a user of this address already", field="email") from exc
        if disabled and not before.disabled:
            await sign_ins.end_all(connection, user_id)
        after = _user(await connection.fetchrow(SQL["show"], user_id))
        await _record_change(connection, caller, before, after, list(fields))
        return after


async def remove(database: Database, caller: Caller, user_id: int) -> None:
    """Remove a user for good: their sign-ins and keys end, teams of one without sites go with them."""
    async with database.transaction() as connection:
        await connection.execute(SQL["lock_admins"])
        # Teams before the user: whoever joins a team takes them in this order, too.
        await connection.fetch(SQL["lock_teams"], user_id)
        before = _user(await connection.fetchrow(SQL["show_for_update"], user_id))
        if before.role is Role.ADMIN and not before.disabled:
            await _keep_an_admin(connection, user_id)
        left = [row["name"] for row in await connection.fetch(SQL["teams_without_owner"], user_id)]
        if left:
            raise Conflict(
                f"the user is the last owner of {', '.join(map(repr, left))}",
                hint="Make somebody else an owner, or remove the team's sites and the team, first.",
            )
        await connection.execute(SQL["remove_teams_of_one"], user_id, clock.now())
        await connection.execute(SQL["remove"], user_id)
        await audit.record(connection, caller, Action.USER_REMOVE, (Thing.USER, user_id))


async def set_password(database: Database, caller: Caller, user_id: int, password: str, *, minimum: int) -> None:
    """Set somebody's password without knowing the old one; ends all their sign-ins."""
    user = await show(database, user_id)
    passwords.check(password, minimum=minimum, about=(user.email, user.username))
    password_hash = await passwords.hashed(password)
    async with database.transaction() as connection:
        await connection.execute(SQL["set_password"], user_id, password_hash)
        await sign_ins.end_all(connection, user_id)
        await audit.record(connection, caller, Action.PASSWORD_CHANGE, (Thing.USER, user_id))


async def change_password(database: Database, caller: Caller, old: str, new: str, *, minimum: int) -> None:
    """Change one's own password; every other sign-in ends."""
    row = await database.fetchrow(SQL["show_hash"], caller.user_id)
    if row is None:
        raise NotFound("there is no such user")
    guesses = throttle.password_key(row["id"])
    if waiting := await throttle.attempt_at(database, guesses):
        raise TooManyRequests(retry_after=waiting.retry_after, hint=f"Wait {waiting.retry_after} s.")
    verified = await passwords.verify(row["password_hash"], old)
    if not verified.right:
        await audit.record(
            database, caller, Action.PASSWORD_CHANGE, (Thing.USER, caller.user_id), result=audit.Result.REFUSED
        )
        raise InvalidValue("the old password is wrong", field="old_password")
    await throttle.forget(database, guesses)
    passwords.check(new, minimum=minimum, about=(row["email"], row["username"]), field="new_password")
    password_hash = await passwords.hashed(new)
    async with database.transaction() as connection:
        changed = await connection.fetchval(
            SQL["replace_password"], caller.user_id, row["password_hash"], password_hash
        )
        if changed is None:
            raise Conflict("the password was changed at the same moment", hint="Sign in again.")
        assert caller.user_id is not None
        await sign_ins.end_all(connection, caller.user_id, but=caller.sign_in_id)
        await audit.record(connection, caller, Action.PASSWORD_CHANGE, (Thing.USER, caller.user_id))


async def _keep_an_admin(connection: "PoolConnectionProxy", user_id: int) -> None:
    if not await connection.fetchval(SQL["other_admin"], user_id):
        raise Conflict("this is the last admin", hint="Make somebody else an admin first.")


async def _record_change(
    connection: "PoolConnectionProxy", caller: Caller, before: User, after: User, fields: list[str]
) -> None:
    thing = (Thing.USER, before.id)
    if after.role is not before.role:
        await audit.record(
            connection, caller, Action.USER_ROLE, thing, before=before.role.value, after=after.role.value
        )
    if after.disabled is not before.disabled:
        await audit.record(connection, caller, Action.USER_DISABLE if after.disabled else Action.USER_ENABLE, thing)
    if rest := sorted(set(fields) - {"role", "disabled"}):
        await audit.record(connection, caller, Action.USER_CHANGE, thing, fields=rest)


def _normal(new: NewUser) -> NewUser:
    if new.email is None and new.username is None:
        raise InvalidValue("a user needs an e-mail address or a user name", field="email")
    return NewUser(
        name=names.name(new.name),
        role=new.role,
        email=names.email(new.email) if new.email is not None else None,
        username=names.username(new.username) if new.username is not None else None,
    )


def _checked(field: str, value: object) -> object:
    match field:
        case "name":
            return names.name(str(value))
        case "email":
            return names.email(str(value))
        case "locale":
            return names.locale(str(value))
        case "time_zone":
            return names.time_zone(str(value)) if value else ""
        case _:
            return value


def _user(row: asyncpg.Record | None) -> User:
    if row is None:
        raise NotFound("there is no such user")
    return User(**{**row, "role": Role(row["role"])})
