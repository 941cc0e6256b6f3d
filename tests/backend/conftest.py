"""A site whose backend's lines arrive over HTTP, and somebody of its team who looks at them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sightline.accounts.permissions import Permission
from sightline.database.pool import Database
from sightline.operate.house import House
from tests.backend.payloads import firehose
from tests.collect.conftest import Site, watch  # noqa: F401 - a fixture
from tests.collect.keys import make_key
from tests.server.application import housed

REQUEST = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f"


class Backend:
    """The site of a test, with a key that sends and one that reads."""

    def __init__(self, site: Site, sends: str, reads: str) -> None:
        self.site, self.sends, self.reads = site, sends, reads
        self.id, self.database, self.client = site.id, site.house.database, site.client

    async def firehose(
        self, *payloads: bytes, key: str | None = None, body: bytes | None = None, **headers: str
    ) -> httpx.Response:
        """Send as Firehose does."""
        sent = {
            "x-amz-firehose-protocol-version": "1.0", "x-amz-firehose-request-id": REQUEST,
            "x-amz-firehose-access-key": self.sends if key is None else key,
            "x-amz-firehose-source-arn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/logs",
            "content-type": "application/json", "user-agent": "Amazon Kinesis Data Firehose Agent/1.0",
        }  # fmt: skip
        return await self.client.post(
            f"/cloudwatch/{self.site.name}", content=firehose(*payloads) if body is None else body,
            headers={name: value for name, value in {**sent, **headers}.items() if value},
        )  # fmt: skip

    async def forward(self, payload: bytes, *, key: str | None = None) -> httpx.Response:
        """Send as the forwarder does."""
        headers = {"authorization": f"Bearer {self.sends if key is None else key}"}
        return await self.client.post(f"/cloudwatch/{self.site.name}", content=payload, headers=headers)

    async def rows(self, kind: str = "log") -> list[dict[str, Any]]:
        query = f"SELECT * FROM signal_{kind} ORDER BY created_ms, batch, place"
        return [dict(row) for row in await self.database.fetch(query)]

    async def report(self, name: str, *, key: str | None = None, **asked: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.reads if key is None else key}"}
        path = f"/api/v1/sites/{self.id}/reports/{name}"
        return await self.client.get(path, params={"range": "24h", **asked}, headers=headers)

    async def found(self, q: str = "", name: str = "logs", **asked: Any) -> Any:
        answer = await self.report(name, q=q, **asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def messages(self, q: str = "", **asked: Any) -> list[str]:
        return [row["message"] for row in (await self.found(q, **asked))["rows"]]


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with housed(database, tmp_path) as found:
        yield found


@pytest.fixture
async def backend(watch: Any) -> AsyncIterator[Backend]:  # noqa: F811 - the fixture
    async with watch() as site:
        sends = await make_key(site, Permission.SITE_SEND_LOGS, role="member")
        yield Backend(site, sends, await make_key(site, Permission.SITE_LOGS, role="viewer"))
