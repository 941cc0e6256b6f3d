"""The first start: whether a setup is needed, and the setup itself."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from sightline.accounts import setup, sign_ins
from sightline.server.api.me import Me, describe
from sightline.server.api.shapes import PREFIX, Answer, Body, Text
from sightline.server.authentication import house, set_session
from sightline.server.errors import request_id
from sightline.server.permissions import public

router = APIRouter(prefix=PREFIX, tags=["setup"])


class SetupState(Answer):
    """Whether somebody still has to set this instance up."""

    needed: bool


class FirstAdmin(Body):
    """Who sets it up; `team` is left out by a person alone."""

    token: Annotated[Text, Field(description="From the setup link that the first start prints.")]
    email: Text
    name: Text
    password: Text
    team: Text | None = None


@router.get("/setup", dependencies=[public("the sign-in page has to know whether to show the setup")])
async def state(request: Request) -> SetupState:
    """Tell whether the instance still needs its first admin."""
    return SetupState(needed=await setup.is_needed(house(request).database))


@router.post("/setup", status_code=201, dependencies=[public("the one-time token of the link is the permission")])
async def complete(body: FirstAdmin, request: Request, response: Response) -> Me:
    """Make the first admin, and sign them in."""
    parts = house(request)
    accounts, identity = parts.settings.accounts, request_id(request)
    admin = setup.FirstAdmin(email=body.email, name=body.name, password=body.password, team=body.team)
    user_id = await setup.complete(
        parts.database, body.token, admin, password_minimum=accounts.password_min_length, request_id=identity
    )
    async with parts.database.transaction() as connection:
        started = await sign_ins.start(
            connection,
            user_id,
            hours=accounts.session_hours,
            user_agent=request.headers.get("user-agent", ""),
            request_id=identity,
        )
    set_session(request, response, started.token)
    return await describe(request, started.token)
