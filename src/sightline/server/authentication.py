"""Who sends a request: a cookie of a sign-in, or an API key as bearer; and what protects cookies from other sites.

A request with a bearer key is judged by the key alone, whatever cookies it carries, and needs no CSRF token: no browser
adds such a header by itself. A request that changes something and is signed by a cookie has to come from this origin
and repeat the sign-in's CSRF token, which only a page of this origin can read.
"""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response
from msgspec import Struct

from sightline.accounts import api_keys, sign_ins, throttle, tokens
from sightline.accounts.callers import Caller, CallerKind, nobody
from sightline.errors import NotAllowed, NotSignedIn
from sightline.operate.house import House
from sightline.server.errors import request_id
from sightline.server.health import Ready

CSRF_HEADER: Final = "x-sightline-csrf"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE: Final = "sightline"
# A cookie of this prefix is taken from https only, and from no other host of the domain (RFC 6265bis 4.1.3.2).
_SECURE_COOKIE: Final = "__Host-sightline"


class CsrfRefused(NotAllowed):
    """This request did not come from a page of Sightline."""

    code = "csrf"


class Process(Struct):
    """What every request of the typed API finds in its state: its routes are the same for every house."""

    house: House
    readiness: Ready
    tails: int = 0  # streams of lines that are open


def process(request: Request) -> Process:
    found: Process = request.state.process
    return found


def house(request: Request) -> House:
    """The parts of the process."""
    return process(request).house


async def caller_of(request: Request) -> Caller:
    """Who asks; found once per request. A key that does not work is an error, not a request of nobody."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = request.state.caller = await _authenticate(request)
    return known


def check_same_origin(request: Request, *, strictly: bool) -> None:
    """Refuse what another site's page made a browser send; `strictly` also what does not say where it is from."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise CsrfRefused(hint="Open Sightline itself and try again.")
        return
    origin = request.headers.get("origin")
    if origin is None:
        if strictly:
            raise CsrfRefused("the request does not say which page it comes from", hint="Programs use an API key.")
        return
    if origin not in _own_origins(request):
        raise CsrfRefused(hint="Check server.public_url if this is Sightline's own page.")


def session_token(request: Request) -> str | None:
    return request.cookies.get(_cookie_name(request))


def csrf_token(request: Request) -> str | None:
    """What pages of this sign-in repeat in the header."""
    token = session_token(request)
    return tokens.csrf(token) if token else None


def set_session(request: Request, response: Response, token: str) -> None:
    """Hand out a sign-in. It lasts as long as the server says; the cookie only has to last longer."""
    https = _https(request)
    response.set_cookie(
        _cookie_name(request), token, max_age=400 * 24 * 3600, path="/", secure=https, httponly=True, samesite="lax"
    )


def drop_session(request: Request, response: Response) -> None:
    https = _https(request)
    response.delete_cookie(_cookie_name(request), path="/", secure=https, httponly=True, samesite="lax")


def origin_key(request: Request) -> bytes:
    """Where a sign-in comes from, hashed: the address itself goes no further than this line."""
    return throttle.origin_key(request.client.host if request.client else "")


async def _authenticate(request: Request) -> Caller:
    parts, identity = house(request), request_id(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        found = nobody(identity)
        if scheme.lower() == "bearer":
            found = await api_keys.authenticate(parts.database, token.strip(), request_id=identity)
        if not found.is_known:
            raise NotSignedIn("this API key is wrong, revoked or expired", hint="Send Authorization: Bearer sl_….")
        return found
    token = session_token(request) or ""
    if not token:
        return nobody(identity)
    hours = parts.settings.accounts.session_hours
    found = await sign_ins.authenticate(parts.database, token, hours=hours, request_id=identity)
    if found.kind is CallerKind.USER and request.method not in SAFE_METHODS:
        check_same_origin(request, strictly=True)
        if not tokens.same(request.headers.get(CSRF_HEADER, ""), tokens.csrf(token)):
            raise CsrfRefused("the CSRF token is missing or wrong", hint="Take csrf_token from /api/v1/me.")
    return found


def _https(request: Request) -> bool:
    return house(request).settings.server.public_url.startswith("https://")


def _cookie_name(request: Request) -> str:
    return _SECURE_COOKIE if _https(request) else _COOKIE


def _own_origins(request: Request) -> set[str]:
    public = house(request).settings.server.public_url
    if public:
        parts = urlsplit(public)
        # As browsers write it: in lower case, without the port that goes without saying.
        netloc = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
        return {f"{parts.scheme}://{netloc}"}
    return {f"{request.url.scheme}://{request.headers.get('host', '')}"}
