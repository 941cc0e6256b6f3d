"""Renew `src/sightline/cloud/aurora.pem`, the authorities that sign Aurora's certificates, from Amazon's bundle.

    curl -fsS https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem | python -m tools.aurora_certificates

What is no self-signed root of Amazon RDS, or has run out, is left out and named. Look at the difference.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

FILE: Final = Path(__file__).resolve().parents[1] / "src/sightline/cloud/aurora.pem"


def name(certificate: x509.Certificate) -> str:
    [found] = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found.value)


def fault(certificate: x509.Certificate, now: datetime) -> str:
    """Why a certificate is not one that we trust for databases; empty if it is."""
    if not name(certificate).startswith("Amazon RDS "):
        return "it is not of Amazon RDS"
    if name(certificate).startswith(("Amazon RDS Beta ", "Amazon RDS Preview ")):
        return "it signs trials, not what anybody runs on"
    if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        return "it may not sign"
    if certificate.not_valid_after_utc <= now:
        return "it has run out"
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, ValueError):
        return "its signature is not its own"
    return ""


def bundle(certificates: Sequence[x509.Certificate]) -> bytes:
    """One file, in the order of names, with each name above its certificate."""
    return b"".join(
        f"# {name(one)}, until {one.not_valid_after_utc:%Y-%m-%d}\n".encode() + one.public_bytes(Encoding.PEM)
        for one in sorted(certificates, key=lambda one: (name(one), one.serial_number))
    )


def main() -> int:
    now, kept = datetime.now(UTC), []
    for certificate in x509.load_pem_x509_certificates(sys.stdin.buffer.read()):
        if reason := fault(certificate, now):
            sys.stderr.write(f"left out {name(certificate)}: {reason}\n")
        else:
            kept.append(certificate)
    FILE.write_bytes(bundle(kept))
    sys.stderr.write(f"{len(kept)} authorities in {FILE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
