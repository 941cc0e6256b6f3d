"""Who calls: a bearer token of a sign-in, an API key, or the token of a share. Never a cookie.

No browser sends a bearer token by itself, so nothing here needs protection against other sites' pages.
"""

from collections.abc import Mapping

from sightline.accounts import api_keys, shares, sign_ins, tokens
from sightline.accounts.callers import Caller, nobody
from sightline.errors import NotSignedIn
from sightline.operate.house import House

SHARE_TOKEN = "x-umami-share-token"  # noqa: S105 - the name of a header
API_KEY = "x-umami-api-key"


def bearer(headers: Mapping[str, str]) -> str:
    """The token that a call came with."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get(API_KEY, "").strip()


async def caller_of(house: House, headers: Mapping[str, str], request_id: str) -> Caller:
    """Who calls; a token that does not work is an error, not a call of nobody."""
    if token := bearer(headers):
        found = await _holder(house, token, request_id)
        if not found.is_known:
            raise NotSignedIn("this token is wrong, expired or signed out", hint="Sign in again.")
        return found
    if token := headers.get(SHARE_TOKEN, "").strip():
        return await shares.holder(house.database, token, request_id=request_id)
    return nobody(request_id)


async def _holder(house: House, token: str, request_id: str) -> Caller:
    if token.startswith(tokens.API_KEY):
        return await api_keys.authenticate(house.database, token, request_id=request_id)
    hours = house.settings.accounts.session_hours
    return await sign_ins.authenticate(house.database, token, hours=hours, request_id=request_id)
