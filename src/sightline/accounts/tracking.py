"""What the SDK does on a site, where this installation listens to it, and the snippet that starts it."""

import re
from html import escape
from typing import Final
from urllib.parse import urlsplit

import msgspec

from sightline.accounts import audit
from sightline.accounts.audit import Action, Thing
from sightline.accounts.scopes import Scope
from sightline.accounts.sites import show
from sightline.database.pool import Database
from sightline.errors import InvalidValue
from sightline.privacy.echo import shown
from sightline.sql import queries

SQL: Final = queries("sightline.accounts", "tracking.sql")
ENTRY: Final = "s.js"
_MOST: Final = 50
_PAGE: Final = re.compile(r"/[\x21-\x7e]{0,199}")


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """What the SDK does on a site.

    `payment_pages` are paths, with `*` for any characters, on which nothing is ever recorded. `endpoints` are origins
    beside the page's own whose requests carry the headers that join them to the visit.
    """

    replay_percent: int = 100
    payment_pages: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()


class TrackingChange(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change; UNSET stays as it is."""

    replay_percent: int | msgspec.UnsetType = msgspec.UNSET
    payment_pages: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    endpoints: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


async def path(database: Database) -> str:
    """The path, without slashes, below which this installation listens to the SDK."""
    return str(await database.fetchval(SQL["path"]))


async def of_site(database: Database, site_id: int) -> Tracking:
    """What the SDK does on a site: for whoever answers it, so without a caller."""
    row = await database.fetchrow(SQL["of_site"], site_id)
    return Tracking() if row is None else Tracking(
        replay_percent=row["replay_percent"], payment_pages=tuple(row["payment_pages"]),
        endpoints=tuple(row["endpoints"]),
    )  # fmt: skip


async def change(database: Database, scope: Scope, wanted: TrackingChange) -> Tracking:
    named = msgspec.structs.asdict(wanted)
    changes = {name: value for name, value in named.items() if value is not msgspec.UNSET}
    _check(changes)
    before = await of_site(database, scope.site)
    after = msgspec.structs.replace(before, **changes)
    if after == before:
        return before
    async with database.transaction() as connection:
        await connection.execute(
            SQL["keep"], scope.site, after.replay_percent, list(after.payment_pages), list(after.endpoints)
        )
        await audit.record(
            connection, scope.caller, Action.SITE_CHANGE, (Thing.SITE, scope.site), tenant_id=scope.tenant,
            fields=sorted(changes),
        )  # fmt: skip
    return after


async def snippet(database: Database, scope: Scope, base: str) -> str:
    """What a site puts into its pages; `base` is where they reach this server, without a slash at the end."""
    site = await show(database, scope)
    src = f"{base}/{await path(database)}/{ENTRY}"
    return f'<script async src="{escape(src)}" data-site="{escape(site.public_key)}"></script>'


def _check(changes: dict[str, object]) -> None:
    percent = changes.get("replay_percent")
    if isinstance(percent, int) and not 0 <= percent <= 100:
        raise InvalidValue(f"replay_percent = {percent}", field="replay_percent", hint="Choose 0 to 100.")
    for name, wrong in (("payment_pages", _wrong_page), ("endpoints", _wrong_origin)):
        values = changes.get(name, ())
        assert isinstance(values, tuple)
        if len(values) > _MOST:
            raise InvalidValue(f"there are {len(values)} {name}", field=name, hint=f"Name at most {_MOST}.")
        for value in values:
            if hint := wrong(value):
                raise InvalidValue(f"{name}: {shown(value)} cannot stand here", field=name, hint=hint)


def _wrong_page(value: str) -> str:
    return "" if _PAGE.fullmatch(value) else "Write a path, as /checkout/*."


def _wrong_origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        plain = (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and value == f"{parts.scheme}://{parts.netloc}"
        )
    except ValueError:
        plain = False
    return "" if plain and "@" not in value else "Write an origin, as https://api.example.com."
