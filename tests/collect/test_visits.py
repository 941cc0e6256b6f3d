"""Visits, tokens and who is who: over HTTP, with the clock held."""

import base64
from collections.abc import Iterator

import pytest

from sightline import clock
from sightline.clock import HeldClock
from sightline.collect import tokens
from sightline.privacy.pseudonyms import LocalMacKey
from tests.collect.conftest import CHROME, FIREFOX, Site, Watch

NOON_MS = 1_790_000_000_000 // 86_400_000 * 86_400_000 + 12 * 3600 * 1000


@pytest.fixture
def held() -> Iterator[HeldClock]:
    with clock.held(NOON_MS) as found:
        yield found


@pytest.fixture
async def quiet(held: HeldClock, site: Site) -> Site:
    """A site whose salt, keys and rules were asked for at noon."""
    return site


async def _visits(site: Site) -> list[int]:
    return [row["visit"] for row in await site.rows()]


async def test_a_visit_ends_after_thirty_minutes_without_a_hit_not_at_the_full_hour(
    quiet: Site, held: HeldClock
) -> None:
    held.advance(seconds=59 * 60)
    await quiet.send(url="/a")
    held.advance(seconds=60)  # across the hour
    await quiet.send(url="/b")
    held.advance(seconds=29 * 60)
    await quiet.send(url="/c")
    held.advance(seconds=30 * 60 + 1)
    await quiet.send(url="/d")
    a, b, c, d = await _visits(quiet)
    assert a == b == c != d
    assert len({row["visitor"] for row in await quiet.rows()}) == 1


async def test_a_visit_of_hours_goes_on_while_there_are_hits(quiet: Site, held: HeldClock) -> None:
    for _ in range(10):
        await quiet.send(url="/a")
        held.advance(seconds=20 * 60)
    assert len(set(await _visits(quiet))) == 1


async def test_two_servers_on_one_database_see_the_visits_that_one_would(
    quiet: Site, held: HeldClock, watch: Watch
) -> None:
    async with watch() as other:  # a second server over the same database
        servers = [quiet.client, other.client]
        for number, pause_s in enumerate((0, 60, 20 * 60, 29 * 60, 31 * 60, 60, 5, 45 * 60)):
            held.advance(seconds=pause_s)
            body = {"type": "event", "payload": {"website": quiet.name, "url": f"/{number}"}}
            (await servers[number % 2].post("/api/send", json=body)).raise_for_status()
        rows = sorted((row["created_ms"], row["visit"]) for row in await quiet.rows())
        found = [visit for _, visit in rows]
        groups = [found.index(visit) for visit in found]
        assert groups == [0, 0, 0, 0, 4, 4, 4, 7]


async def test_another_browser_or_address_is_another_visitor_and_a_token_overrules_it(watch: Watch) -> None:
    async with watch(proxies=("127.0.0.1",)) as site:
        here = {"x-forwarded-for": "192.0.2.1"}
        first = (await site.send(url="/", headers=here)).json()
        for headers in ({"x-forwarded-for": "192.0.2.2"}, here | {"user-agent": FIREFOX}):
            assert (await site.send(url="/", headers=headers)).json()["sessionId"] != first["sessionId"]
            going_on = await site.send(url="/", headers=headers | {"x-umami-cache": first["cache"]})
            assert going_on.json()["sessionId"] == first["sessionId"]
            assert going_on.json()["visitId"] == first["visitId"]


async def test_a_token_is_bound_to_its_site_and_expires(quiet: Site, held: HeldClock, watch: Watch) -> None:
    token = (await quiet.send(url="/")).json()["cache"]
    changed = {"x-umami-cache": token, "user-agent": FIREFOX}

    async def same(headers: dict[str, str]) -> bool:
        ours = (await quiet.send(url="/", headers=headers)).json()["sessionId"]
        plain = (await quiet.send(url="/", headers={"user-agent": FIREFOX})).json()["sessionId"]
        return bool(ours != plain)

    assert await same(changed)
    async with watch() as other:
        with_token = (await other.send(url="/", headers=changed)).json()["sessionId"]
        without = (await other.send(url="/", headers={"user-agent": FIREFOX})).json()["sessionId"]
        assert with_token == without
    held.advance(seconds=tokens.LIFE_S - 1)
    assert await same(changed)
    held.advance(seconds=1)
    assert not await same(changed)


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30.x", "A" * 50, "\u00e9" * 50, "=" * 49, "A" * 100_000]
)
async def test_a_token_that_is_none_is_passed_over(site: Site, token: str) -> None:
    body = {"type": "event", "payload": {"website": site.name, "url": "/"}}
    headers = {b"x-umami-cache": token[:8000].encode()}
    assert (await site.client.post("/api/send", json=body, headers=headers)).status_code == 200


def test_a_token_that_is_altered_anywhere_is_none() -> None:
    key = LocalMacKey(b"k" * 32)
    text = tokens.seal(key, 7, tokens.Token(1, 2, 3), 1000)
    assert tokens.open_token(key, 7, text, 1000) == tokens.Token(1, 2, 3)
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    for at in range(len(raw)):
        raw[at] ^= 1
        altered = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        assert tokens.open_token(key, 7, altered, 1000) is None
        raw[at] ^= 1
    assert tokens.open_token(LocalMacKey(b"o" * 32), 7, text, 1000) is None
    assert tokens.open_token(key, 8, text, 1000) is None
    assert tokens.open_token(key, 7, text + "A", 1000) is None
    assert tokens.open_token(key, 7, text, 1000 - 61) is None
    assert tokens.open_token(key, 7, text, 1000 + tokens.LIFE_S) is None


async def test_a_new_day_is_a_new_visitor_but_an_open_visit_goes_on(quiet: Site, held: HeldClock) -> None:
    held.advance(seconds=12 * 3600 - 60)
    first = (await quiet.send(url="/late")).json()
    held.advance(seconds=120)  # past midnight, under the next salt
    second = (await quiet.send(url="/early")).json()
    assert (second["sessionId"], second["visitId"]) == (first["sessionId"], first["visitId"])
    held.advance(seconds=12 * 3600)
    third = (await quiet.send(url="/later")).json()
    assert third["sessionId"] != first["sessionId"]


async def test_identify_names_a_person_from_then_on(site: Site) -> None:
    await site.send(url="/a")
    await site.send("identify", url="/a", id="ada@example.com", data={"plan": "pro"})
    await site.send(url="/b")
    rows = await site.rows()
    assert rows[0]["person"] is None
    assert rows[1]["person"] == rows[2]["person"] is not None
    assert "ada" not in str([{key: str(value) for key, value in row.items()} for row in rows])
    assert len({row["visit"] for row in rows}) == 1


async def test_agents_are_read_to_their_family_and_no_further(site: Site) -> None:
    engine = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
    ipad = f"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) {engine} Version/17.5 Safari/604.1"
    pixel = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {engine} Chrome/126 Mobile Safari/537.36"
    for agent in (CHROME, FIREFOX, ipad, pixel, CHROME + " Edg/126.0"):
        await site.send(url="/", headers={"user-agent": agent})
    assert [(row["browser"], row["os"], row["device"]) for row in await site.rows()] == [
        ("chrome", "windows", "desktop"), ("firefox", "linux", "desktop"), ("safari", "ios", "tablet"),
        ("chrome", "android", "mobile"), ("edge", "windows", "desktop"),
    ]  # fmt: skip
