"""`POST /api/send`, from bytes on the wire to rows in PostgreSQL."""

from tests.collect.conftest import Site


async def test_a_page_view_is_answered_when_its_row_is_committed(site: Site) -> None:
    answer = await site.send(
        hostname="shop.example", url="/guide?utm_source=news&sort=price&gclid=abc", title="Guide",
        referrer="https://www.google.com/search", screen="1920x1080", language="en-GB",
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"cache", "sessionId", "visitId"}
    (row,) = await site.rows()
    assert row["path"] == "/guide"
    assert row["query"] == "sort=price"
    assert row["utm_source"] == "news"
    assert (row["hostname"], row["title"], row["screen"], row["language"]) == (
        "shop.example", "Guide", "1920x1080", "en-GB",
    )  # fmt: skip
    assert (row["referrer_domain"], row["referrer_path"]) == ("google.com", "/search")
    assert (row["browser"], row["os"], row["device"]) == ("chrome", "windows", "desktop")
    assert row["click"] == "gclid"
    assert row["channel"] == "paid-search"
    assert row["visitor"] > 0
    assert row["visit"] > 0


async def test_the_token_of_an_answer_goes_on_with_the_visit(site: Site) -> None:
    first = (await site.send(url="/a")).json()
    second = (await site.send(url="/b", headers={"x-umami-cache": first["cache"], "user-agent": "Other/1.0"})).json()
    assert second["sessionId"] == first["sessionId"]
    assert second["visitId"] == first["visitId"]
    rows = await site.rows()
    assert len({row["visit"] for row in rows}) == 1
