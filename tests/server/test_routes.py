"""What the routes of accounts do, called over HTTP."""

import asyncio
import json

from sightline import clock
from sightline.database.pool import Database
from sightline.server.asgi import App
from tests.server.application import Browser, browsing
from tests.server.calls import Json, error, invited, made, team_of
from tests.server.conftest import ADMIN, PASSWORD

# ---- the shape of errors ----------------------------------------------------------------------------------------


WRONG: list[tuple[str, str, Json | None, tuple[int, str, str | None]]] = [
    ("POST", "/sites", {"name": ""}, (422, "invalid_value", "name")),
    ("POST", "/sites", {"name": "x" * 101}, (422, "invalid_value", "name")),
    ("POST", "/sites", {"name": "a\x00b"}, (422, "invalid_value", "name")),
    ("POST", "/sites", {"name": "a\ud800b"}, (422, "invalid_value", "name")),
    ("POST", "/sites", {"name": 7}, (422, "invalid_value", "name")),
    ("POST", "/sites", {}, (422, "invalid_value", "name")),
    ("POST", "/sites", {"name": "a", "colour": "red"}, (422, "invalid_value", "colour")),
    ("POST", "/sites", {"name": "a", "time_zone": "Mars"}, (422, "invalid_value", "time_zone")),
    ("POST", "/sites", {"name": "a", "domains": ["a b"]}, (422, "invalid_value", "domains")),
    ("POST", "/sites", {"name": "a", "domains": ["x" * 300]}, (422, "invalid_value", "domains")),
    ("POST", "/sites", {"name": "a", "domains": ["a.org"] * 101}, (422, "invalid_value", "domains")),
    ("POST", "/sites", {"name": "a", "team": "999999"}, (404, "not_found", None)),
    ("POST", "/sites", {"name": "a", "team": "no id"}, (404, "not_found", None)),
    ("GET", "/sites/9223372036854775808", None, (404, "not_found", None)),
    ("GET", "/sites/%00", None, (404, "not_found", None)),
    ("GET", "/sites?limit=0", None, (422, "invalid_value", "limit")),
    ("GET", "/sites?limit=201", None, (422, "invalid_value", "limit")),
    ("GET", "/sites?cursor=what", None, (422, "invalid_value", "cursor")),
    ("GET", "/sites?cursor=__________8", None, (422, "invalid_value", "cursor")),
    ("GET", "/audit?since=yesterday", None, (422, "invalid_value", "since")),
    ("GET", "/audit?since=2026-01-01T00:00:00", None, (422, "invalid_value", "since")),
    ("GET", "/audit?action=unheard", None, (422, "invalid_value", "action")),
    ("POST", "/users", {"name": "B", "password": PASSWORD}, (422, "invalid_value", "email")),
    ("POST", "/users", {"name": "B", "email": "b@b", "password": PASSWORD}, (422, "invalid_value", "email")),
    ("POST", "/users", {"name": "B", "username": "a b", "password": PASSWORD}, (422, "invalid_value", "username")),
    ("POST", "/users", {"name": "B", "username": "b", "password": "x" * 257}, (422, "invalid_value", "password")),
    ("POST", "/users", {"name": "B", "username": "b", "password": PASSWORD, "role": "god"},
     (422, "invalid_value", "role")),
    ("POST", "/users", {"name": "B", "email": ADMIN["email"], "password": PASSWORD}, (409, "conflict", "email")),
    ("PATCH", "/me", {"locale": "not a locale!"}, (422, "invalid_value", "locale")),
    ("PATCH", "/users/1", {"disabled": "yes"}, (422, "invalid_value", "disabled")),
    ("POST", "/api-keys", {"name": "k", "permissions": []}, (422, "invalid_value", "permissions")),
    ("POST", "/api-keys", {"name": "k", "permissions": ["self:change"]}, (422, "invalid_value", "permissions")),
    ("POST", "/api-keys", {"name": "k", "permissions": ["site:fly"]}, (422, "invalid_value", "permissions.0")),
    ("POST", "/api-keys", {"name": "k", "permissions": ["site:read"], "expires_in_days": 0},
     (422, "invalid_value", "expires_in_days")),
    ("POST", "/api-keys", {"name": "k", "permissions": ["team:read"], "sites": ["1"]},
     (422, "invalid_value", "permissions")),
    ("POST", "/api-keys", {"name": "k", "permissions": ["site:read"], "sites": ["999999"]},
     (404, "not_found", "sites")),
    ("POST", "/invitations/look", {"token": "x" * 900}, (404, "not_found", None)),
    ("GET", "/nowhere", None, (404, "not_found", None)),
    ("PUT", "/me", {}, (405, "method_not_allowed", None)),
]  # fmt: skip


async def test_a_wrong_request_is_told_what_is_wrong(admin: Browser) -> None:
    got = []
    for method, path, body, _ in WRONG:
        sent = {} if body is None else {"content": _ascii(body), "headers": {"content-type": "application/json"}}
        answer = await admin(method, path, **sent)
        got.append((method, path, body, error(answer)))
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert PASSWORD not in answer.text
    assert got == WRONG


def _ascii(body: Json) -> bytes:
    return json.dumps(body).encode()  # escapes what no UTF-8 can hold, as a hostile client would


async def test_a_body_that_is_no_document_is_refused(admin: Browser) -> None:
    for content in (b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5000):
        answer = await admin("POST", "/sites", content=content, headers={"content-type": "application/json"})
        assert answer.status_code in {400, 422}, answer.text
        assert set(answer.json()) == {"error", "request_id"}


async def test_a_wrong_password_is_never_repeated_in_an_error(admin: Browser) -> None:
    answer = await admin("POST", "/users", {"name": "B", "username": "b", "password": ["hunter2hunter2"]})
    assert error(answer) == (422, "invalid_value", "password")
    assert "hunter2" not in answer.text


# ---- pages ------------------------------------------------------------------------------------------------------


async def test_pages_stay_whole_while_rows_come_and_go(admin: Browser) -> None:
    ids = [(await made(admin, "/sites", {"name": f"s{number}"}))["id"] for number in range(7)]
    first = (await admin("GET", "/sites?limit=3")).json()
    await made(admin, "/sites", {"name": "late"})
    await admin("DELETE", f"/sites/{ids[1]}")
    second = (await admin("GET", f"/sites?limit=3&cursor={first['next']}")).json()
    third = (await admin("GET", f"/sites?limit=3&cursor={second['next']}")).json()
    names = [site["name"] for page in (first, second, third) for site in page["items"]]
    assert names == ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "late"]
    assert third["next"] is None


async def test_the_audit_is_paged_from_the_latest_backwards_while_it_grows(admin: Browser) -> None:
    for number in range(4):
        await made(admin, "/sites", {"name": f"s{number}"})
    first = (await admin("GET", "/audit?limit=2&action=site.create")).json()
    await made(admin, "/sites", {"name": "late"})
    second = (await admin("GET", f"/audit?limit=2&action=site.create&cursor={first['next']}")).json()
    ids = [int(entry["id"]) for page in (first, second) for entry in page["items"]]
    assert len(ids) == 4
    assert ids == sorted(ids, reverse=True)
    assert second["next"] is None


# ---- teams and invitations --------------------------------------------------------------------------------------


async def test_an_invitation_makes_an_account_in_the_team_and_works_once(
    admin: Browser, other: Browser, app: App
) -> None:
    team = await team_of(admin)
    token = (await made(admin, f"/teams/{team}/invitations", {"role": "manager"}))["token"]
    seen = (await other("POST", "/invitations/look", {"token": token})).json()
    assert (seen["team"], seen["role"]) == ("Engine", "manager")
    person = {"token": token, "email": "Bob@Example.com", "name": "Bob", "password": PASSWORD}
    me = (await other("POST", "/invitations/register", person)).json()
    assert me["user"]["email"] == "bob@example.com"
    assert [(found["id"], found["role"]) for found in me["teams"]] == [(team, "manager")]
    again = await other("POST", "/invitations/register", {**person, "email": "eve@example.com"})
    assert error(again) == (404, "not_found", None)


async def test_of_two_who_accept_one_invitation_at_the_same_moment_one_joins(
    admin: Browser, other: Browser, database: Database
) -> None:
    token = (await made(admin, f"/teams/{await team_of(admin)}/invitations", {}))["token"]
    person = {"token": token, "name": "Bob", "password": PASSWORD}
    answers = await asyncio.gather(
        *(other("POST", "/invitations/register", {**person, "email": f"b{n}@example.com"}) for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 404, 404, 404]
    assert await database.fetchval("SELECT count(*) FROM users") == 2


async def test_an_expired_or_revoked_invitation_is_refused(admin: Browser, other: Browser) -> None:
    team = await team_of(admin)
    with clock.held(clock.now_ms()) as now:
        expired = await made(admin, f"/teams/{team}/invitations", {"expires_in_days": 1})
        now.advance(seconds=24 * 3600)
        assert (await other("POST", "/invitations/look", {"token": expired["token"]})).status_code == 404
    revoked = await made(admin, f"/teams/{team}/invitations", {})
    await admin("DELETE", f"/teams/{team}/invitations/{revoked['id']}")
    assert (await other("POST", "/invitations/look", {"token": revoked["token"]})).status_code == 404
    person = {"token": revoked["token"], "email": "b@example.com", "name": "B", "password": PASSWORD}
    assert (await other("POST", "/invitations/register", person)).status_code == 404


async def test_whoever_has_an_account_joins_with_it(admin: Browser, other: Browser) -> None:
    await invited(admin, other, await team_of(admin), "viewer")
    second = (await made(admin, "/teams", {"name": "Second"}))["id"]
    token = (await made(admin, f"/teams/{second}/invitations", {"role": "viewer"}))["token"]
    assert (await other("POST", "/invitations/accept", {"token": token})).json() == {"team_id": second}
    assert [team["name"] for team in (await other("GET", "/me")).json()["teams"]] == ["Engine", "Second"]


async def test_a_manager_neither_makes_nor_unmakes_owners(admin: Browser, other: Browser) -> None:
    team = await team_of(admin)
    me = await invited(admin, other, team, "manager")
    ada = (await admin("GET", "/me")).json()["user"]["id"]
    assert error(await other("POST", f"/teams/{team}/invitations", {"role": "owner"}))[0] == 403
    assert error(await other("PATCH", f"/teams/{team}/members/{me['user']['id']}", {"role": "owner"}))[0] == 403
    assert error(await other("PATCH", f"/teams/{team}/members/{ada}", {"role": "viewer"}))[0] == 403
    assert error(await other("DELETE", f"/teams/{team}/members/{ada}"))[0] == 403


async def test_the_last_owner_stays(admin: Browser, other: Browser) -> None:
    team = await team_of(admin)
    bob = (await invited(admin, other, team, "member"))["user"]["id"]
    ada = (await admin("GET", "/me")).json()["user"]["id"]
    assert error(await admin("PATCH", f"/teams/{team}/members/{ada}", {"role": "member"}))[0] == 409
    assert error(await admin("DELETE", f"/me/teams/{team}"))[0] == 409
    await admin("PATCH", f"/teams/{team}/members/{bob}", {"role": "owner"})
    assert (await admin("DELETE", f"/me/teams/{team}")).status_code == 204
    assert error(await other("DELETE", f"/me/teams/{team}"))[0] == 409


async def test_of_two_owners_who_leave_at_the_same_moment_one_stays(
    admin: Browser, other: Browser, database: Database
) -> None:
    team = await team_of(admin)
    await invited(admin, other, team, "owner")
    answers = await asyncio.gather(admin("DELETE", f"/me/teams/{team}"), other("DELETE", f"/me/teams/{team}"))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert await database.fetchval("SELECT count(*) FROM members WHERE role = 'owner'") == 1


async def test_a_team_goes_when_its_sites_are_gone_and_its_name_is_free_again(admin: Browser) -> None:
    team = await made(admin, "/teams", {"name": "Übung & Co"})
    assert team["slug"] == "ubung-co"
    twin = await made(admin, "/teams", {"name": "Übung & Co"})
    assert twin["slug"].startswith("ubung-co-")
    site = await made(admin, "/sites", {"name": "Shop", "team": team["uuid"]})
    assert error(await admin("DELETE", f"/teams/{team['id']}")) == (409, "conflict", None)
    await admin("DELETE", f"/sites/{site['id']}")
    assert (await admin("DELETE", f"/teams/{team['id']}")).status_code == 204
    assert (await admin("GET", f"/teams/{team['id']}")).status_code == 404
    assert (await made(admin, "/teams", {"name": "Übung & Co"}))["slug"] == "ubung-co"


# ---- users ------------------------------------------------------------------------------------------------------


async def test_the_last_admin_is_neither_demoted_nor_disabled_nor_removed(admin: Browser) -> None:
    ada = (await admin("GET", "/me")).json()["user"]["id"]
    for change in ({"role": "member"}, {"role": "viewer"}, {"disabled": True}):
        assert error(await admin("PATCH", f"/users/{ada}", change)) == (409, "conflict", None)
    assert error(await admin("DELETE", f"/users/{ada}")) == (409, "conflict", None)
    bob = await made(admin, "/users", {"name": "Bob", "username": "bob", "password": PASSWORD, "role": "admin"})
    await admin("PATCH", f"/users/{bob['id']}", {"disabled": True})
    assert error(await admin("PATCH", f"/users/{ada}", {"role": "member"})) == (409, "conflict", None)


async def test_of_two_admins_who_demote_each_other_one_stays(
    admin: Browser, other: Browser, database: Database
) -> None:
    ada = (await admin("GET", "/me")).json()["user"]["id"]
    bob = await made(admin, "/users", {"name": "Bob", "username": "bob", "password": PASSWORD, "role": "admin"})
    await other.sign_in("bob", PASSWORD)
    await asyncio.gather(
        admin("PATCH", f"/users/{bob['id']}", {"role": "member"}), other("PATCH", f"/users/{ada}", {"role": "member"})
    )
    assert await database.fetchval("SELECT count(*) FROM users WHERE role = 'admin'") == 1


async def test_disabling_ends_sign_ins_and_keys_at_once(admin: Browser, other: Browser, app: App) -> None:
    bob = (await invited(admin, other, await team_of(admin), "member"))["user"]["id"]
    token = (await made(other, "/api-keys", {"name": "k", "permissions": ["site:read"]}))["token"]
    async with browsing(app) as program:
        program.headers = {"authorization": f"Bearer {token}"}
        assert (await program("GET", "/sites")).status_code == 200
        await admin("PATCH", f"/users/{bob}", {"disabled": True})
        assert (await program("GET", "/sites")).status_code == 401
    assert (await other("GET", "/me")).status_code == 401
    await admin("PATCH", f"/users/{bob}", {"disabled": False})
    assert (await other("GET", "/me")).status_code == 401  # the ended sign-in stays ended
    assert (await other.sign_in("bob@example.com", PASSWORD)).status_code == 200


async def test_removing_a_user_leaves_nothing_that_names_them(
    admin: Browser, other: Browser, database: Database
) -> None:
    bob = (await invited(admin, other, await team_of(admin), "member"))["user"]["id"]
    await made(other, "/sites", {"name": "Shop"})
    assert (await admin("DELETE", f"/users/{bob}")).status_code == 204
    for table in await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"):
        rows = await database.fetch(f'SELECT t::text FROM "{table["tablename"]}" AS t')
        assert "bob@example.com" not in str(rows), table["tablename"]
    assert (await admin("GET", "/sites")).json()["items"][0]["created_by"] is None


async def test_the_last_owner_of_a_team_with_others_or_sites_is_not_removed(admin: Browser, other: Browser) -> None:
    bob = await made(admin, "/users", {"name": "Bob", "username": "bob", "password": PASSWORD})
    await other.sign_in("bob", PASSWORD)
    site = await made(other, "/sites", {"name": "Shop"})
    refused = await admin("DELETE", f"/users/{bob['id']}")
    assert error(refused) == (409, "conflict", None)
    assert "'Bob'" in refused.json()["error"]["message"]
    await other("DELETE", f"/sites/{site['id']}")
    assert (await admin("DELETE", f"/users/{bob['id']}")).status_code == 204
    assert [team["name"] for team in (await admin("GET", "/teams")).json()["items"]] == ["Engine"]


async def test_a_password_that_an_admin_sets_ends_the_users_sign_ins(admin: Browser, other: Browser) -> None:
    bob = (await invited(admin, other, await team_of(admin), "member"))["user"]["id"]
    answer = await admin("PUT", f"/users/{bob}/password", {"password": "seven dry larks hum"})
    assert answer.status_code == 204
    assert (await other("GET", "/me")).status_code == 401
    assert (await other.sign_in("bob@example.com", "seven dry larks hum")).status_code == 200


# ---- sites ------------------------------------------------------------------------------------------------------


async def test_a_site_has_an_id_a_uuid_a_public_key_and_the_usual_retention(admin: Browser) -> None:
    site = await made(
        admin, "/sites",
        {"name": "Shop", "domains": ["SHOP.example.com", "bücher.example", "*.example.org", "shop.example.com"],
         "time_zone": "Asia/Kolkata"},
    )  # fmt: skip
    assert site["domains"] == ["shop.example.com", "xn--bcher-kva.example", "*.example.org"]
    assert site["retention"] == {"analytics": 365, "vitals": 365, "recordings": 30, "logs": 90, "errors": 90}
    assert site["public_key"].startswith("pk_")
    assert isinstance(site["id"], str)
    assert (await admin("GET", f"/sites/{site['uuid']}")).json() == site
    assert (await admin("GET", f"/sites/{site['id']}")).json() == site


async def test_retention_changes_only_what_is_named(admin: Browser) -> None:
    site = await made(admin, "/sites", {"name": "Shop"})
    answer = await admin("PUT", f"/sites/{site['id']}/retention", {"recordings": 7, "logs": 3650})
    assert answer.json()["retention"] == {"analytics": 365, "vitals": 365, "recordings": 7, "logs": 3650, "errors": 90}
    for days in (0, 3651, -1, 1.5, True):
        assert error(await admin("PUT", f"/sites/{site['id']}/retention", {"logs": days}))[0] == 422


async def test_whoever_has_no_team_gets_a_team_of_one_with_the_first_site(admin: Browser, other: Browser) -> None:
    await made(admin, "/users", {"name": "Bob", "username": "bob", "password": PASSWORD})
    await other.sign_in("bob", PASSWORD)
    assert (await other("GET", "/sites")).json() == {"items": [], "next": None}
    site = await made(other, "/sites", {"name": "Blog"})
    me = (await other("GET", "/me")).json()
    assert [(team["id"], team["name"], team["personal"]) for team in me["teams"]] == [(site["team_id"], "Bob", True)]


async def test_with_several_teams_the_team_has_to_be_said(admin: Browser) -> None:
    second = await made(admin, "/teams", {"name": "Second"})
    assert error(await admin("POST", "/sites", {"name": "Shop"})) == (422, "invalid_value", "team")
    site = await made(admin, "/sites", {"name": "Shop", "team": second["id"]})
    listed = (await admin("GET", f"/sites?team={second['id']}")).json()["items"]
    assert [one["id"] for one in listed] == [site["id"]]
    assert (await admin("GET", f"/sites?team={await team_of(admin)}")).json()["items"] == []
