"""API keys and the audit of access, over HTTP."""

import httpx

from sightline import clock
from sightline.database.pool import Database
from sightline.server.asgi import App
from tests.server.application import Browser, browsing
from tests.server.calls import Json, error, invited, made, team_of
from tests.server.conftest import PASSWORD

# ---- keys -------------------------------------------------------------------------------------------------------


async def program(app: App, token: str, method: str, path: str, body: Json | None = None) -> httpx.Response:
    async with browsing(app) as found:
        found.headers = {"authorization": f"Bearer {token}"}
        return await found(method, path, body)


async def test_a_key_is_held_to_its_permissions_its_team_and_its_sites(admin: Browser, app: App) -> None:
    team = await team_of(admin)
    second = (await made(admin, "/teams", {"name": "Second"}))["id"]
    one = (await made(admin, "/sites", {"name": "One", "team": team}))["id"]
    two = (await made(admin, "/sites", {"name": "Two", "team": team}))["id"]
    far = (await made(admin, "/sites", {"name": "Far", "team": second}))["id"]

    async def key(**more: object) -> str:
        made_key = await made(admin, "/api-keys", {"name": "k", "permissions": ["site:read"], **more})
        token: str = made_key["token"]
        return token

    async def sees(token: str) -> list[str]:
        found = (await program(app, token, "GET", "/sites")).json()["items"]
        assert {site["id"] for site in found} == {
            site for site in (one, two, far) if (await program(app, token, "GET", f"/sites/{site}")).status_code == 200
        }
        return [site["name"] for site in found]

    assert await sees(await key()) == ["One", "Two", "Far"]
    assert await sees(await key(team=team)) == ["One", "Two"]
    assert await sees(await key(sites=[two])) == ["Two"]
    assert await sees(await key(team=second, sites=[far])) == ["Far"]
    narrow = await key(sites=[two])
    assert (await program(app, narrow, "GET", f"/sites/{one}")).status_code == 404
    assert (await program(app, narrow, "PATCH", f"/sites/{two}", {"name": "x"})).status_code == 403
    assert (await program(app, narrow, "GET", "/teams")).status_code == 403


async def test_a_key_needs_no_csrf_token_and_ignores_cookies(admin: Browser, app: App) -> None:
    site = (await made(admin, "/sites", {"name": "One"}))["id"]
    body = {"name": "k", "permissions": ["site:change"]}
    token = (await made(admin, "/api-keys", body))["token"]
    assert (await program(app, token, "PATCH", f"/sites/{site}", {"name": "x"})).status_code == 200
    bearer = {"authorization": "Bearer sl_wrong"}
    assert (await admin("GET", "/me", headers=bearer)).status_code == 401
    assert (await admin("GET", "/me", headers={"authorization": "Basic YTpi"})).status_code == 401


async def test_a_key_ends_when_it_expires_or_is_revoked(admin: Browser, app: App) -> None:
    with clock.held(clock.now_ms()) as now:
        body = {"name": "k", "permissions": ["site:read"], "expires_in_days": 1}
        fresh = await made(admin, "/api-keys", body)
        assert (await program(app, fresh["token"], "GET", "/me")).json()["csrf_token"] is None
        now.advance(seconds=24 * 3600)
        assert (await program(app, fresh["token"], "GET", "/me")).status_code == 401
    second = await made(admin, "/api-keys", {"name": "k", "permissions": ["site:read"]})
    assert (await admin("DELETE", f"/api-keys/{second['key']['id']}")).status_code == 204
    assert (await program(app, second["token"], "GET", "/me")).status_code == 401


async def test_a_key_loses_what_its_user_loses(admin: Browser, other: Browser, app: App) -> None:
    team = await team_of(admin)
    bob = (await invited(admin, other, team, "manager"))["user"]["id"]
    site = (await made(admin, "/sites", {"name": "One", "team": team}))["id"]
    body = {"name": "k", "permissions": ["site:read", "site:retention"]}
    token = (await made(other, "/api-keys", body))["token"]
    path = f"/sites/{site}/retention"
    assert (await program(app, token, "PUT", path, {"logs": 7})).status_code == 200
    await admin("PATCH", f"/teams/{team}/members/{bob}", {"role": "viewer"})
    assert (await program(app, token, "PUT", path, {"logs": 8})).status_code == 403
    await admin("DELETE", f"/teams/{team}/members/{bob}")
    assert (await program(app, token, "PUT", path, {"logs": 8})).status_code == 404


async def test_nobody_gives_a_key_what_they_do_not_have(admin: Browser, other: Browser) -> None:
    await invited(admin, other, await team_of(admin), "viewer")
    refused = await other("POST", "/api-keys", {"name": "k", "permissions": ["site:delete"]})
    assert error(refused) == (422, "invalid_value", "permissions")


async def test_a_key_is_shown_once_and_kept_as_a_hash(admin: Browser, database: Database) -> None:
    fresh = await made(admin, "/api-keys", {"name": "k", "permissions": ["site:read"]})
    token = fresh["token"]
    assert token.startswith("sl_")
    assert token.startswith(fresh["key"]["prefix"])
    assert len(fresh["key"]["prefix"]) == 9
    assert token not in (await admin("GET", "/api-keys")).text
    assert token not in str(await database.fetch("SELECT * FROM api_keys"))


# ---- the audit --------------------------------------------------------------------------------------------------


async def test_everything_that_matters_stands_in_the_audit_without_naming_anybody(
    admin: Browser, other: Browser, database: Database
) -> None:
    team = await team_of(admin)
    bob = (await invited(admin, other, team, "member"))["user"]["id"]
    site = (await made(admin, "/sites", {"name": "Secret project", "team": team}))["id"]
    await admin("PUT", f"/sites/{site}/retention", {"logs": 7})
    key = (await made(admin, "/api-keys", {"name": "nightly", "permissions": ["site:read"]}))["key"]["id"]
    await admin("DELETE", f"/api-keys/{key}")
    await admin("PATCH", f"/teams/{team}/members/{bob}", {"role": "viewer"})
    await admin("PATCH", f"/users/{bob}", {"role": "viewer"})
    await other("PUT", "/me/password", {"old_password": PASSWORD, "new_password": "seven dry larks hum"})
    await other.sign_in("bob@example.com", "wrong")
    await admin("DELETE", f"/sites/{site}")
    await other("POST", "/sign-out")
    entries = (await admin("GET", "/audit?limit=200")).json()["items"]
    assert [(entry["action"], entry["result"]) for entry in reversed(entries)] == [
        ("setup", "ok"), ("team.create", "ok"), ("sign_in", "ok"), ("invitation.create", "ok"), ("user.create", "ok"),
        ("invitation.accept", "ok"), ("member.add", "ok"), ("sign_in", "ok"), ("site.create", "ok"),
        ("site.retention", "ok"), ("key.create", "ok"), ("key.revoke", "ok"), ("member.role", "ok"),
        ("user.role", "ok"), ("password.change", "ok"), ("sign_in", "refused"), ("site.remove", "ok"),
        ("sign_out", "ok"),
    ]  # fmt: skip
    text = str(await database.fetch("SELECT t::text FROM access_audit AS t"))
    for name in ("Bob", "bob@", "Ada", "ada@", "Secret", "nightly", "192.0.2.1", "198.51.100.7", "wrong"):
        assert name not in text
    assert all(entry["request_id"] for entry in entries)


async def test_an_owner_reads_the_audit_of_their_teams_only(admin: Browser, other: Browser) -> None:
    await made(admin, "/users", {"name": "Bob", "username": "bob", "password": PASSWORD})
    await other.sign_in("bob", PASSWORD)
    site = await made(other, "/sites", {"name": "Blog"})
    seen = (await other("GET", "/audit")).json()["items"]
    assert {entry["team_id"] for entry in seen} == {site["team_id"]}
    assert [entry["action"] for entry in seen] == ["site.create", "team.create"]
    assert error(await other("GET", f"/audit?team={await team_of(admin)}"))[0] == 404
    everything = (await admin("GET", "/audit")).json()["items"]
    assert len(everything) > len(seen)
    of_bob = (await admin("GET", f"/audit?team={site['team_id']}")).json()["items"]
    assert of_bob == seen


async def test_the_audit_is_filtered_by_who_what_and_when(admin: Browser) -> None:
    site = (await made(admin, "/sites", {"name": "One"}))["id"]
    ada = (await admin("GET", "/me")).json()["user"]["id"]

    async def count(query: str) -> int:
        return len((await admin("GET", f"/audit?{query}")).json()["items"])

    assert await count(f"object_kind=site&object_id={site}") == 1
    assert await count(f"actor={ada}&action=site.create") == 1
    assert await count("actor=999999") == 0
    assert await count("result=refused") == 0
    assert await count("until=2020-01-01T00:00:00Z") == 0
    assert await count("since=2020-01-01T00:00:00%2B02:00&action=site.create") == 1
