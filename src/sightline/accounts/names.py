"""What names, addresses, domains and zones look like: read once, kept in one form."""

import re
import unicodedata
import uuid
import zoneinfo
from functools import cache
from typing import Final

from sightline.errors import InvalidValue
from sightline.privacy.echo import shown

_LONGEST_NAME: Final = 100
_LONGEST_EMAIL: Final = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
_EMAIL: Final = re.compile(r"[^@\s\"(),:;<>\[\]\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_ID: Final = re.compile(r"[0-9]{1,19}")
_MAX_ID: Final = 2**63 - 1
_MAX_DOMAINS: Final = 100


def name(text: str, *, field: str = "name") -> str:
    """A name for people: one line without control characters."""
    cleaned = unicodedata.normalize("NFC", text.strip())
    if not 1 <= len(cleaned) <= _LONGEST_NAME:
        raise InvalidValue(f"{field} has to have 1 to {_LONGEST_NAME} characters, got {len(cleaned)}", field=field)
    # C: controls, surrogates, unassigned; U+200D joins emoji and letters of some scripts, so format characters stay.
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in cleaned):
        raise InvalidValue(f"{field} holds a control character", field=field, hint="Write it on one line.")
    return cleaned


def email(text: str, *, field: str = "email") -> str:
    """An e-mail address in the one form that we compare: NFC, lower case, the domain in its ASCII form."""
    cleaned = unicodedata.normalize("NFC", text.strip()).lower()
    local, at, domain = cleaned.rpartition("@")
    cleaned = f"{local}{at}{_ascii_domain(domain) or domain}"
    printable = cleaned.isprintable() and len(cleaned) <= _LONGEST_EMAIL
    if not printable or not _EMAIL.fullmatch(cleaned):
        # Not repeated in the message: it is personal data, and errors reach logs.
        raise InvalidValue("this is no e-mail address", field=field, hint="Write it as name@example.com.")
    return cleaned


def username(text: str, *, field: str = "username") -> str:
    cleaned = unicodedata.normalize("NFKC", text.strip()).lower()
    if not _USERNAME.fullmatch(cleaned):
        raise InvalidValue(
            "a user name has 1 to 63 letters, digits, dots, dashes or underscores", field=field, hint="Choose another."
        )
    return cleaned


def login(text: str) -> tuple[str, str]:
    """Read what somebody typed to sign in: ('email', …) or ('username', …); nothing is refused here."""
    cleaned = text.strip()
    kind = "email" if "@" in cleaned else "username"
    try:
        return kind, email(cleaned) if kind == "email" else username(cleaned)
    except InvalidValue:
        # As unknown as any other: an answer of its own would say something about which accounts there are.
        return kind, ""


def domain(text: str, *, field: str = "domains") -> str:
    """A host name, or `*.` and a host name for all below it."""
    cleaned = text.strip().lower().rstrip(".")
    wildcard, plain = ("*.", cleaned[2:]) if cleaned.startswith("*.") else ("", cleaned)
    ascii_form = _ascii_domain(plain)
    if not ascii_form or len(ascii_form) > 253 or not all(map(_LABEL.fullmatch, ascii_form.split("."))):
        raise InvalidValue(
            f"{shown(text)} is no domain", field=field, hint="Write a host name without scheme, port and path."
        )
    return wildcard + ascii_form


def domains(texts: list[str], *, field: str = "domains") -> list[str]:
    """Every domain once, in the given order."""
    if len(texts) > _MAX_DOMAINS:
        raise InvalidValue(f"a site has at most {_MAX_DOMAINS} domains, got {len(texts)}", field=field)
    return list(dict.fromkeys(domain(text, field=field) for text in texts))


def time_zone(text: str, *, field: str = "time_zone") -> str:
    if text not in _zones():
        raise InvalidValue(
            f"{shown(text)} is no time zone", field=field, hint="Write a name of the IANA list, as Europe/Zurich."
        )
    return text


def locale(text: str, *, field: str = "locale") -> str:
    if text and not _LOCALE.fullmatch(text):
        raise InvalidValue(f"{shown(text)} is no language tag", field=field, hint="Write it as en or pt-BR.")
    return text


def slug(text: str) -> str:
    """A short form of a name for addresses; may be empty, and says nothing about being free."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")


def identifier(text: str) -> int | uuid.UUID | None:
    """Read the id of something in an address: our number or its UUID; None when it can be neither."""
    if _ID.fullmatch(text):
        number = int(text)
        return number if number <= _MAX_ID else None
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - {"localtime", "Factory"}


def _ascii_domain(text: str) -> str | None:
    try:
        return text.encode("idna").decode().lower() if text else None
    except UnicodeError:
        return None
