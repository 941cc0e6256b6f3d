"""Fetching a page of a site: what is found, and what is never fetched."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sightline.errors import InvalidValue
from sightline.operate import page_check
from sightline.operate.page_check import Whose, check
from sightline.operate.page_faults import Expected, Fault

EXPECTED = Expected(names=frozenset({"pk_own"}), origins=frozenset({"https://stats.example.net"}), path="/abc123")
TAG = b'<script async src="https://stats.example.net/abc123/s.js" data-site="pk_own"></script>'
HERE = Whose(domains=("shop.example.com",), loopback=True)
Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: bytes | Serve) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer every request so; yield the address, and what was asked."""
    asked: list[bytes] = []
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())  # type: ignore[arg-type]
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(head, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
        await asyncio.gather(*handling)


def page(body: bytes, *head: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"content-type: text/html; charset=utf-8", *head]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def found(answer: bytes | Serve) -> list[tuple[Fault, str]]:
    async with serving(answer) as (url, _):
        return [(one.fault, one.detail) for one in (await check(url, HERE, EXPECTED))[1]]


async def test_a_page_is_read_also_in_chunks_and_without_cookies() -> None:
    async with serving(page(TAG)) as (url, asked):
        assert await check(f"{url}/a b?c=ü", HERE, EXPECTED) == (f"{url}/a b?c=ü", [])
    assert asked[0].startswith(b"GET /a%20b?c=%C3%BC HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"cookie" not in asked[0].lower()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (TAG[:20], TAG[20:])) + b"0\r\n\r\n"
    assert await found(page(chunks, b"transfer-encoding: chunked")) == []


async def test_each_way_to_fail_is_named() -> None:
    assert await found(page(b"Hello")) == [(Fault.ABSENT, "")]
    assert await found(page(b"Gone", status=b"404 Not Found")) == [(Fault.STATUS, "404")]
    assert await found(b"HTTP/1.1 200 OK\r\ncontent-type: application/pdf\r\n\r\n%PDF") == [(Fault.NO_PAGE, "")]
    assert await found(b"SSH-2.0-OpenSSH\r\n") == [(Fault.UNREACHABLE, "127.0.0.1: what answers does not speak HTTP")]
    policies = page(TAG, b"content-security-policy: script-src 'self'", b"content-security-policy: connect-src *")
    assert await found(policies) == [(Fault.CSP_SCRIPT, "'self'")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/"
    _, (fault,) = await check(closed, HERE, EXPECTED)
    assert fault.fault is Fault.UNREACHABLE


async def test_an_endless_page_is_read_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_check, "_MOST_BYTES", 200_000)
    sent = 0

    async def endless(_head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(page(TAG))
        with contextlib.suppress(ConnectionError):  # which ends it
            while sent < 100_000_000:
                writer.write(b"x" * 65536)
                sent += 65536
                await writer.drain()

    assert await found(endless) == []
    assert sent < 20_000_000


async def test_a_page_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_check, "_TIMEOUT_S", 0.2)

    async def drip(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await asyncio.sleep(0.4)

    assert await found(drip) == [(Fault.UNREACHABLE, "no answer within 0.2 s")]


@pytest.mark.parametrize(
    "location", [b"http://169.254.169.254/latest/", b"https://evil.example/", b"//10.0.0.1/", b"file:///etc/passwd"]
)
async def test_a_redirect_leads_nowhere_else(location: bytes) -> None:
    ((fault, detail),) = await found(page(b"", b"location: " + location, status=b"302 Found"))
    assert fault is Fault.UNREACHABLE
    assert detail.startswith("it leads elsewhere")


async def test_redirects_end() -> None:
    assert await found(page(b"", b"location: /", status=b"302 Found")) == [
        (Fault.UNREACHABLE, "it redirects more than 4 times")
    ]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.9", "169.254.169.254", "::1", "fd00::1", "fe80::1", "0.0.0.0",
     "::ffff:10.0.0.1", "100.64.0.1", "224.0.0.1"],
)  # fmt: skip
async def test_a_domain_that_means_a_private_address_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    async def resolved(_host: str, port: int, **_named: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("93.184.215.14", address)]

    async def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    monkeypatch.setattr(asyncio, "open_connection", never)
    _, (fault,) = await check("https://shop.example.com/", HERE, EXPECTED)
    assert fault.fault is Fault.UNREACHABLE
    assert fault.detail == f"shop.example.com has the address {address.removeprefix('::ffff:')}, which is not public"


async def test_a_foreign_page_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(InvalidValue, match="not on one of the site's domains"):
        await check("https://other.example.com/", HERE, EXPECTED)
    with pytest.raises(InvalidValue, match="its own machine"):
        await check("http://127.0.0.1/", Whose(domains=(), loopback=False), EXPECTED)
