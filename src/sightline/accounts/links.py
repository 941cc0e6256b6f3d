"""Links and pixels of a site: addresses of ours that count whoever opens them, and send them on or show a picture."""

import re
import secrets
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec

from sightline import clock
from sightline.accounts import names
from sightline.accounts.scopes import Scope
from sightline.database.pool import Database
from sightline.errors import Conflict, InvalidValue, NotFound
from sightline.sql import queries

SQL: Final = queries("sightline.accounts", "links.sql")
_SLUG: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LONGEST_URL: Final = 2048
_RANDOM: Final = 8


class LinkKind(StrEnum):
    """What an address of ours does."""

    LINK = "link"
    PIXEL = "pixel"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link, or one pixel, which has no `url`."""

    id: int
    uuid: uuid.UUID
    kind: LinkKind
    name: str
    slug: str
    url: str
    created_at: datetime


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A link or pixel, and the site and team that it belongs to."""

    link: Link
    site_id: int
    site_uuid: uuid.UUID
    tenant_id: int


class LinkChange(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change; None stays as it is."""

    name: str | None = None
    slug: str | None = None
    url: str | None = None


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a new one needs to be told; without a slug it gets a random one."""

    kind: LinkKind
    name: str
    slug: str = ""
    url: str = ""


async def listing(
    database: Database, scope: Scope, *, kind: LinkKind | None = None, after: int | None = None, limit: int = 50
) -> list[Link]:
    return [_link(row) for row in await database.fetch(SQL["list"], scope.site, kind, after, limit)]


async def of_sites(database: Database, scope: Scope, kind: LinkKind, *, limit: int) -> list[Placed]:
    """Those of all sites of a scope."""
    return [_placed(row) for row in await database.fetch(SQL["of_sites"], sorted(scope.sites), kind, limit)]


async def place(database: Database, link: uuid.UUID, kind: LinkKind) -> Placed:
    """One by its UUID, for whoever looks next whether the caller may see its site."""
    return _placed(await database.fetchrow(SQL["by_uuid"], link, kind))


async def change(database: Database, scope: Scope, link: Link, wanted: LinkChange) -> Link:
    name = names.name(wanted.name) if wanted.name is not None else link.name
    slug = short_name(wanted.slug) if wanted.slug else link.slug
    url = destination(wanted.url) if wanted.url is not None and link.kind is LinkKind.LINK else link.url
    try:
        row = await database.fetchrow(SQL["change"], scope.site, link.id, name, slug, url)
    except asyncpg.UniqueViolationError as exc:
        raise Conflict(f"the short name {slug!r} is taken", field="slug", hint="Choose another.") from exc
    return _link(row)


async def create(database: Database, scope: Scope, new: NewLink) -> Link:
    name, slug = names.name(new.name), new.slug or secrets.token_urlsafe(_RANDOM)
    short_name(slug)
    url = destination(new.url) if new.kind is LinkKind.LINK else ""
    if new.kind is LinkKind.PIXEL and new.url:
        raise InvalidValue("a pixel leads nowhere", field="url", hint="Leave url out, or make a link.")
    try:
        row = await database.fetchrow(
            SQL["insert"], uuid.uuid4(), scope.site, new.kind.value, name, slug, url, clock.now()
        )
    except asyncpg.UniqueViolationError as exc:
        raise Conflict(f"the short name {slug!r} is taken", field="slug", hint="Choose another.") from exc
    return _link(row)


async def remove(database: Database, scope: Scope, link_id: int) -> None:
    if await database.fetchval(SQL["remove"], scope.site, link_id) is None:
        raise NotFound("there is no such link, or you may not see it")


def short_name(text: str) -> str:
    """The last part of the address of a link or pixel."""
    if not _SLUG.fullmatch(text):
        raise InvalidValue(
            f"{text[:100]!r} is no short name", field="slug", hint="It has up to 100 letters, digits, - or _."
        )
    return text


def destination(text: str) -> str:
    """Where a link leads: an address that a browser may be sent to without running anything."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        right = False
    if not right or len(text) > _LONGEST_URL or not text.isprintable() or " " in text:
        raise InvalidValue("this is no address of a page", field="url", hint="Write it as https://example.com/page.")
    return text


def _placed(row: asyncpg.Record | None) -> Placed:
    if row is None:
        raise NotFound("there is no such link, or you may not see it")
    fields = {name: row[name] for name in Link.__struct_fields__}
    return Placed(
        link=Link(**{**fields, "kind": LinkKind(row["kind"])}), site_id=row["site_id"], site_uuid=row["site_uuid"],
        tenant_id=row["tenant_id"],
    )  # fmt: skip


def _link(row: asyncpg.Record | None) -> Link:
    if row is None:
        raise NotFound("there is no such link, or you may not see it")
    return Link(**{**row, "kind": LinkKind(row["kind"])})
