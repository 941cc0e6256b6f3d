"""Values that running text announces by name: `first_name=Jane`, `"dob": "1990-01-02"`, `Cookie: a=b`, `--token x`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sightline.privacy.detectors.scanner import Hit

if TYPE_CHECKING:
    from sightline.privacy.dictionary import Rules


def find_pairs(rules: Rules, text: str) -> list[Hit]:  # noqa: ARG001 - first version
    return []
