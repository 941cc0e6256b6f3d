"""Settings: typed, with the place of each mistake."""

from pathlib import Path

import pytest

from sightline.errors import SettingError
from sightline.settings import Secret
from sightline.settings.reading import load


def test_defaults_need_no_file_and_no_environment(tmp_path: Path) -> None:
    loaded = load(data=tmp_path, environ={})
    assert loaded.settings.server.port == 8600
    assert loaded.settings.database.schema == "umami"
    assert loaded.origins == {}


def test_environment_is_stronger_than_file_and_flag_stronger_than_both(tmp_path: Path) -> None:
    (tmp_path / "sightline.toml").write_text("[server]\nport = 1\nhost = '127.0.0.2'\n")
    environ = {"SIGHTLINE_SERVER_PORT": "2"}
    loaded = load(data=tmp_path, environ=environ)
    assert (loaded.settings.server.port, loaded.settings.server.host) == (2, "127.0.0.2")
    assert load(data=tmp_path, environ=environ, flags={"server.port": 3}).settings.server.port == 3


def test_an_unknown_setting_names_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "sightline.toml").write_text("[server]\n\nprot = 1\n")
    with pytest.raises(SettingError, match=r"sightline\.toml:3: unknown setting 'server\.prot'") as caught:
        load(data=tmp_path, environ={})
    assert caught.value.hint == "Did you mean 'server.port'?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nport = 70000\n", r"sightline\.toml:2: server\.port = 70000"),
        ("[server]\nport = 'x'\n", r"sightline\.toml:2: server\.port = 'x'"),
        ("port = 1\n", r"sightline\.toml:1: 'port' stands outside of a section"),
        ("[server\n", r"sightline\.toml: .*line 1"),
        ("[server]\nrole = 'cook'\n", "server.role = 'cook'"),
        ("[database]\nschema = 'x; drop'\n", "database.schema"),
    ],
)
def test_a_wrong_value_stops_the_start(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "sightline.toml").write_text(text)
    with pytest.raises(SettingError, match=message):
        load(data=tmp_path, environ={})


def test_an_unknown_environment_name_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="environment SIGHTLINE_SERVER_PROT: unknown setting"):
        load(data=tmp_path, environ={"SIGHTLINE_SERVER_PROT": "1"})


def test_a_secret_is_read_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://a:b@h/d\n")
    loaded = load(data=tmp_path, environ={"SIGHTLINE_DATABASE_URL_FILE": str(tmp_path / "url")})
    assert loaded.settings.database.url == Secret("postgresql://a:b@h/d")
    assert "a:b" not in repr(loaded)


def test_only_secrets_are_read_from_files(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="SIGHTLINE_SERVER_PORT_FILE"):
        load(data=tmp_path, environ={"SIGHTLINE_SERVER_PORT_FILE": "x"})


def test_our_own_name_is_stronger_than_the_common_one(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgresql://common", "SIGHTLINE_DATABASE_URL": "postgresql://own"}
    assert load(data=tmp_path, environ=environ).settings.database.url == Secret("postgresql://own")


def test_a_list_in_the_environment_is_separated_by_commas(tmp_path: Path) -> None:
    loaded = load(data=tmp_path, environ={"SIGHTLINE_SERVER_TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1"})
    assert loaded.settings.server.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")
