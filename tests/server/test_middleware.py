"""What every request passes through, over real sockets."""

import asyncio
import json
import logging

import httpx
import pytest

from sightline.errors import Conflict
from sightline.server.asgi import App, Receive, Scope, Send, answer, answer_json
from sightline.server.health import Ready, healthz
from sightline.server.logs import JsonLines
from sightline.server.middleware.access import Access
from sightline.server.middleware.limits import BodyLimit, Timeout
from sightline.server.middleware.security import SecurityHeaders
from sightline.server.routing import Router
from tests.server.serving import serving


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await answer_json(send, 200, {"size": size})


async def hang(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(60)


async def break_down(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("jane@example.com broke it")


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    raise Conflict("it is already there", hint="Choose another name.")


async def own_policy(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, 200, b"", headers=[(b"content-security-policy", b"sandbox")])


def stack() -> App:
    router = Router(
        {
            ("POST", "/read"): read_all,
            ("GET", "/hang"): hang,
            ("GET", "/break"): break_down,
            ("GET", "/refuse"): refuse,
            ("GET", "/own"): own_policy,
            ("GET", "/healthz"): healthz,
        },
        {"/deep/": read_all, "/deep/er/": healthz},
    )
    return SecurityHeaders(Access(Timeout(BodyLimit(router, 1000), 0.2)), https=True)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_declared_or_not(*, declared: bool) -> None:
    async def chunks() -> object:
        for _ in range(11):
            yield b"x" * 100

    async with serving(stack()) as url, httpx.AsyncClient() as client:
        fits = await client.post(f"{url}/read", content=b"x" * 1000)
        assert fits.json() == {"size": 1000}
        body = b"x" * 1001 if declared else chunks()
        refused = await client.post(f"{url}/read", content=body)  # type: ignore[arg-type]
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == "too_large"


async def test_a_request_that_takes_too_long_is_ended_and_says_so() -> None:
    async with serving(stack()) as url, httpx.AsyncClient() as client:
        found = await client.get(f"{url}/hang")
    assert found.status_code == 503
    assert found.json()["error"]["code"] == "timeout"
    assert found.headers["retry-after"] == "2"


async def test_an_unexpected_error_is_answered_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(stack()) as url, httpx.AsyncClient() as client:
        found = await client.get(f"{url}/break")
    assert found.status_code == 500
    assert "jane" not in found.text
    assert found.json()["request_id"] == found.headers["x-request-id"]
    assert any(record.message == "request failed" for record in caplog.records)


async def test_an_error_of_ours_has_one_shape() -> None:
    async with serving(stack()) as url, httpx.AsyncClient() as client:
        found = await client.get(f"{url}/refuse")
    assert found.status_code == 409
    assert found.json()["error"] == {
        "code": "conflict",
        "message": "it is already there",
        "hint": "Choose another name.",
    }


async def test_every_answer_has_the_security_headers_and_a_route_may_have_its_own() -> None:
    async with serving(stack()) as url, httpx.AsyncClient() as client:
        missing = await client.get(f"{url}/nowhere")
        own = await client.get(f"{url}/own")
    assert missing.status_code == 404
    assert "script-src 'self'" in missing.headers["content-security-policy"]
    assert missing.headers["x-content-type-options"] == "nosniff"
    assert missing.headers["strict-transport-security"] == "max-age=31536000"
    assert own.headers["content-security-policy"] == "sandbox"


async def test_the_longest_prefix_wins_and_a_wrong_method_names_the_right_one() -> None:
    async with serving(stack()) as url, httpx.AsyncClient() as client:
        assert (await client.post(f"{url}/deep/x")).json() == {"size": 0}
        assert (await client.get(f"{url}/deep/er/x")).json()["status"] == "ok"
        wrong = await client.get(f"{url}/read")
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"


async def test_the_access_log_holds_ids_and_the_template_but_nothing_that_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "sightline.access")
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with serving(stack()) as url, httpx.AsyncClient() as client:
        await client.get(
            f"{url}/healthz?email=jane@example.com",
            headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01", "user-agent": "Jane's browser"},
        )
        await client.get(f"{url}/jane@example.com")
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "sightline.access"]
    documents = [json.loads(line) for line in lines]
    assert [found["route"] for found in documents] == ["/healthz", "unmatched"]
    assert documents[0]["trace_id"] == trace
    assert documents[0]["status"] == 200
    assert "jane" not in "".join(lines).lower()


async def test_readyz_names_what_is_down_and_waits_for_no_one() -> None:
    async def up() -> str:
        return "fine"

    async def broken() -> str:
        raise Conflict("it is not well", hint="Give it a rest.")

    ready = Ready({"database": broken, "keys": up}, {"jobs": broken})
    async with serving(Access(Router({("GET", "/readyz"): ready}, {}))) as url, httpx.AsyncClient() as client:
        found = await client.get(f"{url}/readyz")
        assert found.status_code == 503
        assert found.json()["down"] == ["database"]
        parts = {part["name"]: part for part in found.json()["parts"]}
        assert parts["database"]["hint"] == "Give it a rest."
        assert parts["keys"]["state"] == "up"
        ready.stopping = True
        assert (await client.get(f"{url}/readyz")).json()["status"] == "stopping"
