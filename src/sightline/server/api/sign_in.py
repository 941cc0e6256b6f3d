"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from sightline.accounts import sign_ins
from sightline.accounts.permissions import Permission
from sightline.server.api.me import Me, describe
from sightline.server.api.shapes import PREFIX, Body, Text
from sightline.server.authentication import drop_session, house, origin_key, session_token, set_session
from sightline.server.errors import request_id
from sightline.server.permissions import Access, public, requires

router = APIRouter(prefix=PREFIX, tags=["sign-in"])


class SignIn(Body):
    """Who wants to sign in."""

    login: Annotated[Text, Field(description="An e-mail address or a user name.")]
    password: Text


@router.post("/sign-in", dependencies=[public("whoever signs in is nobody yet; throttled per account and origin")])
async def sign_in(body: SignIn, request: Request, response: Response) -> Me:
    """Sign in. The answer sets a cookie; `csrf_token` is repeated in the header x-sightline-csrf by what changes."""
    parts = house(request)
    attempt = sign_ins.Attempt(
        login=body.login,
        password=body.password,
        origin=origin_key(request),
        user_agent=request.headers.get("user-agent", ""),
        request_id=request_id(request),
        former_token=session_token(request),
    )
    started = await sign_ins.sign_in(parts.database, attempt, hours=parts.settings.accounts.session_hours)
    set_session(request, response, started.token)
    return await describe(request, started.token)


@router.post("/sign-out", status_code=204)
async def sign_out(access: Annotated[Access, requires(Permission.SELF_CHANGE)], request: Request) -> Response:
    """End this sign-in, on the server, at once."""
    await sign_ins.sign_out(access.database, access.caller)
    response = Response(status_code=204)
    drop_session(request, response)
    return response
