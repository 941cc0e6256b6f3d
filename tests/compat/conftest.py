"""Umami's API as it is served: real HTTP on loopback, a real PostgreSQL, events sent by `/api/send`."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from sightline.accounts import passwords, setup
from sightline.database.pool import Database
from sightline.operate.house import House
from sightline.server.application import application, ready
from sightline.server.collecting import collecting
from sightline.settings import ServerSettings, WarehouseSettings
from sightline.signals.warehouse import Warehouse
from tests.browser_packages import browser_package
from tests.collect.conftest import CHROME, FIREFOX
from tests.server.application import housed
from tests.server.serving import serving

PASSWORD = "four wet owls sing"
CLIENTS = Path(__file__).parents[1] / "umami-clients"


@pytest.fixture(autouse=True)
def cheap_passwords() -> Iterator[None]:
    with passwords.cheap_for_tests():
        yield


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with housed(database, tmp_path) as found:
        server = ServerSettings(trusted_proxies=("127.0.0.1",))
        changed = msgspec.structs.replace(found.settings, server=server)
        yield msgspec.structs.replace(found, loaded=msgspec.structs.replace(found.loaded, settings=changed))


class Umami:
    """Somebody who calls Umami's API."""

    def __init__(self, url: str, client: httpx.AsyncClient, token: str = "") -> None:
        self.url, self.client, self.token = url, client, token
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    async def raw(self, method: str, path: str, body: object = None, /, **query: Any) -> httpx.Response:
        sent: dict[str, Any] = {} if body is None else {"json": body}
        return await self.client.request(method, f"/api{path}", params=query or None, headers=self.headers, **sent)

    async def get(self, path: str, /, **query: Any) -> Any:
        return _read(await self.raw("GET", path, **query))

    async def post(self, path: str, body: object = None) -> Any:
        return _read(await self.raw("POST", path, body if body is not None else {}))

    async def delete(self, path: str) -> Any:
        return _read(await self.raw("DELETE", path))

    async def refused(
        self, method: str, path: str, body: object = None, /, **query: Any
    ) -> tuple[int, str, str | None]:
        """Status, code and field of an error, in Umami's shape."""
        answer = await self.raw(method, path, body, **query)
        error = answer.json()["error"]
        assert error["status"] == answer.status_code, answer.text
        assert error["message"], answer.text
        return answer.status_code, error["code"], error.get("field")

    async def sign_in(self, username: str, password: str = PASSWORD) -> "Umami":
        found = await self.post("/auth/login", {"username": username, "password": password})
        return Umami(self.url, self.client, found["token"])

    def sharing(self, token: str) -> "Umami":
        found = Umami(self.url, self.client)
        found.headers = {"x-umami-share-token": token}
        return found

    async def website(self, **fields: Any) -> str:
        found: str = (await self.post("/websites", {"name": "Shop", "domain": "shop.example", **fields}))["id"]
        return found

    async def send(self, site: str, *, who: int = 1, kind: str = "event", **payload: Any) -> dict[str, Any]:
        """A hit of one of several visitors, from where a proxy says."""
        agent = CHROME if who % 2 else FIREFOX
        headers = {
            "user-agent": agent,
            "x-forwarded-for": f"203.0.113.{who}",
            "cf-ipcountry": "NL" if who < 3 else "DE",
        }
        body = {"type": kind, "payload": {"website": site, "hostname": "shop.example", "language": "en-GB", **payload}}
        answer = await self.client.post("/api/send", json=body, headers=headers)
        found: dict[str, Any] = _read(answer)
        assert "sessionId" in found, (answer.text, answer.headers)
        return found


def _read(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json()


@pytest.fixture
async def nobody(house: House) -> AsyncIterator[Umami]:
    """The served API, called by nobody yet."""
    async with served(house) as found:
        yield found


@pytest.fixture
async def warehouse(house: House, tmp_path: Path) -> AsyncIterator[Warehouse]:
    opened = Warehouse(tmp_path / "warehouse.duckdb", house.catalogue, WarehouseSettings(poll_ms=20, memory_mb=256))
    await opened.start()
    yield opened
    await opened.close()


@asynccontextmanager
async def served(house: House) -> AsyncIterator[Umami]:
    async with (
        collecting(house) as parts,
        serving(application(house, ready(house, None), parts)) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        yield Umami(url, client)


@pytest.fixture
async def admin(nobody: Umami, database: Database) -> Umami:
    """Ada, who set up the instance and its team Engine."""
    token = await setup.ensure_setup_link(database)
    who = {"token": token, "email": "ada@example.com", "name": "Ada", "password": PASSWORD, "team": "Engine"}
    answer = await nobody.client.post("/api/v1/setup", json=who, headers={"origin": nobody.url})
    assert answer.status_code == 201, answer.text
    nobody.client.cookies.clear()
    return await nobody.sign_in("ada@example.com")


@pytest.fixture
async def site(admin: Umami) -> str:
    return await admin.website()


async def run_node(script: str, **env: str) -> Any:
    """Run a script beside the installed clients; what it prints last is JSON."""
    browser_package("@umami/api-client", CLIENTS)
    node = shutil.which("node")
    assert node, "node is needed: apt-get install nodejs"
    process = await asyncio.create_subprocess_exec(
        node, "--input-type=module", "-", cwd=CLIENTS, env={"PATH": "/usr/bin:/bin", **env},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(script.encode()), 300)
    assert process.returncode == 0, err.decode()[-3000:]
    return json.loads(out.decode().strip().splitlines()[-1])


def numbers(row: Mapping[str, Any], *names: str) -> list[Any]:
    return [row[name] for name in names]
