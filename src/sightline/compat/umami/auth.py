"""Signing in and out, and who one is."""

from typing import Any, Final

from msgspec import Struct

from sightline.accounts import api_keys, sign_ins, teams, throttle, users
from sightline.accounts.api_keys import NewKey
from sightline.accounts.callers import CallerKind
from sightline.accounts.permissions import FOR_KEYS, Permission
from sightline.compat.umami import ids
from sightline.compat.umami.calls import Body, Call, Ok
from sightline.compat.umami.roles import ROLE_NAMES
from sightline.compat.umami.routes import route
from sightline.errors import InvalidValue, NotAllowed

_LONGEST: Final = 1000


class Login(Body):
    """Who wants to sign in; the user name may be an e-mail address."""

    username: str
    password: str


class PasswordChange(Body):
    """The old password and the new one."""

    current_password: str
    new_password: str


class KeyName(Struct):
    """What a key is called."""

    name: str


async def login(call: Call) -> dict[str, Any]:
    body = call.body(Login)
    if max(len(body.username), len(body.password)) > _LONGEST:
        raise InvalidValue("username and password are shorter", field="username")
    attempt = sign_ins.Attempt(
        login=body.username, password=body.password, origin=throttle.origin_key(call.origin),
        user_agent=call.headers.get("user-agent", ""), request_id=call.caller.request_id,
    )  # fmt: skip
    hours = call.house.settings.accounts.session_hours
    started = await sign_ins.sign_in(call.database, attempt, hours=hours)
    call.caller = await sign_ins.authenticate(call.database, started.token, hours=hours)
    return {"token": started.token, "user": await described(call)}


async def logout(call: Call) -> Ok:
    """End this sign-in, on the server, at once."""
    if call.caller.kind is not CallerKind.USER:
        raise NotAllowed("an API key is not signed out", hint="Revoke it instead.")
    await sign_ins.sign_out(call.database, call.caller)
    return Ok()


async def described(call: Call) -> dict[str, Any]:
    """The caller, with their teams."""
    user = await users.show(call.database, call.user_id)
    own = [team for team in await teams.of_member(call.database, call.caller) if not team.personal]
    named = [{"id": str(team.uuid), "name": team.name, "logoUrl": None} for team in own]
    return {**brief(user), "createdAt": user.created_at, "teams": named}


def brief(user: users.User) -> dict[str, Any]:
    role = ROLE_NAMES[user.role]
    return {"id": str(user.uuid), "username": user.login, "role": role, "isAdmin": role == "admin"}


async def sso(call: Call) -> dict[str, Any]:
    """Hand the token over: it is the one of this sign-in, since the server keeps no second kind."""
    if call.caller.kind is not CallerKind.USER:
        raise NotAllowed("only a sign-in is handed over")
    return {"token": call.token, "user": await described(call)}


async def subscription(_call: Call) -> dict[str, bool]:
    """What Umami's cloud would ask money for; here nothing is kept back."""
    return {"hasSubscription": False, "isBusiness": False, "isPro": False, "isNoBilling": True,
            "unlimitedWebsites": True}  # fmt: skip


async def me(call: Call) -> dict[str, Any]:
    caller = call.caller
    if caller.share is not None:
        shown = dict.fromkeys(sorted(caller.share.pages), True)
        return {"authType": "share", "shareToken": {"parameters": shown}}
    kind = "api-key" if caller.key else "session"
    found: dict[str, Any] = {"authType": kind, "user": await described(call), "shareToken": None}
    if caller.key is None:
        found["token"] = call.token
    else:
        found["apiKey"] = {"id": ids.written(caller.key.key_id), "name": ""}
    return found


async def change_password(call: Call) -> dict[str, Any]:
    body, minimum = call.body(PasswordChange), call.house.settings.accounts.password_min_length
    await users.change_password(call.database, call.caller, body.current_password, body.new_password, minimum=minimum)
    user = await users.show(call.database, call.user_id)
    return {**brief(user), "createdAt": user.created_at}


async def list_keys(call: Call) -> list[dict[str, Any]]:
    found = await api_keys.listing(call.database, call.user_id, limit=1000)
    return [
        {"id": ids.written(key.id), "name": key.name, "keyPrefix": key.prefix, "createdAt": key.created_at,
         "lastUsedAt": key.last_used_at}
        for key in found
    ]  # fmt: skip


async def create_key(call: Call) -> dict[str, Any]:
    """A key that may do what its user may, for a year; `/api/v1/api-keys` makes narrower ones."""
    wanted = [one for one in FOR_KEYS if call.caller.holds_anywhere(one)]
    new = NewKey(name=call.body(KeyName).name, permissions=wanted)
    made, token = await api_keys.create(call.database, call.caller, new, user_id=call.user_id)
    return {"id": ids.written(made.id), "name": made.name, "key": token, "keyPrefix": made.prefix,
            "createdAt": made.created_at}  # fmt: skip


async def delete_key(call: Call) -> Ok:
    await api_keys.revoke(call.database, call.caller, ids.number(call.parts["key"], "key"))
    return Ok()


async def two_factor_status(_call: Call) -> dict[str, Any]:
    """There is no second factor here, so nobody has one."""
    return {"isEnabled": False, "isConfigured": False, "isRequired": False, "globalRequired": False,
            "requiredReason": None}  # fmt: skip


P = Permission
ROUTES = (
    route("POST", "/auth/login", "whoever signs in is nobody yet; throttled per account and origin", login),
    route("POST", "/auth/logout", P.SELF_CHANGE, logout),
    route("POST", "/auth/verify", P.SELF_READ, described),
    # The client of Umami 3.1 asks so.
    route("GET", "/auth/verify", P.SELF_READ, described),
    route("POST", "/auth/sso", P.SELF_CHANGE, sso),
    route("GET", "/auth/subscription", P.SELF_READ, subscription),
    route("GET", "/me", P.SELF_READ, me, "any"),
    route("POST", "/me/password", P.SELF_CHANGE, change_password),
    route("GET", "/me/api-keys", P.KEY_MANAGE, list_keys),
    route("POST", "/me/api-keys", P.KEY_MANAGE, create_key),
    route("DELETE", "/me/api-keys/{key}", P.KEY_MANAGE, delete_key),
    route("GET", "/2fa/status", P.SELF_READ, two_factor_status),
)
