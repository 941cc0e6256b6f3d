"""Signing in and out, keys, limits, and what a share shows: held by the server, route by route."""

import uuid
from typing import Any

import pytest

from sightline import clock
from sightline.accounts import shares
from sightline.accounts.permissions import Permission
from sightline.compat.umami.routes import Route
from sightline.compat.umami.table import ROUTES
from tests.compat.conftest import PASSWORD, Umami
from tests.compat.test_traffic import DAY, visited

WHO = {"username": "ada@example.com", "password": PASSWORD}


async def test_a_token_ends_with_the_sign_in(nobody: Umami, admin: Umami) -> None:
    found = await nobody.post("/auth/login", WHO)
    assert (found["user"]["role"], found["user"]["isAdmin"]) == ("admin", True)
    second = Umami(nobody.url, nobody.client, found["token"])
    assert (await second.post("/auth/verify"))["id"] == found["user"]["id"]
    assert (await second.get("/me"))["user"]["username"] == "ada@example.com"
    assert await second.post("/auth/logout") == {"ok": True}
    assert (await second.refused("POST", "/auth/verify"))[:2] == (401, "unauthorized")
    assert (await admin.post("/auth/verify"))["id"] == found["user"]["id"], "other sign-ins go on"


async def test_a_token_expires(admin: Umami) -> None:
    with clock.held(clock.now_ms()) as time:
        time.advance(seconds=23 * 3600)
        await admin.get("/me")  # use moves the expiry
        time.advance(seconds=23 * 3600)
        await admin.get("/me")
        time.advance(seconds=25 * 3600)
        assert (await admin.refused("GET", "/me"))[0] == 401


async def test_a_new_password_ends_the_other_tokens(nobody: Umami, admin: Umami) -> None:
    other = await nobody.sign_in("ada@example.com")
    await admin.post("/me/password", {"currentPassword": PASSWORD, "newPassword": "seven dry larks hum"})
    assert (await other.refused("GET", "/me"))[0] == 401
    await admin.get("/me")
    wrong = await admin.refused("POST", "/me/password", {"currentPassword": "no", "newPassword": "x"})
    assert wrong == (400, "bad-request", "old_password")


async def test_wrong_passwords_have_to_wait(nobody: Umami, admin: Umami) -> None:
    wrong = {**WHO, "password": "wrong"}
    with clock.held(clock.now_ms()):
        statuses = [(await nobody.raw("POST", "/auth/login", wrong)).status_code for _ in range(8)]
        assert statuses[:5] == [401] * 5
        assert set(statuses[6:]) == {429}
        answer = await nobody.raw("POST", "/auth/login", WHO)
        assert answer.status_code == 429, "also the right one waits"
        assert int(answer.headers["retry-after"]) >= 1


async def test_wrong_sign_ins_are_alike(nobody: Umami, admin: Umami) -> None:
    unknown = await nobody.raw("POST", "/auth/login", {"username": "nobody", "password": "x"})
    wrong = await nobody.raw("POST", "/auth/login", {**WHO, "password": "x"})
    assert unknown.json()["error"] == wrong.json()["error"]
    assert unknown.status_code == 401
    for body, field in (
        ({}, "username"),
        ({"username": "a"}, "password"),
        ({"username": 1, "password": ""}, "username"),
    ):
        assert await nobody.refused("POST", "/auth/login", body) == (400, "bad-request", field)


async def test_an_api_key_is_a_bearer_token_too(nobody: Umami, admin: Umami, site: str) -> None:
    made = await admin.post("/me/api-keys", {"name": "robot"})
    robot = Umami(nobody.url, nobody.client, made["key"])
    assert (await robot.get("/websites"))["count"] == 1
    assert (await robot.get("/me"))["authType"] == "api-key"
    header = Umami(nobody.url, nobody.client)
    header.headers = {"x-umami-api-key": made["key"]}
    assert (await header.get(f"/websites/{site}"))["name"] == "Shop"
    assert (await robot.refused("POST", "/me/api-keys", {"name": "another"}))[:2] == (403, "forbidden")
    assert [key["id"] for key in await admin.get("/me/api-keys")] == [made["id"]]
    await admin.delete(f"/me/api-keys/{made['id']}")
    assert (await robot.refused("GET", "/websites"))[0] == 401


async def test_roles_are_umami_s_at_the_edge(nobody: Umami, admin: Umami) -> None:
    made = await admin.post("/users", {"username": "eve", "password": PASSWORD, "role": "view-only"})
    assert made["role"] == "view-only"
    eve = await nobody.sign_in("eve")
    assert (await eve.refused("POST", "/websites", {"name": "Mine"}))[:2] == (403, "forbidden")
    assert (await admin.post(f"/users/{made['id']}", {"role": "user"}))["role"] == "user"
    mine = await eve.post("/websites", {"name": "Mine", "domain": "eve.example"})
    assert (mine["userId"], mine["teamId"], mine["domain"]) == (made["id"], None, "eve.example")
    assert (await admin.refused("POST", f"/users/{made['id']}", {"role": "god"})) == (400, "bad-request", "role")


async def test_a_team_is_joined_with_its_code_once(nobody: Umami, admin: Umami) -> None:
    await admin.post("/users", {"username": "eve", "password": PASSWORD})
    eve = await nobody.sign_in("eve")
    team, owner = await admin.post("/teams", {"name": "Rockets"})
    assert (owner["role"], len(team["accessCode"]) > 30) == ("team-owner", True)
    assert (await admin.get(f"/teams/{team['id']}"))["accessCode"] is None
    joined = await eve.post("/teams/join", {"accessCode": team["accessCode"]})
    assert (joined["role"], joined["teamId"]) == ("team-member", team["id"])
    assert (await eve.refused("POST", "/teams/join", {"accessCode": team["accessCode"]}))[0] == 404
    assert (await eve.get("/me/teams"))["count"] == 1
    again = await admin.post(f"/teams/{team['id']}", {"accessCode": "new"})
    assert again["accessCode"] not in {None, "new", team["accessCode"]}
    assert await eve.delete(f"/teams/{team['id']}/users/{joined['userId']}") == {"ok": True}
    assert (await eve.get("/me/teams"))["count"] == 0


# ---- websites ---------------------------------------------------------------------------------------------------


async def test_a_website_keeps_the_id_that_stands_in_its_pages(admin: Umami) -> None:
    wanted = str(uuid.uuid4())
    assert await admin.website(id=wanted, shareId="look-at-this") == wanted
    assert (await admin.get(f"/websites/{wanted}"))["shareId"] == "look-at-this"
    assert (await admin.refused("POST", "/websites", {"name": "B", "id": wanted}))[0] == 409


async def test_a_domain_keeps_no_hit_out(admin: Umami, site: str) -> None:
    assert (await admin.get(f"/websites/{site}"))["domain"] == "shop.example"
    await admin.send(site, url="/", hostname="another.example")
    changed = await admin.post(f"/websites/{site}", {"domain": "shop.example:8080/path", "name": "The shop"})
    assert (changed["domain"], changed["name"]) == ("shop.example:8080/path", "The shop")


async def test_lists_are_paged_searched_and_ordered(admin: Umami) -> None:
    for name in ("Bravo", "Alpha", "Charlie"):
        await admin.website(name=name)
    found = await admin.get("/websites", pageSize=2, orderBy="name")
    assert ([row["name"] for row in found["data"]], found["count"]) == (["Alpha", "Bravo"], 3)
    assert [row["name"] for row in (await admin.get("/websites", page=2, pageSize=2, orderBy="name"))["data"]] == [
        "Charlie"
    ]
    assert [row["name"] for row in (await admin.get("/websites", search="RAV"))["data"]] == ["Bravo"]
    assert (await admin.refused("GET", "/websites", orderBy="password"))[2] == "orderBy"


async def test_a_website_is_given_to_a_team_and_taken_back(admin: Umami, site: str) -> None:
    team, _ = await admin.post("/teams", {"name": "Rockets"})
    given = await admin.post(f"/websites/{site}/transfer", {"teamId": team["id"]})
    assert given["teamId"] == team["id"]
    assert (await admin.get(f"/teams/{team['id']}/websites"))["count"] == 1
    me = (await admin.get("/me"))["user"]["id"]
    back = await admin.post(f"/websites/{site}/transfer", {"userId": me})
    assert (back["userId"], back["teamId"]) == (me, None)
    assert (await admin.refused("POST", f"/websites/{site}/transfer", {}))[2] == "teamId"


# ---- shares -----------------------------------------------------------------------------------------------------


async def shared(admin: Umami, nobody: Umami, site: str, **shows: Any) -> Umami:
    made = await admin.post(f"/websites/{site}/shares", {"name": "Look", "parameters": shows})
    opened = await nobody.get(f"/share/{made['slug']}")
    assert (opened["shareId"], opened["websiteId"], opened["parameters"]) == (made["id"], site, shows)
    return nobody.sharing(opened["token"])


async def test_a_share_of_the_overview_reads_no_sessions(admin: Umami, nobody: Umami, site: str) -> None:
    told = await visited(admin, site)
    guest = await shared(admin, nobody, site, overview=True)
    assert (await guest.get(f"/websites/{site}/stats", **DAY))["visitors"] == 3
    for path in ("/sessions", f"/sessions/{told['sessionId']}", f"/sessions/{told['sessionId']}/activity", "/events",
                 "/event-data", "/session-data/properties", "/revenue/stats", "/shares", "/funnels"):  # fmt: skip
        assert (await guest.refused("GET", f"/websites/{site}{path}", **DAY))[:2] == (403, "forbidden"), path
    body = {"websiteId": site, "parameters": {}}
    assert (await guest.refused("POST", "/reports/retention", body))[:2] == (403, "forbidden")
    assert (await guest.refused("POST", f"/websites/{site}", {"name": "Mine"}))[:2] == (403, "forbidden")
    assert (await guest.get(f"/websites/{site}"))["shareId"] is None, "another share may show more"
    assert (await guest.get("/me"))["authType"] == "share"


PAGED = [route for route in ROUTES if route.pages and "{site}" in route.path and route.method == "GET"]
PAGES = sorted({page for route in PAGED for page in route.pages} - {"any", "board"})


@pytest.mark.parametrize("page", PAGES)
async def test_a_share_reaches_the_routes_of_its_page_and_no_other(
    admin: Umami, nobody: Umami, site: str, page: str
) -> None:
    await visited(admin, site)
    other = await admin.website(name="Other")
    guest = await shared(admin, nobody, site, **{page: True})
    for route in ROUTES:
        if isinstance(route.need, Permission) and "{site}" in route.path and route.method == "GET":
            status = (await guest.raw("GET", _filled(route, site), None, **DAY)).status_code
            assert (status == 403) is not bool(route.pages & {page, "any"}), (route.path, status)
            assert (await guest.raw("GET", _filled(route, other), None, **DAY)).status_code in {403, 404}, route.path


def _filled(route: Route, site: str) -> str:
    path = route.path.replace("{site}", site)
    for part in ("session", "segment", "event", "goal", "funnel", "annotation", "replay"):
        path = path.replace(f"{{{part}}}", str(uuid.UUID(int=7)))
    return path


async def test_a_share_that_says_nothing_shows_the_overview_alone(admin: Umami, nobody: Umami, site: str) -> None:
    guest = await shared(admin, nobody, site)
    await guest.get(f"/websites/{site}/stats", **DAY)
    assert (await guest.refused("GET", f"/websites/{site}/events", **DAY))[0] == 403


async def test_a_share_may_forbid_filters(admin: Umami, nobody: Umami, site: str) -> None:
    guest = await shared(admin, nobody, site, overview=True, allowFilter=False)
    await guest.get(f"/websites/{site}/stats", **DAY)
    assert (await guest.refused("GET", f"/websites/{site}/stats", **DAY, country="NL"))[0] == 403


async def test_the_token_of_a_share_expires_and_is_taken_back(admin: Umami, nobody: Umami, site: str) -> None:
    guest = await shared(admin, nobody, site, overview=True)
    path = f"/websites/{site}/stats"
    with clock.held(clock.now_ms() + (shares.TOKEN_S + 1) * 1000):
        assert (await guest.refused("GET", path))[:2] == (401, "unauthorized")
    await guest.get(path)
    (made,) = (await admin.get(f"/websites/{site}/shares"))["data"]
    await admin.post(f"/share/id/{made['id']}", {"parameters": {"events": True}})
    assert (await guest.refused("GET", path))[0] == 403, "narrowed at once"
    await admin.post(f"/share/id/{made['id']}", {"parameters": {"overview": True}, "slug": "another-slug"})
    assert (await guest.refused("GET", path))[0] == 401, "another slug ends the tokens"
    await admin.delete(f"/share/id/{made['id']}")
    assert (await nobody.refused("GET", "/share/another-slug"))[:2] == (404, "not-found")
    for token in (b"x", b"A" * 64, b"A" * 5000, b"\xe9"):
        answer = await nobody.client.get(f"/api{path}", headers=[(b"x-umami-share-token", token)])
        assert answer.status_code == 401, token


async def test_a_share_of_a_link_shows_that_link(admin: Umami, nobody: Umami, site: str) -> None:
    await visited(admin, site)
    links = [
        await admin.post("/links", {"name": name, "url": "https://example.com/", "websiteId": site}) for name in "AB"
    ]
    with clock.held(DAY["startAt"] + 3600_000):
        agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"}
        for link in (*links, links[1]):
            await admin.client.get(f"/q/{link['slug']}", headers=agent)
    made = await admin.post(f"/links/{links[0]['id']}/shares", {"name": "Look", "parameters": {"overview": True}})
    opened = await nobody.get(f"/share/{made['slug']}")
    assert (opened["linkId"], opened["shareType"]) == (links[0]["id"], 2)
    guest = nobody.sharing(opened["token"])
    for reference in (links[0]["id"], site):
        assert (await guest.get(f"/websites/{reference}/stats", **DAY))["pageviews"] == 1
    assert (await guest.get(f"/websites/{links[1]['id']}/stats", **DAY))["pageviews"] == 0


async def test_a_board_is_shared_with_the_sites_that_it_names(admin: Umami, nobody: Umami, site: str) -> None:
    other = await admin.website(name="Other")
    board = await admin.post("/boards", {"name": "B", "parameters": {"rows": [{"websiteId": site}]}})
    made = await admin.post(f"/boards/{board['id']}/shares", {"name": "Look"})
    opened = await nobody.get(f"/share/{made['slug']}")
    assert (opened["boardId"], opened["websiteIds"]) == (board["id"], [site])
    guest = nobody.sharing(opened["token"])
    assert (await guest.get(f"/boards/{board['id']}"))["parameters"] == board["parameters"]
    await guest.get(f"/websites/{site}/stats", **DAY)
    assert (await guest.refused("GET", f"/websites/{other}/stats", **DAY))[0] == 404
    assert (await guest.refused("GET", f"/websites/{site}/sessions", **DAY))[0] == 403


async def test_nobody_reaches_a_foreign_site_by_a_board(nobody: Umami, admin: Umami, site: str) -> None:
    await admin.post("/users", {"username": "eve", "password": PASSWORD})
    eve = await nobody.sign_in("eve")
    await eve.website(name="Mine")
    refused = await eve.refused("POST", "/boards", {"name": "B", "parameters": {"websiteId": site}})
    assert refused == (404, "not-found", "parameters")
    board = await eve.post("/boards", {"name": "B"})
    change = {"parameters": {"deep": [{"websiteId": site}]}}
    assert (await eve.refused("POST", f"/boards/{board['id']}", change))[0] == 404
    assert (await eve.refused("POST", "/dashboard", change))[0] == 404
    share = {"entityId": site, "shareType": 1, "name": "x", "parameters": {}}
    assert (await eve.refused("POST", "/share", share))[:2] == (404, "not-found")


async def test_the_dashboard_is_one_s_own_board(nobody: Umami, admin: Umami, site: str) -> None:
    first = await admin.get("/dashboard")
    saved = await admin.post("/dashboard", {"parameters": {"websiteId": site}})
    assert (saved["id"], (await admin.get("/dashboard"))["parameters"]) == (first["id"], {"websiteId": site})
    assert (await admin.get("/boards"))["count"] == 0
