"""Users, for admins; and oneself."""

from typing import Any

from sightline.accounts import boards, sites, teams, users
from sightline.accounts.permissions import Permission
from sightline.accounts.users import NewUser, User, UserChange
from sightline.compat.umami import ids, team_rows, websites
from sightline.compat.umami.calls import Body, Call, Ok
from sightline.compat.umami.paging import MOST, paged
from sightline.compat.umami.roles import ROLE_NAMES, ROLES, RoleName
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue, NotAllowed


class NewAccount(Body):
    """A new user; a name with an @ is an e-mail address."""

    username: str
    password: str
    role: RoleName = "user"


class AccountChange(Body):
    """What shall change."""

    username: str | None = None
    password: str | None = None
    role: RoleName | None = None


def row(user: User) -> dict[str, Any]:
    return {"id": str(user.uuid), "username": user.login, "role": ROLE_NAMES[user.role], "createdAt": user.created_at,
            "twoFactorRequired": False}  # fmt: skip


async def _one(call: Call) -> User:
    """The user of the address: oneself, or for an admin anybody."""
    wanted = ids.read_uuid(call.parts["user"], "userId")
    if call.caller.holds(Permission.USER_MANAGE):
        return await users.with_uuid(call.database, wanted)
    mine = await users.show(call.database, call.user_id)
    if mine.uuid != wanted:
        raise NotAllowed(hint="This needs the permission user:manage.")
    return mine


async def listing(call: Call) -> dict[str, Any]:
    found = await users.listing(call.database, limit=MOST)
    counts = await users.site_counts(call.database)

    def shape(user: User) -> dict[str, Any]:
        return {**row(user), "_count": {"websites": counts.get(user.id, 0)}}

    return paged(call, found, shape, search=("username",))


async def create(call: Call) -> dict[str, Any]:
    body, minimum = call.body(NewAccount), call.house.settings.accounts.password_min_length
    name = {"email": body.username} if "@" in body.username else {"username": body.username}
    new = NewUser(name=body.username.partition("@")[0] or body.username, role=ROLES[body.role], **name)
    return row(await users.create(call.database, call.caller, new, body.password, minimum=minimum))


async def show(call: Call) -> dict[str, Any]:
    user = await _one(call)
    own = await boards.listing(call.database, user.id, [])
    return {**row(user), "boards": len(own)}


async def change(call: Call) -> dict[str, Any]:
    user, body = await _one(call), call.body(AccountChange)
    wanted: dict[str, Any] = {}
    if body.username is not None and body.username.strip().lower() != user.login:
        if "@" not in body.username:
            raise InvalidValue("a user name stays; an e-mail address can be changed", field="username")
        wanted["email"] = body.username
    if body.role is not None and ROLES[body.role] is not user.role:
        wanted["role"] = ROLES[body.role]
    if wanted:
        user = await users.change(call.database, call.caller, user.id, UserChange(**wanted))
    if body.password is not None:
        minimum = call.house.settings.accounts.password_min_length
        await users.set_password(call.database, call.caller, user.id, body.password, minimum=minimum)
    return row(user)


async def remove(call: Call) -> Ok:
    user = await _one(call)
    if user.id == call.caller.user_id:
        raise InvalidValue("nobody removes themselves", field="userId")
    await users.remove(call.database, call.caller, user.id)
    return Ok()


async def teams_of(call: Call) -> dict[str, Any]:
    user = await _one(call)
    found = await teams.of_user(call.database, user.id)
    return paged(call, [team for team in found if not team.personal], team_rows.row)


async def websites_of(call: Call) -> dict[str, Any]:
    """The sites that the user made, or sees through a team; as far as the caller sees them, too."""
    user = await _one(call)
    scope = await call.scope_of(Permission.SITE_READ)
    tenants = {team.id for team in await teams.of_user(call.database, user.id)}
    found = await sites.listing(call.database, scope, limit=MOST)
    return await websites.listed(call, [site for site in found if site.tenant_id in tenants])


P = Permission
ROUTES = (
    route("GET", "/admin/users", P.USER_MANAGE, listing),
    # Umami 2 and the first releases of 3 have it here, too.
    route("GET", "/users", P.USER_MANAGE, listing),
    route("POST", "/users", P.USER_MANAGE, create),
    route("GET", "/users/{user}", P.SELF_READ, show),
    route("POST", "/users/{user}", P.USER_MANAGE, change),
    route("DELETE", "/users/{user}", P.USER_MANAGE, remove),
    route("GET", "/users/{user}/teams", P.SELF_READ, teams_of),
    route("GET", "/users/{user}/websites", P.SELF_READ, websites_of),
)
