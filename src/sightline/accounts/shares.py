"""Shares: a slug that opens one site, link, pixel or board to whoever knows it, on some pages.

The slug is exchanged for a token that lasts a day. It names the share, which is read anew with every request: a share
that is removed, or narrowed, is so at once. What it may not show is refused here, on the server.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts.callers import Caller, CallerKind, ShareLimits
from sightline.accounts.links import LinkKind
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue, NotFound, NotSignedIn
from sightline.sql import queries

SQL: Final = queries("sightline.accounts", "shares.sql")
TOKEN_S: Final = 24 * 3600
_SLUG: Final = re.compile(r"[A-Za-z0-9_-]{8,100}")
_RANDOM: Final = 16
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# A share that says nothing shows what is least.
_LEAST: Final = frozenset({"overview"})
_OPTIONS: Final = frozenset({"allowFilter", "theme"})


class Shared(StrEnum):
    """What is shared."""

    SITE = "site"
    LINK = "link"
    BOARD = "board"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One share. `shows` holds its pages, each true or false, and options of whoever draws them."""

    id: int
    uuid: UUID
    site_id: int | None
    link_id: int | None
    board_id: int | None
    name: str
    slug: str
    shows: dict[str, Any]
    created_at: datetime
    changed_at: datetime


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A share that somebody opened by its slug, and the token for what follows."""

    uuid: UUID
    what: Shared
    pixel: bool
    of: UUID
    shows: dict[str, Any]
    sites: tuple[UUID, ...]
    token: str


async def listing(database: Database, what: Shared, thing_id: int) -> list[Share]:
    return [_share(row) for row in await database.fetch(SQL["list"], *_ids(what, thing_id))]


async def show(database: Database, share: UUID) -> Share:
    """One share, for whoever looks next whether the caller may see what it belongs to."""
    return _share(await database.fetchrow(SQL["by_uuid"], share))


async def create(  # noqa: PLR0913 - what a share is
    database: Database, caller: Caller, what: Shared, thing_id: int, *, name: str, shows: Mapping[str, Any],
    slug: str = "",
) -> Share:  # fmt: skip
    """Share something, for whoever may change it."""
    slug = _checked_slug(slug) if slug else secrets.token_urlsafe(_RANDOM)
    row = await database.fetchrow(
        SQL["insert"], uuid4(), *_ids(what, thing_id), _checked_name(name), slug, _checked_shows(shows),
        secrets.token_bytes(32), caller.user_id, clock.now(),
    )  # fmt: skip
    if row is None:
        raise Conflict("this slug is taken", field="slug", hint="Choose another.")
    return _share(row)


async def change(database: Database, share: Share, *, name: str, slug: str, shows: Mapping[str, Any]) -> Share:
    try:
        row = await database.fetchrow(
            SQL["change"], share.id, _checked_name(name), _checked_slug(slug), _checked_shows(shows),
            secrets.token_bytes(32), clock.now(),
        )  # fmt: skip
    except asyncpg.UniqueViolationError as exc:
        raise Conflict("this slug is taken", field="slug", hint="Choose another.") from exc
    return _share(row)


async def remove(database: Database, share: Share) -> None:
    if await database.fetchval(SQL["remove"], share.id) is None:
        raise _unknown()


async def slugs(database: Database, site_ids: list[int]) -> dict[int, str]:
    """The slug by which each site was shared first."""
    return {row["site_id"]: row["slug"] for row in await database.fetch(SQL["slugs_of_sites"], site_ids)}


async def opened(database: Database, slug: str) -> Opened:
    """Open a share by its slug."""
    row = await database.fetchrow(SQL["open"], slug, None) if _SLUG.fullmatch(slug) else None
    if row is None:
        raise _unknown()
    sites = await _sites(database, row)
    if not sites:
        raise _unknown()
    what = Shared.BOARD if row["board_id"] else Shared.LINK if row["link_id"] else Shared.SITE
    of = row["board_uuid"] or row["link_uuid"] or sites[0]["uuid"]
    return Opened(
        uuid=row["uuid"], what=what, pixel=row["link_kind"] == LinkKind.PIXEL, of=of,
        shows=msgspec.json.decode(row["shows"]), sites=tuple(site["uuid"] for site in sites),
        token=_token(row["id"], row["secret"], clock.now_ms() // 1000 + TOKEN_S),
    )  # fmt: skip


async def holder(database: Database, token: str, *, request_id: str = "") -> Caller:
    """Who holds this token."""
    share_id, expires_s = _read_token(token)
    row = await database.fetchrow(SQL["open"], None, share_id)
    right = row is not None and hmac.compare_digest(_token(share_id, row["secret"], expires_s), token)
    if row is None or not right or expires_s * 1000 <= clock.now_ms():
        raise _wrong_token()
    sites = await _sites(database, row)
    shows = msgspec.json.decode(row["shows"], type=dict[str, Any])
    limits = ShareLimits(
        share_id=share_id,
        board_id=row["board_id"],
        tenant_ids=frozenset(site["tenant_id"] for site in sites),
        site_ids=frozenset(site["id"] for site in sites),
        pages=_pages(shows) if row["board_id"] is None else frozenset({"board"}),
        may_filter=shows.get("allowFilter") is not False,
        only=(f"path:eq:/{'q' if row['link_kind'] == 'link' else 'p'}/{row['link_slug']}",) if row["link_id"] else (),
    )
    return Caller(kind=CallerKind.SHARE, share=limits, request_id=request_id)


def named_in(layout: object) -> frozenset[UUID]:
    """Every UUID that stands in a board's layout, wherever whoever draws it has put it."""
    return frozenset(UUID(text) for text in _texts(layout) if _UUID.fullmatch(text))


async def _sites(database: Database, row: asyncpg.Record) -> list[asyncpg.Record]:
    if row["board_id"] is not None:
        named = list(named_in(msgspec.json.decode(row["layout"])))
        return list(await database.fetch(SQL["sites_of_board"], named, row["board_team"], row["board_user"]))
    return list(await database.fetch(SQL["site"], row["link_site"] or row["site_id"]))


def _pages(shows: Mapping[str, Any]) -> frozenset[str]:
    said = {name: value for name, value in shows.items() if name not in _OPTIONS}
    return frozenset(name for name, value in said.items() if value is True) if said else _LEAST


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)


def _token(share_id: int, secret: bytes, expires_s: int) -> str:
    head = share_id.to_bytes(8, "big") + expires_s.to_bytes(8, "big")
    return base64.urlsafe_b64encode(head + hmac.digest(secret, b"share" + head, hashlib.sha256)).decode()


def _read_token(token: str) -> tuple[int, int]:
    try:
        data = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != 48 or data[0] & 0x80:
        raise _wrong_token()
    return int.from_bytes(data[:8], "big"), int.from_bytes(data[8:16], "big")


def _ids(what: Shared, thing_id: int) -> tuple[int | None, int | None, int | None]:
    return tuple(thing_id if what is one else None for one in Shared)  # type: ignore[return-value]


def _checked_name(name: str) -> str:
    cleaned = name.strip()
    if not 1 <= len(cleaned) <= 200 or not cleaned.isprintable():
        raise InvalidValue("name has 1 to 200 characters on one line", field="name")
    return cleaned


def _checked_slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise InvalidValue(
            "a slug has 8 to 100 letters, digits, - or _", field="slug", hint="Leave it out for a random one."
        )
    return slug


def _checked_shows(shows: Mapping[str, Any]) -> str:
    text = msgspec.json.encode(shows).decode()
    if len(text) > 10_000 or "\\u0000" in text:
        raise InvalidValue("parameters are too large, or hold what is no text", field="parameters")
    return text


def _share(row: asyncpg.Record | None) -> Share:
    if row is None:
        raise _unknown()
    return Share(**{**row, "shows": msgspec.json.decode(row["shows"])})


def _unknown() -> NotFound:
    return NotFound("there is no such share, or it shows nothing any more")


def _wrong_token() -> NotSignedIn:
    return NotSignedIn("this share's token is wrong, expired or taken back", hint="Open the share again.")
