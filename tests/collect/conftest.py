"""Collecting as it is served: real HTTP on loopback over a real PostgreSQL."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from sightline import clock
from sightline.accounts import sites
from sightline.database.pool import Database
from sightline.operate.house import House
from sightline.server.application import application, ready
from sightline.server.collecting import Collecting, collecting
from sightline.settings import CollectSettings, ServerSettings
from tests.server.application import housed
from tests.server.serving import serving

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


class Site:
    """A site of the test, and how to send to it."""

    def __init__(self, client: httpx.AsyncClient, house: House, parts: Collecting, name: str, site_id: int) -> None:
        self.client, self.house, self.parts, self.name, self.id = client, house, parts, name, site_id

    async def send(
        self, kind: str = "event", *, headers: dict[str, str] | None = None, **payload: Any
    ) -> httpx.Response:
        body = {"type": kind, "payload": {"website": self.name, **payload}}
        return await self.client.post("/api/send", json=body, headers=headers)

    async def rows(self) -> list[dict[str, Any]]:
        rows = await self.house.database.fetch("SELECT * FROM signal_event ORDER BY batch, place")
        return [dict(row) for row in rows]


def one(field: str, value: object) -> dict[str, Any]:
    """A payload's field by a name that a test has been given."""
    return {field: value}


Watch = Callable[..., AbstractAsyncContextManager[Site]]


async def make_site(database: Database, *, domains: tuple[str, ...] = (), team: str = "Team") -> tuple[int, str, int]:
    """Insert a team with a site; returns the site's id and UUID, and the team's id."""
    name, now = uuid.uuid4(), clock.now()
    tenant = await database.fetchval(
        "INSERT INTO tenants (uuid, name, slug, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
        uuid.uuid4(), team, f"team-{name.hex[:12]}", now,
    )  # fmt: skip
    site = await database.fetchval(
        sites.SQL["insert"], name, tenant, "Shop", list(domains), "UTC", f"pk_{name.hex}",
        *sites.DEFAULT_DAYS.values(), None, now,
    )  # fmt: skip
    return int(str(site)), str(name), int(str(tenant))


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with housed(database, tmp_path) as found:
        yield found


@pytest.fixture
def watch(house: House) -> Watch:
    """Serve collecting under some settings, with one site."""

    @asynccontextmanager
    async def serve(
        *,
        domains: tuple[str, ...] = (),
        collect: CollectSettings | None = None,
        proxies: tuple[str, ...] = (),
        house: House = house,
    ) -> AsyncIterator[Site]:
        # Longer than the default: the tests beside this one want the machine, too.
        server = ServerSettings(trusted_proxies=proxies, request_timeout_s=120)
        changed = msgspec.structs.replace(house.settings, collect=collect or CollectSettings(), server=server)
        here = msgspec.structs.replace(house, loaded=msgspec.structs.replace(house.loaded, settings=changed))
        site, name, _ = await make_site(here.database, domains=domains)
        async with (
            collecting(here) as parts,
            serving(application(here, ready(here, None), parts)) as url,
            httpx.AsyncClient(base_url=url, headers={"user-agent": CHROME}, timeout=120) as client,
        ):
            yield Site(client, here, parts, name, site)

    return serve


@pytest.fixture
async def site(watch: Watch) -> AsyncIterator[Site]:
    async with watch() as found:
        yield found
