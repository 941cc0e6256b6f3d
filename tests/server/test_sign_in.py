"""Signing in and out, and what protects a sign-in."""

import asyncio
import json

import argon2
import httpx
import pytest

from sightline import clock, metrics
from sightline.accounts import passwords
from sightline.database.pool import Database
from sightline.operate.house import House
from sightline.server.asgi import App
from tests.server.application import ORIGIN, Browser, at, browsing, served
from tests.server.conftest import ADMIN, PASSWORD

ADA = ADMIN["email"]
START_MS = 1_800_000_000_000


def session(browser: Browser) -> str | None:
    return browser.client.cookies.get("sightline")


async def test_the_cookie_is_kept_from_scripts_and_other_sites(admin: Browser, other: Browser) -> None:
    answer = await other.sign_in(ADA, PASSWORD)
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes
    assert "path=/" in attributes
    assert "secure" not in attributes
    assert "domain" not in attributes


async def test_over_https_the_cookie_is_bound_to_this_host(admin: Browser, house: House) -> None:
    public = "https://sightline.test"
    async with browsing(served(at(house, public)), base_url=public) as browser:
        browser.headers["origin"] = public
        answer = await browser.sign_in(ADA, PASSWORD)
        assert answer.headers["set-cookie"].startswith("__Host-sightline=")
        assert "; secure" in answer.headers["set-cookie"].lower()
        assert (await browser("PATCH", "/me", {"name": "Ada L."})).status_code == 200


async def test_no_cache_keeps_what_somebody_signed_in_was_shown(admin: Browser) -> None:
    for path in ("/me", "/sites", "/teams", "/users", "/audit", "/nowhere", "/sites/1"):
        assert (await admin("GET", path)).headers["cache-control"] == "no-store", path


async def test_an_address_is_the_same_however_it_is_written(admin: Browser, other: Browser) -> None:
    assert (await other.sign_in("  Ada@EXAMPLE.com ", PASSWORD)).status_code == 200


async def test_unknown_wrong_and_disabled_are_answered_alike(admin: Browser, other: Browser) -> None:
    made = await admin(
        "POST", "/users", {"name": "Bob", "email": "bob@example.com", "password": PASSWORD, "role": "viewer"}
    )
    await admin("PATCH", f"/users/{made.json()['id']}", {"disabled": True})
    tries = [("nobody@example.com", PASSWORD), (ADA, "wrong"), ("bob@example.com", PASSWORD), ("not an address@", "x")]
    answers = [await other("POST", "/sign-in", {"login": login, "password": word}) for login, word in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({str(answer.json()["error"]) for answer in answers}) == 1


async def test_an_unknown_name_costs_a_hash_like_a_known_one(
    admin: Browser, other: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []

    class Noting:
        """argon2, which notes what it is asked."""

        def __init__(self, real: argon2.PasswordHasher) -> None:
            self.hash = real.hash
            self._real = real

        def verify(self, stored: str, password: bytes) -> bool:
            verified.append(stored)
            return self._real.verify(stored, password)

    monkeypatch.setattr(passwords._hasher, "_argon2", Noting(passwords._hasher._argon2))
    await other("POST", "/sign-in", {"login": "nobody@example.com", "password": "x" * 20})
    await other("POST", "/sign-in", {"login": ADA, "password": "x" * 20})
    assert len(verified) == 2
    assert {stored.rsplit("$", 2)[0] for stored in verified} == {"$argon2id$v=19$m=8,t=1,p=1"}


async def test_signing_out_ends_the_sign_in_on_the_server(admin: Browser) -> None:
    token = session(admin)
    assert (await admin("POST", "/sign-out")).status_code == 204
    assert session(admin) is None
    admin.client.cookies.set("sightline", token or "")
    assert (await admin("GET", "/me")).status_code == 401


async def test_a_token_that_was_planted_is_not_adopted(admin: Browser, app: App) -> None:
    async with browsing(app) as victim, browsing(app) as thief:
        victim.client.cookies.set("sightline", "planted", domain="sightline.test", path="/")
        await victim.sign_in(ADA, PASSWORD)
        assert session(victim) != "planted"
        assert (await victim("GET", "/me")).status_code == 200
        thief.client.cookies.set("sightline", "planted")
        assert (await thief("GET", "/me")).status_code == 401


async def test_signing_in_again_ends_the_sign_in_before(admin: Browser) -> None:
    before = session(admin)
    await admin.sign_in(ADA, PASSWORD)
    assert session(admin) != before
    admin.client.cookies.clear()
    admin.client.cookies.set("sightline", before or "")
    assert (await admin("GET", "/me")).status_code == 401


async def test_a_sign_in_ends_after_the_set_time_without_use_and_moves_with_use(admin: Browser, other: Browser) -> None:
    with clock.held(clock.now_ms()) as now:
        await other.sign_in(ADA, PASSWORD)
        now.advance(seconds=23 * 3600)
        assert (await other("GET", "/me")).status_code == 200
        now.advance(seconds=23 * 3600)
        assert (await other("GET", "/me")).status_code == 200
        now.advance(seconds=24 * 3600)
        assert (await other("GET", "/me")).status_code == 401


async def test_changing_the_password_ends_every_other_sign_in(admin: Browser, other: Browser) -> None:
    await other.sign_in(ADA, PASSWORD)
    changed = await admin("PUT", "/me/password", {"old_password": PASSWORD, "new_password": "seven dry larks hum"})
    assert changed.status_code == 204
    assert (await admin("GET", "/me")).status_code == 200
    assert (await other("GET", "/me")).status_code == 401
    assert (await other.sign_in(ADA, PASSWORD)).status_code == 401
    assert (await other.sign_in(ADA, "seven dry larks hum")).status_code == 200


async def test_guessing_the_old_password_is_slowed_down_and_keeps_nobody_out(admin: Browser, other: Browser) -> None:
    guess = {"old_password": "wrong", "new_password": "seven dry larks hum"}
    statuses = [(await admin("PUT", "/me/password", guess)).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    assert (await other.sign_in(ADA, PASSWORD)).status_code == 200


async def test_sign_ins_are_listed_without_addresses_and_ended_one_by_one(admin: Browser, other: Browser) -> None:
    other.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    await other.sign_in(ADA, PASSWORD)
    listed = (await admin("GET", "/me/sign-ins")).json()["items"]
    assert [(one["agent"], one["current"]) for one in listed] == [("unknown", True), ("Firefox on Linux", False)]
    assert "198.51.100.7" not in str(listed)
    ended = await admin("DELETE", f"/me/sign-ins/{listed[1]['id']}")
    assert ended.status_code == 204
    assert (await other("GET", "/me")).status_code == 401


async def test_no_address_is_kept_anywhere(admin: Browser, other: Browser, database: Database) -> None:
    await other.sign_in(ADA, "wrong")
    await other.sign_in(ADA, PASSWORD)
    tables = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    for table in tables:
        rows = await database.fetch(f'SELECT t::text FROM "{table["tablename"]}" AS t')
        assert "198.51.100.7" not in str(rows), table["tablename"]


# ---- CSRF -------------------------------------------------------------------------------------------------------


FORGED = {
    "without a token": {"x-sightline-csrf": ""},
    "with a wrong token": {"x-sightline-csrf": "0" * 64},
    "from another origin": {"origin": "https://evil.example"},
    "from no origin": {"origin": "null"},
    "from an origin that begins like ours": {"origin": f"{ORIGIN}.evil.example"},
    "which the browser calls cross-site": {"sec-fetch-site": "cross-site"},
    "from a neighbour of the domain": {"sec-fetch-site": "same-site"},
}


async def test_a_forged_change_is_refused(admin: Browser) -> None:
    for how, headers in FORGED.items():
        answer = await admin("PATCH", "/me", {"name": "Eve"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf"), how
    assert (await admin("GET", "/me")).json()["user"]["name"] == "Ada"


async def test_a_change_that_does_not_say_where_it_comes_from_is_refused(admin: Browser) -> None:
    del admin.headers["origin"]
    assert (await admin("PATCH", "/me", {"name": "Eve"})).status_code == 403


async def test_a_browser_that_says_same_origin_is_believed(admin: Browser) -> None:
    del admin.headers["origin"]
    answer = await admin("PATCH", "/me", {"name": "Ada L."}, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 200


async def test_the_token_of_another_sign_in_does_not_serve(admin: Browser, other: Browser) -> None:
    await other.sign_in(ADA, PASSWORD)
    stolen = other.headers["x-sightline-csrf"]
    answer = await admin("PATCH", "/me", {"name": "Eve"}, headers={"x-sightline-csrf": stolen})
    assert answer.status_code == 403


async def test_the_own_origin_is_read_as_browsers_write_it(admin: Browser, house: House) -> None:
    for public in ("https://Sightline.Test:443", "https://sightline.test/"):
        async with browsing(served(at(house, public)), base_url="https://sightline.test") as browser:
            browser.headers["origin"] = "https://sightline.test"
            assert (await browser.sign_in(ADA, PASSWORD)).status_code == 200
            browser.headers["origin"] = "http://sightline.test"
            assert (await browser("PATCH", "/me", {"name": "Eve"})).status_code == 403


async def test_another_site_cannot_sign_a_browser_in(admin: Browser, other: Browser) -> None:
    other.headers["origin"] = "https://evil.example"
    answer = await other("POST", "/sign-in", {"login": ADA, "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")


async def test_a_form_of_another_site_is_no_json(admin: Browser) -> None:
    answer = await admin("PATCH", "/me", content=b'{"name": "Eve"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 422


# ---- throttling -------------------------------------------------------------------------------------------------


async def wrong(browser: Browser, login: str = "ada@example.com") -> httpx.Response:
    return await browser("POST", "/sign-in", {"login": login, "password": "wrong"})


async def test_the_wait_doubles_and_says_how_long_it_is(admin: Browser, other: Browser) -> None:
    with clock.held(START_MS) as now:
        assert [(await wrong(other)).status_code for _ in range(5)] == [401] * 5
        waits = []
        for _ in range(4):
            refused = await wrong(other)
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_requests")
            waits.append(int(refused.headers["retry-after"]))
            now.advance(seconds=waits[-1])
            assert (await wrong(other)).status_code == 401
    assert waits == [1, 2, 4, 8]


async def test_the_wait_holds_also_for_the_right_password_and_never_exceeds_five_minutes(
    admin: Browser, other: Browser
) -> None:
    with clock.held(START_MS) as now:
        for _ in range(16):
            answer = await wrong(other)
            now.advance(seconds=int(answer.headers.get("retry-after", "0")))
        for _ in range(3):
            await wrong(other)
        answer = await other.sign_in(ADA, PASSWORD)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) <= 300
        now.advance(seconds=300)
        assert (await other.sign_in(ADA, PASSWORD)).status_code == 200
        assert [(await wrong(admin)).status_code for _ in range(4)] == [401] * 4  # the account has begun anew


async def test_guesses_at_the_same_moment_count_one_by_one(admin: Browser, other: Browser) -> None:
    with clock.held(START_MS):
        answers = await asyncio.gather(*(wrong(other) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_a_name_that_nobody_has_is_slowed_down_like_one_that_somebody_has(admin: Browser, other: Browser) -> None:
    with clock.held(START_MS):
        statuses = [(await wrong(other, "nobody@example.com")).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_an_origin_that_tries_many_names_is_slowed_down(app: App, admin: Browser, other: Browser) -> None:
    with clock.held(START_MS):
        statuses = [(await wrong(other, f"u{number}@example.com")).status_code for number in range(21)]
        assert statuses == [401] * 20 + [429]
        async with browsing(app, address="203.0.113.9") as elsewhere:
            assert (await elsewhere.sign_in(ADA, PASSWORD)).status_code == 200


async def test_a_right_password_does_not_wash_an_origin_clean(admin: Browser, other: Browser) -> None:
    with clock.held(START_MS):
        statuses = []
        for number in range(21):
            statuses.append((await wrong(other, f"u{number}@example.com")).status_code)
            if number % 5 == 0 and statuses[-1] == 401:
                statuses.append((await other.sign_in(ADA, PASSWORD)).status_code)
    assert 429 in statuses


async def test_ipv6_neighbours_are_one_origin(app: App, admin: Browser) -> None:
    with clock.held(START_MS):
        statuses = []
        for number in range(21):
            async with browsing(app, address=f"2001:db8:1:2::{number:x}") as browser:
                statuses.append((await wrong(browser, f"u{number}@example.com")).status_code)
    assert statuses == [401] * 20 + [429]


async def test_sign_ins_are_counted(admin: Browser, other: Browser) -> None:
    metrics.emit(lambda _line: None)
    with clock.held(START_MS) as now:
        for _ in range(6):
            await wrong(other)
        now.advance(seconds=1)
        await admin.sign_in(ADA, PASSWORD)
    lines: list[str] = []
    metrics.emit(lines.append)
    counted = {line["Result"]: line["SignIns"] for line in map(json.loads, lines) if "SignIns" in line}
    assert counted == {"ok": 1, "refused": 5, "throttled": 1}
