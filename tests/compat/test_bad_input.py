"""Whatever is sent, Umami's API answers in its shape, names the field, and never with a 5xx."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sightline.compat.umami import ids
from sightline.compat.umami.asking import FIELDS
from sightline.compat.umami.routes import Route
from sightline.compat.umami.table import ROUTES
from tests.compat.conftest import PASSWORD, Umami
from tests.compat.test_traffic import DAY, visited

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("stats", {"startAt": "yesterday"}, "startAt"),
    ("stats", {"startAt": 900_000_000, "endAt": 800_000_000}, "endAt"),
    ("stats", {"startDate": "soon"}, "startDate"),
    ("stats", {"timezone": "Mars/Base"}, "timezone"),
    ("stats", {"compare": "never"}, "compare"),
    ("stats", {"match": "some"}, "match"),
    ("stats", {"path": "re.(a+)+$"}, "filter"),
    ("stats", {"path": "re.("}, "filter"),
    ("stats", {"path": "gt.5"}, "filter"),
    ("stats", {"distinctId": "ada"}, "distinctId"),
    ("stats", {"eventType": "9"}, "eventType"),
    ("pageviews", {"unit": "fortnight"}, "unit"),
    ("pageviews", {"unit": "minute", "startAt": 0}, "unit"),
    ("metrics", {}, "type"),
    ("metrics", {"type": "shoe size"}, "type"),
    ("metrics", {"type": "path", "limit": "many"}, "limit"),
    ("metrics", {"type": "path", "limit": -1}, "limit"),
    ("events", {"page": 0}, "page"),
    ("events", {"pageSize": "x"}, "pageSize"),
    ("journeys", {"steps": 99}, "steps"),
    ("funnels/stats", {"steps": "{"}, "steps"),
    ("funnels/stats", {"steps": '[{"type":"path","value":"/"}]'}, "steps"),
    ("breakdown", {"fields": "path,path"}, "fields"),
    ("attribution", {"type": "path", "step": "/", "model": "guess"}, "model"),
    ("attribution", {"type": "path"}, "step"),
    ("revenue/stats", {"currency": "E U R"}, "currency"),
    ("event-data/values", {}, "propertyName"),
    ("performance/stats", {"endAt": "x"}, "endAt"),
]


@pytest.mark.parametrize(("path", "query", "field"), WRONG, ids=str)
async def test_a_wrong_value_is_told_with_its_field(
    admin: Umami, site: str, path: str, query: dict[str, Any], field: str
) -> None:
    assert await admin.refused("GET", f"/websites/{site}/{path}", **query) == (400, "bad-request", field)


BODIES: list[tuple[str, object, str | None]] = [
    ("/websites", {}, "name"),
    ("/websites", {"name": ""}, "name"),
    ("/websites", {"name": "x" * 101}, "name"),
    ("/websites", {"name": 5}, "name"),
    ("/websites", {"name": "a", "domain": "x" * 501}, "domain"),
    ("/websites", {"name": "a", "id": "7"}, "id"),
    ("/websites", {"name": "a", "teamId": "7"}, "teamId"),
    ("/websites", {"name": "a", "shareId": "short"}, "slug"),
    ("/users", {"username": "a b", "password": PASSWORD}, "username"),
    ("/users", {"username": "bob", "password": "x"}, "password"),
    ("/teams", {"name": "\x00"}, "name"),
    ("/reports", {"type": "funnel", "name": "F"}, "websiteId"),
    ("/reports/funnel", {"websiteId": "7"}, "websiteId"),
    ("/boards", {"name": "b" * 201}, "name"),
    ("/boards", {"name": "b", "parameters": {"x": "\x00"}}, "parameters"),
    ("/share", {"entityId": "7", "shareType": 1}, "entityId"),
    ("/websites", [], None),
    ("/websites", "text", None),
]


@pytest.mark.parametrize(("path", "body", "field"), BODIES, ids=str)
async def test_a_wrong_body_is_told_with_its_field(
    admin: Umami, site: str, path: str, body: object, field: str | None
) -> None:
    assert await admin.refused("POST", path, body) == (400, "bad-request", field)


async def test_what_is_not_there_is_not_found(admin: Umami, site: str) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"
    for path in (f"/websites/{nowhere}/stats", "/websites/1/stats", "/nothing", f"/websites/{site}/nothing",
                 f"/teams/{nowhere}", f"/websites/{site}/sessions/{nowhere}", f"/websites/{site}/event-data/{nowhere}",
                 f"/reports/{nowhere}", f"/links/{nowhere}", "/share/nothing-here"):  # fmt: skip
        assert (await admin.refused("GET", path))[:2] == (404, "not-found"), path
    assert (await admin.refused("PUT", "/websites"))[0] == 405
    answer = await admin.client.request("OPTIONS", "/api/websites")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")


_NASTY = st.sampled_from(
    ["", " ", "\x00", "\ud800", "%00", "a" * 3000, "1", "-1", "0", "9" * 30, "1e9", "NaN", "null", "true", "[]", "{}",
     "re.(a+)+$", "re.[", "nre..*", "s.", "ns.", "gt.1", "bf.x", "eq.", "eq.a,b,c", "c.'; DROP TABLE users; --", "all",
     "any", "prev", "path", "event", "country", "channel", "distinctId", "UTC", "Asia/Kolkata", "../../etc", "minute",
     "day", "year", "00000000-0000-4000-8000-000000000000", ids.written(1), ids.event_written(1, 1), "1792929600000"]
)  # fmt: skip
_NAMES = st.sampled_from(
    [*FIELDS, *(f"{name}{number}" for name in FIELDS for number in (1, 22)), "startAt", "endAt", "startDate", "endDate",
     "unit", "timezone", "compare", "type", "limit", "offset", "search", "page", "pageSize", "maxResults", "orderBy",
     "sortDescending", "segment", "cohort", "excludeBounce", "match", "eventType", "distinctId", "eventName",
     "propertyName", "metric", "steps", "window", "value", "fields", "model", "step", "currency", "ids", "startStep",
     "endStep", "mode", "name", "domain", "id", "teamId", "userId", "shareId", "websiteId", "parameters", "filters",
     "role", "username", "slug", "url", "entityId", "shareType", "date", "note", "accessCode", "description"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.text(max_size=20) | _NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4), max_leaves=8,
)  # fmt: skip
# They end the session that asks, or take away what the others ask about.
_KEPT = {"/auth/logout", "/me/password", "/auth/login"}


def drawn(count: int) -> list[tuple[Route, dict[str, Any], list[str]]]:
    """Routes, values, and what stands in their paths; drawn first, since hypothesis has no loop of its own."""
    found: list[tuple[Route, dict[str, Any], list[str]]] = []
    routes = [route for route in ROUTES if route.path not in _KEPT and route.method != "DELETE"]

    @settings(
        max_examples=count, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(routes), st.dictionaries(_NAMES, _VALUES, max_size=8), st.lists(_NASTY, min_size=3))
    def draw(route: Route, values: dict[str, Any], parts: list[str]) -> None:
        found.append((route, values, parts))

    draw()
    return found


async def fuzz(admin: Umami, site: str, count: int) -> None:
    await visited(admin, site)
    failed = []
    for route, values, parts in drawn(count):
        path = route.path.replace("{site}", site)
        for part in parts:
            path = re.sub(r"\{\w+\}", lambda _, part=part: _quoted(part), path, count=1)  # type: ignore[misc]
        path = re.sub(r"\{\w+\}", "x", path)
        if route.method == "GET":
            texts = {name: _text(value) for name, value in values.items()}
            answer = await admin.raw("GET", path, None, **({**DAY, **texts} if len(values) % 2 else texts))
        else:
            answer = await admin.client.request(
                route.method, f"/api{path}", content=json.dumps(values).encode(), headers=admin.headers
            )
        if answer.status_code >= 500:
            failed.append((route.method, path, values, answer.text))
        elif answer.status_code >= 400:
            error = answer.json()["error"]
            assert error["status"] == answer.status_code, answer.text
    assert failed == []


def _text(value: object) -> str:
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace").decode()


def _quoted(part: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", lambda match: f"%{ord(match[0]) % 256:02X}", part)[:300] or "x"


async def test_no_request_makes_the_server_fail(admin: Umami, site: str) -> None:
    await fuzz(admin, site, 200)


@pytest.mark.soak
async def test_no_request_makes_the_server_fail_for_long(admin: Umami, site: str) -> None:
    await fuzz(admin, site, 5_000)
