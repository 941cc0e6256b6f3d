"""Rotation of the root key and of tenant keys, as the command does it."""

import pytest

from sightline.errors import ServiceError
from sightline.keys.ring import KeyRing
from sightline.keys.root import FILE, NEXT_FILE, read_root
from sightline.keys.rotation import Moved
from sightline.operate.rootkey import rotate_root, rotate_tenants, tenants, uses
from sightline.settings import AwsSettings, KeySettings
from tests.aws import FakeAws
from tests.operate.conftest import Instance


async def reopened(filled: Instance, keys: KeySettings | None = None, aws: AwsSettings | None = None) -> KeyRing:
    return await KeyRing.open(filled.database, keys or KeySettings(), aws or AwsSettings(), filled.folder / "keys")


async def opens(ring: KeyRing, filled: Instance) -> bool:
    return (await ring.key_for(1, "recording", "visit-1", filled.sealed)).open(filled.sealed, b"") == b"what was seen"


async def test_a_new_local_root_wraps_everything_and_the_older_one_is_kept(filled: Instance) -> None:
    before = filled.ring.root.name
    name, moved = await rotate_root(filled.ring, filled.folder / "keys")
    assert (moved, name == before) == (Moved(done=3, failed=0), False)
    ring = await reopened(filled)
    assert ring.root.name == name
    assert await opens(ring, filled)
    assert await opens(filled.ring, filled), "a server that has not been restarted goes on working"
    assert sorted(path.name for path in (filled.folder / "keys").iterdir()) == sorted(
        [FILE, f"root.{before.removeprefix('local:')}.key"]
    )
    assert [(use.root, use.tenant_keys) for use in await uses(ring)] == [(name, 3)]


async def test_a_rotation_that_broke_off_goes_on_with_the_same_new_root(filled: Instance) -> None:
    class Killed(BaseException):
        pass

    def kill(_what: str, done: int, _total: int) -> None:
        if done == 2:
            raise Killed

    folder = filled.folder / "keys"
    with pytest.raises(Killed):
        await rotate_root(filled.ring, folder, kill)
    following = read_root(folder / NEXT_FILE).name
    ring = await reopened(filled)
    assert await opens(ring, filled)
    assert len(await uses(ring)) == 2
    name, moved = await rotate_root(ring, folder)
    assert (name, moved) == (following, Moved(done=1, failed=0))
    assert await opens(await reopened(filled), filled)


async def test_a_move_to_kms_and_back(filled: Instance, aws: FakeAws) -> None:
    kms = await reopened(filled, KeySettings(root=aws.kms_key()), aws.settings)
    name, moved = await rotate_root(kms, filled.folder / "keys")
    assert (name, moved.done) == (kms.root.name, 3)
    assert await opens(await reopened(filled, KeySettings(root=kms.root.name[4:]), aws.settings), filled)
    local = await reopened(filled, KeySettings(), aws.settings)
    name, moved = await rotate_root(local, filled.folder / "keys")
    assert moved.done == 3
    assert name.startswith("local:")
    assert await opens(await reopened(filled), filled)


async def test_a_tenant_key_that_cannot_be_opened_stops_the_exchange_of_the_root(filled: Instance) -> None:
    await filled.database.execute(
        "UPDATE wrapped_keys SET wrapped = set_byte(wrapped, 30, 0) WHERE tenant_id = 2 AND kind = 1"
    )
    before = filled.ring.root.name
    with pytest.raises(ServiceError, match="1 tenant keys could not be opened"):
        await rotate_root(await reopened(filled), filled.folder / "keys")
    assert read_root(filled.folder / "keys" / FILE).name == before


async def test_tenants_get_new_keys_and_their_data_keys_move(filled: Instance) -> None:
    found = await tenants(filled.ring)
    moved = await rotate_tenants(filled.ring, found)
    assert moved.failed == 0
    assert moved.done == await filled.database.fetchval(
        "SELECT count(*) FROM wrapped_keys WHERE kind = 2 AND state <> 'destroyed' AND parent_version = 2"
    )
    assert await opens(await reopened(filled), filled)
