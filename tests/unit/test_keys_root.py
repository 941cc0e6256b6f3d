"""The root key in a file."""

import pickle
from pathlib import Path

import pytest

from sightline.errors import SettingError
from sightline.keys.failures import KeyFailure
from sightline.keys.root import FILE, NEXT_FILE, create_root, finish_rotation, local_roots, read_root
from sightline.keys.wrap import KeyId, Kind

TENANT = KeyId(kind=Kind.TENANT, tenant_id=1)


def test_the_file_is_made_with_mode_600_in_a_folder_of_mode_700(tmp_path: Path) -> None:
    root = create_root(tmp_path / "keys" / FILE)
    assert (tmp_path / "keys" / FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert read_root(tmp_path / "keys" / FILE).name == root.name
    assert list((tmp_path / "keys").iterdir()) == [tmp_path / "keys" / FILE]


def test_a_second_start_at_the_same_moment_takes_the_key_of_the_first(tmp_path: Path) -> None:
    assert create_root(tmp_path / FILE).name == create_root(tmp_path / FILE).name


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    create_root(tmp_path / FILE)
    (tmp_path / FILE).chmod(mode)
    with pytest.raises(SettingError, match=f"mode {mode:o}") as failed:
        read_root(tmp_path / FILE)
    assert failed.value.hint == f"Run: chmod 600 {tmp_path / FILE}"


@pytest.mark.parametrize("position", [0, 25, 40, 66, 70])
def test_a_damaged_file_is_refused_and_its_content_not_shown(tmp_path: Path, position: int) -> None:
    create_root(tmp_path / FILE)
    line = bytearray((tmp_path / FILE).read_bytes())
    key = line.split()[1].decode()
    line[position] = ord("A") if line[position] != ord("A") else ord("B")
    (tmp_path / FILE).write_bytes(line)
    with pytest.raises(SettingError, match="is damaged") as failed:
        read_root(tmp_path / FILE)
    assert key not in failed.value.line()


def test_a_file_that_is_gone_says_what_that_means(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read") as failed:
        read_root(tmp_path / FILE)
    assert failed.value.hint == "Put it back from where you keep it; without it sealed data stays sealed."


def test_a_root_key_is_not_shown_or_pickled(tmp_path: Path) -> None:
    root = create_root(tmp_path / FILE)
    assert (tmp_path / FILE).read_text().split()[1] not in repr(root)
    with pytest.raises(TypeError):
        pickle.dumps(root)


async def test_a_tenant_key_wrapped_by_another_root_is_refused(tmp_path: Path) -> None:
    one, two = create_root(tmp_path / "1.key"), create_root(tmp_path / "2.key")
    with pytest.raises(KeyFailure):
        await two.unwrap(await one.wrap(bytes(32), TENANT), TENANT)


async def test_a_finished_rotation_keeps_the_older_root_for_older_backups(tmp_path: Path) -> None:
    older = create_root(tmp_path / FILE)
    newer = create_root(tmp_path / NEXT_FILE)
    finish_rotation(tmp_path)
    assert read_root(tmp_path / FILE).name == newer.name
    assert set(await local_roots(tmp_path)) == {older.name, newer.name}
    finish_rotation(tmp_path)
    assert read_root(tmp_path / FILE).name == newer.name
