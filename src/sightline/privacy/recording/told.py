"""What recorders in the browser are told: which pages, and by which selectors they mask."""

import re
from collections.abc import Sequence
from typing import Any

from sightline.privacy.dictionary import Rules


def pattern(pages: Sequence[str]) -> str:
    """Paths with `*` for any characters, as one regular expression that JavaScript reads; empty for none."""
    if not pages:
        return ""
    parts = ("[^]*".join(re.escape(part) for part in page.split("*")) for page in pages)
    return f"^(?:{'|'.join(parts)})$"


def recording_rules(rules: Rules) -> dict[str, Any]:
    """What the recorder masks by. It may show less than the server would keep, and never more."""
    recording = rules.document.recording
    never = [selector for field in rules.fields if field.never_unmask for selector in field.selectors]
    return {
        "blocked": list(recording.blocked),
        "masked": [*recording.masked, *never],
        "unmask": [
            {"selector": entry.selector or "*", "page": pattern((entry.page,)) if entry.page else ""}
            for entry in rules.unmask
            if entry.selector or entry.page
        ],
    }
