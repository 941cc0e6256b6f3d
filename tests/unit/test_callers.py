"""What follows from roles and keys."""

from itertools import pairwise
from types import MappingProxyType

import pytest

from sightline.accounts import agents, tokens
from sightline.accounts.callers import Caller, CallerKind, KeyLimits, nobody, operator
from sightline.accounts.permissions import (
    BY_ROLE,
    BY_TEAM_ROLE,
    FOR_KEYS,
    NOT_FOR_KEYS,
    Level,
    Permission,
    Role,
    TeamRole,
    in_team,
)

P = Permission


def caller(role: Role, team_role: TeamRole | None = None, key: KeyLimits | None = None) -> Caller:
    teams = MappingProxyType({7: team_role} if team_role else {})
    return Caller(kind=CallerKind.KEY if key else CallerKind.USER, user_id=1, role=role, teams=teams, key=key)


def test_every_permission_has_a_level_a_meaning_and_somebody_who_holds_it() -> None:
    for permission in Permission:
        assert permission.level in Level
        assert permission.meaning.endswith(".")
        held = permission in BY_ROLE[Role.ADMIN] or any(permission in found for found in BY_TEAM_ROLE.values())
        assert held


def test_each_team_role_allows_all_that_the_weaker_one_does() -> None:
    strongest_first = [BY_TEAM_ROLE[role] for role in TeamRole]
    assert all(weaker < stronger for stronger, weaker in pairwise(strongest_first))


def test_no_team_role_reaches_beyond_its_team() -> None:
    for found in BY_TEAM_ROLE.values():
        assert {permission.level for permission in found} <= {Level.TEAM, Level.SITE}


def test_a_viewer_of_the_instance_changes_nothing_in_any_team() -> None:
    for role in TeamRole:
        assert in_team(Role.VIEWER, role) == {P.TEAM_READ, P.SITE_READ, P.SITE_ERRORS, P.SITE_LOGS}
    assert not caller(Role.VIEWER).holds(P.TEAM_CREATE)
    assert caller(Role.VIEWER).tenants_with(P.SITE_CHANGE) == frozenset()


def test_an_admin_reaches_every_team_and_a_member_their_own() -> None:
    assert caller(Role.ADMIN).tenants_with(P.SITE_DELETE) is None
    assert caller(Role.MEMBER, TeamRole.MANAGER).tenants_with(P.SITE_DELETE) == frozenset({7})
    assert caller(Role.MEMBER, TeamRole.MEMBER).tenants_with(P.SITE_DELETE) == frozenset()
    assert operator().tenants_with(P.SITE_DELETE) is None


def test_nobody_holds_anything() -> None:
    assert not any(nobody().holds(permission) or nobody().holds_anywhere(permission) for permission in Permission)


def test_a_key_allows_what_it_names_and_its_user_may() -> None:
    limits = KeyLimits(key_id=3, permissions=frozenset({P.SITE_READ, P.SITE_DELETE}))
    found = caller(Role.MEMBER, TeamRole.MEMBER, limits)
    assert found.holds(P.SITE_READ, 7)
    assert not found.holds(P.SITE_DELETE, 7)
    assert not found.holds(P.SITE_CHANGE, 7)
    assert found.actor_id == 3


def test_an_admins_key_for_one_team_stays_in_it() -> None:
    limits = KeyLimits(key_id=3, permissions=frozenset(FOR_KEYS), tenant_id=9)
    found = caller(Role.ADMIN, None, limits)
    assert not found.everywhere
    assert found.tenants_with(P.SITE_READ) == frozenset({9})
    assert not found.holds(P.SITE_READ, 7)
    assert not found.holds(P.TEAM_CREATE)
    assert found.holds(P.SELF_READ)


def test_a_key_can_neither_become_its_owner_nor_make_another_nor_change_what_is_masked() -> None:
    assert {P.SELF_CHANGE, P.KEY_MANAGE, P.USER_MANAGE, P.OWNER_MANAGE, P.PRIVACY_MANAGE} == NOT_FOR_KEYS


def test_tokens_are_256_random_bits_and_kept_as_32_bytes() -> None:
    made = {tokens.new() for _ in range(100)}
    assert len(made) == 100
    assert {len(token) for token in made} == {43}
    assert {len(tokens.digest(token)) for token in made} == {32}


def test_a_csrf_token_belongs_to_one_sign_in_and_does_not_contain_it() -> None:
    one, two = tokens.new(), tokens.new()
    assert tokens.csrf(one) == tokens.csrf(one)
    assert tokens.csrf(one) != tokens.csrf(two)
    assert one not in tokens.csrf(one)


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
         "Safari on iOS"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
         "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("", "unknown"),
        ("Firefox/" + "x" * 9000, "Firefox"),
    ],
)  # fmt: skip
def test_of_a_browser_the_family_is_kept(user_agent: str, family: str) -> None:
    assert agents.family(user_agent) == family
