"""Versions of keys that a rotation left behind go once they are old and nothing stands under them; never sooner."""

from uuid import UUID

import asyncpg
import msgspec
import pytest

from sightline import clock
from sightline.keys.failures import KeyDestroyed
from sightline.vault.database import Context
from sightline.vault.retiring import Retiring
from sightline.vault.rotation import KeyType, Rotation
from sightline.vault.subjects import Vault
from tests.vault.conftest import ADA, SETTINGS, VaultMaker

DAY_MS = 86_400_000
PURPOSE = {"subject": "vault", "application": "vault application", "index": "vault index"}


async def states(sql: asyncpg.Connection, key_type: str) -> dict[int, set[str]]:
    rows = await sql.fetch("SELECT version, state FROM umami.wrapped_keys WHERE purpose = $1", PURPOSE[key_type])
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(row["version"], set()).add(row["state"])
    return found


@pytest.mark.parametrize("key_type", ["subject", "application", "index"])
async def test_what_a_rotation_left_behind_goes_when_it_is_old(
    make_vault: VaultMaker, context: Context, sql: asyncpg.Connection, key_type: KeyType
) -> None:  # fmt: skip
    vault = await make_vault(settings=msgspec.structs.replace(SETTINGS, retired_keys_days=90))
    people = [await vault.create(context, ADA) for _ in range(3)]
    rotation, retiring = Rotation(vault, context), Retiring(vault, [1])
    await rotation.run(key_type)
    assert await retiring.run() == 0, "it was only just completed"
    with clock.held(clock.now_ms() + 91 * DAY_MS):
        assert await retiring.run() == (3 if key_type == "subject" else 1)
        assert await retiring.run() == 0
    assert await states(sql, key_type) == {1: {"destroyed"}, 2: {"active"}}
    fresh = await make_vault()
    await check(fresh, context, people)
    if key_type == "subject":
        back = await Rotation(fresh, context).roll_back(key_type)
        assert (back.status, back.failed) == ("completed", 0)
    else:
        with pytest.raises(KeyDestroyed, match="version 1"):
            await Rotation(fresh, context).roll_back(key_type)
    await check(fresh, context, people)
    operations = await sql.fetch("SELECT operation FROM encryption_audit WHERE operation = 'key.destroy'")
    assert len(operations) == 1


async def check(vault: Vault, context: Context, people: list[UUID]) -> None:
    for one in people:
        assert await vault.read(context, one, ["ssn", "passport"]) == {"ssn": ADA["ssn"], "passport": ADA["passport"]}
    assert sorted(await vault.search(context, "ssn", ADA["ssn"])) == sorted(people)


@pytest.mark.parametrize("key_type", ["subject", "application", "index"])
async def test_what_something_still_stands_under_stays(
    make_vault: VaultMaker, context: Context, sql: asyncpg.Connection, key_type: KeyType
) -> None:  # fmt: skip
    """As if a restore had brought a row back that the rotation had exchanged: its key is not destroyed under it."""
    vault = await make_vault(settings=msgspec.structs.replace(SETTINGS, retired_keys_days=1))
    one, other = await vault.create(context, ADA), await vault.create(context, ADA)
    row = await sql.fetchrow("SELECT ssn_encrypted, ssn_index FROM users WHERE id = $1", one)
    assert row is not None
    await Rotation(vault, context).run(key_type)
    await sql.execute("ALTER TABLE users DISABLE TRIGGER users_changed")
    await sql.execute("UPDATE users SET ssn_encrypted = $2, ssn_index = $3 WHERE id = $1", one, *row)
    await sql.execute(
        "UPDATE encryption_metadata SET key_version = 1, app_key_version = 1 WHERE user_id = $1 AND field_name = 'ssn'",
        one,
    )
    await sql.execute("ALTER TABLE users ENABLE ALWAYS TRIGGER users_changed")
    with clock.held(clock.now_ms() + 2 * DAY_MS):
        assert await Retiring(vault, [1]).run() == (1 if key_type == "subject" else 0)
    fresh = await make_vault()
    assert (await fresh.read(context, one, ["ssn"])) == {"ssn": ADA["ssn"]}
    assert (await fresh.read(context, other, ["ssn"])) == {"ssn": ADA["ssn"]}
    assert sorted(await fresh.search(context, "ssn", ADA["ssn"])) == sorted([one, other])


async def test_it_is_off_until_somebody_says_for_how_long_backups_are_kept(
    make_vault: VaultMaker, context: Context
) -> None:
    vault = await make_vault()
    await vault.create(context, ADA)
    await Rotation(vault, context).run("application")
    with clock.held(clock.now_ms() + 10_000 * DAY_MS):
        assert await Retiring(vault, [1]).run() == 0
