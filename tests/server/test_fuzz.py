"""Whatever is sent, the API answers in its shape and never with a 5xx."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sightline.database.pool import Database
from sightline.operate.house import House
from sightline.server.application import api
from tests.server.application import Browser, housed
from tests.server.conftest import PASSWORD
from tests.vaulting import Place

_SPECIAL = st.sampled_from(
    ["", " ", "\x00", "\ud800", "a" * 2000, "1", "-1", "9223372036854775808", "UTC", "admin", "owner", "site:read",
     "ada@example.com", PASSWORD, "*.example.com", "%00", "../..", "' OR 1=1 --",
     "00000000-0000-0000-0000-000000000000"]
)  # fmt: skip
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30),
    _SPECIAL,
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture
async def house(place: Place, tmp_path: Path) -> AsyncIterator[House]:
    """With a vault."""
    async with housed(place.database, tmp_path, place.login) as found:
        yield found


@pytest.fixture
def database(place: Place) -> Database:
    """The one in which Ada sets up the instance."""
    return place.database


def operations() -> list[tuple[str, str, list[str]]]:
    """Method, path and the names of body fields of every route that keeps the session alive."""
    document: dict[str, Any] = api().openapi()
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path in {"/api/v1/sign-out", "/api/v1/me/password", "/api/v1/me/sign-ins/{sign_in}"}:
                continue
            if path.endswith("/logs/tail"):  # lasts for minutes, and has its own tests
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            fields = document["components"]["schemas"].get(name, {}).get("properties", {})
            queries = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            found.append((method.upper(), path, sorted(fields) or queries))
    return found


async def test_no_request_makes_the_server_fail(admin: Browser, house: House) -> None:
    known = operations()
    requests: list[tuple[str, str, dict[str, Any]]] = []

    # Drawn first and sent afterwards: hypothesis has no loop of its own.
    @settings(
        max_examples=400, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        method, path, fields = data.draw(st.sampled_from(known))
        values = {
            name: data.draw(_SPECIAL | st.text(max_size=30) | _VALUES)
            for name in fields
            if data.draw(st.integers(0, 4))
        }
        while "{" in path:
            start, end = path.index("{"), path.index("}")
            part = str(data.draw(st.sampled_from(["1", "2", "0", "x", "%00", "%ED%A0%80", "9" * 30, "a" * 200])))
            path = path[:start] + part + path[end + 1 :]
        requests.append((method, path, values))

    draw()
    assert len(requests) >= 400
    for method, path, values in requests:
        if method == "GET":
            texts = {name: str(value).encode("utf-8", "replace").decode() for name, value in values.items()}
            answer = await admin.client.request(method, path, params=texts, headers=admin.headers)
        else:
            answer = await admin.client.request(
                method, path, content=json.dumps(values).encode(),
                headers={**admin.headers, "content-type": "application/json"},
            )  # fmt: skip
        assert answer.status_code < 500, (method, path, values, answer.text)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error", "request_id"}, (method, path, values)
