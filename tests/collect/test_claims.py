"""What a sender says in place of what is seen of it: believed only with an API key."""

import time
from typing import Any

import pytest

from sightline.accounts.permissions import Permission
from tests.collect.conftest import CHROME, FIREFOX, Site, one
from tests.collect.keys import make_key

NOW_S = int(time.time())
CLAIMS: Any = {
    "ip": "192.0.2.9",
    "userAgent": FIREFOX,
    "timestamp": NOW_S - 86_400,
    "browser": "Safari",
    "os": "iOS",
    "device": "tv",
}


async def test_without_a_key_claims_are_ignored_and_the_answer_says_so(site: Site) -> None:
    plain = (await site.send(url="/x")).json()
    answer = await site.send(url="/x", **CLAIMS)
    assert answer.headers["x-sightline-ignored"] == "timestamp, ip, userAgent, browser, os, device"
    assert answer.json()["sessionId"] == plain["sessionId"]
    row = (await site.rows())[-1]
    assert (row["browser"], row["os"], row["device"]) == ("chrome", "windows", "desktop")
    assert abs(row["created_ms"] / 1000 - time.time()) < 60


async def test_a_key_of_the_site_is_believed(site: Site) -> None:
    key = await make_key(site, Permission.SITE_SEND)
    for header in ({"authorization": f"Bearer {key}"}, {"x-umami-api-key": key}):
        answer = await site.send(url="/x", headers=header, **CLAIMS)
        assert answer.status_code == 200, answer.text
        assert "x-sightline-ignored" not in answer.headers
        row = (await site.rows())[-1]
        assert (row["browser"], row["os"], row["device"]) == ("safari", "ios", "tv")
        assert row["created_ms"] == CLAIMS["timestamp"] * 1000
    assert len({row["visitor"] for row in await site.rows()}) == 1


async def test_a_key_of_nobody_or_for_something_else_is_refused(site: Site) -> None:
    weak = await make_key(site, Permission.SITE_READ)
    foreign = await make_key(site, Permission.SITE_SEND, own_team=False)
    for key, status in (("sl_wrong", 401), ("", 200), (weak, 403), (foreign, 403)):
        headers = {"authorization": f"Bearer {key}"} if key else {}
        assert (await site.send(url="/x", headers=headers, **CLAIMS)).status_code == status


@pytest.mark.parametrize(
    ("field", "value"),
    [("timestamp", 0), ("timestamp", -1), ("timestamp", "soon"), ("timestamp", 4_102_444_800),
     ("timestamp", 10**15), ("ip", "x"), ("ip", "1.2.3"), ("ip", "::g"), ("ip", "1.2.3.4, 5.6.7.8")],
)  # fmt: skip
async def test_even_a_key_may_not_say_what_cannot_be(site: Site, field: str, value: object) -> None:
    key = await make_key(site, Permission.SITE_SEND)
    value = NOW_S + 7200 if value == "soon" else value
    answer = await site.send(url="/x", headers={"authorization": f"Bearer {key}"}, **one(field, value))
    assert answer.status_code == 400
    assert answer.json()["error"]["properties"]["payload"]["properties"][field]["errors"]
    assert await site.rows() == []


async def test_a_bot_stays_one_whatever_its_key_and_an_import_of_the_past_makes_its_own_visits(site: Site) -> None:
    key = {"authorization": f"Bearer {await make_key(site, Permission.SITE_SEND)}", "user-agent": CHROME}
    answer = await site.send(url="/x", headers=key, userAgent="curl/8")
    assert answer.headers["x-sightline-dropped"] == "bot"
    for at_s in (NOW_S - 86_400, NOW_S - 86_400 + 60, NOW_S - 2 * 86_400):
        await site.send(url="/x", headers=key, timestamp=at_s)
    await site.send(url="/x", headers=key)
    first, second, other, today = [row["visit"] for row in await site.rows()]
    assert first == second
    assert len({first, other, today}) == 3
