"""What clear values may be read for: purposes are declared in the settings, each with the fields that it needs."""

import re
from collections.abc import Sequence
from typing import Final

from sightline.errors import NotAllowed, SettingError
from sightline.vault.fields import Fields

# Ours, which nobody declares: what a person asked for, and what the vault does by itself.
OVERVIEW: Final = "overview"
EXPORT: Final = "export"
ERASURE: Final = "erasure"
ROTATION: Final = "rotation"
RETENTION: Final = "retention"
KEEPING: Final = "keeping"
AUDIT: Final = "audit"
OWN: Final = frozenset({OVERVIEW, EXPORT, ERASURE, ROTATION, RETENTION, KEEPING, AUDIT})
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class PurposeRefused(NotAllowed):
    """This purpose does not cover this field."""

    code = "purpose_refused"


class Purposes:
    """Which fields each purpose covers."""

    def __init__(self, declared: Sequence[str], fields: Fields) -> None:
        self._covers = {name: frozenset(covered) for name, covered in _read(declared, fields)}

    def names(self) -> list[str]:
        return sorted(self._covers)

    def covered(self, purpose: str) -> frozenset[str]:
        return self._covers.get(purpose, frozenset())

    def check(self, purpose: str, names: Sequence[str]) -> None:
        """Refuse a purpose that nobody declared, and fields that it does not cover."""
        covered = self._covers.get(purpose)
        if covered is None:
            # Whoever sends a value in its place does not get it back, nor does a log.
            named = repr(purpose) if _NAME.fullmatch(purpose) else "this"
            raise PurposeRefused(
                f"{named} is no purpose for which clear values are read",
                hint=f"Declared are {', '.join(self.names()) or 'none'}: see the setting vault.purposes.",
                field="purpose",
            )
        if beyond := sorted(set(names) - covered):
            raise PurposeRefused(
                f"the purpose {purpose!r} does not cover {', '.join(beyond)}",
                hint=f"It covers {', '.join(sorted(covered))}.",
                field="fields",
            )


def _read(declared: Sequence[str], fields: Fields) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for text in declared:
        name, colon, rest = text.partition(":")
        covered = rest.split()
        if not (colon and covered and _NAME.fullmatch(name.strip())) or name.strip() in OWN:
            raise SettingError(
                f"vault.purposes: {text!r} is no purpose",
                field="vault.purposes",
                hint="Write it as `billing: credit_card address`; the vault's own names are taken.",
            )
        for field in covered:
            fields[field]
        found.append((name.strip(), covered))
    return found


def kept_days(declared: Sequence[str], fields: Fields) -> dict[str, int]:
    """Read `vault.keep`: after how many days which fields go."""
    found: dict[str, int] = {}
    for text in declared:
        name, _, days = text.partition(":")
        if not days.strip().isdecimal() or not 1 <= int(days) <= 36_500:
            raise SettingError(
                f"vault.keep: {text!r} names no field and days", field="vault.keep", hint="Write `credit_card: 365`."
            )
        field = fields[name.strip()]
        if field.is_clear:
            raise SettingError(
                f"vault.keep: {field.name} is a clear field, which goes with its subject",
                field="vault.keep",
                hint="Name an encrypted field.",
            )
        found[field.name] = int(days)
    return found
