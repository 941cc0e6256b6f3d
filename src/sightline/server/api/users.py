"""The users of the instance, for its admins."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from sightline.accounts import users
from sightline.accounts.permissions import Permission, Role
from sightline.server.api.shapes import PREFIX, Answer, Body, Page, Paging, RoleName, Text, number
from sightline.server.permissions import Access, requires

router = APIRouter(prefix=PREFIX, tags=["users"])


class User(Answer):
    """An account."""

    id: str
    uuid: uuid.UUID
    email: str | None
    username: str | None
    name: str
    role: Role
    locale: str
    time_zone: str
    created_at: datetime
    disabled: bool


class NewUser(Body):
    """Who shall be created, with a password to change; one of e-mail address and user name has to be given."""

    name: Text
    email: Text | None = None
    username: Text | None = None
    role: RoleName = Role.MEMBER
    password: Text


class UserChange(Body):
    """What shall change."""

    name: Text | None = None
    email: Text | None = None
    role: RoleName | None = None
    disabled: bool | None = None


class Password(Body):
    """A new password."""

    password: Text


@router.get("/users")
async def listing(
    access: Annotated[Access, requires(Permission.USER_MANAGE)], paging: Annotated[Paging, Depends()]
) -> Page[User]:
    """List all users."""
    found = await users.listing(access.database, after=paging.from_id, limit=paging.fetch)
    return paging.page(found, User.of, lambda user: user.id)


@router.post("/users", status_code=201)
async def create(body: NewUser, access: Annotated[Access, requires(Permission.USER_MANAGE)]) -> User:
    """Create a user."""
    new = users.NewUser(name=body.name, email=body.email, username=body.username, role=body.role)
    minimum = access.settings.accounts.password_min_length
    return User.of(await users.create(access.database, access.caller, new, body.password, minimum=minimum))


@router.get("/users/{user}")
async def show(user: str, access: Annotated[Access, requires(Permission.USER_MANAGE)]) -> User:
    """One user."""
    return User.of(await users.show(access.database, number(user, "user")))


@router.patch("/users/{user}")
async def change(user: str, body: UserChange, access: Annotated[Access, requires(Permission.USER_MANAGE)]) -> User:
    """Change name, address or role; disable (which ends every sign-in) or enable. The last admin stays one."""
    wanted = users.UserChange(**body.model_dump(exclude_none=True))
    return User.of(await users.change(access.database, access.caller, number(user, "user"), wanted))


@router.put("/users/{user}/password", status_code=204)
async def set_password(user: str, body: Password, access: Annotated[Access, requires(Permission.USER_MANAGE)]) -> None:
    """Set somebody's password; ends all their sign-ins."""
    minimum = access.settings.accounts.password_min_length
    await users.set_password(access.database, access.caller, number(user, "user"), body.password, minimum=minimum)


@router.delete("/users/{user}", status_code=204)
async def remove(user: str, access: Annotated[Access, requires(Permission.USER_MANAGE)]) -> None:
    """Remove a user for good."""
    await users.remove(access.database, access.caller, number(user, "user"))
