"""The authorities that sign Aurora's certificates: shipped, so that an image is built from what was reviewed."""

import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tools import aurora_certificates as tool

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(tool.FILE.read_bytes())


def test_each_is_a_self_signed_root_of_amazon_rds(shipped: list[x509.Certificate]) -> None:
    assert {tool.name(one): tool.fault(one, NOW) for one in shipped if tool.fault(one, NOW)} == {}
    assert len({one.fingerprint(hashes.SHA256()) for one in shipped}) == len(shipped)


def test_every_region_has_its_three_and_they_last_until_2061(shipped: list[x509.Certificate]) -> None:
    """Aurora's choices are RSA 2048, RSA 4096 and ECC 384."""
    found: dict[str, set[str]] = {}
    for one in shipped:
        match = re.fullmatch(r"Amazon RDS (\S+) Root CA (RSA2048|RSA4096|ECC384) G1", tool.name(one))
        assert match, tool.name(one)
        found.setdefault(match[1], set()).add(match[2])
    assert {"us-east-1", "eu-central-1", "eu-west-1", "ap-southeast-2"} <= set(found)
    assert {region for region, kinds in found.items() if len(kinds) != 3} == set()
    assert min(one.not_valid_after_utc for one in shipped).year >= 2061


def test_the_file_is_what_the_tool_writes_and_openssl_reads_it(shipped: list[x509.Certificate]) -> None:
    assert tool.bundle(shipped) == tool.FILE.read_bytes()
    assert len(ssl.create_default_context(cafile=str(tool.FILE)).get_ca_certs()) == len(shipped)


def test_the_image_takes_it_and_fetches_nothing_unchecked() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"install -m 644 {tool.FILE.relative_to(ROOT)} /opt/sightline/aurora.pem" in text
    assert "SIGHTLINE_DATABASE_CA_FILE=/opt/sightline/aurora.pem" in text
    assert not re.search(r"^(ADD|RUN).*https?://", text, re.MULTILINE)


def made(name: str, *, signs: bool = True, days: int = 10) -> x509.Certificate:
    key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW - timedelta(days=30)).not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=signs, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip


def test_what_is_not_trusted_is_named() -> None:
    assert tool.fault(made("Amazon RDS x Root CA"), NOW) == ""
    assert "not of Amazon RDS" in tool.fault(made("Somebody's Root CA"), NOW)
    assert "trials" in tool.fault(made("Amazon RDS Preview x Root CA"), NOW)
    assert "may not sign" in tool.fault(made("Amazon RDS x", signs=False), NOW)
    assert "run out" in tool.fault(made("Amazon RDS x Root CA", days=-1), NOW)
    forged = bytearray(made("Amazon RDS x Root CA").public_bytes(Encoding.DER))
    forged[-1] ^= 1
    assert "signature" in tool.fault(x509.load_der_x509_certificate(bytes(forged)), NOW)
