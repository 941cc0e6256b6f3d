"""The first start."""

import asyncio

from sightline import clock
from sightline.accounts import setup
from sightline.database.pool import Database
from sightline.server.asgi import App
from tests.server.application import Browser, browsing
from tests.server.conftest import ADMIN


async def test_the_link_makes_the_first_admin_and_signs_them_in(browser: Browser, database: Database) -> None:
    token = await setup.ensure_setup_link(database)
    assert (await browser("GET", "/setup")).json() == {"needed": True}
    answer = await browser("POST", "/setup", {"token": token, **ADMIN})
    assert answer.status_code == 201
    me = (await browser("GET", "/me")).json()
    assert me["user"]["role"] == "admin"
    assert [(team["name"], team["role"]) for team in me["teams"]] == [("Engine", "owner")]
    assert (await browser("GET", "/setup")).json() == {"needed": False}


async def test_a_person_alone_gets_a_team_of_one(browser: Browser, database: Database) -> None:
    token = await setup.ensure_setup_link(database)
    alone = {name: value for name, value in ADMIN.items() if name != "team"}
    answer = await browser("POST", "/setup", {"token": token, **alone})
    assert [(team["name"], team["personal"]) for team in answer.json()["teams"]] == [("Ada", True)]


async def test_a_second_start_makes_no_link(admin: Browser, database: Database) -> None:
    assert await setup.ensure_setup_link(database) is None


async def test_the_token_is_kept_as_a_hash(database: Database) -> None:
    token = await setup.ensure_setup_link(database)
    assert token is not None
    assert len(token) >= 43  # 256 bits
    rows = await database.fetch("SELECT * FROM setup_links")
    assert token not in str(rows)


async def test_a_link_works_once(browser: Browser, database: Database) -> None:
    token = await setup.ensure_setup_link(database)
    assert (await browser("POST", "/setup", {"token": token, **ADMIN})).status_code == 201
    again = await browser("POST", "/setup", {"token": token, **ADMIN, "email": "eve@example.com"})
    assert again.status_code == 409
    assert await database.fetchval("SELECT count(*) FROM users") == 1


async def test_of_two_setups_at_the_same_moment_one_wins(app: App, database: Database) -> None:
    links = [await setup.ensure_setup_link(database) for _ in range(4)]
    async with browsing(app) as browser:
        answers = await asyncio.gather(
            *(
                browser("POST", "/setup", {**ADMIN, "token": token, "email": f"ada{number}@example.com"})
                for number, token in enumerate([*links, links[0]])
            )
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert await database.fetchval("SELECT count(*) FROM users") == 1
    assert await database.fetchval("SELECT count(*) FROM tenants") == 1


async def test_an_expired_link_is_refused_and_says_how_to_get_another(browser: Browser, database: Database) -> None:
    with clock.held(1_800_000_000_000) as now:
        token = await setup.ensure_setup_link(database, minutes=60)
        now.advance(seconds=3600)
        answer = await browser("POST", "/setup", {"token": token, **ADMIN})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "setup_link"
    assert "prints a new one" in answer.json()["error"]["hint"]


async def test_a_wrong_token_is_refused_before_a_password_is_hashed(browser: Browser, database: Database) -> None:
    answer = await browser("POST", "/setup", {"token": "wrong", **ADMIN, "password": "short"})
    assert answer.status_code == 403


async def test_a_weak_password_leaves_the_link_usable(browser: Browser, database: Database) -> None:
    token = await setup.ensure_setup_link(database)
    answer = await browser("POST", "/setup", {"token": token, **ADMIN, "password": "password1234"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "password")
    assert (await browser("POST", "/setup", {"token": token, **ADMIN})).status_code == 201
