"""Addresses in what was recorded, against the address of the document that they stood in."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import urljoin

from sightline.collect.openreplay import messages as m
from sightline.collect.openreplay.decoder import Part

_URL: Final = re.compile(r"""url\(\s*(?:"([^"\\]*)"|'([^'\\]*)'|([^\s"'()\\]*))\s*\)""", re.IGNORECASE)
_IMPORT: Final = re.compile(r"""(@import\s+)(?:"([^"\\]*)"|'([^'\\]*)')""", re.IGNORECASE)
_ACTIVE: Final = re.compile(r"[\x00-\x20]*(?:javascript|vbscript)[\x00-\x20]*:", re.IGNORECASE)


def linked(parts: Sequence[Part]) -> list[str]:
    """The addresses of style sheets that elements of these batches name; each once, in their order."""
    links: set[int] = set()
    found: dict[str, None] = {}
    for part in parts:
        for message in part.messages:
            if message[0] == m.CREATE_ELEMENT and message[4].lower() == "link":
                links.add(message[1])
    for part in parts:
        for message in part.messages:
            if message[0] == m.SET_ATTRIBUTE_BY_URL and message[2] == "href" and message[1] in links:
                found[resolved(message[3], message[4])] = None
    return list(found)


@lru_cache(maxsize=4096)
def resolved(address: str, base: str) -> str:
    """An address in full; nothing where it is a script or none."""
    if _ACTIVE.match(address):
        return ""
    if address.startswith(("data:", "blob:", "#", "about:")) or not base:
        return address
    try:
        return urljoin(base, address)
    except ValueError:
        return ""


def resolved_css(text: str, base: str) -> str:
    """A style sheet or a declaration whose addresses stand in full."""
    if "url(" not in text and "URL(" not in text and "@import" not in text:
        return text

    def url(found: re.Match[str]) -> str:
        return f'url("{resolved(found[1] or found[2] or found[3] or "", base)}")'

    def imported(found: re.Match[str]) -> str:
        return f'{found[1]}"{resolved(found[2] or found[3] or "", base)}"'

    return _IMPORT.sub(imported, _URL.sub(url, text))
