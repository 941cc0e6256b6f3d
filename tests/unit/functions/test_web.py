"""The middleware: one request, one invocation, and the application's answer as it is."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from sightline_lambda import asgi, logger, wsgi

Lines = Callable[[], list[dict[str, Any]]]
ENVIRON = {"REQUEST_METHOD": "GET", "HTTP_X_SIGHTLINE_VISIT": "7004152233", "HTTP_X_CORRELATION_ID": "c-1"}


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    logger.info("asked")
    yield b"a"
    if environ.get("fail"):
        raise LookupError("no such plant")
    yield b"b"


def test_a_wsgi_request_is_an_invocation(lines: Lines) -> None:
    observed = wsgi(application, service="shop")
    assert list(observed(dict(ENVIRON), lambda *_: None)) == [b"a", b"b"]
    line, emf = lines()
    assert (line["visit_id"], line["correlation_id"], line["service"]) == ("7004152233", "c-1", "shop")
    assert (emf["Invocations"], emf["Errors"]) == (1, 0)


def test_a_wsgi_body_that_fails_is_an_error_and_fails(lines: Lines) -> None:
    body = wsgi(application)({**ENVIRON, "fail": True}, lambda *_: None)
    with pytest.raises(LookupError, match="no such plant"):
        list(body)
    body.close()  # type: ignore[attr-defined]
    assert [line["Errors"] for line in lines() if "_aws" in line] == [1]


def test_a_wsgi_body_that_nobody_reads_ends_when_it_is_closed(lines: Lines) -> None:
    body = wsgi(lambda environ, start_response: [b"x"])(dict(ENVIRON), None)
    body.close()  # type: ignore[attr-defined]
    assert [line["Invocations"] for line in lines()] == [1]


def asked(app: Any, kind: str = "http") -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "headers": [(b"x-sightline-visit", b"7004152233")]}
    asyncio.run(app(scope, None, send))
    return sent


def test_an_asgi_request_is_an_invocation_and_other_scopes_pass(lines: Lines) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        logger.info("asked")
        await send({"type": scope["type"]})

    assert asked(asgi(app, service="shop")) == [{"type": "http"}]
    line, emf = lines()
    assert (line["visit_id"], emf["Invocations"]) == ("7004152233", 1)
    assert len(line["correlation_id"]) == 32
    assert asked(asgi(app), "lifespan") == [{"type": "lifespan"}]
    assert [one for one in lines() if "_aws" in one] == []


def test_an_asgi_application_that_fails_fails(lines: Lines) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("no such plant")

    with pytest.raises(LookupError, match="no such plant"):
        asked(asgi(app))
    assert [line["Errors"] for line in lines() if "_aws" in line] == [1]
