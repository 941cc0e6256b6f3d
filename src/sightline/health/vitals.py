"""The kind `vital`: one final value of one Web Vital of one page view, with what is to blame for it."""

from typing import Final

from sightline.accounts.sites import Kept
from sightline.signals.kind import Double, Integer, Json, Path, Signal, Text, Word, declare
from sightline.signals.kinds import KINDS

NAVIGATIONS: Final = frozenset(
    {"navigate", "reload", "back-forward", "back-forward-cache", "prerender", "restore", "soft-navigation"}
)


class Vital(Signal, frozen=True, kw_only=True, gc=False):
    """One value: milliseconds, and for CLS a score."""

    value: Double = 0.0
    viewport: Integer = 0  # width in CSS pixels
    metric: Word = ""
    rating: Word = ""
    navigation: Word = ""
    page: Word = ""  # the page view it belongs to, as the browser named it
    hostname: Text = ""
    path: Path = ""
    element: Text = ""  # the selector of what was painted, shifted or interacted with
    detail: Json = ""  # sub-parts, in milliseconds, and the longest script
    release: Text = ""
    environment: Text = ""
    browser: Word = ""
    os: Word = ""
    device: Word = ""
    country: Word = ""


VITAL: Final = declare("vital", Vital, kept=Kept.VITALS)
KINDS.add(VITAL)
