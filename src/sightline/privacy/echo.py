"""What an error may repeat of a value that somebody sent: a plain word that no detector objects to, nothing else.

Whoever sends something wrong is helped by seeing it again; but people paste addresses and names into the wrong field,
and answers are logged by proxies, shown on screens that are shared, and mailed in reports.
"""

import re
from typing import Final

from sightline.privacy.dictionary import default
from sightline.privacy.masks import mask_text, replaced

_WORD: Final = re.compile(r"[A-Za-z0-9_.:/*+-]{1,100}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}|[0-9]{1,4}")
HIDDEN: Final = "this value"


def shown(text: str) -> str:
    """The value in quotes, or "this value" where it might be personal."""
    return repr(text) if _WORD.fullmatch(text) and mask_text(default(), text) == text else HIDDEN


def shown_name(name: str) -> str:
    """The name of a field that somebody sent; empty where it might be personal."""
    return name if _NAME.fullmatch(name) and mask_text(default(), name) == name else ""


def without_values(message: str) -> str:
    """A message without what a detector recognises: the second line of defence, behind `shown`."""
    hits, _ = default().scanner.scan(message)
    return replaced(message, hits) if hits else message
