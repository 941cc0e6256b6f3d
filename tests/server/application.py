"""The application as it is served, over a database of the test, and browsers to call it with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from sightline.blobs.stores import open_stores
from sightline.database.address import Address
from sightline.database.pool import Database
from sightline.keys.ring import KeyRing
from sightline.operate.house import House
from sightline.server.application import application, ready
from sightline.server.asgi import App
from sightline.server.authentication import CSRF_HEADER
from sightline.settings import AccountSettings, Loaded, ServerSettings, Settings
from sightline.signals.rules import RulesStore
from sightline.vault.database import VaultDatabase
from sightline.vault.subjects import Vault
from tests.vaulting import SETTINGS

ORIGIN = "http://sightline.test"


@asynccontextmanager
async def housed(database: Database, data: Path, vault_login: Address | None = None) -> AsyncIterator[House]:
    """The parts of a process, over the database of a test; with a vault where its login is given."""
    settings = Settings(accounts=AccountSettings(session_hours=24), vault=SETTINGS)
    keys = await KeyRing.open(database, settings.keys, settings.aws, data / "keys")
    stores = open_stores(settings.blobs, settings.aws, data)
    house = House(
        Loaded(settings=settings, data=data, origins={}), database, database.address, keys, stores, RulesStore(database)
    )
    if vault_login is None:
        yield house
    else:
        opened = await VaultDatabase.open(vault_login, settings.vault, lambda: keys.root.name)
        yield msgspec.structs.replace(house, vault=Vault(opened, keys, settings.vault))
        await opened.close()
    await keys.close()


def at(house: House, public_url: str) -> House:
    """The same house under another address."""
    server = ServerSettings(public_url=public_url)
    loaded = msgspec.structs.replace(house.loaded, settings=msgspec.structs.replace(house.settings, server=server))
    return msgspec.structs.replace(house, loaded=loaded)


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


def served(house: House) -> App:
    """The whole application, middleware and all."""
    return application(house, ready(house, None))


@asynccontextmanager
async def browsing(app: App, *, address: str = "192.0.2.1", base_url: str = ORIGIN) -> AsyncIterator[Browser]:
    """A browser at an address."""
    transport = httpx.ASGITransport(app, client=(address, 40000))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield Browser(client)
