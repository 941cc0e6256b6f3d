"""The API as it is served, over a database of the test: its routers, its errors, its request ids."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI

from sightline.database.pool import Database
from sightline.server import errors
from sightline.server.api import routers
from sightline.server.authentication import CSRF_HEADER
from sightline.server.middleware.access import Access
from sightline.settings import AccountSettings, ServerSettings, Settings

ORIGIN = "http://sightline.test"


class Parts(msgspec.Struct):
    """What routes need of the house."""

    settings: Settings
    database: Database


def settings(*, public_url: str = "", session_hours: int = 24) -> Settings:
    return Settings(server=ServerSettings(public_url=public_url), accounts=AccountSettings(session_hours=session_hours))


def api(database: Database, chosen: Settings | None = None) -> FastAPI:
    app = FastAPI()
    app.router.routes.clear()  # the pages of the documentation are the application's business
    app.state.house = Parts(chosen or settings(), database)
    errors.install(app)
    for router in routers():
        app.include_router(router)
    return app


class Browser:
    """A browser on one of our pages: keeps cookies, says its origin, repeats the CSRF token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.headers = {"origin": ORIGIN}

    async def __call__(self, method: str, path: str, body: object = None, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def sign_in(self, login: str, password: str) -> httpx.Response:
        answer = await self("POST", "/sign-in", {"login": login, "password": password})
        if answer.status_code == 200:
            self.remember(answer)
        return answer

    def remember(self, answer: httpx.Response) -> None:
        """Keep the CSRF token that an answer of the shape of /me holds."""
        self.headers[CSRF_HEADER] = answer.json()["csrf_token"]


@asynccontextmanager
async def browsing(app: FastAPI, *, address: str = "192.0.2.1", base_url: str = ORIGIN) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(Access(app), client=(address, 40000))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield Browser(client)
