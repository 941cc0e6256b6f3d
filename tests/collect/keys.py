"""A member of a site's team, and an API key of theirs."""

import uuid
from datetime import timedelta

from sightline import clock
from sightline.accounts import tokens
from sightline.accounts.permissions import Permission
from tests.collect.conftest import Site


async def make_key(site: Site, *permissions: Permission, role: str = "owner", own_team: bool = True) -> str:
    """The token of a key with these permissions."""
    database, now, token = site.house.database, clock.now(), tokens.new(tokens.API_KEY)
    user = await database.fetchval(
        "INSERT INTO users (uuid, email, name, password_hash, role, created_at) "
        "VALUES ($1, $2, 'Ada', 'none', 'member', $3) RETURNING id",
        uuid.uuid4(), f"ada-{uuid.uuid4().hex}@example.com", now,
    )  # fmt: skip
    if own_team:
        await database.execute(
            "INSERT INTO members (tenant_id, user_id, role, created_at) "
            "SELECT tenant_id, $2, $3, $4 FROM sites WHERE id = $1",
            site.id, user, role, now,
        )  # fmt: skip
    await database.execute(
        "INSERT INTO api_keys (token_hash, prefix, name, user_id, permissions, created_at, expires_at) "
        "VALUES ($1, $2, 'key', $3, $4, $5, $6)",
        tokens.digest(token), tokens.shown(token), user, [one.value for one in permissions], now,
        now + timedelta(days=1),
    )  # fmt: skip
    return token
