"""Links and pixels: counted, and never in the way of who follows them."""

import uuid

import pytest

from sightline import clock
from tests.collect.conftest import Site


async def make_link(site: Site, kind: str, slug: str, url: str = "") -> str:
    name = uuid.uuid4()
    await site.house.database.execute(
        "INSERT INTO links (uuid, site_id, kind, name, slug, url, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        name, site.id, kind, slug, slug, url if kind == "link" else "", clock.now(),
    )  # fmt: skip
    return str(name)


async def test_a_link_leads_on_and_is_counted(site: Site) -> None:
    await make_link(site, "link", "sale", "https://shop.example/sale?x=1")
    answer = await site.client.get("/q/sale", headers={"referer": "https://www.google.com/"})
    assert (answer.status_code, answer.headers["location"]) == (307, "https://shop.example/sale?x=1")
    assert answer.headers["cache-control"] == "no-store"
    (row,) = await site.rows()
    assert (row["type"], row["path"], row["referrer_domain"]) == (3, "/q/sale", "google.com")


async def test_a_pixel_is_a_picture_and_is_counted(site: Site) -> None:
    await make_link(site, "pixel", "mail")
    answer = await site.client.get("/p/mail")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    (row,) = await site.rows()
    assert row["type"] == 4


@pytest.mark.parametrize("kind", ["link", "pixel"])
async def test_a_machine_or_head_is_served_and_not_counted(site: Site, kind: str) -> None:
    await make_link(site, kind, "x", "https://shop.example/")
    path = "/q/x" if kind == "link" else "/p/x"
    good = 307 if kind == "link" else 200
    assert (await site.client.get(path, headers={"user-agent": "curl/8"})).status_code == good
    assert (await site.client.head(path)).status_code == good
    assert await site.rows() == []


async def test_an_unknown_slug_is_not_found_and_a_slug_of_the_other_kind_neither(site: Site) -> None:
    await make_link(site, "link", "only", "https://shop.example/")
    for path in ("/q/none", "/p/only", "/p/", "/q/" + "a" * 5000, "/q/%00", "/q/..%2f..%2fetc"):
        answer = await site.client.get(path)
        assert answer.status_code == 404, path
    assert (await site.client.post("/q/only")).status_code == 405
    assert await site.rows() == []


@pytest.mark.parametrize(("field", "kind", "type_"), [("link", "link", 3), ("pixel", "pixel", 4)])
async def test_they_can_be_sent_by_their_uuid_as_umami_does(site: Site, field: str, kind: str, type_: int) -> None:
    name = await make_link(site, kind, "x", "https://shop.example/")
    answer = await site.client.post("/api/send", json={"type": "event", "payload": {field: name, "url": "/q/x"}})
    assert answer.status_code == 200, answer.text
    (row,) = await site.rows()
    assert (row["type"], row["site"]) == (type_, site.id)
