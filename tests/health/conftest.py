"""A site that sends errors, and what somebody of its team sees of them."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sightline.accounts.callers import operator
from sightline.accounts.permissions import Permission
from sightline.accounts.scopes import Scope, scope_for
from sightline.database.pool import Database
from sightline.health.grouping import Grouping
from sightline.health.issues import Issue, JournalErrors, Wanted, listing
from sightline.operate.house import House
from sightline.server.grouping import grouping_of
from tests.collect.conftest import Site, watch  # noqa: F401 - a fixture
from tests.collect.keys import make_key
from tests.server.application import housed

STACK = """TypeError: no cart
    at addToCart (https://shop.example/assets/index-B3kD9x1f.js:12:3456)
    at onClick (https://shop.example/assets/index-B3kD9x1f.js:20:99)"""


class Shop:
    """The site of a test."""

    def __init__(self, site: Site, scope: Scope) -> None:
        self.site, self.scope, self.id = site, scope, site.id
        self.house = site.house
        self.database = site.house.database
        self._batches = 0

    @property
    def grouping(self) -> Grouping:
        return grouping_of(self.house)

    @property
    def errors(self) -> JournalErrors:
        return JournalErrors(self.database)

    async def send(self, *items: dict[str, Any], visitor: int = 1, **more: Any) -> httpx.Response:
        """Send items of our own protocol in one batch."""
        self._batches += 1
        now = time.time() * 1000
        key = await self.database.fetchval("SELECT public_key FROM sites WHERE id = $1", self.id)
        body = {
            "v": 1, "site": key, "doc": f"document{visitor:04}", "seq": self._batches, "at": now,
            "host": "shop.example", "screen": "390x844",
            "items": [{"t": now, "url": "https://shop.example/cart", "page": "pageview1", **item} for item in items],
            **more,
        }  # fmt: skip
        agent = f"Mozilla/5.0 (X11; Linux x86_64; rv:{100 + visitor}.0) Gecko/20100101 Firefox/{100 + visitor}.0"
        answer = await self.site.client.post(
            f"/{self.site.parts.sdk.path}/e", content=json.dumps(body), headers={"user-agent": agent}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["accepted"] == len(items) or "seq" in more, answer.text
        return answer

    async def fail(self, message: str = "no cart", *, stack: str = STACK, name: str = "TypeError", **more: Any) -> None:
        """Send an error, and count it."""
        item = {"k": "error", "src": "error", "name": name, "msg": message, "stack": stack}
        for field in ("n", "ctx", "src"):
            if field in more:
                item[field] = more.pop(field)
        await self.send(item, **more)
        await self.grouping.catch_up()

    async def issues(self, **wanted: Any) -> list[Issue]:
        return await listing(self.database, self.scope, Wanted(**wanted), self.errors)

    async def only(self) -> Issue:
        (found,) = await self.issues()
        return found

    async def key(self, *permissions: Permission, role: str = "owner") -> dict[str, str]:
        """The header of somebody in the team."""
        token = await make_key(self.site, *(permissions or (Permission.SITE_ERRORS, Permission.SITE_CHANGE)), role=role)
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with housed(database, tmp_path) as found:
        yield found


@pytest.fixture
async def shop(watch: Any) -> AsyncIterator[Shop]:  # noqa: F811 - the fixture
    async with watch() as site:
        yield Shop(site, await scope_for(site.house.database, operator(), Permission.SITE_ERRORS, site=str(site.id)))
