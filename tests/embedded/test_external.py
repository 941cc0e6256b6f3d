"""An external PostgreSQL: over verified TLS, of a supported version, a writer; everything else in one line."""

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sightline.database import binaries
from sightline.database.address import Address, DatabaseUnsupported, connect, external, parse
from sightline.database.embedded import EmbeddedPostgres
from sightline.database.pool import Database
from sightline.errors import DatabaseUnavailable, SettingError
from sightline.settings import DatabaseSettings, EmbeddedSettings, Secret
from sightline.settings.reading import load
from tests.postgres import free_port, system_postgres


class Authority:
    """A certificate authority, and what it signs."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(self.name, self.key, ca=True).sign(self.key, hashes.SHA256())

    def _build(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool = False) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(_usage(ca=ca), critical=True)
        )

    def sign(self, host: str) -> tuple[bytes, bytes]:
        """Return certificate and key of a server of this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = self._build(name, key).add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def tls_postgres(files: Path) -> Iterator[Address]:
    """Debian's PostgreSQL with a certificate for `localhost`, signed by the authority in `right.pem`."""
    authority = Authority("right")
    (files / "right.pem").write_bytes(authority.pem())
    (files / "wrong.pem").write_bytes(Authority("wrong").pem())
    (files / "no.pem").write_text("no certificate")
    place = Path(tempfile.mkdtemp(prefix="sl-tls-"))
    place.chmod(0o755)
    for name, content in zip(("certificate", "key"), authority.sign("localhost"), strict=True):
        (place / name).write_bytes(content)
        (place / name).chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(place / name, "postgres")
    with system_postgres(
        ssl="on", ssl_cert_file=str(place / "certificate"), ssl_key_file=str(place / "key"), fsync="off"
    ) as address:
        yield address
    shutil.rmtree(place)


def url_of(address: Address, host: str = "", database: str = "") -> Secret:
    assert address.password is not None
    password = address.password.reveal()
    return Secret(
        f"postgresql://{address.user}:{password}@{host or address.host}:{address.port}/{database or address.database}"
    )


async def test_the_right_authority_and_host_name_let_in_and_the_connection_is_encrypted(
    tls_postgres: Address, files: Path
) -> None:
    loaded = load(
        environ={
            "DATABASE_URL": url_of(tls_postgres, "localhost").reveal(),
            "SIGHTLINE_DATABASE_CA_FILE": str(files / "right.pem"),
        }
    )
    address, session = await external(loaded.settings.database)
    assert address == session
    connection = await connect(address)
    assert await connection.fetchval("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "TLSv1.3"
    await connection.close()


@pytest.mark.parametrize(
    ("host", "ca", "reason"),
    [
        ("localhost", "wrong.pem", "the TLS certificate of 'localhost' is refused: .*verify failed|unable to get"),
        ("localhost", "", "the TLS certificate of 'localhost' is refused: "),
        ("127.0.0.1", "right.pem", "the TLS certificate of '127.0.0.1' is refused: IP address mismatch"),
    ],
)
async def test_a_wrong_authority_or_host_name_is_refused_in_one_line(
    tls_postgres: Address, files: Path, host: str, ca: str, reason: str
) -> None:
    settings = DatabaseSettings(url=url_of(tls_postgres, host), ca_file=str(files / ca) if ca else "")
    with pytest.raises(DatabaseUnavailable, match=reason) as caught:
        await external(settings)
    assert "\n" not in caught.value.line()
    with pytest.raises(DatabaseUnavailable, match=reason):
        await Database.open(parse(url_of(tls_postgres, host), settings))


@pytest.mark.parametrize("ca", ["no.pem", "missing.pem"])
async def test_authorities_that_cannot_be_read_are_named(tls_postgres: Address, files: Path, ca: str) -> None:
    with pytest.raises(SettingError, match=f"cannot read .*{ca}"):
        await external(DatabaseSettings(url=url_of(tls_postgres, "localhost"), ca_file=str(files / ca)))


async def test_a_server_without_tls_is_refused(postgres: Address) -> None:
    with pytest.raises(DatabaseUnavailable, match="offers no TLS"):
        await external(DatabaseSettings(url=url_of(postgres)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": Secret("wrong")}, "refused the password or the user"),
        ({"database": "nowhere"}, "has no such database"),
        ({"port": 0}, "does not answer"),
        ({"host": "no-such-host.invalid"}, "the host 'no-such-host.invalid' is not known"),
        ({"host": "/nonexistent"}, "does not answer"),
    ],
)
async def test_why_it_cannot_be_reached_is_one_line_without_the_password(
    postgres: Address, change: dict[str, object], reason: str
) -> None:
    if "port" in change:
        change = {"port": free_port()}
    address = msgspec.structs.replace(postgres, **change)
    with pytest.raises(DatabaseUnavailable, match=reason) as caught:
        await connect(address)
    assert "\n" not in caught.value.line()
    assert caught.value.hint
    assert address.password is not None
    assert address.password.reveal() not in caught.value.line()


async def test_another_version_is_refused(place: Path, os_user: str) -> None:
    newest = next(programs for programs in binaries._of_wheel() if programs.major == 18)
    settings = EmbeddedSettings(os_user=os_user, binaries=str(newest.folder), listen="loopback")
    async with EmbeddedPostgres(place / "data", settings) as address:
        with pytest.raises(DatabaseUnsupported, match="has version 18") as caught:
            await external(DatabaseSettings(url=url_of(address), tls="off"))
        assert "PostgreSQL 15 to 17" in (caught.value.hint or "")


async def test_a_standby_is_refused_wherever_it_is_named(postgres: Address) -> None:
    with system_postgres(standby=True) as standby:
        for settings in (
            DatabaseSettings(url=url_of(standby), tls="off"),
            DatabaseSettings(url=url_of(postgres), direct_url=url_of(standby), tls="off"),
        ):
            with pytest.raises(DatabaseUnavailable, match=f"{standby.port}/postgres is a standby"):
                await external(settings)


async def test_behind_a_proxy_no_statement_is_prepared_by_name_and_sessions_go_to_the_writer(
    postgres: Address,
) -> None:
    url = url_of(postgres)
    count = "SELECT count(*) FROM pg_prepared_statements"
    for settings, named in (
        (DatabaseSettings(url=url, tls="off"), True),
        (DatabaseSettings(url=url, direct_url=url, tls="off"), False),
    ):
        pooled, session = await external(settings)
        assert session.prepares
        database = await Database.open(msgspec.structs.replace(pooled, schema=""))
        async with database.connection() as connection:
            await connection.fetchval("SELECT $1::integer", 1)
            assert (await connection.fetchval(count) > 0) is named
        await database.close()
