"""The elements and attributes that a stored recording may have, and what happens to the values of the latter.

An allowlist: an attribute that does not stand here is dropped, whatever it holds.
"""

import re
from typing import Final

from sightline.privacy.recording.vocabulary import allowed

FIELD: Final = "data-sl-field"  # written by the masker: the field of personal data that an element shows or asks for
MASKED: Final = "data-sl-masked"  # written by the masker: nothing within is ever unmasked
BLOCKED: Final = "data-sl-blocked"  # written by the masker: left out
MARKS: Final = frozenset({FIELD, MASKED, BLOCKED})
WAS_SECRET: Final = "data-rr-is-password"  # noqa: S105 - the recorder's own memory of a toggled password
UNKNOWN_TAG: Final = "x-masked"

HTML: Final = allowed("html")
SVG: Final = allowed("svg")
MATHML: Final = allowed("mathml")
TAGS: Final = HTML | SVG | MATHML | {UNKNOWN_TAG}
INERT: Final = allowed("inert")
CONTROLS: Final = allowed("controls")
WITHOUT_STARS: Final = allowed("without-stars")
TEXTS: Final = allowed("texts")
BUTTONS: Final = frozenset({"submit", "button", "reset"})
KEYWORDS: Final = {
    "rr_open_mode": frozenset({"modal", "non-modal"}),
    "rr_mediaState": frozenset({"played", "paused"}),
    "xmlns": frozenset(
        {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"},
    ),
    "xmlns:xlink": frozenset({"http://www.w3.org/1999/xlink"}),
    "http-equiv": frozenset[str](),
}
DOCTYPES: Final = frozenset(
    {
        "-//W3C//DTD HTML 4.01//EN",
        "-//W3C//DTD HTML 4.01 Transitional//EN",
        "-//W3C//DTD HTML 4.0 Transitional//EN",
        "-//W3C//DTD XHTML 1.0 Strict//EN",
        "-//W3C//DTD XHTML 1.0 Transitional//EN",
        "-//W3C//DTD XHTML 1.1//EN",
        "-//IETF//DTD HTML 2.0//EN",
    }
)
CHARSETS: Final = frozenset({"utf-8", "utf8", "iso-8859-1", "windows-1252", "ascii"})
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,4}){0,2}")  # short parts: no word
NUMBER: Final = re.compile(
    r"[-+]?\d{0,6}(?:\.\d{1,20})?(?:px|%|r?em|pt|m?s|indefinite)?(?:[ ,]+[-+]?\d{0,6}(?:\.\d{1,20})?%?)?"
)
SHAPE: Final = re.compile(
    r"(?:\s*+(?:(?:matrix|translate|scale|rotate|skewX|skewY)\s*+\(|[MLHVCSQTAmlhvcsqta](?=[\s,.+\-\d])"
    r"|[zZ)]|(?=[-+.,\d]))"
    r"[-+.,\d\s;eE%]*+)*+"
)
LONG_NUMBER: Final = re.compile(r"(?<![\d.])\d{7,}")
VIEWPORT: Final = re.compile(
    r"(?:\s*(?:width|height|initial-scale|minimum-scale|maximum-scale|user-scalable|viewport-fit|shrink-to-fit|"
    r"interactive-widget)\s*=\s*(?:device-width|device-height|yes|no|cover|contain|auto|resizes-content|resizes-visual|"
    r"overlays-content|\d{1,5}(?:\.\d{1,4})?)\s*[,;]?)*"
)
MAX_GEOMETRY: Final = 200_000
