"""Who may call what of Umami's API: the matrix route by role by own or foreign, as for our own API.

The table that is expected stands in permission_matrix.csv. After a change that is meant, write it anew with
`REGENERATE=1 pytest tests/compat/test_permissions.py` and let somebody read the difference.
"""

import csv
import io
import os
import re
import secrets
import uuid
from pathlib import Path
from typing import Any

import pytest

from sightline import clock
from sightline.accounts import tokens
from sightline.accounts.permissions import Permission
from sightline.compat.umami import ids
from sightline.compat.umami.routes import Route
from sightline.compat.umami.table import ROUTES
from sightline.database.pool import Database
from sightline.operate.house import House
from sightline.server.asgi import App
from sightline.server.permissions import declared
from tests.compat.conftest import PASSWORD
from tests.server.application import Browser, browsing, served
from tests.server.test_permissions import CALLERS, SHUT_OUT, allowed
from tests.server.world import World, build

TABLE = Path(__file__).with_name("permission_matrix.csv")
OWNED = ("{site}", "{team}", "{key}", "{link}", "{pixel}", "{board}", "{share}", "{report}", "{user}")
# What a route needs besides what it declares: of the thing that it finds, or of the site that its body names.
BESIDES = {
    "POST /users/{user}": Permission.USER_MANAGE,
    "DELETE /teams/{team}/users/{user}": Permission.MEMBER_MANAGE,
    "POST /boards/{board}": Permission.SITE_CHANGE,
    "DELETE /boards/{board}": Permission.SITE_CHANGE,
    "POST /boards/{board}/clone": Permission.SITE_CHANGE,
    "GET /boards/{board}/shares": Permission.SITE_CHANGE,
    "POST /boards/{board}/shares": Permission.SITE_CHANGE,
}


# A member of the instance may have boards of their own, as a site of their own, whatever they are in a team.
ONES_OWN = {"POST /boards", "POST /dashboard"}


class Things(World):
    """What of the world has a UUID, by name and whose it is."""

    def __init__(self, world: World) -> None:
        self.__dict__ |= world.__dict__
        self.uuids: dict[tuple[str, str], str] = {}
        self.slugs: dict[str, str] = {}


async def furnish(database: Database) -> Things:
    """The world of the other matrix, with links, boards, shares, saved reports and annotations."""
    things, now = Things(await build(database)), clock.now()
    for target in ("own", "foreign"):
        site, team = things.sites[target], things.teams[target]
        named: dict[str, Any] = {
            "site": await database.fetchval("SELECT uuid FROM sites WHERE id = $1", site),
            "team": await database.fetchval("SELECT uuid FROM tenants WHERE id = $1", team),
            "pixel": await database.fetchval("SELECT uuid FROM links WHERE id = $1", things.links[target]),
            "user": await database.fetchval(
                "SELECT uuid FROM users WHERE id = $1", things.users["guest" if target == "own" else "stranger"]
            ),
            **{name: uuid.uuid4() for name in ("link", "board", "share", "report", "goal", "funnel", "annotation")},
        }
        things.slugs[target] = f"shared-{secrets.token_hex(6)}"
        await database.execute(
            "INSERT INTO links (uuid, site_id, kind, name, slug, url, created_at) "
            "VALUES ($1, $2, 'link', 'L', $3, 'https://example.com/', $4)",
            named["link"], site, f"{target}-{secrets.token_hex(6)}", now,
        )  # fmt: skip
        await database.execute(
            "INSERT INTO boards (uuid, tenant_id, kind, name, description, layout, created_at, changed_at) "
            "VALUES ($1, $2, 'mixed', 'B', '', '{}', $3, $3)",
            named["board"], team, now,
        )  # fmt: skip
        await database.execute(
            "INSERT INTO shares (uuid, site_id, name, slug, shows, secret, created_at, changed_at) "
            "VALUES ($1, $2, 'S', $3, '{}', $4, $5, $5)",
            named["share"], site, things.slugs[target], secrets.token_bytes(32), now,
        )  # fmt: skip
        for name, report, parameters in (
            ("report", "retention", "{}"),
            ("goal", "goals", '{"type": "path", "value": "/"}'),
            ("funnel", "funnel", '{"steps": [{"type":"path","value":"/"},{"type":"event","value":"b"}]}'),
        ):
            await database.execute(
                "INSERT INTO saved_reports (uuid, site_id, report, dialect, name, description, parameters, created_at, "
                "changed_at) VALUES ($1, $2, $3, 'umami', 'R', '', $4::text::jsonb, $5, $5)",
                named[name], site, report, parameters, now,
            )  # fmt: skip
        await database.execute(
            "INSERT INTO annotations (uuid, site_id, at, all_day, note, created_at, changed_at) "
            "VALUES ($1, $2, $3, true, 'N', $3, $3)",
            named["annotation"], site, now,
        )  # fmt: skip
        things.uuids |= {(name, target): str(found) for name, found in named.items()}
    return things


def bodies(things: Things, target: str) -> dict[str, dict[str, Any]]:
    """A right body for every route that takes one."""
    site, path = things.uuids["site", target], {"type": "path", "value": "/"}
    step = {"name": "New", "parameters": path}
    funnel = {"steps": [path, {"type": "event", "value": "buy"}], "window": 5}
    segment = {"name": "New", "type": "segment", "parameters": {"filters": [{"name": "path", "value": "/"}]}}
    run = {"websiteId": site, "parameters": {**funnel, **path, "step": "/", "fields": ["path"]}}
    note = {"date": "2026-01-02", "note": "New"}
    report = {"websiteId": site, "type": "goal", "name": "New", "parameters": path}
    return {
        "POST /auth/login": {"username": things.email("guest"), "password": PASSWORD},
        "POST /me/password": {"currentPassword": PASSWORD, "newPassword": "seven dry larks hum"},
        "POST /me/api-keys": {"name": "New"},
        "POST /users": {"username": f"new{things.suffix}", "password": PASSWORD},
        "POST /users/{user}": {"role": "view-only"},
        "POST /teams": {"name": "New"},
        "POST /teams/join": {"accessCode": things.invitation_token},
        "POST /teams/{team}": {"name": "Another"},
        "POST /teams/{team}/users": {"userId": things.uuids["user", "foreign" if target == "own" else "own"]},
        "POST /teams/{team}/users/{user}": {"role": "team-view-only"},
        "POST /websites": {"name": "New", "teamId": things.uuids["team", "own"]},
        "POST /websites/{site}": {"name": "Another"},
        "POST /websites/{site}/transfer": {"teamId": things.uuids["team", target]},
        "POST /links": {"name": "New", "url": "https://example.com/", "websiteId": things.uuids["site", "own"]},
        "POST /pixels": {"name": "New", "websiteId": things.uuids["site", "own"]},
        "POST /boards": {"name": "New"},
        "POST /share": {"entityId": things.uuids["site", "own"], "shareType": 1},
        "POST /share/id/{share}": {"name": "Another"},
        "POST /reports": {**report, "websiteId": things.uuids["site", "own"]},
        "POST /reports/{report}": report,
        "POST /websites/{site}/goals": step,
        "POST /websites/{site}/goals/{goal}": step,
        "POST /websites/{site}/funnels": {**step, "parameters": funnel},
        "POST /websites/{site}/funnels/{funnel}": {**step, "parameters": funnel},
        "POST /websites/{site}/segments": segment,
        "POST /websites/{site}/segments/{segment}": segment,
        "POST /websites/{site}/annotations": note,
        "POST /websites/{site}/annotations/{annotation}": note,
        "POST /reports/journey": {"websiteId": site},
        **{f"POST /reports/{name}": run for name in
           ("funnel", "goal", "goals", "retention", "utm", "revenue", "attribution", "breakdown", "insights",
            "performance")},
    }  # fmt: skip


QUERY = {
    "type": "path", "propertyName": "plan", "value": "/", "step": "/", "fields": "path", "name": "x",
    "ids": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip
OWN_TYPES = {"performance/metrics": "path", "revenue/metrics": "country", "utm/metrics": "utm_source"}


def query_of(route: Route) -> dict[str, str]:
    query = dict(QUERY)
    if route.path.endswith(("/reports", "/segments")):
        del query["type"]
    for end, kind in OWN_TYPES.items():
        if route.path.endswith(end):
            query["type"] = kind
    if route.path.endswith("funnels/stats"):
        query["steps"] = '[{"type":"path","value":"/"},{"type":"path","value":"/b"}]'
    return query


def path_of(route: Route, things: Things, caller: str, target: str) -> str:
    whose = caller if caller in things.users else "guest"
    values = {
        **{name: found for (name, whom), found in things.uuids.items() if whom == target},
        "segment": ids.written(things.segments[target]), "session": ids.written(1), "event": ids.event_written(1, 0),
        "slug": things.slugs[target], "replay": ids.written(1),
        "key": ids.written(things.keys[whose if target == "own" else "stranger"]),
    }  # fmt: skip
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], route.address)


def dress(browser: Browser, things: Things, caller: str) -> None:
    if caller != "signed_out":
        token = things.key_tokens.get(caller) or things.sessions[caller]
        browser.headers["authorization"] = f"Bearer {token}"


async def call(app: App, things: Things, route: Route, caller: str, target: str) -> int:
    async with browsing(app) as browser:
        dress(browser, things, caller)
        answer = await browser.client.request(
            route.method, path_of(route, things, caller, target), headers=browser.headers,
            json=bodies(things, target).get(f"{route.method} {route.path}"),
            params=query_of(route) if route.method == "GET" else None,
        )  # fmt: skip
    assert answer.status_code < 500, answer.text
    assert "$argon2id$v=" not in answer.text
    shown = {"/me", "/auth/sso"}  # they hand the caller's own token back
    secret = [token for token in things.sessions.values() if token in answer.text]
    assert not secret or route.path in shown, route
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) <= {"message", "code", "status", "field"}, answer.text
    assert not re.search(r'"[a-zA-Z]*[iI]d":[0-9]', answer.text), answer.text
    return answer.status_code


def targets(route: Route) -> list[str]:
    return ["own", "foreign"] if any(owned in route.path for owned in OWNED) else ["own"]


def needs(route: Route) -> str:
    return route.need.value if isinstance(route.need, Permission) else "public"


@pytest.mark.slow
async def test_the_matrix_is_as_expected(house: House) -> None:
    out, app = io.StringIO(), served(house)
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["method", "path", "needs", "target", *CALLERS])
    things = await furnish(house.database)
    for route in sorted(ROUTES, key=lambda route: (route.path, route.method)):
        for target in targets(route):
            statuses = []
            for caller in CALLERS:
                statuses.append(await call(app, things, route, caller, target))
                if route.method != "GET" and statuses[-1] < 400:  # the next one finds the world as it was
                    things = await furnish(house.database)
            shown = target if len(targets(route)) > 1 else "-"
            table.writerow([route.method, route.path, needs(route), shown, *statuses])
    if os.environ.get("REGENERATE"):
        TABLE.write_text(out.getvalue())
    assert out.getvalue() == TABLE.read_text()


def rows() -> list[dict[str, str]]:
    if not TABLE.exists():
        return []
    with TABLE.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['method']} {row['path']} {row['target']}")
def test_the_expected_table_follows_from_the_permissions(row: dict[str, str]) -> None:
    statuses = {caller: int(row[caller]) for caller in CALLERS}
    if row["needs"] == "public":
        assert set(statuses.values()) == {200}
        return
    need = Permission(row["needs"])
    besides = BESIDES.get(f"{row['method']} {row['path']}", need)
    for caller, status in statuses.items():
        if caller in SHUT_OUT:
            assert status == 401, caller
        elif caller == "viewer" and f"{row['method']} {row['path']}" in ONES_OWN:
            assert status == 200, caller
        elif not allowed(need, caller) and ("{site}" not in row["path"] or row["target"] != "foreign"):
            assert status in {403, 404}, caller
        elif row["target"] == "foreign" and caller != "admin" and row["path"].startswith("/users/"):
            assert status == 403, caller
        elif row["target"] == "foreign" and caller != "admin":
            assert status == 404, caller
        elif not allowed(besides, caller):
            assert status == 403, caller
        elif not row["path"].startswith("/users/"):
            assert status not in {401, 403}, caller


def test_every_route_is_declared_as_it_says() -> None:
    said = declared()
    assert {(route.method, route.address) for route in ROUTES} <= set(said)
    assert len(ROUTES) > 150


async def test_no_cookie_opens_anything(house: House) -> None:
    things, app = await furnish(house.database), served(house)
    async with browsing(app) as browser:
        browser.client.cookies.set("sightline", things.sessions["admin"])
        answer = await browser.client.get("/api/websites", headers={"x-sightline-csrf": tokens.csrf("x")})
    assert answer.status_code == 401
