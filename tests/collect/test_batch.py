"""`POST /api/batch`: every good item is stored with the others, and what was wrong with one says nothing of them."""

from typing import Any

import httpx
import pytest

from sightline.settings import CollectSettings
from tests.collect.conftest import Site, Watch, one


def item(site: Site, **payload: Any) -> dict[str, Any]:
    return {"type": "event", "payload": {"website": site.name, **payload}}


async def batch(site: Site, body: object, **headers: str) -> httpx.Response:
    return await site.client.post("/api/batch", json=body, headers=headers)


async def test_good_items_are_one_visit_in_one_commit_and_bad_ones_are_told_by_their_index(site: Site) -> None:
    body = [
        item(site, url="/a"), {"type": "event", "payload": {"website": "none"}}, item(site, url="/b"),
        item(site, url=7), 3, None, item(site, url="/c", name="n"),
    ]  # fmt: skip
    answer = (await batch(site, body)).json()
    assert (answer["size"], answer["processed"], answer["errors"]) == (7, 3, 4)
    assert [detail["index"] for detail in answer["details"]] == [1, 3, 4, 5]
    assert all(detail["response"]["error"]["status"] == 400 for detail in answer["details"])
    rows = await site.rows()
    assert [row["path"] for row in rows] == ["/a", "/b", "/c"]
    assert len({(row["visitor"], row["visit"], row["batch"]) for row in rows}) == 1
    going_on = await site.send(url="/d", headers={"x-umami-cache": answer["cache"]})
    assert going_on.json()["visitId"]
    assert len({row["visit"] for row in await site.rows()}) == 1


async def test_items_of_several_sites_are_each_their_own_sites(site: Site, watch: Watch) -> None:
    async with watch() as other:
        await batch(site, [item(site, url="/a"), item(other, url="/b"), item(site, url="/c")])
        rows = await site.rows()
        assert [row["site"] for row in rows] == [site.id, other.id, site.id]
        assert rows[0]["visitor"] == rows[2]["visitor"] != rows[1]["visitor"]


async def test_what_is_dropped_is_no_error_but_what_umami_refuses_is(watch: Watch) -> None:
    async with watch(domains=("shop.example",)) as site:
        found = (await batch(site, [item(site, hostname="evil.test"), item(site, hostname="shop.example")])).json()
        assert (found["processed"], found["errors"]) == (2, 0)
        assert len(await site.rows()) == 1
    async with watch(collect=CollectSettings(own_addresses=("127.0.0.1",))) as site:
        found = (await batch(site, [item(site, url="/a")])).json()
        assert (found["errors"], found["details"][0]["response"]["error"]["status"]) == (1, 403)


async def test_programs_that_name_many_visitors_send_them_in_one_batch(site: Site) -> None:
    named = [item(site, url="/a", id=name) for name in ("ada", "bob", "ada")]
    await batch(site, named, **one("user-agent", "MyApp/1.0"))
    rows = await site.rows()
    assert rows[0]["visitor"] == rows[2]["visitor"] != rows[1]["visitor"]
    assert rows[0]["person"] == rows[2]["person"] != rows[1]["person"]


@pytest.mark.parametrize("body", [{}, "x", 3, None, {"a": {}}])
async def test_what_is_no_array_is_refused(site: Site, body: object) -> None:
    answer = await batch(site, body)
    assert answer.status_code == 400
    assert answer.headers["x-sightline-dropped"] == "malformed"


async def test_an_empty_batch_is_fine(site: Site) -> None:
    assert (await batch(site, [])).json() == {"size": 0, "processed": 0, "errors": 0, "details": [], "cache": None}


async def test_more_items_than_allowed_are_refused_all(watch: Watch) -> None:
    async with watch(collect=CollectSettings(batch_items=3)) as site:
        assert (await batch(site, [item(site)] * 3)).status_code == 200
        assert (await batch(site, [item(site)] * 4)).status_code == 400
        assert len(await site.rows()) == 3


async def test_a_hundred_thousand_items_are_refused_at_once(site: Site) -> None:
    answer = await site.client.post("/api/batch", content=b"[" + b",".join([b"0"] * 100_000) + b"]")
    assert answer.status_code == 400
    assert "100000" in answer.json()["error"]["message"]
    whole = await batch(site, [item(site, url="/x")] * 100_000)
    assert whole.status_code == 413
    assert await site.rows() == []


async def test_one_visitors_batch_is_held_to_their_rate(watch: Watch) -> None:
    async with watch(collect=CollectSettings(visitor_per_minute=60)) as site:
        found = (await batch(site, [item(site, url=f"/{number}") for number in range(25)])).json()
        assert found["errors"] >= 5
        assert found["details"][0]["response"]["error"]["status"] == 429
        assert len(await site.rows()) == found["processed"]
