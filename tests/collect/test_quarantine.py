"""What was kept out, looked at through the API: released, put under another reason, forgotten after seven days."""

from typing import Any

import httpx
import pytest

from sightline import clock
from sightline.accounts.permissions import Permission
from sightline.signals import quarantine
from tests.collect.conftest import Site
from tests.collect.keys import make_key

BOT = {"user-agent": "curl/8.5.0"}


class Api:
    """The quarantine's routes of one site, asked with a key."""

    def __init__(self, site: Site, token: str) -> None:
        self._site, self._headers = site, {"authorization": f"Bearer {token}"}
        self._path = f"/api/v1/sites/{site.name}/quarantine"

    async def get(self, path: str = "", **query: Any) -> Any:
        await self._site.parts.intake.quarantine.flush()
        answer = await self._site.client.get(self._path + path, params=query, headers=self._headers)
        answer.raise_for_status()
        return answer.json()

    async def post(self, path: str, body: object) -> httpx.Response:
        await self._site.parts.intake.quarantine.flush()
        return await self._site.client.post(f"{self._path}/{path}", json=body, headers=self._headers)


@pytest.fixture
async def api(site: Site) -> Api:
    return Api(site, await make_key(site, Permission.SITE_READ, Permission.SITE_QUARANTINE))


async def test_what_is_released_is_stored_as_if_it_had_come_in(site: Site, api: Api) -> None:
    for path in ("/a", "/b"):
        await site.send(url=path, title="T", headers=BOT)
    await site.send(url="/c", headers={"user-agent": "wget/1"})
    (first, second) = (await api.get("/summary"))["items"]
    assert (first["reason"], first["events"] if "events" in first else first["hits"], first["visitors"]) == (
        "bot",
        2,
        1,
    )
    assert second["detail"] == "wget"
    done = await api.post("release", {"reason": "bot", "detail": first["detail"]})
    assert done.json() == {"events": 2}
    rows = await site.rows()
    assert sorted((row["path"], row["title"], row["type"]) for row in rows) == [("/a", "T", 1), ("/b", "T", 1)]
    assert len({(row["visitor"], row["visit"]) for row in rows}) == 1
    assert rows[0]["visit"] > 0
    assert [item["detail"] for item in (await api.get("/summary"))["items"]] == ["wget"]
    again = await api.post("release", {"reason": "bot", "detail": first["detail"]})
    assert again.json() == {"events": 0}
    assert len(await site.rows()) == 2


async def test_some_are_released_by_their_ids(site: Site, api: Api) -> None:
    for number in range(3):
        await site.send(url=f"/{number}", headers=BOT)
    items = (await api.get())["items"]
    chosen = next(item["id"] for item in items if item["event"]["path"] == "/1")
    assert (await api.post("release", {"ids": [chosen]})).json() == {"events": 1}
    assert [row["path"] for row in await site.rows()] == ["/1"]
    assert len((await api.get())["items"]) == 2


async def test_what_stood_under_the_wrong_reason_is_put_under_another(site: Site, api: Api) -> None:
    await site.send(url="/a", headers=BOT)
    answer = await api.post("reclassify", {"reason": "bot", "to": "spam"})
    assert answer.json() == {"events": 1}
    assert (await api.get(reason="bot"))["items"] == []
    assert [item["reason"] for item in (await api.get(reason="spam"))["items"]] == ["spam"]
    assert await site.rows() == []


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("release", {}), ("release", {"reason": "nonsense"}), ("release", {"ids": ["x"]}), ("release", {"ids": "1"}),
        ("reclassify", {"reason": "bot"}), ("reclassify", {"reason": "bot", "to": "gpc"}),
        ("reclassify", {"reason": "bot", "to": "nonsense"}), ("release", {"ids": ["9" * 30]}),
    ],
)  # fmt: skip
async def test_a_choice_that_says_nothing_is_refused(site: Site, api: Api, route: str, body: object) -> None:
    await site.send(url="/a", headers=BOT)
    answer = await api.post(route, body)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["error"]["message"]
    assert len((await api.get())["items"]) == 1


async def test_it_needs_its_permission_on_this_site(site: Site) -> None:
    reader = Api(site, await make_key(site, Permission.SITE_READ))
    stranger = Api(site, await make_key(site, Permission.SITE_QUARANTINE, own_team=False))
    assert (await reader.post("release", {"reason": "bot"})).status_code == 403
    assert (await stranger.post("release", {"reason": "bot"})).status_code in {403, 404}


async def test_after_seven_days_it_is_forgotten(site: Site, api: Api) -> None:
    await site.send(url="/a", headers=BOT)
    assert len((await api.get())["items"]) == 1
    database, now = site.house.database, clock.now_ms()
    assert await quarantine.forget_old(database, now + 7 * 86_400_000 - 60_000) == 0
    assert await quarantine.forget_old(database, now + 7 * 86_400_000 + 60_000) == 1
    assert (await api.get())["items"] == []
