"""A small world: two teams, a site each, and somebody in every role. Made anew where a call has changed it."""

import secrets
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sightline import clock
from sightline.accounts import passwords, sites, tokens
from sightline.accounts.permissions import FOR_KEYS, Role, TeamRole
from sightline.database.pool import Database
from tests.server.conftest import PASSWORD

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

# Caller of the matrix: role in the instance, role in the team that is called "own".
USERS: Final = {
    "viewer": (Role.MEMBER, TeamRole.VIEWER),
    "member": (Role.MEMBER, TeamRole.MEMBER),
    "manager": (Role.MEMBER, TeamRole.MANAGER),
    "owner": (Role.MEMBER, TeamRole.OWNER),
    "instance_viewer": (Role.VIEWER, TeamRole.OWNER),
    "admin": (Role.ADMIN, None),
}
OTHERS: Final = {
    "disabled": (Role.ADMIN, TeamRole.OWNER),
    "expired": (Role.ADMIN, TeamRole.OWNER),
    "guest": (Role.MEMBER, TeamRole.MEMBER),
}


class World:
    """Ids and tokens, by name."""

    def __init__(self) -> None:
        self.suffix = secrets.token_hex(6)
        self.users: dict[str, int] = {}
        self.sessions: dict[str, str] = {}
        self.second_sign_ins: dict[str, int] = {}
        self.keys: dict[str, int] = {}
        self.key_tokens: dict[str, str] = {}
        self.teams: dict[str, int] = {}
        self.sites: dict[str, int] = {}
        self.segments: dict[str, int] = {}
        self.links: dict[str, int] = {}
        self.saved: dict[str, uuid.UUID] = {}
        self.boards: dict[str, uuid.UUID] = {}
        self.issues: dict[str, int] = {}
        self.other_issues: dict[str, int] = {}
        self.invitations: dict[str, int] = {}
        self.invitation_token = tokens.new()

    def email(self, name: str) -> str:
        return f"{name}-{self.suffix}@example.com"


async def build(database: Database) -> World:
    world = World()
    password_hash = await passwords.hashed(PASSWORD)
    async with database.transaction() as connection:
        for target in ("own", "foreign"):
            await _team(connection, world, target)
        for name, (role, team_role) in {**USERS, **OTHERS}.items():
            await _user(connection, world, name, role, password_hash)
            if team_role is not None:
                await _join(connection, world, "own", name, team_role)
        await _user(connection, world, "stranger", Role.MEMBER, password_hash)
        await _join(connection, world, "foreign", "stranger", TeamRole.OWNER)
        await connection.execute("UPDATE users SET disabled_at = now() WHERE id = $1", world.users["disabled"])
        for name in ("key", "key_unscoped"):
            allowed = [permission.value for permission in FOR_KEYS] if name == "key" else ["self:read"]
            world.key_tokens[name] = await _key(connection, world, name, "owner", allowed)
    return world


async def _team(connection: "PoolConnectionProxy", world: World, target: str) -> None:
    now = clock.now()
    team = world.teams[target] = await connection.fetchval(
        "INSERT INTO tenants (uuid, name, slug, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
        uuid.uuid4(), target, f"{target}-{world.suffix}", now,
    )  # fmt: skip
    world.sites[target] = await connection.fetchval(
        sites.SQL["insert"], uuid.uuid4(), team, target, ["example.com"], "UTC", f"pk_{target}{world.suffix}",
        *sites.DEFAULT_DAYS.values(), None, now,
    )  # fmt: skip
    world.segments[target] = await connection.fetchval(
        "INSERT INTO segments (site_id, name, definition, created_at, changed_at) "
        "VALUES ($1, 'Dutch', '{\"filter\": [\"country:eq:NL\"]}', $2, $2) RETURNING id",
        world.sites[target], now,
    )  # fmt: skip
    world.links[target] = await connection.fetchval(
        "INSERT INTO links (uuid, site_id, kind, name, slug, created_at) VALUES ($1, $2, 'pixel', 'P', $3, $4) "
        "RETURNING id",
        uuid.uuid4(), world.sites[target], f"{target}-{world.suffix}", now,
    )  # fmt: skip
    world.saved[target] = await connection.fetchval(
        "INSERT INTO saved_reports (uuid, site_id, report, dialect, name, description, parameters, created_at, "
        "changed_at) VALUES ($1, $2, 'goals', 'sightline', 'Saved', '', '{}', $3, $3) RETURNING uuid",
        uuid.uuid4(), world.sites[target], now,
    )  # fmt: skip
    site_uuid = await connection.fetchval("SELECT uuid FROM sites WHERE id = $1", world.sites[target])
    world.boards[target] = await connection.fetchval(
        "INSERT INTO boards (uuid, tenant_id, kind, name, description, layout, created_at, changed_at) "
        "VALUES ($1, $2, 'tiles', 'B', '', jsonb_build_object('site', $3::text, 'tiles', '[]'::jsonb), $4, $4) "
        "RETURNING uuid",
        uuid.uuid4(), team, str(site_uuid), now,
    )  # fmt: skip
    for number, found in enumerate((world.issues, world.other_issues)):
        found[target] = await connection.fetchval(
            "INSERT INTO issue (site, title) VALUES ($1, 'TypeError') RETURNING id", world.sites[target]
        )
        await connection.execute(
            "INSERT INTO issue_group (site, fingerprint, issue, why) VALUES ($1, $2, $3, $4)",
            world.sites[target], number, found[target],
            '{"counted":[],"name":"","message":"","frames":[],"mapped":false,"sentence":""}',
        )  # fmt: skip
    token = world.invitation_token if target == "foreign" else tokens.new()
    world.invitations[target] = await connection.fetchval(
        "INSERT INTO invitations (token_hash, tenant_id, role, created_at, expires_at) "
        "VALUES ($1, $2, 'viewer', $3, $4) RETURNING id",
        tokens.digest(token), team, now, now + timedelta(days=1),
    )  # fmt: skip


async def _user(connection: "PoolConnectionProxy", world: World, name: str, role: Role, password_hash: str) -> None:
    now = clock.now()
    user = world.users[name] = await connection.fetchval(
        "INSERT INTO users (uuid, email, name, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5, $6) "
        "RETURNING id",
        uuid.uuid4(), world.email(name), name, password_hash, role.value, now,
    )  # fmt: skip
    world.sessions[name] = tokens.new()
    expires = now + timedelta(hours=-1 if name == "expired" else 1)
    for token in (world.sessions[name], tokens.new()):
        world.second_sign_ins[name] = await connection.fetchval(
            "INSERT INTO sign_ins (token_hash, user_id, agent, created_at, last_used_at, expires_at) "
            "VALUES ($1, $2, 'unknown', $3, $3, $4) RETURNING id",
            tokens.digest(token), user, now, expires,
        )  # fmt: skip
    await _key(connection, world, name, name, ["site:read"])


async def _key(connection: "PoolConnectionProxy", world: World, name: str, user: str, permissions: list[str]) -> str:
    token, now = tokens.new(tokens.API_KEY), clock.now()
    world.keys[name] = await connection.fetchval(
        "INSERT INTO api_keys (token_hash, prefix, name, user_id, permissions, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        tokens.digest(token), tokens.shown(token), name, world.users[user], permissions, now, now + timedelta(days=1),
    )  # fmt: skip
    return token


async def _join(connection: "PoolConnectionProxy", world: World, target: str, name: str, role: TeamRole) -> None:
    await connection.execute(
        "INSERT INTO members (tenant_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        world.teams[target], world.users[name], role.value, clock.now(),
    )  # fmt: skip
