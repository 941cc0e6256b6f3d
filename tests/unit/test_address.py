"""What a database URL says, and what is refused in it."""

import pytest

from sightline.database.address import direct, parse, pooled
from sightline.errors import SettingError
from sightline.settings import DatabaseSettings, Secret


def read(url: str, **settings: object) -> object:
    return parse(Secret(url), DatabaseSettings(**settings))  # type: ignore[arg-type]


def test_a_url_is_read_with_its_escapes_and_verifies_the_server_in_full() -> None:
    address = parse(Secret("postgresql://us%40er:p%3Ass@db.example:6432/na%2Fme"), DatabaseSettings())
    assert (address.host, address.port, address.user, address.database) == ("db.example", 6432, "us@er", "na/me")
    assert address.password == Secret("p:ss")
    assert address.tls is True
    assert address.parameters()["ssl"].check_hostname is True


def test_a_socket_needs_no_tls() -> None:
    address = parse(Secret("postgresql://me@/name?host=/run/postgresql&port=5433"), DatabaseSettings())
    assert (address.host, address.port, address.tls) == ("/run/postgresql", 5433, False)


def test_a_url_never_shows_its_password() -> None:
    address = parse(Secret("postgresql://me:hunter2@db.example/name"), DatabaseSettings())
    assert "hunter2" not in address.shown() + repr(address)


def test_the_authorities_may_stand_in_the_url_and_the_setting_is_the_stronger() -> None:
    url = "postgresql://me@db.example/name?sslmode=require&sslrootcert=/etc/one.pem"
    assert parse(Secret(url), DatabaseSettings()).ca_file == "/etc/one.pem"
    assert parse(Secret(url), DatabaseSettings(ca_file="/etc/two.pem")).ca_file == "/etc/two.pem"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://me@db.example/name", "begins with 'mysql'"),
        ("postgresql://db.example/name", "lacks"),
        ("postgresql://me@db.example", "lacks"),
        ("postgresql://me@/name", "lacks"),
        ("postgresql://me@db.example:port/name", "is not a URL"),
        ("postgresql://me@[::1/name", "is not a URL"),
        ("postgresql://me@db.example/name?sslmode=disable", "sslmode='disable'"),
        ("postgresql://me@db.example/name?sslmode=prefer", "sslmode='prefer'"),
        ("postgresql://me@db.example/name?connect_timeout=3", "unknown option 'connect_timeout'"),
    ],
)
def test_a_wrong_url_is_refused(url: str, reason: str) -> None:
    with pytest.raises(SettingError, match=reason):
        read(url)


def test_tls_may_be_off_on_loopback_only() -> None:
    assert parse(Secret("postgresql://me@127.0.0.1/name"), DatabaseSettings(tls="off")).tls is False
    with pytest.raises(SettingError, match="is another machine"):
        read("postgresql://me@10.0.0.1/name", tls="off")


def test_without_a_direct_url_one_address_serves_for_all() -> None:
    settings = DatabaseSettings(url=Secret("postgresql://me@db.example/name"))
    assert pooled(settings) == direct(settings)
    assert "statement_cache_size" not in pooled(settings).parameters()


def test_beside_a_direct_url_the_other_is_a_proxy_that_keeps_no_prepared_statements() -> None:
    settings = DatabaseSettings(
        url=Secret("postgresql://me@proxy.example/name"), direct_url=Secret("postgresql://me@writer.example/name")
    )
    assert pooled(settings).host == "proxy.example"
    assert pooled(settings).parameters()["statement_cache_size"] == 0
    assert direct(settings).host == "writer.example"
    assert "statement_cache_size" not in direct(settings).parameters()


def test_an_error_in_the_direct_url_names_that_setting() -> None:
    settings = DatabaseSettings(url=Secret("postgresql://me@db.example/name"), direct_url=Secret("http://me@x/name"))
    with pytest.raises(SettingError, match=r"database\.direct_url begins with 'http'"):
        direct(settings)


def test_no_url_at_all_is_said() -> None:
    with pytest.raises(SettingError, match="is not set"):
        pooled(DatabaseSettings())


# ---- an administrator's login as RDS keeps it ---------------------------------------------------------------------

PARTS = '{"username": "boss", "password": "p@ss/w:rd", "engine": "postgres"}'
SERVICE = DatabaseSettings(url=Secret("postgresql://umami_user@app.cluster-1.rds.example:6432/app"))


def test_user_and_password_come_from_the_secret_and_the_rest_from_the_services_url() -> None:
    found = parse(Secret(PARTS), SERVICE, setting="database.admin_url")
    assert (found.host, found.port, found.database, found.user) == ("app.cluster-1.rds.example", 6432, "app", "boss")
    assert found.password == Secret("p@ss/w:rd")
    assert found.tls


def test_a_secret_that_names_its_host_is_believed_but_the_database_is_the_services() -> None:
    text = '{"username": "boss", "password": "x", "host": "writer.example", "port": 5433, "dbname": "postgres"}'
    found = parse(Secret(text), SERVICE, setting="database.admin_url")
    assert (found.host, found.port, found.database) == ("writer.example", 5433, "app")
    alone = parse(Secret(text), DatabaseSettings(), setting="database.admin_url")
    assert (alone.host, alone.port, alone.database) == ("writer.example", 5433, "postgres")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"username": "boss"}', "missing required field `password`"),
        ('{"username": "boss", "password": "hunter2"', "it is not JSON"),
        ('{"username": "boss", "password": 7}', "Expected `str`"),
        ('{"username": "", "password": "hunter2"}', "lacks a user, a host or a database"),
    ],
)
def test_a_secret_that_is_no_login_is_said_without_what_it_holds(text: str, said: str) -> None:
    with pytest.raises(SettingError) as refused:
        parse(Secret(text), SERVICE, setting="database.admin_url")
    assert said in refused.value.message
    assert "hunter2" not in str(refused.value.line())
    assert refused.value.hint is not None
    assert "database.url" in refused.value.hint


def test_a_secret_without_a_host_needs_the_services_url() -> None:
    with pytest.raises(SettingError, match="lacks a user, a host or a database"):
        parse(Secret(PARTS), DatabaseSettings(), setting="database.admin_url")
