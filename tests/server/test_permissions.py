"""Every route says what it needs, and does what it says: the matrix route by role by own or foreign.

The table that is expected stands in permission_matrix.csv. After a change that is meant, write it anew with
`REGENERATE=1 pytest tests/server/test_permissions.py` and let somebody read the difference.
"""

import csv
import io
import os
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter

from sightline.accounts import tokens
from sightline.accounts.permissions import FOR_KEYS, Level, Permission, Role, in_team
from sightline.accounts.scopes import Scope
from sightline.operate.house import House
from sightline.server import permissions
from sightline.server.application import api
from sightline.server.asgi import App
from sightline.server.authentication import CSRF_HEADER
from sightline.server.permissions import Public, Requires, Route, declared, public, routes, undeclared
from sightline.vault.database import Context
from tests.server.application import Browser, browsing, housed, served
from tests.server.conftest import PASSWORD
from tests.server.world import USERS, World, build
from tests.vaulting import Place

TABLE = Path(__file__).with_name("permission_matrix.csv")
# What a report cannot be asked without.
QUERIES: dict[str, dict[str, str | list[str]]] = {
    "breakdown": {"by": "path"}, "goals": {"goal": "event:buy"}, "funnel": {"step": ["path:/", "event:buy"]},
    "funnel-drops": {"step": ["path:/", "event:buy"]},
    "sourcemaps": {"release": "1"}, "tail": {"seconds": "0"}, "logs-around": {"line": "1-1"},
    "attribution": {"goal": "event:buy"}, "property-values": {"key": "plan"}, "visitor": {"visitor": "1"},
    "changes": {"since": "1"},
}  # fmt: skip
CALLERS = ["signed_out", *USERS, "key", "key_unscoped", "disabled", "expired"]
SHUT_OUT = {"signed_out", "disabled", "expired"}
# What belongs to somebody; a route with one of these in its path is called once for an own one, once for a foreign one.
OWNED = {"{site}", "{team}", "{key}", "{sign_in}"}


def bodies(w: World) -> dict[str, Any]:
    """A right body for every route that takes one."""
    return {
        "POST /setup": {"token": "x", "email": w.email("new"), "name": "New", "password": PASSWORD},
        "POST /sign-in": {"login": w.email("guest"), "password": PASSWORD},
        "PATCH /me": {"name": "Another"},
        "PUT /me/password": {"old_password": PASSWORD, "new_password": "seven dry larks hum"},
        "POST /teams": {"name": "New"},
        "PATCH /teams/{team}": {"name": "Another"},
        "POST /teams/{team}/members": {"user": str(w.users["admin"]), "role": "viewer"},
        "PATCH /teams/{team}/members/{user}": {"role": "viewer"},
        "POST /teams/{team}/invitations": {"role": "member"},
        "POST /invitations/look": {"token": w.invitation_token},
        "POST /invitations/accept": {"token": w.invitation_token},
        "POST /invitations/register": {
            "token": w.invitation_token, "email": w.email("new"), "name": "New", "password": PASSWORD,
        },
        "POST /users": {"name": "New", "email": w.email("new"), "password": PASSWORD},
        "PATCH /users/{user}": {"role": "viewer"},
        "PUT /users/{user}/password": {"password": "seven dry larks hum"},
        "POST /sites": {"name": "New", "team": str(w.teams["own"])},
        "PATCH /sites/{site}": {"name": "Another"},
        "PUT /sites/{site}/tracking": {"replay_percent": 50},
        "PUT /sites/{site}/retention": {"logs": 7},
        "POST /sites/{site}/erasures": {"visitors": ["1"]},
        "POST /sites/{site}/segments": {"name": "New", "definition": {"did": "event:buy"}},
        "PUT /sites/{site}/segments/{segment}": {"name": "Another", "definition": {"filter": ["path:eq:/"]}},
        "POST /sites/{site}/issues": {"issues": [str(w.issues["own"])], "status": "resolved"},
        "POST /sites/{site}/issues/merge": {"issues": [str(w.other_issues["own"])], "into": str(w.issues["own"])},
        "POST /sites/{site}/issues/{issue}/split": {"keys": ["1"]},
        "PUT /sites/{site}/noise": {"off": ["aborted"]},
        "PUT /sites/{site}/sourcemaps": {"release": "1", "file": "a.js", "sha256": "0" * 64, "parts": 1},
        "POST /sites/{site}/annotations": {"at": "2026-01-31T00:00:00Z", "note": "Mine", "personal": True},
        "PUT /sites/{site}/annotations/{annotation}": {
            "at": "2026-01-31T00:00:00Z", "note": "Mine", "personal": True,
        },
        "POST /sites/{site}/report-shares": {"name": "New", "asked": {"range": "7d"}},
        "POST /shared/open": {"slug": "A" * 22},
        "POST /sites/{site}/links": {"kind": "pixel", "name": "New"},
        "POST /sites/{site}/quarantine/release": {"reason": "bot"},
        "POST /sites/{site}/quarantine/reclassify": {"reason": "bot", "to": "headless"},
        "POST /sites/{site}/recordings": [],
        "POST /sites/{site}/recording-searches": {"name": "New", "conditions": ["rage-click"]},
        "PUT /sites/{site}/recordings/{recording}/keep": {"kept": True},
        "POST /sites/{site}/recordings/{recording}/share": {"hours": 1},
        "PUT /sites/{site}/recordings/{recording}/tags": {"tags": ["checkout"]},
        "POST /sites/{site}/recordings/{recording}/notes": {"at_ms": 1, "text": "Look here"},
        "PUT /sites/{site}/privacy": {"salt_period": "month"},
        "POST /sites/{site}/saved-reports": {"report": "goals", "name": "New", "parameters": {"goal": ["event:buy"]}},
        "PUT /sites/{site}/saved-reports/{saved}": {"report": "goals", "name": "New"},
        "POST /sites/{site}/boards": {"name": "New"},
        "PUT /sites/{site}/boards/{board}": {"name": "New"},
        "POST /sites/{site}/check": {"url": "http://example.org/"},
        "POST /demo": {"visits": 1, "days": 1},
        "PUT /cloud/estimate": {"about": "small", "prices_read": "2026-11-26", "total": 1.5, "lines": []},
        "PUT /cloud/spending": {
            "start": "2026-11-01", "end": "2026-11-02", "days": {}, "components": {}, "forecast": None,
            "anomalies": [], "budget": 150,
        },
        "PUT /cloud/tags": {"resources": 1, "gaps": []},
        "PUT /cloud/verification": {"about": "Stage dev", "rows": []},
        "POST /privacy/rules/activate": {"source": "", "dry_run": True},
        "POST /privacy/rules/test": {"text": "ada@example.com"},
        "POST /privacy/audits": {"sample": 10},
        "POST /privacy/remasks": {"dry_run": True},
        "POST /vault/{team}/subjects": {"subjects": [{"values": {"email": w.email("subject")}}]},
        "PATCH /vault/{team}/subjects/{subject}": {"values": {"first_name": "New"}},
        "POST /vault/{team}/subjects/{subject}/read": {"fields": ["email"], "purpose": "support"},
        "POST /vault/{team}/subjects/{subject}/persons": {"name": "ada"},
        "PUT /vault/{team}/subjects/{subject}/restriction": {"restricted": True},
        "POST /vault/{team}/subjects/{subject}/export": {"jurisdiction": "gdpr"},
        "POST /vault/{team}/subjects/{subject}/erase": {"jurisdiction": "gdpr"},
        "POST /vault/{team}/subjects/{subject}/requests": {"kind": "export", "jurisdiction": "gdpr"},
        "POST /vault/{team}/requests/{number}/deny": {"basis": "exempt"},
        "POST /vault/{team}/rotations": {"key_type": "index", "dry_run": True},
        "POST /vault/{team}/audit/verify": {},
        "POST /vault/{team}/search": {"field": "email", "value": w.email("subject")},
        "POST /vault/{team}/read": {"fields": ["email"], "purpose": "support", "subjects": [str(uuid.uuid4())]},
        "POST /api-keys": {"name": "New", "permissions": ["site:read"]},
    }  # fmt: skip


@pytest.fixture
async def house(place: Place, tmp_path: Path) -> AsyncIterator[House]:
    """With a vault."""
    async with housed(place.database, tmp_path, place.login) as found:
        yield found


def path_of(route: Route, world: World, caller: str, target: str, subject: str) -> str:
    """The path with ids in it. Somebody without a key or sign-in of their own takes the guest's."""
    whose = caller if caller in world.users else "guest"
    values = {
        "site": world.sites[target],
        "segment": world.segments[target],
        "subject": subject,
        "link": world.links[target],
        "issue": world.issues[target],
        "sha256": "0" * 64,
        "part": 0,
        "team": world.teams[target],
        "name": "accounts.tidy",
        "number": 1,
        "row": 1,
        "key_type": "index",
        "recording": "7-tab12345",
        "search": 1,
        "note": 1,
        "saved": world.saved[target],
        "board": world.boards[target],
        "annotation": uuid.UUID(int=0),
        "share": 1,
        "token": "1.AAAA",
        "user": world.users["guest" if target == "own" else "stranger"],
        "invitation": world.invitations[target],
        "key": world.keys[whose if target == "own" else "stranger"],
        "sign_in": world.second_sign_ins[whose if target == "own" else "stranger"],
    }
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), route.path)


async def call(at: tuple[House, App], world: World, route: Route, caller: str, target: str) -> int:
    (house, app), body = at, bodies(world).get(f"{route.method} {route.path.removeprefix('/api/v1')}")
    subject = ""
    if "{subject}" in route.path:
        context = Context(tenant_id=world.teams[target], actor_kind="operator")
        subject = str(await house.subjects.create(context, {"email": world.email("subject")}))
    async with browsing(app) as browser:
        dress(browser, world, caller)
        answer = await browser.client.request(
            route.method, path_of(route, world, caller, target, subject), headers=browser.headers,
            json=body, params=QUERIES.get(route.path.rpartition("/")[2]),
        )  # fmt: skip
    assert answer.status_code < 500, answer.text
    assert "$argon2id$v=" not in answer.text
    assert not [token for token in world.sessions.values() if token in answer.text]
    assert not [token for token in world.sessions.values() if tokens.digest(token).hex() in answer.text]
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error", "request_id"}, answer.text
    return answer.status_code


def dress(browser: Browser, world: World, caller: str) -> None:
    """Let the browser be that caller."""
    if caller in world.key_tokens:
        browser.headers["authorization"] = f"Bearer {world.key_tokens[caller]}"
    elif caller != "signed_out":
        browser.client.cookies.set("sightline", world.sessions[caller])
        browser.headers[CSRF_HEADER] = tokens.csrf(world.sessions[caller])


def called() -> list[Route]:
    """The routes of the API. Plain ones are not called here: they ask nobody, or their own tests do it."""
    return [route for route in routes(api()) if (route.method, route.path) not in declared()]


def targets(route: Route) -> list[str]:
    return ["own", "foreign"] if any(owned in route.path for owned in OWNED) else ["own"]


@pytest.mark.slow
async def test_the_matrix_is_as_expected(house: House) -> None:
    out, at = io.StringIO(), (house, served(house))
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["method", "path", "needs", "target", *CALLERS])
    world = await build(house.database)
    for route in called():
        for target in targets(route):
            statuses = []
            for caller in CALLERS:
                statuses.append(await call(at, world, route, caller, target))
                if route.method != "GET" and statuses[-1] < 400:  # the next one finds the world as it was
                    world = await build(house.database)
            needs = "public" if isinstance(route.need, Public) else route.said
            shown = target if len(targets(route)) > 1 else "-"
            table.writerow([route.method, route.path, needs, shown, *statuses])
    if os.environ.get("REGENERATE"):
        TABLE.write_text(out.getvalue())
    assert out.getvalue() == TABLE.read_text()


def rows() -> list[dict[str, str]]:
    with TABLE.open() as file:
        return list(csv.DictReader(file))


def allowed(needs: Permission, caller: str) -> bool:
    """What the table of permissions says, read in the plainest way."""
    if caller in {"key", "key_unscoped"}:
        granted = needs in FOR_KEYS if caller == "key" else needs is Permission.SELF_READ
        return granted and allowed(needs, "owner")
    role, team_role = USERS[caller]
    if role is Role.ADMIN:
        return True
    if needs.level is Level.SELF:
        return True
    if needs.level is Level.INSTANCE:
        return needs is Permission.TEAM_CREATE and role is Role.MEMBER
    return needs in in_team(role, team_role)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['method']} {row['path']} {row['target']}")
def test_the_expected_table_follows_from_the_permissions(row: dict[str, str]) -> None:
    statuses = {caller: int(row[caller]) for caller in CALLERS}
    if row["needs"] == "public":
        assert len(set(statuses.values())) == 1
        return
    needs = Permission(row["needs"])
    for caller, status in statuses.items():
        if caller in SHUT_OUT:
            assert status == 401, caller
        elif row["target"] == "foreign" and caller != "admin" and ("{site}" in row["path"] or "{team}" in row["path"]):
            assert status == 404, caller
        elif not allowed(needs, caller):
            assert status == 403, caller
        elif row["target"] == "foreign" and caller != "admin":
            assert status == 404, caller
        else:
            assert status not in {401, 403}, caller


def test_every_route_says_what_it_needs() -> None:
    assert undeclared(api()) == []
    assert len(called()) > 40


def test_every_plain_route_says_what_it_needs(house: House) -> None:
    app: Any = served(house)
    while hasattr(app, "_app"):
        app = app._app
    said = declared()
    assert [key for key in app._exact if key not in said] == []
    assert [
        prefix for prefix, _ in app._mounts if prefix not in {"/api/v1/", "/api/"} and ("GET", prefix) not in said
    ] == []


def test_every_part_of_an_address_stands_in_the_openapi_document() -> None:
    document = api().openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            said = {found["name"] for found in operation.get("parameters", []) if found["in"] == "path"}
            assert said == set(re.findall(r"\{(\w+)\}", path)), (method, path)


def test_a_route_that_says_nothing_or_twice_is_found() -> None:
    app, router = api(), APIRouter(prefix="/api/v1")

    @router.get("/silent")
    async def silent() -> None:
        """Says nothing."""

    @router.get("/twice", dependencies=[public("one"), public("two")])
    async def twice() -> None:
        """Says it twice."""

    @app.get("/beside")
    async def beside() -> None:
        """Stands beside the routers."""

    app.include_router(router)
    assert undeclared(app) == ["GET /api/v1/silent", "GET /api/v1/twice", "GET /beside"]


def test_a_plain_route_is_declared_once_and_in_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_declared", {})
    permissions.declare("/healthz", ["GET"], "whoever keeps it running has to ask")
    permissions.declare("/healthz", "GET", "whoever keeps it running has to ask")
    with pytest.raises(ValueError, match="GET /healthz was declared before"):
        permissions.declare("/healthz", "GET", Permission.SITE_READ)
    permissions.declare("/live", "GET", Permission.SITE_READ)
    found = {route.path: type(route.need) for route in routes()}
    assert found == {"/healthz": Public, "/live": Requires}


def test_only_accounts_makes_a_scope() -> None:
    with pytest.raises(TypeError, match="scope_for alone"):
        Scope(object(), caller=None, permission=Permission.SITE_READ, sites=frozenset({1}), tenants=frozenset())  # type: ignore[arg-type]


def test_no_other_part_reaches_for_what_makes_a_scope() -> None:
    source = Path(permissions.__file__).parents[1]
    reaching = [
        str(file)
        for file in source.rglob("*.py")
        if "_MINT" in file.read_text() and file.relative_to(source).parts != ("accounts", "scopes.py")
    ]
    assert reaching == []
