"""Fetches one page of a site from outside, to say why nothing arrives from it; or a style sheet, to show one as it was.

What is fetched is chosen by whoever may change the site, so it must not become a way into the network of this server:
the host has to be one of the site's own domains, its addresses have to be public ones, and the connection goes to the
very address that was looked at, not to what the name means a moment later. Loopback is allowed only where nobody else
reaches this server, which is a demo on somebody's own machine. Redirects are followed by the same rules.
"""

import asyncio
import contextlib
import http.client
import io
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from msgspec import Struct

from sightline.collect.policy import belongs
from sightline.errors import InvalidValue, ServiceError
from sightline.operate.page_faults import Expected, Fault, Found, examine

_MOST_BYTES: Final = 2_000_000
_TIMEOUT_S: Final = 10
_REDIRECTS: Final = 4
_PORTS: Final = {"http": 80, "https": 443}
_AT_ONCE: Final = asyncio.Semaphore(4)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_AGENT: Final = "Mozilla/5.0 (compatible; Sightline site check)"


class Unreachable(ServiceError):
    """The page could not be fetched."""

    code = "page_unreachable"


class Whose(Struct, frozen=True, kw_only=True):
    """What may be fetched: pages of these domains; of this machine, where the server is nobody else's."""

    domains: tuple[str, ...]
    loopback: bool


class Page(Struct, frozen=True, kw_only=True):
    """A page as it was answered."""

    url: str
    status: int
    kind: str
    policies: Sequence[str]
    text: str

    @property
    def is_html(self) -> bool:
        return self.kind in {"text/html", "application/xhtml+xml"}


def is_loopback(host: str) -> bool:
    """Whether a host of an address bar is this machine."""
    return host in _LOOPBACK


async def check(url: str, whose: Whose, expected: Expected) -> tuple[str, list[Found]]:
    """Fetch a page and say what is wrong with it, with the address at which it was found."""
    vetted(url, whose)
    try:
        async with _AT_ONCE, asyncio.timeout(_TIMEOUT_S):
            page = await fetched(url, whose)
    except Unreachable as exc:
        return url, [Found(Fault.UNREACHABLE, exc.message)]
    except TimeoutError:
        return url, [Found(Fault.UNREACHABLE, f"no answer within {_TIMEOUT_S} s")]
    if page.status >= 400:
        return page.url, [Found(Fault.STATUS, str(page.status))]
    if not page.is_html:
        return page.url, [Found(Fault.NO_PAGE)]
    return page.url, await asyncio.to_thread(examine, page.url, page.text, page.policies, expected)


def vetted(url: str, whose: Whose) -> SplitResult:
    """The parts of an address that may be fetched."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as exc:
        raise InvalidValue("this is no address", field="url", hint="Write it as https://shop.example.com/.") from exc
    if parts.scheme not in _PORTS or not host or parts.username is not None or len(url) > 2000 or not url.isprintable():
        raise InvalidValue("this is no address", field="url", hint="Write it as https://shop.example.com/.")
    if is_loopback(host):
        if not whose.loopback:
            raise InvalidValue(
                "this server fetches no pages of its own machine", field="url", hint="Name the public address."
            )
        return parts
    if not belongs(host, whose.domains):
        raise InvalidValue(
            "this address is not on one of the site's domains", field="url", hint="Add the domain to the site first."
        )
    if port not in {None, _PORTS[parts.scheme]}:
        raise InvalidValue("only the usual ports are fetched", field="url", hint="Leave the port out.")
    return parts


async def fetched(url: str, whose: Whose, *, accept: str = "text/html") -> Page:
    """Fetch what a site answers; raises `Unreachable`."""
    for _ in range(_REDIRECTS + 1):
        try:
            parts = vetted(url, whose)
        except InvalidValue as exc:
            raise Unreachable(f"it leads elsewhere, to {urlsplit(url).hostname or url[:100]!r}") from exc
        answer = await _get(parts, accept)
        location = answer.headers.get("location")
        if answer.status not in {301, 302, 303, 307, 308} or not location:
            return _page(url, answer)
        url = urljoin(url, location)
    raise Unreachable(f"it redirects more than {_REDIRECTS} times")


class _Answer(Struct, frozen=True):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


async def _get(parts: SplitResult, accept: str) -> _Answer:
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await _connected(host, port, secure)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        writer.write(
            f"GET {_ascii(path)} HTTP/1.1\r\nHost: {_ascii(parts.netloc)}\r\nUser-Agent: {_AGENT}\r\n"
            f"Accept: {accept}\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        await writer.drain()
        raw = b""
        while len(raw) < _MOST_BYTES and (part := await reader.read(65536)):
            raw += part
    except OSError as exc:
        raise Unreachable(f"{host}: {_reason(exc)}") from exc
    finally:
        writer.transport.abort()  # all that is wanted was read; a polite end of TLS may take half a minute
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return _parsed(raw, host)


async def _connected(
    host: str, port: int, secure: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of the host's addresses that takes one."""
    failed: OSError | None = None
    for address in await _addresses(host, port):
        try:
            return await asyncio.open_connection(
                address, port, ssl=secure, server_hostname=host if secure else None, limit=_MOST_BYTES
            )
        except OSError as exc:  # of which ssl.SSLError is one
            failed = exc
    raise Unreachable(f"{host}: {_reason(failed)}") from failed


class _Bytes:
    """What `http.client` reads from instead of a socket."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_args: Any, **_named: Any) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _parsed(raw: bytes, host: str) -> _Answer:
    try:
        answer = http.client.HTTPResponse(_Bytes(raw))  # type: ignore[arg-type]
        answer.begin()
        try:
            body = answer.read()
        except http.client.IncompleteRead as exc:  # longer than what we take, or cut off: the head is what matters
            body = exc.partial
    except (http.client.HTTPException, ValueError) as exc:
        raise Unreachable(f"{host}: what answers does not speak HTTP") from exc
    return _Answer(answer.status, answer.headers, body)


def _page(url: str, answer: _Answer) -> Page:
    kind = answer.headers.get_content_type()
    charset = answer.headers.get_content_charset("utf-8")
    try:
        text = answer.body.decode(charset, "replace")
    except LookupError:
        text = answer.body.decode("utf-8", "replace")
    policies = answer.headers.get_all("content-security-policy") or []
    return Page(
        url=url, status=answer.status, kind=kind, policies=policies, text=text,
    )  # fmt: skip


async def _addresses(host: str, port: int) -> list[str]:
    """The addresses to connect to, if every one of them may be."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise Unreachable(f"there is no host {host!r}") from exc
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    local = is_loopback(host)
    for address in addresses:
        plain = getattr(address, "ipv4_mapped", None) or address
        if not (plain.is_loopback if local else plain.is_global and not plain.is_multicast):
            raise Unreachable(f"{host} has the address {plain}, which is not public")
    return [str(address) for address in dict.fromkeys(addresses)]


def _reason(exc: OSError | None) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {exc.verify_message}"
    if isinstance(exc, ssl.SSLError):
        return "no secure connection"
    return (exc.strerror if exc else None) or "no connection"


def _ascii(text: str) -> str:
    """What may stand in the first line of a request: all else by its bytes."""
    return quote(text, safe="!#$%&'()*+,/:;=?@[]~")
